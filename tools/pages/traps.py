"""What MSE does in silence: `docs/mse.md`, each row with the exhibits that show what is told of it."""

from __future__ import annotations

from typing import Literal, NamedTuple

from tools.pages.markdown import HEAD, cell, table

PAGE = "docs/mse.md"


class Trap(NamedTuple):
    """Something that MSE ignores, drops, cuts or decides without a word."""

    does: str
    exhibits: tuple[str, ...]
    """Folders of `tests/bad`: a code, or a code and a variant of it."""
    places: Literal[1, 2] = 2
    """1 where no second place has a part in it; else every exhibit names both."""


class Decision(NamedTuple):
    """A matter in which the documentation and the public code of the gateway's kin disagree."""

    matter: str
    documented: str
    code: str
    decided: str


TRAPS: dict[str, tuple[Trap, ...]] = {
    "Reading": (
        Trap(
            "goes on with the default, or as if nothing stood there, where a value is bad",
            ("annotation-value",),
            places=1,
        ),
        Trap(
            "reads the annotation under nginx. first, and passes over the same one under mse.",
            ("annotation-both-prefixes",),
        ),
        Trap("passes over an annotation under a prefix where it is not read", ("annotation-prefix",), places=1),
        Trap("passes over a name that it does not know", ("annotation-unknown", "annotation-foreign"), places=1),
        Trap(
            "passes over annotations that came with a later version of the gateway", ("annotation-too-new",), places=1
        ),
        Trap("takes an empty text for an annotation that is not set", ("annotation-empty",), places=1),
        Trap("passes over annotations of ingress-nginx that it does not need", ("annotation-noop",), places=1),
        Trap(
            "passes over annotations of ingress-nginx that it does not read yet, or never",
            ("annotation-unsupported",),
            places=1,
        ),
        Trap("lets one `*` swallow a whole list", ("annotation-value.list-with-star",), places=1),
        Trap(
            "ignores an annotation whose requirement is missing",
            ("annotation-requires", "annotation-requires.server-name"),
            places=1,
        ),
        Trap("ignores an annotation beside one that decides the same", ("annotation-no-effect", "annotation-conflict")),
    ),
    "Between Ingresses": (
        Trap("drops the rule of the younger Ingress where two claim a host, path and path type", ("duplicate-route",)),
        Trap(
            "takes client TLS and lists of client addresses of a host from its oldest Ingress, whole",
            ("host-setting-loses", "host-setting-shared"),
        ),
        Trap("keeps one start page (app-root) per host, and none beside an Exact rule for /", ("app-root-loses",)),
        Trap(
            "takes the settings of a Service from the oldest Ingress that has any, whole",
            ("service-setting-loses", "service-setting-shared"),
        ),
        Trap("takes one certificate per host", ("tls-conflict",)),
        Trap(
            "tries regular expressions of one length in the order in which their Ingresses were created",
            ("mse-route-order",),
        ),
    ),
    "Canaries": (
        Trap(
            "ignores a canary without a base, or with another path type",
            ("canary-without-base", "canary-without-base.path-type", "canary-without-base.pattern"),
        ),
        Trap("tries conditional canaries of a base in the order of their creation", ("overlapping-canaries",)),
        Trap("cuts the share of a canary to a whole percent", ("mse-weight.canary",)),
        Trap(
            "stretches the total where weights add up to more, and takes that of the first canary",
            ("split-weights", "canary-total"),
        ),
        Trap("gives no request to a canary of which nothing says who goes there", ("canary-no-rule",), places=1),
        Trap("takes settings of a canary from its base, whatever the canary says", ("canary-setting",)),
        Trap("redirects the requests of a canary whose base does", ("canary-of-redirect",)),
    ),
    "Backends": (
        Trap("drops a whole destination for one bad line", ("annotation-value.destination-malformed",), places=1),
        Trap(
            "takes shares of a destination that do not add up relative to their sum",
            ("annotation-value.destination-sum",),
            places=1,
        ),
        Trap("says nowhere what a canary beside a destination means", ("destination-canary",)),
        Trap("uses all pods of the Service where no pod belongs to the subset", ("empty-subset", "pin-not-placed")),
        Trap(
            "uses all pods of the Service where a pin names a cluster that does not exist",
            ("unknown-cluster-id",),
            places=1,
        ),
        Trap(
            "keeps sending to a primary that answers with errors or not at all, and returns to it without a ramp",
            ("mse-failover",),
            places=1,
        ),
        Trap("lets all clusters behind the first serve at once, whatever their tiers", ("mse-tiers",), places=1),
        Trap("serves one region, and promises nothing of clusters in another", ("mse-regions",), places=1),
        Trap(
            "ignores a default-backend that does not exist, and custom-http-errors with it",
            ("missing-backend",),
            places=1,
        ),
        Trap(
            "repeats a request after custom-http-errors, POST too, with path / and the Host of the request",
            ("errors-replay",),
        ),
        Trap(
            "does not mirror to a Service that does not exist, and takes the first port for a bad one",
            ("missing-port",),
        ),
        Trap("hands the retry condition non_idempotent on without effect", ("mse-retry",)),
    ),
    "Paths and answers": (
        Trap(
            "makes patterns of all paths of an Ingress with rewrite-target, and drops the rest of a path",
            ("rewrite-drops-rest",),
        ),
        Trap("cannot fill in a group that the path does not have", ("rewrite-group",)),
        Trap("compares the end of the host alone where an origin of CORS has a wildcard", ("mse-origin",)),
        Trap("counts limits per route in each replica of the gateway", ("limit-per-replica",)),
        Trap("says nowhere whether a limit of 0 lets nothing pass or everything", ("limit-zero",), places=1),
        Trap("answers 503 beyond a limit before version 1.2.23", ("mse-limit-status",)),
    ),
    "Services": (
        Trap("runs ewma as round_robin", ("load-balance-ewma",), places=1),
        Trap("hashes by a header of exactly the name that upstream-hash-by has", ("hash-header-underscore",), places=1),
        Trap("never lets affinity decide between base and canary", ("affinity-canary-behavior",), places=1),
        Trap("ignores proxy-ssl-name while proxy-ssl-server-name is off", ("annotation-no-effect.server-name-off",)),
        Trap("may ignore proxy-ssl-secret without a backend-protocol with TLS", ("upstream-tls-implied",)),
        Trap("ignores settings for TLS to a Service that is spoken to without TLS", ("upstream-tls-unused",)),
        Trap("verifies no certificate of a Service without the CA of a Secret", ("mse-backend-verify",), places=1),
        Trap("takes the protocol from the name of the Service's port too", ("port-protocol",)),
    ),
    "Clients": (
        Trap("ignores a CA for client certificates that is not beside the certificate of the host", ("client-ca",)),
        Trap("ignores client TLS of a host without a certificate", ("tls-settings-unused",)),
        Trap("may not read cipher suites between commas", ("mse-ciphers",)),
        Trap("does without passwords or client certificates where a Secret is missing", ("secret-unseen",)),
        Trap("says nowhere what becomes of an alias that is a host already", ("alias-conflict",)),
    ),
}
"""By topic."""

DECISIONS: tuple[Decision, ...] = (
    Decision("destination", "replaces the backend of every rule", "for backends of a registry alone", "as documented"),
    Decision(
        "separator of ssl-cipher",
        "commas on one page, colons on another",
        "colons",
        "both are read; one kind is written, and told (mse-ciphers)",
    ),
    Decision("canary-by-header-value", "exactly this value", "a pattern, and always too", "as documented"),
    Decision(
        "canary-by-header-pattern", "a pattern", "searched (2022: matched whole)", "written so that both mean the same"
    ),
    Decision("load-balance: ewma", "round_robin", "not specified", "as documented, and told (load-balance-ewma)"),
    Decision(
        "proxy-ssl-secret alone",
        "presents the certificate",
        "ignored while the protocol is HTTP",
        "as documented; the protocol is written beside it (upstream-tls-implied)",
    ),
    Decision(
        "proxy-ssl-verify",
        "not listed",
        "read, without effect",
        "read; without effect in MSE, which is told (mse-backend-verify)",
    ),
    Decision(
        "auth-*",
        "compatible",
        "removed from later versions",
        "as documented; a Secret that nobody sees is told (secret-unseen)",
    ),
    Decision(
        "denylist, canary-by-query, values of cookies, subsets, aliases, global limits, connection pools",
        "there",
        "not there",
        "as documented, from the version that is stated",
    ),
    Decision("warmup, blacklist, lists of domains", "there", "in 2022 alone", "as documented"),
    Decision("affinity", "cookie is the only word", "every word switches it on", "other words are errors"),
    Decision("scope of domain-*-source-range", "Ingress in a table, domain in the text", "host", "host"),
    Decision("prefix of auth-tls-secret", "mse., yet partly compatible", "both", "both are read; one is written"),
    Decision(
        "prefix of mirror-*, tls-min-, tls-max-protocol-version",
        "mse. alone",
        "both",
        "as documented: under nginx. they are errors (annotation-prefix)",
    ),
    Decision("canary-by-cookie", "anywhere in the header", "in 2022 only where it is the sole cookie", "as documented"),
    Decision(
        "value of a cookie canary",
        "canary-by-cookie-value; on an older page: none",
        "always",
        "as documented, from version 1.2.30",
    ),
    Decision(
        "rewrite-target without groups",
        "compatible with ingress-nginx: replaces the whole path",
        "keeps the rest of a plain path (2022: replaces)",
        "as documented, and told (rewrite-drops-rest)",
    ),
)
"""Precedence: the annotation reference of MSE, then the pages of its sibling, then public code, then ingress-nginx."""

_INTRO = """\
# MSE: what it does in silence

MSE never refuses an Ingress. What it cannot use it ignores, drops or cuts; what two Ingresses disagree on it decides by
their age; and none of it is told. fleetgate tells all of it, with the places of both sides where there are two. Each
exhibit is a small input with that one mistake and the exact text that is printed.
"""

_DECIDED = """
## Where sources disagree

The live code of MSE is not public. Where its documentation and the public code of its kin (Higress) disagree, the
annotation reference of MSE comes first, then the pages of its sibling (APIG), then that code, then ingress-nginx.
"""


def page() -> str:
    """The whole page: traps by topic, then the decisions."""
    sections = (
        f"\n## {topic}\n\n"
        + table(("MSE", "told as"), ((cell(trap.does), ", ".join(map(_link, trap.exhibits))) for trap in traps))
        for topic, traps in TRAPS.items()
    )
    decided = table(("matter", "documented", "code", "here"), (tuple(map(cell, each)) for each in DECISIONS))
    return f"{HEAD}{_INTRO}{''.join(sections)}{_DECIDED}\n{decided}"


def _link(exhibit: str) -> str:
    code = exhibit.partition(".")[0]
    return f"[`{code}`](findings.md#{code}) ([exhibit](../tests/bad/{exhibit}))"
