"""Roots within the root: folders with a Fleet document of their own are not compiled with what is around them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from compiler.diagnostics import Code, warning

if TYPE_CHECKING:
    from collections.abc import Mapping

    from compiler.diagnostics import Diagnostics, Origin
    from compiler.source.documents import Document

NESTED_ROOT = warning(
    "nested-root",
    "a folder that is left out because it has a Fleet of its own",
    "A folder with a Fleet document is a root of its own: nothing in it or below it is compiled with the root around "
    "it. That is right for a repo that holds several fleets, and a trap where a Fleet was copied along with an app: "
    "everything in that folder is then missing from the output. Each root is compiled by itself, with `-C`. Name the "
    "folder in `.fleetgateignore` of the root around it to say that it is meant to be apart: it is then not read.",
)
CODES: tuple[Code, ...] = (NESTED_ROOT,)
_GROUP = "fleetgate.dev"


def is_fleet(document: Document) -> bool:
    """Whether a document makes its folder a root. Other API groups have a kind of this name as well (Agones)."""
    if document.data.get("kind") != "Fleet":
        return False
    version = document.data.get("apiVersion")
    return not isinstance(version, str) or version.partition("/")[0] == _GROUP


def report_nested(roots: Mapping[str, Origin], fleet: str, findings: Diagnostics) -> None:
    """Tell of each nested root (folder with a slash at the end -> its Fleet document), once.

    `fleet`: name of the Fleet around them, "" where there is none. Those inside another nested root are left to its
    own compilation.
    """
    around = f"the fleet {fleet}" if fleet else "this root"
    outermost = ""
    for folder in sorted(roots):
        if outermost and folder.startswith(outermost):
            continue
        outermost = folder
        findings.add(
            NESTED_ROOT,
            roots[folder].at("kind"),
            folder,
            f"this folder has a Fleet of its own, so nothing in it is part of {around}",
            f"compile it by itself with -C, and name {folder} in .fleetgateignore if it is meant to be apart",
        )
