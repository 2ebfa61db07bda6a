"""Laws of the whole program: same input, same bytes; an app leaves no trace; nothing that people write raises."""

from __future__ import annotations

import copy
import os
import random
import shutil
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from compiler import pipeline
from compiler.cli.formats import FORMATS, render
from compiler.cli.report import Report, findings_of
from compiler.cli.terminal import Style
from tests.property.fleets import AppPlan, documents, file_of, files, fleet, fleets, plans, text
from tests.trees import read_tree, replace_tree, without_cache, write_tree

if TYPE_CHECKING:
    from collections.abc import Iterator

    from compiler.pipeline import Built, Compilation
    from tests.trees import Tree

ROOT = Path(__file__).parent.parent.parent
EXAMPLE = ROOT / "fleet-repo-example"
CASES = sorted((ROOT / "tests/cases").iterdir())

on_disk = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""Examples write files: their time says nothing."""


@contextmanager
def folder() -> Iterator[Path]:
    """A folder of its own for each example."""
    with TemporaryDirectory() as made:
        yield Path(made)


def build(root: Path, output: Path, *, verify: bool = False) -> Built:
    """Build a root."""
    options = pipeline.Options(root=str(root))
    return pipeline.build(options, str(output), verify=verify, progress=lambda _stage, _done, _total: None)


def compiled(root: dict[str, bytes]) -> Tree:
    """What files compile to, without errors."""
    with folder() as made:
        write_tree(made / "root", root)
        assert not errors(build(made / "root", made / "out"))
        return read_tree(made / "out")


def errors(of: Compilation) -> list[str]:
    """Codes of the errors."""
    return [found.code.name for found in of.findings if found.code.severity == "error"]


def told(of: Compilation) -> str:
    """Every finding as people read it."""
    return printed(of, "text")


def printed(of: Compilation, form: str) -> str:
    """Every finding in one of the formats; every line and column is worked out."""
    return render(form, Report("", findings_of(of, of.findings, strict=False), (), of.summary), Style())


# --- same input, same bytes


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> Tree:
    """What the example compiles to, here and now."""
    made = tmp_path_factory.mktemp("example")
    shutil.copytree(EXAMPLE, made / "root", ignore=shutil.ignore_patterns("rendered", ".fleetgate"))
    build(made / "root", made / "out")
    return read_tree(made / "out")


@pytest.mark.parametrize(
    "environment",
    [
        {"PYTHONHASHSEED": "0", "LC_ALL": "C"},
        {"PYTHONHASHSEED": "1", "LC_ALL": "C.UTF-8", "TZ": "Asia/Shanghai"},
        {"PYTHONHASHSEED": "4242", "LC_ALL": "tr_TR.UTF-8", "LANG": "tr_TR.UTF-8", "PYTHONUTF8": "0", "COLUMNS": "20"},
    ],
)
def test_hash_seed_and_locale_change_no_byte(environment: dict[str, str], expected: Tree, tmp_path: Path) -> None:
    shutil.copytree(EXAMPLE, tmp_path / "root", ignore=shutil.ignore_patterns("rendered", ".fleetgate"))
    program = "import sys; from compiler.cli import main; sys.exit(main())"
    command = [sys.executable, "-c", program, "build", "-C", "root", "-o", "out", "--quiet"]
    variables = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **environment}
    subprocess.run(command, check=True, cwd=tmp_path, env=variables)
    assert read_tree(tmp_path / "out") == expected


@pytest.mark.parametrize("seed", range(3))
def test_the_order_in_which_files_are_found_changes_no_byte(
    seed: int, expected: Tree, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(EXAMPLE, tmp_path / "root", ignore=shutil.ignore_patterns("rendered", ".fleetgate"))
    shuffle_folders(random.Random(seed), monkeypatch)
    build(tmp_path / "root", tmp_path / "out")
    assert read_tree(tmp_path / "out") == expected


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_order_in_which_files_are_found_changes_no_finding(
    case: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(case / "input", tmp_path / "root")
    shuffle_folders(random.Random(1), monkeypatch)
    assert told(build(tmp_path / "root", tmp_path / "out")) == (case / "findings.txt").read_text()


def shuffle_folders(chance: random.Random, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let folders hand out their entries in another order."""
    scan, names = os.scandir, os.listdir

    @contextmanager
    def scandir(path: Any) -> Iterator[Iterator[Any]]:
        with scan(path) as found:
            entries = list(found)
        chance.shuffle(entries)
        yield iter(entries)

    def listdir(path: Any = ".") -> list[Any]:
        found = names(path)
        chance.shuffle(found)
        return found

    monkeypatch.setattr(os, "scandir", scandir)
    monkeypatch.setattr(os, "listdir", listdir)


@settings(on_disk, max_examples=25)
@given(fleets(), st.randoms(use_true_random=False))
def test_how_documents_are_spread_over_files_changes_no_byte(apps: dict[str, AppPlan], chance: random.Random) -> None:
    found = [document for plan in apps.values() for document in documents(plan)] + fleet()
    chance.shuffle(found)
    world = [d for d in found if d["kind"] == "Fleet"]
    others = [d for d in found if d["kind"] != "Fleet"]
    cut = chance.randint(0, len(others))
    mixed = {"a.yaml": text(others[:cut]), "fleet.yaml": text(world), "z/z.yaml": text(others[cut:])}
    mine, theirs = compiled(files(apps)), compiled({path: content for path, content in mixed.items() if content})
    del mine["index.json"], theirs["index.json"]  # names the input
    assert mine == theirs


# --- an app that goes


@settings(on_disk, max_examples=40)
@given(fleets(), st.data())
def test_an_app_that_goes_leaves_no_trace_and_changes_nothing_of_others(
    apps: dict[str, AppPlan], data: st.DataObject
) -> None:
    gone = apps[data.draw(st.sampled_from(sorted(apps)))]
    rest = {
        key: msgspec.structs.replace(plan, fallback=None) if plan.fallback == gone.key else plan
        for key, plan in apps.items()
        if key != gone.key
    }
    before, after = compiled(files(apps)), compiled(files(rest))
    own = {f"clusters/{cluster}/{gone.namespace}/{gone.name}.yaml" for cluster in gone.clusters}
    named = gone.key.encode()
    for path in before.keys() - after.keys():
        is_emptied = path.endswith("/namespace.yaml") and f"/{gone.namespace}/" in path
        is_its_route = path.startswith("gateways/") and named in before[path]
        assert path in own or is_emptied or is_its_route or path.startswith("argocd/")
    assert not own & after.keys()
    assert after.keys() <= before.keys()
    for path in after:
        if after[path] != before[path]:
            assert (
                path == "index.json"
                or path.startswith("argocd/")
                or (path.startswith("gateways/") and named in before[path])
            )
    namespaces = {plan.namespace for plan in rest.values()}
    if gone.namespace not in namespaces:
        assert not [path for path in after if f"/{gone.namespace}" in path]


# --- nothing that people write raises


def survives(root: dict[str, bytes], form: str) -> None:
    """Compile whatever this is and print what is wrong with it."""
    with folder() as made:
        write_tree(made / "root", root)
        built = build(made / "root", made / "out")
        printed(built, form)
        if errors(built):
            assert not (made / "out").exists()


FORMS = st.sampled_from(sorted(FORMATS))
FLEET = text(fleet())
GOOD = [
    document
    for path in sorted((ROOT / "tests/cases").glob("*/input/**/*.yaml"))
    if "drafts" not in path.parts and ".hidden" not in path.parts
    for document in yaml.safe_load_all(path.read_text())
    if isinstance(document, dict) and len(str(document)) < 4000
]
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=20),
    st.sampled_from(
        ["", "hz-a", "cart", "shop", "10", "true", "-1", "1e3", "*", "/", "${x}", "$1", "a\nb", "100%", "\u2028"]
    ),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@st.composite
def mutants(draw: st.DrawFn) -> dict[str, Any]:
    """A good document with some of its parts deleted, replaced, doubled or renamed."""
    document: dict[str, Any] = copy.deepcopy(draw(st.sampled_from(GOOD)))
    for _ in range(draw(st.integers(1, 3))):
        places = list(_places(document))
        if not places:
            break
        parent, key = places[draw(st.integers(0, len(places) - 1))]
        change = draw(st.sampled_from(("delete", "replace", "nest", "rename", "repeat")))
        if change == "delete":
            del parent[key]
        elif change == "replace":
            parent[key] = draw(VALUES)
        elif change == "nest":
            parent[key] = draw(st.sampled_from(([parent[key]], {"name": parent[key]})))
        elif change == "rename" and isinstance(parent, dict):
            value = parent.pop(key)
            parent[draw(st.text(max_size=12) | st.sampled_from([str(key) + "s", *map(str, parent)]))] = value
        elif isinstance(parent, list):
            parent.append(copy.deepcopy(parent[key]))
    return document


def _places(node: Any) -> Iterator[tuple[Any, Any]]:
    """Every (container, key or index) of a document."""
    keys = node if isinstance(node, dict) else range(len(node)) if isinstance(node, list) else ()
    for key in list(keys):
        yield node, key
        yield from _places(node[key])


@st.composite
def near_roots(draw: st.DrawFn) -> dict[str, bytes]:
    """A root of near-valid documents."""
    found = draw(st.lists(mutants(), min_size=1, max_size=4))
    made = text([d for d in found if _is_writable(d)])
    return {"fleet.yaml": FLEET, "apps/app.yaml": text(GOOD[:0] + documents(draw(plans()))), "near.yaml": made}


def _is_writable(document: Any) -> bool:
    try:
        yaml.safe_dump(document)
    except (yaml.YAMLError, UnicodeEncodeError):
        return False
    return True


NAMES = st.sampled_from(["a.yaml", "b.yml", "c.json", "apps/d.yaml", ".fleetgateignore", "fleet.yaml"])


@settings(on_disk, max_examples=60)
@given(st.dictionaries(NAMES, st.binary(max_size=200), max_size=3), FORMS)
def test_random_bytes_never_raise(root: dict[str, bytes], form: str) -> None:
    survives({"fleet.yaml": FLEET, **root}, form)


@settings(on_disk, max_examples=60)
@given(st.dictionaries(NAMES, VALUES, max_size=3), FORMS)
def test_random_yaml_never_raises(root: dict[str, Any], form: str) -> None:
    written = {path: yaml.safe_dump(value).encode() for path, value in root.items() if _is_writable(value)}
    survives({"fleet.yaml": FLEET, **written}, form)


@settings(on_disk, max_examples=250)
@given(near_roots(), FORMS)
def test_near_valid_documents_never_raise(root: dict[str, bytes], form: str) -> None:
    survives(root, form)


@pytest.mark.slow
@settings(on_disk, max_examples=20_000)
@given(near_roots(), FORMS)
def test_many_near_valid_documents_never_raise(root: dict[str, bytes], form: str) -> None:
    survives(root, form)


@settings(on_disk, max_examples=60)
@given(st.lists(mutants(), min_size=1, max_size=3))
def test_a_fleet_document_of_any_kind_never_raises(found: list[dict[str, Any]]) -> None:
    """The Fleet itself is among what is changed."""
    survives({"fleet.yaml": text([d for d in [*fleet(), *found] if _is_writable(d)])}, "text")


# --- edits


@st.composite
def edits(draw: st.DrawFn) -> list[tuple[str, Any]]:
    """What somebody does to a root and its output between builds."""
    kinds = st.sampled_from(
        ("put", "put", "put", "drop", "move", "granularity", "break", "output", "forget", "nothing")
    )
    steps: list[tuple[str, Any]] = []
    keys: list[str] = []
    for _ in range(draw(st.integers(2, 8))):
        kind = draw(kinds)
        if kind == "put":
            plan = draw(plans(tuple(keys)))
            keys.append(plan.key)
            steps.append((kind, plan))
        elif kind == "granularity":
            steps.append((kind, draw(st.sampled_from(("cluster", "namespace", "app")))))
        else:
            steps.append((kind, draw(st.integers(0, 100))))
    return steps


def apply(step: tuple[str, Any], root: Path, output: Path) -> None:
    """Do one edit."""
    kind, what = step
    apps = sorted((root / "apps").rglob("*.yaml")) if (root / "apps").exists() else []
    built = sorted(path for path in output.rglob("*.yaml")) if output.exists() else []
    if kind == "put":
        write_tree(root, {file_of(what): text(documents(what))})
    elif kind == "granularity":
        write_tree(root, {"fleet.yaml": text(fleet(what))})
    elif kind == "drop" and apps:
        apps[what % len(apps)].unlink()
    elif kind == "move" and apps:
        source = apps[what % len(apps)]
        source.rename(source.with_name(f"moved-{what}-{source.name}"))
    elif kind == "break" and apps:
        apps[what % len(apps)].write_text("kind: App\n bad")
    elif kind == "output" and built:
        victim = built[what % len(built)]
        victim.unlink() if what % 2 else victim.write_text("edited: by hand\n")
    elif kind == "forget":
        shutil.rmtree(root / ".fleetgate", ignore_errors=True)


@settings(on_disk, max_examples=25)
@given(fleets(), edits())
def test_a_build_after_edits_equals_a_clean_build(apps: dict[str, AppPlan], steps: list[tuple[str, Any]]) -> None:
    with folder() as made:
        root, output = made / "root", made / "out"
        write_tree(root, files(apps))
        build(root, output)
        for step in steps:
            apply(step, root, output)
            compare_with_clean(root, output, made)


@pytest.mark.slow
@settings(on_disk, max_examples=1_000)
@given(fleets(), edits())
def test_many_builds_after_edits_equal_clean_builds(apps: dict[str, AppPlan], steps: list[tuple[str, Any]]) -> None:
    with folder() as made:
        root, output = made / "root", made / "out"
        write_tree(root, files(apps))
        build(root, output)
        for step in steps:
            apply(step, root, output)
            compare_with_clean(root, output, made)


def compare_with_clean(root: Path, output: Path, made: Path) -> None:
    """A build here and now, and one of a copy that nobody has built before: same files, same findings."""
    before = read_tree(output)
    replace_tree(made / "copy", without_cache(read_tree(root)))
    shutil.rmtree(made / "fresh", ignore_errors=True)
    clean = build(made / "copy", made / "fresh")
    mine = build(root, output)
    assert told(mine) == told(clean)
    if errors(clean):
        assert read_tree(output) == before
    else:
        assert read_tree(output) == read_tree(made / "fresh")
        assert mine.summary == clean.summary
