"""Stand-ins for mistakes, so that the rest of a document can still be judged."""

from __future__ import annotations

from typing import Any

import pytest

from compiler.model.app import App
from compiler.model.mend import mended
from compiler.model.problems import problems

GOOD: dict[str, Any] = {
    "apiVersion": "fleetgate.dev/v1alpha1",
    "kind": "App",
    "metadata": {"name": "cart", "namespace": "shop"},
    "spec": {"image": "registry.example.com/cart:1", "placement": {"clusters": ["hz-a"]}},
}


@pytest.mark.parametrize(
    "spec",
    [
        {"config": {"data": {"": None}}},
        {"config": {"data": {"": "x", "good": "y"}}},
        {"replicas": "many", "unknown": {"a": 1}},
        {"placement": {}, "image": 7},
    ],
)
def test_every_mistake_has_its_stand_in(spec: dict[str, Any]) -> None:
    """Also the only key of a mapping that has to have one."""
    document = {**GOOD, "spec": {**GOOD["spec"], **spec}}
    found = problems(document, App, "")
    assert found
    assert isinstance(mended(document, App, found), App)


@pytest.mark.parametrize(("number", "is_good"), [(2**63 - 1, True), (2**63, False), (float(2**63), False)])
def test_the_schema_and_the_decoder_draw_the_same_bound(number: float, *, is_good: bool) -> None:
    """Of quantities: an integer beyond 64 bits is none, and the schema says so too."""
    document = {**GOOD, "spec": {**GOOD["spec"], "resources": {"limits": {"cpu": number}}}}
    found = problems(document, App, "nothing")
    assert (found[0].why == "nothing") is is_good, "a refusal in the decoder's words: the schema found nothing"
    assert isinstance(mended(document, App, [] if is_good else found), App)
