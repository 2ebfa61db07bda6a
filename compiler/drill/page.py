"""The page of a preview: hosts, routes, clusters, and how many requests each backend has had.

`http.server` of the standard library serves it: one page and one document of numbers, for one reader on this machine.
A server with more to it would be one more package to install for that.
"""

from __future__ import annotations

import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Self

import msgspec

from compiler.ir.traffic import DirectResponse, Forward, Redirect
from compiler.pages import environment
from compiler.solver.shares import shares

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import TracebackType

    from compiler.drill.preview import Preview
    from compiler.ir.traffic import Gateway, Route

    Shown = tuple[Gateway, Mapping[str, tuple[str, int]]]
    """A gateway, and its addresses by listener."""

_HTML = "text/html; charset=utf-8"
_JSON = "application/json"
_STRICT = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'"


class Page:
    """Serves the page on a free port of 127.0.0.1; a context manager."""

    def __init__(self, preview: Preview, fleet: str) -> None:
        """`fleet`: its name."""
        clusters = [cluster.name for cluster in preview.fleet.traffic.clusters]
        gateways = [(running.gateway, running.addresses) for running in preview.gateways]
        html = render(fleet, clusters, gateways, preview.counts()).encode()

        class Handler(BaseHTTPRequestHandler):
            """Two documents; everything else is 404."""

            def do_GET(self) -> None:
                """Answer."""
                if self.path == "/":
                    self._answer(_HTML, html)
                elif self.path == "/counts":
                    self._answer(_JSON, msgspec.json.encode(preview.counts()))
                else:
                    self.send_error(HTTPStatus.NOT_FOUND)

            def _answer(self, kind: str, body: bytes) -> None:
                self.send_response(HTTPStatus.OK)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.send_header("Content-Security-Policy", _STRICT)
                self.send_header("Cache-Control", "no-store")
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name of the standard library
                """Say nothing: the terminal belongs to the preview."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self._server.server_port}/"

    def __enter__(self) -> Self:
        """Serve."""
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop, and wait for what is being answered."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def render(
    fleet: str, clusters: Sequence[str], gateways: Sequence[Shown], counts: Mapping[str, Mapping[str, int]]
) -> str:
    """The page as HTML; its script asks for `/counts`. `counts`: requests by Service and cluster."""
    page = environment("compiler.drill").get_template("page.html.j2")
    return page.render(fleet=fleet, gateways=gateways, clusters=clusters, counts=counts, leads=_leads)


def _leads(route: Route) -> list[str]:
    """Where a route leads, in words."""
    action = route.action
    if isinstance(action, Redirect):
        target = f"{action.scheme or '…'}://{action.host or '…'}{action.path or '/…'}"
        return [f"{action.status} {target}"]
    if isinstance(action, DirectResponse):
        return [str(action.status)]
    assert isinstance(action, Forward)
    total = sum(share.weight for share in action.split.shares)
    told = []
    for share in action.split.shares:
        spread = ", ".join(
            f"{cluster} {float(part) * 100:.4g} %" for cluster, part in shares(share.backend.spread, {}).parts
        )
        told.append(f"{share.backend.service} {100 * share.weight / total:.4g} % ({spread or 'no cluster'})")
    return told
