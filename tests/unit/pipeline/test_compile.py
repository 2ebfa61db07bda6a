"""A whole root: what is told of a gateway over all of its cells."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import yaml

from compiler import pipeline
from tests.small_fleet import app, fleet, ingress, path, rule

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def told(tmp_path: Path, silent: Callable[[str, int, int], None]) -> Callable[..., list[str]]:
    """What `envoy-many-secrets` says of hosts in cells of their own, each with the Secret that `secret` names."""

    def check(count: int, secret: str = "s{}", **gateway: Any) -> list[str]:
        documents = fleet("a", "b", gateway={"targets": ["envoy"], **gateway})
        for number in range(count):
            host, name = f"h{number}.example.com", f"app-{number}"
            tls = [{"hosts": [host], "secretName": secret.format(number)}]
            documents += [app(name, "a"), ingress(name, rule(path(name), host=host), tls=tls)]
        (tmp_path / "all.yaml").unlink(missing_ok=True)
        for number, document in enumerate(documents):
            (tmp_path / f"{number}.yaml").write_text(yaml.safe_dump(document))
        findings = pipeline.check(pipeline.Options(root=str(tmp_path)), silent).findings
        assert not any(f.code.severity == "error" for f in findings)
        return [f.why for f in findings if f.code.name == "envoy-many-secrets"]

    return check


def test_secrets_of_all_cells_count_together(told: Callable[..., list[str]]) -> None:
    assert told(64) == []
    (why,) = told(65)
    assert "names 65 Secrets" in why
    assert "takes 130 inotify instances of the 128" in why


def test_a_secret_that_many_cells_share_counts_once(told: Callable[..., list[str]]) -> None:
    assert told(65, "wide") == []


def test_a_gateway_that_fleetgate_runs_is_served_and_watches_none(told: Callable[..., list[str]]) -> None:
    assert told(65, envoy={"sidecarImage": "fleetgate:1", "placement": {"clusters": ["a", "b"]}}) == []
