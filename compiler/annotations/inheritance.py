"""What a canary takes from its base: everything but its backend, its header changes and its own conditions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from compiler.annotations.relations import ANNOTATION_NO_EFFECT
from compiler.diagnostics import Note

if TYPE_CHECKING:
    from collections.abc import Iterator

    from compiler.annotations.ingress import IngressAnnotations
    from compiler.diagnostics import Diagnostics, Origin


def report_ignored(
    canary: IngressAnnotations, base: IngressAnnotations, base_origin: Origin, findings: Diagnostics
) -> None:
    """Report the settings of a canary that its base decides, and decides differently.

    Settings that are the same on both are the usual copy of one Ingress, and lose nothing. `base_origin` is the place
    of the base.
    """
    decided = dict(_settings(base))
    for name, (setting, origin) in _settings(canary):
        if name not in decided or decided[name][0] != setting:
            key = str(origin.path[-1]) if origin.path else name
            at = decided[name][1] if name in decided else base_origin
            findings.add(
                ANNOTATION_NO_EFFECT,
                origin,
                key,
                "on a canary it has no effect: its base decides",
                f"delete it here, and write {key} on the base where it is wanted",
                (Note(at, "the base decides here"),),
            )


def _settings(read: IngressAnnotations) -> Iterator[tuple[str, tuple[object, Origin]]]:
    """What is said of the things that a base decides, by name, with its place."""
    if read.rewrite is not None:
        if read.rewrite.target:
            yield "rewrite-target", (read.rewrite.target, read.rewrite.target_origin)
        if read.rewrite.host:
            yield "upstream-vhost", (read.rewrite.host, read.rewrite.host_origin)
    if read.redirects is not None:
        for name, redirect in (
            ("redirect", read.redirects.target),
            ("ssl-redirect", read.redirects.https),
            ("app-root", read.redirects.app_root),
        ):
            if redirect is not None:
                yield name, (redirect, redirect.origin)
    if read.mirror is not None:
        yield "mirror", (read.mirror, read.mirror.service.origin)
    for name, policy in (
        ("default-backend", read.fallback),
        ("timeout", read.timeout),
        ("retry", read.retry),
        ("cors", read.cors),
    ):
        if policy is not None:
            yield name, (policy, policy.origin)
