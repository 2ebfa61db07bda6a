"""Rewrite: the path and the host that the backend sees."""

from __future__ import annotations

import pytest

from compiler.annotations.rewrite import Rewriting
from tests.unit.annotations.reading import bad_value, good, read


@pytest.mark.parametrize(
    ("annotations", "rewriting"),
    [
        ({"rewrite-target": "/"}, Rewriting("/")),
        ({"rewrite-target": "/$2"}, Rewriting("/$2")),
        ({"rewrite-target": "$1"}, Rewriting("$1")),
        ({"rewrite-target": "/a%20b/$1$2"}, Rewriting("/a%20b/$1$2")),
        ({"upstream-vhost": "Cart.Example.com"}, Rewriting("", "cart.example.com")),
        ({"rewrite-target": "/x", "upstream-vhost": "a.b"}, Rewriting("/x", "a.b")),
    ],
)
def test_path_and_host_are_independent(annotations: dict[str, str], rewriting: Rewriting) -> None:
    """Either may be there without the other."""
    assert good(annotations).rewrite == rewriting


@pytest.mark.parametrize(
    ("annotations", "name", "why"),
    [
        ({"rewrite-target": "dev"}, "rewrite-target", "a path begins with /"),
        ({"rewrite-target": "https://a/b"}, "rewrite-target", "a path begins with /"),
        ({"rewrite-target": "/$host/a"}, "rewrite-target", "nginx variables such as $host mean nothing to MSE"),
        ({"rewrite-target": "/${uri}"}, "rewrite-target", "nginx variables such as ${uri} mean nothing to MSE"),
        ({"rewrite-target": "/a$0"}, "rewrite-target", "a $ is followed by no digit from 1 to 9"),
        ({"rewrite-target": "/a$"}, "rewrite-target", "a $ is followed by no digit from 1 to 9"),
        ({"rewrite-target": "/a?b=$1"}, "rewrite-target", "a query is not part of a path"),
        ({"rewrite-target": "/a#b"}, "rewrite-target", "a fragment is not part of a path"),
        (
            {"rewrite-target": r"/\1"},
            "rewrite-target",
            "it holds a character that has to be percent-encoded in a path",
        ),
        (
            {"rewrite-target": "/ä"},
            "rewrite-target",
            "it holds a character that has to be percent-encoded in a path",
        ),
        ({"upstream-vhost": "$host"}, "upstream-vhost", "nginx variables such as $host mean nothing to MSE"),
        ({"upstream-vhost": "*.example.com"}, "upstream-vhost", "'*.example.com' is no host name (RFC 1123)"),
        ({"upstream-vhost": "a.b:80"}, "upstream-vhost", "'a.b:80' is no host name (RFC 1123)"),
    ],
)
def test_what_mse_would_misread_is_an_error(annotations: dict[str, str], name: str, why: str) -> None:
    """A stray `$` turns into a reference to a group, an nginx variable stays as it is."""
    assert bad_value(annotations) == (name, why)
    assert read(annotations)[0].rewrite is None
