"""The `fleetgate` command: the only room that prints, prompts or exits.

`main` is what every call of the command pays for, so this module imports next to nothing (typing alone takes 3 ms):
`--version` answers before argparse is loaded, and each command's module is imported only when that command runs.
"""

from __future__ import annotations

import gc
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType


def main(argv: list[str] | None = None) -> int:
    """Run one command; without arguments those of the process, which ends here then.

    Exit status: 0 clean or warnings only, 1 errors, 2 usage, 3 a bug of ours, 130 interrupted, 143 asked to end.
    """
    arguments = sys.argv[1:] if argv is None else argv
    if arguments == ["--version"]:
        from compiler import __version__  # noqa: PLC0415 - as the rest of the program: only when it is needed

        print(f"fleetgate {__version__}")  # print minds neither a closed standard output nor none at all
        return 0
    if argv is not None:
        return _run(argv)
    # What a command imports and builds stays to its end: looking for garbage would cost a fifth of its time.
    gc.disable()
    status = _run(arguments)
    # All is printed and flushed. To take everything apart, object by object, would cost 15 ms, and more with the size
    # of the fleet; the kernel does it for nothing.
    os._exit(status)


def _run(arguments: list[str]) -> int:
    _load_msgspec()
    try:
        from compiler.cli.run import run  # noqa: PLC0415 - argparse and msgspec cost more than `--version` may

        return run(arguments)
    except KeyboardInterrupt as interrupt:
        sys.stderr.write("fleetgate: interrupted\n")
        return interrupt.args[0] if interrupt.args else 130


def _load_msgspec() -> None:
    """Import msgspec without two modules that come with it and are of no use to us: 15 ms, as much as Python itself.

    What it wants of typing_extensions, which it takes where that is installed, is in `typing` since Python 3.11. And
    the uuid module asks platform, with all its patterns, for nothing but the name of the system.
    """
    missing = {"typing_extensions": None, "platform": _system_name()}
    missing = {name: module for name, module in missing.items() if name not in sys.modules}
    sys.modules.update(missing)  # type: ignore[arg-type]  # None is how Python says: this import fails
    try:
        import msgspec  # noqa: F401, PLC0415 - argparse and msgspec cost more than `--version` may
    finally:
        for name in missing:
            del sys.modules[name]


def _system_name() -> ModuleType:
    module = type(sys)("platform")
    module.__dict__["system"] = lambda: os.uname().sysname
    return module
