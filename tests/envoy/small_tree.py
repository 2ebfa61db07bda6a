"""Compiled trees of any size, written as `fleetgate build` writes them, without an input: to test what reads them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from compiler.ir.delivery import EnvoyGateway
from compiler.ir.traffic import Listener
from compiler.output.index import INDEX, digest, folder_entry, make_index, render_index
from compiler.output.marker import MARKER
from compiler.targets.envoy import assemble
from compiler.targets.envoy.fragments import Fragment, text_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from compiler.drill.backends import Endpoint

GATEWAY = "public"
SETTINGS = EnvoyGateway(
    gateway=GATEWAY,
    image="envoy",
    replicas=1,
    placement=(),
    listeners=(Listener("http", 8080, "HTTP"),),
    trusted_hops=0,
    service_type="ClusterIP",
    service_annotations=(),
    secrets_folder="/secrets",
)
replace = msgspec.structs.replace


class Pool(msgspec.Struct, frozen=True, kw_only=True):
    """A Service: its host is `<name>.example.com`."""

    name: str
    weights: dict[str, int]
    """By Kubernetes cluster."""
    endpoints: tuple[Endpoint, ...]
    health_check_ms: int = 0
    """Interval of active health checks; 0 = none."""
    extra: dict[str, Any] = {}
    """More fields of the Envoy cluster."""
    route: dict[str, Any] = {}
    """More fields of the route."""


def fragments(pools: Iterable[Pool]) -> list[Fragment]:
    """What these Services add to the configuration: a plain cluster, a composite one around it, a host."""
    found = []
    for pool in pools:
        composite = {
            "name": pool.name,
            "connect_timeout": "1s",
            "lb_policy": "CLUSTER_PROVIDED",
            "cluster_type": {
                "name": "envoy.clusters.composite",
                "typed_config": {
                    "@type": "type.googleapis.com/envoy.extensions.clusters.composite.v3.ClusterConfig",
                    "clusters": [{"name": f"{pool.name}/pool"}, {"name": f"{pool.name}/pool"}],
                },
            },
        }
        route: dict[str, Any] = {
            "cluster": pool.name,
            "retry_policy": {"retry_on": "connect-failure,refused-stream,reset", "num_retries": 1},
            **pool.route,
        }
        host = {
            "name": f"{pool.name}.example.com",
            "domains": [f"{pool.name}.example.com"],
            "routes": [{"match": {"prefix": "/"}, "route": route}],
        }
        found += [
            Fragment(GATEWAY, "cluster", "", f"{pool.name}/pool", text_of(_pool(pool))),
            Fragment(GATEWAY, "cluster", "", pool.name, text_of(composite)),
            Fragment(GATEWAY, "host", "", pool.name, text_of(host)),
        ]
    return found


def _pool(pool: Pool) -> dict[str, Any]:
    name = f"{pool.name}/pool"
    localities = [
        {
            "locality": {"zone": cluster},
            "load_balancing_weight": weight,
            "lb_endpoints": [
                {"endpoint": {"address": {"socket_address": {"address": each.address, "port_value": each.port}}}}
                for each in pool.endpoints
                if each.cluster == cluster
            ],
        }
        for cluster, weight in pool.weights.items()
        if weight
    ]
    checks: list[dict[str, Any]] = []
    if pool.health_check_ms:
        check = {"path": "/", "host": "health", "request_headers_to_add": [_header("x-drill-health", "1")]}
        checks.append(
            {
                "timeout": "1s",
                "interval": f"{pool.health_check_ms / 1000}s",
                "no_traffic_interval": f"{pool.health_check_ms / 1000}s",
                "unhealthy_threshold": 2,
                "healthy_threshold": 1,
                "http_health_check": check,
            }
        )
    return {
        "name": name,
        "type": "STATIC",
        "connect_timeout": "0.5s",
        "common_lb_config": {
            "locality_weighted_lb_config": {},
            "update_merge_window": "0s",
            "healthy_panic_threshold": {"value": 0},
        },
        "circuit_breakers": {"thresholds": [{"max_retries": 1000}]},
        "load_assignment": {"cluster_name": name, "endpoints": localities},
        **({"health_checks": checks} if checks else {}),
        **pool.extra,
    }


def _header(name: str, value: str) -> dict[str, Any]:
    return {"header": {"key": name, "value": value}}


def files(found: Iterable[Fragment], settings: EnvoyGateway = SETTINGS) -> dict[str, str]:
    """The files of the gateway, by path in the tree."""
    return {each.path: each.text for each in assemble(settings, found)}


def write_tree(tree: Path, contents: Mapping[str, str]) -> None:
    """Replace what is in the tree in the order in which a build does."""
    tree.mkdir(parents=True, exist_ok=True)
    (tree / MARKER).write_text("{}", "utf-8")
    folders: dict[str, dict[str, bytes]] = {}
    for path, text in contents.items():
        folder, _, name = path.rpartition("/")
        folders.setdefault(folder, {})[name] = digest(text.encode())
        (tree / folder).mkdir(parents=True, exist_ok=True)
        _put(tree / path, text.encode())
    entries = {folder: folder_entry(digests) for folder, digests in folders.items()}
    _put(tree / INDEX, render_index(make_index(entries, "0" * 64)))
    (tree / MARKER).unlink()


def _put(path: Path, content: bytes) -> None:
    if path.exists() and path.read_bytes() == content:
        return
    beside = path.with_name(path.name + ".new")
    beside.write_bytes(content)
    beside.replace(path)
