"""All effects that are proven, in the order of the catalog."""

from __future__ import annotations

from tests.envoy.effects import (
    canary,
    combinations,
    conditions,
    cors,
    destination,
    fallback,
    headers,
    hosts,
    mirror,
    paths,
    redirect,
    subset,
    timeout,
)

ALL = (
    canary.EFFECTS,
    subset.EFFECTS,
    destination.EFFECTS,
    fallback.EFFECTS,
    paths.EFFECTS,
    redirect.EFFECTS,
    timeout.EFFECTS,
    mirror.EFFECTS,
    headers.EFFECTS,
    cors.EFFECTS,
    conditions.EFFECTS,
    hosts.EFFECTS,
    combinations.EFFECTS,
)
