"""Cells are independent: compiling them one by one gives what compiling all files as one cell gives."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest import mock

import pytest
import yaml
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from compiler.diagnostics import Severity
from compiler.pipeline import compile as pipeline
from compiler.pipeline.cells import partition
from compiler.pipeline.options import Options
from compiler.pipeline.root import open_root
from compiler.targets import envoy, mse
from tests.property import test_mse_meaning as meaning

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from hypothesis.strategies import DrawFn

    from compiler.diagnostics import Diagnostic

LATE_CODES = frozenset(code.name for code in (*mse.CODES, *envoy.CODES))
"""Told by targets, which see error-free cells alone."""


@st.composite
def roots(draw: DrawFn) -> list[dict[str, Any]]:
    """Some fleets side by side; they may share namespaces and domains, and so belong together after all."""
    found: list[dict[str, Any]] = []
    for number in range(draw(st.integers(1, 3))):
        namespace, domain = draw(st.sampled_from("ab")), draw(st.sampled_from("ab"))
        text = yaml.safe_dump_all(draw(meaning.documents()))
        text = text.replace("shop", f"shop-{namespace}").replace("example.com", f"{domain}.example.com")
        island = list(yaml.safe_load_all(text))
        if not draw(st.integers(0, 3)):
            island.pop(draw(st.integers(6, len(island) - 1)))
        for document in island:
            if document["kind"] in ("Fleet", "Cluster") and number:
                continue
            if document["kind"] == "Fleet":
                document["spec"]["gateways"][0]["targets"] = ["mse", "envoy"]
            for rule in document["spec"].get("rules", ()):
                rule.setdefault("host", f"any.{domain}.example.com")
            found.append(document)
    return found


def one_cell(keys: Mapping[str, Iterable[str]]) -> tuple[tuple[str, ...], ...]:
    """All files as one cell."""
    return (tuple(sorted(keys)),)


Told = tuple[str, Severity, str]
"""(code, severity, all that is said)."""


def compiled(folder: str) -> tuple[dict[str, str], list[Told], int]:
    """(files, findings, number of cells)."""
    options = Options(root=folder)
    with open_root(options) as root:
        cells, _, told = pipeline.compile_fleet(root, options, lambda *_: None)
        emitted = [*(e for cell in cells.cells for e in cell.emissions), *told.delivered]
    assert len({e.path for e in emitted}) == len(emitted)
    return {e.path: e.text for e in emitted}, _shown(told.findings), len(cells.cells)


def _shown(findings: Iterable[Diagnostic]) -> list[Told]:
    return [(f.code.name, f.code.severity, repr((f.origin.sort_key, f.value, f.why, f.fix, f.notes))) for f in findings]


def check(found: list[dict[str, Any]]) -> None:
    """The law."""
    with tempfile.TemporaryDirectory() as folder:
        for number, document in enumerate(found):
            Path(folder, f"{number:03}.yaml").write_text(yaml.safe_dump(document))
        files, findings, number = compiled(folder)
        with mock.patch.object(pipeline, "partition", one_cell):
            whole_files, whole_findings, one = compiled(folder)
    assert one == 1
    event(f"{min(number, 6)} cells")
    early = [f for f in findings if f[0] not in LATE_CODES]
    assert early == [f for f in whole_findings if f[0] not in LATE_CODES]
    if not any(severity is Severity.ERROR for _, severity, _ in early):
        assert findings == whole_findings
        assert files == whole_files


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(roots())
def test_all_at_once_is_cell_by_cell(found: list[dict[str, Any]]) -> None:
    check(found)


@pytest.mark.slow
@settings(max_examples=5000, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(roots())
def test_all_at_once_is_cell_by_cell_for_very_many_fleets(found: list[dict[str, Any]]) -> None:
    check(found)


FILES = ("a.yaml", "b.yaml", "c.yaml", "d.yaml", "e.yaml")
KEYS = ("name:shop/cart", "host:mse|a.example.com", "host:mse|b.example.com", "host:mse|*.example.com", "host:mse|*")


@given(st.dictionaries(st.sampled_from(FILES), st.lists(st.sampled_from(KEYS), min_size=1, max_size=3)))
def test_every_file_is_in_one_cell_and_files_that_share_a_key_in_the_same(keys: dict[str, list[str]]) -> None:
    cells = partition(keys)
    assert sorted(file for cell in cells for file in cell) == sorted(keys)
    assert [list(cell) for cell in cells] == sorted(sorted(cell) for cell in cells)
    home = {file: cell for cell in cells for file in cell}
    for one, mine in keys.items():
        for other, theirs in keys.items():
            if set(mine) & set(theirs):
                assert home[one] == home[other]


@given(st.dictionaries(st.sampled_from(FILES), st.lists(st.sampled_from(KEYS), min_size=1, max_size=3)), st.randoms())
def test_the_order_of_files_and_keys_makes_no_cell(keys: dict[str, list[str]], order: Any) -> None:
    shuffled = [(file, order.sample(mine, len(mine))) for file, mine in keys.items()]
    order.shuffle(shuffled)
    assert partition(dict(shuffled)) == partition(keys)
