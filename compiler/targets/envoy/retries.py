"""Retries that never repeat a request which a backend may have executed, unless its method allows that.

So a rule becomes two routes: one for methods that may be repeated, one for all others, whose requests are tried again
only where no backend has seen them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from compiler.targets.envoy import extensions as ext
from compiler.targets.envoy.matches import SAFE_METHODS
from compiler.targets.envoy.pools import MOST_ATTEMPTS

if TYPE_CHECKING:
    from compiler.ir.traffic import Forward, Policies, Retry

Plain = dict[str, Any]

_UNSEEN = ("connect-failure", "refused-stream", "reset-before-request")
"""Failures before any backend can have seen the request."""
_SEEN = ("connect-failure", "refused-stream", "reset")
"""Failures without an answer."""
_PREDICATE = [{"name": ext.PREVIOUS_HOSTS_NAME, "typed_config": {"@type": ext.PREVIOUS_HOSTS}}]
_BACK_OFF = {"base_interval": "0.002s", "max_interval": "0.020s"}
"""Another backend is tried: there is nothing to wait for."""


def repeatable_methods(forward: Forward, policies: Policies) -> tuple[str, ...]:
    """Methods whose requests may be executed twice; empty = all."""
    if policies.retry is not None and policies.retry.non_idempotent:
        return ()
    declared = [set(share.backend.spread.idempotent_methods) for share in forward.split.shares]
    # what every backend of a split allows
    return (*SAFE_METHODS, *sorted(set.intersection(*declared)))


def retry_fields(forward: Forward, policies: Policies, attempts: int, *, repeatable: bool) -> Plain:
    """Retry and hedge policy of a route: fields of a RouteAction. `attempts`: tries when nobody said how many."""
    written = policies.retry
    retries = attempts - 1 if written is None else written.attempts
    if not retries:
        # "never" means that no backend sees a request twice. What none has seen may still go elsewhere: without that,
        # each request to a cluster that has just died would fail until its pods are ejected.
        retries, repeatable, written = attempts - 1, False, None
    policy: Plain = {
        "retry_on": ",".join(_conditions(written, repeatable=repeatable)),
        "num_retries": retries,
        "retry_host_predicate": _PREDICATE,
        "host_selection_retry_max_attempts": 2 * MOST_ATTEMPTS,
        "retry_back_off": _BACK_OFF,
    }
    if written is not None and written.try_timeout_s:
        # of a request that may not be executed twice it ends the only try: with 504, and not with another one
        policy["per_try_timeout"] = f"{written.try_timeout_s}s"
    if not repeatable:
        return {"retry_policy": policy}
    if written is not None and written.statuses:
        policy["retriable_status_codes"] = list(written.statuses)
    found: Plain = {"retry_policy": policy}
    delay = hedge_delay_ms(forward)
    if delay is not None:
        policy["per_try_timeout"] = f"{delay / 1000:.3f}s"
        found["hedge_policy"] = {"hedge_on_per_try_timeout": True}
    return found


def hedge_delay_ms(forward: Forward) -> int | None:
    """Wait before a second try beside the first: the longest that a backend of the split declares."""
    delays = [share.backend.spread.hedge_delay_ms for share in forward.split.shares]
    return max((delay for delay in delays if delay is not None), default=None)


def _conditions(written: Retry | None, *, repeatable: bool) -> tuple[str, ...]:
    if not repeatable:
        return _UNSEEN
    if written is None:
        return _SEEN
    return (*_SEEN, *(c for c in written.conditions if c not in _SEEN))
