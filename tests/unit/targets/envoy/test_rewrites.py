"""What the backend sees, and where redirects lead."""

from __future__ import annotations

from typing import Any, Literal

import pytest
import re2

from compiler.ir.traffic import PathMatch, Redirect, Rewrite
from compiler.targets.envoy.rewrites import redirect, rewrite


@pytest.mark.parametrize(
    ("kind", "target", "match", "path", "expected"),
    [
        ("full", "/new", PathMatch("prefix", "/a"), "/a/b", "/new"),
        ("full", r"/n\1", PathMatch("prefix", "/a"), "/a/b", r"/n\1"),
        ("prefix", "/dev", PathMatch("prefix", "/a"), "/a/b", "/dev/b"),
        ("prefix", "/dev", PathMatch("prefix", "/a"), "/a", "/dev"),
        ("prefix", "/", PathMatch("prefix", "/a"), "/a/b", "/b"),
        ("prefix", "/", PathMatch("prefix", "/a"), "/a", "/"),
        ("prefix", "/dev/", PathMatch("prefix", "/a"), "/a/b", "/dev/b"),
        ("prefix", "/dev", PathMatch("prefix", "/"), "/b", "/dev/b"),
        ("prefix", "/dev", PathMatch("exact", "/a"), "/a", "/dev"),
        ("prefix", "/dev", PathMatch("prefix", "/a.b"), "/a.b/c", "/dev/c"),
        ("prefix", "/dev", PathMatch("prefix", "/a", ignore_case=True), "/A/b", "/dev/b"),
        ("regex", r"/new/\1", PathMatch("regex", "/old/([a-z]+).*"), "/old/x/y", "/new/x"),
        ("regex", r"/\2\1", PathMatch("regex", "/(a|b)/(c|d)"), "/a/d", "/da"),
    ],
)
def test_a_path_becomes_what_was_asked_for(
    kind: Literal["full", "prefix", "regex"], target: str, match: PathMatch, path: str, expected: str
) -> None:
    found = rewrite(Rewrite(kind, target), match)["regex_rewrite"]
    assert re2.sub(found["pattern"]["regex"], found["substitution"], path) == expected


def test_the_host_is_rewritten_alone_or_beside_the_path() -> None:
    assert rewrite(Rewrite(host="inner"), PathMatch("prefix", "/")) == {"host_rewrite_literal": "inner"}


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (Redirect(308, "https"), {"response_code": "PERMANENT_REDIRECT", "scheme_redirect": "https"}),
        (
            Redirect(302, "https", "x.org", 8443, "/y"),
            {
                "response_code": "FOUND",
                "scheme_redirect": "https",
                "host_redirect": "x.org",
                "port_redirect": 8443,
                "path_redirect": "/y",
            },
        ),
    ],
)
def test_a_redirect_keeps_what_it_does_not_name(written: Redirect, expected: dict[str, Any]) -> None:
    assert redirect(written) == {"redirect": expected}


def test_a_status_that_envoy_does_not_redirect_with_is_an_answer_with_a_location() -> None:
    found = redirect(Redirect(300, "https", "x.org", None, "/100%"))
    assert found["direct_response"] == {"status": 300}
    (added,) = found["response_headers_to_add"]
    assert added["header"] == {"key": "location", "value": "https://x.org/100%%"}
    (kept,) = redirect(Redirect(304))["response_headers_to_add"]
    assert kept["header"]["value"].endswith("%REQUEST_HEADER(:PATH)%")
