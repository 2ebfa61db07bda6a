"""The server of a gateway, from its settings to its end."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import signal
from typing import TYPE_CHECKING

from compiler.gateway.admin import EnvoyAdmin
from compiler.gateway.health import serve_health
from compiler.gateway.server import Server
from compiler.gateway.serving import Serving
from compiler.gateway.snapshot import Builder
from compiler.gateway.state import Remembered, recall

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from compiler.gateway.serving import Event
    from compiler.gateway.settings import Settings
    from compiler.gateway.source import Source


async def serve(
    source: Source,
    settings: Settings,
    report: Callable[[Event], None],
    *,
    stopped: asyncio.Event | None = None,
    transform: Callable[[dict[str, Any]], dict[str, Any]] | None = None,
) -> None:
    """Serve what `source` holds until SIGTERM or SIGINT comes, or `stopped` is set (then signals are not touched).

    `transform` changes each bootstrap before it is served: see `Builder`.
    """
    ends = stopped or asyncio.Event()
    if stopped is None:
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, ends.set)
    remembered = recall(settings.state) if settings.state else Remembered()
    serving = Serving(source, Builder(transform), remembered, report)
    serving.follow()
    gc.freeze()
    gc.enable()  # commands do without, but this one has no end
    server = Server(
        serving,
        settings.gateway,
        report,
        admin=EnvoyAdmin(*settings.admin) if settings.admin else None,
        state=settings.state,
        linger_s=settings.linger_s,
    )
    with contextlib.ExitStack() as stack:
        if settings.health:
            stack.enter_context(contextlib.contextmanager(serve_health)(*settings.health, lambda: server.status))
        await server.run(settings.socket, ends)
