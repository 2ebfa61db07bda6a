"""Paths and hosts as a gateway reads them. Every line was seen in Envoy 1.40; tests/envoy holds the two together."""

from __future__ import annotations

import pytest

from compiler.trace.paths import NormalPath, host_name, normal_path


@pytest.mark.parametrize(
    ("raw", "path"),
    [
        ("/", "/"),
        ("/foo/", "/foo/"),
        ("/foo//x", "/foo/x"),
        ("//foo", "/foo"),
        ("/foo/../bar", "/bar"),
        ("/foo/./x", "/foo/x"),
        ("/foo/..", "/"),
        ("/../..", "/"),
        ("/foo/%2e%2E/bar", "/bar"),
        ("/a/.%2e/b", "/b"),
        ("/a/%2e", "/a/"),
        ("/a/b/.", "/a/b/"),
        ("/a/...", "/a/..."),
        ("/a/.b", "/a/.b"),
        ("/a//b/../c", "/a/c"),
        ("//", "//"),
        ("///", "//"),
        ("/x/..//", "//"),
        ("/a//../b", "/a/b"),
        ("/a/..//b", "/b"),
        ("/foo;a/../bar", "/bar"),
        ("/%66oo%2D%5f%7e", "/foo-_~"),
        ("/foo%20x%3A%c3%a9", "/foo%20x%3A%c3%a9"),
        ("/a%252Fb", "/a%252Fb"),
        ("/foo%", "/foo%"),
        ("/foo%zz", "/foo%zz"),
        ("/foo\\..\\bar", "/bar"),
        ('/a"<>^`{|}b', "/a%22%3C%3E%5E%60%7B%7C%7Db"),
        ("/a!$&'()*+,=:@[]b", "/a!$&'()*+,=:@[]b"),
    ],
)
def test_a_path_is_made_plain(raw: str, path: str) -> None:
    assert normal_path(raw) == NormalPath(path)


@pytest.mark.parametrize(
    ("raw", "path"),
    [("/foo%2Fx", "/foo/x"), ("/foo%5cx", "/foo/x"), ("/foo%2F%2fx", "/foo/x"), ("/a%2F..%2Fb", "/b")],
)
def test_escaped_slashes_send_the_client_to_the_plain_path(raw: str, path: str) -> None:
    assert normal_path(raw) == NormalPath(path, is_moved=True)


def test_an_escaped_nul_is_refused() -> None:
    assert normal_path("/foo%00x").problem


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("Shop.Example.com", "shop.example.com"),
        ("shop.example.com:8080", "shop.example.com"),
        ("shop.example.com.", "shop.example.com"),
        ("shop.example.com.:80", "shop.example.com"),
        ("[::1]:80", "[::1]"),
        ("[::1]", "[::1]"),
    ],
)
def test_a_host_is_known_without_port_case_and_last_dot(host: str, name: str) -> None:
    assert host_name(host) == name
