"""Whatever is written, reading never raises, and nothing is lost in silence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from compiler.annotations import pass_annotations, read_annotations, read_service_annotations
from compiler.annotations.catalog import catalog
from compiler.annotations.paths import route_path
from compiler.diagnostics import Diagnostics
from tests.unit.annotations.reading import METADATA

if TYPE_CHECKING:
    from random import Random

BY_KEY = {key.replace("*", "x"): known for known in catalog().values() for key in known.keys}
KEYS = sorted(BY_KEY)
WORDS = [annotation.example for known in catalog().values() if (annotation := known.annotation)]
texts = st.one_of(
    st.sampled_from(WORDS),
    st.text(),
    st.text(st.characters(codec=None)),
    st.text("0123456789%$/:.,*(){}[]|^\\ \n\t\"'abQE-+@?#", max_size=30),
    st.lists(st.sampled_from([*WORDS, ",", "\n", " ", "$1", "%"]), max_size=5).map("".join),
)
keys = st.one_of(
    st.sampled_from(KEYS),
    st.builds("{}/{}".format, st.sampled_from([key.partition("/")[0] for key in KEYS]), st.text()),
    st.text(st.characters(codec=None)),
)
whole = st.dictionaries(keys, texts, max_size=12)


@settings(deadline=None)
@given(whole, st.sampled_from([None, (1, 2, 20), (1, 2, 40)]), st.sampled_from([(), ("higress",)]))
def test_reading_never_raises(
    annotations: dict[str, str], version: tuple[int, int, int] | None, dialects: tuple[str, ...]
) -> None:
    """Random keys and texts, near-valid ones among them; paths included."""
    findings = Diagnostics()
    said = read_annotations(annotations, METADATA, "shop", version, dialects, findings)
    assert said.is_broken == findings.has_errors
    for path in ("/", "/a(b)", "/\udc80", *annotations.values()):
        route_path(path, "Prefix", said, METADATA, findings)
    read_service_annotations(annotations, METADATA, "shop", findings)
    pass_annotations("App", annotations, METADATA, findings)
    findings.sorted()


@settings(deadline=None)
@given(whole, st.randoms(use_true_random=False))
def test_order_carries_no_meaning(annotations: dict[str, str], random: Random) -> None:
    """The same result and the same findings, however the mapping is ordered."""
    shuffled = sorted(annotations.items())
    random.shuffle(shuffled)
    results = []
    for each in (annotations, dict(shuffled)):
        findings = Diagnostics()
        results.append((read_annotations(each, METADATA, "shop", None, (), findings), findings.sorted()))
    assert results[0] == results[1]


@settings(deadline=None)
@given(st.sampled_from(KEYS), texts)
def test_nothing_is_lost_in_silence(key: str, text: str) -> None:
    """An annotation alone says something, or a finding names it; only a default may say nothing."""
    findings = Diagnostics()
    said = read_annotations({key: text}, METADATA, "shop", None, ("higress",), findings)
    known = BY_KEY[key]
    fields = [f for f in said.__struct_fields__ if f not in ("passthrough", "is_broken")]
    says = any(getattr(said, field) is not None for field in fields)
    is_off = known.annotation is not None and (known.annotation.type == "bool" or known.name in ("timeout", "warmup"))
    assert says or len(findings) or is_off
