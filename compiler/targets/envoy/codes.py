"""What target `envoy` can't express, or expresses in part."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from compiler.diagnostics import Code

CODES: tuple[Code, ...] = ()
