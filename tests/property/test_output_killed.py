"""The law of SIGKILL: the tree is the old one, or the new one, or carries the marker and is repaired by the next build.

Random moments in real processes; `tests/unit/output/test_faults.py` tries every system call one by one.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from pathlib import Path

from compiler.output.marker import MARKER
from tests.output_builds import build, contents
from tests.trees import read_tree

MOMENTS = 25
"""Of each law, so 50 in all."""
LONGEST = 0.12
"""Seconds; several builds of the child."""
REPO = Path(__file__).parents[2]
BUILDER = """
import json, sys
from itertools import count
from compiler.diagnostics import Diagnostics
from compiler.output.plan import Plan
from compiler.output.tree import OutputTree

out, file = sys.argv[1:]
with open(file) as plans:
    plans = json.load(plans)
print("ready", flush=True)
for number in count():
    found = Diagnostics()
    with OutputTree(out.format(number)) as tree:
        assert tree.scan({}, found) is not None, list(found)
        assert tree.write(Plan(plans[number % len(plans)], "input"), found) is not None, list(found)
"""


def plan_of(generation: int) -> dict[str, str]:
    """Some 150 files in 20 folders; from one generation to the next some change, some come, some go."""
    return {
        f"clusters/c-{c}/ns-{n}/app-{f}.yaml": f"app: {f}\ngeneration: {generation if f % 2 else 0}\n" * 20
        for c in range(4)
        for n in range(5)
        for f in range(12)
        if (c + n + f) % 3 != generation
    }


def kill_a_builder(moments: random.Random, out: str, plans: list[dict[str, str]], scratch: Path) -> None:
    """Let a process build these plans one after the other, again and again, and kill it."""
    file = scratch / "plans.json"
    file.write_text(json.dumps(plans))
    with subprocess.Popen([sys.executable, "-c", BUILDER, out, file], cwd=REPO, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"ready\n"
        time.sleep(moments.uniform(0, LONGEST))
        assert child.poll() is None, "it ended by itself"
        child.kill()


def test_a_later_build_that_is_killed_leaves_the_old_tree_the_new_one_or_a_marked_one(tmp_path: Path) -> None:
    moments = random.Random(1)
    out = tmp_path / "trees" / "out"
    plans = [plan_of(generation) for generation in range(3)]
    last = plans[0]
    build(out, last)
    seen = set()
    for _ in range(MOMENTS):
        kill_a_builder(moments, str(out), plans, tmp_path)
        if (out / MARKER).exists():
            seen.add("marked")
        else:
            assert contents(out) in [last, *plans]
            seen.add("complete")
        last = moments.choice([*plans, {"other/file.yaml": "x\n"}])
        assert build(out, last).found == ()
        assert contents(out) == last
        assert [path for path in read_tree(out.parent) if "fleetgate" in path] == []
    assert seen == {"marked", "complete"}


def test_a_first_build_that_is_killed_leaves_the_whole_tree_or_none(tmp_path: Path) -> None:
    moments = random.Random(2)
    plan = plan_of(0)
    killed_between = 0
    for number in range(MOMENTS):
        folder = tmp_path / "trees" / str(number)
        kill_a_builder(moments, str(folder / "out{}"), [plan], tmp_path)
        built = sorted(folder.glob("out*"))
        assert all(contents(out) == plan for out in built)
        stages = sorted(folder.glob(".out*"))
        assert len(stages) <= 1
        killed_between += len(stages)
        for stage in stages:
            out = stage.with_name(stage.name.removeprefix(".").removesuffix(".fleetgate-stage"))
            assert not out.exists()
            assert build(out, plan).found == ()
            assert contents(out) == plan
            assert not stage.exists()
    assert killed_between > MOMENTS // 4
