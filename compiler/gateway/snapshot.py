"""The resources of one configuration, ready to be sent, each with a version of its own."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import msgspec

from compiler.gateway.credentials import filled, look
from compiler.gateway.messages import NotAMessageError, pack
from compiler.gateway.source import NotUsableError
from compiler.targets.envoy.resources import resources_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from google.protobuf.any_pb2 import Any as AnyMessage

    from compiler.gateway.credentials import Files
    from compiler.gateway.source import Configuration

CLUSTER = "envoy.config.cluster.v3.Cluster"
ENDPOINTS = "envoy.config.endpoint.v3.ClusterLoadAssignment"
LISTENER = "envoy.config.listener.v3.Listener"
ROUTES = "envoy.config.route.v3.RouteConfiguration"
SECRET = "envoy.extensions.transport_sockets.tls.v3.Secret"  # noqa: S105 - the name of a message type
EXTENSION = "envoy.config.core.v3.TypedExtensionConfig"
SECRETS = (SECRET, EXTENSION)
"""Kinds of which one that Envoy refuses harms only what uses it."""
KINDS = (CLUSTER, ENDPOINTS, SECRET, EXTENSION, LISTENER, ROUTES)


class Resource(msgspec.Struct, frozen=True, gc=False):
    """One resource."""

    name: str
    version: str
    """Digest of its content: equal content is equal everywhere, also after a restart."""
    message: AnyMessage
    endpoints: str = ""
    """For a cluster: the name of its endpoints."""
    members: tuple[str, ...] = ()
    """For a composite cluster: the clusters that it tries."""


class Snapshot(msgspec.Struct, frozen=True, gc=False):
    """Everything that an Envoy is to have."""

    revision: str
    """Of the configuration that it was made from."""
    resources: dict[str, dict[str, Resource]]
    """By kind and name."""
    configuration: Configuration
    files: Files = {}
    """The files of Secrets that it was made with."""


class Builder:
    """Makes snapshots of configurations that follow each other: what stays is not made again."""

    def __init__(self, transform: Callable[[dict[str, Any]], dict[str, Any]] | None = None) -> None:
        """`transform` may change each bootstrap before it is taken apart: local addresses for a preview, for one."""
        self._transform = transform
        self._made: dict[tuple[str, bytes], Resource] = {}
        self._last: Snapshot | None = None

    def build(self, configuration: Configuration) -> Snapshot:
        """The snapshot of a configuration; a NotUsableError where it is none for an Envoy."""
        try:
            self._last = self._patched(configuration) or self._whole(configuration)
        except (msgspec.DecodeError, KeyError, TypeError, AttributeError) as failed:
            raise NotUsableError(f"not a configuration of this compiler: {type(failed).__name__}: {failed}") from failed
        except NotAMessageError as failed:
            raise NotUsableError(str(failed)) from failed
        return self._last

    def is_outdated(self, snapshot: Snapshot) -> bool:
        """Whether a file of a Secret has come, gone or changed since."""
        return look(snapshot.files) != snapshot.files

    def _patched(self, configuration: Configuration) -> Snapshot | None:
        """The last snapshot with some clusters exchanged, where the configurations differ in nothing else.

        Each cluster stands on a line of its own, so a new weight is found and made in a millisecond at any size. None
        where more has changed.
        """
        last = self._last
        if last is None or self._transform or configuration.secrets != last.configuration.secrets:
            return None
        old, new = last.configuration.bootstrap.split(b"\n"), configuration.bootstrap.split(b"\n")
        if len(old) != len(new):
            return None
        end = next((number for number, line in enumerate(new) if line.startswith(b"]")), 0)
        changed = [number for number, line in enumerate(old) if line != new[number]]
        if not changed or changed[0] == 0 or changed[-1] >= end:
            return None
        before, after = (self._clusters([lines[number] for number in changed]) for lines in (old, new))
        if any(before[kind].keys() != after[kind].keys() for kind in before):
            return None
        resources = {kind: dict(by_name) for kind, by_name in last.resources.items()}
        for kind, by_name in after.items():
            resources[kind] |= {name: _resource(kind, name, each) for name, each in by_name.items()}
        return Snapshot(configuration.revision, resources, configuration, last.files)

    def _clusters(self, lines: Iterable[bytes]) -> dict[str, dict[str, dict[str, Any]]]:
        clusters = [msgspec.json.decode(line.rstrip(b","), type=dict[str, Any]) for line in lines]
        found = resources_of({"static_resources": {"clusters": clusters, "listeners": []}}, ())
        return {CLUSTER: found.clusters, ENDPOINTS: found.endpoints}

    def _whole(self, configuration: Configuration) -> Snapshot:
        bootstrap = msgspec.json.decode(configuration.bootstrap, type=dict[str, Any])
        secrets = [msgspec.json.decode(each, type=dict[str, Any]) for each in configuration.secrets]
        found = resources_of(self._transform(bootstrap) if self._transform else bootstrap, secrets)
        files: Files = {}
        by_kind = {
            CLUSTER: found.clusters,
            ENDPOINTS: found.endpoints,
            SECRET: filled(found.secrets, files),
            EXTENSION: filled(found.extensions, files),
            LISTENER: found.listeners,
            ROUTES: found.routes,
        }
        made: dict[tuple[str, bytes], Resource] = {}
        resources = {
            kind: {name: self._known(kind, name, each, made) for name, each in by_name.items()}
            for kind, by_name in by_kind.items()
        }
        self._made = made
        return Snapshot(configuration.revision, resources, configuration, files)

    def _known(
        self, kind: str, name: str, resource: dict[str, Any], made: dict[tuple[str, bytes], Resource]
    ) -> Resource:
        key = (kind, msgspec.json.encode(resource))
        made[key] = self._made.get(key) or _resource(kind, name, resource)
        return made[key]


def _resource(kind: str, name: str, resource: dict[str, Any]) -> Resource:
    message = pack(kind, resource)
    version = hashlib.sha256(message.value).hexdigest()[:16]
    endpoints = resource.get("eds_cluster_config", {}).get("service_name", "")
    members = resource.get("cluster_type", {}).get("typed_config", {}).get("clusters", ())
    return Resource(name, version, message, endpoints, tuple(each["name"] for each in members))
