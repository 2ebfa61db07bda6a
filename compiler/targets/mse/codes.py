"""What MSE can't express, or expresses in part."""

from __future__ import annotations

from compiler.diagnostics import Code, error, warning

MSE_SPREAD = error(
    "mse-spread",
    "MSE can't spread a Service like this",
    "MSE knows two spreads: all pods of all clusters alike, and pods of one cluster first (service-subset), with all "
    "pods of the Service when none of them is left. A split between clusters becomes a base and canaries, each "
    "pinned to one cluster. So it can't express: excluded clusters (the fallback reaches all pods), a first tier of "
    "several clusters with others behind it, spilling before a tier is empty. Use target envoy for these, or a simpler "
    "spread.",
)
MSE_TIERS = warning(
    "mse-tiers",
    "MSE knows two tiers, and uses all clusters behind the first at once",
    "MSE puts one cluster first. When none of its pods is left, all pods of the Service serve, in proportion to their "
    "number: the second tier and every later one together, not one after the other. Merge the later tiers, use target "
    "envoy, or accept this finding where all of them may serve.",
)
MSE_FAILOVER = warning(
    "mse-failover",
    "MSE leaves a primary only when it has no ready pod, and returns at once",
    "When none of the primary's pods is ready any more MSE sends to all pods of the Service. That is all that it "
    "promises: pods that are ready and answer with errors, slowly, or not at all, keep their traffic; while the API "
    "server of a lost cluster is silent, its pods stay in the list; and the first pod that is ready again gets all of "
    "the traffic at once, without a hold time or steps. Pages and public code say nothing more. Let readiness probes "
    "fail when a pod can't serve, use target envoy for what needs more, or accept this finding with a reason.",
)
MSE_WEIGHT = error(
    "mse-weight",
    "MSE can't give shares finer than one percent",
    "MSE cuts each canary's share to a whole percent and gives the rest to the base: 1 of 3 becomes 33 % and 34 %. "
    "Write weights that are whole percents of their sum.",
)
MSE_CONDITIONAL_SPLIT = error(
    "mse-conditional-split",
    "MSE can't split a conditional canary",
    "A canary by header, query or cookie is one Ingress with one backend; MSE has no canary of a canary. Its Service "
    "can't be split over clusters by weight at the same time. Pin the canary to one cluster, spread its Service by "
    "replicas, or use target envoy.",
)
MSE_CONDITIONS = error(
    "mse-conditions",
    "MSE can't express these conditions of a route",
    "A canary in MSE matches one header, one query parameter, or one cookie (a header and a query parameter may stand "
    "together). Other combinations need target envoy, and so does what the dialect higress adds: methods, conditions "
    "of ordinary Ingresses, paths in any letter case, patterns of the whole path.",
)
MSE_REWRITE = error(
    "mse-rewrite",
    "MSE can't replace the part of a path that matched",
    "rewrite-path of the dialect higress replaces what the path of a rule matches, and keeps the rest. MSE knows "
    "rewrite-target alone, which makes a pattern of the path. Write that, with a group for the rest, or use target "
    "envoy.",
)
MSE_DESTINATION = error(
    "mse-destination",
    "MSE can't pin or weight the Services of a destination list over clusters",
    "The annotation destination lists Services with weights and nothing else: a Service in it whose TrafficPolicy pins "
    "or weights clusters would lose that. Route to one Service, use canary Ingresses instead of destination, or use "
    "target envoy.",
)
MSE_VERSION = error(
    "mse-version",
    "the gateway's MSE version does not know an annotation that this needs",
    "The Fleet states the version of the gateway. Pins to clusters need service-subset, which MSE has since V1.2.25. "
    "Upgrade the gateway, or spread by replicas.",
)
MSE_REDISTRIBUTION = warning(
    "mse-redistribution",
    "in MSE the share of a lost cluster goes to all others by pods, not by weight",
    "When the pods of a pinned cluster are gone MSE sends its share to all pods of the Service, in proportion to pod "
    "numbers: to standby clusters too. With two clusters this is what you declared; with more the shares after a loss "
    "differ from the declared proportion. Use target envoy where that matters, or accept this finding.",
)
MSE_POLICY = warning(
    "mse-policy",
    "MSE does not know a setting of a TrafficPolicy",
    "Health checks of your own, hedging, retried methods and failback steps are settings of target envoy and of the "
    "agent. MSE leaves out pods that are not ready and moves traffic at once; the rest has no effect there.",
)
MSE_UNSPREAD = warning(
    "mse-unspread",
    "MSE spreads the Service of a mirror or a fallback by pods alone",
    "The annotations mirror-target-service and default-backend name a Service and nothing else: no cluster, no weight. "
    "So MSE sends their traffic to all pods of the Service, whatever a TrafficPolicy says of it. Use target envoy "
    "where that matters, or accept this finding.",
)
MSE_SERVICE_POLICY = error(
    "mse-service-policy",
    "MSE has no place for how a Service is spoken to",
    "Protocol, load balancing, affinity, connection limits and TLS to a Service are annotations of an Ingress, and "
    "hold for all of its Services. It can't say them for one of a `destination` list that differs from the others, nor "
    "for the Service of a mirror or a fallback; another Ingress that leads to the same Service can. Add one, give all "
    "Services of the list the same settings, or use target envoy.",
)
MSE_BACKEND_VERIFY = warning(
    "mse-backend-verify",
    "MSE does not verify the certificate of this Service",
    "The annotation proxy-ssl-verify is read by MSE and changes nothing: the certificate of a Service is verified by "
    "the CA (`ca.crt`) in the Secret of proxy-ssl-secret, and not at all without one. So whoever gets between the "
    "gateway and the pods can read and change everything, though the annotation says that this is checked.",
)
MSE_RETRY = warning(
    "mse-retry",
    "MSE does not know a condition for retries",
    "ingress-nginx repeats requests that are not idempotent (POST, PATCH) where proxy-next-upstream says "
    "`non_idempotent`. MSE reads the word and does nothing with it. Delete it, or accept this finding where the "
    "Ingress is for other gateways too.",
)
MSE_ORIGIN = warning(
    "mse-origin",
    "MSE does not compare the scheme of an origin with a wildcard",
    "cors-allow-origin may name all hosts below a domain: `https://*.example.com`. As far as public code of the "
    "gateway shows, only the end of the host is compared: pages that came over http may call too, with cookies where "
    "cors-allow-credentials allows them. List the origins, or accept this finding where all hosts below are https.",
)
MSE_ROUTE_ORDER = warning(
    "mse-route-order",
    "MSE would decide between two regular expressions by the age of their Ingresses",
    "Regular expressions of one host are tried by length, the longer first. Two that are equally long, stand in "
    "different Ingresses and may match the same path are tried in the order in which the Ingresses were created, which "
    "Git does not know.",
)
MSE_CIPHERS = warning(
    "mse-ciphers",
    "MSE's pages disagree on how cipher suites are separated",
    "The annotation reference of MSE separates the suites of ssl-cipher by commas; the usage page of its sibling, and "
    "the code that both come from, by colons. fleetgate writes commas, as the reference says. A gateway that wants "
    "colons would see one long name that it does not know, drop it in silence, and offer its default suites. With one "
    "suite there is nothing to separate.",
)
MSE_LIMIT_STATUS = warning(
    "mse-limit-status",
    "this MSE version answers 503 beyond a local limit",
    "Requests beyond route-limit-rpm or route-limit-rps get 429 (too many requests) since MSE 1.2.23, and 503 before: "
    "clients and monitors take that for a broken service, and retries make it worse.",
)
MSE_WASM = warning(
    "mse-wasm",
    "wasmplugin is in no reference of MSE",
    "The annotation wasmplugin is known from a guide of Alibaba for moves from ingress-nginx alone, which asks for "
    "version 2.1.16 of MSE's sibling, APIG. fleetgate checks that its value is a JSON object, and hands it on as it "
    "is.",
)
CODES: tuple[Code, ...] = (
    MSE_SPREAD,
    MSE_TIERS,
    MSE_FAILOVER,
    MSE_WEIGHT,
    MSE_CONDITIONAL_SPLIT,
    MSE_CONDITIONS,
    MSE_REWRITE,
    MSE_DESTINATION,
    MSE_VERSION,
    MSE_REDISTRIBUTION,
    MSE_POLICY,
    MSE_UNSPREAD,
    MSE_SERVICE_POLICY,
    MSE_BACKEND_VERIFY,
    MSE_RETRY,
    MSE_ORIGIN,
    MSE_ROUTE_ORDER,
    MSE_CIPHERS,
    MSE_LIMIT_STATUS,
    MSE_WASM,
)
