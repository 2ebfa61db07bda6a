"""Good and bad documents of every kind, and what is expected of them.

`good/`: decoded without a finding. `bad/`: refused by decoder and schema alike. `rules/`: accepted by both, and against
rules that no schema says. `other/`: exported from a cluster, or of other kinds. Beside each file of the last three
stands what is found in it (`pytest --update-golden` rewrites that).
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from compiler.diagnostics import Diagnostics
from compiler.model.decode import decode
from compiler.model.words import dotted
from compiler.source.documents import read_documents

if TYPE_CHECKING:
    from collections.abc import Iterable

    from compiler.diagnostics import Diagnostic, Origin
    from compiler.model import base as model
    from compiler.source.documents import Document

HERE = Path(__file__).parent
EXAMPLES = HERE.parents[2] / "compiler" / "model" / "examples"


def files(*folders: str) -> list[Path]:
    """The YAML files of these folders; `examples` are those of the package."""
    return [
        path
        for folder in folders
        for path in sorted((EXAMPLES if folder == "examples" else HERE / folder).glob("*.yaml"))
    ]


def documents(path: Path) -> list[Document]:
    """The documents of a file, read as the compiler reads them."""
    findings = Diagnostics()
    found = read_documents(path.name, path.read_bytes(), findings)
    assert not list(findings), list(findings)
    return found


def documents_of(*folders: str) -> list[Document]:
    """The documents of all files of these folders."""
    return [document for path in files(*folders) for document in documents(path)]


def decoded(document: Document) -> tuple[model.Document | None, tuple[Diagnostic, ...]]:
    """What a document decodes to, and the findings in their order."""
    findings = Diagnostics()
    return decode(document, findings), findings.sorted()


def told(found: Iterable[Diagnostic]) -> str:
    """Findings as text: what is expected of a file."""
    return "\n".join(_told(finding) for finding in found)


def _told(finding: Diagnostic) -> str:
    lines = [
        f"{finding.origin.document}: {_place(finding.origin)}: {finding.code.severity}[{finding.code.name}]",
        f"  {finding.value + ': ' if finding.value else ''}{finding.why}",
        f"  fix: {finding.fix}",
        *(f"  also: {_place(note.origin)}: {note.text}" for note in finding.notes),
    ]
    return "\n".join(lines) + "\n"


def _place(origin: Origin) -> str:
    return (dotted(origin.path) or "document") + (" (key)" if origin.part == "key" else "")
