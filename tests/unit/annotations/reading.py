"""Reading annotations in tests: short names instead of keys, findings as tuples."""

from __future__ import annotations

from typing import TYPE_CHECKING

from compiler.annotations import read_annotations
from compiler.annotations.catalog import catalog
from compiler.diagnostics import Diagnostics, Origin

if TYPE_CHECKING:
    from collections.abc import Mapping

    from compiler.annotations.ingress import IngressAnnotations
    from compiler.diagnostics import Diagnostic

METADATA = Origin("apps/shop/ingress.yaml", 0, ("metadata",))
NAMESPACE = "shop"


def key(name: str) -> str:
    """The whole key of an annotation that is known; anything else is one already."""
    known = catalog().get(name)
    return name if known is None else known.keys[0]


def read(
    annotations: Mapping[str, str], version: tuple[int, int, int] | None = None, dialects: tuple[str, ...] = ()
) -> tuple[IngressAnnotations, tuple[Diagnostic, ...]]:
    """What the annotations of an Ingress in namespace `shop` say, and what is wrong with them."""
    findings = Diagnostics()
    whole = {key(name): text for name, text in annotations.items()}
    said = read_annotations(whole, METADATA, NAMESPACE, version, dialects, findings)
    return said, findings.sorted()


def good(annotations: Mapping[str, str]) -> IngressAnnotations:
    """What annotations say in which nothing is wrong."""
    said, findings = read(annotations)
    assert findings == ()
    assert not said.is_broken
    return said


def bad(annotations: Mapping[str, str], version: tuple[int, int, int] | None = None) -> list[tuple[str, str, str]]:
    """Code, short name of the annotation, and reason of each finding; those at values show the value."""
    said, findings = read(annotations, version)
    assert said.is_broken == any(found.code.severity == "error" for found in findings)
    for found in findings:
        assert found.fix, "every finding says how to mend it"
    return [(found.code.name, str(found.origin.path[-1]).rpartition("/")[2], found.why) for found in findings]


def bad_value(annotations: Mapping[str, str]) -> tuple[str, str]:
    """Short name and reason of the one value that is bad."""
    ((code, name, why),) = bad(annotations)
    assert code == "annotation-value"
    return name, why


def at(name: str) -> Origin:
    """The place of an annotation."""
    return METADATA.at("annotations", key(name))
