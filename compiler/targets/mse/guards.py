"""Who may pass a route, and how many, in the words of MSE: limits, address lists, passwords, plug-ins."""

from __future__ import annotations

from typing import TYPE_CHECKING

from compiler.ir.traffic import Rejection
from compiler.targets.mse.keys import MSE, NGINX, Pairs

if TYPE_CHECKING:
    from compiler.ir.traffic import AddressList, BasicAuth, Policies

BURST = 5
"""Multiple of a local limit that its bucket holds where nothing is said (MSE annotation reference)."""


def guards(written: Policies) -> Pairs:
    """What stands before the backend of a route."""
    pairs = limits(written)
    if written.access:
        pairs.append(access(written.access))
    if written.auth:
        pairs += auth(written.auth)
    if written.wasm:
        pairs.append((f"{MSE}wasmplugin", written.wasm.config))
    return pairs


def limits(written: Policies) -> Pairs:
    """Bounds of what a route lets pass, and the answer beyond them."""
    pairs: Pairs = []
    local = written.local_limit
    if local:
        pairs.append((f"{MSE}route-limit-{'rpm' if local.unit_s == 60 else 'rps'}", str(local.requests)))
        if local.requests and local.burst != BURST * local.requests:
            pairs.append((f"{MSE}route-limit-burst-multiplier", str(local.burst // local.requests)))
    if written.global_limit:
        pairs.append((f"{MSE}rate-limit", str(written.global_limit.requests_per_second)))
        pairs += rejection("rate-limit", written.global_limit.rejection)
    if written.concurrency:
        pairs.append((f"{MSE}concurrency-limit", str(written.concurrency.requests)))
        pairs += rejection("concurrency-limit", written.concurrency.rejection)
    return pairs


def rejection(limit: str, written: Rejection) -> Pairs:
    """The answer beyond a limit; what is the default is left out."""
    if written.redirect:
        return [(f"{MSE}{limit}-fallback-redirect-url", written.redirect)]
    stem, default = f"{MSE}{limit}-fallback-custom-response", Rejection()
    pairs: Pairs = []
    if written.status != default.status:
        pairs.append((f"{stem}-code", str(written.status)))
    if written.content_type != default.content_type:
        pairs.append((f"{stem}-body-type", "json"))
    if written.body != default.body:
        pairs.append((f"{stem}-body", written.body))
    return pairs


def access(written: AddressList, scope: str = "") -> tuple[str, str]:
    """A list of client addresses; `scope` is `domain-` for that of a host."""
    word = written.word or ("whitelist" if written.kind == "allow" else "blacklist")
    prefix = MSE if scope or word == "blacklist" else NGINX
    return (f"{prefix}{scope}{word}-source-range", ",".join(written.ranges))


def auth(written: BasicAuth) -> Pairs:
    """Who is asked for a password."""
    pairs = [(f"{NGINX}auth-type", "basic"), (f"{NGINX}auth-secret", str(written.secret))]
    if written.form != "auth-file":
        pairs.append((f"{NGINX}auth-secret-type", written.form))
    if written.realm:
        pairs.append((f"{NGINX}auth-realm", written.realm))
    return pairs
