"""The second, optional input: TrafficState of the agent, from a file or from its own Git ref."""

from __future__ import annotations

from typing import TYPE_CHECKING

from compiler.diagnostics import Code, Origin, error
from compiler.lower.world import Sourced
from compiler.model.decode import decode
from compiler.model.traffic import TrafficState
from compiler.source.documents import read_documents

if TYPE_CHECKING:
    from collections.abc import Iterator

    from compiler.diagnostics import Diagnostics
    from compiler.pipeline.options import Options
    from compiler.pipeline.root import Root
    from compiler.source.documents import Document

NO_STATE = error(
    "no-state",
    "what --state names holds no TrafficState",
    "`--state` takes the file or the Git ref (such as fleetgate/state) into which the agent writes effective weights. "
    "A ref is read like a root of its own: every document of kind TrafficState in it counts. A "
    "name that is neither a file nor a ref is `unknown-revision`.",
)
CODES: tuple[Code, ...] = (NO_STATE,)


def read_states(root: Root, options: Options, findings: Diagnostics) -> tuple[Sourced[TrafficState], ...]:
    """The effective weights to apply; none without `--state`."""
    if options.state is None:
        return ()
    found = []
    for document in _documents(root, options.state, findings):
        value = decode(document, findings)
        if isinstance(value, TrafficState):
            found.append(Sourced(value, document.origin))
    if not found and not findings.has_errors:
        findings.add(
            NO_STATE,
            Origin(options.state, line=1, column=1),
            options.state,
            "no document of kind TrafficState is there",
            "name the file or the ref that the agent writes",
        )
    return tuple(found)


def _documents(root: Root, state: str, findings: Diagnostics) -> Iterator[Document]:
    from pathlib import Path  # noqa: PLC0415 - only with --state

    file = Path(state)
    if file.is_file():
        raw = file.read_bytes()
        root.remember(state, raw)
        yield from read_documents(state, raw, findings)
        return
    with root.at_revision(state) as other:
        for path in other.list(findings):
            raw_or_none = other.read_document(path, findings)
            if raw_or_none is not None:
                shown = f"{state}:{path}"
                root.remember(shown, raw_or_none)
                yield from read_documents(shown, raw_or_none, findings)
