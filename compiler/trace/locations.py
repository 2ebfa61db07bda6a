"""Where a redirect leads."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from compiler.ir.traffic import Redirect
    from compiler.trace.conditions import Facts

_PORT = re.compile(r":(\d+)\Z")
_DEFAULT_PORTS = {"http": "80", "https": "443"}


def location(redirect: Redirect, facts: Facts) -> str:
    """The Location: parts that the redirect does not name stay as in the request, and so does the query.

    A port that is the default of the scheme of the request goes, when the scheme changes.
    """
    request = facts.request
    scheme = redirect.scheme or request.scheme
    host = redirect.host or request.host
    found = None if redirect.host else _PORT.search(host)
    if redirect.port is not None:
        host = f"{_PORT.sub('', host)}:{redirect.port}"
    elif found is not None and scheme != request.scheme and found[1] == _DEFAULT_PORTS[request.scheme]:
        host = host[: found.start()]
    path = redirect.path or facts.path
    query = "" if request.query is None or "?" in path else f"?{request.query}"
    return f"{scheme}://{host}{path}{query}"
