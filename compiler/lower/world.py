"""The world of a compilation: what every app and Ingress is lowered against. It changes rarely."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from compiler.diagnostics import Diagnostics, Origin
    from compiler.ir import traffic
    from compiler.model.fleet import Cluster, Fleet
    from compiler.model.kubernetes import IngressClass
    from compiler.model.mse import MseIngressConfig
    from compiler.source.documents import Document

T = TypeVar("T")


class Sourced(Struct, Generic[T], frozen=True, gc=False):
    """A decoded document and its place (the origin of its top)."""

    value: T
    origin: Origin


class Files(Protocol):
    """Files that an App names beside its document; paths are below the root."""

    def glob(self, base: str, pattern: str) -> Sequence[str]:
        """Paths that `pattern`, relative to folder `base`, matches; sorted."""

    def read(self, path: str, findings: Diagnostics) -> bytes | None:
        """Content of one of them; None after a finding."""

    def documents(self, path: str, findings: Diagnostics) -> Sequence[Document]:
        """YAML documents of one of them."""


class World(Struct, frozen=True):
    """Fleet, clusters and gateways: what cells share."""

    fleet: Sourced[Fleet]
    clusters: Mapping[str, Sourced[Cluster]]
    """By name, sorted."""
    members: Mapping[str, tuple[str, ...]]
    """Cluster names of each gateway, sorted."""
    traffic_clusters: tuple[traffic.Cluster, ...]
    """The same clusters for the traffic program, sorted by name."""
    ingress_classes: Mapping[str, Sourced[IngressClass]]
    mse_configs: Mapping[str, Sourced[MseIngressConfig]]
