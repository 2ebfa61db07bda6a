"""Pages for probes and people."""

from __future__ import annotations

import contextlib
import json
import urllib.error
import urllib.request

import pytest

from compiler.gateway.health import serve_health
from compiler.gateway.serving import Status

EMPTY = Status(gateway="public", revision="", in_force="", refused="", reason="no tree", envoys=0)
FULL = Status(gateway="public", revision="12", in_force="11", refused="10", reason="why", envoys=1)


@pytest.mark.parametrize(
    ("status", "path", "code", "text"),
    [
        (EMPTY, "/healthz", 200, "ok\n"),
        (EMPTY, "/readyz", 503, "nothing to serve yet: no tree\n"),
        (FULL, "/readyz", 200, "ok\n"),
        (FULL, "/other", 404, "/healthz, /readyz or /status\n"),
    ],
    ids=["alive", "not-ready", "ready", "unknown"],
)
def test_a_page_answers_a_probe(status: Status, path: str, code: int, text: str) -> None:
    assert _get(status, path) == (code, text)


def test_the_status_is_json() -> None:
    code, text = _get(FULL, "/status")
    assert code == 200
    assert json.loads(text) == {
        "gateway": "public",
        "revision": "12",
        "inForce": "11",
        "refused": "10",
        "reason": "why",
        "envoys": 1,
    }


def _get(status: Status, path: str) -> tuple[int, str]:
    with contextlib.contextmanager(serve_health)("127.0.0.1", 0, lambda: status) as port:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as refused:
            with refused:
                return refused.code, refused.read().decode()
