"""Annotation keys that no family reads on this kind of object: whose they are, and what to write instead."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from compiler.annotations.catalog import catalog, named
from compiler.annotations.family import HIGRESS, MSE, NGINX, OWN
from compiler.annotations.values import is_qualified_name
from compiler.annotations.words import nearest
from compiler.diagnostics import error, warning

if TYPE_CHECKING:
    from collections.abc import Collection

    from compiler.diagnostics import Diagnostics, Origin

ANNOTATION_UNKNOWN = error(
    "annotation-unknown",
    "an annotation under one of our prefixes that nobody knows",
    """\
MSE passes over a name that it does not know, so a mistyped annotation does nothing, in silence. Under the prefixes
nginx.ingress.kubernetes.io/, mse.ingress.kubernetes.io/ and fleetgate.dev/, and under higress.io/ where the Fleet names
that dialect, every name has to be a known one. Other prefixes belong to other tools and pass through untouched.

Correct the name, or delete the annotation.""",
)

ANNOTATION_PREFIX = error(
    "annotation-prefix",
    "a known annotation under a prefix where it is not read",
    """\
Annotations that ingress-nginx has too are read under nginx.ingress.kubernetes.io/ and mse.ingress.kubernetes.io/;
those that only MSE has, under mse.ingress.kubernetes.io/ alone; those of fleetgate, under fleetgate.dev/; those that
only Higress has, under higress.io/, where the Fleet names that dialect (`spec.dialects`).

Write the annotation under the prefix that the finding names.""",
)

ANNOTATION_NOOP = warning(
    "annotation-noop",
    "an annotation of ingress-nginx that the gateway does not need",
    """\
The annotation tunes something inside nginx (buffers, logs, cipher order) that an Envoy-based gateway does by itself.
MSE passes over it, and so does fleetgate. Timeouts of nginx are among them: their values are lost.

Delete the annotation, or write what the finding names instead.""",
)

ANNOTATION_UNSUPPORTED = error(
    "annotation-unsupported",
    "an annotation of another gateway that is never read",
    """\
The annotation changes what ingress-nginx does with a request, and MSE passes over it; or it is one of Higress that no
target of fleetgate can express. Traffic would behave differently from what the annotation says. Raw nginx text (the
snippets) can never be carried over.

Write what the finding names instead, or delete the annotation.""",
)

ANNOTATION_KIND = error(
    "annotation-kind",
    "an annotation on a kind of object where it means nothing",
    """\
Traffic annotations stand on an Ingress, fleetgate.dev/clusters on a plain Service. Anywhere else nothing reads them.

Move the annotation to an object of the kind that the finding names.""",
)

ANNOTATION_FOREIGN = warning(
    "annotation-foreign",
    "an annotation that looks like a known one under a mistyped prefix, or none",
    """\
Annotations of other tools pass through untouched. This one has a name that fleetgate knows, and no prefix, or one that
is almost one of those that it reads; most likely the prefix is mistyped, and the annotation does nothing.

Correct the prefix. If it is really meant for another tool, accept the finding in the Fleet (`spec.accept`).""",
)

ANNOTATION_GUARD = warning(
    "annotation-guard",
    "an annotation that guards Services elsewhere, and does not here",
    """\
Annotations of other tools pass through untouched, and mean nothing to the gateways of this fleet. This one asks
another controller for passwords, tokens or certificates of callers, or limits their addresses. Whoever moved the
Ingress here may think that it still does; the route is open, unless something else guards it. So it is with
proxy-body-size of ingress-nginx: MSE passes over it, and requests of any size reach the Service.

Write what the gateways of this fleet read: auth-type and auth-secret, whitelist-source-range, denylist-source-range,
auth-tls-secret (`fleetgate explain` tells each). If another controller guards the same traffic before it arrives,
accept the finding in the Fleet (`spec.accept`).""",
)

ANNOTATION_INGRESS_CLASS = error(
    "annotation-ingress-class",
    "the old annotation kubernetes.io/ingress.class",
    """\
Since networking.k8s.io/v1 the class of an Ingress is its field spec.ingressClassName. The old annotation says the same
thing a second time; an API server refuses an Ingress that carries both.

Delete the annotation. Where spec.ingressClassName is missing, write the class of a gateway of the Fleet there; where
it is not, leave it as it is.""",
)

ANNOTATION_KEY = error(
    "annotation-key",
    "an annotation whose key Kubernetes refuses",
    """\
The key of an annotation is a name of at most 63 letters, digits, `-`, `_` and `.`, which begins and ends with a letter
or digit; before it may stand a DNS name and a `/`. An API server refuses any other key, and the whole object with it.

Correct the key.""",
)

_PREFIXES = (NGINX.rstrip("/"), MSE.rstrip("/"), OWN.rstrip("/"))
_UNREAD = frozenset(("noop", "planned", "unsupported"))
_CONTROLLERS = frozenset(
    (
        "alb.ingress.kubernetes.io",
        "appprotect.f5.com",
        "haproxy-ingress.github.io",
        "haproxy.org",
        "ingress.kubernetes.io",
        "konghq.com",
        "nginx.com",
        "nginx.org",
        "traefik.ingress.kubernetes.io",
    )
)
"""Prefixes under which other ingress controllers read annotations of an Ingress."""
_GUARDS = (
    r"(?:^|[-.])(?:auth|jwt|oauth2?|oidc|allow-?list|deny-?list|white-?list|black-?list|inbound-cidrs|security-groups"
    r"|client-ca|mutual-authentication|waf|modsecurity|app-protect|middlewares|plugins|policies)(?:$|[-.])"
)
"""Names of annotations that let some callers in and others not."""
BOUNDS = frozenset(("proxy-body-size",))
"""Of what ingress-nginx tunes, what keeps requests from a Service; 0 = no bound."""
_LEGACY_CLASS = "kubernetes.io/ingress.class"


def examine(
    key: str, text: str, metadata: Origin, kind: str, dialects: Collection[str], findings: Diagnostics
) -> str | None:
    """Judge a key that no family reads on objects of this kind.

    None = it belongs to another tool and passes through; else something was reported, and this is the name that was
    probably meant ("" where nothing comes close).
    """
    prefix, slash, name = key.partition("/")
    at = metadata.key("annotations", key)
    if slash and prefix in _PREFIXES:
        return _ours(prefix + slash, name, text, at, kind, findings)
    if kind == "Ingress" and key == _LEGACY_CLASS:
        why = "the class of an Ingress is its field spec.ingressClassName, and only that is read"
        findings.add(
            ANNOTATION_INGRESS_CLASS,
            at,
            key,
            why,
            "delete it; spec.ingressClassName has to name the class of a gateway",
        )
        return ""
    if not is_qualified_name(key.lower()):
        why = "Kubernetes refuses this key"
        fix = "write a name of letters, digits, -, _ and ., with a DNS name and / before it where wanted"
        findings.add(ANNOTATION_KEY, at, key, why, fix)
        return ""
    if kind == "Ingress" and prefix + slash == HIGRESS and "higress" in dialects:
        return _ours(HIGRESS, name, text, at, kind, findings)
    if kind == "Ingress" and not _warn_of_guard(prefix, name, key, at, findings):
        _warn_of_missed_prefix(key, prefix if slash else "", name if slash else key, at, findings)
    return None


def _warn_of_guard(prefix: str, name: str, key: str, at: Origin, findings: Diagnostics) -> bool:
    """Whether another controller would let in some callers only."""
    if prefix not in _CONTROLLERS or not re.search(_GUARDS, name):
        return False
    known = catalog().get(name)
    findings.add(
        ANNOTATION_GUARD,
        at,
        key,
        "it guards access in another controller, and no gateway of this fleet reads it",
        f"write {known.keys[0] if known is not None else 'auth-secret or whitelist-source-range as they read it'}, "
        "or accept this finding",
    )
    return True


def _warn_of_missed_prefix(key: str, prefix: str, name: str, at: Origin, findings: Diagnostics) -> None:
    """A name that is known, without a prefix or under one that is almost one of ours."""
    known = catalog().get(name)
    if known is None:
        return
    near = nearest(prefix, _PREFIXES, cutoff=0.9) if prefix else ""
    if near is not None:
        meant = f"{near}/{name}" if f"{near}/{name}" in known.keys else known.keys[0]
        written = f"{prefix} is none of our prefixes, though almost" if prefix else "it has no prefix"
        findings.add(ANNOTATION_FOREIGN, at, key, f"{written}, and {name} is a name that we know", f"write {meant}")


def _ours(prefix: str, name: str, text: str, at: Origin, kind: str, findings: Diagnostics) -> str:
    """A key under one of our prefixes; always reported."""
    known = named(name)
    key = prefix + name
    if known is None or (known.support in _UNREAD and prefix == OWN):
        return _unknown(prefix, name, at, findings)
    home = "Ingress" if known.annotation is None else known.annotation.kind
    if kind != home:
        why = f"it stands on an object of kind {kind}, where nothing reads it"
        findings.add(ANNOTATION_KIND, at, key, why, f"write it on an object of kind {home}, or delete it")
    elif known.support == "noop" and name in BOUNDS and text.strip() != "0":
        why = "it bounds in ingress-nginx what a Service has to take, and no gateway of this fleet reads it"
        findings.add(ANNOTATION_GUARD, at, f"{key}: {text!r}", why, f"{known.instead}, or accept this finding")
    elif known.support == "noop":
        why = "the gateway does by itself what it tunes in nginx, so its value is not used"
        findings.add(ANNOTATION_NOOP, at, f"{key}: {text!r}", why, known.instead or "delete it")
    elif known.support in _UNREAD:
        why = "MSE does not read it, so traffic would behave differently from what it says"
        findings.add(ANNOTATION_UNSUPPORTED, at, f"{key}: {text!r}", why, known.instead or "delete it")
    elif known.support == "higress" and known.annotation is None:
        why = "no target of fleetgate can express it"
        findings.add(ANNOTATION_UNSUPPORTED, at, f"{key}: {text!r}", why, known.instead)
    elif known.support == "higress":
        fix = f"write {HIGRESS}{name}, which Fleets read that name higress in spec.dialects"
        findings.add(ANNOTATION_PREFIX, at, key, f"{name} is not read under {prefix}", fix)
    else:
        fix = f"write {' or '.join(known.keys)}"
        findings.add(ANNOTATION_PREFIX, at, key, f"{name} is not read under {prefix}", fix)
    return name


def _unknown(prefix: str, name: str, at: Origin, findings: Diagnostics) -> str:
    """A name that nobody knows, with the nearest one: of the same prefix first."""
    names = catalog()
    near = nearest(name, [known.name for known in names.values() if prefix + known.name in known.keys])
    near = near or nearest(name, [known.name for known in names.values() if known.support != "higress"])
    if near is None:
        fix = "correct the name, or delete it"
    else:
        keys = names[near].keys
        fix = f"write {prefix + near if prefix + near in keys else keys[0]}"
    why = f"{name!r} is no annotation of {prefix}" if name else "there is no name behind the prefix"
    findings.add(ANNOTATION_UNKNOWN, at, prefix + name, why, fix)
    return near or ""
