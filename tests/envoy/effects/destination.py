"""What a list of Services does in place of the backends. Its shares are counted in `tests/envoy/test_shares.py`."""

from __future__ import annotations

from tests.envoy.effects.case import Case, Effects

EFFECTS = Effects(
    "destination",
    (
        Case(
            "destination",
            {"destination": "40% one.NAMESPACE.svc.cluster.local:80\n60% two.NAMESPACE.svc.cluster.local"},
            lambda side: sorted(side.services(count=60)),
            seen=["one", "two"],
            otherwise=["one"],
        ),
    ),
)
