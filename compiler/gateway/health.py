"""Pages for probes and people: `/healthz` (it runs), `/readyz` (it has something to serve), `/status` (JSON)."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from compiler.gateway.serving import Status


def serve_health(host: str, port: int, status: Callable[[], Status]) -> Iterator[int]:
    """Serve the pages until the iteration goes on; yields the port (that was free, for port 0)."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            code, text = page(self.path, status())
            self.send_response(code)
            self.send_header("content-type", "application/json" if text.startswith("{") else "text/plain")
            self.send_header("content-length", str(len(text)))
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the parameter's name in http.server
            """Probes are no news."""

    with ThreadingHTTPServer((host, port), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True)
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()


def page(path: str, status: Status) -> tuple[int, str]:
    """The answer to a GET."""
    if path == "/healthz":
        return 200, "ok\n"
    if path == "/readyz":
        return (200, "ok\n") if status.revision else (503, f"nothing to serve yet: {status.reason or 'no source'}\n")
    if path == "/status":
        return 200, msgspec.json.encode(status).decode() + "\n"
    return 404, "/healthz, /readyz or /status\n"
