"""The program: a root is read, lowered, checked, emitted, delivered, written.

`compiler.pipeline.compile.compile_fleet` is all of it on one screen. The functions here import what they need when
they are called: a build without changes needs little of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from compiler.pipeline.options import Built, Compilation, Options

if TYPE_CHECKING:
    from collections.abc import Callable

    Progress = Callable[[str, int, int], None]

__all__ = ["Built", "Compilation", "Options", "build", "check"]


def build(options: Options, output: str, *, verify: bool = False, progress: Progress) -> Built:
    """Compile a root into the folder `output`; with `verify` only compare, and write nothing."""
    from compiler.pipeline.build_root import build as run  # noqa: PLC0415 - see above

    return run(options, output, verify=verify, progress=progress)


def check(options: Options, progress: Progress) -> Compilation:
    """Compile a root and tell what is wrong with it; nothing is written."""
    from compiler.pipeline.compile import check as run  # noqa: PLC0415 - see above

    return run(options, progress)
