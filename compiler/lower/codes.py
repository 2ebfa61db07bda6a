"""Findings of lowering Ingresses. Those of Fleet, spreads and workloads stand in their own modules."""

from __future__ import annotations

from compiler.diagnostics import Code, error, warning

UNKNOWN_INGRESS_CLASS = error(
    "unknown-ingress-class",
    "an Ingress names a class that no gateway reads",
    "An Ingress belongs to the gateway whose `ingressClassName` it names in `spec.ingressClassName`. Without one, or "
    "with one that no gateway of the Fleet reads, no gateway would serve it.",
)
EMPTY_RULE = error(
    "empty-rule",
    "a rule without paths",
    "A rule with a host and no `http.paths` sends the host to the defaultBackend of its Ingress; without one it does "
    "nothing.",
)
BAD_PATH = error(
    "bad-path",
    "a path that no request has",
    """\
Paths of an Ingress are absolute (Ingress v1, `spec.rules[].http.paths[].path`): the API server refuses others for Exact
and Prefix, and no request could match them. Nor could one match a path with a query or fragment, with two slashes in a
row, with characters that clients percent-encode (blanks, and all that is not ASCII), or with encoded ones that a
gateway decodes (letters, digits and `-._~`). Envoy refuses its whole route table for a prefix with `?` or `#`.

Write the path as requests have it. A path that is a pattern says so by use-regex or rewrite-target.""",
)
REWRITE_DEFAULT = error(
    "rewrite-default",
    "a rewrite on an Ingress with a defaultBackend",
    "rewrite-target replaces the path of a rule, and a defaultBackend has none. What MSE would do with its requests is "
    "documented nowhere.",
)
RESOURCE_BACKEND = error(
    "resource-backend",
    "a backend that is not a Service",
    "Ingress v1 allows objects other than Services as backends (`backend.resource`). No target of fleetgate can "
    "express them; name a Service.",
)
DUPLICATE_ROUTE = warning(
    "duplicate-route",
    "two rules for the same host, path and path type",
    "Only one of them can serve. MSE would take that of the older Ingress; Git does not know ages, so fleetgate takes "
    "the one whose Ingress has the higher fleetgate.dev/priority, then the first by namespace/name, and leaves the "
    "other out of what it emits. Both places are named. A priority decides which of the two serves; this finding ends "
    "when one of them is deleted, or gets a host or path of its own.",
)
CANARY_WITHOUT_BASE = error(
    "canary-without-base",
    "a canary that belongs to no base",
    "A canary Ingress refines the ordinary Ingress with the same host, path and path type. Annotations that turn paths "
    "into regular expressions change the path type, so they have to be equal on both. MSE ignores a canary without a "
    "base in silence.",
)
CANARY_SETTING = warning(
    "canary-setting",
    "a setting on a canary that its base decides",
    "A canary brings its own backend, service subset, header control and service-scope settings. Everything else "
    "comes from its base; on the canary it has no effect.",
)
CANARY_TOTAL = error(
    "canary-total",
    "canaries of one base count against different totals",
    "The weights of all canaries of a base count against one total. MSE takes that of the first canary by age and "
    "stretches it where the weights add up to more; write the same canary-weight-total on all of them.",
)
OVERLAPPING_CANARIES = error(
    "overlapping-canaries",
    "two canaries that one request may match",
    "MSE tries conditional canaries in the order of their creation, which Git does not know. So two canaries by header "
    "or query (or two by cookie) on one base have to exclude each other: the same name with different exact values. "
    "A header or query canary always comes before a cookie canary.",
)
OVERLAPPING_CONDITIONS = warning(
    "overlapping-conditions",
    "two routes with as many conditions that one request may match",
    "Of the routes of a path, that with more conditions is tried first. Between two with as many, Higress goes by the "
    "age of their Ingresses, which Git does not know; fleetgate goes by fleetgate.dev/priority, then namespace/name, "
    "and names both places. Routes exclude each other by different methods, or by different values of one header or "
    "query parameter.",
)
CANARY_OF_REDIRECT = warning(
    "canary-of-redirect",
    "a canary whose base redirects every request",
    "A canary takes everything but its backend from its base. Where the base answers with permanent-redirect or "
    "temporal-redirect, so does the canary, and its Service gets nothing.",
)
DESTINATION_CANARY = error(
    "destination-canary",
    "a canary and a destination list",
    "The annotation destination replaces the backend of its Ingress by a weighted list of Services. What a canary's "
    "weight means beside it, and what such a list means on a canary, is documented nowhere.",
)
APP_ROOT_LOSES = warning(
    "app-root-loses",
    "an app-root that never takes effect",
    "A host has one start page. An Exact rule for / wins over app-root; of several app-roots that of the Ingress wins "
    "that comes first by fleetgate.dev/priority, then namespace/name.",
)
TLS_CONFLICT = warning(
    "tls-conflict",
    "two certificates for one host",
    "A host has one certificate. That of the Ingress wins that comes first by fleetgate.dev/priority, then "
    "namespace/name.",
)
TLS_UNUSED = warning(
    "tls-unused",
    "a certificate that no host uses",
    "A host takes its certificate from the `tls` of an Ingress that has a rule for it: from the entry that names it, "
    "else the one with the wildcard above it, else one without hosts. This entry fits none of the hosts of its own "
    "Ingress, mostly because of a misspelt name; then HTTPS for the host that was meant does not work.",
)
UNKNOWN_CLUSTER_ID = error(
    "unknown-cluster-id",
    "a pin to a cluster that does not exist",
    "The label topology.istio.io/cluster in subset-labels names a cluster by its id (`spec.id` of the Cluster, else "
    "its name). MSE finds no pod for an unknown id and sends the traffic to all pods, in silence.",
)
PIN_NOT_PLACED = error(
    "pin-not-placed",
    "a pin to a cluster in which the Service does not run",
    "The pin names a cluster that exists, but the Service has no pods there, the cluster is no member of the gateway, "
    "or a TrafficPolicy excludes it. MSE would send the traffic to all pods, in silence.",
)
CONTRADICTING_SPREAD = error(
    "contradicting-spread",
    "annotations and a TrafficPolicy spread the same Service",
    "A pin or a split between clusters in annotations and a TrafficPolicy for the same Service are two answers to one "
    "question. Keep one of them. A canary by header, query or cookie may pin its requests beside a policy.",
)
CODES: tuple[Code, ...] = (
    UNKNOWN_INGRESS_CLASS,
    EMPTY_RULE,
    BAD_PATH,
    REWRITE_DEFAULT,
    RESOURCE_BACKEND,
    DUPLICATE_ROUTE,
    CANARY_WITHOUT_BASE,
    CANARY_SETTING,
    CANARY_TOTAL,
    OVERLAPPING_CANARIES,
    OVERLAPPING_CONDITIONS,
    CANARY_OF_REDIRECT,
    DESTINATION_CANARY,
    APP_ROOT_LOSES,
    TLS_CONFLICT,
    TLS_UNUSED,
    UNKNOWN_CLUSTER_ID,
    PIN_NOT_PLACED,
    CONTRADICTING_SPREAD,
)
