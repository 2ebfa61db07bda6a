"""The documents that every cell depends on -> the context in which cells are compiled."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from compiler.diagnostics import Code, Diagnostics, Origin, error
from compiler.lower.fleet import lower_delivery, lower_world
from compiler.lower.tenancy import Tenancy
from compiler.model.fleet import Cluster, Fleet
from compiler.model.kubernetes import IngressClass
from compiler.model.mse import MseIngressConfig
from compiler.model.traffic import TrafficState
from compiler.pipeline.compile_cell import Context
from compiler.pipeline.sources import STATE_IN_TREE, WORLD_KINDS

if TYPE_CHECKING:
    from compiler.ir.delivery import ArgoCD
    from compiler.lower.world import Files, Sourced
    from compiler.pipeline.options import Options
    from compiler.pipeline.sources import Sources

TARGET_NOT_BUILT = error(
    "target-not-built",
    "a target that fleetgate can't compile to yet",
    "`fleetgate targets` lists the targets and says which are built. A gateway may only name those: nothing is left "
    "out in silence.",
)
UNKNOWN_CLUSTER_OPTION = error(
    "no-such-cluster",
    "--cluster names a cluster that does not exist",
    "`--cluster NAME` writes and prunes below the folder of one cluster alone. Clusters are known by the names of "
    "their Cluster documents.",
)
CODES: tuple[Code, ...] = (TARGET_NOT_BUILT, UNKNOWN_CLUSTER_OPTION)


class Prepared(Struct):
    """The context of all cells, and what delivery needs."""

    context: Context
    argocd: ArgoCD


def read_world(
    sources: Sources,
    files: Files,
    states: tuple[Sourced[TrafficState], ...],
    options: Options,
    findings: Diagnostics,
) -> Prepared | None:
    """The context, or None (with findings) where there is no usable Fleet."""
    broken = tuple(sources.broken)
    incomplete = any(b.kind in ("", "Fleet", "Cluster") for b in broken)
    for state in sources.of(TrafficState):
        findings.add(
            STATE_IN_TREE,
            state.origin.at("kind"),
            state.value.metadata.name,
            "weights of the agent do not belong among declared documents",
            "move it to the agent's own Git ref, and build with --state",
        )
    world = lower_world(
        sources.of(Fleet),
        sources.of(Cluster),
        sources.of(IngressClass),
        sources.of(MseIngressConfig),
        findings,
        incomplete=incomplete,
    )
    if world is None:
        return None
    tenancy = Tenancy(world, findings)
    tenancy.check_paths(files)
    for kind in WORLD_KINDS:
        for document in sources.of(kind):
            tenancy.check_kind(document.value.kind, document.origin.at("kind"))
    _check_targets(world.fleet, findings)
    if options.cluster is not None and options.cluster not in world.clusters:
        from compiler.lower.fleet import nearest  # noqa: PLC0415 - only for this finding

        findings.add(
            UNKNOWN_CLUSTER_OPTION,
            Origin(world.fleet.origin.file, world.fleet.origin.document),
            options.cluster,
            "no Cluster has this name",
            nearest(options.cluster, world.clusters) or "name a Cluster with --cluster",
        )
    gateways, envoys, argocd = lower_delivery(world)
    return Prepared(
        Context(world, gateways, envoys, files, states, broken, by_app=argocd.granularity == "app"),
        argocd,
    )


def _check_targets(fleet: Sourced[Fleet], findings: Diagnostics) -> None:
    from compiler.targets.catalog import TARGETS  # noqa: PLC0415 - light, but only a gateway needs it

    known = {t.name: t.is_built for t in TARGETS if t.serves == "gateways"}
    built = ", ".join(name for name, is_built in known.items() if is_built)
    for index, gateway in enumerate(fleet.value.spec.gateways):
        for number, name in enumerate(gateway.targets):
            if not known.get(name, False):
                findings.add(
                    TARGET_NOT_BUILT,
                    fleet.origin.at("spec", "gateways", index, "targets", number),
                    name,
                    "this target is not built yet" if name in known else "no target of gateways has this name",
                    f"name a target that is built: {built}",
                )
