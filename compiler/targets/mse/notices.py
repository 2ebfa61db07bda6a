"""What this MSE gateway does otherwise than the program says, or what nobody can be sure of; once per Ingress."""

from __future__ import annotations

from typing import TYPE_CHECKING

from compiler.diagnostics import Note
from compiler.targets.mse.codes import MSE_CIPHERS, MSE_LIMIT_STATUS, MSE_ORIGIN, MSE_RETRY, MSE_WASM
from compiler.targets.mse.host import names_ciphers

if TYPE_CHECKING:
    from compiler.diagnostics import Code, Diagnostics, Origin
    from compiler.ir.delivery import MseGateway
    from compiler.ir.traffic import LocalLimit, ObjectName, Policies, Route, VirtualHost

LIMIT_STATUS_SINCE = (1, 2, 23)
"""First version that answers 429, and not 503, beyond a local limit (MSE annotation reference)."""


class Notices:
    """Tells them, each once per Ingress that asks for it."""

    def __init__(self, settings: MseGateway, findings: Diagnostics) -> None:
        self._settings = settings
        self._findings = findings
        self._told: set[tuple[str, ObjectName | None]] = set()

    def host(self, host: VirtualHost) -> None:
        """Of what belongs to the host as a whole: suites that MSE may take for one name."""
        settings = host.tls_settings
        if settings is not None and names_ciphers(settings) and len(settings.ciphers) > 1:
            self._once(
                MSE_CIPHERS,
                settings.owner,
                settings.origin,
                ",".join(settings.ciphers),
                "one page of MSE separates suites by commas, another one and the code of its kin by colons: a gateway "
                "that wants colons knows none of these, and offers its own suites in silence",
                "look with a TLS client which suites the gateway offers, and accept this finding in the Fleet",
            )

    def route(self, route: Route) -> None:
        """Of a route: the status beyond a limit, and plug-ins that no reference knows."""
        owner = route.base or route.owner
        version, limit, plugin = self._settings.version, route.policies.local_limit, route.policies.wasm
        self._cors_and_retry(owner, route.policies)
        if limit is not None and version is not None and version < LIMIT_STATUS_SINCE:
            self._limit(owner, limit, ".".join(map(str, version)))
        if plugin is not None:
            self._once(
                MSE_WASM,
                owner,
                plugin.origin,
                plugin.config,
                "no reference of MSE knows wasmplugin, only a guide for moves from ingress-nginx: nobody can check it",
                "try it on the gateway and accept this finding in the Fleet, or set the plug-in up in the gateway",
            )

    def _cors_and_retry(self, owner: ObjectName, policies: Policies) -> None:
        """Words of an author that MSE passes over."""
        retry, cors = policies.retry, policies.cors
        if retry is not None and retry.non_idempotent:
            self._once(
                MSE_RETRY,
                owner,
                retry.origin,
                "non_idempotent",
                "MSE hands it on without effect, so it changes nothing there",
                "delete the word, or accept this finding in the Fleet",
            )
        wild = [origin for origin in cors.allow_origins if "//*." in origin] if cors is not None else []
        if cors is not None and wild:
            domain = wild[0].partition("//*.")[2]
            self._once(
                MSE_ORIGIN,
                owner,
                cors.origins_place,
                ",".join(wild),
                f"MSE compares the end of the host alone, so http://any.{domain} may call as well as https://any.{domain}",
                "list the origins that are meant, or accept this finding in the Fleet",
            )

    def _limit(self, owner: ObjectName, limit: LocalLimit, version: str) -> None:
        self._once(
            MSE_LIMIT_STATUS,
            owner,
            limit.origin,
            f"{limit.requests} requests a {'minute' if limit.unit_s == 60 else 'second'}",
            f"this gateway states {version}, and answers 503 beyond the limit; 429 came with 1.2.23",
            "upgrade the gateway, or let clients treat 503 like 429",
        )

    def _once(self, code: Code, owner: ObjectName | None, origin: Origin, value: str, why: str, fix: str) -> None:
        if (code.name, owner) not in self._told:
            self._told.add((code.name, owner))
            self._findings.add(code, origin, value, why, fix, (Note(self._settings.origin, "the gateway"),))
