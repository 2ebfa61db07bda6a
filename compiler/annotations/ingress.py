"""What the annotations of one object say, typed: a field per family."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from compiler.annotations.alias import Aliases
    from compiler.annotations.canary import Canary
    from compiler.annotations.conditions import Conditions
    from compiler.annotations.destination import Destination
    from compiler.annotations.family import ServiceRef
    from compiler.annotations.ip_access import AddressLists
    from compiler.annotations.mirror import MirrorTo
    from compiler.annotations.own import Clusters, Priority
    from compiler.annotations.path_matching import PathMatching
    from compiler.annotations.path_rewrite import PathRewrite
    from compiler.annotations.protocol import BackendProtocol
    from compiler.annotations.redirect import Redirects
    from compiler.annotations.regex import PathRegex
    from compiler.annotations.rewrite import Rewriting
    from compiler.annotations.subset import SubsetChoice
    from compiler.ir.traffic import (
        Affinity,
        Balance,
        BasicAuth,
        ConcurrencyLimit,
        ConnectionPool,
        Cors,
        CustomErrors,
        GlobalLimit,
        HeaderControl,
        LocalLimit,
        Retry,
        Timeout,
        TlsSettings,
        UpstreamTls,
        WasmPlugin,
    )


class IngressAnnotations(Struct, frozen=True, gc=False):
    """The annotations of one Ingress. None = the family says nothing."""

    canary: Canary | None = None
    subset: SubsetChoice | None = None
    destination: Destination | None = None
    fallback: ServiceRef | None = None
    """Takes over when the backend has no usable endpoint; never with a port."""
    regex: PathRegex | None = None
    """There = every path is a regex."""
    rewrite: Rewriting | None = None
    redirects: Redirects | None = None
    timeout: Timeout | None = None
    retry: Retry | None = None
    mirror: MirrorTo | None = None
    headers: HeaderControl | None = None
    cors: Cors | None = None
    errors: CustomErrors | None = None
    """Never without `fallback`."""
    aliases: Aliases | None = None
    local_limit: LocalLimit | None = None
    global_limit: GlobalLimit | None = None
    concurrency: ConcurrencyLimit | None = None
    access: AddressLists | None = None
    tls: TlsSettings | None = None
    """Of its hosts; without an owner."""
    auth: BasicAuth | None = None
    wasm: WasmPlugin | None = None
    protocol: BackendProtocol | None = None
    balance: Balance | None = None
    """Without the cookie."""
    affinity: Affinity | None = None
    pool: ConnectionPool | None = None
    upstream_tls: UpstreamTls | None = None
    priority: Priority | None = None
    """None = 0."""
    conditions: Conditions | None = None
    path_matching: PathMatching | None = None
    path_rewrite: PathRewrite | None = None
    passthrough: tuple[tuple[str, str], ...] = ()
    """Annotations of others, untouched, sorted by key."""
    is_broken: bool = False
    """Whether an error was found: what is here is then not the whole, and nothing should be concluded from it."""
    has_default_limit: bool = True
    """Whether its gateway limits the size of patterns as Envoy does by default."""


class ServiceAnnotations(Struct, frozen=True, gc=False):
    """The annotations of one plain Service."""

    clusters: Clusters | None = None
    """Where it exists; None = not said."""
    passthrough: tuple[tuple[str, str], ...] = ()
    """Annotations of others, untouched, sorted by key."""
    is_broken: bool = False
    """Whether an error was found."""
