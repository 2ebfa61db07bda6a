"""What is left of a document with mistakes, so that one mistake does not hide the next.

Every wrong part is taken out or replaced by a stand-in that the decoder accepts; the rules of `compiler.model.validate`
then run over the result. What they find is reported unless it rests on a mended place: that would follow from the
first mistake.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from compiler.diagnostics import Diagnostic, PathStep
    from compiler.model.base import Document
    from compiler.model.problems import Problem


def mended(data: dict[str, Any], struct: type[Document], found: Iterable[Problem]) -> Document | None:
    """The document with stand-ins for its mistakes; None where there is no telling what it was meant to be."""
    copy = _copy(data)
    emptied: list[tuple[dict[str, Any], Any]] = []
    # inner places first, so that each is still where it was; and a key that goes takes its value along
    for problem in sorted(found, key=lambda p: (-len(p.target), p.deletes)):
        *parents, last = problem.target
        place = copy
        for step in parents:
            place = place[step]
        if not problem.deletes:
            place[last] = problem.stand_in
            continue
        value = place.pop(last)
        if not place:
            emptied.append((place, value))
    made = _made(copy, struct)
    if made is None and emptied:
        # a mapping of somebody's own keys may have to have one
        for place, value in emptied:
            place["x"] = value
        made = _made(copy, struct)
    return made


def _made(data: dict[str, Any], struct: type[Document]) -> Document | None:
    try:
        return msgspec.convert(data, struct)
    except msgspec.ValidationError:
        return None


def independent(findings: Iterable[Diagnostic], mistakes: Sequence[Problem]) -> Iterator[Diagnostic]:
    """Those findings that do not rest on a mended place: it is not above, at or below their places and notes."""
    touched = {place for problem in mistakes for place in (problem.target, problem.meant) if place is not None}
    above = {beginning for place in touched for beginning in _beginnings(place)}
    for finding in findings:
        places = [finding.origin.path, *(note.origin.path for note in finding.notes)]
        if not any(place in above or not touched.isdisjoint(_beginnings(place)) for place in places):
            yield finding


def _beginnings(place: tuple[PathStep, ...]) -> Iterator[tuple[PathStep, ...]]:
    """A place and all that it lies in."""
    return (place[:length] for length in range(len(place) + 1))


def _copy(data: Any) -> Any:
    if isinstance(data, dict):
        return {key: _copy(value) for key, value in data.items()}
    return [_copy(item) for item in data] if isinstance(data, list) else data
