"""What an annotation family is: a few annotations, and one function that turns their texts into an IR policy.

Nothing outside a family's module knows the names of its annotations. A family sees the annotations of one
Ingress through a `Reader`, which knows prefixes and precedence, and reports with the place of the annotation.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from msgspec import Struct

from compiler.diagnostics import Origin

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from collections.abc import Set as AbstractSet

    from compiler.diagnostics import Code, Diagnostics

NGINX = "nginx.ingress.kubernetes.io/"
MSE = "mse.ingress.kubernetes.io/"
OWN = "fleetgate.dev/"
HIGRESS = "higress.io/"

Prefix = Literal["nginx", "mse", "own", "higress"]
PREFIXES: dict[Prefix, str] = {"nginx": NGINX, "mse": MSE, "own": OWN, "higress": HIGRESS}

Support = Literal["compatible", "partial", "exclusive", "noop", "planned", "unsupported", "own", "higress"]
"""MSE's classes: read as in ingress-nginx, partly so, MSE's own; needless, not yet read, never read. Then our own, and
those of Higress alone."""


class Annotation(Struct, frozen=True, gc=False):
    """One annotation: what it is called, where it is read, and what it means."""

    name: str
    """A star at its end stands for a name that its author chooses."""
    prefixes: tuple[Prefix, ...]
    """Where it is read, in order of precedence (nginx first, as MSE does)."""
    type: str
    """Kind of value, in the words of the reference: int, bool, csv, header-lines…"""
    scope: Literal["ingress", "domain", "service"]
    doc: str
    """What it does, in one or two sentences."""
    default: str = ""
    """The effect of leaving it out, where it is a value."""
    values: tuple[str, ...] = ()
    """Allowed words, where it is one of some."""
    any_case: bool = False
    """Whether letter case of these words does not count."""
    requires: tuple[str, ...] = ()
    """Annotations without which it has no effect; "a | b" = one of them."""
    overrides: tuple[str, ...] = ()
    """Annotations that have no effect when this one is there."""
    excludes: tuple[str, ...] = ()
    """Annotations that may not stand beside it."""
    since: tuple[int, int, int] | None = None
    """First MSE gateway version that understands it; None = not stated."""
    support: Support = "compatible"
    """How MSE stands to it."""
    example: str = ""
    """A good value."""
    multiline: bool = False
    """Whether line feeds separate items of the value; anywhere else they are refused."""
    empty: bool = False
    """Whether the empty text is a value like others; everywhere else it means "not set"."""
    kind: Literal["Ingress", "Service"] = "Ingress"
    """The kind of object that it stands on."""
    low: int | None = None
    """The least number that it may be; None = not a number, or no bound."""
    high: int | None = None
    """The greatest number that it may be; None = not a number, or no bound but that of the gateway's own types."""

    @property
    def keys(self) -> tuple[str, ...]:
        """The whole keys under which it is read, in order of precedence."""
        return tuple(PREFIXES[prefix] + self.name for prefix in self.prefixes)


class Value(Struct, frozen=True, gc=False):
    """The text of an annotation that is there, and its place."""

    text: str
    key: str
    """The whole annotation key as written."""
    origin: Origin


class ServiceRef(Struct, frozen=True, gc=False):
    """A Service that an annotation names. Whether it exists, and what its first port is, lowering finds out."""

    namespace: str
    name: str
    port: int | None = None
    """None = its first port."""
    origin: Origin = Origin("")


class Reader(Struct, gc=False):
    """The annotations of one Ingress under our prefixes, and where to report."""

    values: Mapping[str, Value]
    """By short name, after prefix precedence."""
    findings: Diagnostics
    namespace: str
    """Namespace of the Ingress: the default of references."""
    origin: Origin
    """The mapping that holds the annotations."""
    refused: AbstractSet[str] = frozenset()
    """Names that are written and were refused: their absence from `values` is no second mistake."""
    has_default_limit: bool = True
    """Whether its gateway limits the size of patterns as Envoy does by default."""

    def get(self, name: str) -> Value | None:
        """The annotation `name`, or None where it is absent or empty (an empty string means "not set" in MSE)."""
        value = self.values.get(name)
        return value if value is not None and value.text.strip() else None

    def bad(self, code: Code, value: Value, why: str, fix: str) -> None:
        """Report a bad value at its place."""
        self.findings.add(code, value.origin, f"{value.key}: {value.text!r}", why, fix)


class Family(Struct, frozen=True, gc=False):
    """One family: its annotations, and the function that reads them."""

    name: str
    """Field of `IngressAnnotations` (of `ServiceAnnotations`) that holds what `parse` returns."""
    annotations: tuple[Annotation, ...]
    parse: Callable[[Reader], object]
    """Called only when one of the annotations is there; None = none of them says anything."""
    features: tuple[str, ...] = ()
    """What it becomes: some of `compiler.ir.features`; none = it decides before there is a program."""
