"""Subsets that no pod belongs to, as far as the pods of a Service are described in the repo."""

from __future__ import annotations

from typing import TYPE_CHECKING

from compiler.diagnostics import Note, warning
from compiler.ir.traffic import ObjectName

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from compiler.diagnostics import Code, Diagnostics
    from compiler.ir.traffic import Subset
    from compiler.ir.workload import LoweredApp, Placement
    from compiler.lower.ingress_paths import IngressInput

EMPTY_SUBSET = warning(
    "empty-subset",
    "a subset of pods that no pod belongs to",
    """\
`service-subset` limits routes to pods with certain labels. Where no pod of the Service has them, MSE uses all pods of
the Service, in silence: the subset might as well not be there. The pods of this Service are described by an App, and
none of them carries these labels.

Put the labels on the pods (`labels` of the App, or of one of its versions), or correct the subset. Where another tool
labels the pods as they start, accept the finding in the Fleet.""",
)
CODES: tuple[Code, ...] = (EMPTY_SUBSET,)

_OURS = ("app.kubernetes.io/", "topology.istio.io/")
"""Labels that pods of an App carry whatever it says."""


def check_subsets(ingresses: Iterable[IngressInput], apps: Sequence[LoweredApp], findings: Diagnostics) -> None:
    """Report subsets of Ingresses that are empty in every cluster, once per Ingress and Service."""
    limited = [ingress for ingress in ingresses if ingress.annotations.subset is not None]
    if not limited:
        return
    pods = _pods(apps)
    for ingress in limited:
        choice = ingress.annotations.subset
        if choice is None or choice.subset is None:
            continue
        for service in dict.fromkeys(_services(ingress)):
            placed = pods.get(service)
            if placed is None or any(_has(placement, choice.subset) for placement in placed[1]):
                continue
            findings.add(
                EMPTY_SUBSET,
                choice.origin,
                str(service),
                f"no pod of this Service {_wanted(choice.subset)}, and MSE uses all of its pods then",
                "label the pods, or correct the subset",
                (Note(placed[0].origin.at("metadata", "name"), "the App whose pods these are"),),
            )


def _pods(apps: Iterable[LoweredApp]) -> Mapping[ObjectName, tuple[LoweredApp, list[Placement]]]:
    """The pods of each Service of an App that is described whole: nothing patches them, no manifest adds to them."""
    found: dict[ObjectName, tuple[LoweredApp, list[Placement]]] = {}
    for app in apps:
        if app.objects or any(placement.patches for placement in app.placements):
            continue
        for placement in app.placements:
            name = ObjectName(app.name.namespace, placement.workload.name)
            found.setdefault(name, (app, []))[1].append(placement)
    return found


def _services(ingress: IngressInput) -> Iterator[ObjectName]:
    """The Services that the rules of an Ingress name."""
    spec, namespace = ingress.value.spec, ingress.name.namespace
    backends = [path.backend for rule in spec.rules if rule.http is not None for path in rule.http.paths]
    for backend in (*backends, *([spec.default_backend] if spec.default_backend is not None else [])):
        if backend.service is not None:
            yield ObjectName(namespace, backend.service.name)


def _has(placement: Placement, subset: Subset) -> bool:
    """Whether the pods of a placement belong to a subset, or may."""
    labels = dict(placement.workload.labels)
    if subset.without_prefix and any(key.startswith(subset.without_prefix) and text for key, text in labels.items()):
        return False
    return all(labels.get(key) == text for key, text in subset.labels if not key.startswith(_OURS))


def _wanted(subset: Subset) -> str:
    """What pods of a subset have, in words."""
    if subset.without_prefix:
        return f"is without a label {subset.without_prefix}"
    listed = " and ".join(f"{key}: {text}" for key, text in subset.labels)
    return f"has the label{'s' if len(subset.labels) > 1 else ''} {listed}"
