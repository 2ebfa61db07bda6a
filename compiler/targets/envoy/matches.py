"""Which requests match, in Envoy's words (RouteMatch)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from compiler.ir.regex import quoted

if TYPE_CHECKING:
    from collections.abc import Iterable

    from compiler.ir.traffic import Match, PathMatch, ValueMatch

Plain = dict[str, Any]

SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
"""Methods that a backend may execute twice (RFC 9110, 9.2.1), without TRACE and CONNECT."""


def route_match(match: Match, methods: Iterable[str] | None = None) -> Plain:
    """All conditions of a match; `methods`: those of the match, narrowed."""
    found = path_match(match.path)
    headers = [header(condition) for condition in match.headers]
    headers += [cookie(condition) for condition in match.cookies]
    allowed = list(match.methods if methods is None else methods)
    if allowed:
        headers.append({"name": ":method", "string_match": one_of(allowed)})
    if headers:
        found["headers"] = headers
    if match.query:
        found["query_parameters"] = [{"name": q.name, "string_match": _string(q)} for q in match.query]
    return found


def path_match(path: PathMatch) -> Plain:
    """The path; a prefix matches whole segments."""
    found: Plain
    if path.kind == "exact":
        found = {"path": path.value}
    elif path.kind == "regex":
        found = {"safe_regex": {"regex": path.value}}
    else:
        prefix = path.value.rstrip("/")
        found = {"path_separated_prefix": prefix} if prefix else {"prefix": "/"}
    if path.ignore_case:
        found["case_sensitive"] = False
    return found


def header(condition: ValueMatch) -> Plain:
    """A condition on a header."""
    return {"name": condition.name, "string_match": _string(condition)}


def cookie(condition: ValueMatch) -> Plain:
    """A condition on one cookie of several, as a pattern of the header `Cookie` (RFC 6265, 4.2.1)."""
    value = {
        "exact": quoted(condition.value),
        "prefix": f"{quoted(condition.value)}[^;]*",
    }[condition.kind]
    pattern = rf"(?:.*;)?[ \t]*{quoted(condition.name)}={value}[ \t]*(?:;.*)?"
    return {"name": "cookie", "string_match": {"safe_regex": {"regex": pattern}}}


def one_of(words: Iterable[str]) -> Plain:
    """A match of any of these words."""
    first, *others = words
    return {"safe_regex": {"regex": "|".join([first, *others])}} if others else {"exact": first}


def _string(condition: ValueMatch) -> Plain:
    if condition.kind == "regex":
        return {"safe_regex": {"regex": condition.value}}
    return {condition.kind: condition.value}
