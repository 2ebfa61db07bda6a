"""Does a version of fleetgate lie in a range? PEP 440, as far as `Fleet.spec.compiler` can be written.

`packaging` would do it too, but is no dependency otherwise; the tests hold this to what `packaging` says.
"""

from __future__ import annotations

import re

_VERSION = re.compile(r"([0-9]+(?:\.[0-9]+)*)(?:(a|b|rc)([0-9]+))?(?:\.post([0-9]+))?(?:\.dev([0-9]+))?")
_BOUND = re.compile(r"(==|!=|<=|>=|<|>) *([0-9]+(?:\.[0-9]+)*(?:(?:a|b|rc)[0-9]+)?)")
_PHASES = {"a": 1, "b": 2, "rc": 3}
_FINAL = 4
_LAST = 1 << 62
"""After every number."""

Key = tuple[tuple[int, ...], tuple[int, int], int, int]


def admits(bounds: str, version: str) -> bool:
    """Whether `version` lies within all of the comma-separated bounds, such as `>=0.1,<0.2`.

    Bounds are releases or pre-releases; ValueError: they or the version are none.
    """
    return all(_admits(bound.strip(), version) for bound in bounds.split(","))


def _admits(bound: str, version: str) -> bool:
    match = _BOUND.fullmatch(bound)
    if match is None:
        raise ValueError(f"not a bound: {bound!r}")
    operator, limit_text = match.groups()
    own, limit = _key(version), _key(limit_text)
    if operator == "<":
        # 0.2rc1 is no version below 0.2 for anybody who writes <0.2
        return own < limit and not (_is_pre(own) and not _is_pre(limit) and own[0] == limit[0])
    if operator == ">":
        # likewise 0.2.post1 is not above 0.2
        return own > limit and not (own[2] >= 0 and own[:2] == limit[:2])
    return {"==": own == limit, "!=": own != limit, "<=": own <= limit, ">=": own >= limit}[operator]


def _is_pre(key: Key) -> bool:
    return key[1] < (_FINAL, 0) or key[3] != _LAST


def _key(text: str) -> Key:
    """Sorts versions: release without trailing zeros, pre-release phase, post-release, development release."""
    match = _VERSION.fullmatch(text)
    if match is None:
        raise ValueError(f"not a version: {text!r}")
    numbers, phase, pre, post, dev = match.groups()
    release = [int(part) for part in numbers.split(".")]
    while len(release) > 1 and release[-1] == 0:
        release.pop()
    if phase is not None:
        stage = (_PHASES[phase], int(pre))
    else:
        # a development release of a final version comes before all its pre-releases
        stage = (0, 0) if dev is not None and post is None else (_FINAL, 0)
    return (tuple(release), stage, -1 if post is None else int(post), _LAST if dev is None else int(dev))
