"""What annotations of one Ingress need of each other: requirements, effects that are lost, contradictions.

All of it is data of the annotations themselves; nothing here knows a name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from compiler.annotations.values import is_off
from compiler.diagnostics import Note, error, warning

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from collections.abc import Set as AbstractSet

    from compiler.annotations.family import Annotation, Value
    from compiler.diagnostics import Diagnostics

ANNOTATION_REQUIRES = error(
    "annotation-requires",
    "an annotation lacks another one without which it means nothing",
    """\
Some annotations only shape what another one switches on: `canary-weight` says how large a canary is, and `canary` that
there is one. MSE ignores such an annotation when the other is missing, and the Ingress then does something else than
its author believes.

Add the missing annotation to the same Ingress, or delete the one that needs it.""",
)

ANNOTATION_NO_EFFECT = warning(
    "annotation-no-effect",
    "an annotation has no effect beside another one",
    """\
Where two annotations of an Ingress decide the same thing, MSE has an order: a header canary ignores its weight, a
temporary redirect hides a permanent one. And settings below a switch that is off (`canary: "false"`,
`enable-cors: "false"`) do nothing. fleetgate follows that order and says what is lost.

Delete the annotation that has no effect, or the one that takes its effect away.""",
)

ANNOTATION_CONFLICT = error(
    "annotation-conflict",
    "two annotations of an Ingress contradict each other",
    """\
No documentation says which of the two wins, so whatever the gateway does would be a surprise to somebody.

Keep one of the two.""",
)


def settle(
    annotations: Mapping[str, Annotation], values: dict[str, Value], broken: AbstractSet[str], findings: Diagnostics
) -> None:
    """Report what does not go together, and remove from `values` what has no effect.

    `annotations` holds the declaration of every name in `values`. Requirements are closed: what an annotation's
    requirement requires, the annotation requires too. `broken` are names that were written, and refused before:
    what requires them goes without another finding.
    """
    if not broken and _are_settled(annotations, values):
        return
    for name in [name for name in values if not broken.isdisjoint(_required(annotations[name]))]:
        del values[name]
    _remove_unfounded(annotations, values, findings)
    _remove_switched_off(annotations, values, findings)
    _remove_overridden(annotations, values, findings)
    _tell_of_other_routes(annotations, values, findings)
    _remove_contradictory(annotations, values, findings)


def alternatives(requirement: str) -> tuple[str, ...]:
    """The names of which a requirement (`a` or `a | b`) wants one."""
    return tuple(name.strip() for name in requirement.split("|"))


def _are_settled(annotations: Mapping[str, Annotation], values: Mapping[str, Value]) -> bool:
    """Whether there is plainly nothing to report: the common case, decided in one pass."""
    for name in values:
        annotation = annotations[name]
        for other in annotation.requires:
            if other not in values or is_off(values[other], annotations[other].type):
                return False
        for other in annotation.overrides:
            if other in values:
                return False
        for other in annotation.excludes:
            if other in values:
                return False
    return True


def _required(annotation: Annotation) -> Iterator[str]:
    return (name for each in annotation.requires for name in alternatives(each))


def _remove_unfounded(annotations: Mapping[str, Annotation], values: dict[str, Value], findings: Diagnostics) -> None:
    """Missing requirements: one finding for all annotations that lack the same ones."""
    lacking: dict[tuple[str, ...], list[str]] = {}
    for name in sorted(values):
        wanted = annotations[name].requires
        missing = tuple(each for each in wanted if not any(other in values for other in alternatives(each)))
        if missing:
            lacking.setdefault(missing, []).append(name)
    for missing, names in lacking.items():
        # what the others build on is told first: a realm is nothing without accounts
        needed_by = {name: sum(name in _required(annotations[other]) for other in names) for name in names}
        names.sort(key=lambda name: -needed_by[name])
        first, *rest = (values.pop(name) for name in names)
        needed = " and ".join(each.replace(" | ", " or ") for each in missing)
        notes = tuple(Note(value.origin, f"{value.key} needs it too") for value in rest)
        fix = f"add {needed} to this Ingress, or delete {first.key}"
        findings.add(ANNOTATION_REQUIRES, first.origin, first.key, f"it means nothing without {needed}", fix, notes)


def _remove_switched_off(
    annotations: Mapping[str, Annotation], values: dict[str, Value], findings: Diagnostics
) -> None:
    """Settings below a switch that says no: one finding for all of them."""
    idle: dict[str, list[str]] = {}
    for name in sorted(values):
        for each in annotations[name].requires:
            found = [other for other in alternatives(each) if other in values]
            if all(is_off(values[other], annotations[other].type) for other in found):
                idle.setdefault(found[0], []).append(name)
                break
    for switch, names in idle.items():
        off = values[switch]
        first, *rest = (values.pop(name) for name in names)
        notes = (Note(off.origin, "it is switched off here"), *(Note(v.origin, f"{v.key} is lost too") for v in rest))
        why = f"it has no effect while {off.key} is {off.text.strip()}"
        findings.add(ANNOTATION_NO_EFFECT, first.origin, first.key, why, f"delete it, or switch {switch} on", notes)


def _remove_overridden(annotations: Mapping[str, Annotation], values: dict[str, Value], findings: Diagnostics) -> None:
    """Effects that another annotation takes away, and what builds on those. A switch that is off loses nothing."""
    winners: dict[str, str] = {}
    for name in sorted(values):
        for other in annotations[name].overrides:
            if other in values and _is_taken_away(annotations[name], annotations[other], values[other]):
                winners.setdefault(other, name)
    for name in sorted(values):
        for each in annotations[name].requires:
            found = [other for other in alternatives(each) if other in values]
            if all(other in winners for other in found):
                winners.setdefault(name, winners[found[0]])
    for name in sorted(winners):
        decides = winners[name]
        while decides in winners:
            decides = winners[decides]
        winner, loser = values[decides], values[name]
        findings.add(
            ANNOTATION_NO_EFFECT,
            loser.origin,
            loser.key,
            f"it has no effect beside {winner.key}",
            f"delete it, or {winner.key}",
            (Note(winner.origin, "this one decides"),),
        )
    for name in winners:
        del values[name]


def _is_taken_away(winner: Annotation, loser: Annotation, value: Value) -> bool:
    """Whether the loser has no effect at all: one that is off has none to lose, one for hosts has another elsewhere."""
    return winner.scope == loser.scope and not is_off(value, loser.type)


def _tell_of_other_routes(
    annotations: Mapping[str, Annotation], values: Mapping[str, Value], findings: Diagnostics
) -> None:
    """Settings of whole hosts that one for the routes of this Ingress overrides: other Ingresses still have them."""
    for name in sorted(values):
        for other in annotations[name].overrides:
            if other in values and annotations[name].scope != annotations[other].scope:
                winner, loser = values[name], values[other]
                findings.add(
                    ANNOTATION_NO_EFFECT,
                    loser.origin,
                    loser.key,
                    f"it has no effect on the routes of this Ingress beside {winner.key}, only on those of others",
                    f"write it on another Ingress of the host, or delete {winner.key}",
                    (Note(winner.origin, "this one decides here"),),
                )


def _remove_contradictory(
    annotations: Mapping[str, Annotation], values: dict[str, Value], findings: Diagnostics
) -> None:
    """Pairs that may not stand together: each pair is reported once, and both go. A switch that is off is no party."""
    parties = {name for name, value in values.items() if not is_off(value, annotations[name].type)}
    pairs = {
        (min(name, other), max(name, other))
        for name in parties
        for other in annotations[name].excludes
        if other in parties
    }
    for name, other in sorted(pairs):
        first, second = values[name], values[other]
        findings.add(
            ANNOTATION_CONFLICT,
            first.origin,
            first.key,
            f"it contradicts {second.key} on the same Ingress",
            f"delete one of the two: {first.key} or {second.key}",
            (Note(second.origin, f"{second.key} stands here"),),
        )
    for name in {name for pair in pairs for name in pair}:
        del values[name]
