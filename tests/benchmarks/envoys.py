"""What a large gateway costs: compiling it, and the Envoy that starts from what was compiled.

    python -m tests.benchmarks.envoys

measures this alone, and prints its rows; `make bench` measures it with everything else.

Each Service runs in four clusters with three pods each, has weights of its own, and a host with a route. Its pods are
addresses that nobody answers at: there is no health check, and no request.
"""

from __future__ import annotations

import json
import math
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from compiler.drill.envoy import Envoy, on_free_ports
from tests.benchmarks.measure import measure
from tests.benchmarks.table import Row, table

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).resolve().parent.parent.parent
FLEETGATE = Path(sys.executable).parent / "fleetgate"
CLUSTERS, PODS = 4, 3
SMALL, LARGE = 250, 1000
"""Services; the growth is measured between the two."""
ROUNDS = 3

_FLEET = """\
apiVersion: fleetgate.dev/v1alpha1
kind: Fleet
metadata:
  name: benchmark
spec:
  gateways:
  - name: public
    ingressClassName: envoy
    targets: [envoy]
  argocd:
    repoURL: https://git.example.com/benchmark/fleet.git
    project: benchmark
  survive: [Cluster]
"""
_CLUSTER = """\
---
apiVersion: fleetgate.dev/v1alpha1
kind: Cluster
metadata:
  name: c{cluster}
spec:
  id: c{cluster}
  region: cn-hangzhou
  zones: [zone-{cluster}]
  argocd:
    destination:
      name: c{cluster}
"""
_SERVICE = """\
apiVersion: v1
kind: Service
metadata:
  name: {name}
  namespace: shop
  annotations:
    fleetgate.dev/clusters: {clusters}
spec:
  ports:
  - name: http
    port: 80
---
apiVersion: fleetgate.dev/v1alpha1
kind: TrafficPolicy
metadata:
  name: {name}
  namespace: shop
spec:
  targetRefs:
  - name: {name}
  spread:
    type: ActiveActive
    activeActive:
      weights:
{weights}  hedge:
    delay: 100ms
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: {name}
  namespace: shop
spec:
  ingressClassName: envoy
  rules:
  - host: {name}.example.com
    http:
      paths:
      - path: /
        pathType: Prefix
        backend:
          service:
            name: {name}
            port:
              number: 80
"""
_WEIGHT = """\
      - cluster: c{cluster}
        weight: {weight}
"""
_SLICE = """\
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata:
  name: {name}-c{cluster}
  namespace: shop
  labels:
    kubernetes.io/service-name: {name}
    topology.istio.io/cluster: c{cluster}
addressType: IPv4
endpoints:
{endpoints}ports:
- name: http
  port: 8080
"""


class EnvoyCost(NamedTuple):
    """What a gateway of one size cost; medians."""

    compiling: float
    """CPU seconds of a cold build."""
    size: float
    """Of its `bootstrap.json`, in MB (10^6 bytes)."""
    start: float
    """Seconds from the start of Envoy until it serves."""
    memory: float
    """Resident memory of Envoy when it serves, in MB."""


def write_gateway(root: Path, services: int) -> None:
    """Write the fleet into the empty or missing folder `root`."""
    root.mkdir(parents=True, exist_ok=True)
    clusters = "".join(_CLUSTER.format(cluster=cluster) for cluster in range(CLUSTERS))
    (root / "fleet.yaml").write_text(_FLEET + clusters, "utf-8")
    for number in range(services):
        (root / f"s{number:05}.yaml").write_text(_documents(number), "utf-8")


def _documents(number: int) -> str:
    name = f"s{number:05}"
    weights = "".join(_WEIGHT.format(cluster=c, weight=40 - 10 * c + number % 7) for c in range(CLUSTERS))
    text = _SERVICE.format(name=name, clusters=",".join(f"c{c}" for c in range(CLUSTERS)), weights=weights)
    for cluster in range(CLUSTERS):
        pods = [f"10.{cluster}.{number // 64}.{number % 64 * 4 + pod + 1}" for pod in range(PODS)]
        endpoints = "".join(f"- addresses: [{pod}]\n" for pod in pods)
        text += _SLICE.format(name=name, cluster=cluster, endpoints=endpoints)
    return text


def measure_gateway(work: Path, services: int, rounds: int = ROUNDS) -> EnvoyCost:
    """Compile a gateway of that many Services, and start an Envoy from it, some times over."""
    root = work / f"gateway-{services}"
    write_gateway(root, services)
    found = [_measured(root, work / f"gateway-{services}-{number}") for number in range(rounds)]
    return EnvoyCost(*(sorted(each)[rounds // 2] for each in zip(*found, strict=True)))


def _measured(root: Path, out: Path) -> EnvoyCost:
    if (root / ".fleetgate").exists():  # a build remembers the last one
        shutil.rmtree(root / ".fleetgate")
    compiling = measure([FLEETGATE, "build", "-C", root, "-o", out], ROOT).cpu
    text = (out / "gateways" / "public" / "envoy" / "bootstrap.json").read_text("utf-8")
    bootstrap = on_free_ports(json.loads(text))
    began = time.monotonic()
    with Envoy(bootstrap, out.with_name(f"{out.name}-run")) as envoy:
        start = time.monotonic() - began
        (clusters,) = envoy.stats(r"^cluster_manager\.active_clusters$").values()
        if clusters < len(list(root.glob("s*.yaml"))):
            raise RuntimeError(f"Envoy has {clusters} clusters alone")
        memory = envoy.memory() / 1e6
    return EnvoyCost(compiling, len(text.encode()) / 1e6, start, memory)


def measure_growth(work: Path, say: Callable[[str], None]) -> tuple[EnvoyCost, EnvoyCost]:
    """The costs of the small gateway and of the large one, measured below `work`."""
    found = []
    for services in (SMALL, LARGE):
        say(f"a gateway of {services} Services")
        found.append(measure_gateway(work, services))
    return found[0], found[1]


def rows(small: EnvoyCost, large: EnvoyCost) -> list[Row]:
    """What must hold of the large gateway, and of the growth to it."""

    def growth(what: str, before: float, after: float) -> Row:
        exponent = math.log(after / before) / math.log(LARGE / SMALL)
        return Row(
            f"{what}, growth from {SMALL} Services", exponent, "exponent", 1.1, 1.0, f"{before:.3g} to {after:.3g}"
        )

    here = f"{LARGE} Services x {CLUSTERS} clusters x {PODS} endpoints"
    return [
        Row(f"gateway compiled, {here}", large.compiling, "s", None, None),
        growth("gateway compiled", small.compiling, large.compiling),
        Row(f"its bootstrap.json, {here}", large.size, "MB", None, None),
        growth("its bootstrap.json", small.size, large.size),
        Row(f"Envoy started from it, {here}", large.start, "s of real time", 10, 2),
        growth("Envoy started", small.start, large.start),
        Row(f"memory of that Envoy, {here}", large.memory, "MB", 600, 300),
        growth("memory of Envoy", small.memory, large.memory),
    ]


def main() -> int:
    """Measure and print these rows; exit status 1 where a bound is missed."""
    with tempfile.TemporaryDirectory() as folder:
        found = rows(*measure_growth(Path(folder), lambda text: print(text, file=sys.stderr, flush=True)))
    print(table(found))
    return 0 if all(row.holds for row in found) else 1


if __name__ == "__main__":
    sys.exit(main())
