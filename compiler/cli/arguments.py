"""The command line: what every command takes."""

from __future__ import annotations

import argparse
import functools
import os
from typing import TYPE_CHECKING

from compiler import __version__
from compiler.cli.formats import FORMATS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

DESCRIPTION = """\
Compile a Git repo of fleet Ingresses and apps into what every cluster and every gateway must run."""

_COLUMNS = 80
"""Width of what is no terminal."""

EPILOG = """\
exit status: 0 clean or warnings only, 1 errors, 2 wrong usage, 3 a bug of fleetgate
`fleetgate COMMAND --help` tells more"""


class _Formatter(argparse.RawDescriptionHelpFormatter):
    """Help as wide as the terminal.

    argparse makes a formatter for every argument that is added, and imports shutil with all its archives for the width.
    """

    def __init__(self, prog: str) -> None:
        super().__init__(prog, width=_columns() - 2)


@functools.cache
def _columns() -> int:
    """As `shutil.get_terminal_size` tells it."""
    wanted = os.environ.get("COLUMNS", "")
    if wanted.isdecimal() and int(wanted) > 0:
        return int(wanted)
    try:
        return os.get_terminal_size(1).columns or _COLUMNS
    except (AttributeError, OSError, ValueError):  # no standard output, or none that is a terminal
        return _COLUMNS


def parser(argv: Sequence[str] | None = None) -> argparse.ArgumentParser:
    """The parser of the whole command; the result's `command` names the module of `compiler.cli` that runs.

    Made for arguments that begin with a command it knows that one alone; for others it knows the options of no command
    that they do not mention. That spares 6 ms.
    """
    top = argparse.ArgumentParser(
        prog="fleetgate",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=_Formatter,
        allow_abbrev=False,
    )
    top.add_argument("--version", action="version", version=f"fleetgate {__version__}")
    _root(top, default=".")
    # prog: argparse would render a usage to find it, and import shutil for the width of the terminal
    commands = top.add_subparsers(title="commands", dest="command", metavar="COMMAND", required=True, prog="fleetgate")
    named = [each for each in COMMANDS if argv and each[0] == argv[0]]
    for name, says, add in named or COMMANDS:
        each = commands.add_parser(
            name,
            help=says,
            description=f"{says[0].upper()}{says[1:]}.",
            formatter_class=_Formatter,
            allow_abbrev=False,
        )
        # SUPPRESS: absent behind the command, a -C before the command stays
        _root(each, default=argparse.SUPPRESS)
        if argv is None or name in argv:
            add(each)
    return top


def _root(each: argparse.ArgumentParser, default: str) -> None:
    each.add_argument(
        "-C", dest="root", metavar="DIR", type=_named, default=default, help="the root of the fleet (default: .)"
    )


def _named(text: str) -> str:
    """An empty name is a variable of a script that was not set, and never what was meant."""
    if not text:
        raise argparse.ArgumentTypeError("it is empty")
    return text


def _init(each: argparse.ArgumentParser) -> None:
    del each  # `-C` is all it takes


def _check(each: argparse.ArgumentParser) -> None:
    _compiling(each)


def _build(each: argparse.ArgumentParser) -> None:
    each.add_argument(
        "-o",
        dest="output",
        metavar="DIR",
        type=_named,
        help="the output folder, relative to the current one, not to -C; only fleetgate may own it",
    )
    each.add_argument("--verify", action="store_true", help="write nothing; tell what in the output folder differs")
    _compiling(each)


def _compiling(each: argparse.ArgumentParser) -> None:
    each.add_argument("--format", choices=FORMATS, default="text", help="how findings are printed (default: text)")
    each.add_argument("--strict", action="store_true", help="count warnings as errors")
    each.add_argument("--quiet", action="store_true", help="print findings only")
    each.add_argument(
        "--stop-after",
        choices=("source", "model", "ir"),
        help="print what that stage made, as YAML, and stop; findings go to standard error",
    )
    each.add_argument("--cluster", metavar="NAME", type=_named, help="write and prune below this cluster's folder only")
    each.add_argument(
        "--revision", metavar="REV", type=_named, help="read this Git revision instead of the files on disk"
    )
    each.add_argument(
        "--state", metavar="REF|FILE", type=_named, help="compile with the weights that the agent recorded there"
    )
    each.add_argument("--as-of", metavar="DATE", help="tell what has expired by this day (YYYY-MM-DD)")


def _trace(each: argparse.ArgumentParser) -> None:
    each.add_argument("method", metavar="METHOD", nargs="?", help="default: GET")
    each.add_argument("url", metavar="URL", help="as for curl: without a scheme it is http")
    each.add_argument(
        "-H",
        dest="header",
        metavar="HEADER",
        action="append",
        default=[],
        help="a header, 'name: value'; several times",
    )
    each.add_argument("--client-ip", metavar="IP", type=_named, help="the address of the client, for access lists")
    each.add_argument(
        "--gateway", metavar="NAME", type=_named, help="ask this gateway alone (default: each that has the host)"
    )
    each.add_argument(
        "--down",
        metavar="CLUSTER",
        type=_named,
        action="append",
        default=[],
        help="suppose that this cluster is lost; several times",
    )
    each.add_argument("--format", choices=("text", "json"), default="text", help="default: text")


def _preview(each: argparse.ArgumentParser) -> None:
    each.add_argument(
        "--try",
        dest="tries",
        action="store_true",
        help="send requests to every route, tell what was expected and what was seen, and end",
    )


def _simulate(each: argparse.ArgumentParser) -> None:
    lost = each.add_mutually_exclusive_group()
    lost.add_argument(
        "--sets",
        action="store_true",
        help="lose every set of clusters, not only each by itself (of more than five clusters: each by itself)",
    )
    lost.add_argument(
        "--lose",
        metavar="KIND=NAME",
        action="append",
        default=[],
        help="cluster=NAME, zone=NAME or region=NAME; several are lost together (default: each of them by itself)",
    )
    each.add_argument(
        "--at",
        metavar="[NS/SERVICE=]RPS",
        action="append",
        default=[],
        help="requests per second of a Service, or of all together (default: the demands that TrafficPolicies declare)",
    )
    each.add_argument("--format", choices=("text", "json"), default="text", help="default: text")
    each.add_argument("--html", metavar="FILE", type=_named, help="also write a page that shows before and after")


def _gateway(each: argparse.ArgumentParser) -> None:
    held = each.add_mutually_exclusive_group(required=True)
    held.add_argument("--tree", metavar="DIR", type=_named, help="what `fleetgate build` writes; used while complete")
    held.add_argument(
        "--parts", metavar="DIR", type=_named, help="the mounted parts of a configuration; used when complete"
    )
    held.add_argument("--drains", action="store_true", help="serve nothing: wait for SIGTERM, and let Envoy drain then")
    each.add_argument("--gateway", metavar="NAME", type=_named, required=True, help="which gateway of the fleet")
    each.add_argument(
        "--socket",
        metavar="PATH",
        type=_named,
        default="/run/fleetgate/ads.sock",
        help="the Unix socket that Envoy asks (default: /run/fleetgate/ads.sock)",
    )
    each.add_argument("--state", metavar="DIR", type=_named, help="remember the last good configuration there")
    each.add_argument(
        "--admin",
        metavar="HOST:PORT",
        default="127.0.0.1:9901",
        help="Envoy's admin interface, which tells when new clusters are warm; '' = none (default: 127.0.0.1:9901)",
    )
    each.add_argument("--health", metavar="HOST:PORT", default="", help="serve /healthz, /readyz and /status there")
    each.add_argument(
        "--linger",
        metavar="SECONDS",
        type=_duration,
        default=10.0,
        help="how long Envoy keeps clusters and listeners that are gone (default: 10)",
    )
    each.add_argument(
        "--print-bootstrap", action="store_true", help="print what Envoy is to be started with, and end (with --tree)"
    )


def _drill(each: argparse.ArgumentParser) -> None:
    each.add_argument(
        "--lose",
        metavar="KIND=NAME",
        action="append",
        default=[],
        help="cluster=NAME, zone=NAME or region=NAME; one after the other (default: what has to be survived)",
    )
    each.add_argument(
        "--fault",
        choices=("kill", "freeze", "drop", "partial", "slow", "peak", "gateway"),
        action="append",
        default=[],
        help="what happens to it; several times (default: all but drop, which needs Linux, and peak, which needs "
        "declared demands)",
    )
    each.add_argument("--gateway", metavar="NAME", type=_named, help="drill this gateway alone (default: all)")
    each.add_argument(
        "--rate", metavar="RPS", type=_positive, default=300.0, help="load over all routes (default: 300)"
    )
    each.add_argument("--seconds", metavar="S", type=_positive, default=3.0, help="how long a fault lasts (default: 3)")
    each.add_argument("--format", choices=("text", "json", "junit"), default="text", help="default: text")


def _duration(text: str) -> float:
    """Seconds, 0 to a day."""
    number = float(text)
    if not 0 <= number <= 86_400:
        raise argparse.ArgumentTypeError("write a number from 0 to 86400")
    return number


def _positive(text: str) -> float:
    """A number above 0."""
    number = float(text)
    if not 0 < number < 1_000_000:
        raise argparse.ArgumentTypeError("write a number above 0")
    return number


def _explain(each: argparse.ArgumentParser) -> None:
    each.add_argument(
        "word", metavar="WORD", help="a code (annotation-value), an annotation, a kind or a field (App.spec.replicas)"
    )


def _schema(each: argparse.ArgumentParser) -> None:
    each.add_argument("kind", metavar="KIND", nargs="?", help="one kind only (default: any of them)")


def _targets(each: argparse.ArgumentParser) -> None:
    del each  # `-C` is all it takes


COMMANDS: tuple[tuple[str, str, Callable[[argparse.ArgumentParser], None]], ...] = (
    ("init", "write a small working fleet into an empty folder", _init),
    ("check", "compile in memory and report everything that is wrong", _check),
    ("build", "compile into an output folder", _build),
    ("trace", "tell what becomes of a request: the route that wins, and why the others lose", _trace),
    ("simulate", "tell what the loss of a cluster, zone or region does to shares, loads and routes", _simulate),
    ("gateway", "serve the compiled configuration of a gateway to its Envoy, and follow its changes", _gateway),
    ("preview", "run the gateways on this machine, in front of backends that say who they are", _preview),
    (
        "drill",
        "kill, freeze and slow clusters behind a real local Envoy under load",
        _drill,
    ),
    ("explain", "tell what a code, an annotation, a kind or a field means", _explain),
    ("schema", "print the JSON Schema of what people write", _schema),
    ("targets", "list what can be compiled for, and what each target can express", _targets),
)
"""Name, what it does, and its own arguments."""
