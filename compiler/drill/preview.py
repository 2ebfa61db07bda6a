"""Compiled gateways, running on this machine in front of stub backends, until the context ends."""

from __future__ import annotations

import contextlib
import json
import threading
from collections import Counter
from typing import TYPE_CHECKING, Any, Self

from msgspec import Struct

from compiler.diagnostics import Diagnostics
from compiler.drill.backends import Backends
from compiler.drill.envoy import Envoy, on_free_ports
from compiler.drill.local import localize
from compiler.ir.delivery import EnvoyGateway
from compiler.targets.envoy.bootstrap import BOOTSTRAP, assemble, folder_of
from compiler.targets.envoy.emission import emit_traffic

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path
    from types import TracebackType

    from compiler.diagnostics import Diagnostic
    from compiler.drill.local import LocalFleet
    from compiler.ir.traffic import Gateway, Traffic
    from compiler.targets.envoy.fragments import Fragment


class NotCompiledError(Exception):
    """Target envoy can't express something of the fleet."""

    def __init__(self, findings: tuple[Diagnostic, ...]) -> None:
        """With what it found."""
        super().__init__("the fleet does not compile for Envoy")
        self.findings = findings


class Running(Struct, frozen=True):
    """A gateway that runs."""

    gateway: Gateway
    envoy: Envoy
    addresses: dict[str, tuple[str, int]]
    """Address and port by the name of the listener."""

    def address(self, scheme: str) -> tuple[str, int]:
        """Where the gateway listens for a scheme."""
        protocol = scheme.upper()
        name = next(each.name for each in self.gateway.listeners if each.protocol == protocol)
        return self.addresses[name]


class Preview:
    """Gateways, and the pods behind them; a context manager that starts and stops them."""

    def __init__(self, traffic: Traffic, folder: Path) -> None:
        """`folder` takes configurations, certificates and logs. Gateways without a host are left out."""
        self._folder = folder
        self.fleet: LocalFleet = localize(traffic, folder)
        self.gateways: tuple[Running, ...] = ()
        self._stack = contextlib.ExitStack()
        self._backends = Backends(self.fleet.endpoints, folder / "backends")
        self._lock = threading.Lock()  # the page is served by threads of its own

    def __enter__(self) -> Self:
        """Start backends, then gateways."""
        with contextlib.ExitStack() as stack:
            compiled = self._compiled()
            stack.enter_context(self._backends)
            running = []
            for gateway, bootstrap in compiled:
                envoy = stack.enter_context(Envoy(bootstrap, self._folder / gateway.name))
                running.append(Running(gateway, envoy, envoy.addresses()))
            self.gateways = tuple(running)
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End all of them."""
        self._stack.close()

    def counts(self) -> dict[str, dict[str, int]]:
        """Requests that backends have had, by `namespace/service` and cluster."""
        found: dict[str, Counter[str]] = {}
        with self._lock:
            for cluster in self._backends.clusters:
                counts = self._backends.requests(cluster)
                for endpoint in self._backends.endpoints(cluster):
                    found.setdefault(endpoint.service, Counter())[cluster] += counts.get(endpoint.place, 0)
        return {service: dict(counter) for service, counter in sorted(found.items())}

    def _compiled(self) -> list[tuple[Gateway, dict[str, Any]]]:
        """The bootstrap of each gateway, with free ports."""
        gateways = [gateway for gateway in self.fleet.traffic.gateways if gateway.hosts]
        settings = [local_settings(gateway, str(self.fleet.secrets)) for gateway in gateways]
        findings = Diagnostics()
        fragments = emit_traffic(self.fleet.traffic, settings, findings)
        if findings.has_errors:
            raise NotCompiledError(findings.sorted())
        return [
            (gateway, place(each, fragments, self._folder / gateway.name))
            for gateway, each in zip(gateways, settings, strict=True)
        ]


def place(settings: EnvoyGateway, fragments: Iterable[Fragment], home: Path) -> dict[str, Any]:
    """The bootstrap of a gateway for this machine: on free ports, with the files that it names written below `home`."""
    bootstrap: dict[str, Any] = {}
    for emission in assemble(settings, fragments):
        text = "".join(emission.text)
        name = emission.path.removeprefix(f"{folder_of(settings.gateway)}/")
        if name == BOOTSTRAP:
            bootstrap = json.loads(text)
        else:
            (home / name).parent.mkdir(parents=True, exist_ok=True)
            (home / name).write_text(text, "utf-8")
    return on_free_ports(_at(bootstrap, str(home)))


def local_settings(gateway: Gateway, secrets: str) -> EnvoyGateway:
    """One proxy is trusted, so that `X-Forwarded-For` can say whom a request comes from."""
    return EnvoyGateway(
        gateway=gateway.name,
        image="",
        replicas=1,
        placement=(),
        listeners=gateway.listeners,
        trusted_hops=1,
        service_type="ClusterIP",
        service_annotations=(),
        secrets_folder=secrets,
    )


def _at(value: Any, home: str) -> Any:
    """A configuration with its files in `home` rather than in the folder where Envoy is started."""
    if isinstance(value, dict):
        return {
            key: f"{home}/{item[2:]}"
            if key == "path" and isinstance(item, str) and item.startswith("./")
            else _at(item, home)
            for key, item in value.items()
        }
    return [_at(item, home) for item in value] if isinstance(value, list) else value
