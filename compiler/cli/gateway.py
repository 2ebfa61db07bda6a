"""`fleetgate gateway`: serve the compiled configuration of a gateway to its Envoy, and follow its changes."""

from __future__ import annotations

import asyncio
import contextlib
import io
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from compiler.cli.outcome import CLEAN, ERRORS, Outcome, usage
from compiler.cli.terminal import escape

if TYPE_CHECKING:
    from argparse import Namespace

    from compiler.cli.terminal import Terminal
    from compiler.gateway.serving import Event
    from compiler.gateway.settings import Settings
    from compiler.gateway.source import Source

_LONGEST_SOCKET = 107
"""Bytes (Linux, unix(7): `sun_path` without its end)."""
_NEEDS = "fleetgate gateway needs more packages than the compiler: pip install 'fleetgate[gateway]'"


def run(arguments: Namespace, terminal: Terminal) -> Outcome:
    """Serve until SIGTERM or SIGINT; with `--print-bootstrap` print what Envoy is to be started with instead."""
    del terminal
    if arguments.drains:
        return _drain(arguments)
    from compiler.gateway.source import NotUsableError  # noqa: PLC0415 - this command alone needs the room

    source = _source(arguments)
    try:
        if arguments.print_bootstrap:
            return _bootstrap(source, arguments.socket)
    except NotUsableError as why:
        return Outcome(ERRORS, err=f"fleetgate: {escape(str(why))}\n")
    settings = _settings(arguments)
    return settings if isinstance(settings, Outcome) else _served(source, settings)


def _served(source: Source, settings: Settings) -> Outcome:
    """Serve until the end."""
    if _answers(settings.socket):
        there = f"--socket {escape(str(settings.socket))}: another server answers there"
        return usage(f"{there}: end it, or name another path")
    try:
        from compiler.gateway.run import serve  # noqa: PLC0415 - gRPC takes a third of a second
    except ModuleNotFoundError:
        return usage(_NEEDS)
    asyncio.run(serve(source, settings, _tell))
    return Outcome(CLEAN)


def _drain(arguments: Namespace) -> Outcome:
    """Let Envoy drain when this process is to end."""
    from compiler.gateway.drain import drain_at_the_end  # noqa: PLC0415 - this command alone needs it

    settings = _settings(arguments)
    if isinstance(settings, Outcome):
        return settings
    if settings.admin is None:
        return usage("--drains needs the admin interface of Envoy (--admin)")
    return Outcome(CLEAN, err=asyncio.run(drain_at_the_end(settings.admin)) + "\n")


def _source(arguments: Namespace) -> Source:
    from compiler.gateway.parts import PartsSource  # noqa: PLC0415 - this command alone needs the room
    from compiler.gateway.source import TreeSource  # noqa: PLC0415 - as above

    if arguments.parts:
        return PartsSource(Path(arguments.parts), arguments.gateway)
    return TreeSource(Path(arguments.tree), arguments.gateway)


def _bootstrap(source: Source, socket: str) -> Outcome:
    """The bootstrap for the Envoy beside this server."""
    import json  # noqa: PLC0415 - this command alone needs it

    from compiler.gateway.source import NotUsableError  # noqa: PLC0415 - as above
    from compiler.targets.envoy.dynamic import dynamic_bootstrap  # noqa: PLC0415 - as above

    found = source.poll()
    if found is None:
        raise NotUsableError("an update is under way: try again when it is done")
    static = json.loads(found.bootstrap)
    return Outcome(CLEAN, json.dumps(dynamic_bootstrap(static, str(Path(socket).absolute())), indent=2) + "\n")


def _settings(arguments: Namespace) -> Settings | Outcome:
    from compiler.gateway.settings import Settings  # noqa: PLC0415 - this command alone needs it

    addresses: dict[str, tuple[str, int] | None] = {}
    for name in ("admin", "health"):
        text = getattr(arguments, name)
        host, _, port = text.rpartition(":")
        if text and not (host and port.isdecimal() and int(port) < 65536):
            return usage(f"--{name} {escape(text)}: an address is HOST:PORT, such as 127.0.0.1:9901")
        addresses[name] = (host.strip("[]"), int(port)) if text else None
    if problem := _socket_problem(Path(arguments.socket)):
        return usage(f"--socket {escape(arguments.socket)}: {problem}")
    return Settings(
        gateway=arguments.gateway,
        socket=Path(arguments.socket),
        state=Path(arguments.state) if arguments.state else None,
        admin=addresses["admin"],
        health=addresses["health"],
        linger_s=arguments.linger,
    )


def _socket_problem(socket: Path) -> str:
    """Why Envoy could not be served there; "" = it can. A socket that a dead server left is replaced, nothing else."""
    if len(os.fsencode(socket.absolute())) > _LONGEST_SOCKET:
        return f"the path of a Unix socket has {_LONGEST_SOCKET} bytes at most"
    if os.path.lexists(socket) and not socket.is_socket():
        return "something else is there, which would be lost: name a path that is free"
    return ""


def _answers(socket: Path) -> bool:
    """Whether somebody listens at a socket. To take it away would leave that server without any Envoy, in silence."""
    import socket as sockets  # noqa: PLC0415 - this command alone needs it

    with sockets.socket(sockets.AF_UNIX) as client:
        client.settimeout(0)
        try:
            client.connect(os.fspath(socket))
        except BlockingIOError:  # so many ask at once that it takes no more for now
            return True
        except OSError:
            return False
        return True


def _tell(event: Event) -> None:
    """A line for the log, at once: this command has no end at which it could be printed.

    Without anybody to read it the server goes on: Envoys depend on it.
    """
    revision = f" {event.revision}" if event.revision else ""
    if isinstance(sys.stderr, io.TextIOBase):  # it may have been closed from the start
        with contextlib.suppress(OSError):
            sys.stderr.write(f"{event.what}{revision}: {escape(event.text)}\n")
            sys.stderr.flush()
