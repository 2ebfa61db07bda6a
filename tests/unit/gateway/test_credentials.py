"""Secrets go by value, and one that can't be read takes no other with it."""

from __future__ import annotations

import base64
import os
from typing import TYPE_CHECKING, Any

from compiler.gateway.credentials import Files, filled, look

if TYPE_CHECKING:
    from pathlib import Path


def named(*paths: Path) -> dict[str, Any]:
    return {"name": "s", "parts": [{"file": {"filename": str(path)}} for path in paths]}


def test_contents_take_the_place_of_names_and_what_is_missing_is_left_out(tmp_path: Path) -> None:
    there, gone = tmp_path / "there", tmp_path / "gone"
    there.write_bytes(b"\x00key")
    files: Files = {}
    found = filled({"good": named(there), "bad": named(there, gone)}, files)
    assert found == {
        "good": {"name": "s", "parts": [{"file": {"inline_bytes": base64.b64encode(b"\x00key").decode()}}]}
    }
    assert {path: stamp is None for path, stamp in files.items()} == {str(there): False, str(gone): True}


def test_a_file_that_comes_goes_or_changes_is_noticed(tmp_path: Path) -> None:
    there, gone = tmp_path / "there", tmp_path / "gone"
    there.write_text("one")
    files: Files = {}
    filled({"s": named(there, gone)}, files)
    assert look(files) == files
    there.write_text("other")
    assert look(files) != files
    there.write_text("one")
    before = look(files)
    gone.write_text("")
    assert look(files) != before
    before = look(files)
    there.unlink()
    assert look(files) != before


def test_a_named_pipe_is_left_out_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert filled({"s": named(tmp_path / "pipe")}, {}) == {}
