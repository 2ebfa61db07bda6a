"""What disappeared with pruned files."""

from __future__ import annotations

from compiler.output.gone import gone

REMOVED = [
    "argocd/hz-c-shop.yaml",
    "clusters/hz-a/shop/cart.yaml",
    "clusters/hz-a/shop/namespace.yaml",
    "clusters/hz-b/shop/cart.yaml",
    "clusters/hz-c/shop/cart.yaml",
    "clusters/hz-c/shop/web.yaml",
    "gateways/old/mse/shop/web.yaml",
    "gateways/public/mse/shop/cart.yaml",
]


def test_clusters_gateways_and_apps_are_named_once() -> None:
    """An app that went with its cluster is not told there; an Ingress of a gateway that stays belongs to its app."""
    assert gone(REMOVED, {"hz-a", "hz-b"}, {"public"}) == (
        "cluster hz-c",
        "gateway old",
        "app shop/cart in hz-a, hz-b",
    )
    assert gone([], {"hz-a"}, ()) == ()
