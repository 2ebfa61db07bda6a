"""What editors say of annotations: never more than the readers, and all that the type of a value tells."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from compiler.annotations import read_annotations
from compiler.annotations.catalog import SERVICE_FAMILIES, catalog
from compiler.annotations.family import MSE, NGINX, OWN
from compiler.diagnostics import Diagnostics
from tests.unit.annotations.reading import METADATA
from tests.unit.annotations.reading import key as whole_key
from tests.unit.annotations.specimens import BUILT, Bad, bad, good, name_of, required
from tests.unit.model.schemas import accepts, committed

if TYPE_CHECKING:
    from compiler.annotations.catalog import Known
    from compiler.annotations.family import Annotation

GOOD = [pytest.param(each, text, id=f"{each.name}={text!r}") for each in BUILT for text in good(each)]
BAD = [
    pytest.param(each, wrong, id=f"{each.name}={wrong.text!r}")
    for each in BUILT
    for wrong in bad(each)
    if wrong.is_plain
]
BY_KEY = {key: each for each in BUILT for key in each.keys}
TEXTS = sorted({text for each in BUILT for text in (*good(each), *(wrong.text for wrong in bad(each)))})


def an_editor_accepts(kind: str, annotations: dict[str, object]) -> bool:
    """Whether the schema of the kind, and that of all kinds, let an object with these annotations through."""
    port = {"number": 80} if kind == "Ingress" else {"port": 80}
    spec = {"defaultBackend": {"service": {"name": "cart", "port": port}}} if kind == "Ingress" else {"ports": [port]}
    document = {
        "apiVersion": "networking.k8s.io/v1" if kind == "Ingress" else "v1",
        "kind": kind,
        "metadata": {"name": "web", "annotations": annotations},
        "spec": spec,
    }
    alone = accepts(kind.lower(), document)
    assert accepts("fleetgate", document) == alone
    return alone


@pytest.mark.parametrize(("annotation", "text"), GOOD)
def test_editors_accept_good_texts(annotation: Annotation, text: str) -> None:
    """Under every prefix."""
    for key in annotation.keys:
        assert an_editor_accepts("Ingress", {key: text})


@pytest.mark.parametrize(("annotation", "wrong"), BAD)
def test_editors_refuse_what_the_type_alone_refuses(annotation: Annotation, wrong: Bad) -> None:
    """The rest is for the command."""
    assert not an_editor_accepts("Ingress", {annotation.keys[0]: wrong.text})


@pytest.mark.parametrize("annotation", BUILT, ids=name_of)
@pytest.mark.parametrize("value", [20, True, None, 1.5, ["a"], {"a": "b"}], ids=repr)
def test_editors_refuse_what_is_no_text(annotation: Annotation, value: object) -> None:
    """The everyday mistake: a number without quotes."""
    assert not an_editor_accepts("Ingress", {annotation.keys[0]: value})


@settings(deadline=None)
@given(
    st.sampled_from(sorted(BY_KEY)),
    st.one_of(
        st.sampled_from(TEXTS),
        st.text(st.characters(exclude_categories=["Cs"])),
        st.text("0123456789%$/:.,*(){}[]|^\\ \n\t\"'abQE-+@?#\u00a0\u3000", max_size=12),
        st.lists(st.sampled_from([*TEXTS, ",", "\n", " ", "\u00a0"]), max_size=4).map("".join),
    ),
)
@example(f"{NGINX}canary-weight", "\u00a020\u2003")
def test_editors_never_refuse_what_is_read(key: str, text: str) -> None:
    """Whatever is written."""
    findings = Diagnostics()
    needed = {whole_key(name): value for name, value in required(BY_KEY[key]).items()}
    read_annotations({**needed, key: text}, METADATA, "shop", None, (), findings)
    assert findings.has_errors or an_editor_accepts("Ingress", {key: text})


@pytest.mark.parametrize("known", list(catalog().values()), ids=name_of)
def test_editors_know_every_name_under_its_own_prefixes_alone(known: Known) -> None:
    """A name that MSE does not need is read, with a warning, under either prefix of the gateways; nothing else is."""
    kind = "Ingress" if known.annotation is None else known.annotation.kind
    text = "1" if known.annotation is None else known.annotation.example
    is_read = known.annotation is not None
    for prefix in (NGINX, MSE, OWN):
        key = prefix + known.name
        expected = (is_read and key in known.keys) or (known.support == "noop" and prefix != OWN)
        assert an_editor_accepts(kind, {key: text}) == expected
        assert not an_editor_accepts("Service" if kind == "Ingress" else "Ingress", {key: text})


def test_editors_know_the_annotations_of_services() -> None:
    """And hold them to their type."""
    for family in SERVICE_FAMILIES:
        for annotation in family.annotations:
            assert an_editor_accepts("Service", {annotation.keys[0]: annotation.example})
            assert not an_editor_accepts("Service", {annotation.keys[0]: 1})


@pytest.mark.parametrize("name", ["canary-wieght", "", "Canary"])
@pytest.mark.parametrize("prefix", [NGINX, MSE, OWN])
def test_editors_refuse_unknown_names_under_our_prefixes(prefix: str, name: str) -> None:
    """MSE would pass over them."""
    assert not an_editor_accepts("Ingress", {prefix + name: "1"})


@pytest.mark.parametrize("key", ["example.com/owner", "owner", "nginx-ingress.kubernetes.io/canary", "alb.io/canary"])
def test_editors_leave_other_prefixes_alone(key: str) -> None:
    """They belong to other tools; values are texts all the same."""
    assert an_editor_accepts("Ingress", {key: "any thing"})
    assert not an_editor_accepts("Ingress", {key: 1})


def test_editors_refuse_the_old_annotation_of_the_class() -> None:
    """As the command does."""
    assert not an_editor_accepts("Ingress", {"kubernetes.io/ingress.class": "mse"})


def test_what_editors_show_is_whole() -> None:
    """Every name has a description; what is needless or refused is marked and not offered."""
    properties = committed("ingress")["$defs"]["IngressMetadata"]["properties"]["annotations"]["properties"]
    for key, part in properties.items():
        assert part["description"].endswith("."), key
        known = catalog().get(key.partition("/")[2])
        is_read = known is not None and known.annotation is not None
        assert part.get("deprecated", False) is not is_read
        assert part.get("doNotSuggest", False) is not is_read
        assert ("not" in part) == (not is_read and (known is None or known.support != "noop"))
