"""What a compilation is asked for, and what comes of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Callable

    from compiler.diagnostics import Diagnostic, Origin

Stage = Literal["source", "model", "ir"]
Progress = "Callable[[str, int, int], None]"


class Options(Struct, frozen=True):
    """How to compile a root."""

    root: str
    """Folder with the Fleet document."""
    strict: bool = False
    stop_after: Stage | None = None
    """Compile up to this stage alone and print it."""
    cluster: str | None = None
    """Write and prune below this cluster's folder alone."""
    revision: str | None = None
    """Compile this Git revision of the root, without a checkout."""
    state: str | None = None
    """TrafficState to apply: a file, or a Git ref that holds one."""
    as_of: str | None = None
    """Date (YYYY-MM-DD) with which `until` of pins and acceptances is compared."""


class GatewaySummary(Struct, frozen=True):
    """One gateway, in numbers."""

    name: str
    region: str
    targets: tuple[str, ...]
    hosts: int
    routes: int
    ingresses: int
    clusters: tuple[str, ...]


class ClusterSummary(Struct, frozen=True):
    """One cluster, in numbers."""

    name: str
    region: str
    zones: tuple[str, ...]
    namespaces: int
    apps: int
    workloads: int
    files: int


class Summary(Struct, frozen=True):
    """What was compiled, for whom."""

    fleet: str
    gateways: tuple[GatewaySummary, ...]
    clusters: tuple[ClusterSummary, ...]
    apps: int
    documents: int
    files: int


def options_label(options: Options) -> bytes:
    """What of the options shapes the output, beside the input's files."""
    import compiler  # noqa: PLC0415 - its version

    return f"fleetgate {compiler.__version__}\nstate {options.state or ''}\nas-of {options.as_of or ''}\n".encode()


NO_SUMMARY = Summary("", (), (), 0, 0, 0)


class Compilation(Struct):
    """The outcome of `check`: findings, and what was compiled."""

    findings: tuple[Diagnostic, ...]
    """In stable order, without those that the Fleet accepts."""
    accepted: tuple[Diagnostic, ...]
    """Findings that the Fleet accepts on purpose."""
    summary: Summary
    read: Callable[[str], str | None]
    """Text of an input file by its path, for positions; None where it can't be read."""
    stage_text: str | None = None
    """The stage that was asked for, as stable YAML."""

    def place(self, origin: Origin) -> tuple[int, int]:
        """Line and column of an origin, both from 1."""
        if origin.line:
            return origin.line, origin.column or 1
        text = self.read(origin.file)
        if text is None:
            return 1, 1
        from compiler.source.positions import locate  # noqa: PLC0415 - only where a finding is printed

        return locate(text, origin)

    def excerpt(self, origin: Origin) -> str:
        """The line of an origin as written; "" where there is none."""
        text = self.read(origin.file)
        if text is None:
            return ""
        from compiler.source.positions import excerpt  # noqa: PLC0415 - only where a finding is printed

        return excerpt(text, self.place(origin)[0])


class Built(Compilation):
    """The outcome of `build`."""

    written: int = 0
    removed: int = 0
    gone: tuple[str, ...] = ()
    """What disappeared with the removed files: clusters, gateways, apps."""
    unchanged: int = 0
    output: str = ""
    up_to_date: bool = False
    """Whether nothing had to be compiled or written."""
