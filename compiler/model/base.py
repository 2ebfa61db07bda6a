"""What every kind shares: metadata, selectors, and the syntax of names.

Descriptions of fields are the string literals below them: they cost nothing at start-up, and
`compiler.model.schemas` reads them for the JSON Schemas and the reference.
"""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta, Struct

DNS_LABEL = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"
DNS_SUBDOMAIN = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$"
LABEL_KEY = r"^([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$"
LABEL_VALUE = r"^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$"
DURATION = r"^(0|([0-9]+(\.[0-9]+)?(ms|s|m|h))+)$"
QUANTITY = r"^[+-]?([0-9]+|[0-9]+\.[0-9]*|\.[0-9]+)([KMGTPE]i|[numkMGTPE]|[eE][+-]?[0-9]+)?$"

DnsLabel = Annotated[str, Meta(pattern=DNS_LABEL, max_length=63)]
"""RFC 1123 label: lower-case letters, digits and `-`, at most 63 characters."""
DnsSubdomain = Annotated[str, Meta(pattern=DNS_SUBDOMAIN, max_length=253)]
"""RFC 1123 subdomain: labels joined by dots, at most 253 characters."""
LabelKey = Annotated[str, Meta(pattern=LABEL_KEY, max_length=317)]
LabelValue = Annotated[str, Meta(pattern=LABEL_VALUE, max_length=63)]
Labels = dict[LabelKey, LabelValue]
Annotations = dict[str, str]
PortNumber = Annotated[int, Meta(ge=1, le=65535)]
Duration = Annotated[str, Meta(pattern=DURATION, max_length=32)]
"""A Go duration such as `100ms`, `5s`, `1m30s`."""
Quantity = Annotated[str, Meta(pattern=QUANTITY, max_length=64)] | int | float
"""A Kubernetes quantity such as `100m` or `128Mi`."""
Percent = Annotated[int, Meta(ge=0, le=100)]
Weight = Annotated[int, Meta(ge=0, le=1_000_000)]
Text = Annotated[str, Meta(min_length=1)]


class Node(
    Struct,
    frozen=True,
    gc=False,
    kw_only=True,
    rename="camel",
    forbid_unknown_fields=True,
    omit_defaults=True,
):
    """One mapping that people write: camelCase names, unknown fields refused."""


class Document(Node, frozen=True, kw_only=True):
    """What every kind begins with."""

    api_version: str
    """Group and version of the kind."""
    kind: str
    """Name of the kind."""


class Metadata(Node, frozen=True, kw_only=True):
    """Name, labels and annotations of an object in a namespace (Kubernetes ObjectMeta)."""

    name: DnsSubdomain
    """Name of the object, unique per kind and namespace."""
    namespace: DnsLabel = "default"
    """Namespace of the object."""
    labels: Labels = msgspec.field(default_factory=dict)
    """Labels, as in Kubernetes."""
    annotations: Annotations = msgspec.field(default_factory=dict)
    """Annotations, as in Kubernetes; values are strings."""


class ClusterMetadata(Node, frozen=True, kw_only=True):
    """Name, labels and annotations of an object without a namespace."""

    name: DnsSubdomain
    """Name of the object, unique per kind."""
    labels: Labels = msgspec.field(default_factory=dict)
    """Labels, as in Kubernetes."""
    annotations: Annotations = msgspec.field(default_factory=dict)
    """Annotations, as in Kubernetes; values are strings."""


class LabelSelector(Node, frozen=True, kw_only=True):
    """Which objects are meant, by their labels: every pair must be there."""

    match_labels: Labels
    """Labels that an object must carry."""


class LocalReference(Node, frozen=True, kw_only=True):
    """Another object of the same namespace, by name."""

    name: DnsSubdomain
    """Name of that object."""
