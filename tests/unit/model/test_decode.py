"""Documents of every kind, good and bad, against the decoder."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from compiler.diagnostics import Severity
from compiler.model import decode as decoding
from compiler.model import problems, recognize
from compiler.model.app import App
from compiler.model.codes import CODES
from compiler.model.kinds import KINDS
from compiler.model.rules import report
from compiler.model.shape import shape
from compiler.source.documents import Document
from tests.unit.model.documents import decoded, documents, documents_of, files, told

if TYPE_CHECKING:
    from pathlib import Path

    from compiler.diagnostics import PathStep


def _name(path: Path) -> str:
    return f"{path.parent.name}/{path.stem}"


@pytest.mark.parametrize("path", files("good", "examples"), ids=_name)
def test_good_documents_decode_without_a_finding(path: Path) -> None:
    for document in documents(path):
        value, found = decoded(document)
        assert not found, told(found)
        assert value is not None
        assert value.kind == document.data["kind"]


@pytest.mark.parametrize("path", files("bad", "rules", "other"), ids=_name)
def test_findings_are_exactly_those_expected(path: Path, *, updates_golden: bool) -> None:
    actual = told([finding for document in documents(path) for finding in decoded(document)[1]])
    expected = path.with_suffix(".txt")
    if updates_golden:
        expected.write_text(actual, "utf-8")
    assert actual == expected.read_text("utf-8")


@pytest.mark.parametrize("path", files("bad"), ids=_name)
def test_a_document_with_mistakes_in_its_fields_is_none(path: Path) -> None:
    for document in documents(path):
        value, found = decoded(document)
        assert value is None
        assert any(f.code.severity is Severity.ERROR for f in found)


def test_a_document_that_breaks_rules_alone_is_decoded_all_the_same_unless_something_vital_is_missing() -> None:
    """An Ingress without rules, backend, port or certificate; a spread without tiers; endpoints without an owner."""
    refused = {(d.file, d.index) for d in documents_of("rules") if decoded(d)[0] is None}
    assert refused == {("kubernetes.yaml", 0), ("kubernetes.yaml", 1), ("kubernetes.yaml", 7), ("traffic.yaml", 0)}


def test_a_document_with_one_thing_too_many_is_decoded() -> None:
    app = {
        "apiVersion": "fleetgate.dev/v1alpha1",
        "kind": "App",
        "metadata": {"name": "a"},
        "spec": {"placement": {"clusters": ["a"], "clusterSelector": {"matchLabels": {}}}},
    }
    value, found = decoded(Document("a.yaml", 0, app))
    assert value is not None
    assert [finding.code for finding in found] == [report.EXACTLY_ONE]


@pytest.mark.parametrize("folder", ["good", "bad", "examples"])
def test_there_are_documents_of_every_kind(folder: str) -> None:
    there = {document.data["kind"] for document in documents_of(folder)}
    assert there == {kind for _, kind, _ in KINDS}


def test_every_code_of_the_room_is_shown_by_a_document() -> None:
    shown = {finding.code for document in documents_of("bad", "rules", "other") for finding in decoded(document)[1]}
    assert shown == set(CODES)


def test_codes_have_names_of_their_own() -> None:
    assert len({code.name for code in CODES}) == len(CODES)


@pytest.mark.parametrize("document", documents_of("bad", "rules", "other"), ids=lambda d: f"{d.file}-{d.index}")
def test_every_finding_points_into_its_document(document: Document) -> None:
    for finding in decoded(document)[1]:
        for origin in (finding.origin, *(note.origin for note in finding.notes)):
            assert (origin.file, origin.document) == (document.file, document.index)
            assert _stands(document.data, origin.path), origin.path


def _stands(data: Any, path: tuple[PathStep, ...]) -> bool:
    for step in path:
        try:
            data = data[step]
        except (KeyError, IndexError, TypeError):
            return False
    return True


@pytest.mark.parametrize("document", documents_of("bad", "rules", "other"), ids=lambda d: f"{d.file}-{d.index}")
def test_one_place_has_one_finding_of_a_kind(document: Document) -> None:
    """Two findings at one place are two mistakes there, such as two missing fields; never one mistake told twice."""
    seen = [(f.origin.path, f.origin.part, f.code.name, f.value) for f in decoded(document)[1]]
    assert len(seen) == len(set(seen))


def test_what_msgspec_refuses_and_the_schema_does_not_is_told_in_the_words_of_msgspec(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(problems, "_faults", lambda _errors: [])
    data = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "a"}, "spec": {"ports": [{"port": "80"}]}}
    value, found = decoded(Document("a.yaml", 0, data))
    assert value is None
    assert [(f.code, f.origin.path, f.why) for f in found] == [
        (problems.BAD_VALUE, ("spec", "ports", 0, "port"), "expected `int`, got `str`")
    ]


def test_a_whole_number_with_a_point_is_written_without() -> None:
    """1.0 of a JSON file: an integer to JSON Schema, none to kubectl and msgspec."""
    data = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "a"}, "spec": {"ports": [{"port": 80.0}]}}
    (finding,) = decoded(Document("a.json", 0, data))[1]
    assert (finding.code, finding.fix) == (problems.WRONG_TYPE, "write 80")


def test_a_renamed_field_names_its_successor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(problems, "SUCCESSORS", {("FleetSpec", "deliveries"): "argocd.repoURL"})
    data = {
        "apiVersion": "fleetgate.dev/v1alpha1",
        "kind": "Fleet",
        "metadata": {"name": "a"},
        "spec": {"gateways": [{"name": "g", "ingressClassName": "c", "targets": ["mse"]}], "deliveries": []},
    }
    (finding,) = decoded(Document("a.yaml", 0, data))[1]
    assert finding.code is problems.UNKNOWN_FIELD
    assert finding.fix == "write `argocd.repoURL`"


@pytest.mark.parametrize(("struct", "field"), [*problems.SUCCESSORS, *problems.HINTS])
def test_renamed_and_foreign_fields_are_those_of_structs_that_lack_them(struct: str, field: str) -> None:
    """An entry for a struct that is gone, or for a field that exists, would never be read."""
    everything = {s["title"]: s for _, _, kind in KINDS for s in _structs(shape(kind))}
    assert field not in everything[struct]["properties"]
    successor = problems.SUCCESSORS.get((struct, field))
    assert successor is None or successor.partition(".")[0] in everything[struct]["properties"]


def _structs(schema: Any) -> list[dict[str, Any]]:
    if isinstance(schema, list):
        return [found for part in schema for found in _structs(part)]
    if not isinstance(schema, dict):
        return []
    here = [schema] if "title" in schema and "properties" in schema else []
    return here + [found for part in schema.values() for found in _structs(part)]


def test_kinds_of_kubernetes_that_are_not_read_are_no_slips(kubernetes_kinds: list[tuple[str, str]]) -> None:
    """Every kind that a Kubernetes API server serves is either read or reported as not read, never as mistyped."""
    read = {(version, kind) for version, kind, _ in KINDS}
    for api_version, kind in kubernetes_kinds:
        if (api_version, kind) not in read:
            (finding,) = decoded(Document("a.yaml", 0, {"apiVersion": api_version, "kind": kind}))[1]
            assert finding.code is recognize.UNREAD_KIND, (api_version, kind)


@pytest.fixture(scope="module")
def kubernetes_kinds() -> list[tuple[str, str]]:
    """(apiVersion, kind) of everything in the Kubernetes schemas of a recent version, without Lists."""
    import json  # noqa: PLC0415
    from importlib.resources import files as resources  # noqa: PLC0415

    folder = resources("kubernetes_validate") / "kubernetes-json-schema" / "v1.36.0-local"
    text = (folder / "_definitions.json").read_text("utf-8")
    found = [
        (f"{named['group']}/{named['version']}".lstrip("/"), named["kind"])
        for definition in json.loads(text)["$defs"].values()
        for named in definition.get("x-kubernetes-group-version-kind", ())
        if not named["kind"].endswith("List")
    ]
    assert len(found) > 100
    return found


def test_the_structs_are_those_of_the_kinds() -> None:
    assert list(decoding.STRUCTS.values()) == [struct for _, _, struct in KINDS]


def _app(name: str, *overrides: object) -> Document:
    spec = {"image": "example.com/a:1", "placement": {"clusters": ["a"]}, "overrides": list(overrides)}
    data = {"apiVersion": "fleetgate.dev/v1alpha1", "kind": "App", "metadata": {"name": name}, "spec": spec}
    return Document("app.yaml", 0, data)


def test_equal_overrides_of_two_apps_are_one_object() -> None:
    same, other = {"where": {"clusters": ["a"]}, "set": {"replicas": 2}}, {"where": {}, "set": {"replicas": 3}}
    one, two = decoded(_app("one", same, other))[0], decoded(_app("two", dict(other), dict(same)))[0]
    assert isinstance(one, App)
    assert isinstance(two, App)
    assert one.spec.overrides[0] is two.spec.overrides[1]
    assert one.spec.overrides[1] is two.spec.overrides[0]
    assert [override.set and override.set.replicas for override in one.spec.overrides] == [2, 3]


@pytest.mark.parametrize(
    ("good", "bad"),
    [
        ({"where": {}, "set": {"replicas": 1}}, {"where": {}, "set": {"replicas": True}}),
        ({"where": {}, "set": {"labels": {"1": "x"}}}, {"where": {}, "set": {"labels": {1: "x"}}}),
        ({"where": {}, "set": {"replicas": 1}}, {"where": {}, "set": {"replicas": 1 << 70}}),
        ({"where": {}, "set": {"replicas": 1}}, {"where": {}, "set": {"replicas": 1}, "sets": {}}),
        ({"where": {}, "set": {"replicas": 1}}, {"where": {}}),
    ],
)
def test_an_override_that_only_looks_like_a_good_one_is_still_a_mistake(good: object, bad: object) -> None:
    assert not decoded(_app("good", good))[1]
    for _ in range(2):  # what was told once is told again
        assert [finding.origin.path[:3] for finding in decoded(_app("bad", good, bad))[1]] == [("spec", "overrides", 1)]
