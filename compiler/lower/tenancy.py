"""Who may define what: a path of the repo may use only its tenant's namespaces, hosts and kinds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from compiler.diagnostics import Code, Note, error

if TYPE_CHECKING:
    from compiler.diagnostics import Diagnostics, Origin
    from compiler.ir.delivery import PlainObject
    from compiler.lower.world import World
    from compiler.model.fleet import Tenant

TENANT_NAMESPACE = error(
    "tenant-namespace",
    "an object in a namespace that its tenant may not use",
    "The Fleet's `tenants` say which folders belong to whom and which namespaces their objects may be in. Files "
    "outside every tenant's folders belong to the platform and may do everything.",
)
TENANT_HOST = error(
    "tenant-host",
    "an Ingress for a host that its tenant may not serve",
    "The Fleet's `tenants` say which hosts the Ingresses of a folder may serve: exact names, or `*.` and a domain for "
    "every name below it. An Ingress without a host, or with defaultBackend, serves every host.",
)
TENANT_KIND = error(
    "tenant-kind",
    "an object of a kind that its tenant may not define",
    "Tenants define Apps, Ingresses, Services, TrafficPolicies, TrafficPins and EndpointSlices. Fleet, Cluster, "
    "IngressClass and MseIngressConfig belong to the platform. `kinds` of the tenant limits its plain and extra "
    "manifests; cluster-scoped ones have to be listed there.",
)
CODES: tuple[Code, ...] = (TENANT_NAMESPACE, TENANT_HOST, TENANT_KIND)

PLATFORM_KINDS = frozenset({"Fleet", "Cluster", "IngressClass", "MseIngressConfig", "TrafficState"})


class Tenancy:
    """The Fleet's tenants, asked by path."""

    def __init__(self, world: World, findings: Diagnostics) -> None:
        self._tenants = world.fleet.value.spec.tenants
        self._place = world.fleet.origin.at("spec", "tenants")
        self._findings = findings

    def of(self, path: str) -> tuple[int, Tenant] | None:
        """The tenant of a file: that with the longest matching folder; None = the platform."""
        best: tuple[int, int, Tenant] | None = None
        for index, tenant in enumerate(self._tenants):
            for folder in tenant.paths:
                clean = folder.strip("/").removeprefix("./")
                if (path == clean or path.startswith(clean + "/")) and (best is None or len(clean) > best[0]):
                    best = (len(clean), index, tenant)
        return None if best is None else (best[1], best[2])

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

    def check_host(self, host: str, origin: Origin) -> None:
        """Report a host that its tenant may not serve; `*` is every host."""
        found = self._tenants and self.of(origin.file)
        if not found:
            return
        index, tenant = found
        if not any(covers(allowed, host) for allowed in tenant.hosts):
            self._findings.add(
                TENANT_HOST,
                origin,
                host,
                f"files of tenant {tenant.name} may serve {_words(tenant.hosts)}",
                "use a host of the tenant, or let the platform add this one to it",
                (Note(self._place.at(index), "the tenant"),),
            )

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
        if kind not in tenant.kinds and (tenant.kinds or namespace is None):
            self._kind(kind, plain.origin.at("kind"), found)
        elif namespace is not None:
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


def covers(allowed: str, host: str) -> bool:
    """Whether a tenant's host entry covers a host: equal, or below the domain of `*.domain`."""
    return host == allowed or (allowed.startswith("*.") and host.removeprefix("*.").endswith(allowed[1:]))


def _words(words: tuple[str, ...]) -> str:
    return ", ".join(words) if words else "none"
