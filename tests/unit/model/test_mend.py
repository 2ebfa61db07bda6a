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
