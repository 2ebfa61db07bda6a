"""One Envoy: what it has, what it is to have, and in which order it learns of it. Pure: no clock, no socket.

The protocol is the incremental form of ADS (`DeltaAggregatedResources`): each resource has its own version, an Envoy
that connects again says which ones it has, and what goes is named. So a new weight is one small message at any size of
the fleet, and a server that was restarted under load neither repeats nor forgets anything.

Order (no request may meet a route whose cluster is not there yet): clusters; endpoints and secrets; then, when Envoy
has warmed what is new, listeners; routes; and last, after a pause, what is to go.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from compiler.gateway.snapshot import CLUSTER, ENDPOINTS, KINDS, LISTENER, ROUTES, SECRET, SECRETS

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from compiler.gateway.snapshot import Resource, Snapshot

_ALL = "*"
"""How an Envoy says that it wants every resource of a kind."""
_WHOLE = frozenset({CLUSTER, LISTENER})
"""Kinds of which every resource is wanted where an Envoy names none."""
_ABSENT = "-"
"""Version of a resource of which it was told that there is none."""
_UNKNOWN = "?"
"""Version of a resource of which it is not known what Envoy made of it."""


class Heard(Struct, frozen=True, kw_only=True):
    """What an Envoy says (DeltaDiscoveryRequest)."""

    kind: str
    subscribe: tuple[str, ...] = ()
    unsubscribe: tuple[str, ...] = ()
    has: dict[str, str] = {}
    """Versions by name, in the first request of a kind."""
    nonce: str = ""
    error: str = ""
    """Why it refused the message with that nonce; "" = it took it."""


class Message(Struct, frozen=True):
    """What an Envoy is told (DeltaDiscoveryResponse)."""

    kind: str
    nonce: str
    revision: str
    """Of the snapshot that it brings nearer."""
    resources: tuple[Resource, ...]
    removed: tuple[str, ...] = ()


class Refusal(Struct, frozen=True):
    """A resource that an Envoy did not take."""

    revision: str
    kind: str
    name: str
    version: str
    reason: str


class Session:
    """The side of the server in a conversation with one Envoy."""

    def __init__(self, wanted: Snapshot) -> None:
        self.wanted = wanted
        self.is_gated = False
        """Whether listeners and routes wait for Envoy to warm clusters; `open_gate` ends it."""
        self._has: dict[str, dict[str, str]] = {}
        """What it was told, or said that it has: kind -> name -> version. A kind is there once it was asked for."""
        self._subscribed: dict[str, set[str]] = {}
        self._waiting: dict[str, Message] = {}
        """By kind: the message that it has not taken yet. One at a time, so that a refusal tells what was refused."""
        self._refused: dict[tuple[str, str, str], str] = {}
        """(kind, name, version) that it refused, and why: never sent again, so that nobody argues in circles."""
        self._most: dict[str, int] = {}
        """By kind: how many resources a message may hold, while it is found out which of them Envoy refuses."""
        self._count = 0

    # --- what it says

    def hear(self, heard: Heard) -> Refusal | None:
        """Take in a request; the refusal where it is one."""
        kind = heard.kind
        if kind not in KINDS:
            return None
        if kind not in self._has:
            self._has[kind] = dict(heard.has)
            self._subscribed[kind] = set(heard.subscribe) or ({_ALL} if kind in _WHOLE else set())
        else:
            self._subscribed[kind] |= set(heard.subscribe)
            for name in heard.subscribe:  # it asks for what it had before: it has thrown that away
                self._has[kind].pop(name, None)
        self._subscribed[kind] -= set(heard.unsubscribe)
        for name in heard.unsubscribe:
            self._has[kind].pop(name, None)
        waiting = self._waiting.get(kind)
        if waiting is None or heard.nonce != waiting.nonce:
            return None
        del self._waiting[kind]
        if heard.error:
            return self._refuse(waiting, heard.error)
        if kind in self._most:
            self._most[kind] *= 2
            if not self._changed(kind):
                del self._most[kind]
        return None

    def _refuse(self, message: Message, reason: str) -> Refusal | None:
        """Some of the message may have been taken all the same, so nothing is known of any of it.

        Which one was refused is found out by sending them in smaller messages: until then there is no refusal.
        """
        for resource in message.resources:
            self._has[message.kind][resource.name] = _UNKNOWN
        self._most[message.kind] = max(1, len(message.resources) // 2)
        if len(message.resources) != 1:
            return None
        (only,) = message.resources
        self._refused[message.kind, only.name, only.version] = reason
        return Refusal(message.revision, message.kind, only.name, only.version, reason)

    @property
    def refusal(self) -> Refusal | None:
        """Why what is wanted now can't be had: Envoy has refused a part of it; None = it has not."""
        for (kind, name, version), reason in self._refused.items():
            if kind in SECRETS:
                continue
            wanted = self.wanted.resources[kind].get(name)
            if wanted is not None and wanted.version == version:
                return Refusal(self.wanted.revision, kind, name, version, reason)
        return None

    def open_gate(self) -> None:
        """Envoy has warmed all clusters."""
        self.is_gated = False

    # --- what it is told

    def speak(self) -> list[Message]:
        """What is to be sent now: everything that the order allows, but what is to go."""
        messages = []
        if changed := self._changed(CLUSTER):
            # A cluster that changes is made anew, and waits for endpoints that it may believe to know already.
            for cluster in changed:
                self._has.get(ENDPOINTS, {}).pop(cluster.endpoints, None)
            self.is_gated = True
            messages.append(self._message(CLUSTER, changed))
        if changed := self._changed(ENDPOINTS):
            messages.append(self._message(ENDPOINTS, changed))
        # one at a time: Envoy refuses a message as a whole
        messages += [self._message(kind, changed[:1]) for kind in SECRETS if (changed := self._changed(kind))]
        if missing := self._missing():
            messages.append(self._message(SECRET, (), missing))
        if self.is_warming or self.is_gated:
            return messages
        if changed := self._changed(LISTENER):
            return [*messages, self._message(LISTENER, changed)]
        if LISTENER not in self._waiting and (changed := self._changed(ROUTES)):
            messages.append(self._message(ROUTES, changed))
        return messages

    @property
    def is_warming(self) -> bool:
        """Whether Envoy has not taken all clusters and endpoints yet."""
        return any(kind in self._waiting for kind in (CLUSTER, ENDPOINTS))

    @property
    def is_settled(self) -> bool:
        """Whether it has, and has taken, everything that is wanted (it may have more)."""
        return (
            {CLUSTER, LISTENER} <= self._has.keys()
            and not self.is_gated
            and not self._waiting
            and not any(self._changed(kind) or self._lacks(kind) for kind in KINDS if kind not in SECRETS)
        )

    def _lacks(self, kind: str) -> bool:
        """Whether something wanted was refused."""
        has = self._has.get(kind, {})
        return any(has.get(name) == _UNKNOWN for name in self.wanted.resources[kind])

    @property
    def has_leftovers(self) -> bool:
        """Whether it has clusters or listeners that are not wanted."""
        return any(self._leftover(kind) for kind in (LISTENER, CLUSTER))

    def clear_away(self) -> list[Message]:
        """Tell it to drop what is not wanted, listeners first. Only while it is settled."""
        for kind in (LISTENER, CLUSTER):
            if removed := self._leftover(kind):
                for name in removed:
                    del self._has[kind][name]
                return [self._message(kind, (), tuple(removed))]
        return []

    def _leftover(self, kind: str) -> list[str]:
        return sorted(self._has.get(kind, {}).keys() - self.wanted.resources[kind].keys())

    def _changed(self, kind: str) -> list[Resource]:
        """Wanted resources that it asked for and does not have."""
        has = self._has.get(kind)
        if has is None or kind in self._waiting:
            return []
        changed = [
            each
            for each in self._asked_for(kind)
            if has.get(each.name) != each.version and (kind, each.name, each.version) not in self._refused
        ]
        return changed[: self._most.get(kind)]

    def _missing(self) -> tuple[str, ...]:
        """Secrets that it asks for, never had, and can't have: every listener that names one would wait 15 seconds.

        One that it has stays, though its file is gone.
        """
        if SECRET in self._waiting or SECRET not in self._has:
            return ()
        known = self.wanted.resources[SECRET].keys() | self._has[SECRET].keys()
        return tuple(sorted(self._subscribed[SECRET] - known))

    def _asked_for(self, kind: str) -> Collection[Resource]:
        wanted: Mapping[str, Resource] = self.wanted.resources[kind]
        if _ALL in self._subscribed[kind]:
            return wanted.values()
        return [wanted[name] for name in sorted(self._subscribed[kind]) if name in wanted]

    def _message(self, kind: str, resources: Sequence[Resource], removed: tuple[str, ...] = ()) -> Message:
        self._count += 1
        message = Message(kind, str(self._count), self.wanted.revision, tuple(resources), removed)
        self._has[kind].update((each.name, each.version) for each in resources)
        if kind == SECRET:
            self._has[kind].update(dict.fromkeys(removed, _ABSENT))
        self._waiting[kind] = message
        return message
