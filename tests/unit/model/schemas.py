"""The committed schemas, as their users read them."""

from __future__ import annotations

import functools
import json
from typing import Any

import jsonschema

from tests.real_tools import ROOT

SCHEMAS = ROOT / "schemas"


@functools.cache
def committed(name: str) -> dict[str, Any]:
    """A schema of the repo, such as `app` or `fleetgate`."""
    found: dict[str, Any] = json.loads((SCHEMAS / f"{name}.json").read_text("utf-8"))
    return found


@functools.cache
def validator(name: str) -> jsonschema.Draft202012Validator:
    """jsonschema, without any help of ours but one: it reads patterns as ECMA-262 does, as JSON Schema demands.

    In Python `$` also matches before a last line feed, in ECMA-262 it does not.
    """
    text = json.dumps(committed(name)).replace('$"', '\\\\Z"')
    return jsonschema.Draft202012Validator(json.loads(text))


def accepts(name: str, data: Any) -> bool:
    """Whether the committed schema lets a document through."""
    return validator(name).is_valid(data)
