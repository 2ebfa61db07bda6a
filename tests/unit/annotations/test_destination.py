"""Destination: weighted Services that replace the backends of an Ingress."""

from __future__ import annotations

import pytest

from compiler.annotations.destination import Destination, Target
from compiler.annotations.family import ServiceRef
from tests.unit.annotations.reading import bad_value, good, read

CART = "cart.shop.svc.cluster.local"
NEXT = "next.shop.svc.cluster.local"


@pytest.mark.parametrize(
    ("text", "targets"),
    [
        (
            f"60% {CART}:80\n40% {NEXT}:8080\n",
            (Target(ServiceRef("shop", "cart", 80), 60), Target(ServiceRef("shop", "next", 8080), 40)),
        ),
        (f"  100%   {CART}  ", (Target(ServiceRef("shop", "cart"), 100),)),
        (CART, (Target(ServiceRef("shop", "cart"), 100),)),
        (
            f"0% {CART}:80\n100% {CART}:81",
            (Target(ServiceRef("shop", "cart", 80), 0), Target(ServiceRef("shop", "cart", 81), 100)),
        ),
    ],
)
def test_a_destination_is_a_list_of_services_with_shares(text: str, targets: tuple[Target, ...]) -> None:
    """MSE reference: `<n>% <svc>.<ns>.svc.cluster.local:<port>`; port, and the share of one alone, may be left out."""
    assert good({"destination": text}).destination == Destination(targets)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (f"60 {CART}:80", "the line '60 cart.shop.svc.cluster.local:80' does not begin with a share such as 60%"),
        (f"{CART}:80\n{NEXT}:80", f"the line '{CART}:80' does not begin with a share such as 60%"),
        (f"101% {CART}:80", "'101%' is no share from 0% to 100%"),
        (f"1.5% {CART}:80", "'1.5%' is no share from 0% to 100%"),
        (f"²% {CART}:80", "'²%' is no share from 0% to 100%"),
        ("% ", "'%' is no share from 0% to 100%"),
        ("100%", "the line '100%' names no Service"),
        (f"100% {CART}:80 v1", "'v1' comes after the Service: a subset is named by service-subset, not here"),
        ("100% cart:80", "'cart:80' is not the full name of a Service, name.namespace.svc.cluster.local"),
        ("100% a.b.dns:80", "'a.b.dns:80' is not the full name of a Service, name.namespace.svc.cluster.local"),
        ("100% Cart.shop.svc.cluster.local", "'Cart' is no name of a Service"),
        ("100% cart.Shop.svc.cluster.local", "'Shop' is no name of a namespace"),
        (f"100% {CART}:0", "'0' is no port number from 1 to 65535"),
        (f"100% {CART}:http", "'http' is no port number from 1 to 65535"),
        (f"50% {CART}:80\n50% {CART}", "shop/cart stands in it twice"),
    ],
)
def test_a_line_that_mse_would_drop_is_an_error(text: str, why: str) -> None:
    """One bad line makes MSE drop the whole annotation, which is told too."""
    dropped = "MSE would drop the whole list, and send everything to the backends of the rules"
    assert bad_value({"destination": text}) == ("destination", f"{why}; {dropped}")
    assert read({"destination": text})[0].destination is None


def test_shares_add_up() -> None:
    """MSE would scale them in silence."""
    why = "its shares add up to 90 and not to 100; MSE would take them as parts of 90"
    assert bad_value({"destination": f"60% {CART}:80\n30% {NEXT}:80"}) == ("destination", why)
