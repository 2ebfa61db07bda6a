"""Which clusters a placement or an override means."""

from __future__ import annotations

from tests.unit.lower.apps import found, good, lower

PLAIN = "{image: registry.example.com/cart:1, placement: {%s}}"


def clusters(placement: str) -> list[str]:
    return [p.cluster for p in good(PLAIN % placement).placements]


def test_a_placement_by_name_is_sorted_and_names_each_cluster_once() -> None:
    assert clusters("clusters: [hz-b, hz-a]") == ["hz-a", "hz-b"]


def test_a_selector_means_the_clusters_that_carry_every_label() -> None:
    assert clusters("clusterSelector: {matchLabels: {env: prod}}") == ["hz-a", "hz-b"]


def test_a_selector_without_labels_means_every_cluster() -> None:
    assert clusters("clusterSelector: {matchLabels: {}}") == ["hz-a", "hz-b", "sh-a"]


def test_an_unknown_cluster_is_reported_with_the_nearest_name_and_the_others_stay() -> None:
    lowered, findings = lower(PLAIN % "clusters: [hz-a, hz-bb]")
    (finding,) = findings
    assert (finding.code.name, finding.value) == ("unknown-cluster", "hz-bb")
    assert finding.fix == "did you mean hz-b?"
    assert [p.cluster for p in lowered.placements] == ["hz-a"]


def test_what_is_suggested_for_an_unknown_cluster_is_not_in_the_list_yet() -> None:
    """Else the next finding would be that it stands there twice."""
    _, (finding,) = lower(PLAIN % "clusters: [hz-b, hz-bb]")
    assert finding.fix == "did you mean hz-a?"
    _, (finding,) = lower(PLAIN % "clusters: [hz-a, hz-b, sh-a, hz-bb]")
    assert finding.fix == "delete it: every Cluster is named already"


def test_a_placement_of_unknown_clusters_alone_is_not_reported_as_empty_too() -> None:
    assert found(PLAIN % "clusters: [nowhere]") == [("unknown-cluster", "spec.placement.clusters.0", "nowhere")]


def test_a_selector_that_matches_no_cluster_tells_what_there_is() -> None:
    _, (finding,) = lower(PLAIN % "clusterSelector: {matchLabels: {env: production}}")
    assert (finding.code.name, finding.value) == ("empty-placement", "env=production")
    assert "env=prod, env=stage" in finding.fix


def test_a_placement_without_names_and_selector_is_empty() -> None:
    assert found(PLAIN % "") == [("empty-placement", "spec.placement", "")]
