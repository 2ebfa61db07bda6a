"""The dialect of Higress: annotations under `higress.io/` that no other gateway has, read where a Fleet asks for it.

What Higress shares with MSE and ingress-nginx is read under their prefixes alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from compiler.annotations import conditions, path_matching, path_rewrite

if TYPE_CHECKING:
    from compiler.annotations.family import Family

FAMILIES: tuple[Family, ...] = (conditions.FAMILY, path_matching.FAMILY, path_rewrite.FAMILY)
"""Those of it that routing can express, in the order in which findings about one Ingress arise."""


class Refused(Struct, frozen=True, gc=False):
    """An annotation that no target of ours can express."""

    name: str
    """With a star at its end: every name that begins so."""
    instead: str


_NO_SERVICE = "route to a Service; fleetgate knows none of Higress's registries"
_NO_MCP = "run the MCP server as an application, and route to its Service"

REFUSED: tuple[Refused, ...] = (
    Refused("mirror-target-fqdn", "write mse.ingress.kubernetes.io/mirror-target-service"),
    Refused("mirror-target-fqdn-port", "write mse.ingress.kubernetes.io/mirror-target-service, as NAME:PORT"),
    Refused("rpc-destination-name", _NO_SERVICE),
    Refused("mcp-server*", _NO_MCP),
    Refused("mcp-sse-stateful-param-name", _NO_MCP),
)
