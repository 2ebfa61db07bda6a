"""Load balancing: the algorithm, the hash key, the warm-up; what MSE takes for round robin is told."""

from __future__ import annotations

import pytest

from compiler.ir.traffic import Balance, HashKey
from tests.unit.annotations.reading import at, bad, bad_value, good, read

FORMS = "$request_uri, $host, $remote_addr, $http_<header>, $arg_<query>"


@pytest.mark.parametrize(
    ("annotations", "balance"),
    [
        ({}, None),
        ({"load-balance": "round_robin"}, Balance()),
        ({"load-balance": " least_conn "}, Balance("least_conn")),
        ({"load-balance": "random"}, Balance("random")),
        ({"load-balance": "least_conn", "warmup": "30"}, Balance("least_conn", 30)),
        ({"load-balance": "random", "warmup": "0"}, Balance("random")),
        ({"warmup": "30"}, Balance(warmup_s=30)),
        ({"warmup": "0"}, None),
        ({"upstream-hash-by": "$request_uri"}, Balance(hash_by=HashKey("uri"))),
        ({"upstream-hash-by": "$host"}, Balance(hash_by=HashKey("host"))),
        ({"upstream-hash-by": "$remote_addr"}, Balance(hash_by=HashKey("address"))),
        ({"upstream-hash-by": "$http_X-User"}, Balance(hash_by=HashKey("header", "x-user"))),
        ({"upstream-hash-by": "$arg_User"}, Balance(hash_by=HashKey("query", "User"))),
    ],
)
def test_an_algorithm_or_a_key_is_read(annotations: dict[str, str], balance: Balance | None) -> None:
    """MSE reference."""
    assert good(annotations).balance == balance


@pytest.mark.parametrize(
    ("text", "problem", "fix"),
    [
        ("$uri", f"'$uri' is not one of {FORMS}", "write $request_uri, which counts the query too"),
        ("$binary_remote_addr", f"'$binary_remote_addr' is not one of {FORMS}", "write $remote_addr"),
        ("$cookie_a", f"'$cookie_a' is not one of {FORMS}", "write one of these"),
        ("$HOST", f"'$HOST' is not one of {FORMS}", "write one of these"),
        ("${host}", f"'${{host}}' is not one of {FORMS}", "write the variable without braces, and one alone"),
        (
            "$host$request_uri",
            "'$host$request_uri' combines several variables, and MSE knows one",
            "write the variable that matters most",
        ),
        (
            "$http_a$host",
            "'$http_a$host' combines several variables, and MSE knows one",
            "write the variable that matters most",
        ),
        ("host", "'host' is a constant, and no variable", "write one of these"),
        (
            "$http_",
            "'' is no name of a header: letters, digits and !#$%&'*+-.^_`|~ only",
            "write $http_ and the name of one header, such as $http_x-user",
        ),
        ("$arg_a b", "'a b' is no name of a query parameter", "write $arg_ and the name of one parameter"),
    ],
)
def test_a_key_that_mse_would_pass_over_is_an_error_that_says_so(text: str, problem: str, fix: str) -> None:
    """Requests would be spread at random then, and every cache behind them would miss."""
    assert bad_value({"upstream-hash-by": text}) == ("upstream-hash-by", f"{problem}; MSE would go round robin")
    said, (finding,) = read({"upstream-hash-by": text})
    assert said.balance is None
    assert finding.fix == fix


@pytest.mark.parametrize(
    ("text", "fix"),
    [
        ("least-conn", "write least_conn"),
        ("Random", "write random"),
        ("hash", "write one of round_robin, least_conn, random"),
    ],
)
def test_an_algorithm_that_mse_does_not_know_is_an_error_that_says_so(text: str, fix: str) -> None:
    """MSE reference: anything else is round robin."""
    why = f"{text!r} is not one of round_robin, least_conn, random, and MSE would go round robin"
    assert bad_value({"load-balance": text}) == ("load-balance", why)
    assert read({"load-balance": text})[1][0].fix == fix


def test_ewma_is_round_robin_and_that_is_told() -> None:
    """A value of ingress-nginx that MSE takes, and does something else."""
    why = "MSE has no ewma and goes round robin, where ingress-nginx prefers pods that answered fast"
    assert bad({"load-balance": "ewma"}) == [("load-balance-ewma", "load-balance", why)]
    assert read({"load-balance": "ewma"})[0].balance == Balance()


def test_the_name_of_a_header_is_taken_as_it_stands_and_an_underscore_in_it_is_told() -> None:
    """ingress-nginx would read a dash."""
    why = "MSE hashes by a header of exactly the name x_user, where ingress-nginx means x-user"
    assert bad({"upstream-hash-by": "$http_x_user"}) == [("hash-header-underscore", "upstream-hash-by", why)]
    said, (finding,) = read({"upstream-hash-by": "$http_x_user"})
    assert said.balance == Balance(hash_by=HashKey("header", "x_user"))
    assert finding.fix == "write $http_x-user"


def test_random_knows_no_warm_up() -> None:
    """MSE reference: round_robin and least_conn only. Both places are named."""
    said, (finding,) = read({"load-balance": "random", "warmup": "30"})
    assert said.balance == Balance("random")
    assert (finding.code.name, finding.origin.path) == ("annotation-no-effect", at("warmup").path)
    assert [note.origin.path for note in finding.notes] == [at("load-balance").path]


@pytest.mark.parametrize(
    ("annotations", "lost"),
    [
        ({"upstream-hash-by": "$host", "load-balance": "random"}, ["load-balance"]),
        ({"upstream-hash-by": "$host", "warmup": "5", "load-balance": "random"}, ["load-balance", "warmup"]),
        ({"affinity": "cookie", "upstream-hash-by": "$host"}, ["upstream-hash-by"]),
        ({"session-cookie-name": "c", "warmup": "5"}, ["warmup"]),
        (
            {"session-cookie-path": "/", "upstream-hash-by": "$host", "load-balance": "random", "warmup": "5"},
            ["load-balance", "upstream-hash-by", "warmup"],
        ),
    ],
)
def test_a_cookie_beats_a_key_and_that_beats_the_algorithm(annotations: dict[str, str], lost: list[str]) -> None:
    """What is lost is told."""
    found = sorted((name, code) for code, name, _ in bad(annotations))
    assert found == [(name, "annotation-no-effect") for name in lost]
    said = read(annotations)[0]
    is_hashed = said.balance is not None and said.balance == Balance(hash_by=HashKey("host"))
    assert is_hashed == (said.affinity is None)


@pytest.mark.parametrize("text", ["5s", "-1", "x"])
def test_a_warm_up_that_mse_would_drop_is_an_error(text: str) -> None:
    """Whole seconds."""
    assert bad_value({"warmup": text})[0] == "warmup"
    assert read({"warmup": text, "load-balance": "random"})[0].balance is None
