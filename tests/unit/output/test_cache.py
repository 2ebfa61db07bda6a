"""The cache: what one build leaves to the next, and when it is not believed."""

from __future__ import annotations

import os
import shutil
import time
from typing import TYPE_CHECKING

import msgspec
import pytest

import compiler
from compiler.output import cache as cache_module
from compiler.output.cache import (
    Cache,
    CacheStore,
    InputFile,
    pack_cells,
    pack_files,
    unpack_cells,
    unpack_files,
)
from compiler.output.looks import FolderLook
from compiler.output.statblob import Tick
from compiler.output.survey import FolderRecord
from tests.trees import read_tree, write_tree

if TYPE_CHECKING:
    from pathlib import Path

FILES = {"apps/cart/app.yaml": InputFile(b"d" * 32, "cart"), "fleet.yaml": InputFile(b"e" * 32, "")}
CELLS = {"cart": b"\x00\x01", "search": b""}
CACHE = Cache(
    {"apps/cart": b"stats", "": b""},
    ["vendor"],
    ["rendered"],
    {"apps": FolderLook(b"record", ("cart",))},
    {"clusters/hz-a": FolderRecord(b"stats", b"digests"), "": FolderRecord(b"", b"")},
    pack_files(FILES),
    pack_cells(CELLS),
    memoryview(b"shared"),
)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "fleet"
    folder.mkdir()
    return folder


def save(root: Path, output: str = "/out", options: bytes = b"") -> Path:
    """The file of a saved cache."""
    before = set(root.glob(".fleetgate/*.cache"))
    assert CacheStore(str(root)).save(output, options, CACHE)
    (file,) = set(root.glob(".fleetgate/*.cache")) - before
    return file


def load(root: Path, output: str = "/out", options: bytes = b"") -> Cache | None:
    return CacheStore(str(root)).load(output, options)


def test_what_was_saved_is_loaded(root: Path) -> None:
    assert load(root) is None
    save(root)
    assert load(root) == CACHE
    loaded = load(root)
    assert loaded is not None
    assert unpack_files(loaded.files) == FILES
    assert unpack_cells(loaded.cells) == CELLS
    assert (unpack_files(memoryview(b"")), unpack_cells(memoryview(b""))) == ({}, {})


def test_a_path_that_is_no_text_is_a_path_like_others(root: Path) -> None:
    output = os.fsdecode(os.fsencode(root) + b"/\xff")
    assert CacheStore(str(root)).save(output, b"", CACHE)
    assert CacheStore(str(root)).load(output, b"") == CACHE


def test_what_holds_a_name_that_is_no_text_is_not_saved(root: Path) -> None:
    assert not CacheStore(str(root)).save("out", b"", msgspec.structs.replace(CACHE, ignored=["\udcff"]))


def test_loading_and_ticking_leave_no_trace(root: Path) -> None:
    store = CacheStore(str(root))
    store.tick()
    assert store.load("/out", b"") is None
    assert list(root.iterdir()) == []


def test_git_never_sees_the_cache(root: Path) -> None:
    save(root)
    assert (root / ".fleetgate/.gitignore").read_text() == "*\n"


def test_each_output_folder_and_each_set_of_options_has_a_cache_of_its_own(root: Path) -> None:
    save(root, "/out", b"")
    for output, options in (("/other", b""), ("/out", b"--cluster hz-a"), ("/ou", b"t")):
        assert load(root, output, options) is None
        save(root, output, options)
        assert load(root, output, options) == CACHE


def test_a_link_to_the_output_folder_means_the_folder(root: Path) -> None:
    (root / "real").mkdir()
    (root / "link").symlink_to("real")
    save(root, str(root / "real"))
    assert load(root, str(root / "link")) == CACHE


def test_a_cache_that_is_damaged_anywhere_is_ignored(root: Path) -> None:
    file = save(root)
    content = file.read_bytes()
    for at in range(len(content)):
        file.write_bytes(content[:at] + bytes([content[at] ^ 0x41]) + content[at + 1 :])
        assert load(root) is None, f"byte {at}"


def test_a_cache_that_is_cut_off_anywhere_or_too_long_is_ignored(root: Path) -> None:
    file = save(root)
    content = file.read_bytes()
    for length in range(len(content)):
        file.write_bytes(content[:length])
        assert load(root) is None, f"{length} bytes"
    file.write_bytes(content + b"\0")
    assert load(root) is None
    file.write_bytes(content)
    assert load(root) == CACHE


def test_a_cache_of_another_version_is_ignored(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save(root)
    monkeypatch.setattr(compiler, "__version__", "9.9.9")
    assert load(root) is None


def test_a_cache_of_other_code_of_the_same_version_is_ignored(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A clone of fleetgate that was updated, or is being worked on."""
    package = tmp_path / "compiler"
    write_tree(package, {"__init__.py": b"", "ir/traffic.py": b"1", "ir/__pycache__/traffic.pyc": b"1"})
    monkeypatch.setattr(compiler, "__file__", str(package / "__init__.py"))
    save(root)
    write_tree(package, {"ir/__pycache__/other.pyc": b"1"})
    assert load(root) == CACHE
    (package / "ir/traffic.py").write_bytes(b"2")
    assert load(root) is None


def test_a_cache_from_before_a_dependency_was_upgraded_is_ignored(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    packages = tmp_path / "site-packages"
    write_tree(packages, {"msgspec/__init__.py": b""})
    monkeypatch.setattr(msgspec, "__file__", str(packages / "msgspec/__init__.py"))
    save(root)
    assert load(root) == CACHE
    (packages / "ryaml-9.dist-info").mkdir()
    os.utime(packages, ns=(1, 1))
    assert load(root) is None


def test_a_cache_of_another_form_is_ignored(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save(root)
    monkeypatch.setattr(cache_module, "_FORM", 0)
    assert load(root) is None


def test_a_cache_that_came_with_a_copy_or_a_checkout_is_ignored(root: Path, tmp_path: Path) -> None:
    """A pull request could carry a cache that claims any input compiles to anything."""
    save(root)
    shutil.copytree(root, tmp_path / "copy")
    assert read_tree(tmp_path / "copy") == read_tree(root)
    assert load(tmp_path / "copy") is None
    save(tmp_path / "copy", "/other")
    assert load(tmp_path / "copy") is None


def test_a_cache_folder_behind_a_link_is_neither_read_nor_written(root: Path, tmp_path: Path) -> None:
    save(root)
    (root / ".fleetgate").rename(tmp_path / "elsewhere")
    (root / ".fleetgate").symlink_to(tmp_path / "elsewhere")
    before = read_tree(tmp_path / "elsewhere")
    assert load(root) is None
    assert not CacheStore(str(root)).save("/new", b"", CACHE)
    assert read_tree(tmp_path / "elsewhere") == before


def test_where_no_cache_can_be_written_builds_go_on(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (root / ".fleetgate").write_text("a file of the user's")
    assert not CacheStore(str(root)).save("/out", b"", CACHE)
    assert load(root) is None
    (root / ".fleetgate").unlink()

    def read_only(*_: object, **__: object) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(os, "mkdir", read_only)
    assert not CacheStore(str(root)).save("/out", b"", CACHE)


def test_a_full_disk_leaves_the_last_cache_or_none(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save(root)

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    assert not CacheStore(str(root)).save("/out", b"", Cache({}, [], [], {}, {}))
    assert load(root) == CACHE


def test_a_disk_that_is_full_from_the_start_does_not_show_the_cache_to_git(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "write", full)
        assert not CacheStore(str(root)).save("/out", b"", CACHE)
    save(root)
    assert (root / ".fleetgate/.gitignore").read_text() == "*\n"
    assert load(root) == CACHE


def test_what_a_killed_save_left_is_no_hindrance(root: Path) -> None:
    file = save(root)
    file.with_name(file.name + ".new").write_bytes(b"half")
    assert CacheStore(str(root)).save("/out", b"", Cache({}, [], [], {}, {}))
    assert load(root) == Cache({}, [], [], {}, {})


def test_only_the_caches_written_last_are_kept(root: Path) -> None:
    for number in range(12):
        file = save(root, f"/out{number}")
        os.utime(file, ns=(number, number))
    assert [number for number in range(12) if load(root, f"/out{number}")] == list(range(4, 12))


def test_nothing_is_saved_where_the_clock_of_the_file_system_is_behind(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Then what seemed settled may have been edited again within the same tick."""
    store = CacheStore(str(root))
    ahead = store.tick().ns + 60_000_000_000
    monkeypatch.setattr(time, "clock_gettime_ns", lambda _clock: ahead)
    monkeypatch.setattr(time, "time_ns", lambda: ahead)
    store.tick()
    assert not store.save("/out", b"", CACHE)
    assert sorted(path.name for path in (root / ".fleetgate").iterdir()) == [".gitignore"]


def test_a_tick_is_never_later_than_the_next_stamp_of_the_file_system(root: Path) -> None:
    store = CacheStore(str(root))
    for number in range(200):
        tick = store.tick()
        file = root / str(number)
        file.touch()
        assert isinstance(tick, Tick)
        assert tick.on(file.stat().st_dev) <= file.stat().st_ctime_ns
