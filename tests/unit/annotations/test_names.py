"""Names: every key is known, foreign, or reported with what to write instead."""

from __future__ import annotations

import pytest

from compiler.annotations import read_annotations
from compiler.diagnostics import Diagnostics
from tests.unit.annotations.reading import METADATA, read

NGINX = "nginx.ingress.kubernetes.io/"
MSE = "mse.ingress.kubernetes.io/"
OWN = "fleetgate.dev/"


@pytest.mark.parametrize(
    ("key", "code", "why", "fix"),
    [
        (
            f"{NGINX}canary-wieght",
            "annotation-unknown",
            f"'canary-wieght' is no annotation of {NGINX}",
            f"write {NGINX}canary-weight",
        ),
        (f"{MSE}timeuot", "annotation-unknown", f"'timeuot' is no annotation of {MSE}", f"write {MSE}timeout"),
        (f"{NGINX}timeuot", "annotation-unknown", f"'timeuot' is no annotation of {NGINX}", f"write {MSE}timeout"),
        (f"{OWN}prioritiy", "annotation-unknown", f"'prioritiy' is no annotation of {OWN}", f"write {OWN}priority"),
        (
            f"{MSE}qqq",
            "annotation-unknown",
            f"'qqq' is no annotation of {MSE}",
            "correct the name, or delete it",
        ),
        (
            MSE,
            "annotation-unknown",
            "there is no name behind the prefix",
            "correct the name, or delete it",
        ),
        (f"{NGINX}timeout", "annotation-prefix", f"timeout is not read under {NGINX}", f"write {MSE}timeout"),
        (
            f"{OWN}canary",
            "annotation-prefix",
            f"canary is not read under {OWN}",
            f"write {NGINX}canary or {MSE}canary",
        ),
        (f"{MSE}priority", "annotation-prefix", f"priority is not read under {MSE}", f"write {OWN}priority"),
        (
            f"{NGINX}mirror-target-service",
            "annotation-prefix",
            f"mirror-target-service is not read under {NGINX}",
            f"write {MSE}mirror-target-service",
        ),
        (
            f"{NGINX}rate-limit",
            "annotation-prefix",
            f"rate-limit is not read under {NGINX}",
            f"write {MSE}rate-limit",
        ),
        (
            f"{NGINX}proxy-read-timeout",
            "annotation-noop",
            "the gateway does by itself what it tunes in nginx, so its value is not used",
            "write mse.ingress.kubernetes.io/timeout, which limits the whole exchange",
        ),
        (
            f"{MSE}proxy-buffering",
            "annotation-noop",
            "the gateway does by itself what it tunes in nginx, so its value is not used",
            "delete it",
        ),
        (
            f"{NGINX}configuration-snippet",
            "annotation-unsupported",
            "MSE does not read it, so traffic would behave differently from what it says",
            "write what it does as annotations, or do it in the application; fleetgate never carries raw nginx text",
        ),
        (
            f"{NGINX}limit-rps",
            "annotation-unsupported",
            "MSE does not read it, so traffic would behave differently from what it says",
            "write mse.ingress.kubernetes.io/route-limit-rps or -rpm, which count per route and not per client",
        ),
        (
            f"{OWN}limit-rps",
            "annotation-unknown",
            f"'limit-rps' is no annotation of {OWN}",
            f"write {NGINX}limit-rps",
        ),
        (
            "kubernetes.io/ingress.class",
            "annotation-ingress-class",
            "the class of an Ingress is its field spec.ingressClassName, and only that is read",
            "delete it; spec.ingressClassName has to name the class of a gateway",
        ),
        (
            "not a key",
            "annotation-key",
            "Kubernetes refuses this key",
            "write a name of letters, digits, -, _ and ., with a DNS name and / before it where wanted",
        ),
    ],
)
def test_a_key_that_would_do_nothing_is_reported(key: str, code: str, why: str, fix: str) -> None:
    """At the key, with what to write."""
    said, (finding,) = read({key: "x"})
    assert (finding.code.name, finding.why, finding.fix) == (code, why, fix)
    assert finding.origin.path == METADATA.key("annotations", key).path
    assert finding.origin.part == "key"
    assert key not in dict(said.passthrough)


@pytest.mark.parametrize(
    "key",
    [
        "external-dns.alpha.kubernetes.io/hostname",
        "cert-manager.io/cluster-issuer",
        "alb.ingress.kubernetes.io/ssl-redirect",
        "higress.io/match-method",
        "kubernetes.io/description",
        "Example.COM/Some_Name.1",
        "description",
    ],
)
def test_annotations_of_others_pass_through(key: str) -> None:
    """Untouched, whatever their text."""
    said, findings = read({key: " a\r\nb\x00 "})
    assert said.passthrough == ((key, " a\r\nb\x00 "),)
    assert not findings


def test_annotations_of_others_are_sorted() -> None:
    """Their order in the file carries no meaning."""
    said, _ = read({"b/b": "1", "a/a": "2"})
    assert said.passthrough == (("a/a", "2"), ("b/b", "1"))


def test_annotations_of_higress_pass_through_where_the_fleet_does_not_speak_the_dialect() -> None:
    """Whatever they say."""
    said, findings = read({"higress.io/match-method": "get", "higress.io/nonsense": "1"})
    assert said.passthrough == (("higress.io/match-method", "get"), ("higress.io/nonsense", "1"))
    assert not findings


@pytest.mark.parametrize(
    ("key", "code", "fix"),
    [
        ("higress.io/mach-method", "annotation-unknown", "write higress.io/match-method"),
        ("higress.io/exact-match-heder-a", "annotation-unknown", "write higress.io/exact-match-header-*"),
        ("higress.io/exact-match-header-", "annotation-key", "write a name of letters"),
        ("higress.io/exact-match-header-*", "annotation-key", "write a name of letters"),
        ("higress.io/exact-match-header-a b", "annotation-key", "write a name of letters"),
        ("higress.io/canary", "annotation-prefix", f"write {NGINX}canary or {MSE}canary"),
        ("higress.io/timeout", "annotation-prefix", f"write {MSE}timeout"),
        ("higress.io/proxy-buffering", "annotation-noop", "delete it"),
        ("higress.io/server-snippet", "annotation-unsupported", "write what it does as annotations"),
        ("higress.io/mirror-target-fqdn", "annotation-unsupported", f"write {MSE}mirror-target-service"),
        ("higress.io/mcp-server", "annotation-unsupported", "run the MCP server as an application"),
        ("higress.io/mcp-server-path", "annotation-unsupported", "run the MCP server as an application"),
        (f"{MSE}match-method", "annotation-prefix", "write higress.io/match-method, which Fleets read that name"),
        (f"{NGINX}exact-match-header-a", "annotation-prefix", "write higress.io/exact-match-header-a, which Fleets"),
    ],
)
def test_in_the_dialect_of_higress_every_name_is_judged(key: str, code: str, fix: str) -> None:
    """As under our own prefixes."""
    _, (finding,) = read({key: "1"}, dialects=("higress",))
    assert finding.code.name == code
    assert finding.fix.startswith(fix)


@pytest.mark.parametrize(
    ("key", "fix"),
    [
        ("ngnix.ingress.kubernetes.io/canary", f"write {NGINX}canary"),
        ("nginx.ingress.kubernets.io/timeout", f"write {MSE}timeout"),
        ("fleetgate.de/priority", f"write {OWN}priority"),
    ],
)
def test_a_mistyped_prefix_is_a_warning(key: str, fix: str) -> None:
    """It may be meant, so it passes through all the same."""
    said, (finding,) = read({key: "x"})
    assert (finding.code.name, finding.fix) == ("annotation-foreign", fix)
    assert dict(said.passthrough) == {key: "x"}


@pytest.mark.parametrize(
    ("key", "is_told"),
    [
        ("nginx.org/basic-auth-secret", True),
        ("nginx.org/jwt-key", True),
        ("haproxy.org/deny-list", True),
        ("ingress.kubernetes.io/whitelist-source-range", True),
        ("ingress.kubernetes.io/auth-type", True),
        ("traefik.ingress.kubernetes.io/router.middlewares", True),
        ("alb.ingress.kubernetes.io/inbound-cidrs", True),
        ("konghq.com/plugins", True),
        ("nginx.org/lb-method", False),
        ("haproxy.org/load-balance", False),
        ("haproxy.org/author", False),
        ("example.com/auth-type", False),
    ],
)
def test_a_guard_of_another_controller_is_a_warning(key: str, *, is_told: bool) -> None:
    """Here it guards nothing; it passes through all the same."""
    said, findings = read({key: "x"})
    assert [finding.code.name for finding in findings] == (["annotation-guard"] if is_told else [])
    assert dict(said.passthrough) == {key: "x"}


@pytest.mark.parametrize(("text", "code"), [("8m", "annotation-guard"), ("0", "annotation-noop")])
def test_a_bound_of_what_clients_send_is_no_mere_tuning(text: str, code: str) -> None:
    """Nothing bounds it here; 0 asks for no bound."""
    _, (finding,) = read({f"{NGINX}proxy-body-size": text})
    assert (finding.code.name, finding.value) == (code, f"{NGINX}proxy-body-size: {text!r}")
    assert finding.fix.startswith("delete it, and let the application refuse what is too large for it")


def test_a_missing_prefix_is_a_warning() -> None:
    """Kubernetes allows keys without one; nothing would read it."""
    findings = Diagnostics()
    said = read_annotations({"timeout": "5"}, METADATA, "shop", None, (), findings)
    (finding,) = findings
    assert (finding.code.name, finding.fix) == ("annotation-foreign", f"write {MSE}timeout")
    assert said.passthrough == (("timeout", "5"),)


def test_a_mistyped_switch_does_not_make_more_findings() -> None:
    """What needs it is not reported beside it."""
    _, (finding,) = read({f"{NGINX}canery": "true", "canary-weight": "20"})
    assert finding.code.name == "annotation-unknown"


def test_a_wrong_prefix_does_not_make_more_findings() -> None:
    """The same for what needs an annotation under another prefix."""
    _, (finding,) = read({"canary": "true", f"{NGINX}canary-by-query": "a", "canary-by-query-value": "b"})
    assert finding.code.name == "annotation-prefix"
