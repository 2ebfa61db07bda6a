"""How a gateway reads the path and the host of a request before any route sees them.

Both are settings of target envoy (`targets/envoy/listeners.py`), and part of what routes mean: `normalize_path`
(RFC 3986, section 6.2.2: what need not be encoded is decoded, dots are resolved), `merge_slashes`,
`path_with_escaped_slashes_action: UNESCAPE_AND_REDIRECT`, `ignore_port_in_host_matching`. The rest was seen in Envoy
1.40, byte by byte: `tests/envoy/test_trace_agrees.py`.
"""

from __future__ import annotations

import re

from msgspec import Struct

_ESCAPED_SLASH = re.compile(r"%2f|%5c", re.IGNORECASE)
_UNRESERVED = re.compile(r"%(2d|2e|3[0-9]|4[1-9a-f]|5[0-9a]|5f|6[1-9a-f]|7[0-9a]|7e)", re.IGNORECASE)
"""Escapes of letters, digits, `-`, `.`, `_` and `~`."""
_ENCODED = re.compile(r'["<>^`{|}]')
"""What is sent on encoded, if it comes as it is."""
_SLASHES = re.compile(r"/{2,}")
_PORT = re.compile(r":\d+\Z")


class NormalPath(Struct, frozen=True, gc=False):
    """A path as routes see it, and as it is sent on."""

    path: str
    is_moved: bool = False
    """Whether it held escaped slashes: the gateway answers with a redirect (307) to `path`, so that no backend reads
    the path otherwise than the gateway."""
    problem: str = ""
    """Why the gateway refuses it (400); "" = it does not."""


def normal_path(raw: str) -> NormalPath:
    """What becomes of a path; `raw` has no query and begins with a slash."""
    if "%00" in raw:
        return NormalPath(raw, problem="the path holds an escaped NUL (%00)")
    is_moved = _ESCAPED_SLASH.search(raw) is not None
    path = _ESCAPED_SLASH.sub("/", raw).replace("\\", "/")
    path = _UNRESERVED.sub(lambda escape: chr(int(escape[1], 16)), path)
    path = _ENCODED.sub(lambda char: f"%{ord(char[0]):02X}", path)
    path = _without_dots(path)
    # Envoy merges what stands between segments; slashes without any become two
    return NormalPath(_SLASHES.sub("/", path) if path.strip("/") else path[:2], is_moved)


def _without_dots(path: str) -> str:
    """The path without `.` and `..` (RFC 3986, section 5.2.4); more `..` than there is to leave are ignored."""
    if "/." not in path:
        return path
    segments = path.split("/")[1:]
    kept: list[str] = []
    for segment in segments:
        if segment == "..":
            del kept[-1:]
        elif segment != ".":
            kept.append(segment)
    is_folder = segments[-1] in (".", "..")
    return "/" + "/".join(kept) + ("/" if is_folder and kept else "")


def host_name(host: str) -> str:
    """The name by which a virtual host is chosen: lower case, without port, without the dot of the root domain."""
    return _PORT.sub("", host).removesuffix(".").lower()
