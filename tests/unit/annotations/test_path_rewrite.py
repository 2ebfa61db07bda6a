"""Path rewrite (dialect higress): what a path matches is replaced."""

from __future__ import annotations

import pytest

from compiler.annotations.path_rewrite import PathRewrite
from compiler.annotations.paths import route_path
from compiler.diagnostics import Diagnostics, Origin
from compiler.ir.traffic import Rewrite
from tests.unit.annotations.reading import read

DIALECT = ("higress",)
KEY = "higress.io/rewrite-path"
NGINX = "nginx.ingress.kubernetes.io/"


def rewrite(path_type: str, annotations: dict[str, str]) -> Rewrite | None:
    """The rewrite of a path of that type."""
    said, findings = read(annotations, dialects=DIALECT)
    assert findings == ()
    later = Diagnostics()
    found = route_path("/v1", path_type, said, Origin("f"), later)  # type: ignore[arg-type] # a type of the model
    assert found is not None
    assert not len(later)
    return found[1]


def test_the_beginning_of_a_prefix_path_is_replaced_and_an_exact_path_as_a_whole() -> None:
    """The rest of a prefix path stays; the Host may be rewritten beside it."""
    assert rewrite("Prefix", {KEY: "/v2"}) == Rewrite("prefix", "/v2")
    assert rewrite("Exact", {KEY: "/v2"}) == Rewrite("full", "/v2")
    assert rewrite("Exact", {KEY: "/v2", f"{NGINX}upstream-vhost": "a.b"}) == Rewrite("full", "/v2", "a.b")


@pytest.mark.parametrize("text", ["v2", "/v2?a=b", "https://a.b/c", "/$1"])
def test_the_replacement_is_a_path(text: str) -> None:
    """Groups belong to patterns, so to rewrite-target."""
    said, (finding,) = read({KEY: text}, dialects=DIALECT)
    assert (finding.code.name, said.path_rewrite) == ("annotation-value", None)


@pytest.mark.parametrize(
    "other", [f"{NGINX}rewrite-target", f"{NGINX}use-regex", "higress.io/full-path-regex"], ids=str
)
def test_patterns_are_rewritten_with_rewrite_target(other: str) -> None:
    """What Higress makes of both is documented nowhere."""
    _, (finding,) = read({KEY: "/v2", other: "/b" if "target" in other else "true"}, dialects=DIALECT)
    assert finding.code.name == "annotation-conflict"


def test_a_rewrite_knows_where_it_stands() -> None:
    """Findings of targets point there."""
    said, _ = read({KEY: "/v2"}, dialects=DIALECT)
    assert said.path_rewrite == PathRewrite("/v2")
    assert said.path_rewrite.origin.path[-1] == KEY
