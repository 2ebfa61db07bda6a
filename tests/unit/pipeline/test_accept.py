"""Accepted findings: warnings alone, on purpose, and for as long as they occur."""

from __future__ import annotations

from typing import Any

import pytest

from tests.small_fleet import OWN, Compiled, Document, compiled, fleet, ingress, path, rule, service

ALONE = [service("cart", "hz-a"), ingress("web", rule(path("cart")))]
HERE = {"code": "single-cluster", "where": "service-cart.yaml", "reason": "a toy"}
ENTRY = "fleet-acme:spec.accept.0"


def accepting(entry: dict[str, str], *more: Document, **options: Any) -> Compiled:
    """A fleet with one warning, single-cluster in service-cart.yaml, that accepts findings."""
    return compiled([*fleet("hz-a", "hz-b", accept=[entry]), *ALONE, *more], **options)


@pytest.mark.parametrize("where", ["service-cart.yaml", "service-*.yaml", "**/*.yaml"])
def test_an_accepted_finding_is_not_told(where: str) -> None:
    assert accepting({**HERE, "where": where}).found == []


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"where": "other.yaml"}, [("accept-unused", f"{ENTRY}.where", "single-cluster in other.yaml")]),
        ({"code": "tls-conflict"}, [("accept-unused", f"{ENTRY}.where", "tls-conflict in service-cart.yaml")]),
        ({"code": "missing-backend"}, [("accept-error", f"{ENTRY}.code", "missing-backend")]),
        ({"code": "no-such-code"}, [("accept-error", f"{ENTRY}.code", "no-such-code")]),
    ],
    ids=["other-place", "other-code", "an-error", "no-code"],
)
def test_an_entry_that_accepts_nothing_is_told_beside_the_finding(
    change: dict[str, str], expected: list[tuple[str, str, str]]
) -> None:
    told = accepting({**HERE, **change}).found
    assert told == sorted(
        [*expected, ("single-cluster", "service-cart:metadata.name", "shop/cart")], key=lambda f: f[1]
    )


def test_an_error_can_not_be_accepted() -> None:
    lost = ingress("lost", rule(path("nope", "/nope")))
    entry = {"code": "missing-backend", "where": "ingress-lost.yaml", "reason": "later"}
    assert sorted(accepting(entry, lost).codes) == ["accept-error", "missing-backend", "single-cluster"]


@pytest.mark.parametrize(
    ("as_of", "codes"),
    [
        (None, []),
        ("2026-11-30", []),
        ("2026-12-01", ["accept-expired", "single-cluster"]),
    ],
)
def test_an_acceptance_ends_with_its_last_day_where_somebody_says_which_day_it_is(
    as_of: str | None, codes: list[str]
) -> None:
    assert accepting({**HERE, "until": "2026-11-30"}, as_of=as_of).codes == codes


BROKEN = ingress("broken", rule(path("nope", "/nope")))


@pytest.mark.parametrize(
    ("entry", "is_told"),
    [
        ({"code": "mse-policy", "where": "trafficpolicy-cart.yaml"}, False),
        ({"code": "tls-unused", "where": "ingress-broken.yaml"}, False),
        ({"code": "tls-unused", "where": "ingress-web.yaml"}, True),
    ],
    ids=["targets-did-not-run", "file-with-an-error", "clean-file"],
)
def test_what_errors_may_hide_is_not_called_unused(entry: dict[str, str], *, is_told: bool) -> None:
    told = accepting({**entry, "reason": "known"}, BROKEN)
    assert ("accept-unused" in told.codes) is is_told


@pytest.mark.parametrize(("as_of", "is_told"), [(None, False), ("2026-11-23", False), ("2026-11-24", True)])
def test_a_pin_ends_with_its_last_day(as_of: str | None, *, is_told: bool) -> None:
    spec = {
        "service": "cart",
        "weights": [{"cluster": "hz-a", "weight": 1}],
        "until": "2026-11-23T10:00:00Z",
        "reason": "maintenance",
    }
    pin = {**OWN, "kind": "TrafficPin", "metadata": {"name": "pin", "namespace": "shop"}, "spec": spec}
    told = accepting(HERE, pin, as_of=as_of)
    assert told.found == ([("accept-expired", "trafficpin-pin:spec.until", spec["until"])] if is_told else [])
