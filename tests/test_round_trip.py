"""Annotations there and back: what is written stands in the program, and what target `mse` writes of it reads the same.

The Ingresses that are emitted are compiled once more, in place of those that people wrote: program and emission have to
be equal. So nothing is lost on the way, and nothing means something else in the one spelling that is emitted.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from compiler.annotations.values import TRUE
from tests.small_fleet import MSE, NGINX, Compiled, Document, compiled, fleet, ingress, path, rule, service
from tests.unit.annotations.reading import key as whole_key
from tests.unit.annotations.specimens import BUILT, COMPANIONS, good, required

if TYPE_CHECKING:
    from compiler.annotations.family import Annotation

CLUSTERS = ("one", "two")
SERVICES = ("cart", "cart-next", "cart-shadow", "sorry-page")
FLEET: list[Document] = [*fleet(*CLUSTERS), *(service(name, *CLUSTERS) for name in SERVICES)]
TLS = [{"hosts": ["shop.example.com"], "secretName": "shop-tls"}]

SILENT = {
    "affinity-mode": "there is only one",
    "affinity-canary-behavior": "MSE never goes by it, which is told",
    "priority": "it decides between Ingresses, and here is one",
}
"""Annotations whose values make no difference, and why."""

SWITCHES = {"affinity", "proxy-next-upstream-tries"}
"""Annotations that switch something on by being there, whatever they say."""

NONE = {("session-cookie-max-age", "0"), ("session-cookie-expires", "0")}
"""Texts that say, as leaving out does, that there is no limit."""

TABLE = [pytest.param(each, text, id=f"{each.name}={text!r}") for each in BUILT for text in good(each)]


def documents(annotations: dict[str, str]) -> list[Document]:
    """An Ingress with these annotations, by short name; a canary has a base."""
    whole = {whole_key(name): text for name, text in annotations.items()}
    if annotations.get("canary", "").strip() not in TRUE:
        return [ingress("web", rule(path("cart", "/(shop)")), annotations=whole, tls=TLS)]
    base = ingress("base", rule(path("cart", "/(shop)")), tls=TLS)
    return [base, ingress("web", rule(path("cart-next", "/(shop)")), annotations=whole)]


def program(result: Compiled) -> Any:
    """The gateway of every cell, without places; shares as parts of their sum."""
    programs = [cell.program.traffic.gateways[0] for cell in result.cells if cell.program is not None]
    return _compared(msgspec.to_builtins(programs))


def _compared(part: Any) -> Any:
    if isinstance(part, (list, tuple)):
        return [_compared(each) for each in part]
    if not isinstance(part, dict):
        return part
    if "shares" in part:
        total = sum(share["weight"] for share in part["shares"])
        part = {"shares": [{**share, "weight": Fraction(share["weight"], total)} for share in part["shares"]]}
    return {key: _compared(value) for key, value in part.items() if key != "origin"}


def emitted(result: Compiled) -> list[dict[str, Any]]:
    """The Ingresses of target `mse`, in order."""
    ingresses = result.ingresses()
    return [ingresses[name] for name in sorted(ingresses)]


def there(ingresses: list[Document]) -> Compiled:
    """What Ingresses compile to."""
    result = compiled([*FLEET, *ingresses])
    assert not result.has_errors, result.found
    return result


def says_nothing_new(annotation: Annotation, text: str) -> bool:
    """Whether a text says what leaving the annotation out says, or the annotation never says more."""
    if annotation.type == "bool":
        return (text.strip() in TRUE) == (annotation.default in TRUE)
    if annotation.name in SILENT or (annotation.name, text) in NONE:
        return True
    return text.strip().lower() == annotation.default.lower()


def companions(annotation: Annotation) -> dict[str, str]:
    """What stands beside an annotation; nothing where all of it needs the annotation too."""
    beside = {**COMPANIONS.get(annotation.name, {}), **required(annotation)}
    return {name: text for name, text in beside.items() if name != annotation.name}


@pytest.mark.parametrize(("annotation", "text"), TABLE)
def test_a_good_text_reads_the_same_there_and_back(annotation: Annotation, text: str) -> None:
    """And makes a difference to the program. What leaving it out says as well may be left out of what is emitted."""
    beside = companions(annotation)
    if annotation.name == "canary-weight-total":
        beside["canary-weight"] = text  # MSE gives whole percents
    written = there(documents({**beside, annotation.name: text}))
    again = there(emitted(written))
    assert emitted(again) == emitted(written)
    if says_nothing_new(annotation, text):
        return
    assert program(again) == program(written)
    needs_it = annotation.name in ("canary", "auth-type", "auth-secret")
    without = there(documents({} if needs_it else companions(annotation)))
    assert program(written) != program(without)


@pytest.mark.parametrize("annotation", [each for each in BUILT if each.default], ids=lambda each: each.name)
def test_a_default_emits_what_leaving_it_out_emits(annotation: Annotation) -> None:
    """Where the annotation does not switch something on by being there."""
    if annotation.name in SWITCHES:
        return
    beside = {} if annotation.name == "canary" else companions(annotation)
    written = there(documents({**companions(annotation), annotation.name: annotation.default}))
    assert emitted(written) == emitted(there(documents(beside)))


def canary_of(*annotations: dict[str, str]) -> dict[str, str]:
    """Annotations of a canary."""
    return {f"{NGINX}canary": "true", **{key: text for some in annotations for key, text in some.items()}}


def pinned(name: str, cluster: str) -> dict[str, str]:
    """Annotations that pin to a cluster, as block scalars of YAML write them."""
    return {f"{MSE}service-subset": name, f"{MSE}subset-labels": f"topology.istio.io/cluster {cluster}\n"}


def shop(name: str, annotations: dict[str, str] | None = None, *, to: str = "cart", **more: Any) -> Document:
    """An Ingress of the path /cart, as the examples of the documentation have it."""
    return ingress(name, rule(path(to, "/cart", "Exact")), annotations=annotations or {}, **more)


STAGE = {f"{NGINX}canary-by-header": "x-stage", f"{NGINX}canary-by-header-value": "trial"}
DOCUMENTED: dict[str, list[Document]] = {
    # the multi-cluster gateway: all clusters, one header, one weight, zones, primary and secondary
    "all clusters in proportion to pods": [shop("shop")],
    "header to one cluster": [shop("shop"), shop("shop-to-two", canary_of(STAGE, pinned("two", "c-two")))],
    "weight between clusters": [
        shop("shop", pinned("one", "c-one")),
        shop("shop-to-two", canary_of({f"{NGINX}canary-weight": "20"}, pinned("two", "c-two"))),
    ],
    "primary and secondary": [shop("shop", pinned("primary", "c-one"))],
    # canaries
    "header and query together": [
        shop("shop"),
        shop("next", canary_of(STAGE, {f"{MSE}canary-by-query": "stage", f"{MSE}canary-by-query-value": "trial"})),
    ],
    "always": [shop("shop"), shop("next", canary_of({f"{NGINX}canary-by-header": "x-stage"}), to="cart-next")],
    "several canaries by weight": [
        shop("shop"),
        shop("next", canary_of({f"{NGINX}canary-weight": "20"}), to="cart-next"),
        shop("shadow", canary_of({f"{NGINX}canary-weight": "30"}), to="cart-shadow"),
    ],
    # subsets and lists of Services
    "pods without a label of a canary": [shop("shop", {f"{MSE}service-subset": ""})],
    "pods of the base": [shop("shop", {f"{MSE}service-subset": "base"})],
    "pods of a canary": [shop("shop", {f"{MSE}service-subset": "x"})],
    "pods by several labels": [
        shop("shop", {f"{MSE}service-subset": "any-name", f"{MSE}subset-labels": "version v2\nexample.com/tier gold\n"})
    ],
    "a list of Services": [
        shop(
            "shop",
            {f"{MSE}destination": "60% cart.shop.svc.cluster.local:80\n40% cart-next.shop.svc.cluster.local:80\n"},
        )
    ],
    # paths
    "a rewrite of a whole path": [shop("shop", {f"{NGINX}rewrite-target": "/dev", f"{NGINX}use-regex": "true"})],
    "a rewrite with groups": [
        ingress("shop", rule(path("cart", "/shop(/|$)(.*)")), annotations={f"{NGINX}rewrite-target": "/$2"})
    ],
    # answers of the gateway
    "a redirect that keeps the path": [shop("shop", {f"{NGINX}permanent-redirect": "https://new.example.com"})],
    "origins below a domain": [
        shop("shop", {f"{NGINX}enable-cors": "true", f"{NGINX}cors-allow-origin": "https://*.example.com"})
    ],
    "lists of headers": [
        shop(
            "shop",
            {
                f"{MSE}request-header-control-add": "x-a 'one two'\nx-b   three\n",
                f"{MSE}response-header-control-remove": "server, via",
            },
        )
    ],
    # Services
    "a hash of the query too": [shop("shop", {f"{NGINX}upstream-hash-by": "$request_uri"})],
    "a cookie that beats a hash key": [shop("shop", {f"{NGINX}session-cookie-name": "stage"})],
    "a copy to another namespace": [shop("shop", {f"{MSE}mirror-target-service": "shop/cart-shadow:80"})],
    # client TLS
    "a CA beside the certificate": [
        shop(
            "shop",
            {f"{NGINX}auth-tls-secret": "shop/shop-tls-cacert", f"{MSE}tls-min-protocol-version": "TLSv1.2"},
            tls=TLS,
        )
    ],
}
"""What the documentation shows, and where two readings of it come near each other."""


@pytest.mark.parametrize("name", DOCUMENTED)
def test_what_is_documented_reads_the_same_there_and_back(name: str) -> None:
    """Rules with their canaries and pins, as a whole."""
    written = there(DOCUMENTED[name])
    again = there(emitted(written))
    assert emitted(again) == emitted(written)
    assert program(again) == program(written)
