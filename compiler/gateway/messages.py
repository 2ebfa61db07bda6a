"""Plain data -> protobuf messages of Envoy's API (package xds-protos)."""

from __future__ import annotations

import functools
import importlib
import pkgutil
from typing import TYPE_CHECKING, Any

from google.protobuf import json_format
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.descriptor_pb2 import FieldDescriptorProto, FileDescriptorProto
from google.protobuf.descriptor_pool import Default
from google.protobuf.message_factory import GetMessageClass

if TYPE_CHECKING:
    from collections.abc import Iterator

    from google.protobuf.message import Message

PREFIX = "type.googleapis.com/"
COMPOSITE = "envoy.extensions.clusters.composite.v3.ClusterConfig"


class NotAMessageError(Exception):
    """Plain data that is no message of its type: an unknown field, or a value of another type."""


def pack(kind: str, resource: dict[str, Any]) -> AnyMessage:
    """A resource in the form in which it travels. `kind`: full name of its type, such as
    `envoy.config.cluster.v3.Cluster`; `resource`: protobuf JSON without `@type`.
    """
    try:
        for extension in _extensions(resource):
            _load(extension)
        message = json_format.ParseDict(resource, _new(kind))
    except (json_format.ParseError, TypeError, ValueError) as failed:
        raise NotAMessageError(f"{resource.get('name', kind)}: {failed}") from failed
    packed = AnyMessage()
    packed.Pack(message, deterministic=True)
    return packed


def message_class(kind: str) -> Any:
    """The class of a message type, by its full name. Its fields are known when the program runs, and not before."""
    _load(kind)
    return GetMessageClass(Default().FindMessageTypeByName(kind))


def _new(kind: str) -> Message:
    found: Message = message_class(kind)()
    return found


def _extensions(value: Any) -> Iterator[str]:
    """The type of each extension in a resource."""
    if isinstance(value, dict):
        if isinstance(kind := value.get("@type"), str):
            yield kind.removeprefix(PREFIX)
        for each in value.values():
            yield from _extensions(each)
    elif isinstance(value, list):
        for each in value:
            yield from _extensions(each)


@functools.cache
def _load(kind: str) -> None:
    """Make a message type known: import what defines it. A type that nothing defines is found out when it is used."""
    if kind == COMPOSITE:
        Default().AddSerializedFile(_composite().SerializeToString())
        return
    package = kind.rpartition(".")[0]
    try:
        found = importlib.import_module(package)
    except ModuleNotFoundError:
        return
    for module in pkgutil.iter_modules(found.__path__):
        if module.name.endswith("_pb2"):
            importlib.import_module(f"{package}.{module.name}")


def _composite() -> FileDescriptorProto:
    """The one type of ours that Envoy has and the published messages lack (xds-protos 1.85).

    Source: Envoy API v3, extensions.clusters.composite.v3.ClusterConfig.
    """
    package, _, name = COMPOSITE.rpartition(".")
    file = FileDescriptorProto(name=f"{package.replace('.', '/')}/cluster.proto", package=package, syntax="proto3")
    message = file.message_type.add(name=name)
    field = FieldDescriptorProto
    message.nested_type.add(name="ClusterEntry").field.add(
        name="name", number=1, type=field.TYPE_STRING, label=field.LABEL_OPTIONAL
    )
    message.field.add(
        name="clusters",
        number=1,
        type=field.TYPE_MESSAGE,
        type_name=f".{COMPOSITE}.ClusterEntry",
        label=field.LABEL_REPEATED,
    )
    return file
