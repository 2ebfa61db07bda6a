"""Multi-service: weighted Services that replace the backend of every rule of the Ingress."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from msgspec import Struct

from compiler.annotations import values
from compiler.annotations.family import Annotation, Family, ServiceRef
from compiler.diagnostics import Origin
from compiler.ir import features

if TYPE_CHECKING:
    from compiler.annotations.family import Reader, Value

ANNOTATIONS = (
    Annotation(
        "destination",
        ("mse",),
        "destination-lines",
        "ingress",
        "Services and their shares, one `60% name.namespace.svc.cluster.local:80` per line; they replace the backend "
        "of every rule of the Ingress. Shares add up to 100.",
        excludes=("service-subset",),
        support="exclusive",
        example="60% cart.shop.svc.cluster.local:80\n40% cart-next.shop.svc.cluster.local:80",
        multiline=True,
    ),
)

_ADDRESS = re.compile(r"([^.:]+)\.([^.:]+)\.svc\.cluster\.local(?::(.*))?")


class Target(Struct, frozen=True, gc=False):
    """One of the Services and its share."""

    service: ServiceRef
    weight: int
    """Percent; those of a destination add up to 100."""


class Destination(Struct, frozen=True, gc=False):
    """What replaces the backend of every rule. Each Service stands in it once."""

    targets: tuple[Target, ...]
    origin: Origin = Origin("")


def parse(reader: Reader) -> Destination | None:
    """The Services that replace the backends; None where there are none, or a line is bad."""
    value = reader.get("destination")
    if value is None:
        return None
    entries = list(values.lines(value))
    targets: list[Target] = []
    for entry in entries:
        target = _target(entry, value, is_alone=len(entries) == 1)
        problem = target if isinstance(target, str) else None
        if not isinstance(target, str):
            if any(_same_service(target, other) for other in targets):
                problem = f"{target.service.namespace}/{target.service.name} stands in it twice"
            targets.append(target)
        if problem is not None:
            why = f"{problem}; MSE would drop the whole list, and send everything to the backends of the rules"
            fix = "write one Service per line, as share and full name: 60% cart.shop.svc.cluster.local:80"
            reader.bad(values.ANNOTATION_VALUE, value, why, fix)
            return None
    total = sum(target.weight for target in targets)
    if total != 100:
        why = f"its shares add up to {total} and not to 100; MSE would take them as parts of {total}"
        reader.bad(values.ANNOTATION_VALUE, value, why, "write shares that add up to 100")
        return None
    return Destination(tuple(targets), value.origin)


def _target(entry: str, value: Value, *, is_alone: bool) -> Target | str:
    """One line, or what is wrong with it. A share may be left out where there is one line only."""
    words = entry.split()
    if words[0].endswith("%"):
        share = words.pop(0)
    elif is_alone and len(words) == 1:
        share = "100%"
    else:
        return f"the line {entry!r} does not begin with a share such as 60%"
    if not (share[:-1].isascii() and share[:-1].isdigit() and len(share) <= 4 and int(share[:-1]) <= 100):
        return f"{share!r} is no share from 0% to 100%"
    if not words:
        return f"the line {entry!r} names no Service"
    if len(words) > 1:
        return f"{words[1]!r} comes after the Service: a subset is named by service-subset, not here"
    return _service(words[0], int(share[:-1]), value)


def _service(address: str, weight: int, value: Value) -> Target | str:
    parts = _ADDRESS.fullmatch(address)
    if parts is None:
        return f"{address!r} is not the full name of a Service, name.namespace.svc.cluster.local"
    name, namespace, digits = parts.groups()
    for text, what in ((name, "Service"), (namespace, "namespace")):
        if not values.is_dns_label(text):
            return f"{text!r} is no name of a {what}"
    port = None if digits is None else values.port_number(digits)
    if digits is not None and port is None:
        return f"{digits!r} is no port number from 1 to 65535"
    return Target(ServiceRef(namespace, name, port, value.origin), weight)


def _same_service(one: Target, other: Target) -> bool:
    """Whether both mean one Service and, as far as both say so, one port."""
    a, b = one.service, other.service
    return (a.namespace, a.name) == (b.namespace, b.name) and (a.port == b.port or None in (a.port, b.port))


FAMILY = Family("destination", ANNOTATIONS, parse, (features.SPLIT,))
