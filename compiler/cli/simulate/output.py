"""Simulations for people and for scripts."""

from __future__ import annotations

import json
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from compiler.cli.formats.text import plural
from compiler.cli.simulate.words import changes, percent, rate, vector, verdict
from compiler.cli.table import listed, table
from compiler.cli.terminal import escape

if TYPE_CHECKING:
    from collections.abc import Sequence

    from compiler.cli.terminal import Style
    from compiler.ir.traffic import Traffic
    from compiler.solver.loads import Load
    from compiler.solver.losses import Loss
    from compiler.trace.simulate import Shift, Simulation, Vector

VERSION = 1
"""Of the JSON form; raised when a field is removed or changes its meaning."""

_MOST = 200
"""Rows of a table of Services."""


# --- text


def render_overview(found: Sequence[Simulation], style: Style) -> str:
    """A line per loss."""
    rows = [
        (
            each.loss.name,
            _gone(each.loss),
            sum(shift.is_changed for shift in each.shifts),
            len(each.lost),
            _fullest(each),
        )
        for each in found
    ]
    text = table(("LOST", "CLUSTERS GONE", "SERVICES MOVED", "ROUTES LOST", "FULLEST AFTERWARDS"), rows, style, _MOST)
    broken = [each.loss.name for each in found if each.breaks_promise]
    others = [each.loss.name for each in found if not each.is_survived and not each.breaks_promise]
    told = [style("good", "every loss that has to be survived is survived")]
    if broken:
        told = [f"{style('error', 'not survived, and declared to be')}: {listed(broken)}"]
    if others:
        told.append(f"not survived, as nobody demands it: {listed(others)}")
    told += [
        f"gateway {name} is lost with {each.loss.name}: no Envoy is left"
        for each in found
        for name in each.lost_gateways
    ]
    if broken or others:
        told.append("`--lose cluster=NAME`, `zone=NAME` or `region=NAME` shows one of them in full")
    return f"{text}\n" + "".join(f"{line}\n" for line in told)


def _gone(loss: Loss) -> str:
    """What a loss takes, where its name does not say just that."""
    if loss.kind == "cluster":
        return ""
    return listed(loss.lost, 4) or "part of " + listed([cluster for cluster, _ in loss.left], 4)


def render_text(found: Simulation, traffic: Traffic, style: Style) -> str:
    """One loss in full: shares, loads, lost routes."""
    changed = [shift for shift in found.shifts if shift.is_changed]
    same = len(found.shifts) - len(changed)
    hit = "; ".join(changes(found.loss))
    parts = [f"{style('strong', f'{escape(found.loss.name)} lost')}{escape(f': {hit}' if hit else '')}\n"]
    if changed:
        rows = [(str(s.service), s.gateway, vector(s.before), _after(s)) for s in changed]
        parts.append(table(("SERVICE", "GATEWAY", "SHARES BEFORE", "AFTER"), rows, style, _MOST))
    parts.append(f"{plural(same, 'Service')} {'keeps' if same == 1 else 'keep'} all shares\n" if same else "")
    if found.loads:
        rows_of_loads = [_load(before, after) for before, after in found.loads]
        header = ("SERVICE", "CLUSTER", "REQUESTS/S", "AFTER", "CAN CARRY", "USED")
        parts.append(table(header, rows_of_loads, style, _MOST))
    elif not traffic.demands:
        parts.append(style("faint", "no TrafficPolicy declares a demand, so no loads are known (--at sets one)") + "\n")
    if found.lost:
        lost = [(r.gateway, f"{r.host} {r.path}", "canary" if r.is_canary else "", str(r.owner)) for r in found.lost]
        parts.append(table(("GATEWAY", "ROUTE LOST", "", "INGRESS"), lost, style, _MOST))
    told, colon, rest = verdict(found).partition(":")
    parts.append(f"{style('good' if found.is_survived else 'error', told)}{colon}{escape(rest)}\n")
    return "\n".join(part for part in parts if part)


def _after(shift: Shift) -> str:
    if not shift.after:
        return "nothing is left"
    others = [str(name) for name in shift.served_by if name != shift.service]
    return vector(shift.after) + (f" (by {', '.join(others)})" if others else "")


def _load(before: Load | None, after: Load | None) -> tuple[str, str, str, str, str, str]:
    one = after or before
    assert one is not None
    needed = after.needed if after is not None else Fraction(0)
    floor = after.floor if after is not None else None
    used = "" if not floor else percent(needed / floor)
    return (
        str(one.service),
        one.cluster,
        rate(before.needed) if before is not None else "0",
        rate(needed),
        "lost" if after is None else "not known" if floor is None else rate(floor),
        used,
    )


def _fullest(found: Simulation) -> str:
    """The cluster that comes closest to what it can carry."""
    known = [(load.needed / load.floor, load) for _, load in found.loads if load is not None and load.floor]
    none_left = [load for _, load in found.loads if load is not None and load.floor == 0]
    if none_left:
        return f"{none_left[0].cluster}: {none_left[0].service} has no pod"
    if not known:
        return ""
    used, load = max(known, key=lambda pair: (pair[0], pair[1].service, pair[1].cluster))
    return f"{load.cluster}: {load.service} {percent(used)}"


# --- data


def render_json(found: Sequence[Simulation]) -> str:
    """All simulations as one JSON object; described in docs/formats.md."""
    return json.dumps({"version": VERSION, "simulations": [_simulation(each) for each in found]}, indent=2) + "\n"


def _simulation(found: Simulation) -> dict[str, Any]:
    return {
        "lost": found.loss.name,
        "clusters": {cluster: float(left) for cluster, left in found.loss.left},
        "survived": found.is_survived,
        "services": [
            {
                "gateway": shift.gateway,
                "service": str(shift.service),
                "before": _shares(shift.before),
                "after": _shares(shift.after),
                "servedBy": [str(name) for name in shift.served_by],
            }
            for shift in found.shifts
        ],
        "loads": [
            {
                "service": str(one.service),
                "cluster": one.cluster,
                "before": float(before.needed) if before is not None else 0.0,
                "after": float(after.needed) if after is not None else 0.0,
                "carries": float(after.floor) if after is not None and after.floor is not None else None,
                "carriesAtMost": float(after.most) if after is not None and after.most is not None else None,
            }
            for before, after in found.loads
            if (one := after or before) is not None
        ],
        "gatewaysLost": list(found.lost_gateways),
        "routesLost": [
            {
                "gateway": route.gateway,
                "host": route.host,
                "path": route.path,
                "ingress": str(route.owner),
                "canary": route.is_canary,
                "file": route.origin.file,
            }
            for route in found.lost
        ],
    }


def _shares(vector: Vector) -> dict[str, float]:
    return {cluster: float(share) for cluster, share in vector}
