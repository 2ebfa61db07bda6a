"""Which configuration is served: the newest complete one; what an Envoy refuses of it stays as it was."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from msgspec import Struct

from compiler.gateway.quarantine import Trial, host_key, hosts_of, mend, relevant
from compiler.gateway.snapshot import ROUTES, SECRETS
from compiler.gateway.source import NotUsableError
from compiler.gateway.state import Remembered

if TYPE_CHECKING:
    from collections.abc import Callable

    from compiler.gateway.quarantine import Key
    from compiler.gateway.session import Refusal
    from compiler.gateway.snapshot import Builder, Resource, Snapshot
    from compiler.gateway.source import Configuration, Source


class Event(Struct, frozen=True, kw_only=True):
    """Something that happened, for people and logs."""

    what: Literal[
        "serving", "in-force", "partly", "refused", "not-usable", "connected", "disconnected", "not-saved", "slow"
    ]
    text: str
    revision: str = ""


class Status(Struct, frozen=True, kw_only=True, rename="camel"):
    """What the server says of itself."""

    gateway: str
    revision: str
    """Of the configuration that is served; "" = there is none yet."""
    in_force: str
    """Revision that an Envoy has taken last, whole; "" = none yet."""
    refused: str
    """Revision of which an Envoy refused something, while it is served without that; "" = none."""
    reason: str
    """Why it was refused, or why what is there can't be used; "" = all is well."""
    envoys: int
    """Connected now."""


class Serving:
    """Follows a source. `wanted` is what every Envoy is to have: the source's, but for what was refused."""

    def __init__(
        self, source: Source, builder: Builder, remembered: Remembered, report: Callable[[Event], None]
    ) -> None:
        self.wanted: Snapshot | None = None
        self.good: Snapshot | None = None
        """What an Envoy has taken last, be it the source's or not."""
        self.whole: Snapshot | None = None
        """What an Envoy has taken last of what the source held, whole."""
        self.refused = ""
        self.reason = ""
        self._target: Snapshot | None = None
        self._refused: dict[Key, str] = dict.fromkeys(remembered.parts, "it was refused before")
        self._trials: dict[str, Trial] = {}
        self._told: frozenset[Key] = frozenset()
        self._source = source
        self._builder = builder
        self._report = report
        if remembered.configuration is not None:
            self._recall(remembered.configuration)

    def _recall(self, configuration: Configuration) -> None:
        try:
            self._target = self.wanted = self.good = self.whole = self._builder.build(configuration)
        except NotUsableError as why:
            self._complain(f"what was remembered: {why}")
        else:
            self._report(Event(what="serving", text="the last good configuration", revision=self.wanted.revision))

    def follow(self) -> bool:
        """Look at the source; whether something else is wanted now."""
        try:
            found = self._source.poll()
            if found is None or (self._target is not None and found.revision == self._target.revision):
                return self._look_at_secrets()
            snapshot = self._builder.build(found)
        except NotUsableError as why:
            self._complain(str(why))
            return False
        self._want(snapshot)
        self._report(Event(what="serving", text=f"a new configuration{_missing(snapshot)}", revision=snapshot.revision))
        return True

    def _want(self, target: Snapshot) -> None:
        """Serve what the source holds, but for what is known to be refused."""
        self._target, self._trials, self._told = target, {}, frozenset()
        known = relevant(target, self._refused)
        self._refused = {key: self._refused[key] for key in known}
        self._mend()

    def _mend(self) -> None:
        assert self._target is not None
        self.wanted = mend(self._target, self.good, self._refused, self._trials)
        self.refused = self._target.revision if self._refused else ""
        self.reason = "; ".join(self._refused.values())

    def _look_at_secrets(self) -> bool:
        """Take in Secrets that have changed; whether there are any."""
        if self._target is None or not self._builder.is_outdated(self._target):
            return False
        target = self._builder.build(self._target.configuration)
        self._want(target)
        self._report(Event(what="serving", text=f"other Secrets{_missing(target)}", revision=target.revision))
        return True

    def _complain(self, why: str) -> None:
        self.reason = why
        self._report(Event(what="not-usable", text=why))

    def refuse(self, refusal: Refusal) -> bool:
        """An Envoy refused a resource; whether something else is wanted now."""
        kind, name = refusal.kind.rpartition(".")[2], refusal.name
        if refusal.kind in SECRETS:  # only what uses it does without
            self.reason = f"{kind} {name}: {refusal.reason}"
            self._report(Event(what="refused", text=self.reason, revision=refusal.revision))
            return False
        asked = self.wanted.resources[refusal.kind].get(name) if self.wanted is not None else None
        if asked is None or asked.version != refusal.version:
            return False  # something else is wanted by now
        if refusal.kind == ROUTES:
            self._try_hosts(asked, refusal.reason)
        else:
            self._blame((refusal.kind, name, refusal.version), f"{kind} {name}: {refusal.reason}")
        self._mend()
        return True

    def _try_hosts(self, table: Resource, reason: str) -> None:
        """Find out which hosts of a route table are refused."""
        if table.name in self._trials:
            self._trials[table.name].was_refused()
        else:
            had = self.good.resources[ROUTES].get(table.name) if self.good is not None else None
            before = hosts_of(had) if had is not None and had.version != table.version else {}
            self._trials[table.name] = Trial(before, hosts_of(table))
        self._end_trials(reason)

    def _end_trials(self, reason: str) -> None:
        for name, trial in list(self._trials.items()):
            assert self._target is not None
            table = self._target.resources[ROUTES][name]
            hosts = hosts_of(table)
            for host in trial.take_refused():
                self._blame(host_key(name, host, hosts[host]), f"host {host} of RouteConfiguration {name}: {reason}")
            if trial.is_hopeless:
                self._blame((ROUTES, name, table.version), f"RouteConfiguration {name}: {reason}")
            if trial.is_over:
                del self._trials[name]

    def _blame(self, key: Key, why: str) -> None:
        if key not in self._refused:
            self._refused[key] = why
            assert self._target is not None
            self._report(Event(what="refused", text=why, revision=self._target.revision))

    def accept(self, snapshot: Snapshot) -> bool:
        """An Envoy has everything of a snapshot; whether that is news, and so to be remembered."""
        if snapshot is not self.wanted:
            return False
        if self._trials:
            for trial in self._trials.values():
                trial.was_taken()
            self._end_trials("")
            self._mend()
            return False
        self.good = snapshot
        if self._refused:
            if self._told == self._refused.keys():
                return False
            self._told = frozenset(self._refused)
            self._report(Event(what="partly", text="an Envoy has taken all but that", revision=snapshot.revision))
            return True
        if self.whole is not None and self.whole.revision == snapshot.revision:
            return False
        self.whole = snapshot
        self._report(Event(what="in-force", text="an Envoy has taken all of it", revision=snapshot.revision))
        return True

    @property
    def remembered(self) -> Remembered:
        """What is to survive a restart."""
        parts = tuple(self._refused)
        if self.whole is None:
            return Remembered(parts=parts)
        return Remembered(revision=self.whole.revision, configuration=self.whole.configuration, parts=parts)


def _missing(snapshot: Snapshot) -> str:
    """Files of Secrets that are not there, for people."""
    missing = sorted(path for path, stamp in snapshot.files.items() if stamp is None)
    if not missing:
        return ""
    return f", without {', '.join(missing[:5])}" + (", …" if len(missing) > 5 else "")
