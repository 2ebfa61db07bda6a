"""Who may define what: a path of the repo may use only its tenant's namespaces, hosts and kinds."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from compiler.diagnostics import Code, Note, error, warning
from compiler.lower.manifests import CLUSTER_SCOPED, group

if TYPE_CHECKING:
    from collections.abc import Iterable

    from compiler.diagnostics import Diagnostics, Origin
    from compiler.ir.delivery import PlainObject
    from compiler.ir.traffic import ObjectName, SecretRef
    from compiler.lower.world import Files, World
    from compiler.model.fleet import Tenant
    from compiler.model.kubernetes import EndpointSlice

TENANT_NAMESPACE = error(
    "tenant-namespace",
    "an object in a namespace that its tenant may not use",
    "The Fleet's `tenants` say which folders belong to whom and which namespaces their objects may be in. Files "
    "outside every tenant's folders belong to the platform and may do everything.",
)
TENANT_HOST = error(
    "tenant-host",
    "an Ingress for a host that its tenant may not serve",
    """\
The Fleet's `tenants` say which hosts the Ingresses of a folder may serve: exact names, or `*.` and a domain for every
name below it. Where entries of several tenants cover a host, the closest counts: shop.example.com is of the tenant that
lists it, and not of that with *.example.com. Tenants that share a host list the same entry. An Ingress without a host,
or with defaultBackend, serves every host.""",
)
TENANT_ROUTE = error(
    "tenant-route",
    "an Ingress of a tenant that takes requests from an Ingress of another",
    """\
Tenants may share a host, each with paths of its own. An Ingress of one tenant for exactly the path of another would
take all of its requests, by a higher fleetgate.dev/priority or only by its name; a canary as many as it likes.

Choose another path. To hand requests to another tenant on purpose, let the platform write the Ingress, or list the
folders of both under one tenant.""",
)
TENANT_SETTING = error(
    "tenant-setting",
    "a setting of a tenant for a whole host that it shares with another",
    """\
Client TLS, domain-whitelist-source-range, domain-blacklist-source-range and server-alias hold for every route of a
host, and a host has one certificate. Where tenants share a host, one of them could so shut out the clients of another,
publish its routes under further names, or take the place of its certificate.

Let the platform write the setting, give each tenant a host of its own, or list the folders of both under one
tenant. Lists for single routes are whitelist-source-range and its relatives.""",
)
TENANT_KIND = error(
    "tenant-kind",
    "an object of a kind that its tenant may not define",
    "Tenants define Apps, Ingresses, Services, TrafficPolicies, TrafficPins and EndpointSlices. Fleet, Cluster, "
    "IngressClass and MseIngressConfig belong to the platform. `kinds` of the tenant limits its plain and extra "
    "manifests; cluster-scoped ones have to be listed there.",
)
TENANT_REFERENCE = error(
    "tenant-reference",
    "an annotation that names a Service of another tenant",
    "destination, default-backend and mirror-target-service may name a Service of another namespace. So a tenant could "
    "publish what others keep to themselves, or send its traffic to them. Ingresses of a tenant may name Services of "
    "the tenant's namespaces, and those that the Fleet lists in `references` of the tenant.",
)
TENANT_SECRET = error(
    "tenant-secret",
    "an annotation that names a Secret of another tenant",
    "auth-secret, auth-tls-secret and proxy-ssl-secret may name a Secret of another namespace. So a tenant could let "
    "in the accounts of others, or show their certificates. Ingresses of a tenant may name Secrets of the tenant's "
    "namespaces alone; `references` of the tenant is for Services.",
)
TENANT_ADDRESS = error(
    "tenant-address",
    "an EndpointSlice with addresses that its tenant may not use",
    """\
A gateway sends requests wherever an EndpointSlice says. So whoever writes one could publish what only the gateway can
reach: pods of other tenants, API servers, the admin interface of the gateway itself. Kubernetes grants EndpointSlices
to administrators for that reason.

The Fleet's `addresses` of a tenant name the networks that its EndpointSlices may lead to; without any it writes
none.""",
)
TENANT_PATH = warning(
    "tenant-path",
    "a folder of a tenant that holds nothing, or belongs to two tenants",
    "Files outside every tenant's folders belong to the platform and may do everything. So a misspelt folder of a "
    "tenant would give its files every right, and a folder of two tenants belongs to the first of them alone.",
)
CODES: tuple[Code, ...] = (
    TENANT_NAMESPACE,
    TENANT_HOST,
    TENANT_ROUTE,
    TENANT_SETTING,
    TENANT_KIND,
    TENANT_REFERENCE,
    TENANT_SECRET,
    TENANT_ADDRESS,
    TENANT_PATH,
)

PLATFORM_KINDS = frozenset({"Fleet", "Cluster", "IngressClass", "MseIngressConfig", "TrafficState"})


class Tenancy:
    """The Fleet's tenants, asked by path."""

    def __init__(self, world: World, findings: Diagnostics) -> None:
        self._tenants = world.fleet.value.spec.tenants
        self.has_tenants = bool(self._tenants)
        """Without any there is nothing to check, and no place of it has to be worked out."""
        self._place = world.fleet.origin.at("spec", "tenants")
        self._findings = findings
        self._folders: dict[str, int] = {}
        """Folder, without a slash at the end ("" = everything) -> its tenant."""
        for index, tenant in enumerate(self._tenants):
            for folder in tenant.paths:
                self._folders.setdefault(_clean(folder), index)

    def of(self, path: str) -> tuple[int, Tenant] | None:
        """The tenant of a file: that with the longest matching folder; None = the platform."""
        folder = path
        while folder:
            if folder in self._folders:
                break
            folder = folder.rpartition("/")[0]
        index = self._folders.get(folder)
        return None if index is None else (index, self._tenants[index])

    def check_paths(self, files: Files) -> None:
        """Report folders without files, and those of two tenants."""
        for index, tenant in enumerate(self._tenants):
            for number, folder in enumerate(tenant.paths):
                clean = _clean(folder)
                place = self._place.at(index, "paths", number)
                owner = self._folders[clean]
                if owner != index:
                    self._findings.add(
                        TENANT_PATH,
                        place,
                        folder,
                        f"this folder belongs to tenant {self._tenants[owner].name} already",
                        "give each folder to one tenant",
                        (Note(self._place.at(owner), "the other tenant"),),
                    )
                elif not files.glob(clean, "**/*"):
                    self._findings.add(
                        TENANT_PATH,
                        place,
                        folder,
                        "no file is there, and files elsewhere are not held to this tenant",
                        "mend the path, or delete it",
                    )

    def check_namespace(self, namespace: str, origin: Origin) -> None:
        """Report an object outside its tenant's namespaces."""
        found = self._tenants and self.of(origin.file)
        if not found:
            return
        index, tenant = found
        if namespace not in tenant.namespaces:
            self._findings.add(
                TENANT_NAMESPACE,
                origin,
                namespace,
                f"files of tenant {tenant.name} may use {_words(tenant.namespaces)}",
                "use a namespace of the tenant, or let the platform add this one to it",
                (Note(self._place.at(index), "the tenant"),),
            )

    def check_reference(self, service: ObjectName, origin: Origin) -> None:
        """Report an annotation that names a Service which its tenant may not use."""
        found = self._tenants and self.of(origin.file)
        if not found:
            return
        index, tenant = found
        if service.namespace not in tenant.namespaces and str(service) not in tenant.references:
            self._findings.add(
                TENANT_REFERENCE,
                origin,
                str(service),
                f"Ingresses of tenant {tenant.name} may name Services of {_words(tenant.namespaces)}, and "
                f"{_words(tenant.references)} of other namespaces",
                "name a Service of the tenant, or let the platform add this one to its `references`",
                (Note(self._place.at(index), "the tenant"),),
            )

    def check_secret(self, secret: SecretRef) -> None:
        """Report an annotation that names a Secret outside its tenant's namespaces."""
        found = self._tenants and self.of(secret.origin.file)
        if not found:
            return
        index, tenant = found
        if secret.namespace not in tenant.namespaces:
            self._findings.add(
                TENANT_SECRET,
                secret.origin,
                str(secret),
                f"Ingresses of tenant {tenant.name} may name Secrets of {_words(tenant.namespaces)}",
                "name a Secret in a namespace of the tenant",
                (Note(self._place.at(index), "the tenant"),),
            )

    def check_addresses(self, endpoints: EndpointSlice, origin: Origin) -> None:
        """Report an EndpointSlice that leads where its tenant may not send requests; one finding for each."""
        found = self._tenants and self.of(origin.file)
        if not found:
            return
        import ipaddress  # noqa: PLC0415 - few fleets have EndpointSlices of tenants

        index, tenant = found
        networks = [ipaddress.ip_network(network) for network in tenant.addresses]
        for number, endpoint in enumerate(endpoints.endpoints):
            address = endpoint.addresses[0]
            if any(ipaddress.ip_address(address) in network for network in networks):
                continue
            self._findings.add(
                TENANT_ADDRESS,
                origin.at("endpoints", number, "addresses", 0),
                address,
                f"EndpointSlices of tenant {tenant.name} may lead to {_words(tenant.addresses)}",
                "let the platform write it, or add its network to the `addresses` of the tenant",
                (Note(self._place.at(index), "the tenant"),),
            )
            return

    def check_host(self, host: str, origin: Origin) -> None:
        """Report a host that its tenant may not serve; `*` is every host."""
        found = self._tenants and self.of(origin.file)
        if not found:
            return
        index, tenant = found
        mine = closest(tenant.hosts, host)
        closer = closest([entry for each in self._tenants for entry in each.hosts], host)
        if mine and closer != mine:
            other = next(number for number, each in enumerate(self._tenants) if closer in each.hosts)
            self._findings.add(
                TENANT_HOST,
                origin,
                host,
                f"it is of tenant {self._tenants[other].name} by its entry {closer}, which is closer than {mine} of "
                f"{tenant.name}",
                f"use another host, or let the platform add {closer} to the hosts of {tenant.name} too",
                (Note(self._place.at(other), "the other tenant"),),
            )
        elif not mine:
            self._findings.add(
                TENANT_HOST,
                origin,
                host,
                f"files of tenant {tenant.name} may serve {_words(tenant.hosts)}",
                "use a host of the tenant, or let the platform add this one to it",
                (Note(self._place.at(index), "the tenant"),),
            )

    def check_route(self, taker: Origin, owner: Origin, shown: str) -> None:
        """Report a rule of a tenant that takes requests from a rule of another tenant, or of the platform."""
        found = self._tenants and self.of(taker.file)
        if not found:
            return
        index, tenant = found
        other = self.of(owner.file)
        if other is None or other[0] != index:
            whose = "the platform" if other is None else f"tenant {other[1].name}"
            self._findings.add(
                TENANT_ROUTE,
                taker,
                shown,
                f"this rule of tenant {tenant.name} takes requests from one of {whose}",
                "choose another path, or let the platform write the Ingress",
                (Note(owner, f"the rule of {whose}"),),
            )

    def is_foreign_setting(self, decider: Origin, others: Iterable[Origin], shown: str) -> bool:
        """Whether a setting of a tenant for a whole host changes an Ingress of another tenant, or of the platform; a
        finding for the first of `others` for which it does.
        """
        found = self._tenants and self.of(decider.file)
        if not found:
            return False
        index, tenant = found
        for place in others:
            other = self.of(place.file)
            if other is None or other[0] != index:
                whose = "the platform" if other is None else f"tenant {other[1].name}"
                self._findings.add(
                    TENANT_SETTING,
                    decider,
                    shown,
                    f"it is for all of the host, and so this setting of tenant {tenant.name} decides for an Ingress of "
                    f"{whose} too",
                    "let the platform write it, or use a host that the tenant has for itself",
                    (Note(place, f"the Ingress of {whose}"),),
                )
                return True
        return False

    def check_kind(self, kind: str, origin: Origin) -> None:
        """Report a document of a kind that belongs to the platform."""
        found = self._tenants and self.of(origin.file)
        if found and kind in PLATFORM_KINDS:
            self._kind(kind, origin, found)

    def check_object(self, plain: PlainObject) -> None:
        """Report a plain or extra manifest of a kind or in a namespace that its tenant may not use."""
        found = self._tenants and self.of(plain.origin.file)
        if not found:
            return
        _, tenant = found
        kind = plain.data["kind"]
        namespace = plain.data["metadata"].get("namespace")
        is_scoped = namespace is None or (group(plain.data["apiVersion"]), kind) in CLUSTER_SCOPED
        if kind not in tenant.kinds and (tenant.kinds or is_scoped):
            self._kind(kind, plain.origin.at("kind"), found)
        elif not is_scoped:
            self.check_namespace(namespace, plain.origin.at("metadata", "namespace"))

    def _kind(self, kind: str, origin: Origin, found: tuple[int, Tenant]) -> None:
        index, tenant = found
        allowed = _words(tenant.kinds) if tenant.kinds else "namespaced kinds"
        self._findings.add(
            TENANT_KIND,
            origin,
            kind,
            f"files of tenant {tenant.name} may define {allowed}"
            if kind not in PLATFORM_KINDS
            else f"this file belongs to tenant {tenant.name}, and the kind to the platform",
            "move it to a file of the platform, or let the platform allow the kind",
            (Note(self._place.at(index), "the tenant"),),
        )


def _clean(folder: str) -> str:
    """A folder as paths of files begin with it; "" for the root."""
    clean = posixpath.normpath(folder).strip("/")
    return "" if clean == "." else clean


def covers(allowed: str, host: str) -> bool:
    """Whether a tenant's host entry covers a host: equal, or below the domain of `*.domain`."""
    return host == allowed or (allowed.startswith("*.") and host.removeprefix("*.").endswith(allowed[1:]))


def closest(entries: Iterable[str], host: str) -> str:
    """The host entry that covers a host most closely: the host itself, else the longest; "" = there is none."""
    found = (entry for entry in entries if covers(entry, host))
    return max(found, key=lambda entry: (entry == host, len(entry)), default="")


def _words(words: tuple[str, ...]) -> str:
    return ", ".join(words) if words else "none"
