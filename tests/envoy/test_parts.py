"""A gateway that gets its configuration as Kubernetes mounts it: in parts, each in its own time."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import msgspec
import pytest
import yaml

from compiler.drill.backends import Backends
from compiler.drill.load import Ask, ask
from compiler.targets.envoy import frame_of, wrap
from compiler.targets.target import Emission
from tests.envoy.small_tree import GATEWAY
from tests.envoy.test_delivery import BOOTSTRAP, Rig, dumped, without_failure

if TYPE_CHECKING:
    from pathlib import Path

    from tests.envoy.small_tree import Pool

MIB = 1 << 20


class Mounted(Rig):
    """A folder that a kubelet fills from ConfigMaps, the server that reads it, and the Envoy that is served."""

    def __init__(self, folder: Path, loopback: str) -> None:
        self.parts = folder / "parts"
        self.parts.mkdir()
        super().__init__(folder, loopback, ("--parts", str(self.parts)))
        self.writes = 0

    def compiled(self, *pools: Pool) -> dict[str, str]:
        """The files of the volume, from the ConfigMaps that are emitted for these Services."""
        files = self.files(*pools)
        bootstrap = Emission(BOOTSTRAP, (files[BOOTSTRAP],), ("gateway", GATEWAY, ""), ())
        settings = msgspec.structs.replace(self.settings, placement=("a",))
        fixed, parts = wrap(settings, [bootstrap], frame_of(settings))
        maps = list(yaml.load_all(parts.text, yaml.CSafeLoader))
        assert all(sum(map(len, each["data"].values())) < MIB for each in maps)
        (deployment,) = [each for each in yaml.safe_load_all(fixed.text) if each["kind"] == "Deployment"]
        (volume,) = [each for each in deployment["spec"]["template"]["spec"]["volumes"] if each["name"] == "parts"]
        slots = [source["configMap"] for source in volume["projected"]["sources"]]
        found = {each["metadata"]["name"]: each["data"] for each in maps}
        assert {slot["name"] for slot in slots} >= found.keys()
        return {
            item["path"]: found[slot["name"]][item["key"]]
            for slot in slots
            if slot["name"] in found
            for item in slot["items"]
        }

    def mount(self, files: dict[str, str]) -> None:
        """Write a new state of the volume, as a kubelet does: a new folder, and a link that moves."""
        self.writes += 1
        state = self.parts / f"..{self.writes}"
        state.mkdir()
        for name, text in files.items():
            (state / name).write_text(text, "utf-8")
        (self.parts / "..data_tmp").symlink_to(state.name)
        (self.parts / "..data_tmp").replace(self.parts / "..data")
        for name in files:
            if not (self.parts / name).is_symlink():
                (self.parts / name).symlink_to(f"..data/{name}")


@pytest.fixture
def mounted(tmp_path_factory: pytest.TempPathFactory, loopback: str) -> Mounted:
    return Mounted(tmp_path_factory.mktemp("m"), loopback)


def test_a_configuration_of_3_mib_starts_and_changes_with_a_part_that_is_late(mounted: Mounted) -> None:
    many = [mounted.pool(number) for number in range(1, 1800)]
    before = mounted.compiled(mounted.pool(), *many)
    after = mounted.compiled(mounted.pool(weights={"b": 1}), *many[:-1], mounted.pool(1800))
    assert sum(map(len, before.values())) > 3 * MIB
    assert len(before) >= 4
    late = sorted(before)[1]
    mounted.mount({name: text for name, text in before.items() if name != late})
    mounted.write(mounted.pool())  # the frame of the bootstrap alone is taken from it
    with Backends(mounted.endpoints(), mounted.folder), mounted.delivery:
        time.sleep(1)
        assert not any("serving" in line for line in mounted.delivery.log), "a part is late"
        mounted.mount(before)
        with mounted.envoy() as envoy, mounted.load() as load:
            mounted.settle(1)
            first = dumped(envoy)
            assert "s1799" in first["ClustersConfigDump"]
            mounted.mount({**after, late: before[late]})
            time.sleep(1)
            assert dumped(envoy) == first, "nothing is half-loaded"
            mounted.mount(after)
            mounted.settle(2)
            time.sleep(1.5)
            last = dumped(envoy)["ClustersConfigDump"]
            assert "s1800" in last
            assert "s1799" not in last
            assert envoy.rejected_updates() == {}
            (answer,) = ask(("127.0.0.1", mounted.port), Ask(host="s0.example.com"))
            assert answer.cluster == "b"
            without_failure(load)
