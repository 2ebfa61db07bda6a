"""What annotations of several families do together, where one could undo the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from compiler.drill.children import wait_until
from compiler.drill.load import Ask
from compiler.drill.stub.spec import Behaviour
from tests.envoy.compiled import seen
from tests.envoy.effects.case import Case, Effects, Group, service_of
from tests.small_fleet import path

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.envoy.effects.case import Side
    from tests.small_fleet import Document

BY_HEADER = {"canary": "true", "canary-by-header": "x-stage"}
BY_WEIGHT = {"canary": "true", "canary-weight": "50"}


def _with_canary(**canary: str) -> Callable[[Side], list[Document]]:
    """The annotations of the case on the base, those given on a canary to `two`."""
    written = {name.replace("_", "-"): value for name, value in canary.items()}
    return lambda side: [side.ingress("base"), side.ingress("canary", paths=[path("two", "/")], annotations=written)]


def _notes_by_service(side: Side) -> dict[str, set[str]]:
    """What pods of each Service see as x-note."""
    found: dict[str, set[str]] = {}
    for answer in side.ask(*[Ask()] * 60):
        values = [value for key, value in seen(answer).headers if key == "x-note"]
        found.setdefault(service_of(answer), set()).update(values)
    return found


def _copies_of_canary(side: Side) -> bool:
    assert side.service(x_stage="always") == "two"
    if side.is_with:
        wait_until(lambda: side.requests("one") > 0, 5, "a copy")
    return side.requests("one") > 0


def _fallback_of_canary(side: Side) -> tuple[str, str, int]:
    """Who answers for a dead canary, and then for its dead base too."""
    side.behave(Behaviour(state="down"), side.pods("two"))
    first = side.service(x_stage="always")
    side.behave(Behaviour(state="down"), side.pods("one"))
    both = side.get(x_stage="always")
    return first, service_of(both), both.status


def _hosts_after_error(side: Side) -> list[str]:
    answers = [side.get("/", x_stub_status=status) for status in ("200", "503")]
    return [dict(seen(each).headers)["host"].replace(side.host, "HOST") for each in answers]


def _cors_headers(side: Side) -> list[str]:
    answer = side.get(origin="https://a.org", x_stub_header="access-control-allow-origin: https://theirs.org")
    return [value for key, value in answer.headers if key == "access-control-allow-origin"]


EFFECTS = Effects(
    "combinations",
    (
        Case(
            "headers-of-base-and-canary",
            {"request-header-control-update": "x-note base"},
            _notes_by_service,
            seen={"one": {"base"}, "two": {"canary"}},
            otherwise={"one": set(), "two": {"canary"}},
            documents=_with_canary(**BY_WEIGHT, request_header_control_add="x-note canary"),
        ),
        Case(
            "canary-of-alias",
            {"server-alias": "www.HOST,*.wide.HOST"},
            lambda side: [
                service_of(each)
                for name in (side.host, f"www.{side.host}", f"a.wide.{side.host}")
                for each in side.ask(Ask(host=name), Ask(host=name, headers=(("x-stage", "always"),)))
            ],
            seen=["one", "two"] * 3,
            otherwise=["one", "two", "", "", "", ""],
            documents=_with_canary(**BY_HEADER),
        ),
        Case(
            "rewrite-of-encoded-path",
            {"rewrite-target": "/new/$1"},
            lambda side: [side.said(f"/old/{rest}").path for rest in ("a%20b?x=%2F", "a;b=c", "../old/$1", "/x", "")],
            seen=["/new/a%20b?x=%2F", "/new/a;b=c", "/new/$1", "/new/x", "/new/"],
            otherwise=["/old/a%20b?x=%2F", "/old/a;b=c", "/old/$1", "/old/x", "/old/"],
            beside={"use-regex": "true"},
            documents=lambda side: [side.ingress(paths=[path("one", "/old/(.*)", "ImplementationSpecific")])],
        ),
        Case(
            "mirror-of-canary",
            {"mirror-target-service": "one"},
            _copies_of_canary,
            seen=True,
            otherwise=False,
            documents=_with_canary(**BY_HEADER),
        ),
        Case(
            "fallback-of-canary",
            {"default-backend": "three"},
            _fallback_of_canary,
            seen=("one", "three", 200),
            otherwise=("one", "", 503),
            documents=_with_canary(**BY_HEADER),
            groups=(Group(), Group("two", count=1), Group("three", count=1)),
        ),
        Case(
            "rewrite-of-canary",
            {"rewrite-target": "/new/$1"},
            lambda side: [side.said("/old/a").path, side.said("/old/a", x_stage="always").path],
            seen=["/new/a", "/new/a"],
            otherwise=["/old/a", "/old/a"],
            beside={"use-regex": "true"},
            documents=lambda side: [
                side.ingress("base", paths=[path("one", "/old/(.*)", "ImplementationSpecific")]),
                side.ingress(
                    "canary",
                    paths=[path("two", "/old/(.*)", "ImplementationSpecific")],
                    annotations={**BY_HEADER, "use-regex": "true"},
                ),
            ],
        ),
        Case(
            "host-of-the-error-page",
            {"upstream-vhost": "inner.example.com"},
            _hosts_after_error,
            seen=["inner.example.com", "HOST"],
            otherwise=["HOST", "HOST"],
            beside={"default-backend": "two", "custom-http-errors": "503"},
        ),
        Case(
            "error-without-header-of-envoy",
            {"custom-http-errors": "404"},
            lambda side: [
                (service_of(each), [key for key, _ in each.headers if key.startswith("x-envoy") or key == "server"])
                for each in (side.get(), side.get(x_stub_status="404"))
            ],
            seen=[("one", []), ("two", [])],
            otherwise=[("one", []), ("one", [])],
            beside={
                "default-backend": "two",
                "response-header-control-remove": "X-Envoy-Upstream-Service-Time,server",
            },
            findings=("errors-replay",),
        ),
        Case(
            "head-after-error",
            {"custom-http-errors": "404"},
            lambda side: [
                (each.status, service_of(each), each.body)
                for each in side.ask(Ask(method="HEAD", headers=(("x-stub-status", "404"),)), Ask(method="HEAD"))
            ],
            # the page is asked for the status too
            seen=[(404, "two", b""), (200, "one", b"")],
            otherwise=[(404, "one", b""), (200, "one", b"")],
            beside={"default-backend": "two"},
            findings=("errors-replay",),
        ),
        Case(
            "origin-that-the-backend-names-too",
            {"enable-cors": "true"},
            _cors_headers,
            seen=["https://a.org"],
            otherwise=["https://theirs.org"],
            findings=("cors-any-origin",),
        ),
        Case(
            "redirect-of-alias",
            {"app-root": "/home", "server-alias": "www.HOST"},
            lambda side: [
                (each.status, dict(each.headers).get("location", "").replace(side.host, "HOST"))
                for each in side.ask(Ask(), Ask(host=f"www.{side.host}"), Ask(host=f"www.{side.host}", path="/x"))
            ],
            seen=[(302, "http://HOST/home"), (302, "http://www.HOST/home"), (200, "")],
            otherwise=[(200, ""), (404, ""), (404, "")],
        ),
        Case(
            "app-root-beside-exact-root",
            {"app-root": "/home"},
            lambda side: [side.get("/").status, side.get("/home").status],
            seen=[200, 200],
            otherwise=[200, 200],
            documents=lambda side: [side.ingress(paths=[path("one", "/", "Exact"), path("one", "/")])],
            findings=("app-root-loses",),
        ),
        Case(
            "temporal-before-permanent",
            {"temporal-redirect": "https://soon.example.com/x"},
            lambda side: side.get().status,
            seen=302,
            otherwise=301,
            beside={"permanent-redirect": "https://new.example.com/x"},
            findings=("annotation-no-effect",),
        ),
        Case(
            "permanent-before-https",
            {"permanent-redirect": "https://new.example.com/x"},
            lambda side: side.get().status,
            seen=301,
            otherwise=308,
            beside={"ssl-redirect": "true"},
            findings=("annotation-no-effect",),
        ),
        Case(
            "headers-of-redirect",
            {"response-header-control-add": "x-note mine"},
            lambda side: side.header("x-note"),
            seen=["mine"],
            otherwise=[],
            beside={"permanent-redirect": "https://new.example.com/x"},
        ),
        Case(
            "list-with-none-and-all",
            {"destination": "0% one.NAMESPACE.svc.cluster.local\n100% two.NAMESPACE.svc.cluster.local:80"},
            lambda side: side.services(count=10),
            seen={"two": 10},
            otherwise={"one": 10},
        ),
        Case(
            "timeout-over-retries",
            {"timeout": "1"},
            lambda side: side.get(x_stub_delay_ms="1500").ms < 1400,
            seen=True,
            otherwise=False,
            beside={"proxy-next-upstream-tries": "2"},
        ),
    ),
)
