"""Hints: which Service of the whole fleet may be meant."""

from __future__ import annotations

import pytest

from compiler.diagnostics import Diagnostic, Origin, error
from compiler.ir.traffic import ObjectName
from compiler.pipeline.hints import with_hints

FOUND = Diagnostic(error("missing-backend", "", ""), Origin("a.yaml"), "shop/cart", "no such Service", "mend the name")


@pytest.mark.parametrize(
    ("names", "hint"),
    [
        (["shop/carts", "shop/search"], " (did you mean shop/carts?)"),
        (["shop/payment", "shop/search", "other/c"], " (there are payment, search)"),
        (["other/zzzzzz"], ""),
        (["other/cart", "shop/carts"], " (did you mean shop/carts?)"),
        (
            ["other/cart", "shop/payment"],
            " (did you mean other/cart? A name alone means a Service of the document's own namespace, here shop)",
        ),
        ([f"shop/item-{number}" for number in range(5000)] + ["shop/carts"], " (did you mean shop/carts?)"),
    ],
)
def test_the_service_that_may_be_meant_is_named(names: list[str], hint: str) -> None:
    services = [ObjectName(*name.split("/")) for name in names]
    (told,) = with_hints([FOUND], services)
    assert told.fix == f"mend the name{hint}"
