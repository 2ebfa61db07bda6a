"""Random gateways and requests that meet each other often: few hosts, paths at boundaries, few headers.

Every route has backends, answers and locations of its own, so that an answer tells which route gave it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from hypothesis import strategies as st

from compiler.ir.traffic import (
    AddressList,
    Backend,
    Cors,
    DirectResponse,
    Forward,
    Gateway,
    Listener,
    Match,
    Member,
    ObjectName,
    PathMatch,
    Policies,
    Redirect,
    Rewrite,
    Route,
    Share,
    Split,
    Spread,
    Tier,
    Tls,
    ValueMatch,
    VirtualHost,
)
from compiler.trace.request import Request

if TYPE_CHECKING:
    from compiler.ir.traffic import Action
    from compiler.trace.request import Scheme

HOSTS = ("shop.example.com", "a.shop.example.com", "*.shop.example.com", "*.example.com", "*")
ASKED_HOSTS = (
    "shop.example.com",
    "SHOP.example.com:8080",
    "a.shop.example.com",
    "b.shop.example.com",
    "x.org",
    "w.org",
)
ALIAS = "w.org"
MOST_ROUTES = 6
MOST_SHARES = 3
SEGMENTS = ("foo", "foobar", "bar", "x", "v1", "FOO")
PATTERNS = (
    "/foo/(.*)",
    "/(foo|bar)(/|$)(.*)",
    "/v[0-9]+/(x)?.*",
    "/(foo|foobar).*",
    "/foo|/foobar",
    "/.*",
    "(?i)/foo/[a-z]+",
)
VALUES = ("always", "next", "a", "")
HEADERS = ("x-stage", "x-user")
COOKIES = ("beta", "stage")
PARAMETERS = ("q", "stage")
SCHEMES: tuple[Scheme, ...] = ("http", "http", "https")
METHODS = ("GET", "POST", "HEAD", "OPTIONS")
CLIENTS = ("10.0.0.7", "192.0.2.1")
ACCESS = (AddressList("allow", ("10.0.0.0/8",)), AddressList("deny", ("10.0.0.0/24", "2001:db8::/32")))
CORS = Cors(("https://*.example.org",), ("GET", "PUT"), ("X-A",), (), allow_credentials=True, max_age_s=60)
CLUSTERS = ("a", "b")

PLAIN = Listener("http", 80, "HTTP")
SECURE = Listener("https", 443, "HTTPS")
CERTIFICATES = (Tls("shop", "one"), Tls("shop", "two"))


def rarely(strategy: st.SearchStrategy[object]) -> st.SearchStrategy[object]:
    """Mostly nothing."""
    return st.integers(0, 6).flatmap(lambda number: st.none() if number else strategy)


@st.composite
def paths(draw: st.DrawFn) -> PathMatch:
    """A condition on the path."""
    kind: Literal["exact", "prefix", "regex"] = draw(st.sampled_from(("exact", "prefix", "prefix", "regex")))
    if kind == "regex":
        return PathMatch(kind, draw(st.sampled_from(PATTERNS)))
    segments = draw(st.lists(st.sampled_from(SEGMENTS), max_size=2))
    ends = "/" if kind == "exact" and segments and draw(st.sampled_from((False, True))) else ""
    return PathMatch(kind, "/" + "/".join(segments) + ends, draw(st.sampled_from((False, False, False, True))))


@st.composite
def values(draw: st.DrawFn, names: tuple[str, ...], *, has_patterns: bool = True) -> tuple[ValueMatch, ...]:
    """No condition on a header, parameter or cookie, mostly; else one."""
    if draw(st.integers(0, 3)):
        return ()
    kind: Literal["exact", "prefix", "regex"] = draw(
        st.sampled_from(("exact", "prefix", "regex") if has_patterns else ("exact", "prefix"))
    )
    value = draw(st.sampled_from(("always|next", "a.*", ".*(?:x).*") if kind == "regex" else VALUES[:3]))
    return (ValueMatch(draw(st.sampled_from(names)), kind, value),)


@st.composite
def matches(draw: st.DrawFn) -> Match:
    """All conditions of a route."""
    methods = draw(st.sampled_from(((), (), (), ("GET",), ("HEAD", "POST"))))
    return Match(
        draw(paths()),
        draw(values(HEADERS)),
        draw(values(PARAMETERS)),
        draw(values(COOKIES, has_patterns=False)),
        methods,
    )


SPREADS = (
    Spread((Tier((Member("a", 1),)),), by_replicas=False),
    Spread((Tier((Member("a", 30), Member("b", 70))),), by_replicas=False),
    Spread((Tier((Member("b", 1),)), Tier((Member("a", 1),))), by_replicas=False),
)


def service(owner: str, number: int) -> ObjectName:
    """Where a share of a route leads; no other share leads there."""
    return ObjectName("shop", f"{owner}-s{number}")


@st.composite
def actions(draw: st.DrawFn, owner: str) -> Action:
    """What happens to requests that match."""
    kind = draw(st.sampled_from(("forward", "forward", "forward", "redirect", "direct")))
    if kind == "direct":
        return DirectResponse(draw(st.sampled_from((200, 404, 503))), owner)
    if kind == "redirect" and not draw(st.integers(0, 4)):
        # of any status, as annotations say it: to an absolute URL
        path = draw(st.sampled_from(("", f"/{owner}")))
        return Redirect(draw(st.sampled_from((300, 304, 305))), "https", "new.example.com", path=path)
    if kind == "redirect":
        return Redirect(
            draw(st.sampled_from((301, 302, 303, 307, 308))),
            draw(st.sampled_from(("", "https", "http"))),
            draw(st.sampled_from(("", "new.example.com"))),
            draw(st.sampled_from((None, None, 8443))),
            draw(st.sampled_from(("", f"/{owner}", f"/foo/{owner}"))),
        )
    weights = draw(st.lists(st.integers(0, 100), min_size=1, max_size=MOST_SHARES).filter(any))
    return Forward(
        Split(
            tuple(
                Share(
                    Backend(service(owner, number), 80, draw(st.sampled_from(SPREADS))),
                    weight,
                    ObjectName("shop", f"{owner}-{number}" if number else owner),
                )
                for number, weight in enumerate(weights)
            )
        )
    )


@st.composite
def rewrites(draw: st.DrawFn, path: PathMatch) -> Rewrite | None:
    """What a backend sees instead; groups only where the pattern has them."""
    kind = draw(st.sampled_from(("none", "none", "full", "host", "regex", "prefix")))
    if kind == "full":
        return Rewrite("full", draw(st.sampled_from(("/", "/new", "/new/path"))))
    if kind == "host":
        return Rewrite(host="inner.example.com")
    if kind == "prefix" and path.kind != "regex":
        return Rewrite("prefix", draw(st.sampled_from(("/", "/new", "/new/"))), "inner.example.com")
    if kind == "regex" and path.kind == "regex" and "(" in path.value.replace("(?", ""):
        return Rewrite("regex", draw(st.sampled_from(("/\\1", "/new/\\1/x"))))
    return None


@st.composite
def routes(draw: st.DrawFn, owner: str = "it") -> Route:
    """A route of Ingress `shop/<owner>`."""
    match = draw(matches())
    policies = Policies(
        https=draw(rarely(st.just(Redirect(308, "https")))),  # type: ignore[arg-type]  # rarely knows no types
        rewrite=draw(rewrites(match.path)),
        access=draw(rarely(st.sampled_from(ACCESS))),  # type: ignore[arg-type]  # as above
        cors=draw(rarely(st.just(CORS))),  # type: ignore[arg-type]  # as above
    )
    return Route(match, draw(actions(owner)), ObjectName("shop", owner), policies)


@st.composite
def hosts(draw: st.DrawFn, name: str) -> VirtualHost:
    """A host; no two of its routes match alike."""
    index = HOSTS.index(name)
    found: dict[Match, Route] = {}
    for number in range(draw(st.integers(1, MOST_ROUTES))):
        route = draw(routes(f"h{index}-r{number}"))
        found.setdefault(route.match, route)
    return VirtualHost(
        name,
        tuple(found.values()),
        draw(st.sampled_from((None, *CERTIFICATES))),
        access=draw(rarely(st.sampled_from(ACCESS))),  # type: ignore[arg-type]  # as above
    )


@st.composite
def gateways(draw: st.DrawFn) -> Gateway:
    """A gateway of some of the hosts, in the order in which they are tried; one may have an alias."""
    chosen = draw(st.sets(st.sampled_from(HOSTS), min_size=1))
    found = [draw(hosts(name)) for name in HOSTS if name in chosen]
    if draw(st.sampled_from((False, True))):
        index = draw(st.integers(0, len(found) - 1))
        of = found[index]
        if of.host != "*":
            found[index] = VirtualHost(of.host, of.routes, of.tls, access=of.access, aliases=(ALIAS,))
    return Gateway("public", "hz", CLUSTERS, (PLAIN, SECURE), tuple(found))


_PIECES = (
    "/",
    "/",
    "//",
    "/.",
    "/..",
    "/%2e%2E",
    "/%66oo",
    "/foo%20x",
    "/foo;v=1",
    "/foo|",
    "/%zz",
    "\\foo",
    "/foo%41",
)
_ENDS = ("", "", "", "", "/", "//", "%", "%2F", "%5cfoo", "%00")


@st.composite
def targets(draw: st.DrawFn) -> str:
    """A path as clients send them, plain mostly."""
    if draw(st.integers(0, 2)):
        segments = draw(st.lists(st.sampled_from(SEGMENTS), max_size=3))
        return "/" + "/".join(segments) + ("/" if segments and draw(st.sampled_from((False, True))) else "")
    pieces = draw(st.lists(st.sampled_from(_PIECES) | st.sampled_from(SEGMENTS).map("/{}".format), max_size=4))
    path = "/" + "".join(pieces).removeprefix("/")
    return path + draw(st.sampled_from(_ENDS))


@st.composite
def requests(draw: st.DrawFn) -> Request:
    """A request that one of the gateways may have a route for."""
    headers = [
        (name, draw(st.sampled_from((*VALUES, "xalways", "next,a"))))
        for name in draw(st.lists(st.sampled_from(HEADERS), max_size=3))
    ]
    for _ in range(draw(st.integers(0, 2))):
        pairs = draw(st.lists(st.sampled_from(COOKIES), min_size=1, max_size=2))
        headers.append(("cookie", "; ".join(f"{name}={draw(st.sampled_from(VALUES))}" for name in pairs)))
    if draw(st.integers(0, 4)) == 0:
        origin = draw(st.sampled_from(("https://a.example.org", "https://example.org", "http://a.example.org")))
        headers += [("origin", origin), ("access-control-request-method", "PUT")]
    if draw(st.integers(0, 30)) == 0:
        headers.append(("under_score", "a"))
    parameters = draw(st.lists(st.sampled_from((*PARAMETERS, "other")), max_size=3))
    query = "&".join(f"{name}={draw(st.sampled_from((*VALUES, '%61')))}" for name in parameters)
    return Request(
        draw(st.sampled_from(METHODS)),
        draw(st.sampled_from(SCHEMES)),
        draw(st.sampled_from(ASKED_HOSTS)),
        draw(targets()),
        query if parameters or draw(st.sampled_from((False, True))) else None,
        tuple(headers),
        draw(st.sampled_from(CLIENTS)),
    )
