"""Limits: the table in the README, from the constants that enforce them."""

from __future__ import annotations

from compiler.annotations.patterns import RE2_PROGRAM_LIMIT
from compiler.annotations.read import SIZE_LIMIT
from compiler.lower.templates import Limits
from compiler.output.limits import MAX_CONFIG_MAP_BYTES, MAX_OBJECT_BYTES
from compiler.source.documents import MAX_FILE_BYTES
from compiler.source.ignore import MAX_PATTERNS
from compiler.source.nodes import MAX_DEPTH, MAX_EXPANDED_NODES, MAX_NODES
from compiler.source.repository import MAX_FILES, MAX_TOTAL_BYTES
from compiler.targets.argocd import MAX_BYTES, MAX_OBJECTS
from tools.pages.markdown import cell, table

_TEMPLATE = Limits()

LIMITS: tuple[tuple[str, str, str], ...] = (
    ("files below one root", f"{MAX_FILES:,}", "root-too-large"),
    ("all documents of one root", f"{MAX_TOTAL_BYTES >> 30} GiB", "root-too-large"),
    ("one input file", f"{MAX_FILE_BYTES >> 20} MiB", "file-too-large"),
    ("keys and values of one file", f"{MAX_NODES:,}", "yaml-too-large"),
    ("nesting of a document", f"{MAX_DEPTH} levels", "yaml-too-deep"),
    ("values that the aliases of one file stand for", f"{MAX_EXPANDED_NODES:,}", "yaml-aliases"),
    ("patterns in `.fleetgateignore`", f"{MAX_PATTERNS:,}", "ignore-pattern"),
    ("annotations of one object", f"{SIZE_LIMIT:,} bytes", "annotations-too-large"),
    ("program of a pattern (RE2)", f"{RE2_PROGRAM_LIMIT} steps", "annotation-regex-size"),
    (
        "one template for one cluster",
        f"{_TEMPLATE.cpu_s} s of CPU time, {_TEMPLATE.bytes >> 20} MiB of memory, {_TEMPLATE.text >> 20} MiB of text",
        "template-limits",
    ),
    ("data of an emitted ConfigMap", f"{MAX_CONFIG_MAP_BYTES >> 20} MiB", "object-too-large"),
    ("any other emitted object", f"{MAX_OBJECT_BYTES:,} bytes", "object-too-large"),
    ("one Argo CD Application", f"{MAX_OBJECTS:,} objects, {MAX_BYTES / 1e6:.0f} MB", "argocd-limits"),
)
"""(what, how much, the finding beyond it)."""


def block() -> str:
    """What is bounded, and what is reported beyond."""
    rows = ((cell(what), cell(most), f"[`{found}`](docs/findings.md#{found})") for what, most, found in LIMITS)
    return table(("what", "at most", "beyond it"), rows)
