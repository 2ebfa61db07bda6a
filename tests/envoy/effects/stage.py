"""Runs the cases of a family in one Envoy, and tells what was not seen."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from tests.envoy.compiled import ENVOY, Gateway, Pods
from tests.envoy.effects.case import Side, variants
from tests.small_fleet import compiled, fleet

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from pathlib import Path

    from compiler.diagnostics import Diagnostic
    from tests.envoy.effects.case import Case, Effects, Variant
    from tests.small_fleet import Document

CLUSTERS = ("a", "b", "c")
THREADS = 8
"""Most cases wait more than they work."""


def unseen(effects: Effects, folder: Path, network: str) -> list[str]:
    """What is not as the cases of a family say, in words; none = all effects were seen, and absent without.

    `network`: the beginning of a loopback network, `127.x.y`.
    """
    secrets = folder / "secrets"
    secrets.mkdir()
    sides = {case.name: [Side(case, variant, secrets) for variant in variants(case)] for case in effects.cases}
    pods = Pods(network)
    documents = _fleet(effects, secrets)
    for case in effects.cases:
        for side in sides[case.name]:
            if case.prepare is not None:
                case.prepare(side)
            documents += side.documents(pods)
    gateway = Gateway(documents, pods, folder)
    found = [text for case in effects.cases for text in _findings(case, sides[case.name], gateway.findings)]
    lock = threading.Lock()
    with gateway, ThreadPoolExecutor(THREADS) as threads:
        for each in sides.values():
            for side in each:
                side.attach(gateway, lock)
        for text in threads.map(lambda case: _look(case, sides[case.name]), effects.cases):
            found += text
        found += [f"Envoy refused an update: {name}" for name in gateway.envoy.rejected_updates()]
    return found


def unrefused(effects: Effects, folder: Path) -> list[str]:
    """Annotations that should be refused and are not, or are without a reason, in words."""
    found = []
    for refusal in effects.refusals:
        for variant in variants(refusal):
            side = Side(refusal, variant, folder)
            pods = Pods("127.0.0")
            documents = [*_fleet(effects, folder), *side.documents(pods)]
            codes = set(compiled([*documents, *pods.slices]).codes)
            if (refusal.code in codes) != side.is_with:
                found.append(f"{refusal.name}, {variant}: the findings are {sorted(codes)}, {refusal.code} is meant")
    return found


def _fleet(effects: Effects, secrets: Path) -> list[Document]:
    gateway = {**ENVOY, **effects.gateway}
    gateway["envoy"] = {"secretsFolder": str(secrets), **gateway.get("envoy", {})}
    return fleet(*CLUSTERS, gateway=gateway, **effects.fleet)


def _findings(case: Case, sides: Sequence[Side], findings: Sequence[Diagnostic]) -> list[str]:
    """Where annotations bring other findings than those that are named, in words."""
    codes = {side.variant: _codes(side, findings) for side in sides}
    return [
        f"{case.name}, {variant}: the annotations bring {sorted(brought)}, and {sorted(case.findings)} is meant"
        for variant, brought in _brought(codes).items()
        if brought != set(case.findings)
    ]


def _brought(codes: Mapping[Variant, Collection[str]]) -> dict[Variant, set[str]]:
    return {each: set(found) - set(codes["without"]) for each, found in codes.items() if each != "without"}


def _codes(side: Side, findings: Sequence[Diagnostic]) -> set[str]:
    return {f.code.name for f in findings if f.origin.file == f"{side.namespace}.yaml"}


def _look(case: Case, sides: Sequence[Side]) -> list[str]:
    found = []
    for side in sides:
        wanted = case.seen if side.is_with else case.otherwise
        try:
            got = case.see(side)
        except Exception as error:  # noqa: BLE001 - one case that breaks hides no other
            found.append(f"{case.name}, {side.variant}: {error!r}")
            continue
        if got != wanted:
            found.append(f"{case.name}, {side.variant}: seen {got!r}, meant {wanted!r}")
    return found
