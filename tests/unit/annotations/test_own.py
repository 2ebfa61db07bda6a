"""Our own annotations: the priority of an Ingress, the clusters of a plain Service."""

from __future__ import annotations

import pytest

from compiler.annotations import pass_annotations, read_service_annotations
from compiler.annotations.own import Clusters, Priority
from compiler.diagnostics import Diagnostics
from tests.unit.annotations.reading import METADATA, bad, bad_value, good

CLUSTERS = "fleetgate.dev/clusters"


@pytest.mark.parametrize(("text", "value"), [("10", 10), ("-5", -5), ("0", 0)])
def test_a_priority_is_a_number(text: str, value: int) -> None:
    """Higher wins."""
    assert good({"priority": text}).priority == Priority(value)


@pytest.mark.parametrize("text", ["high", "1.5", "", "1000001"])
def test_another_priority_is_an_error(text: str) -> None:
    """Nothing is guessed, not even from an empty text."""
    name, _ = bad_value({"priority": text})
    assert name == "priority"


def service(annotations: dict[str, str]) -> tuple[Clusters | None, list[tuple[str, str]], tuple[tuple[str, str], ...]]:
    """Clusters, findings and foreign annotations of a plain Service."""
    findings = Diagnostics()
    said = read_service_annotations(annotations, METADATA, "shop", findings)
    return said.clusters, [(found.code.name, found.why) for found in findings], said.passthrough


def test_a_plain_service_names_its_clusters() -> None:
    """Sorted, each once; annotations of others stay."""
    text = "hz-b, hz-a,hz-b"
    assert service({CLUSTERS: text, "a/b": "c"}) == (Clusters(("hz-a", "hz-b")), [], (("a/b", "c"),))
    assert service({}) == (None, [], ())


@pytest.mark.parametrize(
    ("annotations", "code", "why"),
    [
        ({CLUSTERS: ""}, "annotation-value", "there is nothing between two of its commas"),
        ({CLUSTERS: "hz_a"}, "annotation-value", "'hz_a' is no name of a Cluster"),
        ({"fleetgate.dev/cluster": "a"}, "annotation-unknown", "'cluster' is no annotation of fleetgate.dev/"),
        (
            {"fleetgate.dev/priority": "1"},
            "annotation-kind",
            "it stands on an object of kind Service, where nothing reads it",
        ),
        (
            {"mse.ingress.kubernetes.io/timeout": "1"},
            "annotation-kind",
            "it stands on an object of kind Service, where nothing reads it",
        ),
    ],
)
def test_what_a_service_cannot_say_is_an_error(annotations: dict[str, str], code: str, why: str) -> None:
    """Nothing is dropped."""
    _, findings, _ = service(annotations)
    assert findings == [(code, why)]


def test_clusters_mean_nothing_on_an_ingress() -> None:
    """Each annotation has its kind."""
    why = "it stands on an object of kind Ingress, where nothing reads it"
    assert bad({CLUSTERS: "a"}) == [("annotation-kind", "clusters", why)]


def test_other_kinds_pass_annotations_on_and_have_none_of_ours() -> None:
    """Those of other tools; traffic annotations on an App would do nothing, and are told."""
    findings = Diagnostics()
    annotations = {"z/a": "1", CLUSTERS: "a", "nginx.ingress.kubernetes.io/canary": "true", "plain": "3"}
    passed = pass_annotations("App", annotations, METADATA, findings)
    assert passed == (("plain", "3"), ("z/a", "1"))
    assert [(found.code.name, found.why) for found in findings] == [
        ("annotation-kind", "it stands on an object of kind App, where nothing reads it"),
        ("annotation-kind", "it stands on an object of kind App, where nothing reads it"),
    ]
