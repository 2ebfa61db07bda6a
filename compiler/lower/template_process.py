"""The child process that renders Jinja2 templates: `python -S -s -P -c ... FOLDER...`.

Run by `compiler.lower.templates` alone, with an empty environment; the folders are where Jinja2 is installed. One JSON
line in: {"sources": {name: text}, "jobs": [{"template": name, "context": {...}}], "limits": {...}}. One JSON line out
per job: {"text": ...}, or {"problem": "error"|"undefined"|"limits", "message": ..., "template": name, "line": number}.

Templates come from several teams and are trusted as little as any other input: Jinja2's sandbox keeps them from
Python, and below it the limits of the operating system keep the process from opening files or sockets, starting
processes, writing files, and taking more memory and CPU time than the job may.
"""

from __future__ import annotations

import json
import re
import resource
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")


def main() -> None:
    """Answer requests until there are no more."""
    sys.path.extend(sys.argv[1:])
    engine = _Engine()
    _lock()
    _answer({})  # ready
    for line in sys.stdin.buffer:
        request = json.loads(line)
        environment = engine.environment(request["sources"])
        limits = request["limits"]
        _limit_memory(limits["bytes"])
        for job in request["jobs"]:
            _limit_cpu(limits["cpu_s"])
            answer = engine.render(environment, job["template"], job["context"], request["sources"], limits["text"])
            _answer(answer)


def _answer(value: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(value) + "\n")
    sys.stdout.flush()


def _lock() -> None:
    """From here on: no file or socket can be opened, nothing written but the pipes, no process started, no core."""
    for limit, value in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NPROC, 0),
        (resource.RLIMIT_NOFILE, 3),
    ):
        resource.setrlimit(limit, (value, value))


def _limit_memory(most: int) -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    if sys.platform == "linux" and (hard == resource.RLIM_INFINITY or hard > most):  # macOS has no such limit
        resource.setrlimit(resource.RLIMIT_AS, (most, most))


def _limit_cpu(seconds: int) -> None:
    """So many seconds from now on, rounded up: beyond them the kernel ends this process."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (int(used.ru_utime + used.ru_stime) + 1 + seconds, hard))


class _Nothing(type(sys)):  # type: ignore[misc]  # the type of modules
    """A module in which every name stands for something that nobody uses."""

    def __getattr__(self, name: str) -> type:
        return object


class _Engine:
    """Jinja2, with all of it imported before files can no longer be opened."""

    def __init__(self) -> None:
        # Jinja2 can keep compiled templates on disk. This process could open no such file, and what is imported for
        # it (pickle, tempfile, OpenSSL) would be a third of its start.
        sys.modules["_hashlib"] = None  # type: ignore[assignment]  # how Python says: this import fails
        sys.modules["jinja2.bccache"] = _Nothing("jinja2.bccache")
        # filters import these when they are first used
        import html  # noqa: F401, PLC0415 - see above
        import pprint  # noqa: F401, PLC0415 - the same
        import textwrap  # noqa: F401, PLC0415 - the same

        import jinja2  # noqa: PLC0415 - only the child has it on its path
        from jinja2 import sandbox  # noqa: PLC0415

        self._jinja2 = jinja2
        self._sandbox = sandbox
        # Jinja2 imports codecs for its first literal, and what maps tracebacks to templates for its first error.
        warm = {"a": "{% import 'b' as b %}{{ b.m('\\n') }}", "b": "{% macro m(x) %}{{ x.y }}{% endmacro %}"}
        self.render(self.environment(warm), "a", {}, warm, 1)

    def environment(self, sources: dict[str, str]) -> Any:
        """An environment that knows these templates alone, and nothing that varies from run to run."""

        def load(name: str) -> tuple[str, str, None] | None:
            text = sources.get(name)
            return None if text is None else (text, name, None)

        environment = self._sandbox.ImmutableSandboxedEnvironment(
            undefined=self._jinja2.StrictUndefined,
            loader=self._jinja2.FunctionLoader(load),
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
            cache_size=-1,
        )
        del environment.filters["random"]
        del environment.globals["lipsum"]
        return environment

    def render(
        self, environment: Any, name: str, context: dict[str, Any], sources: dict[str, str], most: int
    ) -> dict[str, Any]:
        """The text that a template gives, or what went wrong."""
        try:
            return _checked("".join(_bounded(environment.get_template(name).generate(context), most)), name)
        except self._jinja2.TemplateSyntaxError as failed:
            return _problem("error", failed.message or "this is no Jinja2", failed.name or name, failed.lineno)
        except Exception as failed:  # noqa: BLE001 - whatever an expression of the template raises is its author's
            return _problem(*self._judged(failed), *_place(failed, name, sources))

    def _judged(self, failed: Exception) -> tuple[str, str]:
        """(kind, message) of what a template raised."""
        if isinstance(failed, self._jinja2.UndefinedError):
            return "undefined", str(failed)
        if isinstance(failed, (MemoryError, RecursionError, OverflowError)):
            return "limits", str(failed) or "it takes more memory than a template may"
        if isinstance(failed, self._jinja2.TemplateNotFound):
            return "error", f"the App has no template {failed.name}"
        if isinstance(failed, OSError):  # its words would name a path of this machine
            return "error", "it needs a file, and templates can open none"
        return "error", f"{type(failed).__name__}: {failed}"


def _bounded(parts: Iterator[str], most: int) -> Iterator[str]:
    """The parts of an output; raises OverflowError when they have more than `most` characters."""
    size = 0
    for part in parts:
        size += len(part)
        if size > most:
            raise OverflowError(f"it renders more than {most:,} characters")
        yield part


def _checked(text: str, name: str) -> dict[str, Any]:
    """The text, unless it shows the address of an object, which differs from run to run."""
    text.encode()  # raises for a lone surrogate, which is no text
    address = _ADDRESS.search(text)
    if address is None:
        return {"text": text}
    before = text[max(0, address.start() - 40) : address.start()].rpartition("\n")[2].strip()
    return _problem("error", f"it prints an object of Python rather than a value: {before}", name, 1)


def _place(failed: BaseException, name: str, sources: dict[str, str]) -> tuple[str, int]:
    """Template and line of an exception: the innermost frame that is a template's (Jinja2 maps them back)."""
    place = (name, 1)
    trace = failed.__traceback__
    while trace is not None:
        file = trace.tb_frame.f_code.co_filename
        if file in sources:
            place = (file, trace.tb_lineno)
        trace = trace.tb_next
    return place


def _problem(kind: str, message: str, template: str, line: int) -> dict[str, Any]:
    words = " ".join(_ADDRESS.sub("", message).split())[:500]
    shown = "".join(c if c.isprintable() else "?" for c in words)
    return {"problem": kind, "message": shown, "template": template, "line": line}
