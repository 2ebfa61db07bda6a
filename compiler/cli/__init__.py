"""The `fleetgate` command: the only room that prints, prompts or exits.

`main` is what every call of the command pays for, so this module imports next to nothing (typing alone takes 3 ms):
`--version` answers before argparse is loaded, and each command's module is imported only when that command runs.
"""

from __future__ import annotations

import sys


def main(argv: list[str] | None = None) -> int:
    """Run one command; the arguments default to those of the process.

    Exit status: 0 clean or warnings only, 1 errors, 2 usage, 3 a bug of ours, 130 interrupted.
    """
    arguments = sys.argv[1:] if argv is None else argv
    if arguments == ["--version"]:
        from compiler import __version__  # noqa: PLC0415 - as the rest of the program: only when it is needed

        print(f"fleetgate {__version__}")  # print minds neither a closed standard output nor none at all
        return 0
    try:
        from compiler.cli.run import run  # noqa: PLC0415 - argparse and msgspec cost more than `--version` may

        return run(arguments)
    except KeyboardInterrupt:
        sys.stderr.write("fleetgate: interrupted\n")
        return 130
