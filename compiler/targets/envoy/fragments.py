"""What a cell adds to the Envoy configuration of a gateway: pieces of JSON text, put together by delivery.

A gateway has one configuration, and a fleet many cells. So that an edit costs its cell, each leaves the text of its
hosts and clusters, and delivery sorts and concatenates them without a look inside.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

Section = Literal["cluster", "host", "chain", "name", "secure-host", "secret", "users", "in-flight"]
"""`cluster`: an upstream cluster. `host`: a virtual host of listeners without TLS. `chain`: the TLS side of a
certificate (its group). `name`: a server name for which that certificate is presented. `secure-host`: a virtual host
behind it. `secret`: a file that says where Envoy finds a Secret. `users`: a Secret by which clients log in.
`in-flight`: a filter that counts the requests in flight of a rule."""


class Fragment(msgspec.Struct, array_like=True, frozen=True, gc=False, order=True):
    """One piece. Pieces of several cells that have section, group and name in common are equal."""

    gateway: str
    section: Section
    group: str
    """For `chain`, `name` and `secure-host`: the chain; else ""."""
    name: str
    text: str
    """JSON object; for `name` nothing."""


encode = msgspec.json.Encoder().encode


def text_of(resource: Any) -> str:
    """Plain data as compact JSON text on one line; keys stay in their order."""
    return encode(resource).decode()
