"""Laws of what a successful run says last."""

from __future__ import annotations

from msgspec import structs

from compiler.cli import summary
from compiler.cli.report import Written
from compiler.cli.table import listed, table
from compiler.cli.terminal import Style
from tests.unit.cli.reports import report, shadow

PLAIN = Style()


def test_a_build_tells_what_was_compiled_for_whom_and_where() -> None:
    written = Written("out", "out", 18, 2, 4, up_to_date=False, verified=False)
    assert summary.built(report(), written, PLAIN) == (
        "acme: 12 apps in 2 clusters behind 1 gateway\n"
        "\n"
        "  CLUSTER  REGION       ZONES          NAMESPACES  APPS  WORKLOADS  FILES\n"
        "  hz-a     cn-hangzhou  cn-hangzhou-h           2     3          4      5\n"
        "  hz-b     cn-hangzhou  cn-hangzhou-i           2    12          4     15\n"
        "\n"
        "  GATEWAY  REGION       TARGETS  INGRESSES  HOSTS  ROUTES  CLUSTERS\n"
        "  public   cn-hangzhou  mse              4      3       7  hz-a, hz-b\n"
        "\n"
        "out: 18 files written, 2 removed, 4 unchanged (0.12 s)\n"
    )


def test_what_disappears_is_named() -> None:
    """Not only how many files that were."""
    written = Written(
        "out", "out", 0, 9, 4, up_to_date=False, verified=False, gone=("cluster hz-c", "app shop/cart in hz-a")
    )
    last = summary.built(report(), written, PLAIN).splitlines()[-1]
    assert last == "gone: cluster hz-c; app shop/cart in hz-a"
    many = structs.replace(written, gone=tuple(f"app shop/a{n} in hz-a" for n in range(12)))
    assert summary.built(report(), many, PLAIN).endswith("; app shop/a9 in hz-a; and 2 more\n")


def test_a_build_that_changes_nothing_says_so() -> None:
    same = Written("out", "out", 0, 0, 22, up_to_date=True, verified=False)
    assert summary.built(report(), same, PLAIN).endswith("\nout is up to date: 22 files (0.12 s)\n")


def test_a_comparison_never_claims_to_have_written() -> None:
    same = Written("out", "out", 0, 0, 22, up_to_date=True, verified=True)
    last = summary.built(report(), same, PLAIN).splitlines()[-1]
    assert last == "out is exactly what this fleet compiles to: 22 files (0.12 s)"


def test_a_run_that_is_limited_to_a_cluster_says_so() -> None:
    limited = structs.replace(report(), cluster="hz-a")
    assert summary.checked(limited, PLAIN).endswith(" would compile to 5 files, only cluster hz-a: all is well\n")
    same = Written("out", "out", 0, 0, 5, up_to_date=True, verified=True)
    last = summary.built(limited, same, PLAIN).splitlines()[-1]
    assert last == "out is exactly what this fleet compiles to, only cluster hz-a: 5 files (0.12 s)"
    written = Written("out", "out", 1, 0, 4, up_to_date=False, verified=False)
    last = summary.built(limited, written, PLAIN).splitlines()[-1]
    assert last == "out: 1 file written, 0 removed, 4 unchanged, only cluster hz-a (0.12 s)"


def test_a_check_takes_one_line() -> None:
    clean = "acme: 12 apps in 2 clusters behind 1 gateway would compile to 20 files: all is well\n"
    assert summary.checked(report(), PLAIN) == clean
    assert "all is well" not in summary.checked(report(shadow()), PLAIN), "there are warnings above"


def test_accepted_findings_are_counted() -> None:
    assert summary.checked(report(accepted=1), PLAIN).endswith("\n1 finding accepted by the Fleet (`spec.accept`)\n")


def test_a_long_table_shows_its_first_rows_and_how_many_more() -> None:
    shown = table(("NAME", "N"), [(f"c{i}", i) for i in range(100)], PLAIN, most=2)
    assert shown == "  NAME  N\n  c0    0\n  c1    1\n  ... and 98 more\n"


def test_a_long_list_shows_its_first_names_and_how_many_more() -> None:
    assert listed(["a", "b"]) == "a, b"
    assert listed([str(i) for i in range(9)], 3) == "0, 1, 2 and 6 more"
