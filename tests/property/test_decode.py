"""Laws of the decoder that hold for near-valid documents and for any others."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compiler.diagnostics import Diagnostics, Severity
from compiler.model.decode import STRUCTS, decode
from compiler.model.exported import without_server_fields
from compiler.model.mend import mended
from compiler.model.problems import problems
from compiler.source.documents import Document
from tests.unit.model.documents import documents_of
from tests.unit.model.schemas import accepts

if TYPE_CHECKING:
    from hypothesis.strategies import DrawFn

    from compiler.diagnostics import PathStep

GOOD = [document.data for document in documents_of("good", "examples")]

_TEXTS = st.one_of(
    st.sampled_from(
        [
            *(
                "",
                " ",
                "a",
                "A",
                "a-",
                "-a",
                "a.b",
                "a_b",
                "a b",
                "a\n",
                "\na",
                "80",
                "-1",
                "1.5",
                "true",
                "null",
                "100m",
            ),
            *(
                "1Gi",
                "5s",
                "0",
                "50%",
                "101%",
                "/",
                "/a",
                "a/b",
                "*.a",
                "https://a",
                "::1",
                "a" * 63,
                "a" * 64,
                "a" * 254,
            ),
            *(
                "PodIP",
                "HTTP",
                "Localhost",
                "2026-02-30",
                "é",
                "\x00",
                "\u2028",
                "$(A)",
                "-----BEGIN PRIVATE KEY-----",
            ),
        ]
    ),
    st.text(max_size=8),
)
_FRACTIONS = st.floats(allow_nan=False, allow_infinity=False).filter(lambda number: not number.is_integer())
"""Readers refuse NaN and infinity. 1.0, which JSON files may hold, is an integer to JSON Schema and none to msgspec."""
_INTEGERS = st.one_of(st.integers(-2, 100), st.sampled_from([65535, 65536, 2**31, 2**63, 2**64, 10**40, -(2**70)]))
_SCALARS = st.one_of(st.none(), st.booleans(), _INTEGERS, _FRACTIONS, _TEXTS)
_VALUES = st.recursive(
    _SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(_TEXTS, inner, max_size=3)),
    max_leaves=4,
)
_FIELDS = st.sampled_from(
    [
        *(
            "apiVersion",
            "kind",
            "metadata",
            "name",
            "spec",
            "status",
            "uid",
            "generateName",
            "creationTimestamp",
            "value",
        ),
        *("clusters", "port", "image", "serviceName", "containerPort", "replicas", "Name", "namespaces", "ports_"),
    ]
)


def _places(data: Any, path: tuple[PathStep, ...] = ()) -> list[tuple[PathStep, ...]]:
    inner: list[tuple[PathStep, Any]] = []
    if isinstance(data, dict):
        inner = list(data.items())
    elif isinstance(data, list):
        inner = list(enumerate(data))
    return [place for step, value in inner for place in ((*path, step), *_places(value, (*path, step)))]


@st.composite
def near_valid(draw: DrawFn) -> dict[str, Any]:
    """A good document with up to four slips: something dropped, renamed, retyped, added or moved."""
    data: dict[str, Any] = copy.deepcopy(draw(st.sampled_from(GOOD)))
    for _ in range(draw(st.integers(1, 4))):
        places = [place for place in _places(data) if place not in (("apiVersion",), ("kind",))]
        if not places:
            break
        *parents, last = draw(st.sampled_from(places))
        holder: Any = data
        for step in parents:
            holder = holder[step]
        match draw(st.integers(0, 6)):
            case 0:
                del holder[last]
            case 1 if isinstance(holder, dict):
                holder[draw(st.one_of(_FIELDS, _TEXTS))] = holder.pop(last)
            case 2:
                holder[last] = draw(_VALUES)
            case 3:
                holder[last] = [holder[last]]
            case 4 if isinstance(holder, dict):
                holder[draw(st.one_of(_FIELDS, _TEXTS))] = draw(_VALUES)
            case 5 if isinstance(holder, list):
                holder.extend(copy.deepcopy(holder[-1:]))
            case _:
                holder[last] = draw(_SCALARS)
    return data


@st.composite
def any_document(draw: DrawFn) -> dict[str, Any]:
    """Anything that a reader may give, often of a kind that is read."""
    data: dict[str, Any] = draw(st.dictionaries(st.one_of(_FIELDS, _TEXTS), _VALUES, max_size=5))
    if draw(st.booleans()):
        data["apiVersion"], data["kind"] = draw(st.sampled_from(sorted(STRUCTS)))
        data["metadata"] = draw(st.one_of(_VALUES, st.just({"name": "a"})))
    return data


def check(data: dict[str, Any]) -> None:
    """All laws for one document."""
    document = Document("a.yaml", 0, data)
    findings = Diagnostics()
    before = copy.deepcopy(data)
    value = decode(document, findings)
    assert data == before, "what was read is never changed"

    again = Diagnostics()
    assert decode(document, again) == value
    assert again.sorted() == findings.sorted(), "the same document has the same findings"
    places = [(f.origin.path, f.origin.part, f.code.name, f.value, f.why) for f in findings]
    assert len(places) == len(set(places)), "no finding is told twice"
    for finding in findings:
        _points_into(data, finding.origin.path)
        assert finding.why
        assert finding.fix
        assert "says of this field" not in finding.fix, "the schema found what msgspec refused"

    kind = _kind(data)
    if kind is None:
        assert value is None
        assert len(findings) == 1, "one finding says that this is none of our kinds"
        return
    exported = without_server_fields(data, document.origin, Diagnostics())
    accepted = _converts(exported, kind)
    assert accepted or value is None
    assert not accepted or value is not None or findings.has_errors
    assert accepted or findings.has_errors
    if not accepted:
        mistakes = problems(exported, STRUCTS[kind], "")
        assert mended(exported, STRUCTS[kind], mistakes) is not None, "every mistake has its stand-in"
    # the schema checks the values of annotations as well, which are read later than by the decoder
    plain = without_annotations(exported)
    assert accepts(kind[1].lower(), plain) == _converts(plain, kind)
    assert accepts("fleetgate", plain) == _converts(plain, kind)


def without_annotations(data: dict[str, Any]) -> dict[str, Any]:
    """The document without its annotations, where it has any."""
    metadata = data.get("metadata")
    if not isinstance(metadata, dict) or "annotations" not in metadata:
        return data
    return {**data, "metadata": {key: value for key, value in metadata.items() if key != "annotations"}}


def _kind(data: dict[str, Any]) -> tuple[str, str] | None:
    api_version, kind = data.get("apiVersion"), data.get("kind")
    if isinstance(api_version, str) and isinstance(kind, str) and (api_version, kind) in STRUCTS:
        return api_version, kind
    return None


def _converts(data: dict[str, Any], kind: tuple[str, str]) -> bool:
    try:
        msgspec.convert(data, STRUCTS[kind])
    except msgspec.ValidationError:
        return False
    return True


def _points_into(data: Any, path: tuple[PathStep, ...]) -> None:
    for step in path:
        data = data[step]


@given(near_valid())
def test_laws_of_near_valid_documents(data: dict[str, Any]) -> None:
    check(data)


@given(any_document())
def test_laws_of_any_document(data: dict[str, Any]) -> None:
    check(data)


@pytest.mark.slow
@settings(max_examples=50_000, deadline=None)
@given(near_valid())
def test_laws_of_near_valid_documents_at_length(data: dict[str, Any]) -> None:
    check(data)


@given(near_valid())
def test_one_slip_never_hides_another(data: dict[str, Any]) -> None:
    """A wrong value at the far end of a document is told, whatever else is wrong with the rest."""
    kind = _kind(data)
    if kind is None or not isinstance(data.get("metadata"), dict):
        return
    data["metadata"]["annotations"] = {"last": 1}
    findings = Diagnostics()
    decode(Document("a.yaml", 0, data), findings)
    (told,) = [f for f in findings if f.origin.path == ("metadata", "annotations", "last")]
    assert told.code.severity is Severity.ERROR
