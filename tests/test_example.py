"""fleet-repo-example: what newcomers read first is clean, compiled, and held together by its own links."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest
import yaml

from compiler import pipeline

if TYPE_CHECKING:
    from collections.abc import Callable

EXAMPLE = Path(__file__).parent.parent / "fleet-repo-example"
RENDERED = EXAMPLE / "rendered"
FILES = sorted(
    path.relative_to(EXAMPLE).as_posix()
    for path in EXAMPLE.rglob("*.yaml")
    if RENDERED not in path.parents and path.parent.name != "k8s"
)
"""The documents that fleetgate reads."""


@cache
def validator(schema: Path) -> jsonschema.protocols.Validator:
    """The validator of a schema file."""
    return jsonschema.Draft202012Validator(json.loads(schema.read_text()))


def schema_of(file: str) -> Path:
    """The schema that the first line of a file names, for the YAML language server."""
    first = (EXAMPLE / file).read_text().partition("\n")[0]
    found = re.fullmatch(r"# yaml-language-server: \$schema=(\S+)", first)
    assert found, first
    return ((EXAMPLE / file).parent / found[1]).resolve()


def test_there_is_nothing_to_report(silent: Callable[[str, int, int], None]) -> None:
    checked = pipeline.check(pipeline.Options(root=str(EXAMPLE), strict=True), silent)
    assert checked.findings == ()
    assert checked.accepted


def test_rendered_is_what_it_compiles_to(silent: Callable[[str, int, int], None]) -> None:
    """Where this fails: `fleetgate build -C fleet-repo-example -o fleet-repo-example/rendered`, and read the diff."""
    options = pipeline.Options(root=str(EXAMPLE))
    assert pipeline.build(options, str(RENDERED), verify=True, progress=silent).findings == ()


@pytest.mark.parametrize("file", FILES)
def test_editors_check_every_file_by_the_schema_that_its_first_line_names(file: str) -> None:
    documents: list[Any] = list(yaml.safe_load_all((EXAMPLE / file).read_text()))
    assert documents
    for document in documents:
        validator(schema_of(file)).validate(document)


def test_the_readme_leads_to_everything_and_nowhere_else() -> None:
    links = re.findall(r"\]\(([^)]+)\)", (EXAMPLE / "README.md").read_text())
    assert all((EXAMPLE / link).exists() for link in links)
    folders = {path.parent for path in EXAMPLE.glob("apps/**/*.yaml") if path.name in {"app.yaml", "sorry.yaml"}}
    assert folders <= {EXAMPLE / link for link in links}
