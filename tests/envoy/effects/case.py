"""Effects: each annotation does in a real Envoy what its documentation says, and nothing of it happens without it.

A *family* of annotations is a module of this folder with an `EFFECTS`, listed in `families.py`; all of its cases run in
one Envoy. A case is compiled once per *side*: `without` its annotations, and with them under each prefix where they are
read (`nginx`, `mse`, `own`, `higress`). Each side has a host and a namespace of its own, with Services and pods of its
own, so that cases can't disturb each other. The shortest case is

    Case(
        "timeout",                                            # its name: letters, digits, dashes
        {"timeout": "1"},                                     # what it proves; left out on the side `without`
        lambda side: side.get("/", x_stub_delay_ms="1500").status,
        seen=504,                                             # what that gives with the annotation
        otherwise=200,                                        # and without
    )

It has one Ingress (`main`) with the annotations, whose path `/` leads to the Service `one`: two pods in cluster `a`.
The Service `two` has one pod in `a`, for canaries, mirrors and the like. What else can be said:

- `beside`: further annotations, on both sides. `NAMESPACE` and `HOST` in any value become those of the side.
- `documents`: a function from the side to its documents, where one Ingress is not enough: `side.ingress(...)` makes one
  (`annotations=` in place of those of the case, `paths=`, `host=`), `side.annotations` is what the case has there, and
  `side.here(document)` moves any other document into the namespace of the side.
- `groups`: the pods (`Group`), or a function from the side to them (certificates of pods are below `side.secrets`).
- `prepare`: a function that makes files before anything starts, such as Secrets below `side.secrets`; the CA and
  certificates of `tests.envoy.certificates.certify(side.all_secrets, ..., namespace=side.namespace)`.
- `findings`: codes that the annotations bring, and that are not there without them. Any other finding fails the case:
  an annotation that comes with no finding is one that the target gives in full.
- What `see` gives is compared with ==; let it boil down to a word, a number or a bool what hangs on chance.

`Refusal` is for what the target refuses, or gives in part and says so: the code is found with the annotation and not
without.

Cases of a family run side by side, in threads. So see and touch only what belongs to the side: `side.ask`, `side.said`,
`side.services`, `side.requests`, `side.behave`.
"""

from __future__ import annotations

import threading
from collections import Counter
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from compiler.annotations.catalog import named
from compiler.annotations.family import PREFIXES
from compiler.drill.load import Ask
from tests.envoy.compiled import seen as said_by
from tests.small_fleet import ingress, path, rule, service

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from compiler.annotations.catalog import Known
    from compiler.drill.load import ClientTls, Sample
    from compiler.drill.stub.pod import Said
    from compiler.drill.stub.spec import Behaviour, Certificates, Endpoint
    from tests.envoy.compiled import Gateway, Pods
    from tests.small_fleet import Document

Variant = Literal["without", "nginx", "mse", "own", "higress"]
"""Where the annotations of a side stand: nowhere, or under this prefix where they are read there."""


class Group(msgspec.Struct, frozen=True):
    """Pods of a Service in a cluster."""

    service: str = "one"
    cluster: str = "a"
    count: int = 2
    labels: Mapping[str, str] = {}
    version: str = ""
    """What they say of themselves."""
    tls: Certificates | None = None


GROUPS = (Group(), Group("two", count=1))


class Side:
    """One half of a case: its host, its namespace, its annotations; and, when Envoy runs, its requests."""

    def __init__(self, case: Case | Refusal, variant: Variant, secrets: Path) -> None:
        """`secrets`: the folder of all Secrets."""
        self.case = case
        self.variant = variant
        self.namespace = f"{case.name}-{variant}"
        self.host = f"{self.namespace}.example.com"
        self.all_secrets = secrets
        self.endpoints: list[Endpoint] = []
        self._gateway: Gateway | None = None
        self._lock = threading.Lock()

    @property
    def is_with(self) -> bool:
        """Whether the annotations are there."""
        return self.variant != "without"

    @property
    def secrets(self) -> Path:
        """Folder of the Secrets of its namespace: `<name>/<key>` below it."""
        return self.all_secrets / self.namespace

    # --- what is written

    def keyed(self, values: Mapping[str, str]) -> dict[str, str]:
        """Annotations with their prefixes: that of the side, or the only one."""
        found = {}
        for name, value in values.items():
            prefixes = known(name).prefixes
            prefix = self.variant if self.variant in prefixes else prefixes[0]
            found[PREFIXES[prefix] + name] = value.replace("NAMESPACE", self.namespace).replace("HOST", self.host)
        return found

    @property
    def annotations(self) -> dict[str, str]:
        """Those of the case, as far as this side has them."""
        return self.keyed({**self.case.beside, **(self.case.proves if self.is_with else {})})

    def ingress(
        self,
        name: str = "main",
        *,
        paths: Sequence[Document] | None = None,
        annotations: Mapping[str, str] | None = None,
        host: str = "",
        **more: Any,
    ) -> Document:
        """An Ingress of the side, with the annotations of the case unless others are given (without prefix)."""
        written = self.annotations if annotations is None else self.keyed(annotations)
        rules = rule(*(paths or [path("one", "/")]), host=host or self.host)
        return ingress(name, rules, namespace=self.namespace, annotations=written, **more)

    def here(self, document: Document) -> Document:
        """A document, such as a TrafficPolicy, in the namespace of the side."""
        return {**document, "metadata": {**document["metadata"], "namespace": self.namespace}}

    def documents(self, pods: Pods) -> list[Document]:
        """Everything that the side adds to the fleet; its pods get addresses."""
        groups = self.case.groups if isinstance(self.case.groups, tuple) else self.case.groups(self)
        for each in groups:
            self.endpoints += pods.add(
                each.service,
                each.cluster,
                each.count,
                labels=each.labels,
                namespace=self.namespace,
                version=each.version,
                tls=each.tls,
            )
        written = list(self.case.documents(self))
        there = {d["metadata"]["name"] for d in written if d["kind"] in ("App", "Service")}
        for name in sorted({each.service for each in groups} - there):
            clusters = sorted({each.cluster for each in groups if each.service == name})
            written.append(service(name, *clusters, namespace=self.namespace))
        return written

    # --- what is seen

    def attach(self, gateway: Gateway, lock: threading.Lock) -> None:
        """Send requests to this gateway from now on; `lock` is for what its sides share."""
        self._gateway, self._lock = gateway, lock

    @property
    def gateway(self) -> Gateway:
        """The running gateway, which all sides of the family share."""
        assert self._gateway is not None
        return self._gateway

    def ask(self, *asks: Ask, listener: str = "http", tls: ClientTls | None = None) -> list[Sample]:
        """Answers to requests, in order, on one connection; those that name no host ask for that of the side."""
        mine = [msgspec.structs.replace(each, host=each.host or self.host) for each in asks]
        return self.gateway.ask(*mine, listener=listener, tls=tls)

    def get(self, path: str = "/", **headers: str) -> Sample:
        """The answer to one GET; `x_stage="b"` is the header `x-stage: b`."""
        return self.ask(Ask(path=path, headers=dashed(headers)))[0]

    def said(self, path: str = "/", **headers: str) -> Said:
        """What the pod that answers to one GET says of the request."""
        return said_by(self.get(path, **headers))

    def header(self, name: str, path: str = "/", **headers: str) -> list[str]:
        """Values of a header of the answer to one GET."""
        return [value for key, value in self.get(path, **headers).headers if key.lower() == name]

    def services(self, path: str = "/", count: int = 1, **headers: str) -> dict[str, int]:
        """Which Services (by name) answer to GETs, and how often; "" = the gateway itself."""
        answers = self.ask(*[Ask(path=path, headers=dashed(headers))] * count)
        return dict(sorted(Counter(service_of(each) for each in answers).items()))

    def service(self, path: str = "/", **headers: str) -> str:
        """Which Service (by name) answers to one GET; "" = the gateway itself."""
        return service_of(self.get(path, **headers))

    def pods(self, service: str = "one") -> list[Endpoint]:
        """The pods of a Service."""
        return [each for each in self.endpoints if each.service == f"{self.namespace}/{service}"]

    def requests(self, service: str = "one") -> int:
        """How many requests the pods of a Service have had so far."""
        places = {each.place for each in self.pods(service)}
        clusters = sorted({each.cluster for each in self.pods(service)})
        with self._lock:
            counts = [self.gateway.backends.requests(cluster) for cluster in clusters]
        return sum(count for found in counts for place, count in found.items() if place in places)

    def behave(self, behaviour: Behaviour, pods: Iterable[Endpoint] | None = None) -> None:
        """Let pods behave so from now on; those of the Service `one` where none are given."""
        with self._lock:
            self.gateway.backends.behave(behaviour, self.pods() if pods is None else pods)


def one_ingress(side: Side) -> list[Document]:
    """The documents of a case that says nothing else."""
    return [side.ingress()]


class Case(msgspec.Struct, frozen=True):
    """An effect: seen with some annotations, and not without them. See the top of this file."""

    name: str
    proves: Mapping[str, str]
    see: Callable[[Side], Any]
    seen: Any
    otherwise: Any
    beside: Mapping[str, str] = {}
    documents: Callable[[Side], Iterable[Document]] = one_ingress
    groups: tuple[Group, ...] | Callable[[Side], tuple[Group, ...]] = GROUPS
    prepare: Callable[[Side], None] | None = None
    findings: tuple[str, ...] = ()


class Refusal(msgspec.Struct, frozen=True):
    """Annotations that the target refuses, or gives in part: compiled on every side, and never run."""

    name: str
    proves: Mapping[str, str]
    code: str
    """The finding that they bring, and that is not there without them."""
    beside: Mapping[str, str] = {}
    documents: Callable[[Side], Iterable[Document]] = one_ingress
    groups: tuple[Group, ...] | Callable[[Side], tuple[Group, ...]] = GROUPS


class Effects(msgspec.Struct, frozen=True):
    """What is proven of a family, in one Envoy."""

    family: str
    cases: tuple[Case, ...]
    refusals: tuple[Refusal, ...] = ()
    gateway: Mapping[str, Any] = {}
    """Fields of the Fleet's gateway, such as `envoy` and `listeners`."""
    fleet: Mapping[str, Any] = {}
    """Fields of the Fleet, such as `dialects`."""

    @property
    def proven(self) -> list[Mapping[str, str]]:
        """The annotations of each case and refusal."""
        return [*(each.proves for each in self.cases), *(each.proves for each in self.refusals)]


def known(name: str) -> Known:
    """The annotation of the catalog that a name means."""
    found = named(name)
    assert found is not None, f"no annotation is called {name}"
    return found


def variants(case: Case | Refusal) -> tuple[Variant, ...]:
    """The sides of a case: without, and each prefix where one of its annotations is read."""
    prefixes = {prefix for name in case.proves for prefix in known(name).prefixes}
    return ("without", *(prefix for prefix in PREFIXES if prefix in prefixes))


def service_of(sample: Sample) -> str:
    """Name of the Service that answered, without its namespace; "" = the gateway itself did."""
    return sample.answered_by.split(" ")[1].partition("/")[2] if sample.answered_by else ""


def dashed(headers: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """Headers as they are sent, from names as Python writes them."""
    return tuple((name.replace("_", "-"), value) for name, value in headers.items())
