"""Traffic: which request goes to which pods of which clusters.

Gateway > VirtualHost > Route > Split of (Backend, weight) > Backend > Spread over clusters. Everything that
sources may disagree on is decided before: routes of a host stand in the order in which they are tried,
canaries are attached, losers are gone. All nodes are frozen and use tuples; origins take no part in equality.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from compiler.diagnostics import Origin


class Node(Struct, frozen=True, gc=False):
    """A frozen node of the program."""


Loss = Literal["Cluster", "Zone", "Region"]
"""What may be lost: any one cluster, any one zone (clusters that have no other), any one region."""

# --- who and where


class ObjectName(Node, frozen=True, order=True):
    """Namespace and name of a Service or of the object that declared a route."""

    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


class SecretRef(Node, frozen=True):
    """A Secret by reference; never its content."""

    namespace: str
    name: str
    origin: Origin = Origin("")

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


class Entry(Node, frozen=True):
    """The entry of a cluster whose pods a gateway can't reach directly."""

    addresses: tuple[str, ...]
    """IP addresses, sorted."""
    port: int
    server_name: str = ""
    """Name to send and to verify with TLS; "" = plain."""
    authority: SecretRef | None = None
    """By whose `ca.crt` it is verified; None = by the CAs of the system."""


class Cluster(Node, frozen=True):
    """A member cluster as traffic sees it."""

    name: str
    id: str
    """Identity that endpoints are labelled with."""
    region: str
    zones: tuple[str, ...]
    entry: Entry | None = None
    """None = a gateway reaches pods directly."""


class ServicePort(Node, frozen=True):
    """A port that a Service offers."""

    name: str
    number: int
    protocol: Literal["TCP", "UDP", "SCTP"] = "TCP"
    app_protocol: str = ""


class ServiceMember(Node, frozen=True):
    """One cluster in which a Service exists."""

    cluster: str
    replicas: int | None
    """Pods that are always there (the lower bound where autoscaled); None = not known (deployed by others)."""
    most_replicas: int | None = None
    """Upper bound where autoscaled."""
    requests_per_second: float | None = None
    """What one pod carries, as declared; None = nobody has said."""


class EndpointGroup(Node, frozen=True):
    """Addresses of pods of a Service in one cluster, as documents say: those that are ready and do not terminate."""

    cluster: str
    port_name: str
    """Name of the Service port that they serve."""
    port: int
    """Port of the pods."""
    addresses: tuple[str, ...]
    """IP addresses, sorted; may be empty: then the cluster is known to have none."""
    labels: tuple[tuple[str, str], ...] = ()
    """Labels of these pods, sorted."""


class Service(Node, frozen=True):
    """A Service of one name in several clusters: one pool."""

    name: ObjectName
    ports: tuple[ServicePort, ...]
    members: tuple[ServiceMember, ...]
    """Sorted by cluster name."""
    origin: Origin
    endpoints: tuple[EndpointGroup, ...] = ()
    """Static endpoints; none for a cluster of which no document speaks."""


class Demand(Node, frozen=True):
    """The declared peak of a Service, all clusters and gateways together."""

    service: ObjectName
    requests_per_second: float
    origin: Origin


# --- how traffic of a Service is spread over clusters


class Member(Node, frozen=True):
    """A cluster in a tier, with its weight: relative, positive."""

    cluster: str
    weight: int


class Tier(Node, frozen=True):
    """Clusters that serve together while one of them is left."""

    members: tuple[Member, ...]
    """Sorted by cluster name."""


class HealthCheck(Node, frozen=True):
    """How endpoints are checked. Times in milliseconds."""

    protocol: Literal["HTTP", "TCP", "GRPC"]
    path: str
    interval_ms: int
    timeout_ms: int
    unhealthy_threshold: int
    healthy_threshold: int
    is_declared: bool = True
    """Whether somebody wrote it; else it is the readinessProbe of the pods."""


class Failback(Node, frozen=True):
    """How traffic returns after recovery. Times in milliseconds, steps in percent of the declared share."""

    hold_ms: int
    steps: tuple[int, ...]
    step_interval_ms: int
    is_declared: bool = True
    """Whether somebody wrote it; else it is the default."""


class Spread(Node, frozen=True):
    """Shares over clusters for every set of lost clusters.

    The first tier that has a healthy endpoint serves; inside a tier the healthy clusters share by weight. With
    `by_replicas` the weights are pod numbers, and a data plane balances over pods directly.
    """

    tiers: tuple[Tier, ...]
    by_replicas: bool
    excluded: tuple[str, ...] = ()
    """Clusters that get nothing, never, not even as last resort; sorted."""
    spill_below_percent: int = 0
    """Traffic leaves a tier when less than this share of it is healthy; 0 = when nothing is left."""
    health_check: HealthCheck | None = None
    hedge_delay_ms: int | None = None
    idempotent_methods: tuple[str, ...] = ()
    failback: Failback | None = None
    survive: tuple[Loss, ...] | None = None
    """Losses after which some cluster must still serve; None = nobody has thought of it."""
    origin: Origin = Origin("")
    """Where the spread was declared (policy, annotation, or the app itself)."""

    @property
    def clusters(self) -> tuple[str, ...]:
        """Every cluster that may ever serve, sorted."""
        return tuple(sorted({m.cluster for t in self.tiers for m in t.members}))


# --- where matched traffic goes


class Subset(Node, frozen=True):
    """Some pods of a Service, by labels other than the cluster's; no pod left = all pods of the Service."""

    name: str
    labels: tuple[tuple[str, str], ...]
    without_prefix: str = ""
    """Pods that carry no label which begins so (or an empty one) are meant; "" = no such condition."""


class HashKey(Node, frozen=True):
    """What requests are hashed by; equal keys meet one endpoint."""

    kind: Literal["uri", "host", "address", "header", "query"]
    """`uri`: path and query. `address`: of the client."""
    name: str = ""
    """Of the header (lower case) or the query parameter."""


class Affinity(Node, frozen=True):
    """A cookie that the gateway sets, and hashes on."""

    cookie: str
    path: str
    max_age_s: int | None
    """Lifetime in seconds; None = until the browser closes."""
    origin: Origin = Origin("")


class Balance(Node, frozen=True):
    """How an endpoint is chosen. A cookie beats a hash key, and that beats the algorithm."""

    algorithm: Literal["round_robin", "least_conn", "random"] = "round_robin"
    warmup_s: int = 0
    """Seconds in which the share of a new endpoint grows; 0 = it gets its share at once."""
    hash_by: HashKey | None = None
    affinity: Affinity | None = None
    origin: Origin = Origin("")


class ConnectionPool(Node, frozen=True):
    """Bounds of the connections from one gateway replica to a Service; None = no bound of ours."""

    max_connections: int | None = None
    """Over all endpoints."""
    max_connections_per_endpoint: int | None = None
    max_requests_per_connection: int | None = None
    origin: Origin = Origin("")


class UpstreamTls(Node, frozen=True):
    """TLS to the backend, where its protocol has TLS."""

    client_certificate: SecretRef | None = None
    """What the gateway presents (`tls.crt`, `tls.key`), and by whose `ca.crt` it verifies the backend."""
    sends_server_name: bool = False
    """Whether a server name (SNI) is sent."""
    server_name: str = ""
    """The name to send; "" = the Host of the request."""
    verifies: bool = False
    """Whether the author asked for the backend's certificate to be verified."""
    origin: Origin = Origin("")


class ServicePolicy(Node, frozen=True):
    """How a gateway speaks to a port of a Service, whatever route leads there. One per Service and port."""

    protocol: Literal["HTTP", "HTTP2", "HTTPS", "GRPC", "GRPCS"] = "HTTP"
    """`HTTP2`, `GRPC` and `GRPCS` speak HTTP/2; `HTTPS` and `GRPCS` use TLS."""
    balance: Balance | None = None
    pool: ConnectionPool | None = None
    tls: UpstreamTls | None = None
    owner: ObjectName | None = None
    """The Ingress that supplies it; None = nothing was declared (a name of the port may have chosen the protocol)."""
    origin: Origin = Origin("")


DEFAULT_POLICY = ServicePolicy()


class Backend(Node, frozen=True):
    """A port of a Service, limited and spread."""

    service: ObjectName
    port: int
    """Number of the Service port; 0 where no such port exists."""
    spread: Spread
    """Without tiers where the Service does not exist or runs in no member of the gateway."""
    port_name: str = ""
    """The port as its author named it; "" where by number."""
    subset: Subset | None = None
    policy: ServicePolicy = DEFAULT_POLICY
    origin: Origin = Origin("")


class HeaderControl(Node, frozen=True):
    """Changes to headers, for requests and responses. Pairs keep the order in which they were written."""

    request_add: tuple[tuple[str, str], ...] = ()
    request_set: tuple[tuple[str, str], ...] = ()
    request_remove: tuple[str, ...] = ()
    response_add: tuple[tuple[str, str], ...] = ()
    response_set: tuple[tuple[str, str], ...] = ()
    response_remove: tuple[str, ...] = ()
    origin: Origin = Origin("")


class Share(Node, frozen=True):
    """A backend and its weight in a split; weights are relative to their sum."""

    backend: Backend
    weight: int
    owner: ObjectName
    """The object that declared this share (a canary's own name)."""
    headers: HeaderControl | None = None
    """Changes for this share only."""
    origin: Origin = Origin("")


class Split(Node, frozen=True):
    """Backends and their shares: the base first, canaries behind it in their order. Never all zero."""

    shares: tuple[Share, ...]


class Forward(Node, frozen=True):
    """Send the request on."""

    split: Split
    fallback: Backend | None = None
    """Takes over when no endpoint of the split is usable."""


class Redirect(Node, frozen=True):
    """Answer with a Location. Absent parts stay as in the request."""

    status: int
    scheme: str = ""
    host: str = ""
    port: int | None = None
    path: str = ""
    behind: Forward | None = None
    """What its author put behind the redirect; no request reaches it."""
    origin: Origin = Origin("")


class DirectResponse(Node, frozen=True):
    """Answer without a backend."""

    status: int
    body: str = ""
    content_type: Literal["text/plain", "application/json"] = "text/plain"
    origin: Origin = Origin("")


Action = Forward | Redirect | DirectResponse


# --- which requests match


class PathMatch(Node, frozen=True):
    """The path without its query.

    `prefix` matches whole segments: `/foo` matches `/foo` and `/foo/x`, not `/foobar`. `regex` (RE2) has to cover
    the whole path.
    """

    kind: Literal["exact", "prefix", "regex"]
    value: str
    ignore_case: bool = False
    """Whether letter case of the path does not count (a regex never has it: it can say `(?i)` itself)."""


class ValueMatch(Node, frozen=True):
    """A condition on one header, query parameter or cookie. `regex` (RE2) has to cover the whole value."""

    name: str
    """A header's name in lower case; a pseudo-header of HTTP/2 begins with a colon (`:authority`)."""
    kind: Literal["exact", "prefix", "regex"]
    value: str


class Match(Node, frozen=True):
    """All conditions hold."""

    path: PathMatch
    headers: tuple[ValueMatch, ...] = ()
    query: tuple[ValueMatch, ...] = ()
    cookies: tuple[ValueMatch, ...] = ()
    """Never `regex`: a gateway sees all cookies as one header, and a pattern could not be held to its own."""
    methods: tuple[str, ...] = ()
    """Sorted; empty = all."""
    origin: Origin = Origin("")
    """Of what asks for more than host and path, where an ordinary rule does."""


# --- policies: each sits on the node that it governs


class Rewrite(Node, frozen=True):
    """What the backend sees. `path`: replaces the path, the matched prefix, or (regex) is a substitution."""

    kind: Literal["", "full", "prefix", "regex"] = ""
    """"" = the path stays; `full` = the whole path becomes `path`; `prefix` = the matched prefix becomes `path`;
    `regex` = the path becomes `path` with `\\1`…`\\9` filled in from the groups of the match."""
    path: str = ""
    host: str = ""
    origin: Origin = Origin("")


class Cors(Node, frozen=True):
    """Cross-origin rules; preflights are answered by the gateway."""

    allow_origins: tuple[str, ...]
    """Exact origins, `*`, or `scheme://*.domain` (suffix of the host)."""
    allow_methods: tuple[str, ...]
    allow_headers: tuple[str, ...]
    expose_headers: tuple[str, ...]
    allow_credentials: bool
    max_age_s: int
    origin: Origin = Origin("")
    origins_place: Origin = Origin("")
    """Of the list of origins; that of the rules where nobody wrote a list."""


class Timeout(Node, frozen=True):
    """Limit for the whole exchange, in seconds; 504 beyond it."""

    seconds: int
    origin: Origin = Origin("")


class Retry(Node, frozen=True):
    """Repeats of a failed request. `attempts` 0 = never."""

    attempts: int
    conditions: tuple[str, ...]
    """Some of `connect-failure`, `5xx`, `retriable-status-codes`, sorted."""
    statuses: tuple[int, ...]
    """Codes for `retriable-status-codes`, sorted."""
    try_timeout_s: int | None
    """Limit for each try, in seconds; None = none."""
    non_idempotent: bool = False
    written: tuple[str, ...] = ()
    """The conditions in the words of their author, in order."""
    origin: Origin = Origin("")


class Mirror(Node, frozen=True):
    """A copy of some requests; its answer is thrown away."""

    backend: Backend
    percent: int
    origin: Origin = Origin("")


class CustomErrors(Node, frozen=True):
    """Answers of a backend after which the request is repeated, once, to the fallback with path `/` and its Host."""

    statuses: tuple[int, ...]
    """400 to 599, sorted."""
    origin: Origin = Origin("")


class Rejection(Node, frozen=True):
    """The answer to a request above a limit: a status with a body, or a redirect (302)."""

    status: int = 429
    content_type: Literal["text/plain", "application/json"] = "text/plain"
    body: str = "sentinel rate limited"
    redirect: str = ""
    """URL; one without a scheme keeps that of the request; "" = none."""


class LocalLimit(Node, frozen=True):
    """A token bucket per route and gateway replica."""

    requests: int
    """Tokens that arrive in each unit."""
    unit_s: Literal[1, 60]
    burst: int
    """Size of the bucket."""
    origin: Origin = Origin("")


class GlobalLimit(Node, frozen=True):
    """Requests per second of a route over all replicas of the gateway."""

    requests_per_second: int
    rejection: Rejection
    origin: Origin = Origin("")


class ConcurrencyLimit(Node, frozen=True):
    """Requests of a route in flight over all replicas of the gateway."""

    requests: int
    rejection: Rejection
    origin: Origin = Origin("")


class AddressList(Node, frozen=True):
    """Client addresses that alone may pass (`allow`) or may not (`deny`); the others get, or these get, a 403."""

    kind: Literal["allow", "deny"]
    ranges: tuple[str, ...]
    """CIDR blocks in canonical form, as written in order, each once; never empty."""
    word: str = ""
    """The word of its author for it (two of MSE's mean the same)."""
    origin: Origin = Origin("")


class BasicAuth(Node, frozen=True):
    """HTTP basic authentication (RFC 7617); 401 otherwise."""

    secret: SecretRef
    form: Literal["auth-file", "auth-map"]
    """`auth-file`: key `auth` holds lines `user:hash`. `auth-map`: each key is a user, its value the hash."""
    realm: str = ""
    origin: Origin = Origin("")


class WasmPlugin(Node, frozen=True):
    """A Wasm plug-in that the gateway runs on the requests of a route."""

    config: str
    """JSON object, as written."""
    origin: Origin = Origin("")


class Policies(Node, frozen=True):
    """What else happens to requests of a route."""

    https: Redirect | None = None
    """Answer to requests that came without TLS; everything else of the route is for those with it."""
    rewrite: Rewrite | None = None
    headers: HeaderControl | None = None
    """Changes for the base's share; canaries carry their own."""
    cors: Cors | None = None
    timeout: Timeout | None = None
    retry: Retry | None = None
    mirror: Mirror | None = None
    errors: CustomErrors | None = None
    """Only beside a `Forward` with a fallback."""
    local_limit: LocalLimit | None = None
    global_limit: GlobalLimit | None = None
    concurrency: ConcurrencyLimit | None = None
    access: AddressList | None = None
    """Takes the place of the list of the host."""
    auth: BasicAuth | None = None
    wasm: WasmPlugin | None = None


class Route(Node, frozen=True):
    """Requests that match, what happens to them, and who said so."""

    match: Match
    action: Action
    owner: ObjectName
    """The object that declared the route."""
    policies: Policies = Policies()
    base: ObjectName | None = None
    """For a conditional canary: the owner of the route that it refines (same host and path)."""
    origin: Origin = Origin("")


class Tls(Node, frozen=True):
    """A certificate by reference; never its content."""

    namespace: str
    secret: str
    origin: Origin = Origin("")


class TlsSettings(Node, frozen=True):
    """What clients of a host may use; None and empty = the gateway's default."""

    min_version: Literal["TLSv1.0", "TLSv1.1", "TLSv1.2", "TLSv1.3"] | None = None
    max_version: Literal["TLSv1.0", "TLSv1.1", "TLSv1.2", "TLSv1.3"] | None = None
    ciphers: tuple[str, ...] = ()
    """OpenSSL names, up to TLS 1.2, in order of preference."""
    client_ca: SecretRef | None = None
    """CA (`ca.crt`) by which every client has to present a certificate; None = no certificate is asked for."""
    owner: ObjectName | None = None
    """The Ingress that supplies the group."""
    origin: Origin = Origin("")


class VirtualHost(Node, frozen=True):
    """A host and its routes, in the order in which they are tried."""

    host: str
    """Exact name, `*.` and a domain, or `*` for every host."""
    routes: tuple[Route, ...]
    tls: Tls | None = None
    tls_settings: TlsSettings | None = None
    access: AddressList | None = None
    """For routes without a list of their own."""
    aliases: tuple[str, ...] = ()
    """Further names (exact, or `*.` and a domain) with the same TLS, routes and policies; sorted."""


class Listener(Node, frozen=True):
    """A port of the gateway."""

    name: str
    port: int
    protocol: Literal["HTTP", "HTTPS"]


class Gateway(Node, frozen=True):
    """One entry for traffic to many clusters, and its hosts in order."""

    name: str
    region: str
    clusters: tuple[str, ...]
    """Member clusters, sorted."""
    listeners: tuple[Listener, ...]
    hosts: tuple[VirtualHost, ...]


class Traffic(Node, frozen=True):
    """The traffic program: of a whole fleet, or of an independent part of it."""

    gateways: tuple[Gateway, ...]
    clusters: tuple[Cluster, ...]
    services: tuple[Service, ...]
    """Sorted by name."""
    demands: tuple[Demand, ...] = ()
    """Sorted by Service."""
