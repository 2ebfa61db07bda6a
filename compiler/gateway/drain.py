"""The end of a gateway pod: Envoy finishes what it has, and sends clients elsewhere, before it is stopped."""

from __future__ import annotations

import asyncio
import http.client
import signal


async def drain_at_the_end(admin: tuple[str, int]) -> str:
    """Wait for SIGTERM or SIGINT, then let the Envoy with this admin interface drain; how that went, for the log.

    Readiness fails at once, so that no new connection comes. Connections that are there are closed one by one, each
    with an answer that says so, while the listeners stay open.
    """
    ends = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ends.set)
    await ends.wait()
    return await asyncio.to_thread(drain, admin)


def drain(admin: tuple[str, int]) -> str:
    """Let Envoy drain; how that went."""
    for path in ("/healthcheck/fail", "/drain_listeners?graceful&skip_exit"):
        connection = http.client.HTTPConnection(*admin, timeout=5)
        try:
            connection.request("POST", path)
            status = connection.getresponse().status
        except (OSError, http.client.HTTPException) as failed:
            return f"Envoy does not drain: {path}: {failed}"
        finally:
            connection.close()
        if status != 200:
            return f"Envoy does not drain: {path}: status {status}"
    return "Envoy drains"
