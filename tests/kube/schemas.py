"""JSON Schemas for every kind that we emit, in the form that kubeconform reads.

Sources: `kubernetes-validate` from PyPI carries the strict schemas of every Kubernetes minor version, with
references that kubeconform cannot follow; Argo CD's CRDs come from its Go module (`tools/go_tools.py`);
`mseingressconfig-mse-v1alpha1.json` beside this file is written by hand from the MSE documentation, which
publishes no CRD.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import importlib.util
import json
import re
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

VERSIONS = ("1.35", "1.36")
"""Kubernetes minor versions whose schemas every emitted manifest must satisfy."""

OWN = Path(__file__).with_name("mseingressconfig-mse-v1alpha1.json")

_REFERENCE = re.compile(r'"(?:/api/_definitions\.json)?#/\$defs/([^"]+)"')
_METADATA = {"$ref": "#/$defs/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"}


class Kubernetes:
    """The strict schemas of one Kubernetes minor version, as `kubernetes-validate` ships them."""

    def __init__(self, version: str) -> None:
        spec = importlib.util.find_spec("kubernetes_validate")
        assert spec is not None
        assert spec.origin is not None
        self.folder = Path(spec.origin).parent / "kubernetes-json-schema" / f"v{version}.0-local-strict"
        self.definitions = json.loads((self.folder / "_definitions.json").read_text("utf-8"))["$defs"]
        self.reached = {
            name: frozenset(_REFERENCE.findall(json.dumps(schema))) for name, schema in self.definitions.items()
        }

    def kinds(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """(file name, self-contained schema) of every kind."""
        for path in sorted(self.folder.glob("*.json")):
            schema = json.loads(path.read_text("utf-8"))
            properties = schema.get("properties", {})
            # Only the schemas of whole objects fix their kind; a reference such as OwnerReference has a free one.
            if "apiVersion" in properties and "enum" in properties.get("kind", {}):
                yield path.name, self.self_contained(schema)

    def self_contained(self, schema: dict[str, Any]) -> dict[str, Any]:
        """`schema` with every definition that it reaches embedded, and all references made local."""
        own = schema.get("$defs", {})
        text = json.dumps({key: value for key, value in schema.items() if key not in {"$id", "$defs"}})
        waiting = [name for name in _REFERENCE.findall(text) if name not in own]
        needed: set[str] = set()
        while waiting:
            name = waiting.pop()
            if name not in needed:
                needed.add(name)
                waiting.extend(self.reached[name])
        embedded = json.dumps({name: self.definitions[name] for name in sorted(needed)})
        result: dict[str, Any] = json.loads(_REFERENCE.sub(r'"#/$defs/\1"', text))
        result["$defs"] = own | json.loads(_REFERENCE.sub(r'"#/$defs/\1"', embedded))
        return result


def prepare(cache: Path, crds: Sequence[Path]) -> Path:
    """A folder below `cache` with one folder of schemas per entry of `VERSIONS`; made once for the same sources.

    Safe under parallel callers: each writes aside, and the first rename wins.
    """
    digest = hashlib.sha256(importlib.metadata.version("kubernetes-validate").encode())
    for source in (Path(__file__), OWN, *crds):
        digest.update(source.read_bytes())
    ready = cache / digest.hexdigest()[:16]
    if ready.is_dir():
        return ready

    cache.mkdir(parents=True, exist_ok=True)
    aside = Path(tempfile.mkdtemp(prefix="making-", dir=cache))
    custom = [*_of_crds(crds), (OWN.name, json.loads(OWN.read_text("utf-8")))]
    for version in VERSIONS:
        kubernetes = Kubernetes(version)
        schemas = [*kubernetes.kinds(), *((name, kubernetes.self_contained(schema)) for name, schema in custom)]
        (aside / version).mkdir()
        for name, schema in schemas:
            (aside / version / name).write_text(json.dumps(schema), "utf-8")
    try:
        aside.rename(ready)
    except OSError:
        # Another process was first; anything else wrong with the file system shows in the caller's first read.
        shutil.rmtree(aside)
    return ready


def crd_schema(crd: dict[str, Any], version: str) -> dict[str, Any]:
    """The schema of one version of a CRD, refusing unknown fields as an API server with strict validation does.

    A CRD describes `metadata` as a bare object; the API server reads it as it does for every kind, and so do we.
    """
    (found,) = (each for each in crd["spec"]["versions"] if each["name"] == version)
    schema = _closed(found["schema"]["openAPIV3Schema"])
    schema["properties"]["metadata"] = _METADATA
    return schema


def _closed(schema: dict[str, Any]) -> dict[str, Any]:
    """A structural schema in which an object has no other than its named properties, unless it preserves them."""
    result = dict(schema)
    if "properties" in schema:
        result["properties"] = {name: _closed(part) for name, part in schema["properties"].items()}
        if not schema.get("x-kubernetes-preserve-unknown-fields") and "additionalProperties" not in schema:
            result["additionalProperties"] = False
    for part in ("items", "additionalProperties"):
        if isinstance(schema.get(part), dict):
            result[part] = _closed(schema[part])
    return result


def _of_crds(paths: Sequence[Path]) -> Iterator[tuple[str, dict[str, Any]]]:
    """(file name as kubeconform derives it from kind, group and version, schema) of every served version."""
    for path in paths:
        crd = yaml.safe_load(path.read_text("utf-8"))
        kind, group = crd["spec"]["names"]["kind"].lower(), crd["spec"]["group"].split(".")[0]
        for version in crd["spec"]["versions"]:
            yield f"{kind}-{group}-{version['name']}.json", crd_schema(crd, version["name"])
