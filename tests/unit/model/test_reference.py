"""The reference of the kinds."""

from __future__ import annotations

import pytest
import yaml

from compiler.model.kinds import KINDS
from compiler.model.reference import Field, reference


def _field(kind: str, path: str) -> Field:
    (found,) = (field for field in reference(kind).fields if field.path == path)
    return found


@pytest.mark.parametrize(("api_version", "kind"), [(version, kind) for version, kind, _ in KINDS])
def test_every_kind_has_one_with_fields_that_are_all_described(api_version: str, kind: str) -> None:
    found = reference(kind.lower())
    assert (found.api_version, found.kind) == (api_version, kind)
    assert found.description
    assert all(field.description and field.type for field in found.fields)
    assert [field.path for field in found.fields[:3]] == ["apiVersion", "kind", "metadata"]
    assert all(document["kind"] == kind for document in yaml.safe_load_all(found.example))


@pytest.mark.parametrize("kind", [kind for _, kind, _ in KINDS])
def test_no_field_is_listed_twice(kind: str) -> None:
    paths = [field.path for field in reference(kind).fields]
    assert len(paths) == len(set(paths))


def test_a_field_tells_type_default_and_whether_it_is_required() -> None:
    assert _field("Cluster", "spec.region").required
    port = _field("Fleet", "spec.gateways[].listeners[].port")
    assert (port.type, port.required, port.default) == ("a whole number from 1 to 65535", True, "")
    assert _field("Fleet", "spec.gateways[].listeners[].protocol").default == '"HTTP"'
    assert _field("TrafficPolicy", "spec.failback.steps").default == "[10, 30, 60, 100]"


def test_fields_of_mappings_and_unions_are_listed() -> None:
    assert _field("App", "spec.readinessProbe.httpGet.port").type.startswith("a whole number from 1 to 65535 or a port")
    assert _field("App", "spec.overrides[].patch").type == "a list of mappings or a mapping"


def test_fields_that_are_listed_already_are_referred_to() -> None:
    assert _field("App", "spec.livenessProbe").fields_as == "spec.readinessProbe"
    assert _field("App", "spec.overrides[].set").fields_as == "spec"
    versions = _field("App", "spec.versions")
    assert versions.fields_as == "spec"
    below = [f.path for f in reference("App").fields if f.path.startswith("spec.versions[]")]
    assert below == ["spec.versions[].name", "spec.versions[].placement"]


def test_an_unknown_kind_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        reference("Deployment")
