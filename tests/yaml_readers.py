"""Independent YAML readers, and strings that YAML readers are known to disagree on or to stumble over."""

from __future__ import annotations

import base64
import json
import subprocess
from typing import TYPE_CHECKING, Any

import ruamel.yaml
import ryaml
import yaml

from tests.real_tools import real_tool

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_WITHOUT_BLANKS = r"""
true True TRUE tRuE false yes Yes no NO on On off y Y n N null Null NULL ~ none nan NaN inf -inf .inf .Inf .INF -.inf
+.inf .nan .NaN Infinity -infinity = << < 0 -0 +0 00 007 0777 08 0o17 0O17 0x1F 0X1f -0x1F 0b101 0B1 0x 0b 0o 1 -1 +1
1. .5 -.5 +.5 1.0 1.2.3 1..2 1e3 1E3 1e e1 1e+3 1.5e-3 1.e3 .e3 1_000 _1 1_ 1__0 0_0 ._ ._1 1_0.0_1 1,000 1;2 0x1.8p1
1f 1d 12e4567 12:30 12:30:45 1:2 -1:20 190:20:30.15 1:x 2001-01-01 2001-1-1 2001-12-14t21:59:43.10-05:00 2001-01-01x
2001-01-01T00:00:00Z 20010101 - -- --- ---a ---- ... ...a .. . ./ ../x -a --a=b ? ?a : :a a: a:b a::b :: # #a a# ! !tag
& &a * *a % @ @a ` `a` | |- > >- ' '' 'a' " "" "a" it's \ \n \\ C:\x [ ] [] [a] a[0] { } {} ${X} $(X) , a,b ::1 100m
128Mi 1Gi 25% 8080/tcp 5s 1h30m 4c8g 10.0.0.1 10.0.0.0/16 10.0.0.1:80 *.example.com 3e5d1a2 deadbeef ^/v[0-9]+$
registry.example.com/shop/cart:1.4.2 https://example.com/a?b=c&d#e app.kubernetes.io/name /api(/|$)(.*)
"""

HARD_STRINGS = (
    *_WITHOUT_BLANKS.split(),
    # with blanks
    *("", " ", "  ", " a", "a ", "a  b", "- ", "- a", "--- a", "... a", "? ", "? a", ": ", "a: b", "a : b", "a :b"),
    *("a:: b", "# a", "a #", "a #b", "a# b", "a  #b", "!!str a", "%YAML 1.1", "| a", "{a: b}", "{{ x }}", "a, b"),
    *('say "x"', "2001-12-14 21:59:43.10 -5", "\t", "a\tb", "\ta", "a\t"),
    # characters that are not seen, or are not what they look like
    *("\r", "\0", "\x1b", "\x7f", "\x85", "\xa0", "\xad", "\u2028", "\u2029", "\ufeff", "\ufffe", "\uffff", "\ue000"),
    *("\u202e", "\u200d", "\ufe0f", "\u3000", "\U0001f600", "\U000e0041", "\U0010ffff", "é", "e\u0301", "中文"),
    *("\uff1a", "\u0661", "\U0001d7d9", "\ufb00", "\u017f", "\u0130"),
    # of several lines
    *("\n", "\n\n", "\r\n", "a\nb", "a\nb\n", "a\nb\n\n", "a\n\nb", "\na", " a\nb", "a\n b", "a \nb", "a\n ", "a\n\t"),
    *("a\n\tb", "\ta\nb", "a\t\nb", "a\n \nb", "a\n---\nb", "---\na\n", "...\n", "a\n...\n", "# a\nb\n", "a\n# b\n"),
    *("a: b\nc: d\n", "- a\n- b\n", "a\r\nb\r\n", "a\rb", "a\x85b", "a\u2028b\n", "\ufeffa\nb", "é\n中\n"),
    # longer than readers look for the end of a key
    *(letter * length for letter in 'k1é"' for length in (127, 129, 600, 999, 1001, 1023, 1025, 5000)),
)
"""Text that one reader or another takes for something else, refuses, or changes."""


def read_pyyaml(text: str) -> list[Any]:
    """All documents as PyYAML reads them: YAML 1.1, in Python."""
    return list(yaml.safe_load_all(text))


def read_libyaml(text: str) -> list[Any]:
    """All documents as PyYAML reads them by way of libyaml: YAML 1.1, in C."""
    return list(yaml.load_all(text, Loader=yaml.CSafeLoader))


def read_ruamel(text: str) -> list[Any]:
    """All documents as ruamel.yaml reads them: YAML 1.2."""
    return list(ruamel.yaml.YAML(typ="safe", pure=True).load_all(text))


def read_ryaml(text: str) -> list[Any]:
    """All documents as ryaml reads them: mostly YAML 1.2, in Rust."""
    documents: list[Any] = ryaml.loads_all(text)  # type: ignore[attr-defined]  # its stubs name no re-exports
    return documents


READERS: tuple[Callable[[str], list[Any]], ...] = (read_pyyaml, read_libyaml, read_ruamel, read_ryaml)
"""Each turns a stream into its documents, or raises its own kind of error."""


def read_kubectl(texts: Sequence[str]) -> list[list[Any]]:
    """All documents of each stream as kubectl reads them, through one run of the real decoder.

    Documents that are null are left out, and a float without fraction is an integer, as in JSON. Where Go is missing,
    the test is skipped. Fails on a stream that kubectl refuses.
    """
    lines = "".join(json.dumps(base64.b64encode(text.encode()).decode()) + "\n" for text in texts)
    program = real_tool("bin/kubectl-yaml")
    answers = subprocess.run([program], input=lines.encode(), check=True, stdout=subprocess.PIPE).stdout
    found = []
    for text, line in zip(texts, answers.splitlines(), strict=True):
        answer = json.loads(line)
        assert "error" not in answer, f"kubectl refuses {text!r}: {answer['error']}"
        found.append([_untyped(document) for document in answer["documents"]])
    return found


def _untyped(value: Any) -> Any:
    """What the answers of `tools/kubectl-yaml` write as (type, value) pairs, as plain data."""
    if not isinstance(value, list):
        return value
    kind, content = value
    if kind == "map":
        return {key: _untyped(field) for key, field in content.items()}
    if kind == "list":
        return [_untyped(item) for item in content]
    return int(content) if kind == "int" else float(content)


def explicit(value: Any) -> Any:
    """Plain data in a form where `==` tells 1, 1.0 and True apart, and the order of keys."""
    if isinstance(value, dict):
        return ("mapping", [(explicit(key), explicit(field)) for key, field in value.items()])
    if isinstance(value, list | tuple):
        return ("list", [explicit(item) for item in value])
    return (type(value).__name__, value)


def as_json(value: Any) -> Any:
    """Plain data in a form where `==` tells 1 and True apart, but not 1 and 1.0, nor the order of keys."""
    if isinstance(value, dict):
        return {key: as_json(field) for key, field in value.items()}
    if isinstance(value, list | tuple):
        return [as_json(item) for item in value]
    return (type(value).__name__, value) if isinstance(value, bool) else value
