"""The paths of an Ingress: what its rules and its defaultBackend claim, before anybody wins or loses.

Facts: Ingress v1 (`spec.rules`, `spec.defaultBackend`); MSE reads ImplementationSpecific as Prefix, and a Prefix with
and without a slash at its end as one.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from msgspec import Struct

from compiler.annotations.paths import route_path
from compiler.diagnostics import Note, Origin
from compiler.ir.traffic import ObjectName, PathMatch
from compiler.lower import codes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from compiler.annotations.ingress import IngressAnnotations
    from compiler.diagnostics import Diagnostics
    from compiler.ir.traffic import Rewrite
    from compiler.model.kubernetes import HttpIngressPath, Ingress, IngressBackend

ANY_HOST = "*"
_EVERY_PATH = PathMatch("prefix", "/")
_NEVER_SEEN = re.compile(r"[^!-~]|[\"<>^`{|}]")
"""What clients percent-encode, or else the gateway: blanks, all that is not ASCII, and these (RFC 3986, 2)."""
_DECODED = re.compile(r"%(2[DdEe]|3[0-9]|4[1-9A-Fa-f]|5[0-9AaFf]|6[1-9A-Fa-f]|7[0-9AaEe])")
"""Encoded letters, digits and `-._~`, which gateways decode before they choose a route (RFC 3986, 6.2.2.2)."""
_SLASHES = re.compile(r"\\|%2[Ff]|%5[Cc]|//")
"""What gateways make a slash of, for the path and for whoever sent it."""
_DOTS = re.compile(r"/\.\.?(?:/|\Z)")
_PATTERN = re.compile(r"[*^$|()\[\]{}\\?]")


class IngressInput(Struct, frozen=True, gc=False):
    """A decoded Ingress with what its annotations say."""

    value: Ingress
    origin: Origin
    annotations: IngressAnnotations
    name: ObjectName
    """Namespace and name: that of `value`, made once, because everything that is made of an Ingress carries it."""

    @property
    def rank(self) -> tuple[int, str, str]:
        """Order between Ingresses: priority, then namespace, then name."""
        priority = self.annotations.priority
        metadata = self.value.metadata
        return (-priority.value if priority else 0, metadata.namespace, metadata.name)


class RoutePath(Struct, frozen=True, gc=False):
    """One path of one Ingress."""

    ingress: IngressInput
    host: str
    """As in the IR: `*` for every host."""
    written: str
    match: PathMatch
    backend: IngressBackend
    origin: Origin
    """Of the path, of the rule that has none, or of the defaultBackend."""
    rewrite: Rewrite | None = None
    is_default: bool = False
    """Whether it comes from the defaultBackend: every rule for the same requests comes before it."""

    @property
    def place(self) -> Origin:
        """Where the path is written, for findings."""
        return self.origin if self.is_default else self.origin.at("path")

    @property
    def host_place(self) -> Origin:
        """Where its host is written."""
        if self.host == ANY_HOST or "rules" not in self.origin.path:
            return self.origin
        rule = self.origin.path.index("rules") + 2
        return Origin(self.origin.file, self.origin.document, (*self.origin.path[:rule], "host"))

    @property
    def backend_place(self) -> Origin:
        """Where its backend is written."""
        return self.ingress.origin.at("spec", "defaultBackend") if self.is_default else self.origin.at("backend")


def hosts_of(ingress: Ingress) -> tuple[str, ...]:
    """The hosts that an Ingress serves, each once."""
    hosts = dict.fromkeys(rule.host or ANY_HOST for rule in ingress.spec.rules)
    if ingress.spec.default_backend is not None:
        hosts[ANY_HOST] = None
    return tuple(hosts)


def paths_of(ingress: IngressInput, findings: Diagnostics) -> Iterator[RoutePath]:
    """What an Ingress claims, in order; findings for what can't be read."""
    spec = ingress.value.spec
    place = ingress.origin.at("spec")
    default = spec.default_backend
    for r, rule in enumerate(spec.rules):
        host = rule.host or ANY_HOST
        if rule.http is not None:
            for p, path in enumerate(rule.http.paths):
                found = _path(ingress, host, path, place.at("rules", r, "http", "paths", p), findings)
                if found is not None:
                    yield found
        elif default is not None:
            yield RoutePath(ingress, host, "/", _EVERY_PATH, default, place.at("rules", r), is_default=True)
        else:
            findings.add(
                codes.EMPTY_RULE,
                place.at("rules", r),
                host,
                "the rule has no paths, and the Ingress has no defaultBackend",
                "add http.paths, or delete the rule",
            )
    if default is not None:
        where = place.at("defaultBackend")
        rewrite = ingress.annotations.rewrite
        if rewrite is not None and rewrite.target:
            findings.add(
                codes.REWRITE_DEFAULT,
                rewrite.target_origin,
                rewrite.target,
                "the Ingress has a defaultBackend, which has no path to rewrite",
                "write a rule with path / for it, or move the rules into an Ingress of their own",
                (Note(where, "the defaultBackend"),),
            )
        yield RoutePath(ingress, ANY_HOST, "/", _EVERY_PATH, default, where, is_default=True)


def _problem(written: str) -> tuple[str, str] | None:
    """Why no request has a path that is compared as it is written, and how to mend that; None where one may."""
    if mark := re.search("[?#]", written):  # Envoy refuses these, and with them every route of the gateway
        what = "its query" if mark[0] == "?" else "a fragment, which no client sends"
        why, fix = f"a path ends before {mark[0]}, where {what} begins", f"delete {mark[0]} and what follows it"
    elif slash := _SLASHES.search(written):
        why, fix = f"requests arrive without {slash[0]}: the gateway makes one slash of it", "write one slash"
    elif _DOTS.search(written):
        why, fix = "requests arrive without . and .. in the path: the gateway resolves them", "write what it leads to"
    elif raw := _NEVER_SEEN.search(written):
        encoded = "".join(f"%{byte:02X}" for byte in raw[0].encode())
        why, fix = f"requests carry {raw[0]!r} percent-encoded, or the gateway encodes it", f"write {encoded} for it"
    elif escape := _DECODED.search(written):
        plain = chr(int(escape[1], 16))
        why, fix = f"requests arrive without {escape[0]}: the gateway makes {plain} of it", f"write {plain} for it"
    else:
        return None
    return why, f'{fix}, or use-regex: "true" where the path is a pattern' if _PATTERN.search(written) else fix


def _path(
    ingress: IngressInput, host: str, path: HttpIngressPath, where: Origin, findings: Diagnostics
) -> RoutePath | None:
    written = "/" if path.path is None else path.path
    if not written.startswith("/"):
        findings.add(
            codes.BAD_PATH,
            where.at("path"),
            written,
            "a path begins with / (Ingress v1)",
            f"write /{written}",
        )
        return None
    said = route_path(written, path.path_type, ingress.annotations, where.at("path"), findings)
    if said is None:
        return None
    match, rewrite = said
    if match.kind != "regex" and (problem := _problem(written)):
        why, fix = problem
        findings.add(codes.BAD_PATH, where.at("path"), written, why, fix)
        return None
    if match.kind == "prefix" and len(match.value) > 1 and match.value.endswith("/"):
        match = PathMatch("prefix", match.value[:-1], match.ignore_case)
    return RoutePath(ingress, host, written, match, path.backend, where, rewrite)
