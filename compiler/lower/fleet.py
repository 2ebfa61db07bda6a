"""Fleet, Clusters, IngressClasses and MseIngressConfigs -> the `World` and the delivery settings."""

from __future__ import annotations

import functools
import posixpath
from typing import TYPE_CHECKING, Any

from compiler.diagnostics import Code, Note, error, warning
from compiler.ir import delivery, traffic
from compiler.lower.quantities import amount
from compiler.lower.unread import check_unread
from compiler.lower.world import Sourced, World

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from compiler.diagnostics import Diagnostics, Origin
    from compiler.model.fleet import Cluster, Destination, Fleet, Gateway
    from compiler.model.kubernetes import IngressClass
    from compiler.model.mse import MseIngressConfig

IN_CLUSTER = "https://kubernetes.default.svc"
"""The API server of the cluster that Argo CD runs in."""
MSE_CONTROLLER = "mse.alibabacloud.com/ingress"
REMOTE_CLUSTERS = "mse.alibabacloud.com/remote-clusters"
"""Annotation of a MseIngressConfig: ids of the clusters that the gateway connects."""

NO_FLEET = error(
    "no-fleet",
    "the root has no Fleet document",
    "A root is a folder with a document of kind Fleet directly in it: it names the gateways, Argo CD and the tenants. "
    "Run fleetgate with `-C DIR` on that folder, or begin one with `fleetgate init`.",
)
SEVERAL_FLEETS = error(
    "several-fleets",
    "more than one Fleet document in one root",
    "Each root is compiled alone and has exactly one Fleet. Give each Fleet a folder of its own; a folder with a "
    "Fleet below a root is a root of its own and is not read with its parent.",
)
DUPLICATE_OBJECT = error(
    "duplicate-object",
    "two documents define the same object",
    "An object is known by kind, namespace and name. Two documents with the same identity would overwrite each other "
    "in the cluster, so both places are named and nothing is written.",
)
DUPLICATE_CLUSTER_ID = error(
    "duplicate-cluster-id",
    "two clusters have the same id",
    "The id of a cluster is the value of the label topology.istio.io/cluster. Pins and weights find a cluster by it, "
    "so no two clusters may share one.",
)
DUPLICATE_DESTINATION = error(
    "duplicate-destination",
    "two clusters are one API server to Argo CD",
    "Argo CD brings the files of each cluster to its destination. With one destination for two clusters, Applications "
    "would fight over the same objects.",
)
SHARED_INGRESS_CLASS = error(
    "shared-ingress-class",
    "two gateways read the same IngressClass",
    "An Ingress belongs to the gateway whose ingressClassName it names. Two gateways with one class would both serve "
    "it; give each gateway a class of its own.",
)
NO_MEMBERS = error(
    "no-members",
    "a gateway has no member cluster",
    "The members of a gateway are the clusters that its clusterSelector matches, else those of its region. A gateway "
    "without members can send traffic nowhere.",
)
MSE_REGIONS = warning(
    "mse-regions",
    "an MSE gateway has clusters of another region",
    "The pages of ACK One know multi-cluster gateways of MSE within one region; clusters of other VPCs join by CEN, "
    "with node and pod CIDRs that do not overlap, and pods that are reachable directly. Nobody promises that traffic "
    "moves to another region when this one is lost, and the gateway itself is lost with its region. Give each region a "
    "gateway of its own and let DNS or a global load balancer choose, use target envoy, or accept this finding.",
)
GATEWAY_PLACEMENT = error(
    "gateway-placement",
    "a gateway is to run in a cluster that is not there",
    "`envoy.placement.clusters` of a gateway names the clusters in which Envoy runs, each by the name of its Cluster "
    "document. Objects for a cluster that nobody knows would reach no API server.",
)
LONELY_GATEWAY = warning(
    "lonely-gateway",
    "one loss takes every Envoy of a gateway",
    "Backends in other clusters take over when a cluster is lost, but nobody reaches them while the only gateway is in "
    "the lost one. Run Envoy in at least two clusters, and let clients find both. Where the Fleet has to survive the "
    "loss of a Zone or Region (`spec.survive`), the clusters of `envoy.placement` must not all be in one either: a "
    "zone takes the clusters that have no other.",
)
UNUSED_GATEWAY_OBJECT = warning(
    "unused-gateway-object",
    "an IngressClass or MseIngressConfig belongs to no gateway",
    "fleetgate generates both objects for every gateway with target mse. A document of your own stands for the "
    "generated one when its name is that of the gateway (MseIngressConfig) or of its ingressClassName (IngressClass); "
    "this one matches no gateway and is not emitted.",
)
FOREIGN_CONTROLLER = error(
    "foreign-controller",
    "an IngressClass of a gateway names another controller",
    f"The IngressClass of a gateway with target mse has to name the controller {MSE_CONTROLLER}, and where it has "
    "parameters they have to name the gateway's MseIngressConfig; otherwise MSE does not serve its Ingresses.",
)
GATEWAY_SETTINGS = error(
    "gateway-settings",
    "a MseIngressConfig of your own contradicts the Fleet",
    "Where the repo holds the MseIngressConfig of a gateway, instance and vSwitches are read from it alone; the same "
    "settings in the Fleet have to be absent, so that a reader of either file is not misled. And the clusters that it "
    f"connects ({REMOTE_CLUSTERS}) are the members of the gateway.",
)
CODES: tuple[Code, ...] = (
    NO_FLEET,
    SEVERAL_FLEETS,
    DUPLICATE_OBJECT,
    DUPLICATE_CLUSTER_ID,
    DUPLICATE_DESTINATION,
    SHARED_INGRESS_CLASS,
    NO_MEMBERS,
    MSE_REGIONS,
    GATEWAY_PLACEMENT,
    LONELY_GATEWAY,
    UNUSED_GATEWAY_OBJECT,
    FOREIGN_CONTROLLER,
    GATEWAY_SETTINGS,
)


def lower_world(
    fleets: Sequence[Sourced[Fleet]],
    clusters: Sequence[Sourced[Cluster]],
    ingress_classes: Sequence[Sourced[IngressClass]],
    mse_configs: Sequence[Sourced[MseIngressConfig]],
    findings: Diagnostics,
    *,
    incomplete: bool,
) -> World | None:
    """The world, or None where there is no usable Fleet.

    `incomplete` says that a document could not be read: then what seems absent may just be unread, and nothing is
    said of it.
    """
    if not fleets:
        if not incomplete:
            findings.add(
                NO_FLEET,
                _top(),
                "",
                "no document of kind Fleet stands directly in this folder",
                "add a fleet.yaml (`fleetgate init` writes one), or name the right folder with -C",
            )
        return None
    fleet, *others = fleets
    for other in others:
        findings.add(
            SEVERAL_FLEETS,
            other.origin.at("kind"),
            other.value.metadata.name,
            "this root has a Fleet already",
            "move one of them into a folder of its own",
            (Note(fleet.origin.at("kind"), "the other Fleet"),),
        )
    by_name = _by_name(clusters, "Cluster", findings)
    _check_identities(by_name, findings)
    classes = _by_name(ingress_classes, "IngressClass", findings)
    configs = _by_name(mse_configs, "MseIngressConfig", findings)
    members = {g.name: tuple(_members(g, by_name)) for g in fleet.value.spec.gateways}
    known = {c.value.metadata.name: c.value for c in clusters}
    _check_gateways(fleet, members, known, findings, incomplete=incomplete)
    _check_regions(fleet, members, by_name, findings)
    _check_objects(fleet, classes, configs, findings)
    check_unread(fleet, by_name, members, findings)
    if not incomplete:
        _check_remote_clusters(configs, members, by_name, findings)
    return World(
        fleet=fleet,
        clusters=by_name,
        members=members,
        traffic_clusters=tuple(
            traffic.Cluster(
                name, cluster_id(c.value), c.value.spec.region, tuple(sorted(c.value.spec.zones)), _entry(c.value)
            )
            for name, c in by_name.items()
        ),
        ingress_classes=classes,
        mse_configs=configs,
    )


def _entry(cluster: Cluster) -> traffic.Entry | None:
    """What a gateway reaches in place of pods."""
    reach = cluster.spec.reach
    if reach.type == "PodIP":
        return None
    if reach.tls is None:
        return traffic.Entry(tuple(sorted(reach.addresses)), reach.port or 80)
    ca = reach.tls.ca_secret
    return traffic.Entry(
        tuple(sorted(reach.addresses)),
        reach.port or 443,
        reach.tls.server_name,
        traffic.SecretRef(delivery.GATEWAY_NAMESPACE, ca) if ca is not None else None,
    )


def cluster_id(cluster: Cluster) -> str:
    """Value of the label `topology.istio.io/cluster`: the id, else the name."""
    return cluster.spec.id or cluster.metadata.name


def nearest(word: str, words: Iterable[str]) -> str:
    """A hint that names the nearest of `words`, or what there is; "" where there is nothing to name."""
    from difflib import get_close_matches  # noqa: PLC0415 - only for findings

    known = sorted(words)
    close = get_close_matches(word, known, n=1)
    if close:
        return f"did you mean {close[0]}?"
    if not known:
        return ""
    shown = ", ".join(known[:8])
    return f"known: {shown}" + (", ..." if len(known) > 8 else "")


def _top() -> Origin:
    from compiler.diagnostics import Origin  # noqa: PLC0415 - only where a root has no Fleet

    return Origin("fleet.yaml", line=1, column=1)


def _by_name(documents: Sequence[Sourced[Any]], kind: str, findings: Diagnostics) -> dict[str, Sourced[Any]]:
    found: dict[str, Sourced[Any]] = {}
    for document in sorted(documents, key=lambda d: (d.value.metadata.name, d.origin.sort_key)):
        first = found.setdefault(document.value.metadata.name, document)
        if first is not document:
            report_duplicate(kind, document, first, findings)
    return found


def report_duplicate(kind: str, second: Sourced[Any], first: Sourced[Any], findings: Diagnostics) -> None:
    """Say that two documents define one object; both places are named."""
    metadata = second.value.metadata
    namespace = getattr(metadata, "namespace", "")
    name = f"{namespace}/{metadata.name}" if namespace else metadata.name
    findings.add(
        DUPLICATE_OBJECT,
        second.origin.at("metadata", "name"),
        name,
        f"another document defines the same {kind}",
        "rename or delete one of them",
        (Note(first.origin.at("metadata", "name"), "the other one"),),
    )


def _check_identities(clusters: Mapping[str, Sourced[Cluster]], findings: Diagnostics) -> None:
    """No two clusters have one id, or one API server."""
    ids: dict[str, Sourced[Cluster]] = {}
    servers: dict[tuple[str, str], Sourced[Cluster]] = {}
    for cluster in clusters.values():
        identity = cluster_id(cluster.value)
        other = ids.setdefault(identity, cluster)
        if other is not cluster:
            findings.add(
                DUPLICATE_CLUSTER_ID,
                _id_place(cluster),
                identity,
                f"Cluster {other.value.metadata.name} has this id already",
                "give each cluster its own id",
                (Note(_id_place(other), "the other cluster"),),
            )
        destination = cluster.value.spec.argocd.destination
        other = servers.setdefault(_server(destination), cluster)
        if other is not cluster:
            findings.add(
                DUPLICATE_DESTINATION,
                _destination_place(cluster),
                destination.server or destination.name or "",
                f"Cluster {other.value.metadata.name} has this destination already",
                "give each cluster its own destination",
                (Note(_destination_place(other), "the other cluster"),),
            )


def _server(destination: Destination) -> tuple[str, str]:
    """What tells destinations apart; to Argo CD its own cluster has both a URL and a name."""
    if destination.server is None:
        return (IN_CLUSTER, "") if destination.name == "in-cluster" else ("", destination.name or "")
    return destination.server.rstrip("/"), ""


def _destination_place(cluster: Sourced[Cluster]) -> Origin:
    place = cluster.origin.at("spec", "argocd", "destination")
    return place.at("name" if cluster.value.spec.argocd.destination.server is None else "server")


def _id_place(cluster: Sourced[Cluster]) -> Origin:
    return cluster.origin.at("spec", "id") if cluster.value.spec.id else cluster.origin.at("metadata", "name")


def _members(gateway: Gateway, clusters: Mapping[str, Sourced[Cluster]]) -> list[str]:
    chosen = []
    for name, cluster in clusters.items():
        if gateway.cluster_selector is not None:
            labels = cluster.value.metadata.labels
            if any(labels.get(k) != v for k, v in gateway.cluster_selector.match_labels.items()):
                continue
        elif gateway.region is not None and cluster.value.spec.region != gateway.region:
            continue
        chosen.append(name)
    return chosen


def _check_regions(
    fleet: Sourced[Fleet],
    members: Mapping[str, tuple[str, ...]],
    clusters: Mapping[str, Sourced[Cluster]],
    findings: Diagnostics,
) -> None:
    """Report MSE gateways whose clusters lie in more than one region, or in another than their own."""
    for index, gateway in enumerate(fleet.value.spec.gateways):
        by_region: dict[str, list[str]] = {}
        for name in members[gateway.name] if "mse" in gateway.targets else ():
            by_region.setdefault(clusters[name].value.spec.region, []).append(name)
        home = gateway.region or next(iter(by_region), "")
        others = [f"{', '.join(names)} in {region}" for region, names in by_region.items() if region != home]
        if others:
            step = "clusterSelector" if gateway.cluster_selector else "name"
            findings.add(
                MSE_REGIONS,
                fleet.origin.at("spec", "gateways", index, step),
                gateway.name,
                f"its region is {home}, and it reaches {'; '.join(others)}",
                "give each region a gateway of its own, use target envoy, or accept this finding with a reason",
            )


def _check_gateways(
    fleet: Sourced[Fleet],
    members: Mapping[str, tuple[str, ...]],
    clusters: Mapping[str, Cluster],
    findings: Diagnostics,
    *,
    incomplete: bool,
) -> None:
    by_class: dict[str, int] = {}
    for index, gateway in enumerate(fleet.value.spec.gateways):
        place = fleet.origin.at("spec", "gateways", index)
        first = by_class.setdefault(gateway.ingress_class_name, index)
        if first != index:
            findings.add(
                SHARED_INGRESS_CLASS,
                place.at("ingressClassName"),
                gateway.ingress_class_name,
                f"gateway {fleet.value.spec.gateways[first].name} reads this class already",
                "give each gateway an ingressClassName of its own",
                (Note(fleet.origin.at("spec", "gateways", first, "ingressClassName"), "the other gateway"),),
            )
        if not members[gateway.name] and not incomplete:
            step = "clusterSelector" if gateway.cluster_selector else "region" if gateway.region else "name"
            findings.add(
                NO_MEMBERS,
                place.at(step),
                gateway.name,
                "no Cluster document matches this gateway",
                "add a Cluster, or mend the gateway's region or clusterSelector",
            )
        if "envoy" in gateway.targets and not incomplete:
            place = place.at("envoy", "placement", "clusters")
            _check_placement(gateway, place, clusters, fleet.value.spec.survive, findings)


def _check_placement(
    gateway: Gateway,
    place: Origin,
    clusters: Mapping[str, Cluster],
    survive: Collection[str],
    findings: Diagnostics,
) -> None:
    """The clusters in which Envoy is to run are there, and no loss that is to be survived takes all of them."""
    named = gateway.envoy.placement.clusters
    for number, name in enumerate(named):
        if name not in clusters:
            findings.add(
                GATEWAY_PLACEMENT,
                place.at(number),
                name,
                f"gateway {gateway.name} is to run in it, and no Cluster has this name",
                nearest(name, clusters) or "name a Cluster of the fleet",
            )
    if not named or not all(name in clusters for name in named):
        return
    spec = clusters[named[0]].spec
    if len(set(named)) == 1:
        findings.add(
            LONELY_GATEWAY,
            place,
            named[0],
            f"gateway {gateway.name} runs in this cluster alone, and is gone when it is",
            "name a second cluster in `envoy.placement.clusters`, best in another zone",
        )
    elif "Zone" in survive and all(set(clusters[name].spec.zones) == {spec.zones[0]} for name in named):
        _report_one_domain(gateway, place, "zone", spec.zones[0], findings)
    elif "Region" in survive and all(clusters[name].spec.region == spec.region for name in named):
        _report_one_domain(gateway, place, "region", spec.region, findings)


def _report_one_domain(gateway: Gateway, place: Origin, kind: str, name: str, findings: Diagnostics) -> None:
    findings.add(
        LONELY_GATEWAY,
        place,
        ", ".join(gateway.envoy.placement.clusters),
        f"gateway {gateway.name} runs in {kind} {name} alone, and is gone when it is, which the Fleet has to survive",
        f"name a cluster of another {kind} too, or accept this finding in the Fleet with a reason",
    )


def _check_objects(
    fleet: Sourced[Fleet],
    classes: Mapping[str, Sourced[IngressClass]],
    configs: Mapping[str, Sourced[MseIngressConfig]],
    findings: Diagnostics,
) -> None:
    mse = {g.name: g for g in fleet.value.spec.gateways if "mse" in g.targets}
    for name, config in configs.items():
        gateway = mse.get(name)
        if gateway is None:
            _unused(config, "MseIngressConfig", "gateway with target mse", mse, findings)
        elif gateway.mse.v_switches or gateway.mse.instance != type(gateway.mse.instance)():
            findings.add(
                GATEWAY_SETTINGS,
                config.origin.at("metadata", "name"),
                name,
                "the Fleet states instance or vSwitches for this gateway too",
                "keep these settings in one place: here, or in the Fleet without this document",
                (Note(fleet.origin.at("spec", "gateways"), "the Fleet's gateways"),),
            )
    by_class = {g.ingress_class_name: g for g in mse.values()}
    for name, document in classes.items():
        owner = by_class.get(name)
        if owner is None:
            _unused(document, "IngressClass", "ingressClassName of a gateway with target mse", by_class, findings)
            continue
        spec = document.value.spec
        parameters = spec.parameters
        if spec.controller != MSE_CONTROLLER:
            findings.add(
                FOREIGN_CONTROLLER,
                document.origin.at("spec", "controller"),
                spec.controller,
                f"gateway {owner.name} is served by {MSE_CONTROLLER}",
                f"write {MSE_CONTROLLER}, or delete this document: fleetgate generates it",
            )
        elif parameters is not None and (parameters.kind, parameters.name) != ("MseIngressConfig", owner.name):
            findings.add(
                FOREIGN_CONTROLLER,
                document.origin.at("spec", "parameters"),
                f"{parameters.kind}/{parameters.name}",
                f"the MseIngressConfig of this class is {owner.name}",
                f"name kind MseIngressConfig and name {owner.name}, or delete this document: fleetgate generates it",
            )


def _check_remote_clusters(
    configs: Mapping[str, Sourced[MseIngressConfig]],
    members: Mapping[str, Sequence[str]],
    clusters: Mapping[str, Sourced[Cluster]],
    findings: Diagnostics,
) -> None:
    """The clusters that a MseIngressConfig of the repo connects are the members of its gateway."""
    for name, config in configs.items():
        written = config.value.metadata.annotations.get(REMOTE_CLUSTERS)
        ids = sorted(cluster_id(clusters[member].value) for member in members.get(name, ()))
        if written is not None and ids and sorted(part.strip() for part in written.split(",")) != ids:
            findings.add(
                GATEWAY_SETTINGS,
                config.origin.at("metadata", "annotations", REMOTE_CLUSTERS),
                written,
                f"the members of gateway {name} are {','.join(ids)}",
                "delete the annotation: fleetgate writes it",
            )


def _unused(document: Sourced[Any], kind: str, owner: str, known: Mapping[str, object], findings: Diagnostics) -> None:
    name = document.value.metadata.name
    hint = nearest(name, known)
    findings.add(
        UNUSED_GATEWAY_OBJECT,
        document.origin.at("metadata", "name"),
        name,
        f"this {kind} has the name of no {owner}, and is not emitted",
        f"rename it or delete it{f' ({hint})' if hint else ''}",
    )


# --- delivery settings


def lower_delivery(
    world: World,
) -> tuple[tuple[delivery.MseGateway, ...], tuple[delivery.EnvoyGateway, ...], delivery.ArgoCD]:
    """Settings of the targets that deliver: gateways of MSE, gateways of Envoy, and Argo CD."""
    fleet = world.fleet.value
    ids = {c.name: c.id for c in world.traffic_clusters}
    gateways = tuple(
        delivery.MseGateway(
            gateway=g.name,
            destination=_destination(g.mse.destination),
            ingress_class=g.ingress_class_name,
            version=parse_version(g.mse.version),
            instance_spec=g.mse.instance.spec,
            instance_replicas=g.mse.instance.replicas,
            v_switches=g.mse.v_switches,
            remote_clusters=tuple(sorted(ids[name] for name in world.members[g.name])),
            config=_plain(world.mse_configs.get(g.name)),
            ingress_class_object=_plain(world.ingress_classes.get(g.ingress_class_name)),
            origin=world.fleet.origin.at("spec", "gateways", index),
        )
        for index, g in enumerate(fleet.spec.gateways)
        if "mse" in g.targets
    )
    envoys = tuple(
        delivery.EnvoyGateway(
            gateway=g.name,
            image=g.envoy.image,
            replicas=g.envoy.replicas,
            placement=g.envoy.placement.clusters,
            namespace=g.envoy.placement.namespace,
            sidecar_image=g.envoy.sidecar_image,
            cpu=g.envoy.cpu,
            memory=str(g.envoy.memory),
            memory_bytes=int(amount(g.envoy.memory)),
            listeners=tuple(traffic.Listener(e.name, e.port, e.protocol) for e in g.listeners),
            trusted_hops=g.envoy.xff_num_trusted_hops,
            service_type=g.envoy.service.type,
            service_annotations=tuple(sorted(g.envoy.service.annotations.items())),
            secrets_folder=g.envoy.secrets_folder,
            origin=world.fleet.origin.at("spec", "gateways", index),
        )
        for index, g in enumerate(fleet.spec.gateways)
        if "envoy" in g.targets
    )
    argocd = fleet.spec.argocd
    folder = posixpath.normpath(argocd.path)
    settings = delivery.ArgoCD(
        fleet=fleet.metadata.name,
        repo_url=argocd.repo_url,
        branch=argocd.branch,
        path="" if folder == "." else folder,
        namespace=argocd.namespace,
        project=argocd.project,
        granularity=argocd.granularity,
        destinations=tuple((name, _destination(c.value.spec.argocd.destination)) for name, c in world.clusters.items()),
        origin=world.fleet.origin.at("spec", "argocd"),
    )
    return gateways, envoys, settings


@functools.cache
def parse_version(text: str | None) -> tuple[int, int, int] | None:
    """`1.2.30` -> (1, 2, 30); None stays None."""
    if text is None:
        return None
    major, minor, patch = (int(part) for part in text.split("."))
    return major, minor, patch


def _destination(written: Destination) -> delivery.Destination:
    return delivery.Destination(written.server or "", written.name or "")


def _plain(document: Sourced[Any] | None) -> delivery.PlainObject | None:
    if document is None:
        return None
    import msgspec  # noqa: PLC0415 - only repos with such an object pay for it

    return delivery.PlainObject(msgspec.to_builtins(document.value), document.origin)
