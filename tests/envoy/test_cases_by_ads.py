"""What our own fleets compile to is the same in Envoy by ADS as from the static bootstrap, and no update is refused.

One Envoy and one server are led from case to case, so every case also follows another one.
"""

from __future__ import annotations

import functools
import json
import shutil
from typing import TYPE_CHECKING, Any

import pytest

from compiler.drill.children import wait_until
from compiler.drill.delivery import Delivery, free_port, with_admin_port
from compiler.drill.envoy import Envoy
from compiler.targets.envoy import folder_of
from tests.envoy.small_tree import GATEWAY, write_tree
from tests.envoy.test_delivery import BOOTSTRAP, dumped
from tests.envoy.test_validation import MOUNTED, REFUSED, TESTS, bootstraps, bring_secrets
from tests.test_cases import CASES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

Files = dict[str, str]


class Follower:
    """The Envoy that follows a tree."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.tree = folder / "tree"
        self.delivery = Delivery(("--tree", str(self.tree)), GATEWAY, folder, linger_s=0.1)
        self.envoy: Envoy | None = None
        self.ports: dict[int, int] = {}
        self.taken = 0

    def follow(self, files: Files) -> Envoy:
        """Write the tree, and wait until Envoy has taken it, and nothing else."""
        before = (self.tree / BOOTSTRAP).read_text("utf-8") if self.tree.exists() else ""
        write_tree(self.tree, files)
        if self.envoy is None:
            self.delivery.start()
            static = (self.tree / BOOTSTRAP).read_bytes()
            # listeners that go keep their routes while they drain
            quick = ("--drain-time-s", "0")
            self.envoy = Envoy(self.delivery.bootstrap(static), self.folder / "envoy", arguments=quick)
            self.envoy.start()
        self.taken += before != files[BOOTSTRAP]
        self.delivery.wait_for("in-force", times=self.taken, seconds=60)
        return self.envoy

    def stop(self) -> None:
        if self.envoy is not None:
            self.envoy.stop()
            self.delivery.__exit__(None, None, None)


@pytest.fixture(scope="module")
def follower(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Follower]:
    made = Follower(tmp_path_factory.mktemp("f"))
    yield made
    made.stop()


def on_ports(files: Files, ports: dict[int, int]) -> Files:
    """The files with each port that Envoy listens on replaced by a free one; the same in every case."""
    bootstrap: dict[str, Any] = json.loads(files[BOOTSTRAP])
    found = files[BOOTSTRAP]
    for listener in bootstrap["static_resources"]["listeners"]:
        address = listener["address"]["socket_address"]
        port = ports.setdefault(address["port_value"], free_port())
        found = found.replace(
            f'"address":{{"socket_address":{{"address":"0.0.0.0","port_value":{address["port_value"]}}}}}',
            f'"address":{{"socket_address":{{"address":"127.0.0.1","port_value":{port}}}}}',
        )
    return {**files, BOOTSTRAP: found}


def gateway_files(bootstrap: Path, secrets: Path) -> Files:
    """The files of a compiled gateway, at their paths in a tree of gateway `public`; what they name is brought."""
    folder = bootstrap.parent
    bring_secrets(folder, secrets)
    found = {
        f"{folder_of(GATEWAY)}/{each.relative_to(folder)}": each.read_text("utf-8")
        for each in sorted(folder.rglob("*.json"))
    }
    return {path: text.replace(MOUNTED, str(secrets)) for path, text in found.items()}


def comparable(dump: Any) -> Any:
    """A dump without how each part of it came: from a file, or by ADS."""
    if isinstance(dump, list):
        return [comparable(each) for each in dump]
    if not isinstance(dump, dict):
        return dump
    if "path_config_source" in dump:
        return {"ads": {}, **{key: each for key, each in dump.items() if key != "path_config_source"}}
    return {key: comparable(each) for key, each in dump.items()}


def is_rid(envoy: Envoy, expected: dict[str, Any]) -> bool:
    """Whether Envoy has no more resources than these."""
    return {kind: names.keys() for kind, names in dumped(envoy).items()} == {
        kind: names.keys() for kind, names in expected.items()
    }


@pytest.mark.parametrize("name", [*(case for case in CASES if case not in REFUSED), "example"])
def test_envoy_has_the_same_by_ads_as_from_the_bootstrap(
    name: str, follower: Follower, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / name
    shutil.copytree(
        TESTS.parent / "fleet-repo-example" if name == "example" else TESTS / "cases" / name / "input", root
    )
    for file in root.rglob("*.yaml"):
        file.write_text(file.read_text().replace("targets: [mse]", "targets: [envoy]"))
    for bootstrap in bootstraps(root, tmp_path / "output"):
        files = on_ports(gateway_files(bootstrap, tmp_path / "secrets"), follower.ports)
        envoy = follower.follow(files)
        monkeypatch.chdir(bootstrap.parent)  # where it looks for files that name Secrets
        # both listen on the same ports: the kernel lets them share
        with Envoy(with_admin_port(json.loads(files[BOOTSTRAP]), free_port()), tmp_path / "alone") as alone:
            expected = comparable(dumped(alone))
            assert alone.rejected_updates() == {}
        # what the case before had, and this one has not, goes a moment later
        wait_until(functools.partial(is_rid, envoy, expected), 10, "the last case to be gone")
        assert comparable(dumped(envoy)) == expected
        assert envoy.rejected_updates() == {}
