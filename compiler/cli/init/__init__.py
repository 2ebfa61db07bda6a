"""`fleetgate init`: a small working fleet in an empty folder, to be looked at, built, and changed."""

from __future__ import annotations

import re
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from compiler.cli.outcome import CLEAN, Outcome, usage
from compiler.cli.terminal import escape
from compiler.manifests import render

if TYPE_CHECKING:
    from argparse import Namespace

    from compiler.cli.terminal import Terminal

FILES: tuple[tuple[str, str], ...] = (
    ("README.txt", "README.md"),
    ("fleet.yaml", "fleet.yaml"),
    ("zone-a.yaml", "clusters/zone-a.yaml"),
    ("zone-b.yaml", "clusters/zone-b.yaml"),
    ("app.yaml", "apps/hello/app.yaml"),
    ("ingress.yaml", "apps/hello/ingress.yaml"),
    ("traffic.yaml", "apps/hello/traffic.yaml"),
    ("workflow.yaml", ".github/workflows/fleetgate.yaml"),
    ("gitignore.txt", ".gitignore"),
)
"""(file of this package's folder `fleet`, path below the new root). Hidden names are given here, so that packaging
and tools that skip hidden files never lose one."""

NAME = "my-fleet"
"""What the fleet is called in these files."""

_SIMPLE = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
"""Names that need no thought, in Kubernetes or in a URL; not all of them are text in YAML (`on`)."""


def run(arguments: Namespace, terminal: Terminal) -> Outcome:
    """Write the fleet, unless something is there already; a fresh `.git` is nothing."""
    root = Path(arguments.root)
    if root.exists() and not root.is_dir():
        return usage(f"{escape(str(root))} is not a folder: init needs an empty or a new one")
    present = sorted(each.name for each in root.iterdir() if each.name != ".git") if root.exists() else []
    if present:
        return usage(f"{escape(str(root))} is not empty (it holds {escape(present[0])}): init needs an empty folder")
    templates = resources.files(__name__) / "fleet"
    called = _name(root)
    for template, name in FILES:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        text = (templates / template).read_text("utf-8")
        path.write_text(text.replace(NAME, called), "utf-8", newline="\n")
    style = terminal.out
    listed = "".join(f"  {name}\n" for _, name in FILES)
    here = "" if arguments.root == "." else f" -C {escape(arguments.root)}"
    place = "this folder" if arguments.root == "." else style("strong", escape(arguments.root))
    output = "rendered" if arguments.root == "." else escape(str(root / "rendered"))
    return Outcome(
        CLEAN,
        f"{style('good', 'a fleet of two clusters with one app')} in {place}:\n"
        f"{listed}\n"
        f"next: fleetgate check{here}\n"
        f"      fleetgate build{here} -o {output}\n",
    )


def _name(root: Path) -> str:
    """The folder's name, where it is a simple one."""
    name = root.resolve().name
    return name if len(name) <= 40 and _SIMPLE.fullmatch(name) and render({"name": name}) == f"name: {name}\n" else NAME
