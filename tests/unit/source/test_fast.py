"""Laws of the fast reader: what it takes, what it leaves alone, and that all goes on without it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from compiler.source import fast
from tests.unit.source.findings import read

if TYPE_CHECKING:
    from collections.abc import Iterator

EVERYDAY = """\
# yaml-language-server: $schema=../../schemas/App.json
---
apiVersion: fleetgate.dev/v1alpha1
kind: App
metadata: {name: cart, namespace: shop, labels: {tier: "front"}}
spec:
  image: registry.example.com:5000/shop/cart:1.4.2   # a comment
  command: [sh, -c, 'exec it''s "x"']
  args:
  - --port=8080
  - -v
  replicas: 3
  ports:
  - {name: http, port: 80, targetPort: 8080}
  -   name: metrics
      port: 9090
  env:
    - name: URL
      value: http://example.com/a?b=c#d
    - name: EMPTY
      value:
  readinessProbe: {httpGet: {path: /healthz, port: http}, periodSeconds: 5}
  resources:
    requests: {cpu: 100m, memory: 128Mi}
    limits: {cpu: 0.5}
  steps: [10, 30, 60, 100]
  placement:
    clusters: [hz-a, hz-b]
  address: 10.0.0.1
  ratio: 1.25
  until: "2026-11-23T10:00:00Z"
  pattern: ^/api/(.*)$
  "quoted key": "a \\"b\\" \\\\ \\n"
  greeting: größer als 😀
  on-call: nobody knows
---
"""


def test_everyday_yaml_takes_the_fast_way() -> None:
    documents = fast.read(EVERYDAY.encode())
    assert documents is not None
    found, empty = documents
    assert empty is None
    assert found["spec"]["steps"] == [10, 30, 60, 100]
    assert found["spec"]["resources"] == {"requests": {"cpu": "100m", "memory": "128Mi"}, "limits": {"cpu": 0.5}}
    assert found["spec"]["env"][0]["value"] == "http://example.com/a?b=c#d"
    assert found["spec"]["quoted key"] == 'a "b" \\ \n'
    assert found["spec"]["greeting"] == "größer als 😀"


def test_windows_line_ends_take_the_fast_way() -> None:
    assert fast.read(EVERYDAY.replace("\n", "\r\n").encode()) == fast.read(EVERYDAY.encode())


@pytest.mark.parametrize(
    "text",
    [
        *("a: yes", "a: y", "- no", "a: [on]", "a: {b: off}", "a:\n  Yes\n", "no: 1", "a: no # c", "a: {no: b}"),
        *("a: ~", "a: 017", "a: 0o17", "a: 0x1F", "a: 1_000", "a: 1:30", "a: 1e3", "a: 1.0", "a: .5", "a: +1"),
        *("a: 2001-01-01", "a: .inf", "a: 1234567890123456789", "a: 00", "a: -0", "a: =", "a: 5."),
        *("1: a", "true: a", "null: a", "a: {true: b}", "a: {80: b}", "a: {80}", "a: {b: [c], 80, d: e}"),
        *("a: !!str b", "a: !b c", "a: &b c", "a: *b", "<<: {a: b}", "? a\n: b", "a: |\n  b", "a: >-\n  b"),
        *("a: {b: c,\n  d: e}", "a: [\n]", 'a: "b\n  c"', "a: b\n\tc", "\ta: b", "a:\tb", "%YAML 1.2\n---\na: b"),
        *("--- a", "---a: b", "...", "a: b\n...\n", "\ufeffa: b", "a: \x85", "a: \u2028", "a: \0", "a: b\rc: d"),
        *('{"a":1}', "a: [b: c: d]", 'a: "\\x41"', 'a: "\\/"', "a: {b: c?d}", "a: [?b]", "a: @b", "a: `b"),
        *("a: b: c", "a: 'b", 'a: "b', "a: [b", "a: b]: c", "a: b\na: c", "a: {b: c, b: d}"),
        " " * 37 + "a: b",
        "- - - - a",
        "a: [[[[[[[[[b]]]]]]]]]",
        "a: " + "b" * 100_000,
    ],
)
def test_whatever_readers_could_read_differently_is_left_to_the_slow_reader(text: str) -> None:
    assert fast.read(text.encode()) is None


def test_what_is_not_utf8_is_left_to_the_slow_reader() -> None:
    assert fast.read(b"a: \xff\n") is None


@pytest.fixture(params=["re2", "ryaml"])
def without(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A machine for which one of the two packages has no build."""
    monkeypatch.setitem(sys.modules, request.param, None)
    fast._engine.cache_clear()
    yield
    fast._engine.cache_clear()


@pytest.mark.usefixtures("without")
def test_without_its_packages_the_slow_reader_reads_the_same() -> None:
    assert fast.read(EVERYDAY.encode()) is None
    slowly = read(EVERYDAY)
    fast._engine.cache_clear()
    assert slowly[1] == []
    assert len(slowly[0]) == 1


def test_both_readers_read_the_everyday_file_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    quickly = read(EVERYDAY)
    monkeypatch.setattr(fast, "_engine", lambda: None)
    assert read(EVERYDAY) == quickly
