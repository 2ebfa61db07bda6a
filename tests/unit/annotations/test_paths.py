"""Paths: what a rule matches and what the backend sees, from use-regex and rewrite-target together."""

from __future__ import annotations

import pytest

from compiler.annotations.paths import PathType, route_path
from compiler.diagnostics import Diagnostics, Origin
from compiler.ir.traffic import PathMatch, Rewrite
from tests.unit.annotations.reading import at, good

PLACE = Origin("apps/shop/ingress.yaml", 0, ("spec", "rules", 0, "http", "paths", 0, "path"))
REGEX = {"use-regex": "true"}


def route(
    path: str, annotations: dict[str, str], path_type: PathType = "Prefix"
) -> tuple[tuple[PathMatch, Rewrite | None] | None, list[tuple[str, str]]]:
    """Match and rewrite, and what was found."""
    findings = Diagnostics()
    found = route_path(path, path_type, good(annotations), PLACE, findings)
    return found, [(finding.code.name, finding.why) for finding in findings]


@pytest.mark.parametrize(
    ("path", "path_type", "annotations", "match", "rewrite"),
    [
        ("/a", "Exact", {}, PathMatch("exact", "/a"), None),
        ("/a", "Prefix", {}, PathMatch("prefix", "/a"), None),
        ("/a.b", "ImplementationSpecific", {}, PathMatch("prefix", "/a.b"), None),
        ("/a", "Exact", REGEX, PathMatch("regex", "/a.*"), None),
        ("/a", "Prefix", {"upstream-vhost": "b.c"}, PathMatch("prefix", "/a"), Rewrite(host="b.c")),
        ("/a", "Prefix", {**REGEX, "upstream-vhost": "b.c"}, PathMatch("regex", "/a.*"), Rewrite(host="b.c")),
        (
            "/a(/|$)(.*)",
            "ImplementationSpecific",
            {"rewrite-target": "/$2"},
            PathMatch("regex", "/a(/|$)(.*).*"),
            Rewrite("regex", r"/\2"),
        ),
        ("/a.b", "Prefix", {"rewrite-target": "/c"}, PathMatch("regex", "/a.b.*"), Rewrite("full", "/c")),
        ("/a", "Prefix", {**REGEX, "rewrite-target": "/c"}, PathMatch("regex", "/a.*"), Rewrite("full", "/c")),
        (
            r"/\Qa.b",
            "Prefix",
            {**REGEX, "rewrite-target": "/c", "upstream-vhost": "b.c"},
            PathMatch("regex", r"/\Qa.b\E.*"),
            Rewrite("full", "/c", "b.c"),
        ),
    ],
)
def test_a_path_is_exact_prefix_or_pattern(
    path: str, path_type: PathType, annotations: dict[str, str], match: PathMatch, rewrite: Rewrite | None
) -> None:
    """Either annotation makes patterns of all paths; a target replaces the whole path."""
    assert route(path, annotations, path_type) == ((match, rewrite), [])


@pytest.mark.parametrize(
    ("path", "path_type", "fix"),
    [
        ("/a/", "Prefix", "write /a(/|$)(.*) and the target /new/$2 to keep the rest"),
        ("/", "Prefix", "write /(.*) and the target /new/$1 to keep the rest"),
        ("/a", "Exact", "write /a$ to match that path alone"),
    ],
)
def test_where_sources_disagree_on_a_rewrite_is_a_warning(path: str, path_type: PathType, fix: str) -> None:
    """ingress-nginx and the MSE of 2022 drop the rest of the path, Higress of today keeps it."""
    findings = Diagnostics()
    found = route_path(path, path_type, good({"rewrite-target": "/new/"}), PLACE, findings)
    assert found == (PathMatch("regex", f"{path}.*"), Rewrite("full", "/new/"))
    (finding,) = findings
    assert finding.code.name == "rewrite-drops-rest"
    assert finding.origin.path == PLACE.path
    assert finding.fix == f'{fix}, or add use-regex: "true" to say that the whole path is meant'
    assert finding.notes[0].origin.path == at("rewrite-target").path


def test_a_canary_leaves_the_rewrite_to_its_base() -> None:
    """Its own target only makes its paths patterns, as those of the base are; nothing is said twice."""
    annotations = {"canary": "true", "canary-weight": "5", "rewrite-target": "/$5"}
    assert route("/a", annotations) == ((PathMatch("regex", "/a.*"), Rewrite("regex", r"/\5")), [])


@pytest.mark.parametrize(("path", "there"), [("/a", "no group"), ("/(a)", "1 group"), ("/(a)(b)", "2 groups")])
def test_a_target_refers_to_groups_that_are_there(path: str, there: str) -> None:
    """Envoy refuses a whole route table otherwise."""
    why = f"it refers to $3, and the path {path!r} has {there}"
    assert route(path, {"rewrite-target": "/$1/$3"}) == (None, [("rewrite-group", why)])


def test_a_path_is_re2() -> None:
    """Only where it is a pattern."""
    assert route("/a(", {}) == ((PathMatch("prefix", "/a("), None), [])
    why = "RE2 cannot compile it: missing ): /a("
    assert route("/a(", REGEX) == (None, [("annotation-regex", why)])
