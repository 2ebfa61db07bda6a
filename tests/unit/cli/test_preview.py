"""What `fleetgate preview` prints while it runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from compiler.cli.preview import _curls
from compiler.drill.local import PASSWORD, USER
from compiler.drill.preview import Running
from compiler.ir.traffic import BasicAuth, SecretRef
from tests.unit.trace.programs import PLAIN, gateway, host, matching, route

if TYPE_CHECKING:
    from compiler.drill.envoy import Envoy


def test_a_line_to_try_brings_the_credentials_that_its_route_asks_for() -> None:
    """Without them it would show a 401."""
    guarded = route("staff", matching("/staff"), auth=BasicAuth(SecretRef("shop", "accounts"), "auth-file"))
    entry = gateway(host(guarded, route("cart")), listeners=(PLAIN,))
    running = Running(entry, cast("Envoy", None), {PLAIN.name: ("127.0.0.1", 8080)})
    assert _curls(running) == [
        f"curl --connect-to ::127.0.0.1:8080 -u {USER}:{PASSWORD} http://shop.example.com/staff",
        "curl --connect-to ::127.0.0.1:8080 http://shop.example.com/",
    ]
