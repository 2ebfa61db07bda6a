"""What target `envoy` can't express, or expresses in part."""

from __future__ import annotations

from compiler.diagnostics import Code, error, warning

NO_ENDPOINTS = warning(
    "no-endpoints",
    "nothing tells an Envoy gateway where the pods of a Service are",
    "Envoy does not ask API servers. The addresses of a Service's pods come from EndpointSlice documents in the repo, "
    "one per cluster; or `spec.reach` of a Cluster names the addresses of its own entry, which then stand for all pods "
    "of Services that have no EndpointSlice in it. Without either, this gateway answers requests for the Service with "
    "503. `fleetgate preview` and `fleetgate drill` bring endpoints of their own.",
)
ENVOY_WASM = error(
    "envoy-wasm",
    "target envoy runs no Wasm plug-ins",
    "The annotation wasmplugin names a plug-in in the words of MSE, whose gateway fetches and runs it. Envoy can run "
    "one from a file (tried), and neither fetches images from a registry nor knows MSE's words. Use target mse for "
    "this gateway, or do in the app what the plug-in does.",
)
ENVOY_AUTH_MAP = error(
    "envoy-auth-map",
    "target envoy can't read a Secret with one key per user",
    "Envoy reads users from one file with lines `user:{SHA}hash`. A Secret of type auth-file has exactly that under "
    "the key auth; one of type auth-map has a key per user. Write the Secret as auth-file: `htpasswd -s` makes such "
    "lines.",
)
ENVOY_GLOBAL_LIMIT = warning(
    "envoy-global-limit",
    "in Envoy a limit for the whole gateway is divided among its replicas",
    "Nothing counts for all replicas of the gateway, so each admits its part, rounded down, at least 1 per second. All "
    "together never admit more than is declared (unless the limit is smaller than the number of replicas), and less "
    "while the load balancer before them is uneven. Accept this finding in the Fleet, or use target mse.",
)
ENVOY_CONCURRENCY = warning(
    "envoy-concurrency",
    "in Envoy a limit of requests in flight is divided among the replicas of the gateway",
    "Nothing counts for all replicas of the gateway, so each admits its part of the limit, rounded down, at least 1. "
    "All together never admit more than is declared (unless the limit is smaller than the number of replicas), and "
    "less while the load balancer before them is uneven. Accept this finding in the Fleet, or use target mse.",
)
ENVOY_CONNECTIONS = warning(
    "envoy-connections",
    "a bound of connections is lower than what each Envoy opens in any case",
    "Each worker of an Envoy (one per core) keeps a connection of its own to each pod that it sends requests to, so "
    "that none waits for ever: however low connection-policy-tcp-max-connection and its like are. Measured with 4 "
    "workers and 5 pods: 20 connections under a bound of 2. Declare at least cores times pods, or accept the finding.",
)
ENVOY_PATTERN = error(
    "envoy-pattern",
    "a pattern is too large for Envoy",
    "RE2 compiles a pattern to a small program. Envoy refuses a whole route table for one pattern whose program is "
    "larger than it was told to accept, which here is 5,000 steps. Counted repetitions are the usual reason.",
)
ENVOY_HEADER = error(
    "envoy-header",
    "a condition on a header that never reaches a route in Envoy",
    "Requests that carry a header with an underscore in its name are refused with 400, because many backends take it "
    "for the header with a dash, and so could be deceived (Envoy's best practices for edge proxies). A condition on "
    "such a header never holds.",
)
ENVOY_SUBSET = error(
    "envoy-subset",
    "pods can't be chosen by label behind the entry of a cluster",
    "A gateway that reaches a cluster through its entry (`spec.reach` of type Address) sends requests to one address, "
    "which knows nothing of the labels that an Ingress chooses pods by. Name the pods in EndpointSlices with their "
    "labels: a Service that has some in a cluster is reached directly there, whatever entry the cluster has. A Service "
    "for the version helps only where it has a host or path of its own too: the entry sees nothing else "
    "(`entry-ambiguous`).",
)
ENTRY_AMBIGUOUS = warning(
    "entry-ambiguous",
    "the entry of a cluster can't tell two Services apart",
    "A gateway that reaches a cluster through its entry (`spec.reach` of type Address) sends the requests of all "
    "Services to one address, and the entry chooses the Service by Host and path. Which of two Services with one Host "
    "and path the gateway chose (a canary, a share of a split, a version for a header, a fallback) is lost: all go "
    "where the entry's own rules say. Copies (mirroring) carry the Host with `-shadow` behind it, which an entry has "
    "no rule for unless it is told. Name the pods of one of the two in that cluster in EndpointSlices: it is then "
    "reached directly there. Or give it a host or path of its own, or clusters of its own. Accept the finding where "
    "the entry has rules of its own that choose as the gateway does, by a header for example. `trace` and `preview` "
    "show what the gateway chooses, not what an entry makes of it.",
)
ENTRY_UNSEEN = warning(
    "entry-unseen",
    "a gateway can't see the pods of a Service behind the entry of a cluster",
    "A cluster that is lost is left at once: its entry refuses connections, or says nothing. An app that is broken in "
    "a living cluster is not: its entry answers, with 503 for example, which is an answer like any other. Where the "
    "TrafficPolicy of the Service declares a `healthCheck` by HTTP or gRPC, the gateway asks through the entry, with "
    "the first exact host of the Service's routes that leads the path of the check to it; what does not answer with "
    "200 to 399 gets no traffic until it does. Without one that arrives, shares and tiers hold only against the loss "
    "of whole clusters. Declare it, or name the pods in EndpointSlices.",
)
ENVOY_HEDGE = warning(
    "envoy-hedge",
    "a time limit for each try gives way to hedging",
    "A TrafficPolicy with `hedge` lets Envoy begin a second try after its delay while the first still waits. The "
    "annotation proxy-next-upstream-timeout would end the try instead, and Envoy has one timer for both. Where both "
    "are declared, hedging is compiled.",
)
ENVOY_SPILLOVER = warning(
    "envoy-spillover",
    "a hashed Service leaves a tier only when nothing of it is left",
    "`spillover.belowHealthyPercent` of a TrafficPolicy lets traffic leave a tier before it is empty. Envoy can't do "
    "this for a Service whose requests are hashed (affinity, upstream-hash-by): its pods keep their requests until the "
    "last one of the tier is gone. Take out one of the two, or accept the finding.",
)
ENVOY_PORT = error(
    "envoy-port",
    "a listener takes a port that the gateway needs itself",
    "Port 9901 is that of Envoy's admin interface (on loopback), 9902 serves probes and metrics, and 9903 the "
    "sidecar's probes. Choose another port for the listener.",
)
ENVOY_FEW_TRIES = warning(
    "envoy-few-tries",
    "an Ingress allows too few tries to reach a pod that lives",
    "Each try of a request meets another pod. When a cluster or zone dies, all of its pods are dead at once, and the "
    "gateway finds out by trying; with `proxy-next-upstream-tries` below their number some requests fail in the first "
    "moments. Without the annotation fleetgate allows as many tries as there may be dead pods, up to 15; what a "
    "backend may have executed is repeated only for methods that allow it.",
)
ENVOY_MANY_TRIES = error(
    "envoy-many-tries",
    "an Ingress asks for more repeats than an Envoy is given",
    "Each repeat that `proxy-next-upstream-tries` allows is a member of a cluster of Envoy, and so costs memory in "
    "every gateway before the first request arrives; and a request that failed a hundred times only adds to the "
    "load of what is broken. Without the annotation fleetgate allows as many tries as there may be dead pods: 15 at "
    "most.",
)
ENVOY_MANY_SECRETS = warning(
    "envoy-many-secrets",
    "a gateway by itself would watch more files than Linux lets it",
    "An Envoy that starts from `bootstrap.json` alone watches the file of each certificate, CA and list of passwords, "
    "and takes two inotify instances for each. Linux grants a user 128 of them by default, and an Envoy that gets no "
    "more aborts at its start. An Envoy that is served by `fleetgate gateway` needs none: the server reads the files, "
    "and sends what is in them. Gateways that fleetgate runs in clusters (`placement` of the gateway) are served so, "
    "and are not reported. Otherwise start Envoy with `fleetgate gateway`, or raise the limit of the machine: "
    "`sysctl fs.inotify.max_user_instances=1024`.",
)
NO_FREEZE_PROTECTION = warning(
    "no-freeze-protection",
    "nothing guards a Service with a TrafficPolicy against backends that freeze",
    "A backend that dies is noticed at once: its connections are refused. One that freezes (a stopped process, a lost "
    "network) keeps them open and says nothing, and a request waits for its timeout, or for 5 minutes without one. "
    "With `hedge: {delay: 100ms}` in the TrafficPolicy a GET that has no answer by then is sent to another pod too; a "
    "delay near the 99th percentile of the Service costs one request in a hundred. Declare it, or accept this finding.",
)
CODES: tuple[Code, ...] = (
    NO_ENDPOINTS,
    ENVOY_WASM,
    ENVOY_AUTH_MAP,
    ENVOY_GLOBAL_LIMIT,
    ENVOY_CONCURRENCY,
    ENVOY_CONNECTIONS,
    ENVOY_PATTERN,
    ENVOY_HEADER,
    ENVOY_SUBSET,
    ENTRY_AMBIGUOUS,
    ENTRY_UNSEEN,
    ENVOY_HEDGE,
    ENVOY_SPILLOVER,
    ENVOY_PORT,
    ENVOY_FEW_TRIES,
    ENVOY_MANY_TRIES,
    ENVOY_MANY_SECRETS,
    NO_FREEZE_PROTECTION,
)
