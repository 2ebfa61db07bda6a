"""Which paths the output may have."""

from __future__ import annotations

import pytest

from compiler.diagnostics import Diagnostics, Origin
from compiler.output.plan import by_folder, check_paths, is_below, join, with_parents


def check(*paths: str) -> list[tuple[str, str]]:
    found = Diagnostics()
    check_paths(by_folder(paths), Origin, found)
    return [(finding.code.name, finding.value) for finding in found.sorted()]


def test_paths_are_grouped_by_folder_in_order() -> None:
    paths = ["b/y", "top", "b/x", "a/b/c", "a/z"]
    grouped = by_folder(paths)
    assert list(grouped.items()) == [("", ["top"]), ("a", ["z"]), ("a/b", ["c"]), ("b", ["x", "y"])]
    assert sorted(join(folder, name) for folder, names in grouped.items() for name in names) == sorted(paths)


@pytest.mark.parametrize("path", ["/etc/passwd", "/x", "//x", "/a/b/c"])
def test_absolute_paths_are_our_bug(path: str) -> None:
    with pytest.raises(ValueError, match="absolute"):
        by_folder([path])


@pytest.mark.parametrize(
    "path",
    [
        "",
        ".",
        "..",
        "../x",
        "a/../x",
        "a/./x",
        "a//x",
        "a/",
        "a/.hidden",
        ".git/config",
        ".fleetgate-incomplete",
        "a/x.",
        "a/x ",
        "-x",
        "a/x\0",
        "a/x\n",
        "a\\x",
        "a/ü.yaml",
        "c:x",
        "index.json",
        f"{'x' * 256}/y",
    ],
)
def test_paths_that_no_input_may_lead_to_are_our_bug(path: str) -> None:
    """Out of the tree, hidden from the scan, not the same on every file system, or the tree's own."""
    with pytest.raises(ValueError, match=r"output|written by the tree"):
        check(path)


@pytest.mark.parametrize(
    "paths",
    [
        ("a/x.yaml", "a/X.yaml"),
        ("a/x.yaml", "A/y.yaml"),
        ("a/b/x.yaml", "A/c/y.yaml"),
        ("a", "a/b"),
        ("a/b", "a/b/c/d"),
    ],
)
def test_paths_that_get_in_each_others_way_are_our_bug(paths: tuple[str, ...]) -> None:
    for order in (paths, reversed(paths)):
        with pytest.raises(ValueError, match=r"differ in case|both a file and a folder"):
            check(*order)


def test_what_kubernetes_names_lead_to_is_fine() -> None:
    longest = "n" * 63
    assert check(f"clusters/{longest}/{longest}/{'a' * 250}.yaml", "a/index.json", "a.b/_x", "B/x", "a/0") == []


def test_a_name_that_no_file_system_takes_is_a_finding_of_its_own() -> None:
    long_name, long_path = "a/" + "x" * 251 + ".yaml", "/".join(["y" * 250] * 4) + "/" + "z" * 50
    assert check(long_name, "a/short", long_path) == [
        ("output-name-too-long", long_name[:197] + "..."),
        ("output-name-too-long", long_path[:197] + "..."),
    ]


def test_being_below_a_folder_is_more_than_a_common_beginning() -> None:
    assert is_below("a/b", "a")
    assert is_below("a", "a")
    assert is_below("a", "")
    assert not is_below("ab", "a")
    assert not is_below("a", "a/b")


def test_parents_are_all_folders_above() -> None:
    assert with_parents(["a/b/c", "a/d", "", "e"]) == {"a", "a/b", "a/b/c", "a/d", "e"}
