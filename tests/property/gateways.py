"""Random gateways and requests that meet each other often: few hosts, paths at boundaries, few headers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from hypothesis import strategies as st

from compiler.ir.traffic import (
    Backend,
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
    ValueMatch,
    VirtualHost,
)
from compiler.trace.request import Request

if TYPE_CHECKING:
    from compiler.ir.traffic import Action

HOSTS = ("shop.example.com", "a.shop.example.com", "*.shop.example.com", "*.example.com", "*")
ASKED_HOSTS = ("shop.example.com", "SHOP.example.com:8080", "a.shop.example.com", "b.shop.example.com", "x.org")
SEGMENTS = ("foo", "foobar", "bar", "x", "v1", "FOO")
PATTERNS = ("/foo/(.*)", "/(foo|bar)(/|$)(.*)", "/v[0-9]+/(x)?.*", "/foo.*", "/.*", "(?i)/foo/[a-z]+")
VALUES = ("always", "next", "a", "")
HEADERS = ("x-stage", "x-user")
COOKIES = ("beta", "stage")
PARAMETERS = ("q", "stage")
METHODS = ("GET", "POST", "HEAD")

PLAIN = Listener("http", 80, "HTTP")


@st.composite
def paths(draw: st.DrawFn) -> PathMatch:
    """A condition on the path."""
    kind: Literal["exact", "prefix", "regex"] = draw(st.sampled_from(("exact", "prefix", "prefix", "regex")))
    if kind == "regex":
        return PathMatch(kind, draw(st.sampled_from(PATTERNS)))
    segments = draw(st.lists(st.sampled_from(SEGMENTS), max_size=2))
    ends = "/" if kind == "exact" and segments and draw(st.booleans()) else ""
    return PathMatch(kind, "/" + "/".join(segments) + ends, draw(st.sampled_from((False, False, False, True))))


@st.composite
def values(draw: st.DrawFn, names: tuple[str, ...]) -> tuple[ValueMatch, ...]:
    """No condition on a header, parameter or cookie, mostly; else one."""
    if draw(st.integers(0, 3)):
        return ()
    kind: Literal["exact", "regex"] = draw(st.sampled_from(("exact", "regex")))
    value = draw(st.sampled_from(("always|next", "a.*", ".*(?:x).*") if kind == "regex" else VALUES[:3]))
    return (ValueMatch(draw(st.sampled_from(names)), kind, value),)


@st.composite
def matches(draw: st.DrawFn) -> Match:
    """All conditions of a route."""
    methods = draw(st.sampled_from(((), (), (), ("GET",), ("HEAD", "POST"))))
    return Match(draw(paths()), draw(values(HEADERS)), draw(values(PARAMETERS)), draw(values(COOKIES)), methods)


def spread(clusters: tuple[str, ...], weights: tuple[int, ...]) -> Spread:
    """One tier."""
    return Spread((Tier(tuple(map(Member, clusters, weights))),), by_replicas=False)


@st.composite
def backends(draw: st.DrawFn) -> Backend:
    """A Service somewhere."""
    name = ObjectName("shop", draw(st.sampled_from(("cart", "search", "orders"))))
    return Backend(name, 80, draw(st.sampled_from((spread(("a",), (1,)), spread(("a", "b"), (30, 70))))))


@st.composite
def actions(draw: st.DrawFn) -> Action:
    """What happens to requests that match."""
    kind = draw(st.sampled_from(("forward", "forward", "forward", "redirect", "direct")))
    if kind == "direct":
        return DirectResponse(draw(st.sampled_from((200, 404, 503))), "sorry")
    if kind == "redirect":
        return Redirect(
            draw(st.sampled_from((301, 302, 307, 308))),
            draw(st.sampled_from(("", "https"))),
            draw(st.sampled_from(("", "new.example.com"))),
            path=draw(st.sampled_from(("", "/home", "/foo/bar"))),
        )
    chosen = draw(st.lists(backends(), min_size=1, max_size=3))
    weights = draw(st.lists(st.integers(0, 100), min_size=len(chosen), max_size=len(chosen)).filter(any))
    owners = (ObjectName("shop", f"share-{number}") for number in range(len(chosen)))
    return Forward(Split(tuple(map(Share, chosen, weights, owners))))


@st.composite
def rewrites(draw: st.DrawFn, path: PathMatch) -> Rewrite | None:
    """What a backend sees instead; groups only where the pattern has them."""
    kind = draw(st.sampled_from(("none", "none", "full", "host", "regex")))
    if kind == "full":
        return Rewrite("full", draw(st.sampled_from(("/", "/new", "/new/path"))))
    if kind == "host":
        return Rewrite(host="inner.example.com")
    if kind == "regex" and path.kind == "regex" and "(" in path.value.replace("(?", ""):
        return Rewrite("regex", draw(st.sampled_from(("/\\1", "/new/\\1/x"))))
    return None


@st.composite
def routes(draw: st.DrawFn, owner: str = "it") -> Route:
    """A route of Ingress `shop/<owner>`."""
    match, action = draw(matches()), draw(actions())
    https = draw(st.sampled_from((None, None, None, None, Redirect(308, "https"))))
    return Route(match, action, ObjectName("shop", owner), Policies(https=https, rewrite=draw(rewrites(match.path))))


@st.composite
def hosts(draw: st.DrawFn, name: str) -> VirtualHost:
    """A host; no two of its routes are equal."""
    number = draw(st.integers(1, 6))
    found: dict[Match, Route] = {}
    for index in range(number):
        route = draw(routes(f"route-{index}"))
        found.setdefault(route.match, route)
    return VirtualHost(name, tuple(found.values()))


@st.composite
def gateways(draw: st.DrawFn) -> Gateway:
    """A gateway of some of the hosts, in the order in which they are tried."""
    chosen = draw(st.sets(st.sampled_from(HOSTS), min_size=1))
    found = tuple(draw(hosts(name)) for name in HOSTS if name in chosen)
    return Gateway("public", "hz", ("a", "b"), (PLAIN,), found)


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
_ENDS = ("", "", "", "/", "//", "%")


@st.composite
def targets(draw: st.DrawFn) -> str:
    """A path as clients send them, plain mostly."""
    if draw(st.booleans()):
        segments = draw(st.lists(st.sampled_from(SEGMENTS), max_size=3))
        return "/" + "/".join(segments) + ("/" if bool(segments) and draw(st.booleans()) else "")
    pieces = draw(st.lists(st.sampled_from(_PIECES) | st.sampled_from(SEGMENTS).map("/{}".format), max_size=4))
    return "/" + "".join(pieces).lstrip("/\\") + draw(st.sampled_from(_ENDS)) if pieces else "/"


@st.composite
def requests(draw: st.DrawFn) -> Request:
    """A request that one of the gateways may have a route for."""
    headers = [
        (name, draw(st.sampled_from((*VALUES, "xalways", "next,a"))))
        for name in draw(st.lists(st.sampled_from(HEADERS), max_size=3))
    ]
    for _ in range(draw(st.integers(0, 2))):
        pairs = draw(st.lists(st.sampled_from(COOKIES), min_size=1, max_size=2))
        line = "; ".join(f"{name}={draw(st.sampled_from(VALUES))}" for name in pairs)
        headers.append(("cookie", line))
    parameters = draw(st.lists(st.sampled_from((*PARAMETERS, "other")), max_size=3))
    query = "&".join(f"{name}={draw(st.sampled_from((*VALUES, '%61')))}" for name in parameters)
    return Request(
        draw(st.sampled_from(METHODS)),
        "http",
        draw(st.sampled_from(ASKED_HOSTS)),
        draw(targets()),
        query if bool(parameters) or draw(st.booleans()) else None,
        tuple(headers),
    )
