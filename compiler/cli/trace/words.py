"""Routes, conditions and policies in few words."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from compiler.diagnostics import Origin
    from compiler.ir.traffic import (
        Backend,
        ConcurrencyLimit,
        GlobalLimit,
        HeaderControl,
        LocalLimit,
        Match,
        Policies,
        Rewrite,
    )
    from compiler.trace.conditions import Miss
    from compiler.trace.outcome import Trace

LONGEST = 60
"""Characters of a value that are shown."""


def short(text: str) -> str:
    """A value, cut where it is long."""
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 3]}..."


def path_of(match: Match) -> str:
    """`prefix /cart`."""
    path = match.path
    return f"{path.kind} {path.value}" + (" (any case)" if path.ignore_case else "")


def conditions_of(match: Match) -> str:
    """`header x-stage = trial, cookie beta = always`; "" where only the path counts."""
    told = [f"method {' or '.join(match.methods)}"] if match.methods else []
    for part, conditions in (("header", match.headers), ("query", match.query), ("cookie", match.cookies)):
        told += [f"{part} {condition.name} {_wanted(condition.kind, condition.value)}" for condition in conditions]
    return ", ".join(told)


_VERBS = {"exact": "=", "prefix": "begins with", "regex": "~"}


def _wanted(kind: str, value: str) -> str:
    return f"{_VERBS[kind]} {short(value)}"


def miss(missed: Miss) -> str:
    """`header x-stage: wanted = trial, got blue`."""
    if missed.part == "path":
        return "other path"
    got = " and ".join(short(value) or "nothing" for value in missed.got) or "none"
    if missed.part == "method":
        return f"method: wanted {missed.wanted}, got {got}"
    return f"{missed.part} {missed.name}: wanted {_wanted(missed.kind, missed.wanted)}, got {got}"


def backend(to: Backend) -> str:
    """`shop/cart:80 (subset canary)`."""
    return f"{to.service}:{to.port or to.port_name}" + (f" (subset {to.subset.name})" if to.subset is not None else "")


def policies(found: Trace) -> Iterator[tuple[str, str, Origin]]:
    """What else happens to requests of the winner: name, words, place. Those that shape the answer already told
    (redirects, access lists, credentials) too, because they hold for the next request as well.
    """
    said = found.policies
    if said is not None:
        yield from _gates(found, said)
        yield from _limits(said)
        yield from _changes(said)
        yield from _attempts(said)


def _gates(found: Trace, said: Policies) -> Iterator[tuple[str, str, Origin]]:
    """Who may pass."""
    if said.https is not None:
        yield "https", f"plain HTTP is redirected ({said.https.status})", said.https.origin
    if found.access is not None:
        kind = "only" if found.access.kind == "allow" else "all but"
        yield "addresses", f"{kind} {short(', '.join(found.access.ranges))}, else 403", found.access.origin
    if said.auth is not None:
        yield "credentials", f"HTTP basic, users in Secret {said.auth.secret}, else 401", said.auth.origin
    if found.tls is not None:
        low, high = found.tls.min_version, found.tls.max_version
        words = [f"at least {low}"] if low else []
        words += [f"at most {high}"] if high else []
        words += [f"client certificate by {found.tls.client_ca}"] if found.tls.client_ca is not None else []
        words += ["chosen ciphers"] if found.tls.ciphers else []
        yield "tls", ", ".join(words), found.tls.origin


def _changes(said: Policies) -> Iterator[tuple[str, str, Origin]]:
    """What becomes of request and response."""
    if said.cors is not None:
        yield "cors", f"for {short(', '.join(said.cors.allow_origins))}", said.cors.origin
    if said.rewrite is not None:
        yield "rewrite", _rewrite(said.rewrite), said.rewrite.origin
    if said.wasm is not None:
        yield "wasm", "a plug-in", said.wasm.origin


def _attempts(said: Policies) -> Iterator[tuple[str, str, Origin]]:
    """How the backend is asked."""
    if said.timeout is not None:
        yield "timeout", f"{said.timeout.seconds} s, else 504", said.timeout.origin
    if said.retry is not None:
        retry = said.retry
        words = [{0: "never", 1: "1 try"}.get(retry.attempts, f"{retry.attempts} tries")]
        words += [f"on {', '.join(retry.written or retry.conditions)}"] if retry.attempts else []
        words += [f"{retry.try_timeout_s} s each"] if retry.attempts and retry.try_timeout_s else []
        yield "retry", ", ".join(words), retry.origin
    if said.mirror is not None:
        yield "mirror", f"{said.mirror.percent} % copied to {backend(said.mirror.backend)}", said.mirror.origin
    if said.errors is not None:
        statuses = ", ".join(map(str, said.errors.statuses))
        yield "errors", f"{statuses} of the backend: once more, to the fallback", said.errors.origin


def _limits(said: Policies) -> Iterator[tuple[str, str, Origin]]:
    local: LocalLimit | None = said.local_limit
    if local is not None:
        unit = "second" if local.unit_s == 1 else "minute"
        yield "limit", f"{local.requests} a {unit} per gateway replica, bursts of {local.burst}", local.origin
    overall: GlobalLimit | None = said.global_limit
    if overall is not None:
        yield "limit", f"{overall.requests_per_second} a second, else {_rejected(overall)}", overall.origin
    flying: ConcurrencyLimit | None = said.concurrency
    if flying is not None:
        yield "limit", f"{flying.requests} at a time, else {_rejected(flying)}", flying.origin


def _rejected(limit: GlobalLimit | ConcurrencyLimit) -> str:
    return f"302 to {short(limit.rejection.redirect)}" if limit.rejection.redirect else str(limit.rejection.status)


def _rewrite(rewrite: Rewrite) -> str:
    told = {
        "": [],
        "full": [f"the path becomes {rewrite.path}"],
        "prefix": [f"the matched prefix becomes {rewrite.path}"],
        "regex": [f"the path becomes {rewrite.path}"],
    }[rewrite.kind]
    return ", ".join([*told, *([f"the Host becomes {rewrite.host}"] if rewrite.host else [])])


def header_changes(control: HeaderControl) -> Iterator[str]:
    """`request: x-stage = blue`, in the order in which they are applied."""
    for where in ("request", "response"):
        for verb, sign in (("set", "="), ("add", "+=")):
            for name, value in getattr(control, f"{where}_{verb}"):
                yield f"{where} {name} {sign} {short(value)}"
        for name in getattr(control, f"{where}_remove"):
            yield f"{where} without {name}"
