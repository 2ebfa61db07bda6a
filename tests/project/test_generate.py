"""`python -m tools.generate`: what is generated is written whole, and `--check` tells any difference."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tools.generate import Block, File, Folder, Generated, main, replace_block

if TYPE_CHECKING:
    from pathlib import Path

PAGE = """\
# Title
<!-- generated: one -->
old
<!-- end generated -->
between
<!-- generated: two -->
<!-- end generated -->
after
"""


def generated(text: str) -> tuple[Generated, ...]:
    return (
        File("made/file.json", lambda: f"{text}\n"),
        Folder("made/folder", lambda: {"a.json": text, "deep/b.json": text}),
        Block("page.md", "one", lambda: f"\n{text}\n\n"),
        Block("page.md", "two", lambda: "| table |"),
    )


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "page.md").write_text(PAGE)
    return tmp_path


def contents(root: Path) -> dict[str, str]:
    return {path.relative_to(root).as_posix(): path.read_text() for path in root.rglob("*") if path.is_file()}


def test_everything_is_written_and_the_rest_of_a_page_stays(root: Path) -> None:
    assert main([], generated("new"), root) == 0
    assert contents(root) == {
        "made/file.json": "new\n",
        "made/folder/a.json": "new",
        "made/folder/deep/b.json": "new",
        "page.md": PAGE.replace("old", "new").replace("two -->\n", "two -->\n| table |\n"),
    }


def test_check_agrees_with_what_was_just_written(root: Path) -> None:
    main([], generated("new"), root)
    assert main(["--check"], generated("new"), root) == 0


def test_check_shows_what_differs_fails_and_writes_nothing(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main([], generated("old"), root)
    before = contents(root)
    assert main(["--check"], generated("new"), root) == 1
    assert contents(root) == before
    shown = capsys.readouterr().out
    for path in ("made/file.json", "made/folder/a.json", "made/folder/deep/b.json", "page.md"):
        assert f"--- {path} (on disk)\n+++ {path} (generated)\n" in shown
    assert shown.endswith("4 generated files are not up to date: run `make generate`\n")


def test_file_that_nothing_generates_any_more_is_stale(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main([], generated("new"), root)
    (root / "made/folder/stale.json").write_text("x")
    assert main(["--check"], generated("new"), root) == 1
    assert "-x" in capsys.readouterr().out
    assert main([], generated("new"), root) == 0
    assert not (root / "made/folder/stale.json").exists()


def test_other_line_ends_are_a_difference(root: Path) -> None:
    main([], generated("new"), root)
    (root / "made/file.json").write_bytes(b"new\r\n")
    assert main(["--check"], generated("new"), root) == 1


def test_nothing_to_generate_is_up_to_date(root: Path) -> None:
    assert main(["--check"], (), root) == 0


@pytest.mark.parametrize("page", ["no block here\n", PAGE + PAGE, "<!-- generated: one -->\nnever ends\n"])
def test_page_without_exactly_one_such_block_is_refused(page: str) -> None:
    with pytest.raises(ValueError, match="generated: one"):
        replace_block(page, "one", "new")
