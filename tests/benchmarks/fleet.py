"""The benchmark fleet in fleetgate's own form: N apps in C clusters, an Ingress for each, deterministic.

`tests.benchmarks.kapitan` writes the same apps for kapitan; what an app is called, what it runs and how many
replicas it has where is said here, once, for both.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_NGINX, _MSE = "nginx.ingress.kubernetes.io/", "mse.ingress.kubernetes.io/"

TEAMS = 20
ZONES = ("cn-hangzhou-h", "cn-hangzhou-i", "cn-hangzhou-j")

FLEET = """\
apiVersion: fleetgate.dev/v1alpha1
kind: Fleet
metadata:
  name: benchmark
spec:
  gateways:
  - name: public
    region: cn-hangzhou
    ingressClassName: mse
    targets:
    - mse
    mse:
      version: 1.2.30
      vSwitches:
      - vsw-1
      - vsw-2
  argocd:
    repoURL: https://git.example.com/benchmark/fleet.git
    project: benchmark
  survive:
  - Cluster
  - Zone
"""
CLUSTER = """\
apiVersion: fleetgate.dev/v1alpha1
kind: Cluster
metadata:
  name: {cluster}
  labels:
    env: prod
spec:
  region: cn-hangzhou
  zones:
  - {zone}
  argocd:
    destination:
      server: https://{cluster}.example.com:6443
"""
APP = """\
apiVersion: fleetgate.dev/v1alpha1
kind: App
metadata:
  name: {app}
  namespace: {team}
spec:
  image: {image}
  ports:
  - name: http
    port: 80
    targetPort: {port}
  readinessProbe:
    httpGet:
      path: {probe}
      port: http
  resources:
    requests:
      cpu: {cpu}m
      memory: 128Mi
    limits:
      memory: {memory}Mi
{env}  placement:
    clusterSelector:
      matchLabels:
        env: prod
{versions}  overrides:
"""
VERSIONS = """\
  versions:
  - name: next
    image: {image}-next
"""
OVERRIDE = """\
  - where:
      clusters:
      - {cluster}
    set:
      replicas: {replicas}
      env:
      - name: REGION
        value: {cluster}
"""
INGRESS = """\
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: {name}
  namespace: {team}
{annotations}spec:
  ingressClassName: mse
  rules:
  - host: {host}
    http:
      paths:
      - path: {path}
        pathType: Prefix
        backend:
          service:
            name: {service}
            port:
              number: 80
"""


def app_name(app: int) -> str:
    """Name of an app; it fits up to 100,000 of them."""
    return f"app-{app:05d}"


def team_name(app: int) -> str:
    """Namespace of an app."""
    return f"team-{app % TEAMS:02d}"


def cluster_name(cluster: int) -> str:
    """Name of a cluster."""
    return f"c{cluster:03d}"


def image(app: int) -> str:
    """Container image of an app."""
    return f"registry.example.com/{team_name(app)}/{app_name(app)}:1.{app}.0"


def replicas(app: int, cluster: int) -> int:
    """Pods of an app in a cluster: 2 to 4, so that neighbours differ."""
    return 2 + (app + cluster) % 3


def write_fleet(root: Path, apps: int, clusters: int, *, annotations: bool = True, alike: bool = True) -> None:
    """Write the fleet into the empty or missing folder `root`.

    Every tenth app has a second version and a canary Ingress that sends it 10 %. Without `annotations` there are
    no canaries, and the Ingresses carry no annotation: what is left is the cost of annotations themselves. Apps of
    one organization are much `alike`; of those that are not, no two agree on port, probe, resources and environment.
    """
    _write(root / "fleet.yaml", FLEET)
    for cluster in range(clusters):
        name = cluster_name(cluster)
        _write(root / f"clusters/{name}.yaml", CLUSTER.format(cluster=name, zone=ZONES[cluster % len(ZONES)]))
    for app in range(apps):
        folder = root / "apps" / app_name(app)
        _write(folder / "app.yaml", app_document(app, clusters, alike=alike))
        _write(folder / "ingress.yaml", _ingress(app, _settings(app) if annotations else {}))
        if annotations and _has_canary(app):
            canary = {f"{_NGINX}canary": "true", f"{_NGINX}canary-weight": "10"}
            _write(folder / "canary.yaml", _ingress(app, canary, "-next"))


def app_document(app: int, clusters: int, *, alike: bool = True) -> str:
    """The App, with replicas and an environment variable that differ per cluster."""
    names = {"app": app_name(app), "team": team_name(app), "image": image(app)}
    versions = VERSIONS.format(**names) if _has_canary(app) else ""
    shape: dict[str, object] = {"port": 8080, "probe": "/healthz", "cpu": 100, "memory": 256, "env": ""}
    if not alike:
        variables = "".join(f"  - name: SETTING_{app}_{n}\n    value: value-{app}-{n}\n" for n in range(1 + app % 5))
        shape = {
            "port": 1024 + app,
            "probe": f"/healthz/{app}",
            "cpu": 100 + app,
            "memory": 256 + app,
            "env": f"  env:\n{variables}",
        }
    overrides = (
        OVERRIDE.format(cluster=cluster_name(cluster), replicas=replicas(app, cluster)) for cluster in range(clusters)
    )
    return APP.format(**names, **shape, versions=versions) + "".join(overrides)


def _has_canary(app: int) -> bool:
    return app % 10 == 0


def _settings(app: int) -> dict[str, str]:
    """Eight annotations of seven families: of the routes, of what stands before them, of the Service."""
    return {
        f"{_MSE}timeout": str(5 + app % 10),
        f"{_MSE}request-header-control-update": f"X-Team {team_name(app)}",
        f"{_NGINX}proxy-next-upstream-tries": str(2 + app % 3),
        f"{_NGINX}enable-cors": "true",
        f"{_NGINX}cors-allow-origin": f"https://{team_name(app)}.example.com",
        f"{_NGINX}whitelist-source-range": "10.0.0.0/8,192.168.0.0/16",
        f"{_NGINX}load-balance": "least_conn",
        f"{_MSE}rate-limit": str(100 + app % 7),
    }


def _ingress(app: int, annotations: dict[str, str], suffix: str = "") -> str:
    """Even apps have a host of their own, odd ones a path on the host of their team."""
    team, name = team_name(app), app_name(app)
    host, path = (f"{team}.example.com", f"/{name}") if app % 2 else (f"{name}.{team}.example.com", "/")
    lines = "".join(f'    {key}: "{value}"\n' for key, value in annotations.items())
    block = f"  annotations:\n{lines}" if annotations else ""
    service = f"{name}{suffix}"
    return INGRESS.format(name=service, team=team, annotations=block, host=host, path=path, service=service)


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8", newline="\n")
