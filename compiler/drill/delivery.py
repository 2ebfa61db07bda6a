"""`fleetgate gateway` as a child process, and the Envoy that it serves."""

from __future__ import annotations

import json
import socket
import sys
from typing import TYPE_CHECKING, Any, Self

from compiler.drill.children import Child, wait_until
from compiler.targets.envoy.dynamic import dynamic_bootstrap

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path
    from types import TracebackType

_LOCAL = "127.0.0.1"
_MAIN = "from compiler.cli import main; main()"


class DeliveryFailedError(Exception):
    """The server ended by itself; the text holds the end of its log."""


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nobody uses now."""
    with socket.socket() as probe:
        probe.bind((_LOCAL, 0))
        port: int = probe.getsockname()[1]
        return port


def with_admin_port(bootstrap: Mapping[str, Any], port: int) -> dict[str, Any]:
    """A bootstrap with its admin interface at that port of 127.0.0.1."""
    return {**bootstrap, "admin": {"address": {"socket_address": {"address": _LOCAL, "port_value": port}}}}


class Delivery:
    """The server of a gateway; a context manager that starts and stops it. It can be killed and started again."""

    def __init__(self, source: Sequence[str], gateway: str, folder: Path, *, linger_s: float = 1.0) -> None:
        """`source`: `--tree DIR` or `--parts DIR`. `folder` takes socket, state and log; its path has to be short, as a
        socket's may have 107 characters.
        """
        folder.mkdir(parents=True, exist_ok=True)
        self.socket = folder / "ads.sock"
        self.admin_port = free_port()
        """Where the Envoy that is served has to have its admin interface."""
        self._log = folder / "gateway.log"
        self._arguments = (
            *("gateway", *source, "--gateway", gateway, "--socket", str(self.socket), "--state", str(folder / "state")),
            *("--admin", f"{_LOCAL}:{self.admin_port}", "--linger", str(linger_s)),
        )
        self._child: Child | None = None

    def __enter__(self) -> Self:
        """Start it."""
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End it."""
        if self._child is not None:
            self._child.stop()

    def start(self) -> None:
        """Start it, and wait until it listens."""
        self.socket.unlink(missing_ok=True)
        self._child = Child((sys.executable, "-P", "-c", _MAIN, *self._arguments), self._log)
        wait_until(self._listens, 30, "the ADS server to listen")

    def _listens(self) -> bool:
        assert self._child is not None
        if not self._child.is_running:
            raise DeliveryFailedError(f"the ADS server ended by itself ({self._child.status})\n{self._child.tail()}")
        with socket.socket(socket.AF_UNIX) as probe:
            try:
                probe.connect(str(self.socket))
            except OSError:
                return False
        return True

    def kill(self) -> None:
        """End it at once, as a crash would."""
        assert self._child is not None
        self._child.kill()

    @property
    def log(self) -> list[str]:
        """What it has told, line by line."""
        return self._log.read_text("utf-8", "replace").splitlines() if self._log.exists() else []

    def memory(self) -> int:
        """Resident memory in bytes (Linux)."""
        assert self._child is not None
        return self._child.memory()

    def wait_for(self, text: str, *, times: int = 1, seconds: float = 30) -> None:
        """Wait until so many lines of the log hold `text`."""
        wait_until(
            lambda: sum(text in line for line in self.log) >= times, seconds, f"{text!r} in {self.log}", pause=0.005
        )

    def bootstrap(self, static: bytes) -> dict[str, Any]:
        """The bootstrap of the Envoy that is served; `static`: the `bootstrap.json` of the tree."""
        return with_admin_port(dynamic_bootstrap(json.loads(static), str(self.socket)), self.admin_port)
