"""Simulations as a page with a picture: one HTML file that needs nothing from elsewhere, and runs no script.

Names come from a repo of several teams: everything is escaped, and the page's own policy lets no script run.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

from compiler.cli.formats.text import plural
from compiler.cli.simulate.words import autoscaled, left, percent, rate, verdict
from compiler.cli.table import listed
from compiler.pages import environment

if TYPE_CHECKING:
    from collections.abc import Sequence

    from compiler.ir.traffic import Cluster, Traffic
    from compiler.solver.loads import Load
    from compiler.trace.simulate import Shift, Simulation, Vector

_ROWS_OF_MANY, _ROWS_OF_ONE = 200, 5000
"""Rows of a table: of a page with many losses, of a page with one."""
_BLUE = 250
"""First hue: red is for what is lost."""


class Card(NamedTuple):
    """A cluster in the picture of the fleet."""

    cluster: Cluster
    left: str
    """What is left of it, in words; "" = everything."""
    is_gone: bool
    before: int
    after: int
    """Services that it serves."""
    rates: tuple[str, str] | None
    """Requests per second before and after; None = no demand is known."""


class Gauge(NamedTuple):
    """What a cluster has to carry of a Service, beside what it can."""

    service: str
    cluster: str
    before: str
    after: str
    told: str
    """`of 800 (87.5 %)`."""
    fill: float
    """Percent of the bar; the bar is full at what can be carried, or at what is needed where that is more."""
    full: float
    """Percent of the bar at which it can carry no more."""
    state: str
    """good, bad, or unknown."""


class Section(NamedTuple):
    """One loss."""

    found: Simulation
    verdict: str
    state: str
    """good, bad (declared to be survived, and not), or open (not survived, as nobody demands it)."""
    cards: tuple[tuple[str, tuple[Card, ...]], ...]
    """By region."""
    moved: tuple[Shift, ...]
    kept: tuple[Shift, ...]
    rest: int
    """Services that moved and are not shown."""
    gauges: tuple[Gauge, ...]


def render_page(fleet: str, traffic: Traffic, found: Sequence[Simulation], asked: str) -> str:
    """`asked`: the command that made it."""
    most = _ROWS_OF_MANY if len(found) > 1 else _ROWS_OF_ONE
    sections = [_section(each, traffic, most) for each in found]
    state, said = _said(sections)
    page = environment("compiler.cli.simulate").get_template("page.html.j2")
    return page.render(
        fleet=fleet,
        asked=asked,
        sections=sections,
        state=state,
        said=said,
        colours=_colours([cluster.name for cluster in traffic.clusters]),
        percent=percent,
        part=lambda share: f"{float(share) * 100:.4f}",
    )


def _said(sections: Sequence[Section]) -> tuple[str, str]:
    """The verdict on all losses: (state, words)."""
    if len(sections) == 1:
        return "good" if sections[0].found.is_survived else "bad", sections[0].verdict
    bad = [each.found.loss.name for each in sections if each.state == "bad"]
    if bad:
        return "bad", f"{plural(len(bad), 'loss', 'es')} that must be survived would not be: {listed(bad)}"
    others = sum(each.state == "open" for each in sections)
    also = f". {plural(others, 'other loss', 'es')}, which nobody demands to survive, would not be"
    return "good", "every loss that has to be survived is survived" + (also if others else "")


def _section(found: Simulation, traffic: Traffic, most: int) -> Section:
    moved = [shift for shift in found.shifts if shift.is_changed]
    return Section(
        found,
        verdict(found, most=1),
        "good" if found.is_survived else "bad" if found.breaks_promise else "open",
        _cards(found, traffic),
        # what has nothing left first: this page is read at three in the morning
        tuple(sorted(moved, key=lambda shift: bool(shift.after))[:most]),
        tuple(shift for shift in found.shifts if not shift.is_changed)[:most],
        max(0, len(moved) - most),
        tuple(sorted((_gauge(*pair) for pair in found.loads), key=lambda gauge: gauge.state != "bad")[:most]),
    )


def _cards(found: Simulation, traffic: Traffic) -> tuple[tuple[str, tuple[Card, ...]], ...]:
    health = found.loss.health
    rates: dict[str, tuple[Fraction, Fraction]] = {}
    for pair in found.loads:
        for side, load in enumerate(pair):
            if load is not None:
                old = rates.get(load.cluster, (Fraction(0), Fraction(0)))
                rates[load.cluster] = (old[0] + load.needed, old[1]) if side == 0 else (old[0], old[1] + load.needed)
    by_region: dict[str, list[Card]] = {}
    for cluster in sorted(traffic.clusters, key=lambda each: (each.region, each.name)):
        name = cluster.name
        carried = rates.get(name)
        by_region.setdefault(cluster.region, []).append(
            Card(
                cluster,
                left(health[name]) if name in health else "",
                health.get(name) == 0,
                sum(_has(shift.before, name) for shift in found.shifts),
                sum(_has(shift.after, name) for shift in found.shifts),
                (rate(carried[0]), rate(carried[1])) if carried is not None else None,
            )
        )
    return tuple((region, tuple(cards)) for region, cards in by_region.items())


def _has(vector: Vector, cluster: str) -> bool:
    return any(name == cluster for name, _ in vector)


def _gauge(before: Load | None, after: Load | None) -> Gauge:
    one = after or before
    assert one is not None
    was = rate(before.needed) if before is not None else "0"
    if after is None:
        return Gauge(str(one.service), one.cluster, was, "0", "nothing is left here to carry it", 0, 0, "unknown")
    needed = rate(after.needed)
    if after.floor is None:
        told = "nobody has declared what a pod carries"
        return Gauge(str(one.service), one.cluster, was, needed, told, 0, 0, "unknown")
    top = max(after.needed, after.floor) or Fraction(1)
    used = f" ({percent(after.needed / after.floor)})" if after.floor else ": no pod is left"
    return Gauge(
        str(one.service),
        one.cluster,
        was,
        needed,
        f"of {rate(after.floor)} that it can carry{used}{autoscaled(after)}",
        float(after.needed / top * 100),
        float(after.floor / top * 100),
        "good" if after.is_carried else "bad",
    )


def _colours(names: Sequence[str]) -> dict[str, str]:
    """Of each cluster a CSS colour: hues as far apart as can be, neighbours also by lightness."""
    return {
        name: f"oklch({'.64' if index % 2 == 0 else '.52'} .13 {(_BLUE + 360 * index / max(1, len(names))) % 360:.0f})"
        for index, name in enumerate(names)
    }
