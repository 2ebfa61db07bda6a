"""What MSE makes of Ingresses: a small reading of its own, from the annotation reference and its sibling pages.

It shares no code with the compiler and is told the age of each Ingress, because that is what MSE goes by.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

NGINX = "nginx.ingress.kubernetes.io/"
MSE = "mse.ingress.kubernetes.io/"
HEADER_CONTROL = tuple(
    f"{side}-header-control-{act}" for side in ("request", "response") for act in ("add", "update", "remove")
)
INHERITED = (
    "timeout",
    "proxy-next-upstream",
    "proxy-next-upstream-tries",
    "proxy-next-upstream-timeout",
    "mirror-target-service",
    "mirror-percentage",
    "default-backend",
    "enable-cors",
    "cors-allow-origin",
    "cors-max-age",
    "rewrite-target",
    "upstream-vhost",
    "ssl-redirect",
    "custom-http-errors",
    "route-limit-rpm",
    "route-limit-rps",
    "route-limit-burst-multiplier",
    *(
        f"{limit}{part}"
        for limit in ("rate-limit", "concurrency-limit")
        for part in (
            "",
            "-fallback-custom-response-code",
            "-fallback-custom-response-body-type",
            "-fallback-custom-response-body",
            "-fallback-redirect-url",
        )
    ),
    "auth-type",
    "auth-secret",
    "auth-secret-type",
    "auth-realm",
    "wasmplugin",
)
"""What a canary has from its base, whatever it says itself."""

SPOKEN = (
    "backend-protocol",
    "load-balance",
    "upstream-hash-by",
    "warmup",
    "affinity",
    "session-cookie-name",
    "session-cookie-path",
    "session-cookie-max-age",
    "connection-policy-tcp-max-connection",
    "connection-policy-tcp-max-connection-per-endpoint",
    "connection-policy-http-max-request-per-connection",
    "proxy-ssl-secret",
    "proxy-ssl-name",
    "proxy-ssl-server-name",
    "proxy-ssl-verify",
)
"""How a Service is spoken to, by every Ingress that leads there."""

Labels = tuple[tuple[str, str], ...]
Settings = tuple[tuple[str, str], ...]


class Share(msgspec.Struct, frozen=True, order=True):
    """Some of the requests of a route: which pods get them first, and what happens to their headers."""

    service: str
    """`<namespace>/<name>:<port>`"""
    pods: Labels
    headers: Settings
    percent: int


class Route(msgspec.Struct, frozen=True):
    """A route in the order in which MSE tries them."""

    kind: str
    path: str
    conditions: Labels
    """(`header:name`, value), and so on."""
    redirect: str
    """Status and Location; "" where requests are sent on."""
    shares: tuple[Share, ...]
    """Sorted; empty for a redirect."""
    settings: Settings
    clients: tuple[str, ...] = ()
    """`allow` or `deny`, and the blocks, sorted: of the route, or else of its host; empty = everybody."""
    names: tuple[str, ...] = ()
    """Further names of the host under which its Ingress serves the route; sorted."""


class ClientTls(msgspec.Struct, frozen=True):
    """What clients of a host may use, defaults filled in."""

    lowest: str = "TLSv1.0"
    highest: str = "TLSv1.3"
    suites: str = ""
    """"" = those of MSE."""
    ca: str = ""
    """Secret with the CA of clients; "" = no client is asked for a certificate."""


class Host(msgspec.Struct, frozen=True):
    """A host with its routes and its certificate."""

    routes: tuple[Route, ...]
    certificate: str
    tls: ClientTls = ClientTls()
    """The default where there is no certificate: there is no TLS to shape."""


def read(ingresses: Sequence[dict[str, Any]]) -> dict[str, Host]:
    """Hosts by name; `ingresses` from the oldest to the youngest."""
    paths = [path for ingress in ingresses for path in _paths(ingress)]
    bases: dict[tuple[str, str, str], _Path] = {}
    for path in paths:
        if not path.is_canary:
            bases.setdefault(path.key, path)
    canaries: dict[tuple[str, str, str], list[_Path]] = {}
    for path in paths:
        if path.is_canary and path.key in bases:
            canaries.setdefault(path.key, []).append(path)
    hosts: dict[str, list[tuple[int, int, Route]]] = {}
    for key, base in bases.items():
        rank = 3 if key[1:] == ("prefix", "/") else {"exact": 0, "prefix": 1, "regex": 2}[key[1]]
        clients, names = _clients(base, paths), tuple(sorted(_items(base.annotations.get("server-alias", ""))))
        for plain in _routes(base, canaries.get(key, [])):
            route = msgspec.structs.replace(plain, clients=clients, names=names)
            hosts.setdefault(key[0], []).append((rank, -len(key[2]), route))
    found = {}
    for host, routes in hosts.items():
        ordered = [route for _, _, route in sorted(routes, key=lambda r: r[:2])]
        roots = [p.annotations["app-root"] for p in paths if p.host == host and "app-root" in p.annotations]
        if roots and not any((r.kind, r.path) == ("exact", "/") for r in ordered):
            after = next((i for i, r in enumerate(ordered) if r.kind != "exact"), len(ordered))
            ordered.insert(after, Route("exact", "/", (), f"302 {roots[-1]}", (), ()))
        certificate = _certificate(host, ingresses)
        found[host] = Host(tuple(ordered), certificate, _client_tls(host, paths, certificate))
    return found


def read_services(ingresses: Sequence[dict[str, Any]], ports: Mapping[str, str]) -> dict[str, Settings]:
    """How each Service (`<namespace>/<name>:<port>`) is spoken to; `ingresses` from the oldest to the youngest.

    `ports`: names of ports by Service. The oldest Ingress with any such setting supplies them all.
    """
    found: dict[str, dict[str, str]] = {}
    for path in (path for ingress in ingresses for path in _paths(ingress)):
        said = {name: path.annotations[name] for name in SPOKEN if name in path.annotations}
        listed = path.annotations.get("destination", "")
        for service in [_listed(line, path).service for line in listed.splitlines()] or [path.service]:
            if not found.get(service):
                found[service] = said
    for service, said in found.items():
        word = ports[service].partition("-")[0]
        if word in ("grpc", "http2"):
            found[service] = {"backend-protocol": word.upper(), **said}
    return {service: tuple(said.items()) for service, said in found.items()}


class _Path(msgspec.Struct):
    """A path of an Ingress with its annotations by short name."""

    host: str
    kind: str
    path: str
    namespace: str
    service: str
    annotations: dict[str, str]

    @property
    def key(self) -> tuple[str, str, str]:
        return (self.host, self.kind, self.path)

    @property
    def is_canary(self) -> bool:
        return self.annotations.get("canary") == "true"

    @property
    def conditions(self) -> Labels:
        said = self.annotations
        found = []
        for part in ("header", "query", "cookie"):
            name = said.get(f"canary-by-{part}")
            if name is not None:
                pattern = said.get(f"canary-by-{part}-pattern")
                value = said.get(f"canary-by-{part}-value", "always")
                found.append((f"{part}:{name}", value if pattern is None else f"~{pattern}"))
        return tuple(found)

    @property
    def pods(self) -> Labels:
        return _pods(self.annotations)

    @property
    def headers(self) -> Settings:
        return tuple((name, self.annotations[name].strip()) for name in HEADER_CONTROL if name in self.annotations)

    @property
    def settings(self) -> Settings:
        return tuple((name, self.annotations[name]) for name in INHERITED if name in self.annotations)


def _paths(ingress: dict[str, Any]) -> list[_Path]:
    said = {}
    for key, text in ingress["metadata"].get("annotations", {}).items():
        for prefix in (MSE, NGINX):
            if key.startswith(prefix):
                said[key.removeprefix(prefix)] = text
    is_regex = said.get("use-regex") == "true" or "rewrite-target" in said
    namespace = ingress["metadata"]["namespace"]
    found = []
    for rule in ingress["spec"].get("rules", ()):
        for path in rule["http"]["paths"]:
            kind, text = ("exact" if path["pathType"] == "Exact" else "prefix"), path["path"]
            if is_regex:
                kind, text = "regex", f"{text}.*"
            elif kind == "prefix" and len(text) > 1:
                text = text.removesuffix("/")
            service = path["backend"]["service"]
            to = f"{namespace}/{service['name']}:{service['port']['number']}"
            found.append(_Path(rule.get("host", "*"), kind, text, namespace, to, said))
    return found


def _pods(said: dict[str, str]) -> Labels:
    if "service-subset" not in said:
        return ()
    if "subset-labels" in said:
        return tuple(sorted((line.split()[0], line.split()[1]) for line in said["subset-labels"].splitlines()))
    name = said["service-subset"]
    return (("!opensergo.io/canary", ""),) if name in ("", "base") else ((f"opensergo.io/canary-{name}", name),)


def _items(text: str) -> list[str]:
    return [item.strip() for item in text.split(",") if item.strip()]


def _clients(base: _Path, paths: Sequence[_Path]) -> tuple[str, ...]:
    """The list of the route; else that of the oldest Ingress of the host that has one."""
    for said, scope in ((base.annotations, ""), *((p.annotations, "domain-") for p in paths if p.host == base.host)):
        for word, kind in (("whitelist", "allow"), ("denylist", "deny"), ("blacklist", "deny")):
            blocks = _items(said.get(f"{scope}{word}-source-range", ""))
            if blocks:
                return (kind, *sorted(blocks))
    return ()


def _client_tls(host: str, paths: Sequence[_Path], certificate: str) -> ClientTls:
    """Of the oldest Ingress of the host that says any of it, whole; a CA only beside the certificate."""
    words = ("tls-min-protocol-version", "tls-max-protocol-version", "ssl-cipher", "auth-tls-secret")
    for path in paths:
        if path.host != host or not certificate or not any(word in path.annotations for word in words):
            continue
        lowest, highest, suites, ca = (path.annotations.get(word, "") for word in words)
        if ca and "/" not in ca:
            ca = f"{path.namespace}/{ca}"
        is_beside = ca in (certificate, f"{certificate}-cacert")
        return ClientTls(lowest or "TLSv1.0", highest or "TLSv1.3", suites, ca if is_beside else "")
    return ClientTls()


def _routes(base: _Path, canaries: list[_Path]) -> list[Route]:
    said = base.annotations
    redirect = ""
    if "temporal-redirect" in said:
        redirect = f"302 {said['temporal-redirect']}"
    elif "permanent-redirect" in said:
        redirect = f"{said.get('permanent-redirect-code', '301')} {said['permanent-redirect']}"
    if redirect:
        return [Route(base.kind, base.path, (), redirect, (), base.settings)]
    conditional = [c for c in canaries if c.conditions]
    conditional.sort(key=lambda c: c.conditions[0][0].startswith("cookie:"))
    routes = [
        Route(base.kind, base.path, c.conditions, "", (Share(c.service, c.pods, c.headers, 100),), base.settings)
        for c in conditional
    ]
    weighing = [c for c in canaries if not c.conditions]
    return [*routes, Route(base.kind, base.path, (), "", tuple(sorted(_shares(base, weighing))), base.settings)]


def _shares(base: _Path, weighing: list[_Path]) -> list[Share]:
    said = base.annotations
    if "destination" in said:
        assert not weighing, "documented nowhere"
        return [_listed(line, base) for line in said["destination"].splitlines()]
    weights = [int(c.annotations.get("canary-weight", "0")) for c in weighing]
    total = max([sum(weights), *(int(c.annotations.get("canary-weight-total", "100")) for c in weighing[:1]), 1])
    percents = [_single(_single(weight / total) * 100) for weight in weights]
    shares = [Share(c.service, c.pods, c.headers, int(p)) for c, p in zip(weighing, percents, strict=True)]
    return [Share(base.service, base.pods, base.headers, 100 - sum(s.percent for s in shares)), *shares]


def _listed(line: str, base: _Path) -> Share:
    percent, address = line.split()
    name, port = address.split(":")
    service, namespace, *_ = name.split(".")
    return Share(f"{namespace}/{service}:{port}", base.pods, base.headers, int(percent.removesuffix("%")))


def _single(number: float) -> float:
    """Single precision."""
    found: float = struct.unpack("<f", struct.pack("<f", number))[0]
    return found


def _certificate(host: str, ingresses: Sequence[dict[str, Any]]) -> str:
    """Of the oldest Ingress that has a rule for the host and names one for exactly it."""
    for ingress in ingresses:
        if host not in [rule.get("host", "*") for rule in ingress["spec"].get("rules", ())]:
            continue
        for entry in ingress["spec"].get("tls", ()):
            if host in entry.get("hosts", ["*"]):
                return f"{ingress['metadata']['namespace']}/{entry['secretName']}"
    return ""
