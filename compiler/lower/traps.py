"""What an Ingress asks for, and the gateway does otherwise than most people expect: told once per Ingress.

Facts: MSE annotation reference and its sibling pages.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from compiler.diagnostics import Note, Origin, warning

if TYPE_CHECKING:
    from collections.abc import Iterable

    from compiler.annotations.ingress import IngressAnnotations
    from compiler.diagnostics import Code, Diagnostics
    from compiler.ir.traffic import Cors, SecretRef
    from compiler.lower.ingress_paths import IngressInput
    from compiler.lower.world import World

ERRORS_REPLAY = warning(
    "errors-replay",
    "custom-http-errors sends the request again, with path /",
    """\
After one of the statuses of custom-http-errors the gateway sends the request once more, to default-backend: with the
path `/` in place of its own, and with the Host of the original request. So the Service has to answer with the error
page under `/`, for every Host; and a request that changes something may do so twice, in the Service of the rule and in
the fallback. (Target envoy repeats GET, HEAD and OPTIONS, and what a TrafficPolicy or `non_idempotent` declares to be
repeatable; to other requests it gives the answer of the Service of the rule.)

Make sure of both, and accept the finding in the Fleet.""",
)
LIMIT_PER_REPLICA = warning(
    "limit-per-replica",
    "a rate limit that each replica of the gateway counts by itself",
    """\
route-limit-rpm and route-limit-rps fill a bucket in every replica of the gateway. With three replicas up to three times
the limit passes, less where connections are spread unevenly, and the sum changes whenever the gateway is scaled.

With target mse write rate-limit (MSE 1.2.25 and later), which counts over the whole gateway. Nothing counts over
several Envoys: with target envoy fleetgate divides a rate-limit among them, which `envoy-global-limit` tells. Or write
the limit for one replica and accept the finding in the Fleet.""",
)
LIMIT_ZERO = warning(
    "limit-zero",
    "a limit of 0",
    """\
The reference allows 0 for route-limit-rpm, route-limit-rps, rate-limit and concurrency-limit, and does not say whether
that lets nothing pass or everything. fleetgate takes it by its word: nothing passes.

Delete the annotation where no limit is meant; where nothing may pass, say so in a way that every gateway understands,
with a whitelist-source-range of an address that nobody has, for example.""",
)
SECRET_UNSEEN = warning(
    "secret-unseen",
    "a Secret that protects something, and that fleetgate cannot see",
    """\
Secrets never stand in a fleet repo, so nobody can check here whether this one exists, or holds what it has to hold. MSE
reads it in the cluster that holds the gateway's Ingresses. Where it is missing, MSE does without it in silence: it asks
nobody for a password, or no client for a certificate.

Create the Secret before the Ingress reaches the gateway, watch that it stays there, and accept the finding in the Fleet
with that as the reason.""",
)
CORS_ANY_ORIGIN = warning(
    "cors-any-origin",
    "CORS lets any site read with the credentials of its visitors",
    """\
Where enable-cors stands alone, the documented defaults apply: cors-allow-origin is `*`, and cors-allow-credentials is
"true". The gateway then names whatever origin calls, and allows its browser to send the cookies and passwords that it
has for this host. So every site that a signed-in user visits can read, as that user, what these routes answer.

Name the origins that may call in cors-allow-origin, or write cors-allow-credentials: "false" where everybody may read
what nobody has to sign in for.""",
)
PLAIN_PASSWORD = warning(
    "plain-password",
    "passwords are asked for without TLS",
    """\
Basic authentication sends name and password with every request, in a form that anybody on the way can read. The gateway
asks for them over plain HTTP too: it has a listener without TLS, and the Ingress does not redirect to HTTPS, which
neither MSE nor fleetgate does unless it is told to.

Add ssl-redirect: "true" to the Ingress, and a certificate for its hosts in spec.tls; or delete the HTTP listener of the
gateway (target envoy). Where a load balancer before the gateway ends TLS, accept the finding in the Fleet.""",
)
CODES: tuple[Code, ...] = (
    ERRORS_REPLAY,
    LIMIT_PER_REPLICA,
    LIMIT_ZERO,
    SECRET_UNSEEN,
    CORS_ANY_ORIGIN,
    PLAIN_PASSWORD,
)

MSE_REPLICAS = 3
"""Replicas of a gateway whose MseIngressConfig says nothing (MSE)."""


class GatewaySize(Struct, frozen=True, gc=False):
    """How often a gateway runs, and where that is written."""

    gateway: str
    replicas: int | None
    """None = not known: it is no MSE gateway, or one that exists already and is only reused."""
    place: Origin
    is_mse: bool = True
    """Whether MSE runs it."""
    is_plain: bool = True
    """Whether it takes requests without TLS; the listeners of a MSE gateway are its own affair, and HTTP is one."""


def size_of(world: World, index: int) -> GatewaySize:
    """The size of the gateway `index` of the Fleet."""
    gateway = world.fleet.value.spec.gateways[index]
    place = world.fleet.origin.at("spec", "gateways", index)
    own = world.mse_configs.get(gateway.name)
    if "mse" not in gateway.targets:
        is_plain = any(listener.protocol == "HTTP" for listener in gateway.listeners)
        return GatewaySize(gateway.name, None, place, is_mse=False, is_plain=is_plain)
    if own is None:
        return GatewaySize(gateway.name, gateway.mse.instance.replicas, place.at("mse", "instance", "replicas"))
    common = own.value.spec.common
    replicas = common.instance.replicas if common is not None and common.instance is not None else None
    if replicas is None and own.value.spec.id is None:
        replicas = MSE_REPLICAS
    return GatewaySize(gateway.name, replicas, own.origin.at("spec", "common", "instance", "replicas"))


def tell_traps(ingresses: Iterable[IngressInput], size: GatewaySize, findings: Diagnostics) -> None:
    """Report what surprises in the settings of ordinary Ingresses of a gateway."""
    for ingress in ingresses:
        said = ingress.annotations
        if said.errors is not None:
            _tell_replay(said, findings)
        _tell_limits(said, size, findings)
        if said.cors is not None:
            _tell_any_origin(said.cors, findings)
        if said.auth is not None:
            if size.is_plain:
                _tell_plain_password(said, findings)
            tell_unseen_secret(said.auth.secret, "everybody gets in without a password", size, findings)


def tell_unseen_secret(secret: SecretRef, otherwise: str, size: GatewaySize, findings: Diagnostics) -> None:
    """Report a Secret that has to exist where the Ingresses of a gateway are; `otherwise`: what happens without it."""
    if not size.is_mse:
        return  # an Envoy lets nobody in while the Secret is missing
    findings.add(
        SECRET_UNSEEN,
        secret.origin,
        str(secret),
        f"nobody can see here whether this Secret exists beside gateway {size.gateway}, and without it {otherwise}, in "
        "silence",
        "create it there before this is delivered, and accept the finding in the Fleet with that reason",
        (Note(_entry(size), "the gateway"),),
    )


def _entry(size: GatewaySize) -> Origin:
    """Where the gateway itself stands."""
    at = size.place.path.index("mse") if "mse" in size.place.path else None
    return size.place if at is None else Origin(size.place.file, size.place.document, size.place.path[:at])


def _tell_replay(said: IngressAnnotations, findings: Diagnostics) -> None:
    errors, fallback = said.errors, said.fallback
    if errors is None or fallback is None:
        return
    findings.add(
        ERRORS_REPLAY,
        errors.origin,
        ",".join(map(str, errors.statuses)),
        f"after these answers the request is sent again, whatever its method, to {fallback.namespace}/{fallback.name}: "
        "with path / and the Host of the request",
        "let that Service answer with the error page under / for every Host, and accept this finding in the Fleet",
        (Note(fallback.origin, "the Service that is asked then"),),
    )


def _tell_plain_password(said: IngressAnnotations, findings: Diagnostics) -> None:
    redirects = said.redirects
    if said.auth is None or (redirects is not None and (redirects.https or redirects.target)):
        return
    findings.add(
        PLAIN_PASSWORD,
        said.auth.origin,
        str(said.auth.secret),
        "the gateway asks for these passwords over plain HTTP too, where anybody on the way can read them",
        'add nginx.ingress.kubernetes.io/ssl-redirect: "true", and a certificate in spec.tls where there is none',
    )


def _tell_any_origin(cors: Cors, findings: Diagnostics) -> None:
    if cors.allow_credentials and "*" in cors.allow_origins:
        findings.add(
            CORS_ANY_ORIGIN,
            cors.origins_place,
            "*",
            "any site may call these routes with the cookies and passwords of its visitors, and read the answers",
            "name the origins in nginx.ingress.kubernetes.io/cors-allow-origin, or add "
            'nginx.ingress.kubernetes.io/cors-allow-credentials: "false"',
            () if cors.origins_place.path == cors.origin.path else (Note(cors.origin, "CORS is switched on here"),),
        )


def _tell_limits(said: IngressAnnotations, size: GatewaySize, findings: Diagnostics) -> None:
    local, total, at_once = said.local_limit, said.global_limit, said.concurrency
    for number, limit in (
        (local.requests if local else None, local),
        (total.requests_per_second if total else None, total),
        (at_once.requests if at_once else None, at_once),
    ):
        if limit is not None and number == 0:
            why = "it lets no request pass; the reference allows 0, and does not say whether it means that or no limit"
            findings.add(LIMIT_ZERO, limit.origin, "0", why, "delete it where no limit is meant")
    if local is None or local.requests == 0 or size.replicas in (0, 1):
        return
    unit = "minute" if local.unit_s == 60 else "second"
    if size.replicas is None:
        why = f"each replica of gateway {size.gateway} counts by itself, so a multiple of that passes"
    else:
        passing = size.replicas * local.requests
        why = (
            f"each of the {size.replicas} replicas of gateway {size.gateway} counts by itself, so up to {passing} "
            f"requests a {unit} pass"
        )
    findings.add(
        LIMIT_PER_REPLICA,
        local.origin,
        f"{local.requests} requests a {unit}",
        why,
        "write mse.ingress.kubernetes.io/rate-limit, which counts over the whole gateway, or accept this finding"
        if size.is_mse
        else "write what one replica may admit and accept this finding, or write mse.ingress.kubernetes.io/rate-limit, "
        "which fleetgate divides among the replicas",
        (Note(size.place, "how often the gateway runs"),),
    )
