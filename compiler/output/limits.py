"""Limits of what Kubernetes takes: found before the first write, not at the first sync."""

from __future__ import annotations

from typing import TYPE_CHECKING

from compiler.diagnostics import error

if TYPE_CHECKING:
    from collections.abc import Iterable

    from compiler.diagnostics import Diagnostics, Origin
    from compiler.targets.target import Emission

MAX_CONFIG_MAP_BYTES = 1_048_576
"""Kubernetes refuses ConfigMaps and Secrets with more data (core/v1 MaxSecretSize)."""
MAX_OBJECT_BYTES = 1_500_000
"""etcd refuses requests above 1.5 MiB by default; some room is left for managed fields."""

OBJECT_TOO_LARGE = error(
    "object-too-large",
    "an emitted object is larger than Kubernetes takes",
    "The API server refuses a ConfigMap with more than 1 MiB of data, and any object above about 1.5 MiB (etcd's limit "
    "for a request). Put large files into an image or a volume, or split the object.",
)


def check_sizes(emissions: Iterable[Emission], origin: Origin, findings: Diagnostics) -> None:
    """Report objects that no API server takes; `origin` is what they were compiled from."""
    for emission in emissions:
        if emission.size <= MAX_CONFIG_MAP_BYTES:
            continue
        for identity, text in zip(emission.objects, emission.text.split("\n---\n"), strict=False):
            size = len(text.encode())
            limit = MAX_CONFIG_MAP_BYTES if identity.kind in ("ConfigMap", "Secret") else MAX_OBJECT_BYTES
            if size > limit:
                findings.add(
                    OBJECT_TOO_LARGE,
                    origin,
                    f"{identity.kind} {identity.namespace}/{identity.name}",
                    f"it has {size:,} bytes, and the limit is {limit:,}",
                    "split it, or put large files into an image or a volume",
                )
