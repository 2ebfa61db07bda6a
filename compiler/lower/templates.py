"""Jinja2 templates of extra manifests: rendered per cluster, in a child process with limits (`template_process`)."""

from __future__ import annotations

import importlib.util
import os
import select
import subprocess
import sys
from typing import TYPE_CHECKING, Any, Self

import msgspec
from msgspec import Struct

from compiler.diagnostics import Code, Diagnostics, Origin, error
from compiler.lower.fleet import cluster_id
from compiler.lower.manifests import files_of, is_object, plain_object
from compiler.source.documents import read_documents

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from types import TracebackType

    from compiler.ir import workload as ir
    from compiler.ir.delivery import PlainObject
    from compiler.lower.world import Files, Sourced, World
    from compiler.model.app import App

TEMPLATE_ERROR = error(
    "template-error",
    "a template that cannot be rendered",
    "Templates are Jinja2 with StrictUndefined in a sandbox: no files, no Python objects, nothing that varies from run "
    "to run. A template may include or import the other templates of its App, by their paths below the root. It sees "
    "`app` (name, namespace, labels, annotations, image, replicas, ports, versions), `cluster` (name, id, region, "
    "zones, labels), `fleet` (name) and `values` (those of the App).",
)
TEMPLATE_UNDEFINED = error(
    "template-undefined",
    "a template uses a name that is not defined",
    "Nothing is rendered as an empty text by mistake: a name has to exist. Write `{{ values.tier | default('web') }}` "
    "for a value that may be missing, and `{% if values.tier is defined %}` to ask for it.",
)
TEMPLATE_LIMITS = error(
    "template-limits",
    "a template takes more time, memory or output than it may",
    "One template for one cluster may take 5 seconds of CPU time, 512 MiB of memory and 1 MiB of output. What needs "
    "more is a program, not a template.",
)
CODES: tuple[Code, ...] = (TEMPLATE_ERROR, TEMPLATE_UNDEFINED, TEMPLATE_LIMITS)

_PROBLEMS = {"error": TEMPLATE_ERROR, "undefined": TEMPLATE_UNDEFINED, "limits": TEMPLATE_LIMITS}


_PROGRAM = """
import sys
sys.path.append(sys.argv.pop(1))
import template_process
sys.path.pop()
template_process.main()
"""
"""Imports the program rather than to run its file, which Python would compile at every start."""


class Limits(Struct, frozen=True):
    """What one template for one cluster may take."""

    cpu_s: int = 5
    wall_s: int = 60
    """Backstop for what takes no CPU time; generous, so that a busy machine changes no result."""
    bytes: int = 512 << 20
    """Address space of the process."""
    text: int = 1 << 20
    """Characters of output."""


class Problem(Struct, frozen=True):
    """Why a template could not be rendered."""

    code: Code
    message: str
    template: str
    line: int


class Job(Struct, frozen=True):
    """One template for one cluster."""

    template: str
    context: dict[str, Any]


class Renderer:
    """Renders templates in a child process, which is started when it is first needed and serves many apps.

    Starting it takes about 0.1 s, so a compilation has one for all of its apps. Use it as a context manager.
    """

    def __init__(self, limits: Limits | None = None) -> None:
        self._limits = limits or Limits()
        self._process: subprocess.Popen[bytes] | None = None
        self._buffer = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the child process."""
        process, self._process, self._buffer = self._process, None, b""
        if process is None:
            return
        process.kill()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()
        process.wait()

    def render(self, sources: Mapping[str, str], jobs: Sequence[Job]) -> list[str | Problem]:
        """The text of each job, or why there is none. `sources`: every template that these may include, by name."""
        results: dict[int, str | Problem] = {}
        pending = list(enumerate(jobs))
        while pending:
            self._send(sources, [job for _, job in pending])
            for position, (index, job) in enumerate(pending):
                line = self._receive()
                if line is None:
                    # The kernel ended the process, or it hangs: this template's fault, which would be so in every
                    # cluster. The other templates go to a new process.
                    self.close()
                    message = f"it takes more than {self._limits.cpu_s} s of CPU time, or hangs"
                    problem = Problem(TEMPLATE_LIMITS, message, job.template, 1)
                    left = pending[position:]
                    results.update((i, problem) for i, other in left if other.template == job.template)
                    pending = [(i, other) for i, other in left if other.template != job.template]
                    break
                results[index] = _result(msgspec.json.decode(line))
            else:
                pending = []
        return [results[index] for index in range(len(jobs))]

    def _send(self, sources: Mapping[str, str], jobs: Sequence[Job]) -> None:
        """Hand a request to the process; it reads all of it before it answers."""
        limits = msgspec.to_builtins(self._limits)
        listed = [msgspec.to_builtins(job) for job in jobs]
        request = msgspec.json.encode({"sources": sources, "jobs": listed, "limits": limits})
        process = self._process or self._start()
        assert process.stdin is not None
        process.stdin.write(request + b"\n")
        process.stdin.flush()

    def _start(self) -> subprocess.Popen[bytes]:
        """Start the process and wait until it is ready. Raises RuntimeError where Jinja2 is not installed."""
        here = os.path.dirname(__file__)  # noqa: PTH120 - pathlib is not loaded for this
        self._process = subprocess.Popen(  # noqa: S603 - our own program, no shell
            [sys.executable, "-S", "-s", "-P", "-B", "-c", _PROGRAM, here, *_folders()],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={"PYTHONHASHSEED": "0"},
            cwd="/",
            close_fds=True,
        )
        if self._receive() is None:
            self.close()
            raise RuntimeError("the process that renders templates does not start: is Jinja2 installed?")
        return self._process

    def _receive(self) -> bytes | None:
        """The next line of the process; None where it ended or hangs."""
        assert self._process is not None
        assert self._process.stdout is not None
        pipe = self._process.stdout.fileno()
        while b"\n" not in self._buffer:
            ready, _, _ = select.select([pipe], [], [], self._limits.wall_s)
            chunk = os.read(pipe, 1 << 16) if ready else b""
            if not chunk:
                return None
            self._buffer += chunk
        line, _, self._buffer = self._buffer.partition(b"\n")
        return line


def _folders() -> list[str]:
    """Where Jinja2 and MarkupSafe are installed; asking costs less than importing them."""
    folders = []
    for name in ("jinja2", "markupsafe"):
        spec = importlib.util.find_spec(name)
        if spec is None or spec.origin is None:
            raise RuntimeError(f"{name} is not installed")
        folder = os.path.dirname(os.path.dirname(spec.origin))  # noqa: PTH120 - two steps up a path of this machine
        if folder not in folders:
            folders.append(folder)
    return folders


def _result(answer: dict[str, Any]) -> str | Problem:
    if "text" in answer:
        text: str = answer["text"]
        return text
    return Problem(_PROBLEMS[answer["problem"]], answer["message"], answer["template"], answer["line"])


def render_templates(
    app: Sourced[App],
    world: World,
    clusters: Sequence[str],
    placements: Mapping[str, Sequence[ir.Placement]],
    files: Files,
    findings: Diagnostics,
    renderer: Renderer | None,
) -> dict[str, list[PlainObject]]:
    """The objects that an App's templates give in each cluster, in the order of the templates."""
    sources = _sources(files_of(app, "templates", app.value.spec.templates, files, findings), files, findings)
    if not sources or not clusters:
        return {}
    jobs = [
        Job(template, context(app.value, world, cluster, placements.get(cluster, ())))
        for cluster in clusters
        for template in sources
    ]
    if renderer is not None:
        results = renderer.render(sources, jobs)
    else:
        with Renderer() as own:
            results = own.render(sources, jobs)
    report = _Report(findings)
    objects: dict[str, list[PlainObject]] = {cluster: [] for cluster in clusters}
    places = [(cluster, template) for cluster in clusters for template in sources]
    for (cluster, template), result in zip(places, results, strict=True):
        if isinstance(result, str):
            objects[cluster].extend(_objects(template, cluster, result, report))
        else:
            fix = "mend the template" if result.code is not TEMPLATE_UNDEFINED else "define it, or give it a default"
            place = Origin(result.template, line=result.line, column=1)
            report.add(result.code, place, "", f"for cluster {cluster}", result.message, fix)
    report.close()
    return objects


def _sources(paths: Sequence[str], files: Files, findings: Diagnostics) -> dict[str, str]:
    sources = {}
    for path in paths:
        raw = files.read(path, findings)
        if raw is None:
            continue
        try:
            sources[path] = raw.decode()
        except UnicodeDecodeError as failed:
            place = Origin(path, line=1, column=1)
            why = f"byte {failed.start + 1} of the file is not valid UTF-8"
            findings.add(TEMPLATE_ERROR, place, "", why, "save the file as UTF-8")
    return sources


def context(app: App, world: World, cluster: str, placements: Sequence[ir.Placement]) -> dict[str, Any]:
    """What a template sees: plain values, the same in every run."""
    metadata = app.metadata
    there = world.clusters[cluster].value
    stable = next((p for p in placements if not p.workload.version), None)
    return {
        "app": {
            "name": metadata.name,
            "namespace": metadata.namespace,
            "labels": metadata.labels,
            "annotations": metadata.annotations,
            "image": stable.workload.image if stable else "",
            "replicas": stable.floor if stable else 0,
            "ports": [
                {"name": p.name, "port": p.number, "targetPort": p.target, "protocol": p.protocol}
                for p in (stable.workload.ports if stable else ())
            ],
            "versions": [
                {"name": p.workload.version, "image": p.workload.image, "replicas": p.floor}
                for p in placements
                if p.workload.version
            ],
        },
        "cluster": {
            "name": cluster,
            "id": cluster_id(there),
            "region": there.spec.region,
            "zones": list(there.spec.zones),
            "labels": there.metadata.labels,
        },
        "fleet": {"name": world.fleet.value.metadata.name},
        "values": app.spec.values,
    }


def _objects(template: str, cluster: str, text: str, report: _Report) -> Iterator[PlainObject]:
    """The objects in what a template rendered; findings name the template, the cluster and the rendered line."""
    found = Diagnostics()
    documents = read_documents(template, text.encode(), found)
    sound = [plain_object(d.data, d.origin, found) for d in documents if is_object(d.data, d.origin, found)]
    if found:
        from compiler.source.positions import locate  # noqa: PLC0415 - only for findings
    for finding in found.sorted():
        line = finding.origin.line or locate(text, finding.origin)[0]
        where = f"in line {line} of what it renders for cluster {cluster}"
        place = Origin(template, line=1, column=1)
        report.add(finding.code, place, finding.value, where, finding.why, finding.fix)
    yield from sound


class _Report:
    """Tells a problem once that a template has in several clusters."""

    def __init__(self, findings: Diagnostics) -> None:
        self._findings = findings
        self._seen: dict[tuple[str, str, int, str, str], tuple[Code, Origin, str, str, str, str]] = {}
        self._more: dict[tuple[str, str, int, str, str], int] = {}

    def add(self, code: Code, origin: Origin, value: str, where: str, why: str, fix: str) -> None:
        key = (code.name, origin.file, origin.line, value, why)
        if key in self._seen:
            self._more[key] = self._more.get(key, 0) + 1
        else:
            self._seen[key] = (code, origin, value, where, why, fix)

    def close(self) -> None:
        for key, (code, origin, value, where, why, fix) in self._seen.items():
            more = self._more.get(key, 0)
            others = f" (and for {more} more)" if more else ""
            self._findings.add(code, origin, value, f"{where}{others}: {why}", fix)
