"""IP access: blocks in one form, and which list decides."""

from __future__ import annotations

import pytest

from compiler.annotations.ip_access import AddressLists
from compiler.ir.traffic import AddressList
from tests.unit.annotations.reading import bad, bad_value, good, read

ROUTE = ("whitelist", "denylist", "blacklist")
HOST = ("domain-whitelist", "domain-blacklist")


def key(word: str) -> str:
    return f"{word}-source-range"


@pytest.mark.parametrize(
    ("text", "ranges"),
    [
        ("10.0.0.0/8, 192.168.1.7", ("10.0.0.0/8", "192.168.1.7/32")),
        ("10.1.2.3,10.1.2.3/32", ("10.1.2.3/32",)),
        ("2001:DB8:0:0::1, 2001:db8::/32", ("2001:db8::1/128", "2001:db8::/32")),
        ("0.0.0.0/0,::/0", ("0.0.0.0/0", "::/0")),
    ],
)
def test_blocks_have_one_form_and_keep_their_order(text: str, ranges: tuple[str, ...]) -> None:
    """Each once."""
    assert good({key("whitelist"): text}).access == AddressLists(AddressList("allow", ranges, "whitelist"))


@pytest.mark.parametrize("word", [*ROUTE, *HOST])
def test_each_list_is_for_routes_or_for_hosts(word: str) -> None:
    """Allowing or denying."""
    last = word.removeprefix("domain-")
    listed = AddressList("allow" if last == "whitelist" else "deny", ("10.0.0.0/8",), last)
    access = AddressLists(host=listed) if word in HOST else AddressLists(listed)
    assert good({key(word): "10.0.0.0/8"}).access == access


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("10.0.0.0/8,*", "* in it would swallow the whole list; 0.0.0.0/0,::/0 says every address"),
        ("*", "* in it would swallow the whole list; 0.0.0.0/0,::/0 says every address"),
        ("10.0.0.5/8", "'10.0.0.5/8' has bits behind its prefix: the block is 10.0.0.0/8, the address alone 10.0.0.5"),
        ("10.0.0.0/33", "'10.0.0.0/33' is neither an address nor a CIDR block"),
        ("10.0.0.0/08", "'10.0.0.0/08' is neither an address nor a CIDR block"),
        ("10.0.0.0/255.0.0.0", "'10.0.0.0/255.0.0.0' is neither an address nor a CIDR block"),
        ("10.0.0.0/", "'10.0.0.0/' is neither an address nor a CIDR block"),
        ("10.0.0", "'10.0.0' is neither an address nor a CIDR block"),
        ("010.0.0.1", "'010.0.0.1' is neither an address nor a CIDR block"),
        ("fe80::1%eth0", "'fe80::1%eth0' is neither an address nor a CIDR block"),
        ("office", "'office' is neither an address nor a CIDR block"),
        ("10.0.0.1;10.0.0.2", "'10.0.0.1;10.0.0.2' is neither an address nor a CIDR block"),
        ("10.0.0.1,", "there is nothing between two of its commas"),
    ],
)
def test_what_is_no_block_is_an_error(text: str, why: str) -> None:
    """MSE checks no item: a list that lets nobody in, or everybody, would be found out by attackers first."""
    for word in (*ROUTE, *HOST):
        assert bad_value({key(word): text}) == (key(word), why)
        assert read({key(word): text})[0].access is None


def test_of_several_lists_for_routes_the_first_kind_decides() -> None:
    """Whitelist, else denylist, else blacklist."""
    said, found = read({key(word): f"10.0.0.{n}" for n, word in enumerate(ROUTE)})
    assert said.access == AddressLists(AddressList("allow", ("10.0.0.0/32",), "whitelist"))
    assert [(f.code.name, str(f.origin.path[-1]).partition("/")[2]) for f in found] == [
        ("annotation-no-effect", key("blacklist")),
        ("annotation-no-effect", key("denylist")),
    ]
    said, found = read({key(word): f"10.0.0.{n}" for n, word in enumerate(ROUTE[1:])})
    assert said.access == AddressLists(AddressList("deny", ("10.0.0.0/32",), "denylist"))
    assert len(found) == 1


def test_of_two_lists_for_hosts_the_whitelist_decides() -> None:
    """And the other is named."""
    ((code, name, why),) = bad({key("domain-whitelist"): "10.0.0.1", key("domain-blacklist"): "10.0.0.2"})
    assert (code, name) == ("annotation-no-effect", key("domain-blacklist"))
    assert why == f"it has no effect beside mse.ingress.kubernetes.io/{key('domain-whitelist')}"


@pytest.mark.parametrize("word", ROUTE)
@pytest.mark.parametrize("of_host", HOST)
def test_a_list_for_routes_leaves_that_of_the_host_to_other_ingresses(word: str, of_host: str) -> None:
    """It is still there for them, and the author is told that it is not for these routes."""
    said, (finding,) = read({key(word): "10.0.0.1", key(of_host): "10.0.0.2"})
    assert said.access is not None
    assert said.access.route is not None
    assert said.access.host is not None
    assert finding.code.name == "annotation-no-effect"
    assert finding.why.startswith("it has no effect on the routes of this Ingress beside ")


def test_older_gateways_do_not_know_the_denylist() -> None:
    """Since 1.2.31."""
    ((code, _, _),) = bad({key("denylist"): "10.0.0.1"}, (1, 2, 30))
    assert code == "annotation-too-new"
    assert bad({key("blacklist"): "10.0.0.1"}, (1, 2, 30)) == []
