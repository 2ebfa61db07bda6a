"""Our strategic merge against Kubernetes' own (`tools/kubectl-patch`): the same result for every patch that we take."""

from __future__ import annotations

import json
import subprocess
from typing import Any

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from compiler import patches
from compiler.diagnostics import Diagnostics, Origin
from tests.real_tools import real_tool

DOCUMENTS: dict[str, Any] = {
    "Deployment": yaml.safe_load(
        """
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: cart, labels: {a: "1", b: "2"}, finalizers: [x/one]}
        spec:
          replicas: 2
          selector: {matchLabels: {app: cart}}
          strategy: {type: RollingUpdate, rollingUpdate: {maxSurge: 1}}
          template:
            metadata: {labels: {app: cart}}
            spec:
              nodeSelector: {disk: ssd}
              hostAliases: [{ip: 10.0.0.1, hostnames: [a]}]
              tolerations: [{key: spot}]
              topologySpreadConstraints: [{topologyKey: zone, maxSkew: 1}, {topologyKey: host, maxSkew: 1}]
              initContainers: [{name: a, image: a:1}, {name: b, image: b:1}]
              containers:
              - name: cart
                image: cart:1
                args: [-a, -b]
                env: [{name: A, value: a}, {name: B, value: b}]
                ports: [{containerPort: 80, name: http}, {containerPort: 81, name: admin}]
                volumeMounts: [{mountPath: /a, name: v}, {mountPath: /b, name: v}]
                securityContext: {runAsUser: 1}
              - {name: log, image: "log:1"}
              volumes: [{name: v, emptyDir: {}}]
        """
    ),
    "Service": yaml.safe_load(
        """
        apiVersion: v1
        kind: Service
        metadata: {name: cart, labels: {a: "1"}}
        spec: {selector: {app: cart}, ports: [{port: 80, name: http}, {port: 81, name: admin}]}
        """
    ),
}


def field(values: Any) -> Any:
    """A value, or null to remove it."""
    return st.one_of(values, st.none())


def items(key: str, values: list[Any], there: list[Any], **fields: Any) -> st.SearchStrategy[list[Any]]:
    """A patch of a list whose items merge by `key`, each named once; only items that are there are deleted."""

    def item(value: Any) -> st.SearchStrategy[dict[str, Any]]:
        merged = st.fixed_dictionaries({key: st.just(value)}, optional=fields)
        return st.one_of(merged, st.just({key: value, "$patch": "delete"})) if value in there else merged

    merging = st.lists(st.sampled_from(values), unique=True, min_size=1).flatmap(
        lambda chosen: st.tuples(*map(item, chosen)).map(list)
    )
    fresh = st.lists(st.sampled_from(values), unique=True, min_size=1).flatmap(
        lambda chosen: st.tuples(*(st.fixed_dictionaries({key: st.just(c)}, optional=fields) for c in chosen)).map(list)
    )
    return st.one_of(merging, merging, fresh.map(lambda listed: [{"$patch": "replace"}, *listed]))


WORDS = st.sampled_from(["x", "y"])
ENV = items(
    "name", ["A", "B", "C"], ["A", "B"], value=field(WORDS), valueFrom=st.just({"fieldRef": {"fieldPath": "p"}})
)
CONTAINER_PORTS = items("containerPort", [80, 81, 82], [80, 81], name=WORDS)
MOUNTS = items("mountPath", ["/a", "/b", "/c"], ["/a", "/b"], name=WORDS)
SCALARS: dict[str, Any] = {"image": WORDS, "args": st.just(["-c"]), "resources": st.just({"limits": {"cpu": "1"}})}
CART = st.fixed_dictionaries(
    {"name": st.just("cart")},
    optional={
        **SCALARS,
        "env": ENV,
        "ports": CONTAINER_PORTS,
        "volumeMounts": MOUNTS,
        "securityContext": st.sampled_from(
            [{"runAsUser": None, "runAsGroup": 2}, {"$patch": "replace", "fsGroup": 1}, None]
        ),
    },
)
OTHERS = items("name", ["log", "new"], ["log"], **SCALARS)
CONTAINERS = st.one_of(
    OTHERS,
    st.tuples(CART, OTHERS.filter(lambda listed: {"$patch": "replace"} not in listed), st.booleans()).map(
        lambda drawn: [drawn[0], *drawn[1]] if drawn[2] else [*drawn[1], drawn[0]]
    ),
)
POD = st.fixed_dictionaries(
    {},
    optional={
        "containers": CONTAINERS,
        "initContainers": items("name", ["a", "b", "c"], ["a", "b"], image=WORDS),
        "volumes": items("name", ["v", "w"], ["v"], configMap=st.just({"name": "c"}), emptyDir=st.none()),
        "topologySpreadConstraints": items("topologyKey", ["zone", "host", "x"], ["zone", "host"], maxSkew=st.just(5)),
        "hostAliases": items("ip", ["10.0.0.1", "10.0.0.2"], ["10.0.0.1"], hostnames=st.just(["b"])),
        "imagePullSecrets": items("name", ["r"], []),
        "tolerations": st.just([{"key": "gpu"}]),
        "nodeSelector": st.sampled_from([{"zone": "a"}, {"disk": None}, None, {"$patch": "replace", "zone": "b"}]),
    },
)
METADATA = st.fixed_dictionaries(
    {},
    optional={
        "labels": st.sampled_from([{"a": None}, {"c": "3"}, {"$patch": "replace", "z": "9"}, None]),
        "annotations": st.just({"x": "y"}),
        "finalizers": st.just(["x/two"]),
    },
)
DEPLOYMENTS = st.fixed_dictionaries(
    {},
    optional={
        "metadata": METADATA,
        "spec": st.fixed_dictionaries(
            {},
            optional={
                "replicas": field(st.just(5)),
                "strategy": st.sampled_from([{"type": "Recreate", "rollingUpdate": None}, {"$patch": "replace"}, None]),
                "template": st.fixed_dictionaries({"spec": POD}),
            },
        ),
    },
)
SERVICES = st.fixed_dictionaries(
    {"spec": st.fixed_dictionaries({}, optional={"ports": items("port", [80, 81, 82], [80, 81], name=WORDS)})},
    optional={"metadata": METADATA},
)
CASES = st.one_of(
    st.tuples(st.just("Deployment"), DEPLOYMENTS),
    st.tuples(st.just("Deployment"), DEPLOYMENTS),
    st.tuples(st.just("Service"), SERVICES),
)


def as_the_api_reads_it(value: Any) -> Any:
    """Kubernetes leaves nulls and directives in what a patch adds; the API server drops both."""
    if isinstance(value, dict):
        return {k: as_the_api_reads_it(v) for k, v in value.items() if v is not None and k != "$patch"}
    if isinstance(value, list):
        return [as_the_api_reads_it(v) for v in value if not (isinstance(v, dict) and list(v) == ["$patch"])]
    return value


@settings(max_examples=60, deadline=None)
@given(st.lists(CASES, min_size=1, max_size=8))
def test_a_strategic_merge_patch_gives_what_kubernetes_gives(cases: list[tuple[str, dict[str, Any]]]) -> None:
    program = real_tool("bin/kubectl-patch")
    asked = [{"kind": kind, "document": DOCUMENTS[kind], "patch": patch} for kind, patch in cases]
    text = "\n".join(json.dumps(each) for each in asked)
    done = subprocess.run([program], input=text, check=True, capture_output=True, text=True)
    for (kind, patch), line in zip(cases, done.stdout.splitlines(), strict=True):
        findings = Diagnostics()
        ours = patches.apply(DOCUMENTS[kind], patch, Origin("app.yaml"), findings)
        assert not list(findings)
        assert as_the_api_reads_it(ours) == as_the_api_reads_it(json.loads(line)["result"]), patch
