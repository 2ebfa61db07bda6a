"""What every kind shares: metadata, selectors, and the syntax of names.

Descriptions of fields are the string literals below them: they cost nothing at start-up, and
`compiler.model.schemas` reads them for the JSON Schemas and the reference. A syntax carries its meaning in
words and an example, for findings and editors alike.

The modules of structs do without `from __future__ import annotations`: msgspec would have to evaluate the text of each
annotation when it first decodes a kind, which takes twice as long as all else that it does then (8 ms for all kinds).
"""

from typing import Annotated

import msgspec
from msgspec import Meta, Struct

DNS_LABEL = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?\Z"
DNS_SUBDOMAIN = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\Z"
HOST = r"^(\*\.)?[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\Z"
_NAME = r"[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?"
LABEL_KEY = rf"^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?{_NAME}\Z"
ANNOTATION_KEY = rf"^([A-Za-z0-9]([-A-Za-z0-9]*[A-Za-z0-9])?(\.[A-Za-z0-9]([-A-Za-z0-9]*[A-Za-z0-9])?)*/)?{_NAME}\Z"
LABEL_VALUE = rf"^({_NAME})?\Z"
PORT_NAME = r"^([0-9]+-)*[0-9]*[a-z][a-z0-9]*(-[a-z0-9]+)*\Z"
DURATION = r"^(0|([0-9]+(\.[0-9]+)?(ms|s|m|h))+)\Z"
QUANTITY = r"^[+]?([0-9]+|[0-9]+\.[0-9]*|\.[0-9]+)([KMGTPE]i|[numkMGTPE]|[eE][+-]?[0-9]+)?\Z"
"""Patterns end with `\\Z`, not `$`, which Python also finds before a last line feed."""


def in_words(words: str) -> dict[str, str]:
    """What a value must be, for findings and (VS Code and the YAML language server know this keyword) for editors."""
    return {"errorMessage": f"must be {words}"}


def syntax(
    pattern: str, words: str, *examples: str, min_length: int | None = None, max_length: int | None = None
) -> Meta:
    """A text of some form: `words` completes "must be ..." and is what findings and editors say of other texts."""
    return Meta(
        pattern=pattern,
        min_length=min_length,
        max_length=max_length,
        examples=list(examples),
        extra_json_schema=in_words(words),
    )


DnsLabel = Annotated[
    str,
    syntax(
        DNS_LABEL,
        "a DNS label: lower-case letters, digits and `-`, beginning and ending with a letter or digit",
        "cart",
        max_length=63,
    ),
]
"""RFC 1123 label."""
DnsSubdomain = Annotated[
    str,
    syntax(
        DNS_SUBDOMAIN,
        "a DNS name: lower-case letters, digits, `-` and `.`, each part beginning and ending with a letter or digit",
        "hz-a",
        max_length=253,
    ),
]
"""RFC 1123 subdomain."""
Host = Annotated[
    str,
    syntax(
        HOST,
        "a host name in lower case, or `*.` and a domain, without port or path",
        "shop.example.com",
        "*.example.com",
        max_length=253,
    ),
]
LabelKey = Annotated[
    str,
    syntax(
        LABEL_KEY,
        "a label key: at most 63 letters, digits, `-`, `_` and `.`, after an optional DNS prefix and `/`",
        "env",
        "app.kubernetes.io/part-of",
        max_length=317,
    ),
]
LabelValue = Annotated[
    str,
    syntax(
        LABEL_VALUE,
        "a label value: at most 63 letters, digits, `-`, `_` and `.`, beginning and ending with a letter or digit",
        "prod",
        max_length=63,
    ),
]
AnnotationKey = Annotated[
    str,
    syntax(
        ANNOTATION_KEY,
        "an annotation key: at most 63 letters, digits, `-`, `_` and `.`, after an optional DNS prefix and `/`",
        "nginx.ingress.kubernetes.io/canary",
        max_length=317,
    ),
]
Labels = dict[LabelKey, LabelValue]
Annotations = dict[AnnotationKey, str]
PortNumber = Annotated[int, Meta(ge=1, le=65535, examples=[8080])]
PortName = Annotated[
    str,
    syntax(
        PORT_NAME,
        "a port name: at most 15 lower-case letters, digits and single `-`, with at least one letter",
        "http",
        max_length=15,
    ),
]
"""IANA service name, as Kubernetes wants it for the ports of containers."""
Duration = Annotated[
    str,
    syntax(DURATION, "a duration: numbers with a unit, `ms`, `s`, `m` or `h`", "100ms", "5s", "1m30s", max_length=32),
]
"""A Go duration such as `100ms`, `5s`, `1m30s`."""
_QUANTITY_WORDS = (
    "a quantity: a number, alone or with a unit: `m` (thousandths), `k`, `M`, `G`, or `Ki`, `Mi`, `Gi`, ..."
)
Quantity = (
    Annotated[str, syntax(QUANTITY, _QUANTITY_WORDS, "100m", "128Mi", max_length=64)]
    | Annotated[int, Meta(ge=0, le=2**63 - 1, extra_json_schema=in_words(_QUANTITY_WORDS))]
    | Annotated[float, Meta(ge=0, lt=2**63, extra_json_schema=in_words(_QUANTITY_WORDS))]
)
"""A Kubernetes quantity such as `100m` or `128Mi`; bounded, so that NaN and infinity are none."""
Percent = Annotated[int, Meta(ge=0, le=100)]
Weight = Annotated[int, Meta(ge=0, le=1_000_000)]
Text = Annotated[str, Meta(min_length=1)]
Path = Annotated[
    str, syntax(r"^/[!-~]*\Z", "a URL path: beginning with `/`, printable ASCII without blanks", "/healthz")
]
IPAddresses = tuple[Annotated[str, syntax(r"^[0-9A-Fa-f:.]+\Z", "an IP address", "10.1.0.9", max_length=45)], ...]


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
