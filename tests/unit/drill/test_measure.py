"""Numbers from samples: each by samples that are easy to count."""

from __future__ import annotations

from msgspec.structs import replace

from compiler.drill.client.plan import Sample
from compiler.drill.measure import Marks, Plan, ShareSeen, numbers

MARKS = Marks(began=0.0, fault=10.0, struck=10.01, mended=20.0, ended=30.0)
"""Ten seconds of each."""
PLAN = Plan(("GET", "POST"), (0, 0), ("web",), {0: {"a": 0.5, "b": 0.5}}, {0: {"b": 1.0}}, {0: frozenset("abc")})


def sample(number: int, due: float, cluster: str = "b", ms: float = 5, status: int = 200) -> Sample:
    """An answer."""
    return Sample(number, due, ms, status if cluster or status != 200 else 0, f"{cluster} shop/web - 127.0.0.1:1")


def flow(**changes: Sample) -> list[Sample]:
    """Ten requests a second: both clusters while all is well, `b` alone while `a` is lost."""
    found = []
    for number in range(300):
        due = number / 10
        cluster = "b" if 10 <= due < 20 or number % 4 < 2 else "a"
        found.append(changes.get(f"s{number}") or sample(number, due, cluster))
    return found


def test_without_trouble_nothing_failed_and_nothing_shifted() -> None:
    seen = numbers(flow(), MARKS, PLAN, {}, 100)
    assert (seen.failed, seen.shift, seen.slowest, seen.came_back) == (0, 0.0, 5, 0.0)
    assert seen.requests == 100, "GETs from the fault on"
    assert seen.posts == 150
    assert seen.shares == (ShareSeen("web", "b", 1.0, 99, 99),)


def test_the_shift_ends_with_the_last_request_that_failed_or_was_late() -> None:
    late = {"s104": sample(104, 10.4, ms=400), "s110": sample(110, 11.0, status=503), "s112": sample(112, 11.2, ms=90)}
    seen = numbers(flow(**late), MARKS, PLAN, {}, 100)
    assert seen.failed == 1
    assert round(seen.shift) == 1005, "11.0 s and 5 ms, from 10 s on; 90 ms is not late"


def test_a_request_under_way_when_the_fault_strikes_counts() -> None:
    seen = numbers(flow(s98=sample(98, 9.8, ms=500, status=503)), MARKS, PLAN, {}, 100)
    assert (seen.failed, seen.requests) == (1, 101)


def test_the_control_has_nothing_that_was_under_way_when_the_fault_struck() -> None:
    """It would be as slow as the fault makes it, and the fault would look as fast as the control."""
    seen = numbers(flow(s98=sample(98, 9.98, ms=310)), MARKS, PLAN, {}, 100)
    assert (seen.control_p999, seen.p999, seen.slowest_route) == (5, 310, "web")
    assert round(seen.shift) == 290, "and it was late: 9.98 s and 310 ms, from 10 s on"


def test_a_request_that_was_slow_without_the_fault_is_part_of_the_control() -> None:
    assert numbers(flow(s90=sample(90, 9.0, ms=310)), MARKS, PLAN, {}, 100).control_p999 == 310


def test_what_its_author_does_not_let_repeat_is_excused_while_under_way_and_not_later() -> None:
    plan = replace(PLAN, never_repeated=frozenset({0}))
    hit = {"s98": sample(98, 9.8, ms=500, status=503), "s120": sample(120, 12.0, status=503)}
    assert numbers(flow(**hit), MARKS, plan, {}, 100).failed == 1


def test_the_shift_ends_with_the_last_request_that_went_where_none_should_go() -> None:
    """To what was lost, or to the next tier, when it had met dead pods only."""
    assert round(numbers(flow(s150=sample(150, 15.0, "a")), MARKS, PLAN, {}, 100).shift) == 5005
    seen = numbers(flow(s101=sample(101, 10.1, "c")), MARKS, PLAN, {}, 100)
    assert (round(seen.shift), seen.shares) == (105, (ShareSeen("web", "b", 1.0, 98, 98),))


def test_where_nothing_is_taken_away_no_request_may_go_elsewhere() -> None:
    seen = numbers(flow(s150=sample(150, 15.0, "a")), MARKS, replace(PLAN, shifts=False), {}, 100)
    assert [share for share in seen.shares if not share.is_met] == [
        ShareSeen("web", "a", 0.0, 1, 99),
        ShareSeen("web", "b", 1.0, 98, 99),
    ]


def test_an_excluded_cluster_may_not_even_serve_while_traffic_shifts() -> None:
    excluded = {"s50": sample(50, 5.0, "d"), "s101": sample(101, 10.1, "d")}
    assert numbers(flow(**excluded), MARKS, PLAN, {}, 100).intruders == {"web: d": 2}


def test_a_cluster_that_does_not_get_its_share_back_is_told() -> None:
    never = {f"s{number}": sample(number, number / 10, "b") for number in range(200, 300)}
    assert numbers(flow(**never), MARKS, PLAN, {}, 100).came_back is None
    slowly = {f"s{number}": sample(number, number / 10, "b") for number in range(200, 250)}
    back = numbers(flow(**slowly), MARKS, PLAN, {}, 100).came_back
    assert back is not None
    assert 1000 < back <= 5000


def test_posts_are_counted_by_execution() -> None:
    executed = {("f-1", "POST", "shop/web"): 2, ("f-3", "POST", "shop/web"): 1, ("f-2", "GET", "shop/web"): 3}
    assert numbers(flow(), MARKS, PLAN, executed, 100).posts_twice == 1


def test_a_post_hangs_that_has_no_answer_when_the_fault_ends() -> None:
    """Although it is answered once its pod goes on."""
    hung = {"s101": sample(101, 10.1, "a", ms=9_905), "s195": sample(195, 19.5, "a", ms=510)}
    seen = numbers(flow(**hung), MARKS, PLAN, {}, 100)
    assert (seen.posts_hung, seen.posts_failed, seen.posts_slowest) == (2, 0, 9_905)
    assert (seen.failed, seen.slowest) == (0, 5), "what is said of requests that may be repeated stays what it was"


def test_a_post_hangs_that_waits_for_more_than_a_second_whatever_comes_of_it() -> None:
    waited = {"s101": sample(101, 10.1, ms=1_001), "s103": sample(103, 10.3, ms=999)}
    given_up = {"s105": sample(105, 10.5, "", ms=4_000, status=504)}
    seen = numbers(flow(**waited, **given_up), MARKS, PLAN, {}, 100)
    assert (seen.posts_hung, seen.posts_failed) == (2, 1)


def test_a_post_that_was_under_way_when_the_fault_struck_may_hang() -> None:
    assert numbers(flow(s99=sample(99, 9.98, "a", ms=10_100)), MARKS, PLAN, {}, 100).posts_hung == 1


def test_a_post_that_was_only_just_sent_when_the_fault_ended_does_not_hang() -> None:
    assert numbers(flow(s199=sample(199, 19.99, ms=40)), MARKS, PLAN, {}, 100).posts_hung == 0


def test_a_post_that_is_slow_without_the_fault_does_not_hang_by_it() -> None:
    slow = {"s51": sample(51, 5.1, ms=2_000), "s251": sample(251, 25.1, ms=2_000)}
    assert numbers(flow(**slow), MARKS, PLAN, {}, 100).posts_hung == 0


def test_shares_are_met_within_five_standard_deviations() -> None:
    assert ShareSeen("r", "a", 0.5, 574, 1000).is_met
    assert not ShareSeen("r", "a", 0.5, 590, 1000).is_met
    assert ShareSeen("r", "a", 0.5, 0, 0).is_met
    assert not ShareSeen("r", "a", 0.0, 1, 1000).is_met
