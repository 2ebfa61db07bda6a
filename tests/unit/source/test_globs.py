"""Laws of path patterns."""

from __future__ import annotations

import time

import pytest

from compiler.source.globs import leaves_root, match_glob

PATHS = sorted(
    [
        "a.yaml",
        "apps/cart/app.yaml",
        "apps/cart/k8s/a.yaml",
        "apps/cart/k8s/b.yml",
        "apps/cart/k8s/deep/er/c.yaml",
        "apps/cart/extra/x.yaml.j2",
        "apps/cart-2/k8s/a.yaml",
        "apps/cart/k8s-more/a.yaml",
        "apps/[x]/k{8}s/a+b.yaml",
        "apps/c*t/k8s/a.yaml",
    ]
)


@pytest.mark.parametrize(
    ("folder", "pattern", "found"),
    [
        ("apps/cart", "k8s/*.yaml", ["apps/cart/k8s/a.yaml"]),
        ("apps/cart", "./k8s//*.yaml", ["apps/cart/k8s/a.yaml"]),
        ("apps/cart", "k8s/?.y*ml", ["apps/cart/k8s/a.yaml", "apps/cart/k8s/b.yml"]),
        ("apps/cart", "k8s/a.yaml", ["apps/cart/k8s/a.yaml"]),
        ("apps/cart", "k8s", []),
        ("apps/cart", "k8s/**/*.yaml", ["apps/cart/k8s/a.yaml", "apps/cart/k8s/deep/er/c.yaml"]),
        ("apps/cart", "k8s/**/er/*", ["apps/cart/k8s/deep/er/c.yaml"]),
        ("apps/cart", "**/deep/**", ["apps/cart/k8s/deep/er/c.yaml"]),
        ("apps/cart", "k8s/**", ["apps/cart/k8s/a.yaml", "apps/cart/k8s/b.yml", "apps/cart/k8s/deep/er/c.yaml"]),
        ("apps/cart", "**/*.j2", ["apps/cart/extra/x.yaml.j2"]),
        ("apps/cart", "**/**/c.yaml", ["apps/cart/k8s/deep/er/c.yaml"]),
        ("apps/cart", "*/a.yaml", ["apps/cart/k8s-more/a.yaml", "apps/cart/k8s/a.yaml"]),
        ("apps/cart", "k8s*/a.yaml", ["apps/cart/k8s-more/a.yaml", "apps/cart/k8s/a.yaml"]),
        ("apps/cart", "k8s/**a.yaml", ["apps/cart/k8s/a.yaml"]),
        ("", "*.yaml", ["a.yaml"]),
        ("", "a?yaml", ["a.yaml"]),
        ("", "**/a.yaml", [path for path in PATHS if path.endswith("a.yaml") and path != "apps/cart/app.yaml"]),
        ("apps/c*t", "k8s/*", ["apps/c*t/k8s/a.yaml"]),
        ("apps", "[x]/k{8}s/a+b.yaml", ["apps/[x]/k{8}s/a+b.yaml"]),
        ("apps", "[cx]*/k8s/a.yaml", []),
        ("apps/cart", "../cart-2/k8s/*.yaml", []),
        ("apps/cart", "/a.yaml", []),
        ("apps/cart", "", []),
    ],
)
def test_a_pattern_names_paths(folder: str, pattern: str, found: list[str]) -> None:
    assert match_glob(folder, pattern, PATHS) == found


@pytest.mark.parametrize(
    ("pattern", "leaves"),
    [("../a", True), ("a/../../b", True), ("/a", True), ("..", True), ("a/..b", False), ("./a", False), ("a..", False)],
)
def test_a_pattern_may_not_leave_the_root(pattern: str, leaves: bool) -> None:  # noqa: FBT001 - a parameter of a test
    assert leaves_root(pattern) is leaves


def test_no_pattern_takes_long() -> None:
    """Where every wildcard could stand for many things, trying all of them would take years."""
    path = "x/" * 40 + "a" * 200
    begun = time.process_time()
    assert match_glob("", "**/" + "*a" * 80 + "*b", [path]) == []
    assert match_glob("", "**/x/" * 20 + "b", [path]) == []
    assert match_glob("", "**/" + "*a" * 80 + "*", [path]) == [path]
    assert time.process_time() - begun < 1
