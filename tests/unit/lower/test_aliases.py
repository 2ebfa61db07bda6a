"""Aliases: a name means one host."""

from __future__ import annotations

from typing import Any

import pytest

from tests.small_fleet import HOST, NGINX, Compiled, Document, canary, compiled, fleet, ingress, path, rule, service

FLEET = [*fleet("hz-a", "hz-b"), service("cart", "hz-a", "hz-b"), service("pay", "hz-a", "hz-b")]
ALIAS = NGINX + "server-alias"
WWW, STORE, WILD = "www.example.com", "store.example.com", "*.example.com"


def web(name: str, alias: str = "", *hosts: str, to: str = "cart", **more: Any) -> Document:
    """An Ingress with a path of its own on each host."""
    rules = [rule(path(to, f"/{name}"), host=host) for host in hosts or (HOST,)]
    return ingress(name, *rules, annotations={ALIAS: alias} if alias else {}, **more)


def compiled_with(*ingresses: Document) -> Compiled:
    return compiled([*FLEET, *ingresses])


def aliases(result: Compiled) -> dict[str, tuple[str, ...]]:
    return {host.host: host.aliases for host in result.hosts if host.aliases}


def test_an_alias_is_a_further_name_of_the_host() -> None:
    """It has no routes of its own: those of the host are for it too."""
    result = compiled_with(web("a", f"{WWW},*.shop.example.com"))
    assert [host.host for host in result.hosts] == [HOST]
    assert aliases(result) == {HOST: ("*.shop.example.com", WWW)}
    assert result.found == []


def test_aliases_of_several_ingresses_add_up_and_change_each_other() -> None:
    """Both names lead to the routes of both; each is told of the other."""
    result = compiled_with(web("a", WWW), web("b", STORE))
    assert aliases(result) == {HOST: (STORE, WWW)}
    assert result.codes == ["host-setting-shared", "host-setting-shared"]
    assert compiled_with(web("a", WWW), web("b", WWW)).found == []


def test_an_ingress_that_says_nothing_gets_the_name_too_and_that_is_told() -> None:
    """With both places."""
    result = compiled_with(web("a", WWW), web("b"))
    (finding,) = result.findings
    assert (finding.code.name, finding.why) == (
        "host-setting-shared",
        f"it is for all of host {HOST}, and so changes the routes of shop/b",
    )
    assert [note.origin.file for note in finding.notes] == ["ingress-b.yaml"]


def test_an_alias_that_is_a_host_of_another_ingress_is_an_error() -> None:
    """Nobody knows whom MSE would ask."""
    result = compiled_with(web("a", WWW), web("b", "", WWW))
    (finding,) = result.findings
    assert (finding.code.name, finding.why) == ("alias-conflict", "it is a host of shop/b with rules of its own")
    assert [note.origin.file for note in finding.notes] == ["ingress-b.yaml"]
    assert aliases(result) == {}


def test_an_alias_of_two_hosts_is_an_error() -> None:
    """The first one is named."""
    result = compiled_with(web("a", WWW), web("b", WWW, STORE))
    (finding,) = result.findings
    assert (finding.code.name, finding.why) == ("alias-conflict", f"it is an alias of host {HOST} already")
    assert finding.origin.file == "ingress-b.yaml"
    assert [note.origin.file for note in finding.notes] == ["ingress-a.yaml"]


@pytest.mark.parametrize(
    ("alias", "hosts"),
    [(HOST, (HOST,)), (STORE, (HOST, STORE)), (WWW, (WILD,)), (WWW, (HOST, WILD)), (f"{HOST},{STORE}", (HOST, STORE))],
)
def test_an_alias_that_the_ingress_serves_anyway_is_told_and_changes_nothing(
    alias: str, hosts: tuple[str, ...]
) -> None:
    """Its own host, or a name below its own wildcard."""
    document = web("a", alias, *hosts)
    result = compiled_with(document)
    assert aliases(result) == {}
    assert result.found == [("alias-redundant", f"ingress-a:metadata.annotations.{ALIAS}", alias)]


def test_an_alias_without_a_host_is_one_of_every_host() -> None:
    """Nothing is left for it."""
    document = ingress("a", rule(path("cart"), host=None), annotations={ALIAS: WWW})
    assert compiled_with(document).codes == ["alias-redundant"]


def test_a_name_below_a_wildcard_of_the_ingress_may_be_that_of_a_longer_wildcard() -> None:
    """Then the alias is what takes it from there."""
    result = compiled_with(web("a", "x.y.example.com", WILD), web("b", "", "*.y.example.com"))
    assert aliases(result) == {WILD: ("x.y.example.com",)}
    assert result.found == []


def test_an_alias_of_an_ingress_with_several_hosts_belongs_to_the_first_where_all_are_the_same() -> None:
    """Routes, certificate, settings."""
    entries = [{"hosts": [HOST, STORE, WWW], "secretName": "s"}]
    result = compiled_with(web("a", WWW, HOST, STORE, tls=entries))
    assert aliases(result) == {HOST: (WWW,)}
    assert result.found == []


@pytest.mark.parametrize(
    "more",
    [{"tls": [{"hosts": [HOST, WWW], "secretName": "s"}]}, {}],
    ids=["certificate", "routes"],
)
def test_where_the_hosts_differ_nobody_can_say_what_the_alias_means(more: dict[str, Any]) -> None:
    """By a certificate, or by a route of another Ingress."""
    others = [] if more else [web("b", "", STORE)]
    result = compiled_with(web("a", WWW, HOST, STORE, **more), *others)
    (finding,) = (f for f in result.findings if f.code.name == "alias-ambiguous")
    assert finding.why == f"the hosts {HOST} and {STORE} of this Ingress do not have the same routes and settings"
    assert [note.origin.path[-2] for note in finding.notes] == [0, 1]
    assert aliases(result) == {}


def test_a_canary_has_no_say_in_names() -> None:
    """Its base has."""
    result = compiled_with(web("a"), canary("b", rule(path("pay", "/a")), weight="10", **{ALIAS: WWW}))
    assert aliases(result) == {}
    assert [(code, value) for code, _, value in result.found] == [("canary-setting", "aliases")]


# --- certificates


def tls(*hosts: str, secret: str = "shop-tls") -> dict[str, Any]:
    return {"hosts": list(hosts), "secretName": secret} if hosts else {"secretName": secret}


@pytest.mark.parametrize("entry", [tls(HOST, WWW), tls(HOST, WILD), tls(WILD), tls()])
def test_an_alias_that_the_entry_of_its_host_is_for_is_covered(entry: dict[str, Any]) -> None:
    """By name, by wildcard, or because it is for all."""
    result = compiled_with(web("a", WWW, tls=[entry]))
    assert aliases(result) == {HOST: (WWW,)}
    assert result.found == []


def test_the_entry_may_stand_on_a_canary() -> None:
    """Which may bring the certificate of its host."""
    refined = canary("b", rule(path("pay", "/a")), weight="10")
    refined["spec"]["tls"] = [tls(HOST, WILD)]
    result = compiled_with(web("a", WWW), refined)
    assert (result.hosts[0].tls is not None, result.found) == (True, [])


def test_hosts_of_which_one_could_not_be_read_whole_are_not_said_to_differ() -> None:
    """The bad Ingress may be what makes them the same."""
    bad = web("b", "", STORE)
    bad["metadata"]["annotations"] = {NGINX + "timeout": "5"}
    result = compiled_with(web("a", WWW, HOST, STORE), web("c", "", HOST), bad)
    assert result.codes == ["host-setting-shared", "annotation-prefix"]


def test_an_alias_that_the_certificate_is_not_for_is_told() -> None:
    """Clients would most likely refuse it."""
    result = compiled_with(web("a", WWW, tls=[tls(HOST)]))
    assert result.found == [("alias-certificate", f"ingress-a:metadata.annotations.{ALIAS}", WWW)]


def test_a_certificate_of_its_own_does_not_reach_an_alias() -> None:
    """It shares that of its host."""
    result = compiled_with(web("a", WWW, tls=[tls(HOST), tls(WWW, secret="www-tls")]))
    assert result.codes == ["alias-certificate", "tls-unused"]
    (unused,) = (f for f in result.findings if f.code.name == "tls-unused")
    why = f"it is an alias, which shares the certificate of its host, and {HOST} has certificate shop/shop-tls"
    assert unused.why == why
    without = compiled_with(web("a", WWW, tls=[tls(WWW, secret="www-tls")]))
    assert without.codes == ["tls-unused"]
    assert without.findings[0].why.endswith(f"and {HOST} has no certificate")


# --- belonging together


def test_files_belong_together_by_the_alias_of_one_and_the_host_of_the_other() -> None:
    """Or they would be compiled apart, and each would believe the name to be its own."""
    result = compiled_with(web("a", WWW), web("b", "", WWW, to="pay"))
    assert result.codes == ["alias-conflict"]
    assert (
        len([cell for cell in result.cells if cell.program and any(g.hosts for g in cell.program.traffic.gateways)])
        == 1
    )
