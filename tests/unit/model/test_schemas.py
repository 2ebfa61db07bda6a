"""The committed schemas say the same as the decoder, to every reader of JSON Schema."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Any

import jsonschema
import msgspec
import pytest
import re2

from compiler.cli.schemas import generate, schema
from compiler.model.decode import STRUCTS
from compiler.model.kinds import KINDS
from compiler.model.schemas import example_documents, structs
from tests.real_tools import ROOT, real_tool
from tests.unit.model.documents import documents_of, files
from tests.unit.model.schemas import SCHEMAS, accepts, committed

if TYPE_CHECKING:
    from pathlib import Path

    from compiler.source.documents import Document

NAMES = sorted(path.stem for path in SCHEMAS.glob("*.json"))
KIND_NAMES = [kind for _, kind, _ in KINDS]


def _parts(part: Any) -> list[dict[str, Any]]:
    if isinstance(part, list):
        return [found for item in part for found in _parts(item)]
    if isinstance(part, dict):
        return [part, *(found for item in part.values() for found in _parts(item))]
    return []


def _label(document: Document) -> str:
    return f"{document.file}-{document.index}"


def test_the_committed_schemas_are_those_that_the_structs_say() -> None:
    assert {path.name: path.read_text("utf-8") for path in SCHEMAS.iterdir()} == generate()


@pytest.mark.parametrize("name", NAMES)
def test_schemas_are_valid(name: str) -> None:
    jsonschema.Draft202012Validator.check_schema(committed(name))


@pytest.mark.parametrize("document", documents_of("good", "rules", "examples"), ids=_label)
def test_schemas_accept_what_the_decoder_accepts(document: Document) -> None:
    assert accepts(document.data["kind"].lower(), document.data)
    assert accepts("fleetgate", document.data)


@pytest.mark.parametrize("document", documents_of("bad"), ids=_label)
def test_schemas_refuse_what_the_decoder_refuses(document: Document) -> None:
    assert not accepts(document.data["kind"].lower(), document.data)
    assert not accepts("fleetgate", document.data)


@pytest.mark.parametrize("name", ["Shop\n", "shop\n", "\nshop"])
def test_a_line_feed_is_no_part_of_a_name(name: str) -> None:
    data = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": {"ports": [{"port": 80}]}}
    assert not accepts("service", data)
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(data, STRUCTS["v1", "Service"])


def test_the_schema_of_all_kinds_knows_every_kind_of_our_own_and_leaves_those_of_others_alone() -> None:
    assert accepts("fleetgate", {"apiVersion": "apps/v1", "kind": "Deployment", "spec": {"replicas": "many"}})
    assert not accepts("fleetgate", {"apiVersion": "fleetgate.dev/v1alpha1", "kind": "Ap"})
    assert not accepts("fleetgate", {"apiVersion": "fleetgate.dev/v1", "kind": "App"})
    assert not accepts("fleetgate", {"kind": "App"})


def test_of_a_document_without_kind_nothing_else_is_said() -> None:
    """An editor that showed the mistakes of eleven kinds at once would be of no help at the first line of a file."""
    errors = jsonschema.Draft202012Validator(committed("fleetgate")).iter_errors({"apiVersion": "v1"})
    assert [error.message for error in errors] == ["'kind' is a required property"]


def test_unknown_fields_are_refused_exactly_where_the_struct_forbids_them() -> None:
    by_name = structs()
    for name, definition in committed("fleetgate")["$defs"].items():
        forbids = by_name[name].__struct_config__.forbid_unknown_fields
        assert definition.get("additionalProperties", True) is not forbids, name


def test_every_struct_and_field_is_described() -> None:
    for name, definition in committed("fleetgate")["$defs"].items():
        assert definition["description"], name
        for field, part in definition["properties"].items():
            assert part.get("description", "").strip(), (name, field)


def test_descriptions_and_defaults_are_those_of_the_source() -> None:
    cluster = committed("cluster")["$defs"]["ClusterSpec"]["properties"]
    assert cluster["region"]["description"] == "Region of the cluster."
    assert cluster["reach"]["default"] == {}
    gateway = committed("fleet")["$defs"]["Gateway"]["properties"]
    assert gateway["listeners"]["default"] == [{"name": "http", "port": 80}]
    assert gateway["mse"]["default"] == {"destination": {"server": "https://kubernetes.default.svc"}}
    assert "default" not in gateway["region"]


def test_inherited_fields_are_described_too() -> None:
    assert committed("app")["$defs"]["Version"]["properties"]["image"]["description"] == "Container image."


@pytest.mark.parametrize("name", KIND_NAMES)
def test_examples_are_in_the_schema_and_valid(name: str) -> None:
    examples = committed(name.lower())["examples"]
    assert examples == example_documents(name)
    assert all(accepts(name.lower(), example) for example in examples)


@pytest.mark.parametrize("name", NAMES)
def test_schemas_stand_alone_and_hold_nothing_that_they_do_not_need(name: str) -> None:
    whole = committed(name)
    used = {part["$ref"].removeprefix("#/$defs/") for part in _parts(whole) if "$ref" in part}
    assert used == set(whole["$defs"])


@pytest.mark.parametrize("pattern", sorted({p["pattern"] for p in _parts(committed("fleetgate")) if "pattern" in p}))
def test_patterns_are_understood_by_every_engine(pattern: str) -> None:
    r"""No look-around (RE2, with which kubeconform matches, has none), no `\Z` (ECMA-262 has none)."""
    assert re2.compile(pattern)
    assert "\\Z" not in pattern
    assert "(?" not in pattern


def test_every_pattern_of_a_field_says_in_words_what_it_means() -> None:
    for part in _parts(committed("fleetgate")["$defs"]):
        if isinstance(part.get("pattern"), str) and "type" in part:
            assert part["errorMessage"].startswith("must be "), part


def test_examples_of_a_form_are_of_that_form() -> None:
    found = [p for p in _parts(committed("fleetgate")["$defs"]) if "examples" in p and "type" in p]
    assert found
    for part in found:
        assert part["examples"]
        assert all(jsonschema.Draft202012Validator(part).is_valid(example) for example in part["examples"]), part


def test_the_schema_of_an_unknown_kind_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        schema("Deployment")
    with pytest.raises(KeyError):
        schema("Metadata")


def test_a_real_validator_of_another_make_says_the_same(tmp_path: Path) -> None:
    """By Go and RE2, in kubeconform: good documents pass, bad ones do not."""
    tool = real_tool("bin/kubeconform")

    def verdicts(*folders: str) -> list[str]:
        for folder in folders:
            for path in files(folder):
                for number, text in enumerate(path.read_text("utf-8").split("\n---\n")):
                    (tmp_path / f"{folder}-{path.stem}-{number}.yaml").write_text(text, "utf-8")
        location = str(SCHEMAS / "{{ .ResourceKind }}.json")
        done = subprocess.run(
            [tool, "-schema-location", location, "-output", "json", "-verbose", tmp_path],
            cwd=ROOT,
            check=False,
            capture_output=True,
            text=True,
        )
        found = [resource["status"] for resource in json.loads(done.stdout)["resources"]]
        for path in tmp_path.iterdir():
            path.unlink()
        return found

    good = verdicts("good", "examples", "rules")
    assert len(good) == len(documents_of("good", "examples", "rules"))
    assert set(good) == {"statusValid"}
    bad = verdicts("bad")
    assert len(bad) == len(documents_of("bad"))
    assert set(bad) == {"statusInvalid", "statusError"}, "the latter where metadata is no mapping"
