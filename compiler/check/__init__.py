"""Rules over the traffic program: one per file, each named like the code that it reports.

A rule is a pure function of the IR. `RULES` is the order in which they run; `RULES_OF_APPS` look at the apps as well.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from compiler.check.capacity import CAPACITY, CAPACITY_AUTOSCALED, CAPACITY_UNKNOWN, check_capacity
from compiler.check.drain import DRAIN_TOO_SHORT, ROLLOUT_OUTAGE, check_drain
from compiler.check.limited_demand import LIMITED_DEMAND, check_limited_demand
from compiler.check.missing_backend import MISSING_BACKEND, MISSING_PORT, UNREACHABLE_BACKEND, check_backends
from compiler.check.shadowed_route import SHADOWED_ROUTE, check_shadowed_routes
from compiler.check.split_weights import SPLIT_WEIGHTS, check_split_weights
from compiler.check.standby import STANDBY_DIFFERS, STANDBY_EMPTY, check_standby
from compiler.check.survival import EMPTY_SHARE, SINGLE_CLUSTER, SURVIVAL, check_survival

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from compiler.diagnostics import Code, Diagnostics
    from compiler.ir.traffic import Traffic
    from compiler.ir.workload import LoweredApp

__all__ = ["CODES", "RULES", "RULES_OF_APPS"]

RULES: tuple[Callable[[Traffic, Diagnostics], None], ...] = (
    check_backends,
    check_split_weights,
    check_shadowed_routes,
    check_survival,
    check_capacity,
    check_limited_demand,
)
RULES_OF_APPS: tuple[Callable[[Traffic, Sequence[LoweredApp], Diagnostics], None], ...] = (check_standby, check_drain)
CODES: tuple[Code, ...] = (
    MISSING_BACKEND,
    MISSING_PORT,
    UNREACHABLE_BACKEND,
    SPLIT_WEIGHTS,
    SHADOWED_ROUTE,
    SURVIVAL,
    SINGLE_CLUSTER,
    EMPTY_SHARE,
    CAPACITY,
    CAPACITY_AUTOSCALED,
    CAPACITY_UNKNOWN,
    LIMITED_DEMAND,
    STANDBY_DIFFERS,
    STANDBY_EMPTY,
    DRAIN_TOO_SHORT,
    ROLLOUT_OUTAGE,
)
