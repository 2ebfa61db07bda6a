"""Our declarations say what is documented (`facts.yaml`); where they differ, a reason stands here."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from compiler.annotations.catalog import catalog

if TYPE_CHECKING:
    from compiler.annotations.catalog import Known

FACTS: dict[str, dict[str, Any]] = yaml.safe_load(Path(__file__).with_name("facts.yaml").read_text("utf-8"))
KNOWN = [known for known in catalog().values() if known.support not in ("own", "higress")]

_UNDECIDED = "two answers to one question, and no documentation says which of them counts"
_NONE = "the documentation says that without it there is no limit, which is what 0 means"
_SWITCH = "alone it switches affinity on, and that overrides these"
_AGE = "no cookie lives for less than no time"
DIFFERENT: dict[tuple[str, str], str] = {
    ("affinity", "default"): "without it there is no affinity, unless a cookie is named",
    ("canary-by-query-pattern", "excludes"): _UNDECIDED,
    ("canary-by-query-value", "excludes"): _UNDECIDED,
    ("canary-weight", "max"): "it is the value of another annotation, which the reader of both checks",
    ("cors-max-age", "min"): "-1 is what browsers and Envoy take for no cache; less than that means nothing",
    ("destination", "excludes"): "a subset is that of one Service, and destination lists several",
    ("service-subset", "excludes"): "a subset is that of one Service, and destination lists several",
    ("proxy-next-upstream-timeout", "default"): _NONE,
    ("session-cookie-expires", "min"): _AGE,
    ("session-cookie-max-age", "min"): _AGE,
    ("session-cookie-name", "overrides"): _SWITCH,
    ("session-cookie-path", "overrides"): _SWITCH,
    ("timeout", "default"): _NONE,
    **{
        (f"{limit}-fallback-custom-response-code", bound): "an answer that ends an exchange has a status like that"
        for limit in ("rate-limit", "concurrency-limit")
        for bound in ("min", "max")
    },
    **{
        (f"{limit}-fallback-redirect-url", "type"): "the reference writes it without a scheme; port and query stay"
        for limit in ("rate-limit", "concurrency-limit")
    },
    ("whitelist-source-range", "overrides"): "the text says: whitelist, else denylist, else blacklist",
    ("warmup", "default"): "the documentation says that 0 is off, as it is without it",
    ("warmup", "excludes"): "upstream-hash-by and affinity override it, so it is documented which of them counts",
}
"""(annotation, field) where we say something else on purpose, and why."""


def said(known: Known) -> dict[str, Any]:
    """What we declare, in the words of the facts; of annotations that no family reads, what is declared of those."""
    facts: dict[str, Any] = {"prefixes": list(known.prefixes), "support": known.support}
    annotation = known.annotation
    if annotation is not None:
        since = annotation.since and ".".join(map(str, annotation.since))
        numbers = {"min": annotation.low, "max": annotation.high}
        facts |= {field: number for field, number in numbers.items() if number is not None}
        for field in ("scope", "type", "default", "values", "requires", "overrides", "excludes"):
            value = getattr(annotation, field)
            facts |= {field: list(value) if isinstance(value, tuple) else value} if value else {}
        facts |= {"since": since} if since else {}
    return facts


def test_every_annotation_is_known_and_no_other() -> None:
    """189 names."""
    assert {known.name for known in KNOWN} == FACTS.keys()
    assert len(FACTS) == 189


@pytest.mark.parametrize("known", KNOWN, ids=lambda known: known.name)
def test_a_declaration_says_what_is_documented(known: Known) -> None:
    """Field by field, in order."""
    ours, documented = said(known), FACTS[known.name]
    fields = ours.keys() | documented.keys() if known.annotation is not None else ours.keys()
    differing = {field for field in fields if ours.get(field) != documented.get(field)}
    assert differing == {field for name, field in DIFFERENT if name == known.name}


def test_every_difference_has_a_reason() -> None:
    """In a few words."""
    assert all(len(reason) > 20 for reason in DIFFERENT.values())
