"""What the backend sees of path and Host, and where redirects lead."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from compiler.ir.regex import quoted

if TYPE_CHECKING:
    from compiler.ir.traffic import PathMatch, Redirect, Rewrite

Plain = dict[str, Any]

_REDIRECTS = {
    301: "MOVED_PERMANENTLY",
    302: "FOUND",
    303: "SEE_OTHER",
    307: "TEMPORARY_REDIRECT",
    308: "PERMANENT_REDIRECT",
}
"""Status -> Envoy's word; other statuses become an answer with a Location."""


def rewrite(written: Rewrite, path: PathMatch) -> Plain:
    """Fields of a RouteAction."""
    found: Plain = {}
    if written.host:
        found["host_rewrite_literal"] = written.host
    if written.kind == "full":
        found["regex_rewrite"] = _substitute("^.*$", _literal(written.path))
    elif written.kind == "regex":
        flags = "(?i)" if path.ignore_case else ""
        found["regex_rewrite"] = _substitute(f"{flags}^(?:{path.value})$", written.path)
    elif written.kind == "prefix":
        found["regex_rewrite"] = _prefix(written.path, path)
    return found


def _prefix(target: str, path: PathMatch) -> Plain:
    """The matched prefix replaced; never with two slashes where its rest follows, or with none."""
    flags = "(?i)" if path.ignore_case else ""
    if path.kind == "exact":
        return _substitute(f"{flags}^{quoted(path.value)}$", _literal(target))
    prefix = quoted(path.value.rstrip("/"))
    if target.endswith("/"):
        return _substitute(f"{flags}^{prefix}(?:/|$)", _literal(target))
    if not prefix:
        return _substitute("^/", _literal(target) + "/")
    return _substitute(f"{flags}^{prefix}", _literal(target))


def _substitute(pattern: str, substitution: str) -> Plain:
    return {"pattern": {"regex": pattern}, "substitution": substitution}


def _literal(text: str) -> str:
    return text.replace("\\", "\\\\")


def redirect(written: Redirect) -> Plain:
    """The action of a route that answers with a Location: fields of a Route."""
    status = _REDIRECTS.get(written.status)
    if status is None:
        return _location(written)
    found: Plain = {"response_code": status}
    if written.scheme:
        found["scheme_redirect"] = written.scheme
    if written.host:
        found["host_redirect"] = written.host
    if written.port is not None:
        found["port_redirect"] = written.port
    if written.path:
        found["path_redirect"] = written.path
    return {"redirect": found}


def _location(written: Redirect) -> Plain:
    """Envoy redirects with five statuses alone; the others are answers that carry a Location."""
    scheme = _escaped(written.scheme) or "%REQUEST_HEADER(X-FORWARDED-PROTO)%"
    host = _escaped(written.host) or "%REQUEST_HEADER(:AUTHORITY)%"
    port = "" if written.port is None else f":{written.port}"
    path = _escaped(written.path) or "%REQUEST_HEADER(:PATH)%"
    location = {"key": "location", "value": f"{scheme}://{host}{port}{path}"}
    return {
        "direct_response": {"status": written.status},
        "response_headers_to_add": [{"header": location, "append_action": "OVERWRITE_IF_EXISTS_OR_ADD"}],
    }


def _escaped(text: str) -> str:
    return text.replace("%", "%%")
