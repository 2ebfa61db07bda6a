"""Which configuration is served: the newest complete one, until an Envoy refuses it; then the last good one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from msgspec import Struct

from compiler.gateway.snapshot import SECRETS
from compiler.gateway.source import NotUsableError
from compiler.gateway.state import Remembered

if TYPE_CHECKING:
    from collections.abc import Callable

    from compiler.gateway.session import Refusal
    from compiler.gateway.snapshot import Builder, Snapshot
    from compiler.gateway.source import Configuration, Source


class Event(Struct, frozen=True, kw_only=True):
    """Something that happened, for people and logs."""

    what: Literal["serving", "in-force", "refused", "not-usable", "connected", "disconnected", "not-saved", "slow"]
    text: str
    revision: str = ""


class Status(Struct, frozen=True, kw_only=True, rename="camel"):
    """What the server says of itself."""

    gateway: str
    revision: str
    """Of the configuration that is served; "" = there is none yet."""
    in_force: str
    """Revision that an Envoy has taken last; "" = none yet."""
    refused: str
    """Revision that was refused and not replaced since; "" = none."""
    reason: str
    """Why it was refused, or why what is there can't be used; "" = all is well."""
    envoys: int
    """Connected now."""


class Serving:
    """Follows a source. `wanted` is what every Envoy is to have."""

    def __init__(
        self, source: Source, builder: Builder, remembered: Remembered, report: Callable[[Event], None]
    ) -> None:
        self.wanted: Snapshot | None = None
        self.good: Snapshot | None = None
        self.refused = remembered.refused
        self.reason = ""
        self._source = source
        self._builder = builder
        self._report = report
        if remembered.configuration is not None:
            self._recall(remembered.configuration)

    def _recall(self, configuration: Configuration) -> None:
        try:
            self.wanted = self.good = self._builder.build(configuration)
        except NotUsableError as why:
            self._complain(f"what was remembered: {why}")
        else:
            self._report(Event(what="serving", text="the last good configuration", revision=self.wanted.revision))

    def follow(self) -> bool:
        """Look at the source; whether something else is wanted now."""
        try:
            found = self._source.poll()
            if found is None or (self.wanted is not None and found.revision == self.wanted.revision):
                return self._look_at_secrets()
            if found.revision == self.refused:
                self._report(Event(what="refused", text="it was refused before", revision=found.revision))
                return False
            snapshot = self._builder.build(found)
        except NotUsableError as why:
            self._complain(str(why))
            return False
        self.wanted, self.reason, self.refused = snapshot, "", ""
        self._report(Event(what="serving", text=f"a new configuration{_missing(snapshot)}", revision=snapshot.revision))
        return True

    def _look_at_secrets(self) -> bool:
        """Take in Secrets that have changed; whether there are any."""
        if self.wanted is None or not self._builder.is_outdated(self.wanted):
            return False
        self.wanted = self._builder.build(self.wanted.configuration)
        self._report(Event(what="serving", text=f"other Secrets{_missing(self.wanted)}", revision=self.wanted.revision))
        return True

    def _complain(self, why: str) -> None:
        self.reason = why
        self._report(Event(what="not-usable", text=why))

    def refuse(self, refusal: Refusal) -> bool:
        """An Envoy refused something; whether something else is wanted now."""
        names = ", ".join(refusal.names[:5]) + (", …" if len(refusal.names) > 5 else "")
        kind = refusal.kind.rpartition(".")[2]
        self.refused, self.reason = refusal.revision, f"{kind} ({names}): {refusal.reason}"
        self._report(Event(what="refused", text=self.reason, revision=refusal.revision))
        if refusal.kind in SECRETS:  # only what uses it does without
            self.refused = ""
            return False
        if self.good is None or self.wanted is None or self.wanted.revision != refusal.revision:
            return False
        if self.good.revision == refusal.revision:
            return False
        self.wanted = self.good
        self._report(Event(what="serving", text="the last good configuration", revision=self.good.revision))
        return True

    def accept(self, snapshot: Snapshot) -> bool:
        """An Envoy has everything of a snapshot; whether that is news, and so to be remembered."""
        if self.good is not None and self.good.revision == snapshot.revision:
            return False
        self.good = snapshot
        self._report(Event(what="in-force", text="an Envoy has taken all of it", revision=snapshot.revision))
        return True

    @property
    def remembered(self) -> Remembered:
        """What is to survive a restart."""
        if self.good is None:
            return Remembered(refused=self.refused)
        return Remembered(revision=self.good.revision, configuration=self.good.configuration, refused=self.refused)


def _missing(snapshot: Snapshot) -> str:
    """Files of Secrets that are not there, for people."""
    missing = sorted(path for path, stamp in snapshot.files.items() if stamp is None)
    if not missing:
        return ""
    return f", without {', '.join(missing[:5])}" + (", …" if len(missing) > 5 else "")
