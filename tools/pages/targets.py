"""Targets: `docs/targets.md` and the table in the README, from what each target declares."""

from __future__ import annotations

from typing import TYPE_CHECKING

from compiler.annotations.catalog import all_families
from compiler.ir.features import FEATURES
from compiler.targets.catalog import TARGETS
from tools.pages.findings import links
from tools.pages.known_annotations import heading
from tools.pages.markdown import HEAD, anchor, cell, prose, table

if TYPE_CHECKING:
    from compiler.targets.catalog import Target

PAGE = "docs/targets.md"

_SUPPORT = {"full": "yes", "partial": "partly", "none": "no"}

_INTRO = """\
# Targets

What can be compiled for. `kubernetes` and `argocd` are always compiled; `spec.gateways[].targets` of the Fleet names
the targets of a gateway. A target that is not built yet is an error that says so. `fleetgate targets` prints what
stands here.
"""


def page() -> str:
    """The whole page: the list, what each emits, and what a gateway's target can express."""
    built = [target for target in TARGETS if target.is_built]
    return HEAD + "\n".join([_INTRO, overview(), _matrix(), *(_section(target) for target in built)])


def _matrix() -> str:
    """Features by target, with the families of annotations that become them."""
    gateways = [target for target in TARGETS if target.expresses]
    rows = []
    for feature in FEATURES:
        families = (family for family in all_families() if feature in family.features)
        annotations = ", ".join(f"[{family.name}](annotations.md#{anchor(heading(family))})" for family in families)
        found = [_SUPPORT[c.support] for target in gateways for c in target.expresses if c.feature == feature]
        rows.append((cell(feature), annotations, *found))
    listed = table(("feature", "annotations", *(target.name for target in gateways)), rows)
    return f"## Features by target\n\nWhat gateways can be asked for, by which families of annotations.\n\n{listed}"


def overview() -> str:
    """All targets."""
    return table(
        ("target", "for", "built", "what it is"),
        ((f"`{t.name}`", t.serves, "yes" if t.is_built else "not yet", cell(t.summary)) for t in TARGETS),
    )


def _section(target: Target) -> str:
    summary = f"{target.summary[0].upper()}{target.summary[1:]}."
    head = f"## {target.name}\n\n{prose(summary)}\n\nEmits {prose(', '.join(target.emits))}.\n"
    if not target.expresses:
        return head
    rows = (
        (cell(c.feature), _SUPPORT[c.support], cell(c.note), links(c.codes, "findings.md")) for c in target.expresses
    )
    listed = table(("feature", "expressed", "what is there", "reported as"), rows)
    return f"{head}\nWhat it can express; the rest is a finding at the line that asks for it:\n\n{listed}"
