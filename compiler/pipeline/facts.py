"""What the rest of the fleet has to know of a cell: sums that can be added and taken away."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Iterable

    from compiler.targets.target import Emission, ObjectId

Counts = dict[str, int]
NAMED = "named"
"""How keys of tallies begin that count who names a Secret."""


class Facts(Struct, gc=False):
    """Sums over the outputs of some cells. Keys with count 0 are left out, so that equal sums are equal."""

    objects: Counts
    """Objects per group: `cluster|<name>|<namespace>|<app>` or `gateway|<name>|<namespace>|`."""
    sizes: Counts
    """Bytes per group."""
    files: Counts
    """Files per group."""
    cluster_kinds: Counts
    """Cluster-scoped objects per `<API group>|<kind>`."""
    guests: Counts
    """Objects in another namespace than their App, per `<cluster>|<namespace>`."""
    namespaces: Counts
    """Namespaces among the manifests of Apps, per `<cluster>|<name>`."""
    apps: Counts
    """Apps per cluster."""
    workloads: Counts
    """Placements of workloads per cluster."""
    tallies: Counts
    """For the summary: `apps`, `documents`, `routes|<gateway>`, `hosts|<gateway>`…; and of which
    Secrets an Envoy is told, `named|<gateway>|<file>`."""

    def add(self, other: Facts, times: int = 1) -> None:
        """Add another sum to this one (`times` -1: take it away)."""
        for mine, theirs in (
            (self.objects, other.objects),
            (self.sizes, other.sizes),
            (self.files, other.files),
            (self.cluster_kinds, other.cluster_kinds),
            (self.guests, other.guests),
            (self.namespaces, other.namespaces),
            (self.apps, other.apps),
            (self.workloads, other.workloads),
            (self.tallies, other.tallies),
        ):
            for key, count in theirs.items():
                total = mine.get(key, 0) + times * count
                if total:
                    mine[key] = total
                else:
                    mine.pop(key, None)


def no_facts() -> Facts:
    """The empty sum."""
    return Facts({}, {}, {}, {}, {}, {}, {}, {}, {})


def facts_of(emissions: Iterable[Emission], *, by_app: bool) -> Facts:
    """What a cell's files add up to; `by_app` keeps apps of a namespace apart."""
    facts = no_facts()
    kinds = facts.cluster_kinds
    groups: dict[tuple[tuple[str, str, str], str], list[int]] = {}
    said: tuple[ObjectId, ...] = ()
    within, is_plain = "", True
    for emission in emissions:
        kind, name, namespace = emission.scope
        app = emission.path.rpartition("/")[2].removesuffix(".yaml") if by_app and kind == "cluster" else ""
        sums = groups.get((emission.scope, app))
        if sums is None:
            groups[emission.scope, app] = [len(emission.objects), emission.size, 1]
        else:
            sums[0] += len(emission.objects)
            sums[1] += emission.size
            sums[2] += 1
        if emission.objects is not said or namespace != within:  # in other clusters an app mostly has the same ones
            said, within = emission.objects, namespace
            is_plain = bool(namespace) and all(identity.namespace == namespace for identity in said)
        if is_plain:
            continue
        for identity in said:
            if not identity.namespace:
                group = identity.api_version.rpartition("/")[0]
                word = f"{group}|{identity.kind}"
                kinds[word] = kinds.get(word, 0) + 1
                if word == "|Namespace":
                    place = f"{name}|{identity.name}"
                    facts.namespaces[place] = facts.namespaces.get(place, 0) + 1
            elif identity.namespace != namespace:
                place = f"{name}|{identity.namespace}"
                facts.guests[place] = facts.guests.get(place, 0) + 1
    for (scope, app), (count, size, files) in groups.items():
        key = "|".join((*scope, app))
        facts.objects[key], facts.sizes[key], facts.files[key] = count, size, files
    return facts
