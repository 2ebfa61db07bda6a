"""The static bootstrap: everything that Envoy needs in one file, put together from the fragments of all cells.

Layout below `gateways/<gateway>/envoy/`:

- `bootstrap.json`: starts as it is with `envoy -c bootstrap.json`, in that folder. Each cluster, host and filter
  chain stands on a line of its own.
- `secrets/<namespace>/<name>/tls.json`, `…/ca.json`: where Envoy finds a certificate or a CA. A file with the secret
  itself that is missing harms what uses it; a missing file of these would harm a whole listener.

An ADS server reads the same files: see `compiler.targets.envoy.resources`.
"""

from __future__ import annotations

import json
from itertools import groupby
from typing import TYPE_CHECKING, Any

from compiler.targets.envoy import extensions as ext
from compiler.targets.envoy import listeners
from compiler.targets.envoy.findings import PATTERN_STEPS
from compiler.targets.envoy.fragments import text_of
from compiler.targets.envoy.hosts import ANY, misdirected
from compiler.targets.target import Emission

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from compiler.ir.delivery import EnvoyGateway
    from compiler.targets.envoy.fragments import Fragment

BOOTSTRAP = "bootstrap.json"
MAX_CONNECTIONS = 50_000
"""Connections from clients to one Envoy (edge best practices): beyond it new ones are refused."""
HEAP_PERCENT = 90
"""Of the memory of a pod: what its Envoy may allocate. The rest is for what no allocator counts."""
_HOLE = "\0"
_WRITTEN_HOLE = json.dumps(_HOLE)


def folder_of(gateway: str) -> str:
    """Where the files of a gateway are in the output tree."""
    return f"gateways/{gateway}/envoy"


def assemble(settings: EnvoyGateway, fragments: Iterable[Fragment]) -> Iterator[Emission]:
    """The files of a gateway from the fragments of all cells, in any order; those of other gateways are ignored."""
    mine = sorted({f for f in fragments if f.gateway == settings.gateway})
    scope = ("gateway", settings.gateway, "")
    folder = folder_of(settings.gateway)
    yield Emission(f"{folder}/{BOOTSTRAP}", tuple(_bootstrap(settings, mine)), scope, ())  # type: ignore[arg-type]
    for fragment in mine:
        if fragment.section == "secret":
            yield Emission(f"{folder}/{fragment.name}", (fragment.text, "\n"), scope, ())  # type: ignore[arg-type]


def frame_of(settings: EnvoyGateway) -> dict[str, Any]:
    """The bootstrap of a gateway that serves nothing: what it says of Envoy itself."""
    frame: dict[str, Any] = json.loads("".join(_bootstrap(settings, ())))
    return frame


def _bootstrap(settings: EnvoyGateway, fragments: Sequence[Fragment]) -> Iterator[str]:
    by_section = {section: list(found) for section, found in groupby(fragments, key=lambda f: f.section)}
    frame = {
        "node": {"id": "fleetgate", "cluster": settings.gateway},
        "admin": {"address": listeners.address("127.0.0.1", listeners.ADMIN_PORT)},
        "overload_manager": _overload_manager(settings),
        "layered_runtime": {
            "layers": [
                {"name": "fleetgate", "static_layer": {"re2.max_program_size.error_level": PATTERN_STEPS}},
                {"name": "admin", "admin_layer": {}},
            ]
        },
        "static_resources": {"clusters": _HOLE, "listeners": _HOLE},
    }
    head, between, tail = _split(frame)
    yield head
    yield from _lines([text_of(listeners.admin_cluster())], *([f.text] for f in by_section.get("cluster", ())))
    yield between
    yield from _lines(*_listeners(settings, by_section))
    yield tail + "\n"


def _listeners(settings: EnvoyGateway, by_section: dict[Any, list[Fragment]]) -> Iterator[list[str]]:
    """The pieces of each listener. One with TLS but without a certificate is left out: Envoy would refuse it."""
    plain = [f.text for f in by_section.get("host", ())]
    asked = listeners.Asked(
        tuple(f.name for f in by_section.get("users", ())),
        tuple(json.loads(f.text) for f in by_section.get("in-flight", ())),
    )
    chains = list(_chains(settings, by_section, asked))
    for entry in settings.listeners:
        secure = entry.protocol == "HTTPS"
        if secure and not chains:
            continue
        frame = listeners.listener(entry.name, entry.port, _HOLE, secure=secure)
        inner = chains if secure else [_filled(listeners.http_chain(settings, asked, entry.name, _HOLE), plain)]
        head, tail = _split(frame)
        yield [head, *_lines(*inner), tail]
    yield [text_of(listeners.status_listener())]


def _chains(
    settings: EnvoyGateway, by_section: dict[Any, list[Fragment]], asked: listeners.Asked
) -> Iterator[list[str]]:
    """The pieces of each filter chain with TLS: one per certificate and its settings."""
    names: dict[str, list[str]] = {}
    hosts: dict[str, list[str]] = {}
    for fragment in by_section.get("name", ()):
        names.setdefault(fragment.group, []).append(fragment.name)
    for fragment in by_section.get("secure-host", ()):
        hosts.setdefault(fragment.group, []).append(fragment.text)
    for fragment in by_section.get("chain", ()):
        key = fragment.group
        handler = listeners.http_chain(settings, asked, key, _HOLE)
        # a host that answers for all others has a place for each
        others = [] if ANY in names[key] else [text_of(misdirected())]
        for called, asked_for in _matches(key, names[key]):
            frame = listeners.tls_chain(called, asked_for, handler, json.loads(fragment.text))
            yield _filled(frame, [*hosts[key], *others])


def _matches(key: str, names: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
    """(name, server names) of the filter chains of a certificate; no server names = whatever is asked for.

    Envoy takes the chain with the longest name that fits, so names of their own must not vanish beside `*`: a shorter
    wildcard of another certificate would take their requests.
    """
    named = [name for name in names if name != ANY]
    if named:
        yield key, named
    if ANY in names:
        yield (f"{key} {ANY}" if named else key), []


def _filled(frame: Any, texts: Iterable[str]) -> list[str]:
    head, tail = _split(frame)
    return [head, *_lines(*([text] for text in texts)), tail]


def _split(frame: Any) -> list[str]:
    """The text of plain data around its holes."""
    return text_of(frame).split(_WRITTEN_HOLE)


def _lines(*items: Iterable[str]) -> Iterator[str]:
    """A JSON array with an item per line; each item is given in pieces."""
    yield "[\n"
    for number, pieces in enumerate(items):
        if number:
            yield ",\n"
        yield from pieces
    yield "\n]"


def _overload_manager(settings: EnvoyGateway) -> dict[str, Any]:
    """What Envoy does before a bound is met that would end it.

    How much memory it may have is known where it runs in pods of ours: before the kernel kills it, it gives memory
    back, and then answers new requests with 503.
    """
    limit = {"@type": ext.CONNECTION_LIMIT, "max_active_downstream_connections": str(MAX_CONNECTIONS)}
    connections = {"name": ext.CONNECTION_LIMIT_NAME, "typed_config": limit}
    if not settings.placement:
        return {"resource_monitors": [connections]}
    most = str(settings.memory_bytes * HEAP_PERCENT // 100)
    heap = {"name": ext.HEAP_LIMIT_NAME, "typed_config": {"@type": ext.HEAP_LIMIT, "max_heap_size_bytes": most}}
    return {
        "refresh_interval": "0.25s",
        "resource_monitors": [heap, connections],
        "actions": [
            {
                "name": f"envoy.overload_actions.{action}",
                "triggers": [{"name": ext.HEAP_LIMIT_NAME, "threshold": {"value": share}}],
            }
            for action, share in (("shrink_heap", 0.9), ("stop_accepting_requests", 0.98))
        ],
    }
