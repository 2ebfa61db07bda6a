"""Descriptions of fields: the string literals below them, read from the source of the model."""

from __future__ import annotations

import ast
import functools
import inspect
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import ModuleType

    from msgspec import Struct


def description(struct: type[Struct]) -> str:
    """What a struct is: its docstring."""
    return inspect.cleandoc(struct.__doc__ or "")


def field_descriptions(struct: type[Struct]) -> dict[str, str]:
    """Name of a field as it is written in documents -> its description."""
    found: dict[str, str] = {}
    for base in reversed(struct.__mro__):
        found |= _of_module(sys.modules[base.__module__]).get(base.__name__, {})
    encoded = dict(zip(struct.__struct_fields__, struct.__struct_encode_fields__, strict=True))
    return {written: found[name] for name, written in encoded.items() if name in found}


@functools.cache
def _of_module(module: ModuleType) -> dict[str, dict[str, str]]:
    """Class name -> attribute -> the string literal that follows it."""
    try:
        source = inspect.getsource(module)
    except (OSError, TypeError):
        return {}  # a built-in module, or one that was installed without its source
    return {
        node.name: {
            field.target.id: inspect.cleandoc(text.value.value)
            for field, text in zip(node.body, node.body[1:], strict=False)
            if isinstance(field, ast.AnnAssign)
            and isinstance(field.target, ast.Name)
            and isinstance(text, ast.Expr)
            and isinstance(text.value, ast.Constant)
            and isinstance(text.value.value, str)
        }
        for node in ast.parse(source).body
        if isinstance(node, ast.ClassDef)
    }
