"""Everything that is wrong with a document that msgspec refused: one finding per mistake, none that follows from one.

msgspec stops at the first error. So the document is held against the JSON Schema of its kind, which says the same
as the decoder, and each of the schema's errors becomes a finding with its place. jsonschema takes about 0.1 s to
import and is needed here only.
"""

from __future__ import annotations

import functools
import math
import re
from typing import TYPE_CHECKING, Any

from msgspec import Struct, structs

from compiler.diagnostics import CONCEALED, Code, error
from compiler.model.credentials import conceals
from compiler.model.shape import branches, fields, sample, shape, types
from compiler.model.words import (
    KIND_OF,
    corrected,
    dotted,
    joined,
    like,
    nearest,
    shown,
    takes_text,
    type_of,
    wanted,
    without_quotes,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    import jsonschema

    from compiler.diagnostics import PathStep
    from compiler.model.base import Document
    from compiler.model.shape import Schema

UNKNOWN_FIELD = error(
    "unknown-field",
    "a field that this kind does not have",
    "A field that nobody reads would be lost in silence: a mistyped `replicas` would run one pod. So every field has "
    "to be one of those that the kind has. The finding names the nearest field, the successor of a renamed one, or "
    "the place where a field of this name belongs. `fleetgate explain KIND` lists all fields.",
)
MISSING_FIELD = error(
    "missing-field",
    "a required field is not there",
    "Few fields are required, and none of them has a value that could be guessed. `fleetgate explain KIND` tells "
    "which ones, and `fleetgate schema KIND` lets an editor complete them.",
)
WRONG_TYPE = error(
    "wrong-type",
    "a value of another type than the field has",
    "YAML reads 8080 and 1.10 as numbers, true, yes and on as booleans, and an empty value as nothing, whatever the "
    "field expects; Kubernetes refuses such values too. Where a text is needed, put the value in quotes. Numbers and "
    "booleans are written without quotes. A field with an empty value is better left out.",
)
BAD_VALUE = error(
    "bad-value",
    "a value that the field does not allow",
    "The value has the right type, but it is none of the allowed words, out of bounds, or not in the form that the "
    "field needs (a DNS label, a quantity, a duration, ...). Names and quantities follow Kubernetes, because they end "
    "up there.",
)
TOO_FEW = error(
    "too-few",
    "a list or mapping with too few entries",
    "Some lists make no sense when they are empty, such as the gateways of a Fleet or the clusters of a tier. Add the "
    "missing entries, or leave out the whole field where it is optional.",
)
TOO_MANY = error(
    "too-many",
    "a list with too many entries",
    "The list is longer than the system behind it accepts, such as more than two vSwitches of an MSE gateway or more "
    "than 1000 endpoints in an EndpointSlice.",
)
CODES: tuple[Code, ...] = (UNKNOWN_FIELD, MISSING_FIELD, WRONG_TYPE, BAD_VALUE, TOO_FEW, TOO_MANY)

SUCCESSORS: Mapping[tuple[str, str], str] = {
    # extensions/v1beta1 -> networking.k8s.io/v1
    ("IngressBackend", "serviceName"): "service.name",
    ("IngressBackend", "servicePort"): "service.port",
    ("IngressSpec", "backend"): "defaultBackend",
    # the API server would make a name up; here it has to be written
    ("Metadata", "generateName"): "name",
    ("ClusterMetadata", "generateName"): "name",
}
"""Renamed fields: (struct, old field) -> the new one, as a path from the same place. Ours come here too."""

HINTS: Mapping[tuple[str, str], str] = {
    ("AppSpec", "containers"): "write `image`, `ports`, `env` ... directly below `spec`: an App has one container",
    ("AppSpec", "template"): "write `image`, `ports`, `env` ... directly below `spec`: the pod template is generated",
    ("AppSpec", "selector"): "delete it: selectors are generated from the names of the app and its versions",
    ("AppSpec", "clusters"): "write `placement: {clusters: [...]}`",
    ("ClusterMetadata", "namespace"): "delete it: objects of this kind have no namespace",
    ("Port", "containerPort"): "write `port` (of the Service) and, where the container has another, `targetPort`",
    ("Port", "nodePort"): "delete it: the Service of an App is of type ClusterIP",
}
"""What to write instead of fields that people know from Kubernetes: (struct, field) -> the fix."""

_DELETE: Any = object()
"""Stands in for what is best taken out."""


class Problem(Struct, frozen=True, gc=False, kw_only=True):
    """One mistake in a document, and what may stand in for it while the rest is checked."""

    code: Code
    path: tuple[PathStep, ...]
    """Place of the finding."""
    is_key: bool = False
    """Whether the key is meant rather than its value."""
    value: str
    why: str
    fix: str
    target: tuple[PathStep, ...]
    """What `stand_in` replaces: `path`, or the missing field below it."""
    stand_in: Any = _DELETE
    meant: tuple[PathStep, ...] | None = None
    """The field that an unknown one probably stands for: that it is missing is no finding of its own."""
    holder: tuple[PathStep, ...] | None = None
    """The mapping that an unknown field belongs into, as one of its keys: that it is empty is no finding of its own."""
    is_follow_on: bool = False
    """Whether another problem explains this one, which is then not reported."""

    @property
    def deletes(self) -> bool:
        """Whether the target is best taken out."""
        return self.stand_in is _DELETE


class _Fault(Struct, frozen=True, gc=False):
    """An error of the schema: which keyword, with which argument, refused which value where."""

    keyword: str
    argument: Any
    path: tuple[PathStep, ...]
    value: Any
    schema: Schema


def problems(data: dict[str, Any], struct: type[Document], refusal: str) -> list[Problem]:
    """All mistakes that keep `data` from being a `struct`, in no particular order; at least one.

    `refusal` is what msgspec said: the last resort, should the schema find nothing.
    """
    reader = _Reader(data, struct)
    found: dict[tuple[tuple[PathStep, ...], bool], Problem] = {}
    for fault in _faults(_validator(struct).iter_errors(data)):
        for problem in reader.read(fault):
            # by target, so that two fields that are missing in one place are two findings
            found.setdefault((problem.target, problem.is_key), problem)
    meant = {problem.meant for problem in found.values()}
    holders = {problem.holder for problem in found.values()}
    return [structs.replace(p, is_follow_on=True) if _follows(p, meant, holders) else p for p in found.values()] or [
        _refused(refusal)
    ]


def _follows(
    problem: Problem, meant: set[tuple[PathStep, ...] | None], holders: set[tuple[PathStep, ...] | None]
) -> bool:
    """Whether a field is missing because its name was mistyped, or empty because what it holds stands beside it."""
    if problem.code is MISSING_FIELD:
        return problem.target in meant
    return problem.code is WRONG_TYPE and problem.value == "null" and problem.target in holders


def _refused(message: str) -> Problem:
    """A problem in msgspec's own words, such as "Expected `int`, got `str` - at `$.spec.ports[0].port`"."""
    why, _, place = message.partition(" - at ")
    steps = re.findall(r"\.([^.\[`]+)|\[([0-9]+)\]", place.partition("[...]")[0])
    path = tuple(int(index) if index else name for name, index in steps)
    return Problem(
        code=BAD_VALUE,
        path=path,
        value="",
        why=why[:1].lower() + why[1:],
        fix="write what `fleetgate explain KIND` says of this field",
        target=path,
    )


@functools.cache
def _validator(struct: type[Document]) -> jsonschema.protocols.Validator:
    """As strict as msgspec: 1.0 is no integer, NaN and infinity are no numbers."""
    import jsonschema  # noqa: PLC0415 - takes 0.1 s, and is for documents with findings only

    checker = jsonschema.Draft202012Validator.TYPE_CHECKER.redefine_many(
        {
            "integer": lambda _, value: type(value) is int,
            "number": lambda _, value: type(value) is int or (type(value) is float and math.isfinite(value)),
        }
    )
    strict: type[jsonschema.protocols.Validator] = jsonschema.validators.extend(  # type: ignore[no-untyped-call] # in the stubs
        jsonschema.Draft202012Validator, type_checker=checker
    )
    return strict(shape(struct))


def _faults(errors: Iterable[jsonschema.ValidationError]) -> list[_Fault]:
    """Errors without unions: of a union, those of the alternative that the value looks like. The worst comes first."""
    flat: list[_Fault] = []
    for each in errors:
        keyword, schema = str(each.validator), each.schema
        if keyword == "anyOf" and isinstance(each.validator_value, list):
            kind = type_of(each.instance)
            likely = (i for i, branch in enumerate(each.validator_value) if kind in _with_integers(types(branch)))
            chosen = next(likely, None)
            if chosen is not None:
                flat += _faults(inner for inner in each.context or () if inner.schema_path[0] == chosen)
                continue
        if "propertyNames" in each.schema_path:
            keyword = "propertyNames"
        if isinstance(schema, dict):  # never just true or false: what comes from a struct has types
            flat.append(_Fault(keyword, each.validator_value, tuple(each.absolute_path), each.instance, schema))
    rank = {"anyOf": 0, "type": 0, "enum": 1, "pattern": 2}
    return sorted(flat, key=lambda fault: rank.get(fault.keyword, 3))


def _with_integers(allowed: frozenset[str]) -> frozenset[str]:
    return allowed | {"integer"} if "number" in allowed else allowed


def _holder(name: str, beside: Mapping[str, Any], known: Mapping[str, Schema]) -> str | None:
    """`labels` or `annotations`, where a key of theirs stands one level too high; None for another unknown field.

    No field of Kubernetes has a `/` or `-` in its name; of other names, those that stand below an empty one of the two
    are its keys, unless they come close to a field. Of the two, the empty one that is nearest above is meant.
    """
    if "annotations" not in known or ("/" not in name and nearest(name, known, 0.75)):
        return None
    before = list(beside)[: list(beside).index(name)]
    empty = [key for key in before if key in {"labels", "annotations"} and beside[key] is None]
    if not (empty or "/" in name or "-" in name):
        return None
    return empty[-1] if empty and "ingress.kubernetes.io/" not in name else "annotations"


class _Reader:
    """Turns errors of the schema into problems."""

    def __init__(self, data: dict[str, Any], struct: type[Document]) -> None:
        self._data = data
        self._kind = struct.__name__
        self._shape = shape(struct)

    def read(self, fault: _Fault) -> Iterator[Problem]:
        """The problems of one error."""
        match fault.keyword:
            case "additionalProperties":
                for name in sorted(fault.value.keys() - fault.schema["properties"].keys()):
                    yield self._unknown(fault, name)
            case "required":
                for name in fault.argument:
                    if name not in fault.value:
                        yield self._missing(fault, name)
            case "anyOf" | "type":
                yield self._wrong_type(fault)
            case "enum" if not isinstance(fault.value, str):
                yield self._wrong_type(fault)
            case "minItems" | "minProperties" | "maxItems":
                yield self._wrong_count(fault)
            case "propertyNames":
                yield self._bad_key(fault)
            case _:
                yield self._bad_value(fault)

    def _where(self, path: tuple[PathStep, ...]) -> str:
        return f"`{dotted(path)}`" if path else f"{'an' if self._kind[0] in 'AEIO' else 'a'} {self._kind}"

    def _shown(self, fault: _Fault) -> str:
        is_text = "string" in types(fault.schema)
        return CONCEALED if is_text and conceals(self._data, fault.path) else shown(fault.value)

    def _unknown(self, fault: _Fault, name: str) -> Problem:
        path, known = fault.path, fault.schema["properties"]
        key = (fault.schema["title"], name)
        why = f"{self._where(path)} has no field of this name"
        meant: str | None = None
        if holder := _holder(name, fault.value, known):
            why = f"{why}: it looks like one of the {holder}, indented too little"
            fix = f"indent it below `{holder}:`" if holder in fault.value else f"put it below `{holder}:`, indented"
        elif key in SUCCESSORS:
            meant = SUCCESSORS[key].partition(".")[0]
            why, fix = "this field has another name here", f"write `{SUCCESSORS[key]}`"
        elif key in HINTS:
            fix = HINTS[key]
        else:
            absent = [field for field in fault.schema["required"] if field not in fault.value]
            meant = nearest(name, known, 0.75) or nearest(name, absent)
            elsewhere = None if meant else self._elsewhere(name, path)
            meant = meant or (None if elsewhere else nearest(name, known))
            if meant:
                fix = f"write `{meant}`" if meant not in fault.value else f"delete it: `{meant}` is here already"
            elif elsewhere:
                fix = f"move it {elsewhere}, or delete it"
            else:
                fix = f"delete it; {self._listed(known)}"
        return Problem(
            code=UNKNOWN_FIELD,
            path=(*path, name),
            is_key=True,
            value=name,
            why=why,
            fix=fix,
            target=(*path, name),
            meant=(*path, meant) if meant else None,
            holder=(*path, holder) if holder else None,
        )

    def _listed(self, known: Mapping[str, Schema]) -> str:
        if len(known) > 12:
            return f"`fleetgate explain {self._kind}` lists the fields"
        return f"the fields here are {joined(known, 'and')}"

    def _elsewhere(self, name: str, path: tuple[PathStep, ...]) -> str | None:
        """Where this kind has a field of the name: below the place, beside what holds it, or near the top."""
        here = tuple(step for step in path if isinstance(step, str))
        for there, _ in fields(self._shape):
            above = there[:-1]
            if there[-1] != name:
                continue
            if above[: len(here)] == here:
                return f"into `{'.'.join(above[len(here) :])}`"
            if here[: len(above)] == above or len(there) <= 2:
                return f"to `{'.'.join(there)}`"
        return None

    def _missing(self, fault: _Fault, name: str) -> Problem:
        field = fault.schema["properties"][name]
        return Problem(
            code=MISSING_FIELD,
            path=fault.path,
            value=name,
            why=f"{self._where(fault.path)} needs this field",
            fix=f"add `{name}`: {wanted(field)}",
            target=(*fault.path, name),
            stand_in=sample(field),
        )

    def _wrong_type(self, fault: _Fault) -> Problem:
        must = f"{self._where(fault.path)} must be {wanted(fault.schema)}"
        kind = KIND_OF[type_of(fault.value)]
        if isinstance(fault.value, float) and "integer" in types(fault.schema):
            kind += " with a fraction"
        return Problem(
            code=WRONG_TYPE,
            path=fault.path,
            value=self._shown(fault),
            why=f"{must}, and this is {kind}",
            fix=self._retyped(fault),
            target=fault.path,
            stand_in=sample(fault.schema),
        )

    def _retyped(self, fault: _Fault) -> str:
        """How to write the same value in the right type."""
        value, allowed = fault.value, types(fault.schema)
        fix = like(fault.schema)
        if "string" in allowed and conceals(self._data, fault.path):
            fix = "refer to a Secret instead: no credential belongs here"
        elif value is None:
            fix = "write a value, or delete the line where the field is optional"
            if takes_text("", fault.schema):
                fix += '; an empty text is ""'
        elif isinstance(value, str) and (plain := without_quotes(value, allowed)) is not None:
            fix = f"write {plain} without quotes"
        elif isinstance(value, float) and "integer" in allowed and value.is_integer():
            fix = f"write {int(value)}"
        elif isinstance(value, bool | int | float) and takes_text(shown(value), fault.schema):
            # of a number with a fraction only the value is known, not how it was written: 1.10 is 1.1
            exact = not isinstance(value, float)
            fix = f'put it in quotes: "{shown(value)}"' if exact else "put it in quotes, as it is written"
        elif "array" in allowed:
            fix = "write a list: begin each entry with `- `, or put them in `[` and `]`"
        elif isinstance(value, list) and len(value) == 1 and type_of(value[0]) in allowed:
            fix = "write its only entry, without the list"
        return fix

    def _wrong_count(self, fault: _Fault) -> Problem:
        few = fault.keyword != "maxItems"
        entries = "entry" if fault.argument == 1 else "entries"
        return Problem(
            code=TOO_FEW if few else TOO_MANY,
            path=fault.path,
            value=shown(fault.value),
            why=f"{self._where(fault.path)} must have at {'least' if few else 'most'} {fault.argument} {entries}",
            fix="add an entry, or delete the field where it is optional" if few else "delete some of them",
            target=fault.path,
            stand_in=sample(fault.schema),
        )

    def _bad_key(self, fault: _Fault) -> Problem:
        schema = {"type": "string", **fault.schema}
        near = nearest(fault.value, schema.get("examples", ()), 0.75) if "/" not in fault.value else None
        return Problem(
            code=BAD_VALUE,
            path=(*fault.path, fault.value),
            is_key=True,
            value=fault.value,
            why=f"a key of {self._where(fault.path)} must be {wanted(schema)}",
            fix=f"write `{near}`" if near else corrected(fault.value, schema),
            target=(*fault.path, fault.value),
        )

    def _bad_value(self, fault: _Fault) -> Problem:
        value, schema = fault.value, fault.schema
        why = f"{self._where(fault.path)} must be {wanted(schema)}"
        match fault.keyword:
            case "enum":
                # 1c2g is nearer to 16c32g than to 2c4g: of such words only the very same, in other letters, is meant
                cutoff = 1.0 if re.search("[0-9]", "".join(schema["enum"])) else 0.6
                fix = f"write {nearest(value, schema['enum'], cutoff) or wanted(schema)}"
            case "maxLength":
                why = (
                    f"{self._where(fault.path)} may have {fault.argument} characters at most, and this has {len(value)}"
                )
                fix = "shorten it"
            case "minLength":
                fix = "write a value, or delete the line where the field is optional"
            case "pattern":
                number = without_quotes(value, types(self._all_of(fault.path)))
                fix = f"write {number} without quotes" if number is not None else corrected(value, schema)
            case _:
                fix = "write a number within these bounds"
        return Problem(
            code=BAD_VALUE,
            path=fault.path,
            value=self._shown(fault),
            why=why,
            fix=fix,
            target=fault.path,
            stand_in=sample(schema),
        )

    def _all_of(self, path: tuple[PathStep, ...]) -> Schema:
        """The schema of a place, with all alternatives of a union."""
        schema = self._shape
        for step in path:
            for branch in branches(schema):
                inner = branch.get("items") if isinstance(step, int) else branch.get("properties", {}).get(step)
                inner = inner or branch.get("additionalProperties")
                if isinstance(inner, dict):
                    schema = inner
                    break
        return schema
