"""The program: a root is read, lowered, checked, emitted, delivered. `compile_fleet` is all of it on one screen."""

from __future__ import annotations

from compiler.pipeline.build import build
from compiler.pipeline.compile import check, compile_fleet
from compiler.pipeline.options import Built, Compilation, Options

__all__ = ["Built", "Compilation", "Options", "build", "check", "compile_fleet"]
