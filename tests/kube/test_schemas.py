"""The schemas that kubeconform reads say what the Kubernetes schemas and the CRDs say, and stand alone."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest

from tests.kube.schemas import OWN, VERSIONS, Kubernetes, crd_schema


def crd(schema: dict[str, Any]) -> dict[str, Any]:
    return {"spec": {"versions": [{"name": "v1", "schema": {"openAPIV3Schema": schema}}]}}


@pytest.mark.parametrize("version", VERSIONS)
def test_every_schema_is_valid_and_reaches_nothing_outside_itself(version: str) -> None:
    kinds = dict(Kubernetes(version).kinds())
    assert {"deployment-apps-v1.json", "ingress-networking-v1.json", "namespace-v1.json"} <= kinds.keys()
    for name, schema in kinds.items():
        text = json.dumps(schema)
        assert "$id" not in schema, name
        assert text.count('"$ref": "') == text.count('"$ref": "#/$defs/'), name
    jsonschema.Draft202012Validator.check_schema(kinds["deployment-apps-v1.json"])


def test_own_schema_is_a_valid_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(json.loads(OWN.read_text()))


def test_crd_objects_take_no_unknown_field_unless_the_crd_preserves_them() -> None:
    schema = crd_schema(
        crd(
            {
                "type": "object",
                "properties": {
                    "metadata": {"type": "object"},
                    "spec": {
                        "type": "object",
                        "properties": {
                            "free": {
                                "type": "object",
                                "x-kubernetes-preserve-unknown-fields": True,
                                "properties": {"known": {"type": "string"}},
                            },
                            "labels": {"type": "object", "additionalProperties": {"type": "string"}},
                            "list": {"type": "array", "items": {"type": "object", "properties": {"a": {}}}},
                        },
                    },
                },
            }
        ),
        "v1",
    )
    spec = jsonschema.Draft202012Validator(schema["properties"]["spec"])
    assert spec.is_valid({"free": {"other": 1}, "labels": {"a": "b"}, "list": [{"a": 1}]})
    assert not spec.is_valid({"other": 1})
    assert not spec.is_valid({"list": [{"b": 1}]})
    assert not spec.is_valid({"labels": {"a": 1}})
