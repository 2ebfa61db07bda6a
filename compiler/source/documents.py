"""Files to documents: plain values, typed as kubectl types them, or findings. Never an exception, whatever the bytes.

Two readers stand behind this door (`fast` and the slow one of `nodes` and `values`), and one for JSON. They agree
wherever more than one could read a file; only the time differs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

from compiler.diagnostics import Origin, error

if TYPE_CHECKING:
    from compiler.diagnostics import Diagnostics

MAX_FILE_BYTES: Final = 1 << 20
"""1 MiB. Kubernetes refuses objects above about 1.5 MiB anyway."""

FILE_TOO_LARGE = error(
    "file-too-large",
    "an input file is too large",
    f"""
An input file may have {MAX_FILE_BYTES:,} bytes. Kubernetes itself refuses objects above about 1.5 MiB, and parsing
YAML takes time that an unbounded file would steal from everybody. Split the file. If it is not meant for fleetgate,
name it in `.fleetgateignore`.
""",
)
YAML_NOT_A_MAPPING = error(
    "yaml-not-a-mapping",
    "a document is not a mapping",
    """
Every document is one object: a mapping with `apiVersion`, `kind`, `metadata` and so on. A list or a single value at
the top of a document is none. Write one document per object, separated by lines of `---`. If the file is not meant
for fleetgate, name it in `.fleetgateignore`.
""",
)
LIST_OBJECT = error(
    "list-object",
    "objects are wrapped in a List",
    """
`kubectl get -o yaml` wraps what it prints in an object of kind List. Here one document is one object, so that every
finding can name its place. Write each item as a document of its own, separated by lines of `---`.
""",
)
CODES = (FILE_TOO_LARGE, YAML_NOT_A_MAPPING, LIST_OBJECT)


class Document(msgspec.Struct, frozen=True, gc=False):
    """One YAML document or JSON file that holds a mapping."""

    file: str
    """Path below the root, with forward slashes."""
    index: int
    """Which document of the file it is, from 0; empty ones count."""
    data: dict[str, Any]
    """Plain values: dict, list, str, int, float, bool, None. Aliases share what they stand for: never change it."""

    @property
    def origin(self) -> Origin:
        """The top of the document."""
        return Origin(self.file, self.index)


def read_documents(file: str, raw: bytes, found: Diagnostics) -> list[Document]:
    """All documents of a file that can be read, in order; what is wrong goes to `found`. Empty documents are skipped.

    A file with a syntax error gives the documents above the error; one with a duplicate key or the like still gives
    all of them, so that nothing that refers to them is reported as well.
    """
    if len(raw) > MAX_FILE_BYTES:
        report_too_large(file, len(raw), found)
        return []
    from compiler.source import fast  # noqa: PLC0415 - a build without changes reads nothing

    # The fast reader knows YAML, and JSON is stricter: it has no comments, and text only in quotes.
    values = None if file.lower().endswith(".json") else fast.read(raw)
    if values is None:
        # PyYAML takes longer to import than a hundred files take to read: only where it is needed.
        from compiler.source import slow  # noqa: PLC0415

        values = slow.read(file, raw, found)
    return [
        Document(file, index, value)
        for index, value in enumerate(values)
        if value is not None and _is_object(file, index, value, found)
    ]


def report_too_large(file: str, size: int, found: Diagnostics) -> None:
    """The finding for a file beyond `MAX_FILE_BYTES`; also made before such a file is read."""
    why = f"the file has {size:,} bytes, more than the {MAX_FILE_BYTES:,} that are read"
    fix = "split the file, or name it in .fleetgateignore if it is not meant for fleetgate"
    found.add(FILE_TOO_LARGE, Origin(file, line=1, column=1), f"{size}", why, fix)


def _is_object(file: str, index: int, value: Any, found: Diagnostics) -> bool:
    if not isinstance(value, dict):
        what = "a list" if isinstance(value, list) else "a single value"
        why = f"this document is {what}, and not an object with apiVersion and kind"
        fix = "write one mapping per document, or name the file in .fleetgateignore if it is not meant for fleetgate"
        found.add(YAML_NOT_A_MAPPING, Origin(file, index), "", why, fix)
        return False
    kind = value.get("kind")
    if isinstance(kind, str) and kind.endswith("List") and isinstance(value.get("items"), list):
        why = "the objects of a List are not read"
        fix = "write each item as a document of its own, separated by lines of ---"
        found.add(LIST_OBJECT, Origin(file, index, ("kind",)), kind, why, fix)
        return False
    return True
