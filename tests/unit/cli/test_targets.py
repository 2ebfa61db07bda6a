"""Laws of `fleetgate targets` and of the catalog behind it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from compiler import cli
from compiler.ir.features import FEATURES
from compiler.targets.catalog import TARGETS
from compiler.targets.mse.codes import CODES as MSE_CODES

if TYPE_CHECKING:
    import pytest


def test_every_gateway_target_tells_of_every_feature_in_one_order() -> None:
    for target in TARGETS:
        if target.serves == "gateways" and target.is_built:
            assert tuple(capability.feature for capability in target.expresses) == FEATURES


def test_every_target_is_listed_and_says_whether_it_is_built(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["targets"]) == 0
    lines = capsys.readouterr().out.splitlines()
    for target in TARGETS:
        (line,) = (line for line in lines if line.split()[:2] == [target.name, target.serves])
        assert (" not yet " in line) is not target.is_built
        assert target.summary in line


def test_every_feature_of_a_built_gateway_target_is_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["targets"]) == 0
    shown = capsys.readouterr().out
    for target in TARGETS:
        assert bool(target.expresses) is (target.serves == "gateways" and target.is_built)
        for capability in target.expresses:
            assert f"  {capability.feature}  " in shown
            assert capability.note in shown


def test_what_mse_cannot_express_is_what_its_findings_say() -> None:
    """Each of its codes stands with a capability, and a capability without a code is a full one."""
    (mse,) = (target for target in TARGETS if target.name == "mse")
    assert {code for c in mse.expresses for code in c.codes} == {code.name for code in MSE_CODES}
    assert all(bool(c.codes) is (c.support != "full") for c in mse.expresses)
