"""Subset: names, labels, and the label of the cluster, which pins."""

from __future__ import annotations

import pytest

from compiler.annotations.subset import SubsetChoice
from compiler.ir.traffic import Subset
from tests.unit.annotations.reading import at, bad, bad_value, good, read

BASE = Subset("base", (), "opensergo.io/canary")


@pytest.mark.parametrize(
    ("annotations", "choice"),
    [
        ({}, None),
        ({"service-subset": ""}, SubsetChoice(None, BASE)),
        ({"service-subset": "base"}, SubsetChoice(None, BASE)),
        ({"service-subset": "next"}, SubsetChoice(None, Subset("next", (("opensergo.io/canary-next", "next"),)))),
        (
            {"service-subset": "two", "subset-labels": "topology.istio.io/cluster c-two\n"},
            SubsetChoice("c-two", None),
        ),
        (
            {"service-subset": "two", "subset-labels": "version v2\ntopology.istio.io/cluster   c-two\napp a"},
            SubsetChoice("c-two", Subset("two", (("app", "a"), ("version", "v2")))),
        ),
        ({"service-subset": "", "subset-labels": "a b"}, SubsetChoice(None, Subset("base", (("a", "b"),)))),
    ],
)
def test_a_subset_is_a_cluster_and_other_labels(annotations: dict[str, str], choice: SubsetChoice | None) -> None:
    """MSE reference: a name means opensergo labels, unless subset-labels says otherwise; empty means the base."""
    assert good(annotations).subset == choice


def test_a_subset_stands_where_its_labels_stand() -> None:
    """A pin to an unknown cluster is reported there."""
    choice = good({"service-subset": "a", "subset-labels": "topology.istio.io/cluster c"}).subset
    assert choice is not None
    assert choice.origin.path == at("subset-labels").path


@pytest.mark.parametrize(
    ("annotations", "name", "why"),
    [
        (
            {"service-subset": "two words"},
            "service-subset",
            "it is no name of a subset: letters, digits, -, _ and . only, and not too long for a label",
        ),
        (
            {"service-subset": "x" * 60},
            "service-subset",
            "it is no name of a subset: letters, digits, -, _ and . only, and not too long for a label",
        ),
        (
            {"service-subset": "a", "subset-labels": "version"},
            "subset-labels",
            "the line 'version' is not a key, a blank and a value",
        ),
        (
            {"service-subset": "a", "subset-labels": "version: v2"},
            "subset-labels",
            "'version:' is no key of a label",
        ),
        ({"service-subset": "a", "subset-labels": "a b/c"}, "subset-labels", "'b/c' is no value of a label"),
        ({"service-subset": "a", "subset-labels": "a b\na c"}, "subset-labels", "the label a stands in it twice"),
    ],
)
def test_a_subset_that_no_pod_could_fit_is_an_error(annotations: dict[str, str], name: str, why: str) -> None:
    """MSE would send the traffic to all pods of the Service."""
    assert bad_value(annotations) == (name, why)
    assert read(annotations)[0].subset is None


def test_labels_need_a_subset() -> None:
    """MSE ignores them without a name."""
    why = "it means nothing without service-subset"
    assert bad({"subset-labels": "a b"}) == [("annotation-requires", "subset-labels", why)]
