"""Every annotation of the catalog, one by one: good texts are read, bad ones refused with the finding that fits.

The table is the catalog itself (`tests.unit.annotations.specimens` makes texts of it), so that an annotation which is
declared tomorrow is held to the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from compiler.annotations.catalog import catalog
from compiler.annotations.family import MSE, NGINX, OWN
from compiler.annotations.ingress import IngressAnnotations
from compiler.annotations.names import BOUNDS
from compiler.annotations.read import SIZE_LIMIT
from compiler.diagnostics import Diagnostics, Severity
from compiler.model.decode import decode
from compiler.source.documents import read_documents
from tests.unit.annotations.reading import read
from tests.unit.annotations.specimens import BUILT, Bad, bad, good, name_of, with_requirements

if TYPE_CHECKING:
    from compiler.annotations.catalog import Known
    from compiler.annotations.family import Annotation
    from compiler.diagnostics import Diagnostic

GOOD = [pytest.param(each, text, id=f"{each.name}={text!r}") for each in BUILT for text in good(each)]
BAD = [pytest.param(each, wrong, id=f"{each.name}={wrong.text!r}") for each in BUILT for wrong in bad(each)]
DOCUMENT = """\
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: web
  annotations:
    {key}: {scalar}
spec:
  defaultBackend:
    service:
      name: cart
      port:
        number: 80
"""
NEEDLESS = [known for known in catalog().values() if known.support == "noop"]
REFUSED = [known for known in catalog().values() if known.support in ("planned", "unsupported")]


def found(annotation: Annotation, text: str) -> list[Diagnostic]:
    """The findings about an annotation with that text, beside what it needs."""
    _, findings = read({**with_requirements(annotation), annotation.name: text})
    return list(findings)


@pytest.mark.parametrize(("annotation", "text"), GOOD)
def test_a_good_text_is_read_without_an_error(annotation: Annotation, text: str) -> None:
    """And says something, unless it says no."""
    said, findings = read({**with_requirements(annotation), annotation.name: text})
    assert [finding for finding in findings if finding.code.severity is Severity.ERROR] == []
    assert not said.is_broken
    is_silent = annotation.type == "bool" or text.strip() in ("0", annotation.default)
    assert is_silent or said != IngressAnnotations()


@pytest.mark.parametrize(("annotation", "wrong"), BAD)
def test_a_bad_text_is_one_error_at_its_place(annotation: Annotation, wrong: Bad) -> None:
    """It shows the value, says what is wrong with it, and how to mend it."""
    (finding,) = found(annotation, wrong.text)
    key = annotation.keys[0]
    assert (finding.code.name, finding.origin.path[-1]) == (wrong.code, key)
    assert finding.value.startswith(f"{key}: {wrong.text!r}"[:190])
    assert finding.why.startswith(wrong.why)
    assert finding.fix


@pytest.mark.parametrize("annotation", BUILT, ids=name_of)
@pytest.mark.parametrize("letter", ["\r", "\x00", "\x1b", "\x7f", "\x85", "\ud800"])
def test_a_control_character_is_refused_in_every_annotation(annotation: Annotation, letter: str) -> None:
    """Inside, and at either end, where trimming would take it off."""
    first, rest = annotation.example[:1], annotation.example[1:]
    for text in (f"{first}{letter}{rest}", f"{letter}{first}{rest}", f"{first}{rest}{letter}"):
        (finding,) = found(annotation, text)
        assert finding.code.name == "annotation-value"
        assert finding.why == f"it holds the control character U+{ord(letter):04X}"


@pytest.mark.parametrize("annotation", BUILT, ids=name_of)
def test_a_line_feed_separates_lines_and_is_refused_in_all_else(annotation: Annotation) -> None:
    """Around a value it does not count: a block scalar of YAML ends with one."""
    assert found(annotation, f"\n{annotation.example}\n") == found(annotation, annotation.example)
    if not annotation.multiline:
        (finding,) = found(annotation, f"{annotation.example}\nx")
        assert (finding.code.name, finding.why) == ("annotation-value", "it has several lines, and can have one only")


@pytest.mark.parametrize("annotation", BUILT, ids=name_of)
@pytest.mark.parametrize("scalar", ["20", "true", "1.5", "null", "[a]", "{a: b}"])
def test_a_value_that_is_no_text_is_refused(annotation: Annotation, scalar: str) -> None:
    """A number or boolean of YAML is none: Kubernetes refuses the object."""
    text = DOCUMENT.format(key=annotation.keys[0], scalar=scalar)
    findings = Diagnostics()
    (document,) = read_documents("web.yaml", text.encode(), findings)
    assert decode(document, findings) is None
    (finding,) = findings.sorted()
    assert finding.code.name == "wrong-type"
    assert finding.origin.path == ("metadata", "annotations", annotation.keys[0])


@pytest.mark.parametrize("annotation", BUILT, ids=name_of)
def test_all_annotations_together_have_a_limit(annotation: Annotation) -> None:
    """Whichever of them is the one too many."""
    some = with_requirements(annotation)
    _, findings = read({**some, "example.com/large": "x" * SIZE_LIMIT})
    assert "annotations-too-large" in [finding.code.name for finding in findings]


@pytest.mark.parametrize("annotation", BUILT, ids=name_of)
def test_an_empty_text_is_not_set_or_means_something(annotation: Annotation) -> None:
    """A warning that nothing is set, but for those where the empty text is a value (or is plainly none)."""
    findings = [(finding.code.name, finding.origin.path[-1]) for finding in found(annotation, "")]
    assert annotation.empty or ("annotation-empty", annotation.keys[0]) in findings


@pytest.mark.parametrize("known", [each for each in NEEDLESS if each.name not in BOUNDS], ids=name_of)
@pytest.mark.parametrize("prefix", [NGINX, MSE])
def test_what_mse_does_not_need_is_a_warning(known: Known, prefix: str) -> None:
    """Whatever its value; it names what to write in its place."""
    for text in ("1", "on", "any thing"):
        said, (finding,) = read({prefix + known.name: text})
        assert not said.is_broken
        assert (finding.code.name, finding.value) == ("annotation-noop", f"{prefix}{known.name}: {text!r}")
        assert finding.why == "the gateway does by itself what it tunes in nginx, so its value is not used"
        assert finding.fix == (known.instead or "delete it")


@pytest.mark.parametrize("known", REFUSED, ids=name_of)
@pytest.mark.parametrize("prefix", [NGINX, MSE])
def test_what_mse_does_not_read_is_an_error(known: Known, prefix: str) -> None:
    """Whatever its value; it says what to write in its place."""
    for text in ("1", "on", "any thing"):
        said, (finding,) = read({prefix + known.name: text})
        assert said.is_broken
        assert (finding.code.name, finding.value) == ("annotation-unsupported", f"{prefix}{known.name}: {text!r}")
        assert finding.why == "MSE does not read it, so traffic would behave differently from what it says"
        assert finding.fix == (known.instead or "delete it")


@pytest.mark.parametrize("known", list(catalog().values()), ids=name_of)
def test_a_known_name_under_a_wrong_prefix_names_the_right_one(known: Known) -> None:
    """Those of MSE alone under nginx., those of ours under either, and both under fleetgate.dev/."""
    if known.support in ("noop", "planned", "unsupported", "higress"):
        return
    for prefix in {NGINX, MSE, OWN} - {key.removesuffix(known.name) for key in known.keys}:
        said, (finding,) = read({prefix + known.name: "1"})
        assert said.is_broken
        home = "Ingress" if known.annotation is None else known.annotation.kind
        if home == "Ingress":
            assert (finding.code.name, finding.fix) == ("annotation-prefix", f"write {' or '.join(known.keys)}")
        else:
            assert finding.code.name == "annotation-kind"
