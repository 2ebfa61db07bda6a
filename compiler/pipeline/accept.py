"""Findings that the Fleet accepts on purpose: taken out of the list, never forgotten."""

from __future__ import annotations

from typing import TYPE_CHECKING

from compiler.diagnostics import Code, Severity, error, warning
from compiler.source.globs import match_glob

if TYPE_CHECKING:
    from collections.abc import Iterable

    from compiler.diagnostics import Diagnostic, Diagnostics
    from compiler.lower.world import Sourced
    from compiler.model.fleet import Acceptance, Fleet
    from compiler.model.traffic import TrafficPin

ACCEPT_UNUSED = warning(
    "accept-unused",
    "an accepted finding that no longer occurs",
    "The Fleet accepts findings by code and file (`spec.accept`). This entry matches none: what it accepted is mended, "
    "or the path is wrong. Delete it, so that a later finding of the kind is seen.",
)
ACCEPT_ERROR = error(
    "accept-error",
    "a finding that can't be accepted",
    "Only warnings can be accepted: an error means that something can't be compiled faithfully. The entry names the "
    "code of an error, or no code at all.",
)
ACCEPT_EXPIRED = warning(
    "accept-expired",
    "an acceptance or a pin that has run out",
    "`until` of an accepted finding or of a TrafficPin lies before the date given with --as-of. fleetgate never looks "
    "at the clock by itself: compiling the same tree gives the same result on any day.",
)
CODES: tuple[Code, ...] = (ACCEPT_UNUSED, ACCEPT_ERROR, ACCEPT_EXPIRED)


def accept(
    found: Iterable[Diagnostic], fleet: Sourced[Fleet], findings: Diagnostics, as_of: str | None
) -> tuple[list[Diagnostic], list[Diagnostic]]:
    """(what stays, what is accepted). Entries that are wrong, unused or run out become findings."""
    entries = fleet.value.spec.accept
    if not entries:
        return list(found), []
    used = [False] * len(entries)
    stays, accepted = [], []
    all_found = list(found)
    for finding in all_found:
        for index, entry in enumerate(entries):
            if (
                entry.code == finding.code.name
                and finding.code.severity is Severity.WARNING
                and not (as_of and entry.until and entry.until < as_of)
                and (entry.where == finding.origin.file or match_glob("", entry.where, [finding.origin.file]))
            ):
                used[index] = True
                accepted.append(finding)
                break
        else:
            stays.append(finding)
    wrong = sorted({f.origin.file for f in all_found if f.code.severity is Severity.ERROR})
    _check_entries(fleet, used, wrong, findings, as_of)
    return stays, accepted


def _is_unclear(entry: Acceptance, wrong: list[str]) -> bool:
    """Whether what an entry accepts may only be hidden by errors, which stand in files `wrong`."""
    if not wrong:
        return False
    from compiler.targets import argocd, envoy, mse  # noqa: PLC0415 - only beside errors

    # targets see programs without errors alone
    is_late = any(code.name == entry.code for code in (*mse.CODES, *envoy.CODES, *argocd.CODES))
    return is_late or bool(match_glob("", entry.where, wrong))


def _check_entries(
    fleet: Sourced[Fleet], used: list[bool], wrong: list[str], findings: Diagnostics, as_of: str | None
) -> None:
    for index, entry in enumerate(fleet.value.spec.accept):
        if used[index]:
            continue
        place = fleet.origin.at("spec", "accept", index)
        severity = _severity(entry.code)
        if severity is not Severity.WARNING:
            findings.add(
                ACCEPT_ERROR,
                place.at("code"),
                entry.code,
                "this is an error, and only warnings can be accepted" if severity else "no finding has this code",
                "mend what it reports" if severity else "name the code that stands in brackets in the finding",
            )
        elif as_of and entry.until and entry.until < as_of:
            findings.add(
                ACCEPT_EXPIRED,
                place.at("until"),
                entry.until,
                f"this acceptance ended before {as_of}",
                "mend what it accepts, or accept it anew with a later date",
            )
        elif not _is_unclear(entry, wrong):
            findings.add(
                ACCEPT_UNUSED,
                place.at("where"),
                f"{entry.code} in {entry.where}",
                "no finding matches this entry",
                "delete it, or mend the path",
            )


def _severity(name: str) -> Severity | None:
    """What findings of this code are; None where there is no such code."""
    from compiler.pipeline.codes import CODES as EVERY  # noqa: PLC0415 - imports every room; an entry in use has a code

    return next((code.severity for code in EVERY if code.name == name), None)


def check_pin_dates(pins: Iterable[Sourced[TrafficPin]], findings: Diagnostics, as_of: str | None) -> None:
    """Report TrafficPins that ended before `as_of`."""
    if as_of is None:
        return
    for pin in pins:
        if pin.value.spec.until[:10] < as_of:
            findings.add(
                ACCEPT_EXPIRED,
                pin.origin.at("spec", "until"),
                pin.value.spec.until,
                f"this pin ended before {as_of}",
                "delete the pin, or give it a later end",
            )
