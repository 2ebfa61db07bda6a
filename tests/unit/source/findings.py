"""Findings in a form that a test can compare on one line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from compiler.diagnostics import Diagnostics
from compiler.source.documents import read_documents
from compiler.source.positions import locate

if TYPE_CHECKING:
    from compiler.diagnostics import Diagnostic

Told = tuple[str, int, int, str]
"""Code, line, column, value."""


def read(text: str | bytes, file: str = "a.yaml") -> tuple[list[Any], list[Told]]:
    """The data of all documents, and what was found, in stable order."""
    raw = text if isinstance(text, bytes) else text.encode()
    found = Diagnostics()
    documents = read_documents(file, raw, found)
    return [document.data for document in documents], [told(finding, raw) for finding in found.sorted()]


def told(finding: Diagnostic, raw: bytes) -> Told:
    """One finding, its place worked out from the text of its file."""
    return (finding.code.name, *locate(raw, finding.origin), finding.value)


def only(text: str | bytes, file: str = "a.yaml") -> Diagnostic:
    """The only finding about a file."""
    found = Diagnostics()
    read_documents(file, text if isinstance(text, bytes) else text.encode(), found)
    (finding,) = found
    return finding
