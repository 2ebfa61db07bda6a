"""Each annotation does in a real Envoy what is said of it; what the target refuses, it refuses with a finding."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from compiler.annotations.catalog import catalog
from tests.envoy.effects.case import Case, Effects, Refusal, known
from tests.envoy.effects.families import ALL
from tests.envoy.effects.stage import unrefused, unseen

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("effects", ALL, ids=lambda effects: effects.family)
def test_each_effect_is_seen_with_its_annotations_and_absent_without(
    effects: Effects, tmp_path: Path, loopback: str
) -> None:
    found = [*unrefused(effects, tmp_path), *unseen(effects, tmp_path, loopback)]
    assert not found, "\n".join(found)


def test_every_annotation_that_is_read_has_a_case() -> None:
    """So that a new annotation without a proof fails, under whatever prefix it is read: cases run under each."""
    read = {name for name, each in catalog().items() if each.annotation is not None}
    proven = {known(name).name for effects in ALL for proves in effects.proven for name in proves}
    assert sorted(read - proven) == []


def test_no_two_cases_of_a_family_have_one_name() -> None:
    for effects in ALL:
        names = [*(each.name for each in effects.cases), *(each.name for each in effects.refusals)]
        assert sorted(set(names)) == sorted(names)


def test_an_effect_that_is_not_seen_is_told(tmp_path: Path, loopback: str) -> None:
    """So that no case passes for want of a look: a wrong effect, a wrong absence, a finding, a refusal."""
    timeout = {"timeout": "1"}
    effects = Effects(
        "wrong",
        (
            Case("effect", timeout, lambda side: side.get().status, seen=504, otherwise=200),
            Case("absence", timeout, lambda side: side.get().status, seen=200, otherwise=504),
            Case("finding", timeout, lambda side: side.get().status, 200, 200, findings=("envoy-hedge",)),
            Case("broken", timeout, lambda side: side.said("/", x_stub_status="204").service, 200, 200),
        ),
        (Refusal("refusal", timeout, "envoy-hedge"),),
    )
    assert unrefused(effects, tmp_path) == [
        "refusal, mse: the findings are ['loopback-endpoint', 'single-cluster'], envoy-hedge is meant"
    ]
    found = unseen(effects, tmp_path, loopback)
    assert found[:3] == [
        "finding, mse: the annotations bring [], and ['envoy-hedge'] is meant",
        "effect, mse: seen 200, meant 504",
        "absence, without: seen 200, meant 504",
    ]
    assert [each.partition(":")[0] for each in found[3:]] == ["broken, without", "broken, mse"]
