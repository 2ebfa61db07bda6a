"""What the decoder enforces, as a schema; and stand-ins for what is wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

import jsonschema
import msgspec
import pytest

from compiler.model.decode import STRUCTS
from compiler.model.mend import mended
from compiler.model.problems import problems
from compiler.model.schemas import structs
from compiler.model.shape import fields, sample, shape
from tests.unit.model.documents import documents_of

if TYPE_CHECKING:
    from compiler.source.documents import Document


@pytest.mark.parametrize("struct", structs().values(), ids=lambda s: s.__name__)
def test_a_sample_of_a_struct_is_one(struct: type[msgspec.Struct]) -> None:
    """And of each of its fields; stand-ins would otherwise be mistakes themselves."""
    if struct.__struct_fields__ and struct.__name__ != "Document":
        whole = shape(struct)
        assert isinstance(msgspec.convert(sample(whole), struct), struct)
        for name, field in whole["properties"].items():
            assert isinstance(msgspec.convert({**sample(whole), name: sample(field)}, struct), struct)


@pytest.mark.parametrize("struct", STRUCTS.values(), ids=lambda s: s.__name__)
def test_a_shape_is_a_schema_without_references(struct: type[msgspec.Struct]) -> None:
    jsonschema.Draft202012Validator.check_schema(shape(struct))
    assert "$ref" not in repr(shape(struct))


def test_fields_are_listed_from_the_top() -> None:
    paths = [".".join(path) for path, _ in fields(shape(STRUCTS["v1", "Service"]))]
    assert paths[:4] == ["apiVersion", "kind", "metadata", "spec"]
    assert "spec.ports.targetPort" in paths
    assert paths.index("spec.ports") < paths.index("spec.ports.port")


@pytest.mark.parametrize("document", documents_of("bad"), ids=lambda d: f"{d.file}-{d.index}")
def test_a_document_is_whole_again_when_each_mistake_has_its_stand_in(document: Document) -> None:
    struct = STRUCTS[document.data["apiVersion"], document.data["kind"]]
    data = {key: value for key, value in document.data.items() if key != "metadata"}
    before = repr(data)
    mistakes = problems(data, struct, "")
    rest = mended(data, struct, mistakes)
    assert isinstance(rest, struct)
    assert repr(data) == before, "what was read is never changed"
    assert mended(data, struct, mistakes[1:]) is None, "no stand-in is one too many"
