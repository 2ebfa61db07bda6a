"""Rolling updates under mixed load: of backends, whose endpoints change by ADS, and of the gateway itself."""

from __future__ import annotations

import time
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Self

import msgspec
import yaml

from compiler import pipeline
from compiler.drill.backends import Backends, Endpoint
from compiler.drill.delivery import Delivery, free_port
from compiler.drill.envoy import LOCAL, Envoy, on_free_ports
from compiler.drill.load import Load, Plan
from compiler.drill.stub.spec import Behaviour
from compiler.gateway.drain import drain
from compiler.targets.envoy import folder_of
from tests.envoy.compiled import Pods
from tests.envoy.disasters.stage import GET, POST, Stage, by_cluster, of_cart
from tests.envoy.disasters.test_losses import pods_of
from tests.envoy.small_tree import write_tree
from tests.small_fleet import weights

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    import pytest

    from compiler.drill.load import Sample
    from tests.small_fleet import Document

FOLDER = folder_of("public")
STATUS_PORT = '"port_value":9902'
PRE_STOP_S = 1.0
"""Between the end of an endpoint and that of its pod; what is emitted pauses for longer."""
ASKS = (GET, GET, POST)


class Served:
    """A gateway that is served by ADS, whose pods come and go; a context manager."""

    def __init__(self, documents: Sequence[Document], pods: Pods, folder: Path) -> None:
        self.port = free_port()
        self._status_port = free_port()
        self._documents = documents
        for each in documents:
            if each["kind"] == "Fleet":
                each["spec"]["gateways"][0]["listeners"] = [{"name": "http", "port": self.port}]
        self._pods, self.folder = pods, folder
        self.backends = Backends(pods.endpoints, folder)
        self._tree = folder / "tree"
        self._delivery = Delivery(("--tree", str(self._tree)), "public", folder / "d")
        self._stack = ExitStack()
        self._published = 0

    def __enter__(self) -> Self:
        self._stack.enter_context(self.backends)
        return self

    def serve(self, ready: Iterable[Endpoint]) -> None:
        """Start with these pods."""
        self._write(ready)
        self._stack.enter_context(self._delivery)
        static = (self._tree / FOLDER / "bootstrap.json").read_bytes()
        self._stack.enter_context(Envoy(self._delivery.bootstrap(static), self.folder / "envoy"))
        self._delivery.wait_for("in-force")
        self._published = sum("in-force" in line for line in self._delivery.log)

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def publish(self, ready: Iterable[Endpoint]) -> None:
        """Let the endpoints be those of these pods, and wait until Envoy goes by it."""
        self._write(ready)
        self._published += 1
        self._delivery.wait_for("in-force", times=self._published)

    def _write(self, ready: Iterable[Endpoint]) -> None:
        """Compile the fleet with these pods, and put the tree of the gateway in its place."""
        addresses = {each.address for each in ready}
        slices = [msgspec.json.decode(msgspec.json.encode(each)) for each in self._pods.slices]
        for each in slices:
            each["endpoints"] = [e for e in each["endpoints"] if e["addresses"][0] in addresses]
        root, built = self.folder / "root", self.folder / "built"
        root.mkdir(exist_ok=True)
        (root / "all.yaml").write_text(yaml.safe_dump_all([*self._documents, *slices]))
        done = pipeline.build(pipeline.Options(root=str(root)), str(built), verify=False, progress=lambda *_: None)
        assert not [f for f in done.findings if f.code.severity == "error"], done.findings
        files = [file for file in (built / FOLDER).iterdir() if file.is_file()]
        texts = {
            f"{FOLDER}/{f.name}": f.read_text().replace(STATUS_PORT, f'"port_value":{self._status_port}') for f in files
        }
        write_tree(self._tree, texts)

    def load(self, **said: Any) -> Load:
        plan = Plan(targets=(f"{LOCAL}:{self.port}",), asks=ASKS, rate=300, workers=150, **said)
        return Load(plan, self.folder)


def check(samples: Sequence[Sample], executions: Any) -> None:
    """No request failed, and no POST was executed twice."""
    assert [(s.error or s.status) for s in samples if s.failed] == []
    assert [k for k, times in executions.items() if k[1] == "POST" and times > 1] == []


def test_pods_are_replaced_one_by_one_and_nobody_notices(
    tmp_path_factory: pytest.TempPathFactory, loopback: str
) -> None:
    """A new pod comes, an old one leaves the endpoints, pauses, drains, ends: 0 failed requests, POSTs too."""
    folder = tmp_path_factory.mktemp("r")
    pods = Pods(loopback)
    old = [end for cluster in "ab" for end in pods.add("cart", cluster, 2)]
    new = [end for cluster in "ab" for end in pods.add("cart", cluster, 2)]
    documents = of_cart(weights(a=50, b=50), {"a": 2, "b": 2})
    pods.add("cart", "x", 1)
    with Served(documents, pods, folder) as served:
        served.backends.behave(Behaviour(state="down"), new)
        ready = [each for each in pods.endpoints if each not in new]
        served.serve(ready)
        with served.load() as load:
            time.sleep(1)
            for leaves, comes in zip(old, new, strict=True):
                served.backends.behave(Behaviour(), [comes])
                ready = [comes if each is leaves else each for each in ready]
                served.publish(ready)
                left = time.monotonic()
                time.sleep(PRE_STOP_S)
                served.backends.behave(Behaviour(state="draining"), [leaves])
                time.sleep(0.3)
                served.backends.behave(Behaviour(state="down"), [leaves])
            samples = load.stop()
        executions = served.backends.executions()
        assert {s.place for s in samples if s.due > left + 0.2} == {each.place for each in new}
    check(samples, executions)


def test_a_cluster_is_scaled_to_nothing_and_nobody_notices(
    tmp_path_factory: pytest.TempPathFactory, loopback: str
) -> None:
    """Its endpoints end, then its pods, and its backends are killed for good measure: 0 failed requests, POSTs too."""
    folder = tmp_path_factory.mktemp("r")
    pods = pods_of(loopback, a=2, b=2, x=1)
    with Served(of_cart(weights(a=50, b=50), {"a": 2, "b": 2}), pods, folder) as served:
        served.serve(pods.endpoints)
        with served.load() as load:
            time.sleep(1)
            served.publish(pods.endpoints[2:])
            gone = time.monotonic()
            time.sleep(PRE_STOP_S)
            served.backends.kill("a")
            time.sleep(1)
            served.backends.start("a")
            served.publish(pods.endpoints)
            back = time.monotonic() + 0.5
            time.sleep(1.5)
            samples = load.stop()
        executions = served.backends.executions()
    check(samples, executions)
    assert set(by_cluster([s for s in samples if gone + 0.2 < s.due < gone + PRE_STOP_S + 0.5])) == {"b"}
    shares = by_cluster([s for s in samples if s.due > back])
    assert abs(shares["a"] - shares["b"]) < sum(shares.values()) / 5


def test_gateways_are_replaced_one_by_one_and_nobody_notices(tmp_path: Path, loopback: str) -> None:
    """Each Envoy drains as `fleetgate gateway --drains` lets it, ends, and another takes its place; clients go to the
    other one where a connection is refused: 0 failed GET, 0 POST executed twice.
    """
    with Stage(of_cart(weights(a=50, b=50), {"a": 2, "b": 2}), pods_of(loopback, a=2, b=2), tmp_path) as stage:
        boots = []
        for _ in range(2):
            boot = on_free_ports(stage.bootstrap)
            for listener in boot["static_resources"]["listeners"]:
                listener["address"]["socket_address"]["port_value"] = free_port()
            boots.append(boot)
        arguments = ("--drain-time-s", "1")
        envoys = [Envoy(boot, tmp_path / f"e{n}", arguments=arguments) for n, boot in enumerate(boots)]
        ends: list[tuple[float, float]] = []
        with envoys[0], envoys[1]:
            targets = tuple("{}:{}".format(*each.address("http")) for each in envoys)
            with stage.load(*ASKS, rate=300, targets=targets, retries_elsewhere=True) as load:
                time.sleep(1)
                for each in envoys:
                    assert drain(each.admin) == "Envoy drains"
                    time.sleep(1.5)
                    ending = time.monotonic()
                    each.stop()
                    ends.append((ending, time.monotonic()))
                    time.sleep(0.5)
                    each.start()
                    time.sleep(0.5)
                samples = load.stop()
        executions = stage.backends.executions()
    safe = [s for s in samples if ASKS[s.number % len(ASKS)] is GET]
    assert [(s.error or s.status) for s in safe if s.failed] == []
    assert [k for k, times in executions.items() if k[1] == "POST" and times > 1] == []
    failed = [s for s in samples if s.failed]
    under_way = [s for s in failed if any(s.due <= ended and s.due + s.ms / 1000 >= ending for ending, ended in ends)]
    assert failed == under_way, "a POST fails only on a connection that dies with its Envoy"
