"""The benchmark fleet in kapitan's form: one target per cluster, one class per app, one Jinja2 template.

Every pair of app and cluster becomes a Deployment and a Service, as with fleetgate; kapitan checks nothing and
knows no Ingress, gateway or Argo CD.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.benchmarks.fleet import app_name, cluster_name, image, replicas, team_name

if TYPE_CHECKING:
    from pathlib import Path

VERSION = "0.36.3"

TEMPLATE = """\
{% for app in inventory.parameters.apps.values() %}
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ app.name }}
  namespace: {{ app.team }}
  labels:
    app.kubernetes.io/name: {{ app.name }}
spec:
  replicas: {{ app.replicas[inventory.parameters.cluster] }}
  selector:
    matchLabels:
      app.kubernetes.io/name: {{ app.name }}
  template:
    metadata:
      labels:
        app.kubernetes.io/name: {{ app.name }}
    spec:
      containers:
      - name: {{ app.name }}
        image: {{ app.image }}
        ports:
        - name: http
          containerPort: 8080
        env:
        - name: REGION
          value: "{{ inventory.parameters.cluster }}"
        resources:
          requests: {cpu: 100m, memory: 128Mi}
          limits: {memory: 256Mi}
        readinessProbe:
          httpGet: {path: /healthz, port: http}
---
apiVersion: v1
kind: Service
metadata:
  name: {{ app.name }}
  namespace: {{ app.team }}
  labels:
    app.kubernetes.io/name: {{ app.name }}
spec:
  selector:
    app.kubernetes.io/name: {{ app.name }}
  ports:
  - name: http
    port: 80
    targetPort: http
{% endfor %}
"""
CLASS = """\
parameters:
  apps:
    {app}:
      name: {app}
      team: {team}
      image: {image}
      replicas:
{replicas}"""
TARGET = """\
classes:
{classes}parameters:
  cluster: {cluster}
  kapitan:
    vars: {{target: {cluster}}}
    compile:
    - output_path: manifests
      input_type: jinja2
      input_paths: [templates/apps.yaml]
"""


def write_kapitan(root: Path, apps: int, clusters: int) -> None:
    """Write the inventory and the template into the empty or missing folder `root`."""
    _write(root / ".kapitan", f"version: {VERSION}\n")
    _write(root / "templates/apps.yaml", TEMPLATE)
    for app in range(apps):
        lines = "".join(f"        {cluster_name(cluster)}: {replicas(app, cluster)}\n" for cluster in range(clusters))
        document = CLASS.format(app=app_name(app), team=team_name(app), image=image(app), replicas=lines)
        _write(root / f"inventory/classes/apps/{app_name(app)}.yml", document)
    classes = "".join(f"- apps.{app_name(app)}\n" for app in range(apps))
    for cluster in range(clusters):
        name = cluster_name(cluster)
        _write(root / f"inventory/targets/{name}.yml", TARGET.format(cluster=name, classes=classes))


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8", newline="\n")
