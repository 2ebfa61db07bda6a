"""Quantities of Kubernetes: `500m`, `1Gi`."""

from __future__ import annotations

import functools

_UNITS = {
    "n": 1e-9,
    "u": 1e-6,
    "m": 1e-3,
    "k": 1e3,
    "M": 1e6,
    "G": 1e9,
    "T": 1e12,
    "P": 1e15,
    "E": 1e18,
    "Ki": 2.0**10,
    "Mi": 2.0**20,
    "Gi": 2.0**30,
    "Ti": 2.0**40,
    "Pi": 2.0**50,
    "Ei": 2.0**60,
}


@functools.lru_cache(maxsize=4096)
def amount(quantity: float | str) -> float:
    """A Kubernetes quantity as a number, to about 15 digits."""
    if not isinstance(quantity, str):
        return float(quantity)
    for unit in (quantity[-2:], quantity[-1:]):
        if unit in _UNITS:
            return float(quantity[: -len(unit)]) * _UNITS[unit]
    return float(quantity)
