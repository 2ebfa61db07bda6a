"""What belongs to a whole host, in the words of MSE.

It stands on every Ingress of the host that is no canary, and is equal on all of them: whichever MSE takes for the first
one, and whether it reads a setting per host or per Ingress, comes out the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from compiler.ir.delivery import TLS_DEFAULTS
from compiler.targets.mse.guards import access
from compiler.targets.mse.keys import MSE, NGINX, Pairs

if TYPE_CHECKING:
    from compiler.ir.traffic import Route, TlsSettings, VirtualHost


def host_settings(host: VirtualHost, route: Route) -> Pairs:
    """Client TLS, list of client addresses, aliases; a route with a list of its own leaves that of the host."""
    pairs: Pairs = []
    if host.tls_settings is not None:
        pairs += client_tls(host.tls_settings)
    if host.access is not None and route.policies.access is None:
        pairs.append(access(host.access, "domain-"))
    if host.aliases:
        pairs.append((f"{NGINX}server-alias", ",".join(host.aliases)))
    return pairs


def client_tls(written: TlsSettings) -> Pairs:
    """Versions, suites, CA of clients; what MSE offers anyway is left out."""
    pairs: Pairs = []
    if written.min_version not in (None, TLS_DEFAULTS.min_version):
        pairs.append((f"{MSE}tls-min-protocol-version", str(written.min_version)))
    if written.max_version not in (None, TLS_DEFAULTS.max_version):
        pairs.append((f"{MSE}tls-max-protocol-version", str(written.max_version)))
    if names_ciphers(written):
        # the annotation reference says commas; its sibling's pages say colons, see the finding mse-ciphers
        pairs.append((f"{NGINX}ssl-cipher", ",".join(written.ciphers)))
    if written.client_ca is not None:
        # the reference shows this one under MSE's prefix alone
        pairs.append((f"{MSE}auth-tls-secret", str(written.client_ca)))
    return pairs


def names_ciphers(written: TlsSettings) -> bool:
    """Whether suites have to be said: MSE's own are left out."""
    return bool(written.ciphers) and written.ciphers != TLS_DEFAULTS.ciphers
