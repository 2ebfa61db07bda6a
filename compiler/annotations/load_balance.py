"""Load balancing: by which rule a pod of the Service is chosen, and how a new pod gets its share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from compiler.annotations import values
from compiler.annotations.family import Annotation, Family
from compiler.annotations.relations import ANNOTATION_NO_EFFECT
from compiler.annotations.words import nearest
from compiler.diagnostics import Note, warning
from compiler.ir import features
from compiler.ir.traffic import Balance, HashKey

if TYPE_CHECKING:
    from compiler.annotations.family import Reader, Value

LOAD_BALANCE_EWMA = warning(
    "load-balance-ewma",
    "load-balance ewma is round robin in MSE",
    """\
In ingress-nginx `ewma` prefers the pods that answered fastest of late. MSE has no such algorithm: it takes the value
and goes round robin, in silence. So does every target of fleetgate.

Write round_robin to say what happens, or least_conn, which also keeps requests away from slow pods.""",
)

HASH_HEADER_UNDERSCORE = warning(
    "hash-header-underscore",
    "upstream-hash-by names a header with an underscore",
    """\
In ingress-nginx `$http_x_user` is the header `x-user`: nginx writes `_` for `-` in the names of variables. MSE takes
what stands behind `$http_` as the name itself, so it hashes by a header `x_user`, which hardly anybody sends. All
requests without it then go to one pod.

Write the name as it is sent: `$http_x-user`. If the header is really called with an underscore, accept the finding.""",
)

Algorithm = Literal["round_robin", "least_conn", "random"]
ALGORITHMS: tuple[Algorithm, ...] = ("round_robin", "least_conn", "random")
_EWMA = "ewma"
_WHOLE: dict[str, Literal["uri", "host", "address"]] = {
    "$request_uri": "uri",
    "$host": "host",
    "$remote_addr": "address",
}
_HEADER = "$http_"
_QUERY = "$arg_"
_FORMS = ("$request_uri", "$host", "$remote_addr", "$http_<header>", "$arg_<query>")
_ALIKE = {
    "$uri": "$request_uri, which counts the query too",
    "$document_uri": "$request_uri, which counts the query too",
    "$binary_remote_addr": "$remote_addr",
    "$server_name": "$host",
}
"""Variables of nginx that MSE does not know, and what comes closest."""

ANNOTATIONS = (
    Annotation(
        "load-balance",
        ("nginx", "mse"),
        "enum",
        "service",
        "How a pod of the Service is chosen. `ewma` of ingress-nginx is taken as round_robin.",
        default="round_robin",
        values=ALGORITHMS,
        support="partial",
        example="least_conn",
    ),
    Annotation(
        "upstream-hash-by",
        ("nginx", "mse"),
        "hash-key",
        "service",
        "Requests that are equal in one thing go to one pod (consistent hashing): the path with its query, the Host, "
        "the address of the client, a header, or a query parameter. The name of the header is taken as it stands. "
        "There are no combinations and no constants.",
        values=_FORMS,
        overrides=("load-balance", "warmup"),
        support="partial",
        example="$http_x-user",
    ),
    Annotation(
        "warmup",
        ("mse",),
        "duration-seconds",
        "service",
        "Seconds in which the share of a new pod grows to its full size; 0 = it gets its share at once. Works with "
        "round_robin and least_conn only.",
        default="0",
        support="exclusive",
        example="30",
        low=0,
    ),
)


def parse(reader: Reader) -> Balance | None:
    """The choice of a pod; None where nothing is said of it, or a value is bad."""
    chosen, key, ramp = reader.get("load-balance"), reader.get("upstream-hash-by"), reader.get("warmup")
    if key is not None:
        hash_by = _hash_key(reader, key)
        return None if hash_by is None else Balance(hash_by=hash_by, origin=key.origin)
    algorithm: Algorithm | None = "round_robin" if chosen is None else _algorithm(reader, chosen)
    seconds = 0 if ramp is None else values.seconds(reader, ramp)
    if algorithm is None or seconds is None:
        return None
    if algorithm == "random" and ramp is not None and chosen is not None and seconds:
        reader.findings.add(
            ANNOTATION_NO_EFFECT,
            ramp.origin,
            ramp.key,
            f"it has no effect beside {chosen.key}: random, because only round_robin and least_conn warm up",
            "delete it, or write round_robin or least_conn",
            (Note(chosen.origin, "this one decides"),),
        )
        seconds = 0
    if chosen is None and not seconds:
        return None
    first = chosen or ramp
    assert first is not None, "one of the family is there"
    return Balance(algorithm, seconds, origin=first.origin)


def _algorithm(reader: Reader, value: Value) -> Algorithm | None:
    word = value.text.strip()
    if word == _EWMA:
        why = "MSE has no ewma and goes round robin, where ingress-nginx prefers pods that answered fast"
        reader.bad(LOAD_BALANCE_EWMA, value, why, "write round_robin to say what happens, or least_conn")
        return "round_robin"
    if word in ALGORITHMS:
        return word
    near = nearest(word.lower().replace("-", "_"), ALGORITHMS)
    fix = f"write {near}" if near else f"write one of {', '.join(ALGORITHMS)}"
    why = f"{word!r} is not one of {', '.join(ALGORITHMS)}, and MSE would go round robin"
    reader.bad(values.ANNOTATION_VALUE, value, why, fix)
    return None


def _hash_key(reader: Reader, value: Value) -> HashKey | None:
    text = value.text.strip()
    whole = _WHOLE.get(text)
    if whole is not None:
        return HashKey(whole)
    problem, fix = f"{text!r} is not one of {', '.join(_FORMS)}", "write one of these"
    if text in _ALIKE:
        fix = f"write {_ALIKE[text]}"
    elif "{" in text:
        fix = "write the variable without braces, and one alone"
    elif text.count("$") > 1:
        problem, fix = f"{text!r} combines several variables, and MSE knows one", "write the variable that matters most"
    elif "$" not in text:
        problem = f"{text!r} is a constant, and no variable"
    elif text.startswith(_HEADER):
        return _header(reader, value, text.removeprefix(_HEADER))
    elif text.startswith(_QUERY):
        name = text.removeprefix(_QUERY)
        if values.is_query_name(name):
            return HashKey("query", name)
        problem, fix = f"{name!r} is no name of a query parameter", "write $arg_ and the name of one parameter"
    reader.bad(values.ANNOTATION_VALUE, value, f"{problem}; MSE would go round robin", fix)
    return None


def _header(reader: Reader, value: Value, name: str) -> HashKey | None:
    problem = values.header_name_problem(name)
    if problem is not None:
        fix = "write $http_ and the name of one header, such as $http_x-user"
        reader.bad(values.ANNOTATION_VALUE, value, f"{problem}; MSE would go round robin", fix)
        return None
    if "_" in name:
        why = f"MSE hashes by a header of exactly the name {name}, where ingress-nginx means {name.replace('_', '-')}"
        reader.bad(HASH_HEADER_UNDERSCORE, value, why, f"write {_HEADER}{name.replace('_', '-')}")
    return HashKey("header", name.lower())


FAMILY = Family("balance", ANNOTATIONS, parse, (features.BALANCE,))
