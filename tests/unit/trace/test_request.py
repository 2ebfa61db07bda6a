"""Requests as one would give them to curl."""

from __future__ import annotations

import pytest

from compiler.trace.request import BadRequestError, Request, read_request


@pytest.mark.parametrize(
    ("url", "request_"),
    [
        ("shop.example.com", Request("GET", "http", "shop.example.com", "/")),
        ("HTTPS://Shop.example.com/a", Request("GET", "https", "Shop.example.com", "/a")),
        ("http://shop.example.com:80/a", Request("GET", "http", "shop.example.com", "/a")),
        ("http://shop.example.com:443/a", Request("GET", "http", "shop.example.com:443", "/a")),
        ("https://shop.example.com:443/a", Request("GET", "https", "shop.example.com", "/a")),
        ("shop.example.com?", Request("GET", "http", "shop.example.com", "/", "")),
        ("shop.example.com/a?b=c?d#e", Request("GET", "http", "shop.example.com", "/a", "b=c?d")),
        ("http://[::1]:8080/../x", Request("GET", "http", "[::1]:8080", "/../x")),
    ],
)
def test_a_url_is_read_as_curl_reads_it(url: str, request_: Request) -> None:
    assert read_request("get", url) == request_


def test_credentials_of_a_url_are_sent_unless_a_header_brings_others() -> None:
    assert read_request("GET", "http://ann:s%40@h/").headers == (("authorization", "Basic YW5uOnNA"),)
    assert read_request("GET", "http://ann:x@h/", ["Authorization: Bearer t"]).headers == (
        ("authorization", "Bearer t"),
    )


def test_headers_keep_their_order_and_a_host_header_replaces_the_host() -> None:
    given = ["X-Stage:  next ", "host: other.example.com:81", "x-stage: b", "Empty;", "Gone:"]
    request = read_request("POST", "http://shop.example.com/", given)
    assert request.host == "other.example.com:81"
    assert request.headers == (("x-stage", "next"), ("x-stage", "b"), ("empty", ""))
    assert request.values("x-stage") == ("next", "b")


@pytest.mark.parametrize(
    ("method", "url", "header", "client", "says"),
    [
        ("GE T", "h", "a: b", "", "no HTTP method"),
        ("GET", "ftp://h", "a: b", "", "no scheme of a gateway"),
        ("GET", "http:///x", "a: b", "", "no host"),
        ("GET", "/cart", "a: b", "", "no host"),
        ("GET", "h:99999", "a: b", "", "no port"),
        ("GET", "bücher.example.com/é", "a: b", "", "may not stand in a host: write it as DNS"),
        ("GET", "h/é", "a: b", "", "write %C3%A9"),
        ("GET", "h/a b", "a: b", "", "write %20"),
        ("GET", "h", "no header", "", "no header"),
        ("GET", "h", "a\tb: c", "", "no header"),
        ("GET", "h", "a: b\r\nc: d", "", "no control characters"),
        ("GET", "h", "a: b", "10.0.0.0/8", "no IP address"),
    ],
)
def test_what_is_no_request_is_told(method: str, url: str, header: str, client: str, says: str) -> None:
    with pytest.raises(BadRequestError, match=says):
        read_request(method, url, [header], client)


def test_long_mistakes_are_cut() -> None:
    with pytest.raises(BadRequestError) as told:
        read_request("GET", "/" + "x" * 10_000)
    assert len(str(told.value)) < 200
