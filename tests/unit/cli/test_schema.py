"""Laws of `fleetgate schema`: valid JSON Schemas, of one kind or of all."""

from __future__ import annotations

import json

import jsonschema
import pytest
import yaml

from compiler import cli
from compiler.model.kinds import KINDS
from compiler.model.reference import reference


@pytest.mark.parametrize("kind", [kind for _, kind, _ in KINDS])
def test_a_kind_has_a_schema_that_its_example_fits(kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["schema", kind.lower()]) == 0
    schema = json.loads(capsys.readouterr().out)
    jsonschema.Draft202012Validator.check_schema(schema)
    for document in yaml.safe_load_all(reference(kind).example):
        jsonschema.Draft202012Validator(schema).validate(document)


def test_without_a_kind_one_schema_serves_all(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["schema"]) == 0
    validator = jsonschema.Draft202012Validator(json.loads(capsys.readouterr().out))
    for _, kind, _ in KINDS:
        for document in yaml.safe_load_all(reference(kind).example):
            validator.validate(document)
    assert not validator.is_valid({"apiVersion": "fleetgate.dev/v1alpha1", "kind": "App", "spec": {}})


def test_an_unknown_kind_is_status_2_and_the_kinds_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["schema", "Deployment"]) == 2
    assert "Deployment is no kind; the kinds are Fleet, Cluster, App, " in capsys.readouterr().err
