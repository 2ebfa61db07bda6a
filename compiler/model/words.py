"""Values, places and schemas in words: what findings about a document say."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from compiler.model.shape import branches, types

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from compiler.diagnostics import PathStep
    from compiler.model.shape import Schema

KIND_OF = {
    "null": "nothing",
    "boolean": "a boolean",
    "integer": "a number",
    "number": "a number",
    "string": "a text",
    "array": "a list",
    "object": "a mapping",
}
"""JSON types in the words of somebody who writes YAML."""

_PLAIN_STEP = r"[A-Za-z0-9_-]+"


def dotted(path: Sequence[PathStep]) -> str:
    """A path as people write it: `spec.rules[0].host`, `metadata.annotations["a.b/c"]`."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        elif re.fullmatch(_PLAIN_STEP, step):
            text += f".{step}" if text else step
        else:
            text += f'["{step}"]'
    return text


def type_of(value: Any) -> str:
    """The JSON type of a value; a number with a fraction is a `number`, any other an `integer`."""
    for python, name in ((bool, "boolean"), (int, "integer"), (float, "number"), (str, "string"), (dict, "object")):
        if isinstance(value, python):
            return name
    return "null" if value is None else "array"


def shown(value: Any) -> str:
    """A value as it could stand in YAML; of a list or mapping only how much it holds."""
    import json  # noqa: PLC0415 - only findings need it

    if isinstance(value, list | dict):
        noun = "list" if isinstance(value, list) else "mapping"
        return f"a {noun} of {len(value)}" if value else f"an empty {noun}"
    return json.dumps(value, ensure_ascii=False)


def joined(words: Iterable[str], last: str = "or") -> str:
    """`a`, `a or b`, `a, b or c`."""
    *before, end = words
    return f"{', '.join(before)} {last} {end}" if before else end


def wanted(schema: Schema) -> str:  # noqa: PLR0911 - one return per kind of schema
    """What a schema lets through, in words that complete "must be ..."."""
    alternatives = branches(schema)
    if len(alternatives) > 1:
        return joined(dict.fromkeys(wanted(branch) for branch in alternatives))
    (schema,) = alternatives
    if "enum" in schema:
        return joined(value or '""' for value in schema["enum"])
    if "errorMessage" in schema:
        words: str = schema["errorMessage"]
        return words.removeprefix("must be ")
    match schema.get("type"):
        case "string":
            return "a text that is not empty" if schema.get("minLength") else "a text"
        case "integer" | "number":
            return _wanted_number(schema)
        case "boolean":
            return "true or false"
        case "array":
            return f"a list of {_inner(schema['items'])}"
        case _ if schema.get("required"):
            return f"a mapping with {joined((f'`{name}`' for name in schema['required']), 'and')}"
        case _ if 0 < len(schema.get("properties", ())) <= 4:
            return f"a mapping with {joined(f'`{name}`' for name in schema['properties'])}"
        case _:
            return "a mapping"


def _wanted_number(schema: Schema) -> str:
    noun = "a whole number" if schema["type"] == "integer" else "a number"
    low, high = schema.get("minimum"), schema.get("maximum")
    if "exclusiveMinimum" in schema:
        noun += f" above {_figure(schema['exclusiveMinimum'])}"
        return f"{noun}, at most {_figure(high)}" if high is not None else noun
    if low is not None and high is not None:
        return f"{noun} from {_figure(low)} to {_figure(high)}"
    return f"{noun} of at least {_figure(low)}" if low is not None else noun


def _figure(number: float) -> str:
    return str(int(number)) if number == int(number) else str(number)


def _inner(schema: Schema) -> str:
    allowed = types(schema)
    if allowed <= {"string"}:
        return "texts"
    if allowed <= {"integer", "number"}:
        return "numbers"
    return "mappings" if allowed <= {"object"} else "values"


def nearest(word: str, known: Iterable[str], cutoff: float = 0.6) -> str | None:
    """The one of `known` that a mistyped `word` most likely means; letter case, `_` and `-` count little."""
    plain = {name: re.sub(r"[^a-z0-9]", "", name.lower()) for name in known}
    meant = re.sub(r"[^a-z0-9]", "", word.lower())
    equal = [name for name, letters in plain.items() if letters == meant]
    if equal:
        return equal[0]
    import difflib  # noqa: PLC0415 - only findings need it

    by_letters = {letters: name for name, letters in reversed(plain.items())}
    close = difflib.get_close_matches(meant, list(dict.fromkeys(plain.values())), n=1, cutoff=cutoff)
    return by_letters[close[0]] if close else None


def takes_text(text: str, schema: Schema) -> bool:
    """Whether a text is among what the schema lets through."""
    return any(
        branch.get("type") == "string"
        and branch.get("minLength", 0) <= len(text) <= branch.get("maxLength", len(text))
        and re.search(branch.get("pattern", ""), text)
        for branch in branches(schema)
    )


def without_quotes(value: str, allowed: frozenset[str]) -> str | None:
    """A text that is meant as a number or boolean, as it must be written."""
    text = value.strip()
    if "integer" in allowed and re.fullmatch(r"-?[0-9]{1,18}", text):
        return str(int(text))
    if "number" in allowed and re.fullmatch(r"-?[0-9]{1,18}(\.[0-9]{1,18})?", text):
        return text
    if "boolean" in allowed and text.lower() in {"true", "yes", "on", "false", "no", "off"}:
        return "true" if text.lower() in {"true", "yes", "on"} else "false"
    return None


def corrected(value: str, schema: Schema) -> str:
    """A corrected form of a text where there is an obvious one, else an example."""
    pattern = schema.get("pattern", "")
    guesses = [f"/{value}"] if value and pattern.startswith(("^/", "^(/")) else []
    if not re.search(pattern, "A"):
        lower = value.strip().lower()
        guesses += [re.sub(r"[ _]+", "-", lower).strip("-."), re.sub(r"[ _.]+", "-", lower).strip("-")]
    for guess in guesses:
        if guess != value and re.search(pattern, guess) and len(guess) <= schema.get("maxLength", len(guess)):
            return f"write `{guess}`"
    return like(schema)


def like(schema: Schema) -> str:
    """What to write, by example where there is one."""
    examples = [example for branch in branches(schema) for example in branch.get("examples", ())]
    return f"write it like {joined(f'`{example}`' for example in examples)}" if examples else f"write {wanted(schema)}"
