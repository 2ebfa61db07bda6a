"""Roots to read: folders on disk, and commits that hold the same."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

from compiler.diagnostics import Diagnostics

if TYPE_CHECKING:
    from pathlib import Path

    from compiler.source.repository import Repository

LINK = "-> "
"""A content that begins like this makes a symbolic link."""


def write(root: Path, files: dict[str, str | bytes]) -> Path:
    """Write files below a root; `-> target` as content makes a symbolic link."""
    for path, content in files.items():
        place = root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, str) and content.startswith(LINK):
            place.symlink_to(content.removeprefix(LINK))
        else:
            place.write_bytes(content if isinstance(content, bytes) else content.encode())
    return root


def git(folder: Path, *arguments: str | bytes, stdin: bytes = b"") -> str:
    """Run Git as nobody in particular, without anybody's settings; its output."""
    settings = {"GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull, "PATH": os.environ["PATH"]}
    people = {f"GIT_{role}_{what}": "x@example.com" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    done = subprocess.run(
        ["git", "-c", "protocol.file.allow=always", *arguments],
        cwd=folder,
        env=settings | people,
        input=stdin,
        check=True,
        capture_output=True,
    )
    return done.stdout.decode().strip()


def commit(folder: Path) -> str:
    """Make a repository of a folder, if it is none, and commit all that is in it; the commit's id."""
    if not (folder / ".git").exists():
        git(folder, "init", "--quiet", "--initial-branch=main")
    git(folder, "add", "--all", "--force")
    git(folder, "commit", "--quiet", "--allow-empty", "--message=x")
    return git(folder, "rev-parse", "HEAD")


def contents(repository: Repository) -> tuple[dict[str, bytes | None], list[tuple[str, str, str]]]:
    """All listed files with their content, and what was found: code, file, reason."""
    found = Diagnostics()
    with repository:
        repository.entries(found)
        read = {entry.path: repository.read(entry.path, found) for entry in repository.files()}
    return read, [(finding.code.name, finding.origin.file, finding.why) for finding in found.sorted()]
