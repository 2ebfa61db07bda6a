"""Our reader against kubectl's own: what it reads we read alike or refuse, and what it refuses we refuse."""

from __future__ import annotations

import base64
import itertools
import json
import random
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from compiler.diagnostics import Diagnostics, Severity
from compiler.source import slow
from compiler.source.documents import read_documents
from tests.property.yaml_texts import KEYS, SCALARS
from tests.real_tools import real_tool
from tests.yaml_readers import HARD_STRINGS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

STRICTER = {
    # what kubectl reads in its own way, drops or ignores
    *("yaml-duplicate-key", "yaml-key", "yaml-merge", "yaml-tag", "yaml-encoding"),
    # bounds of our own
    *("yaml-too-deep", "yaml-aliases", "file-too-large"),
    # libyaml and the older grammar of go-yaml differ in corners; text behind the end of a document is dropped
    "yaml-syntax",
}
"""Findings about files that kubectl reads."""


def typed(value: Any) -> Any:
    """A value as `tools/kubectl-yaml` prints it."""
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, int):
        return ["int", str(value)]
    if isinstance(value, float):
        return ["float", value]
    if isinstance(value, list):
        return ["list", [typed(item) for item in value]]
    return ["map", {key: typed(field) for key, field in value.items()}]


def comparable(value: Any) -> Any:
    """What `tools/kubectl-yaml` printed, with floats as numbers: Go and Python write them differently."""
    if not isinstance(value, list):
        return value
    kind, content = value
    if kind == "float":
        return ["float", float(content)]
    if kind == "list":
        return ["list", [comparable(item) for item in content]]
    return [kind, {key: comparable(field) for key, field in content.items()}] if kind == "map" else value


def disagreements(files: list[bytes], name: str = "a.yaml") -> tuple[list[str], int]:
    """What is wrong, and how many files both readers read alike. One run of the oracle for all files."""
    lines = "".join(json.dumps(base64.b64encode(file).decode()) + "\n" for file in files)
    program = real_tool("bin/kubectl-yaml")
    done = subprocess.run([program], input=lines.encode(), check=True, stdout=subprocess.PIPE)
    wrong: list[str] = []
    alike = 0
    for file, line in zip(files, done.stdout.splitlines(), strict=True):
        kubectl = json.loads(line)
        found = Diagnostics()
        values = slow.read(name, file, found)
        refused = {finding.code.name for finding in found if finding.code.severity is Severity.ERROR}
        if refused:
            if "error" not in kubectl and not refused <= STRICTER:
                wrong.append(f"{file!r}: refused with {refused}, and kubectl reads {kubectl['documents']}")
        elif "error" in kubectl:
            wrong.append(f"{file!r}: read as {values}, and kubectl refuses it: {kubectl['error']}")
        elif [typed(value) for value in values if value is not None] != [comparable(d) for d in kubectl["documents"]]:
            wrong.append(f"{file!r}: read as {values}, and kubectl reads {kubectl['documents']}")
        else:
            alike += 1
    return wrong, alike


ALPHABET = "0123456789+-._:eExXobBaAfFiInNyYsStTuUlL~=<"


def numbers(count: int, seed: int) -> Iterator[str]:
    """Strings that nearly are numbers."""
    chance = random.Random(seed)
    for _ in range(count):
        yield "".join(chance.choice("0123789+-._:eExobBaf") for _ in range(chance.randint(1, 9)))
    for _ in range(count // 4):
        sign, digits = chance.choice(("", "-", "+")), "".join(chance.choices("0123456789", k=chance.randint(15, 25)))
        point = chance.randint(0, len(digits))
        yield chance.choice(
            (f"{sign}{digits}", f"{sign}{digits[:point]}.{digits[point:]}", f"{sign}{digits}e{point - 9}")
        )


def scalars(count: int, seed: int) -> list[str]:
    """Every short string of the letters that numbers and booleans are made of, and many longer ones."""
    short = ("".join(letters) for length in (1, 2) for letters in itertools.product(ALPHABET, repeat=length))
    plain = (text for text in HARD_STRINGS if "\n" not in text and "\r" not in text and len(text) < 2000)
    return sorted({*short, *numbers(count, seed), *SCALARS, *plain})


CONTEXTS: dict[str, Callable[[str], str]] = {
    "value": "a: {}\n".format,
    "item": "a:\n- {}\n".format,
    "item in brackets": "a: [x, {}]\n".format,
    "value in brackets": "a: {{b: {}}}\n".format,
    "key": "{}: a\n".format,
    "key in brackets": "a: {{{}: b}}\n".format,
    "on a line of its own": "a:\n  {} # c\n".format,
    "without an end": "a: {}".format,
}


@pytest.mark.parametrize("context", CONTEXTS)
def test_scalars_are_read_as_kubectl_reads_them(context: str) -> None:
    files = [CONTEXTS[context](scalar).encode() for scalar in scalars(2000, 1)]
    wrong, alike = disagreements(files)
    assert wrong == []
    assert alike > len(files) / 3


def structures(count: int, seed: int) -> Iterator[str]:
    """Files of plausible lines that begin as a block mapping."""
    chance = random.Random(seed)

    def line() -> str:
        indent = chance.choice(("", "", "  ", "    "))
        dash = chance.choice(("", "", "", "- ", "- - "))
        end = chance.choice(("", "", "", " # c", "  "))
        form = chance.random()
        if form < 0.6:
            return f"{indent}{dash}{chance.choice(KEYS)}: {chance.choice(SCALARS)}{end}"
        if form < 0.7:
            return f"{indent}{dash}{chance.choice(KEYS)}:{end}"
        if form < 0.9:
            return f"{indent}- {chance.choice(SCALARS)}{end}"
        return chance.choice(("---", "--- # c", "...", "# c", "", "--- a", "%A"))

    for _ in range(count):
        begin = f"top: {chance.choice(SCALARS)}" if chance.random() < 0.8 else "top:"
        yield "\n".join([begin, *(line() for _ in range(chance.randint(0, 5)))]) + chance.choice(("\n", "\n", ""))


def test_structures_are_read_as_kubectl_reads_them() -> None:
    wrong, alike = disagreements([text.encode() for text in structures(6000, 2)])
    assert wrong == []
    assert alike > 600


BLOCKS = (
    *("a: |\n  x\n  y\n", "a: |-\n  x\n\n\n", "a: |+\n  x\n\n\n", "a: >\n  x\n  y\n\n  z\n   w\n  v\n"),
    "a: >-\n\n  x\n  y\n\n\n  z\n",
    *("a: |2\n   x\n  y\n", "a: |1-\n  x\n", "a: |\n", "a: |", "a: |\n  x", "a: >\n  x", "a: |+\n  x"),
    *("a: |+\n\n\n", "a:\n- |\n x\n- >\n y\n"),
    *("a: |\n  # no comment\n  x\n# comment\nb: 1\n", "a: |  # c\n  x\n", "a: |\n   x\n  y\n", "a: |\n  x\n y\n"),
    "a: |\n\tx\n",
    *("a: 'x\n  y\n\n  z'\n", 'a: "x\n  y\\\n  z\n\n  w"\n', "a: x\n  y\n\n  z\nb: 1\n", "a: x\n  # c\n  y\n"),
    "a:\n  x\n  y: z\n",
    *("a: &x {b: 1}\nc: *x\n", "a: &x {b: 1}\nc:\n  <<: *x\n  b: 2\n", "a: &x {b: 1}\nc: {<<: *x, d: 2}\n"),
    "x: &x [1]\n*x : 2\n",
    *("a: &x {b: 1}\nc: &y {b: 2, d: 3}\ne: {<<: [*x, *y]}\n", "c:\n  b: 1\n  <<: {b: 2}\n", "c: {<<: 1}\n"),
    "c: {<<: [[]]}\n",
    *("a: &x b\n*x : c\n", "a: &x [&x 1, *x]\n", "a: *x\n", "a: &x\n  b: *x\n", "a: &x\nb: *x\n"),
    "&x a: &y b\nc: [*x, *y]\n",
    *("? a\n: b\n", "? a\n", "? [a]\n: b\n", "? |\n  a\n: b\n", "a:\n  ? b\n  : c\n", "a: {? b : c}\n"),
    "a: [? b : c]\n",
    *("!!map {a: !!seq [!!str 1]}\n", "a: !!set {b}\n", "a: !!omap [b: 1]\n", "a: !!binary aGk=\n"),
    "a: !!timestamp 2001-01-01\n",
    *("a: !!bool yes\n", "a: !!bool 1\n", "a: !!int 1.0\n", "a: !!float 0x1F\n", "a: !!null ~\n", "a: !!null x\n"),
    *("a: !!str\n", "!!str a: b\n"),
    *("%YAML 1.1\n---\na: 1\n", "---\na: 1\n...\n---\nb: 2\n", "a: 1\n...\nb: 2\n"),
    *("a: 1\n---\n---\n# c\n---\nb: 2\n", "--- {a: 1}\n"),
    *("a: 1\r\nb: |\r\n  x\r\n  y\r\n", "a: 1\rb: 2\r", "\ufeffa: 1\n", "a: x\u2028y\n", "a: x\x85y\n"),
    *("a: x\x7f\n", "a: x\ufeff\n", "a: x\xa0y\n"),
    *('a: "\\N\\_\\L\\P\\e\\0\\a\\b\\v\\f\\r\\x41\\u0041\\U00000041\\ \\\t"\n', 'a: "\\/"\n'),
    *('a: "\\ud83d\\ude00"\n', 'a: "\\U00110000"\n'),
    *("a:\tb\n", "a: b\t\n", "a:\n\tb: c\n", "a: [b,\tc]\n", "-\ta\n", "a: b\n \tc\n", "a: 'b\tc'\n", "\t\na: 1\n"),
    *("a: 1\n\t\n", "a: 1 \t# c\n"),
    *("a: [\n1,\n2\n]\n", "a: {\n  b: 1,\n  c\n}\n", "a: [b\n]\nc: 1\n", "a: [b,\nc: 1\n", "a: [[[b]]]\n"),
    "a: {b: {c: {d: e}}}\n",
    *(f"{'a' * length}: 1\n" for length in (1000, 1023, 1024, 1025, 1100)),
    *(f"'{'a' * length}': 1\n" for length in (1000, 1021, 1022, 1023, 1024, 1025, 1100)),
)  # fmt: skip


def test_every_form_of_yaml_is_read_as_kubectl_reads_it() -> None:
    wrong, alike = disagreements([text.encode() for text in BLOCKS])
    assert wrong == []
    assert alike > len(BLOCKS) / 2


JSON = (
    '{"a": 1.0, "b": 1, "c": -0, "d": -0.0, "e": 1e2, "f": 1.5E-3}',
    '{"a": 9223372036854775807, "b": 9223372036854775808}',
    *('{"a": 123456789012345678901234567890, "b": 1e308}', '{"a": 1e400}', '{"a": 01}', '{"a": +1}', '{"a": .5}'),
    '{"a": 1.}',
    *('{"a": "\\/\\u00e9\\ud83d\\ude00\\b\\f\\n\\r\\t\\"\\\\"}', '{"a": "\\x41"}', '{"a": "\\q"}', '{"a": "\t"}'),
    '\t{\n\t"a":\r\n1}\n',
    *('{"a": [true, false, null, {}, []]}', '{"a": NaN}', '{"a": Infinity}', '{"a": yes, "b": "x"}', "{}", "{"),
    *("{}}", '{"a" 1}'),
    *('{"a": 1,}', '{"a": [1,]}', "{'a': 1}", '{"a": 1} # c\n', '{"a": {"b": {"c": [[[1]]]}}}', '{"": 1}'),
    '{"a": "x\x7fy"}',
)  # fmt: skip


@pytest.mark.parametrize("name", ["a.json", "a.yaml"])
def test_json_is_read_as_kubectl_reads_it(name: str) -> None:
    wrong, alike = disagreements([text.encode() for text in JSON], name)
    # A file that says it is JSON has to be JSON; kubectl tries it as YAML, too.
    assert [line for line in wrong if "json-syntax" not in line] == []
    assert alike >= 8


def test_the_door_to_all_readers_gives_what_kubectl_reads() -> None:
    """Whichever reader stands behind it."""
    files = [text.encode() for text in structures(500, 3)]
    for file in files:
        found = Diagnostics()
        through_the_door = [(d.index, typed(d.data)) for d in read_documents("a.yaml", file, found)]
        again = Diagnostics()
        slowly = [(i, typed(v)) for i, v in enumerate(slow.read("a.yaml", file, again)) if isinstance(v, dict)]
        assert through_the_door == [pair for pair in slowly if "items" not in pair[1][1]]


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(10))
def test_readers_agree_for_long(seed: int) -> None:
    files = [text.encode() for text in structures(10_000, 100 + seed)]
    for context in CONTEXTS.values():
        files += [context(scalar).encode() for scalar in numbers(2000, 200 + seed)]
    wrong, _ = disagreements(files)
    assert wrong == []
