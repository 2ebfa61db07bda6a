"""The generated blocks of the README: excerpts of the example, and the tables of its reference."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tools.pages import commands, findings, kinds, known_annotations, limits, targets
from tools.pages.excerpts import excerpt, excerpts

if TYPE_CHECKING:
    from collections.abc import Callable

PAGE = "README.md"

_EXAMPLE = "fleet-repo-example"
_CART = f"{_EXAMPLE}/apps/shop/cart"
_RENDERED = f"{_EXAMPLE}/rendered"

BLOCKS: tuple[tuple[str, Callable[[], str]], ...] = (
    (
        "cart-app",
        excerpt(
            f"{_CART}/app.yaml",
            ("kind: App", "name: cart"),
            ("spec:", "targetCPUUtilizationPercentage: 70"),
            ("ports:", "port: http"),
            ("placement:", "clusters: [hz-a, hz-b]"),
        ),
    ),
    (
        "cart-ingress",
        excerpt(
            f"{_CART}/ingress.yaml",
            ("kind: Ingress", 'mse.ingress.kubernetes.io/timeout: "10"'),
            ("spec:", "name: cart"),
        ),
    ),
    (
        "cart-traffic",
        excerpt(
            f"{_CART}/traffic.yaml",
            ("kind: TrafficPolicy", "name: cart"),
            ("spec:", "- name: cart"),
            ("spread:", "weight: 50"),
            ("- cluster: hz-b", "weight: 50"),
        ),
    ),
    (
        "cart-workload",
        excerpt(
            f"{_RENDERED}/clusters/hz-a/shop/cart.yaml",
            ("kind: Deployment", "name: cart"),
            ("spec:", "spec:"),
            ("strategy:", "maxUnavailable: 0"),
            ("template:", "topology.istio.io/cluster: c-hz-a"),
            ("spec:", "spec:"),
            ("topologySpreadConstraints:", "topologyKey: topology.kubernetes.io/zone"),
            ("containers:", "image: registry.example.com/shop/cart:1.4.2"),
            ("lifecycle:", "seconds: 15"),
        ),
    ),
    (
        "cart-gateway",
        excerpts(
            excerpt(
                f"{_RENDERED}/gateways/public/mse/shop/cart.yaml",
                ("kind: Ingress", "name: cart"),
                ("annotations:", "mse.ingress.kubernetes.io/subset-labels: topology.istio.io/cluster c-hz-a"),
            ),
            excerpt(
                f"{_RENDERED}/gateways/public/mse/shop/cart.hz-b.yaml",
                ("kind: Ingress", "name: cart.hz-b"),
                ("annotations:", 'nginx.ingress.kubernetes.io/canary-weight: "50"'),
            ),
        ),
    ),
    (
        "ci",
        excerpt(
            f"{_EXAMPLE}/.github/workflows/fleet.yml",
            ("- name: Check", "run: fleetgate build -o rendered --verify --format github"),
        ),
    ),
    ("commands", commands.commands),
    ("options", commands.options),
    ("exit-codes", commands.exit_codes),
    ("formats", commands.formats),
    ("kinds", kinds.block),
    ("targets", targets.overview),
    ("annotation-families", known_annotations.families_block),
    ("findings", findings.block),
    ("limits", limits.block),
)
"""(name of the block, its text), in the order of the page."""
