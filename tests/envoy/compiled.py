"""A fleet, compiled for target envoy and started as it is: a real Envoy before stub pods on loopback addresses."""

from __future__ import annotations

import json
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Self

import msgspec
import yaml

from compiler import pipeline
from compiler.drill.backends import Backends, Endpoint
from compiler.drill.envoy import Envoy, on_free_ports
from compiler.drill.load import Ask, ask
from compiler.drill.stub.pod import Said
from tests.small_fleet import HOST

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from compiler.drill.load import ClientTls, Sample
    from tests.small_fleet import Document

ENVOY: dict[str, Any] = {"targets": ["envoy"]}
"""What makes the gateway of a small fleet one of Envoy alone."""
PORT = 8080
_ADDRESSES = 250


class Pods:
    """Addresses for stub pods in a loopback network, and the EndpointSlices that tell of them.

    Beyond 250 pods the addresses are used again, with another port.
    """

    def __init__(self, network: str) -> None:
        self._network = network
        self._given = 0
        self.endpoints: list[Endpoint] = []
        self.slices: list[Document] = []

    def add(
        self,
        service: str,
        cluster: str,
        count: int = 2,
        *,
        labels: Mapping[str, str] | None = None,
        namespace: str = "shop",
        **more: Any,
    ) -> list[Endpoint]:
        """Pods of a Service. `labels`: theirs; `more`: fields of `Endpoint`."""
        start = self._given
        if start // _ADDRESSES != (start + count - 1) // _ADDRESSES:  # a slice has one port
            start += _ADDRESSES - start % _ADDRESSES
        port = PORT + start // _ADDRESSES
        self._given = start + count
        made = [
            Endpoint(
                address=f"{self._network}.{n % _ADDRESSES + 1}",
                port=port,
                cluster=cluster,
                service=f"{namespace}/{service}",
                **more,
            )
            for n in range(start, start + count)
        ]
        self.endpoints += made
        self.slices.append(
            {
                "apiVersion": "discovery.k8s.io/v1",
                "kind": "EndpointSlice",
                "metadata": {
                    "name": f"{service}-{cluster}-{start}",
                    "namespace": namespace,
                    "labels": {
                        "kubernetes.io/service-name": service,
                        "topology.istio.io/cluster": f"c-{cluster}",
                        **(labels or {}),
                    },
                },
                "addressType": "IPv4",
                "endpoints": [{"addresses": [each.address]} for each in made],
                "ports": [{"name": "http", "port": port}],
            }
        )
        return made


class Gateway:
    """The running gateway; a context manager. Each namespace of the fleet has a file of its own."""

    def __init__(self, documents: Iterable[Document], pods: Pods, folder: Path) -> None:
        self.folder = folder
        self._stack = ExitStack()
        root, tree = folder / "root", folder / "tree"
        root.mkdir()
        by_namespace: dict[str, list[Document]] = {}
        for document in (*documents, *pods.slices):
            by_namespace.setdefault(document["metadata"].get("namespace", "fleet"), []).append(document)
        for namespace, found in by_namespace.items():
            (root / f"{namespace}.yaml").write_text(yaml.safe_dump_all(found))
        built = pipeline.build(pipeline.Options(root=str(root)), str(tree), verify=False, progress=lambda *_: None)
        self.findings = built.findings
        errors = [
            f"{f.code.name} at {f.origin.file}: {f.value}: {f.why}" for f in self.findings if f.code.severity == "error"
        ]
        assert not errors, "\n".join(errors)
        files = tree / "gateways" / "public" / "envoy"
        # Envoy is not started in that folder
        text = (files / "bootstrap.json").read_text().replace('"./secrets/', f'"{files}/secrets/')
        self.bootstrap = on_free_ports(json.loads(text))
        self.backends = Backends(pods.endpoints, folder)

    def __enter__(self) -> Self:
        self._stack.enter_context(self.backends)
        self.envoy = self._stack.enter_context(Envoy(self.bootstrap, self.folder))
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def ask(self, *asks: Ask, listener: str = "http", tls: ClientTls | None = None) -> list[Sample]:
        """The answers to requests, sent in order; those that name no host ask for that of the small fleet."""
        named = [msgspec.structs.replace(each, host=each.host or HOST) for each in asks]
        return ask(self.envoy.address(listener), *named, tls=tls)

    def get(self, path: str, *, host: str = HOST, **headers: str) -> Sample:
        """The answer to one GET; `x_stage="b"` is the header `x-stage: b`."""
        pairs = tuple((name.replace("_", "-"), value) for name, value in headers.items())
        (sample,) = self.ask(Ask(path=path, host=host, headers=pairs))
        return sample


def seen(sample: Sample) -> Said:
    """What the pod that answered says of the request."""
    return msgspec.json.decode(sample.body, type=Said)


def header(sample: Sample, name: str) -> Sequence[str]:
    """The values of a header of an answer."""
    return [value for key, value in sample.headers if key.lower() == name]
