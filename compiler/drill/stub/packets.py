"""Packets that get lost: the kernel drops what comes for a socket, as if it had never arrived."""

from __future__ import annotations

import contextlib
import ctypes
import struct
import sys
from typing import Protocol

_SOL_SOCKET, _ATTACH, _DETACH = 1, 26, 27
"""SO_ATTACH_FILTER and SO_DETACH_FILTER of socket(7), which Python has no names for."""
_RETURN_CONSTANT = 0x06
"""BPF_RET | BPF_K: how many bytes of a packet are kept."""


class Socket(Protocol):
    """What has options: a socket, or what asyncio gives out for one."""

    def setsockopt(self, level: int, option: int, value: bytes | int, /) -> None:
        """socket(7)."""


def drop(socket: Socket, *, dropped: bool) -> None:
    """Drop every packet that comes for a socket, or none. Needs Linux, and no privilege."""
    if not sys.platform.startswith("linux"):
        raise OSError("packets can be dropped on Linux alone")
    if not dropped:
        with contextlib.suppress(FileNotFoundError):  # nothing is dropped
            socket.setsockopt(_SOL_SOCKET, _DETACH, 0)
        return
    program = ctypes.create_string_buffer(struct.pack("HBBI", _RETURN_CONSTANT, 0, 0, 0))
    socket.setsockopt(_SOL_SOCKET, _ATTACH, struct.pack("HL", 1, ctypes.addressof(program)))
