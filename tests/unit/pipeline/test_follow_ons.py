"""One mistake, one finding: what only follows from another finding is left out, and nothing else is."""

from __future__ import annotations

import pytest
from msgspec import convert

from compiler.check import CODES as CHECKS
from compiler.diagnostics import Diagnostic, Origin
from compiler.lower import manifests, placement, pod_rules, spread
from compiler.model.app import App
from compiler.pipeline.follow_ons import (
    ABSENCE,
    OF_PLACES,
    UNOFFERED,
    UNPLACED,
    Broken,
    doubtful_services,
    without_follow_ons,
)

CODES = {code.name: code for code in (*CHECKS, *manifests.CODES, *placement.CODES, *pod_rules.CODES, *spread.CODES)}


def found(code: str, value: str = "", why: str = "", file: str = "app.yaml") -> Diagnostic:
    return Diagnostic(CODES[code], Origin(file), value, why, "mend it")


def app(*, image: str | None = None, versions: tuple[str, ...] = (), selects: bool = False) -> App:
    placement = {"clusterSelector": {"matchLabels": {"env": "prod"}}} if selects else {"clusters": ["hz-a"]}
    spec = {"image": image, "versions": [{"name": name} for name in versions], "placement": placement}
    document = {
        "apiVersion": "fleetgate.dev/v1alpha1",
        "kind": "App",
        "metadata": {"name": "cart", "namespace": "shop"},
        "spec": {key: value for key, value in spec.items() if value},
    }
    return convert(document, App)


def test_a_name_that_a_broken_text_mentions_is_not_missing() -> None:
    missing = found("missing-backend", "shop/cart")
    assert without_follow_ons([missing], [Broken("", "name: cart")]) == []
    assert without_follow_ons([missing], [Broken("", "name: cart-next")]) == [missing]
    next_one = found("missing-backend", "shop/cart-next")
    assert without_follow_ons([next_one], [Broken("App", "name: cart ... name: next")]) == []


def test_a_text_that_nobody_saw_may_mention_anything() -> None:
    unseen = [Broken("", "")]
    assert without_follow_ons([found("missing-backend", "shop/cart")], unseen) == []
    unreachable = found("unreachable-backend", "shop/cart")
    assert without_follow_ons([unreachable], unseen) == [unreachable]


@pytest.mark.parametrize(
    ("code", "value", "provider", "bystander"),
    [
        ("missing-backend", "shop/cart", "App", "Ingress"),
        ("policy-service", "shop/cart", "Service", "TrafficPolicy"),
        ("unknown-cluster", "hz-a", "Cluster", "App"),
        ("spread-cluster", "hz-a", "Cluster", "TrafficPolicy"),
        ("single-cluster", "shop/cart", "TrafficPolicy", "Ingress"),
        ("empty-placement", "env=prod", "Cluster", "App"),
    ],
)
def test_only_a_document_of_a_kind_that_provides_it_hides_that_something_is_missing(
    code: str, value: str, provider: str, bystander: str
) -> None:
    missing = found(code, value)
    text = repr({"metadata": {"name": value.rpartition("/")[2]}})
    assert without_follow_ons([missing], [Broken(provider, text)]) == []
    assert without_follow_ons([missing], [Broken(bystander, text)]) == [missing]


def test_where_an_app_runs_that_chooses_by_label_nobody_knows_while_a_cluster_is_broken() -> None:
    chosen = app(image="cart:1", selects=True)
    assert doubtful_services(chosen, "app.yaml", [], [Broken("Cluster", "hz-b")]) == ["shop/cart"]
    assert doubtful_services(chosen, "app.yaml", [], [Broken("Ingress", "hz-b")]) == []
    assert doubtful_services(app(image="cart:1"), "app.yaml", [], [Broken("Cluster", "hz-b")]) == []


def test_where_an_app_runs_that_names_no_cluster_nobody_knows() -> None:
    doubtful = doubtful_services(
        app(image="cart:1", versions=("next",)), "app.yaml", [found("unknown-cluster", "hz-bb")]
    )
    assert doubtful == ["shop/cart", "shop/cart-next"]
    follow_ons = [
        found("missing-backend", "shop/cart-next"),
        found("single-cluster", "shop/cart"),
        found("spread-cluster", "hz-b", "Service shop/cart does not run there"),
        found("policy-service", "shop/cart"),
    ]
    others = [
        found("missing-backend", "shop/orders"),
        found("missing-port", "8080", "Service shop/cart has no such port"),
    ]
    assert without_follow_ons([*follow_ons, *others], (), doubtful) == others


def test_which_services_unread_manifests_hold_nobody_knows() -> None:
    doubtful = doubtful_services(app(), "app.yaml", [found("no-such-manifest", "k8s/*.yaml")])
    assert doubtful == ["shop/"]
    elsewhere = found("missing-backend", "billing/ledger")
    assert without_follow_ons([found("missing-backend", "shop/ledger"), elsewhere], (), doubtful) == [elsewhere]


def test_what_an_app_with_an_image_offers_is_known_whatever_its_manifests_are() -> None:
    assert doubtful_services(app(image="cart:1"), "app.yaml", [found("no-such-manifest")]) == []
    assert doubtful_services(app(image="cart:1"), "app.yaml", [found("unknown-port")]) == []


def test_only_codes_that_exist_are_named() -> None:
    from compiler.pipeline.codes import CODES as ALL  # noqa: PLC0415 - of every room; the other tests need few

    assert {code.name for code in ALL} >= ABSENCE.keys() | OF_PLACES | UNOFFERED | UNPLACED
