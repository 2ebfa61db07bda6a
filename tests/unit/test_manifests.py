"""The manifest writer: what it prints, and that every reader, kubectl's included, reads back what was given."""

from __future__ import annotations

import enum
import math
import random
import re
import time
import types
from typing import Any

import pytest

from compiler import manifests
from compiler.manifests import Node, Shared, render, render_all, shared
from tests.yaml_readers import HARD_STRINGS, READERS, as_json, explicit, read_kubectl

NGINX_CONF = """\
# served behind the gateway
worker_processes auto;

http {
\tserver {
\t\tlisten 8080;
\t\tlocation / { return 200 "ok: $host\\n"; }
\t}
}
"""
LABELS: dict[str, Node] = {"app.kubernetes.io/name": "cart", "app.kubernetes.io/version": "1.10"}
CONTAINER: dict[str, Node] = {
    "name": "cart",
    "image": "registry.example.com/shop/cart:1.4.2",
    "command": ["/bin/cart", "--listen=:8080", "-v", "2", "--"],
    "ports": [{"name": "http", "containerPort": 8080}, {"name": "dns", "containerPort": 53, "protocol": "UDP"}],
    "env": [
        {"name": "ZONE", "value": "b"},
        {"name": "DEBUG", "value": "off"},
        {"name": "WORKERS", "value": "4"},
        {"name": "PEER", "value": "http://$(POD_IP):8080/peers?all=1#top"},
        {"name": "GREETING", "value": '你好, world: it\'s "us"'},
        {"name": "EMPTY", "value": ""},
    ],
    "resources": {"requests": {"cpu": "100m", "memory": "128Mi"}, "limits": {"cpu": "1"}},
    "securityContext": {"readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"], "add": []}},
    "volumeMounts": [{"name": "config", "mountPath": "/etc/nginx"}, {"name": "tmp", "mountPath": "/tmp"}],
}
DEPLOYMENT: dict[str, Node] = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "cart", "namespace": "shop", "labels": LABELS},
    "spec": {
        "replicas": 3,
        "strategy": {"rollingUpdate": {"maxSurge": "25%", "maxUnavailable": 0}},
        "template": {
            "spec": {
                "containers": [CONTAINER],
                "volumes": [{"name": "config", "configMap": {"name": "cart"}}, {"name": "tmp", "emptyDir": {}}],
            }
        },
    },
}
CONFIG_MAP: dict[str, Node] = {
    "apiVersion": "v1",
    "kind": "ConfigMap",
    "metadata": {
        "name": "cart",
        "annotations": {"example.com/note": "read by ops; see #42", "example.com/since": "2026-11-22"},
    },
    "data": {"nginx.conf": NGINX_CONF, "motd": "welcome\nto the shop", "crlf.ini": "a=1\r\nb=2\r\n", "yes": "no"},
}
INGRESS: dict[str, Node] = {
    "apiVersion": "networking.k8s.io/v1",
    "kind": "Ingress",
    "metadata": {
        "name": "cart",
        "annotations": {
            "nginx.ingress.kubernetes.io/canary-weight": "20",
            "nginx.ingress.kubernetes.io/rewrite-target": "/$2",
            "nginx.ingress.kubernetes.io/use-regex": "true",
        },
    },
    "spec": {
        "rules": [{"host": "*.shop.example.com", "http": {"paths": [{"path": "/cart(/|$)(.*)", "pathType": "Prefix"}]}}]
    },
}
SEEN = """\
# Written by fleetgate
apiVersion: apps/v1
kind: Deployment
metadata:
  name: cart
  namespace: shop
  labels:
    app.kubernetes.io/name: cart
    app.kubernetes.io/version: "1.10"
spec:
  replicas: 3
  strategy:
    rollingUpdate:
      maxSurge: 25%
      maxUnavailable: 0
  template:
    spec:
      containers:
      - name: cart
        image: registry.example.com/shop/cart:1.4.2
        command:
        - /bin/cart
        - --listen=:8080
        - -v
        - "2"
        - "--"
        ports:
        - name: http
          containerPort: 8080
        - name: dns
          containerPort: 53
          protocol: UDP
        env:
        - name: ZONE
          value: b
        - name: DEBUG
          value: "off"
        - name: WORKERS
          value: "4"
        - name: PEER
          value: http://$(POD_IP):8080/peers?all=1#top
        - name: GREETING
          value: "你好, world: it's \\"us\\""
        - name: EMPTY
          value: ""
        resources:
          requests:
            cpu: 100m
            memory: 128Mi
          limits:
            cpu: "1"
        securityContext:
          readOnlyRootFilesystem: true
          capabilities:
            drop:
            - ALL
            add: []
        volumeMounts:
        - name: config
          mountPath: /etc/nginx
        - name: tmp
          mountPath: /tmp
      volumes:
      - name: config
        configMap:
          name: cart
      - name: tmp
        emptyDir: {}
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: cart
  annotations:
    example.com/note: "read by ops; see #42"
    example.com/since: "2026-11-22"
data:
  nginx.conf: |
    # served behind the gateway
    worker_processes auto;

    http {
    \tserver {
    \t\tlisten 8080;
    \t\tlocation / { return 200 "ok: $host\\n"; }
    \t}
    }
  motd: |-
    welcome
    to the shop
  crlf.ini: "a=1\\r\\nb=2\\r\\n"
  "yes": "no"
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: cart
  annotations:
    nginx.ingress.kubernetes.io/canary-weight: "20"
    nginx.ingress.kubernetes.io/rewrite-target: /$2
    nginx.ingress.kubernetes.io/use-regex: "true"
spec:
  rules:
  - host: "*.shop.example.com"
    http:
      paths:
      - path: /cart(/|$)(.*)
        pathType: Prefix
"""


def nested(levels: int) -> dict[str, Node]:
    """`levels` mappings, one in the other."""
    node: dict[str, Node] = {}
    for _ in range(levels - 1):
        node = {"a": node}
    return node


def in_every_place(value: str) -> dict[str, Node]:
    """A document that holds the string as value, key and item, alone and nested."""
    return {
        "value": value,
        value: "key",
        "items": [value, {value: value, "z": value}, [value, [value]], {"z": {value: [value]}}],
        "nested": {value: {value: {}}, "list": [[{value: []}]]},
    }


def assert_reads_back(document: Node) -> None:
    """Every reader in Python's reach reads the written document as it was given, types and order included."""
    text = render(document)
    for read in READERS:
        assert explicit(read(text)) == explicit([document]), f"{read.__name__} of {text!r}"


def test_manifests_look_as_a_person_writes_them() -> None:
    assert render_all([DEPLOYMENT, CONFIG_MAP, INGRESS], "Written by fleetgate") == SEEN


def test_one_document_has_no_divider_and_ends_with_a_line_break() -> None:
    assert render({"a": 1}) == "a: 1\n"
    assert render({"a": 1}, "why") == "# why\na: 1\n"
    assert render_all([{"a": 1}]) == render({"a": 1})


def test_no_documents_are_no_text() -> None:
    assert render_all([]) == ""
    assert render_all([], "why") == "# why\n"


@pytest.mark.parametrize(
    "value",
    [
        *("registry.example.com/shop/cart:1.4.2", "https://example.com/a?b=c&d#e", "/var/run/x.sock", "8080/tcp"),
        *("app.kubernetes.io/name", "cn-hangzhou-h", "100m", "1.5Gi", "25%", "1h30m", "4c8g", "1.4.2", "10.0.0.0/16"),
        *("10.0.0.1:8080", "localhost:8080", "--config=/etc/x.yaml", "-Xmx512m", "./run.sh", "../up", ".hidden", "/$2"),
        *(
            "$(POD_IP)",
            "/api(/|$)(.*)",
            "^/v[0-9]+$",
            "two words",
            "it's",
            "a=1, b=2",
            "Grüße",
            "中文",
            "_x",
            "sha256:9f86d0",
        ),
        *("none", "yesterday", "nullable", "e5", "TRUEish", "infinite", "done ✔️"),
    ],
)
def test_unmistakable_text_stands_plain(value: str) -> None:
    assert render({"a": value}) == f"a: {value}\n"
    assert render({value: 1}) == f"{value}: 1\n"
    assert render([value]) == f"- {value}\n"
    assert_reads_back(in_every_place(value))


@pytest.mark.parametrize(
    "value",
    [
        *(
            "",
            " ",
            "true",
            "No",
            "oN",
            "y",
            "N",
            "null",
            "NULL",
            "~",
            "=",
            "<<",
            "20",
            "-1",
            "+1",
            "0.5",
            ".5",
            "1.",
            "1e3",
        ),
        *(
            "0x1F",
            "0o17",
            "0b1",
            "0777",
            "1_000",
            "1,000",
            "12:30:45",
            "2001-01-01",
            "2001-01-01T00:00:00Z",
            ".inf",
            "-.INF",
        ),
        *(
            ".nan",
            "- a",
            "-",
            "---",
            "---a",
            "...",
            "? a",
            ": a",
            "a: b",
            "a:",
            "#a",
            "a #b",
            "!a",
            "&a",
            "*a",
            "%a",
            "@a",
        ),
        *(
            "`a`",
            "|",
            ">",
            "'a'",
            "[a]",
            "{a: b}",
            "{{ x }}",
            ",a",
            " a",
            "a ",
            "*.example.com",
            ":8080",
            "::1",
            "12e4567",
        ),
    ],
)
def test_text_that_some_reader_takes_for_something_else_is_double_quoted(value: str) -> None:
    assert render({"a": value}) == f'a: "{value}"\n'
    assert render({value: 1}) == f'"{value}": 1\n'
    assert_reads_back(in_every_place(value))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ('"a"', r'"\"a\""'),
        ("a\\: b", r'"a\\: b"'),
        ("a\tb", r'"a\tb"'),
        ("\n", r'"\n"'),
        ("a\r\nb", r'"a\r\nb"'),
        ("\0\x1b\x7f", r'"\x00\x1B\x7F"'),
        ("a\x85b\xa0c\xad", r'"a\x85b\xA0c\xAD"'),
        ("\u2028\ufeff\u202e", r'"\u2028\uFEFF\u202E"'),
        ("a\ufe0f", r'"a\uFE0F"'),
        ("\ue000\U000f0000", r'"\uE000\U000F0000"'),
        ("né: \U0001f600\u200d", '"né: \U0001f600\\u200D"'),
    ],
)
def test_what_nobody_sees_is_escaped_and_the_rest_stays_readable(value: str, text: str) -> None:
    assert render({"a": value}) == f"a: {text}\n"
    assert_reads_back(in_every_place(value))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("a\nb\n", "|\n  a\n  b\n"),
        ("a\nb", "|-\n  a\n  b\n"),
        ("a\nb\n\n\n", "|+\n  a\n  b\n\n\n"),
        ("a\n", "|\n  a\n"),
        ("a\n\n  b\n\tc\n", "|\n  a\n\n    b\n  \tc\n"),
        ("---\na: 1\n...\n", "|\n  ---\n  a: 1\n  ...\n"),
        ("# é\n中: \U0001f600\n", "|\n  # é\n  中: \U0001f600\n"),
    ],
)
def test_text_of_several_lines_is_a_literal_block(value: str, text: str) -> None:
    assert render({"k": value}) == f"k: {text}"
    assert render([value]) == f"- {text}"
    assert render({"k": value, "next": 1}) == f"k: {text}next: 1\n"
    assert render(value) == text
    assert_reads_back(in_every_place(value))


@pytest.mark.parametrize(
    "value",
    ["\na\n", " a\nb\n", "\ta\nb\n", "a \nb\n", "a\t\nb\n", "a\n  \nb\n", "a\nb ", "a\rb\n", "a\nb\x85", "a\n\u2028"],
)
def test_lines_that_some_reader_or_editor_changes_are_no_literal_block(value: str) -> None:
    assert render({"k": value}).startswith('k: "')
    assert render({"k": value}).count("\n") == 1
    assert_reads_back(in_every_place(value))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (-7, "-7"),
        (2**63 - 1, "9223372036854775807"),
        (-(2**63), "-9223372036854775808"),
        (1.0, "1.0"),
        (-0.5, "-0.5"),
        (1e16, "1.0e+16"),
        (1.5e300, "1.5e+300"),
        (1e-07, "1.0e-07"),
        (5e-324, "5.0e-324"),
        (0.1 + 0.2, "0.30000000000000004"),
        (True, "true"),
        (False, "false"),
        (None, "null"),
        ({}, "{}"),
        ([], "[]"),
        ((), "[]"),
    ],
)
def test_other_values_have_one_form_that_all_readers_type_alike(value: Node, text: str) -> None:
    assert render({"a": value}) == f"a: {text}\n"
    assert render([value]) == f"- {text}\n"
    assert render(value) == f"{text}\n"
    assert_reads_back({"a": value, "b": [value, [value]]})


@pytest.mark.parametrize(
    "value", [math.nan, math.inf, -math.inf, 2**63, -(2**63) - 1, "\ud800", "a: \udfff", "a\nb\udc80\n"]
)
def test_what_no_reader_reads_back_is_a_bug_of_ours(value: Node) -> None:
    with pytest.raises(ValueError, match=r"surrogate|JSON|64 bits"):
        render({"a": [value]})


@pytest.mark.parametrize("value", [b"bytes", bytearray(), {"set"}, object(), 1j])
def test_what_is_no_plain_data_is_a_bug_of_ours(value: Any) -> None:
    with pytest.raises(TypeError, match="plain data"):
        render({"a": value})


@pytest.mark.parametrize("key", [1, None, True, ("a",)])
def test_a_key_that_is_no_string_is_a_bug_of_ours(key: Any) -> None:
    with pytest.raises(TypeError, match="key"):
        render({key: 1})


def test_subclasses_and_other_containers_are_written_as_the_plain_data_they_are() -> None:
    class Colour(str, enum.Enum):  # noqa: UP042 (its str() is not its value, unlike StrEnum's)
        RED = "red"

    class Level(enum.IntEnum):
        HIGH = 3

    proxy: Any = types.MappingProxyType({Colour.RED: Colour.RED})
    assert render({"a": proxy, "b": (Level.HIGH, range(2))}) == "a:\n  red: red\nb:\n- 3\n- - 0\n  - 1\n"


@pytest.mark.parametrize("length", [127, 128, 129, 999, 1000, 1001, 1023, 1024, 1025, 10_000])
@pytest.mark.parametrize("letter", ["k", "é", '"'])
def test_a_key_too_long_for_readers_to_find_its_colon_is_marked(length: int, letter: str) -> None:
    key = letter * length
    text = render({key: 1})
    assert text.startswith("? ") == (len(text.encode()) > len("? : 1\n") + 1000)
    for value in ("x", "a\nb\n", {}, [], {"a": 1}, ["a"], [{key: "a"}]):
        assert_reads_back({"z": {key: value}, "l": [{key: value, "y": 1}, {"y": 1, key: value}]})


def test_a_comment_is_one_visible_line() -> None:
    for comment in ("a\nb", "a\rb", "a\x85b", "a\u2028b", "\ud800"):
        with pytest.raises(ValueError, match="one line"):
            render({}, comment)


def test_all_that_our_reader_lets_in_can_be_written_and_deeper_data_ends_in_an_error() -> None:
    assert_reads_back(nested(100))
    for deep in (nested(100_000), _lists(100_000), _circle()):
        with pytest.raises(ValueError, match="nested deeper"):
            render(deep)


def _lists(levels: int) -> list[Node]:
    node: list[Node] = []
    for _ in range(levels - 1):
        node = [node]
    return node


def _circle() -> dict[str, Node]:
    circle: dict[str, Node] = {}
    circle["a"] = [circle]
    return circle


@pytest.mark.parametrize(
    "value",
    [
        "x",
        "20",
        "a\nb\n",
        "a\n\n",
        1,
        None,
        {},
        [],
        {"a": 1},
        [1],
        [[1]],
        {"a": [{"b": "c\nd"}]},
        [{"a": 1, "b": 2}],
        "k" * 2000,
    ],
)
def test_a_shared_subtree_is_written_as_the_subtree_itself(value: Node) -> None:
    def everywhere(node: Node) -> list[Node]:
        return [node, {"a": node}, {"a": {"b": node}}, [node], [[node]], {"a": [node, {"b": node, "c": [node, node]}]}]

    mark = shared(value)
    assert render_all(everywhere(mark)) == render_all(everywhere(value))
    assert render_all(everywhere(shared(mark))) == render_all(everywhere(value))


def test_a_shared_subtree_is_rendered_once_per_place() -> None:
    class Counted(dict[str, Node]):
        rendered = 0

        def items(self) -> Any:
            Counted.rendered += 1
            return super().items()

    mark = shared(Counted(a=1))
    render_all([{"spec": mark}, {"spec": mark, "other": mark}])
    assert Counted.rendered == 1
    render([[mark]])
    assert Counted.rendered == 2
    assert isinstance(mark, Shared)
    assert mark.value == {"a": 1}


def test_the_memos_are_bounded_and_what_they_hold_changes_nothing() -> None:
    before = render_all([DEPLOYMENT, CONFIG_MAP])
    for number in range(3 * manifests._MEMO_ENTRIES):
        render({f"key-{number}": f"value {number}"})
    render({"k" * 100_000: "v" * 100_000})
    for memo in (manifests._scalars, *manifests._keys):
        assert len(memo) <= manifests._MEMO_ENTRIES
        assert max(map(len, memo), default=0) <= manifests._MEMO_LENGTH
    assert render_all([DEPLOYMENT, CONFIG_MAP]) == before


@pytest.mark.parametrize(
    "unit", ["a", " ", "a ", ": ", "a:", " #", "\n", "a\n", " \n", "\t", '"', "\0", "é", "\u202e", "1", "1_", "-", "."]
)
def test_a_mebibyte_takes_time_in_proportion(unit: str) -> None:
    """Bound far above what it takes (some hundred ms at most), far below what quadratic work would take (hours)."""
    value = unit * ((1 << 20) // len(unit))
    started = time.process_time()
    render({"data": {"file.txt": value}, value: 1})
    assert time.process_time() - started < 20


def documents_for_kubectl() -> list[dict[str, Node]]:
    """Every hard string in every place, then combinations of them with a fixed seed."""
    documents = [in_every_place(value) for value in HARD_STRINGS]
    chance = random.Random(3)
    for _ in range(2000):
        text = "".join(chance.choices(HARD_STRINGS, k=chance.randint(2, 5)))
        documents.append(in_every_place(text if len(text) < 1000 else text[:100]))
    numbers: list[Node] = [
        0,
        -1,
        2**63 - 1,
        -(2**63),
        0.5,
        -0.0,
        1e15,
        1e16,
        1e22,
        1.5e300,
        5e-324,
        True,
        False,
        None,
        {},
        [],
    ]
    return [*documents, {"numbers": numbers}, {str(number): number for number in numbers}, nested(100)]


def test_kubectl_reads_back_what_was_given() -> None:
    documents = documents_for_kubectl()
    found = read_kubectl([render(document) for document in documents])
    for document, read in zip(documents, found, strict=True):
        assert as_json(read) == as_json([document]), render(document)


def test_kubectl_divides_a_stream_where_we_do() -> None:
    documents = documents_for_kubectl()
    [read] = read_kubectl([render_all(documents, "all of them")])
    assert as_json(read) == as_json(documents)


def test_every_hard_string_reads_back_in_every_place() -> None:
    for value in HARD_STRINGS:
        assert_reads_back(in_every_place(value))


def test_no_line_ends_in_a_blank_and_nothing_invisible_is_written() -> None:
    text = render_all([in_every_place(value) for value in HARD_STRINGS])
    assert re.search(r"[ \t]\n", text) is None
    assert re.search(r"[^\t\n\x20-\x7e\xa1-\U0010ffff]|[\xad\u2028\u2029\u202e\ufeff\ue000]", text) is None
