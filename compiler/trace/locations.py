"""Where a redirect leads."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from compiler.ir.traffic import Redirect
    from compiler.trace.conditions import Facts

_PORT = re.compile(r":(\d+)\Z")
_REDIRECTS = (301, 302, 303, 307, 308)
_DEFAULT_PORTS = {"http": "80", "https": "443"}


def location(redirect: Redirect, facts: Facts) -> str:
    """The Location: parts that the redirect does not name stay as in the request, and so does the query.

    A port that is the default of the scheme of the request goes, when the scheme changes. Of statuses that are no
    redirects for Envoy (300, 304 to 306) a path of its own comes without the query.
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
    is_bare = bool(redirect.path) and ("?" in path or redirect.status not in _REDIRECTS)
    query = "" if request.query is None or is_bare else f"?{request.query}"
    return f"{scheme}://{host}{path}{query}"
