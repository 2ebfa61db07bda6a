"""What disappeared with the files that a build pruned, in the words of whoever wrote it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable


def gone(removed: Iterable[str], clusters: Collection[str], gateways: Collection[str]) -> tuple[str, ...]:
    """`cluster hz-c`, `gateway public`, `app shop/cart in hz-a, hz-b`; those that are still there are `clusters`,
    `gateways`. An app that went with its cluster is not told again.
    """
    lost: dict[str, set[str]] = {"cluster": set(), "gateway": set()}
    apps: dict[str, list[str]] = {}
    for path in sorted(removed):
        folder, _, rest = path.partition("/")
        name, _, inner = rest.partition("/")
        if folder == "gateways" and name not in gateways:
            lost["gateway"].add(name)
        elif folder == "clusters" and name not in clusters:
            lost["cluster"].add(name)
        elif folder == "clusters" and inner.count("/") == 1 and not inner.endswith("/namespace.yaml"):
            apps.setdefault(inner.removesuffix(".yaml"), []).append(name)
    told = [f"{kind} {name}" for kind, names in lost.items() for name in sorted(names)]
    return (*told, *(f"app {app} in {', '.join(where)}" for app, where in sorted(apps.items())))
