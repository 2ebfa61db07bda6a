"""Rate limits: token buckets of a virtual host, one per rule, however many routes the rule became.

A route names the buckets of its rule in its metadata. Without a service that counts for all replicas, a limit for the
whole gateway is divided among them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from compiler.ir.traffic import DirectResponse, Redirect
from compiler.targets.envoy import extensions as ext
from compiler.targets.envoy.answers import LIMITED, has_scheme

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from compiler.ir.traffic import GlobalLimit, LocalLimit, Policies

Plain = dict[str, Any]

METADATA = "fleetgate"
KINDS = ("local", "global")
_ALWAYS = {"default_value": {"numerator": 100, "denominator": "HUNDRED"}}
_MOST = 4_294_967_295


def local_bucket(limit: LocalLimit) -> Plain:
    """Per replica, as declared."""
    return _bucket(limit.burst, limit.requests, f"{limit.unit_s}s")


def global_bucket(limit: GlobalLimit, instances: int) -> Plain:
    """A replica's part of a limit of the whole gateway: all replicas together never let more pass."""
    size = part(limit.requests_per_second, instances)
    return _bucket(size, size, "1s")


def part(whole: int, instances: int) -> int:
    """What one of several replicas admits."""
    return max(1, whole // instances) if whole else 0


def shut(policies: Policies) -> DirectResponse | Redirect | None:
    """The answer to every request of a rule with a limit of 0: Envoy knows no bucket that stays empty."""
    if policies.global_limit is not None and not policies.global_limit.requests_per_second:
        said = policies.global_limit.rejection
        if said.redirect:
            return Redirect(302, *_parts(said.redirect))
        return DirectResponse(said.status, said.body, said.content_type)
    if policies.local_limit is not None and not policies.local_limit.requests:
        return DirectResponse(429, "local_rate_limited")
    return None


def _parts(url: str) -> tuple[str, str, int | None, str]:
    """Scheme ("" = that of the request), host, port and path of a URL."""
    scheme, _, rest = url.partition("://") if has_scheme(url) else ("", "", url)
    host = rest[: min((at for at in map(rest.find, "/?") if at >= 0), default=len(rest))]
    path = rest[len(host) :]
    name, _, port = host.partition(":")
    return scheme, name, int(port) if port else None, path if path.startswith("/") else f"/{path}"


def _bucket(size: int, refill: int, interval: str) -> Plain:
    return {"max_tokens": size, "tokens_per_fill": refill, "fill_interval": interval}


def buckets_of(buckets: Mapping[tuple[str, str], Plain]) -> Plain:
    """The setting of a virtual host. `buckets`: (kind, rule) -> bucket."""
    return {
        "@type": ext.LOCAL_LIMIT,
        "stat_prefix": "limit",
        "filter_enabled": _ALWAYS,
        "filter_enforced": _ALWAYS,
        "always_consume_default_token_bucket": False,
        "token_bucket": _bucket(_MOST, _MOST, "1s"),
        "response_headers_to_add": [
            {"header": {"key": LIMITED, "value": "1"}, "append_action": "OVERWRITE_IF_EXISTS_OR_ADD"}
        ],
        "rate_limits": [{"actions": [_action(kind)]} for kind in sorted({kind for kind, _ in buckets})],
        "descriptors": [
            {"entries": [{"key": kind, "value": rule}], "token_bucket": buckets[kind, rule]}
            for kind, rule in sorted(buckets)
        ],
    }


def in_flight_filter(name: str, requests: int) -> Plain:
    """A filter that counts the requests in flight of one rule, over all workers; off, until a route wants it.

    Envoy's filter looks for a limit by itself, between a lowest and a highest one: where both are equal, it keeps it.
    """
    return {
        "name": name,
        "disabled": True,
        "typed_config": {
            "@type": ext.IN_FLIGHT,
            "gradient_controller_config": {
                "concurrency_limit_params": {
                    "max_concurrency_limit": requests,
                    "concurrency_update_interval": "3600s",
                },
                "min_rtt_calc_params": {"fixed_value": "3600s", "min_concurrency": requests},
            },
            "concurrency_limit_exceeded_status": {"code": "TooManyRequests"},
        },
    }


def _action(kind: str) -> Plain:
    """The bucket that the metadata of the route names."""
    key = {"key": METADATA, "path": [{"key": kind}]}
    return {"metadata": {"descriptor_key": kind, "metadata_key": key, "source": "ROUTE_ENTRY", "skip_if_absent": True}}


def metadata(kinds: Iterable[str], rule: str) -> Plain:
    """Of a route: which buckets its requests are counted in."""
    return {"filter_metadata": {METADATA: dict.fromkeys(sorted(kinds), rule)}}
