"""`make bench`: what compiling a fleet costs, against `cp -r` of its output and against kapitan, in the same run.

CPU time depends on the machine, and on who shares it; ratios of commands that ran side by side hardly do. So every
round runs each command once, in turn, and a row of the table is the median of the ratios of the rounds.

Nothing large is deleted before the end: every run has a folder of its own, and every round writes its trees into new
ones. For some minutes ext4 gives the inode of a deleted file to no new one (`recently_deleted`), and looks at all of
these again for every file that is created: after the deletion of 10,000 files the next 10,000 cost 2 to 6 s of system
time instead of 0.3 s, whoever creates them. A first build, or a `cp -r` into a new folder, meets nothing of the kind.
"""

from __future__ import annotations

import argparse
import compileall
import itertools
import math
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import venv
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tests.benchmarks import envoys, fleet, kapitan
from tests.benchmarks.measure import Cost, measure, median
from tests.benchmarks.table import Row, table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    Costs = dict[str, list[Cost]]
    """Of every command, round by round."""

ROOT = Path(__file__).resolve().parent.parent.parent
WORK = ROOT / "build" / "bench"
RESULTS = Path(__file__).with_name("results.md")
KAPITAN = ROOT / ".tools" / "kapitan"
FLEETGATE = Path(sys.executable).parent / "fleetgate"
CLUSTERS = 10


class Sizes(NamedTuple):
    """How much is measured, and how often."""

    small: int
    """Apps of the fleet that is also compared with kapitan."""
    large: int
    """Apps of the fleet that shows the growth."""
    rounds: int = 11
    """Of the small fleet."""
    large_rounds: int = 3
    start_rounds: int = 21
    """Of what takes milliseconds."""


STANDARD = Sizes(small=1000, large=10000)


class Fleet:
    """A fleet on disk, and what is measured on it."""

    def __init__(self, work: Path, apps: int, name: str = "fleet") -> None:
        self.apps = apps
        self.root = work / f"{name}-{apps}"
        self.app = apps // 2
        """The one that is edited."""
        self.image = fleet.image(self.app)
        self._new_out = fresh(work / f"{name}-{apps}-out")
        self._new_copy = fresh(work / f"{name}-{apps}-copy")
        self.out = next(self._new_out)
        """Where the last cold build went."""

    @property
    def source(self) -> Path:
        """The file with the App that is edited."""
        return self.root / "apps" / fleet.app_name(self.app) / "app.yaml"

    @property
    def output(self) -> Path:
        """A file that it is compiled to."""
        folder = self.out / "clusters" / fleet.cluster_name(0) / fleet.team_name(self.app)
        return folder / f"{fleet.app_name(self.app)}.yaml"

    def build(self) -> Cost:
        """Compile into the output folder, whatever is there."""
        return measure([FLEETGATE, "build", "-C", self.root, "-o", self.out], ROOT)

    def cold(self) -> Cost:
        """Compile with no output and no index from an earlier run."""
        self.out = next(self._new_out)
        remove(self.root / ".fleetgate")
        cost = self.build()
        found = sum(1 for _ in self.out.glob("clusters/*/*/app-*.yaml"))
        expect(found == self.apps * CLUSTERS, f"{found} files of apps below {self.out}")
        return cost

    def unchanged(self) -> Cost:
        """Compile again; nothing may be written."""
        before = self.output.stat()
        cost = self.build()
        expect(self.output.stat() == before, f"{self.output} was written again")
        return cost

    def edited(self) -> Cost:
        """Change the image of one app, and compile."""
        old, self.image = self.image, self.image + "0"
        self.source.write_text(self.source.read_text("utf-8").replace(f"{old}\n", f"{self.image}\n"), "utf-8")
        cost = self.build()
        expect(self.image in self.output.read_text("utf-8"), f"the edit of {self.source} is not in {self.output}")
        return cost

    def copied(self) -> Cost:
        """`cp -r` of the output: the cost of creating these files, with nothing to think about."""
        return measure(["cp", "-r", self.out, next(self._new_copy)], ROOT)


def check(root: Path) -> Cost:
    """Compile in memory and write nothing."""
    return measure([FLEETGATE, "check", "-C", root], ROOT)


def build_example(out: Path) -> Cost:
    """A newcomer's first build, into a new folder."""
    remove(ROOT / "fleet-repo-example" / ".fleetgate")
    return measure([FLEETGATE, "build", "-C", "fleet-repo-example", "-o", out], ROOT)


def compile_kapitan(root: Path, out: Path) -> Cost:
    """`kapitan compile` into a new folder."""
    cost = measure([KAPITAN / "bin" / "kapitan", "compile", "--output-path", out], root)
    found = len(list(out.glob("compiled/*/manifests/apps.yaml")))
    expect(found == CLUSTERS, f"{found} targets below {out}")
    return cost


def install_kapitan() -> None:
    """Into a folder of its own: nothing else here needs its dependencies."""
    program = KAPITAN / "bin" / "kapitan"
    if program.exists():
        return
    say(f"installing kapitan {kapitan.VERSION} into {KAPITAN.relative_to(ROOT)}")
    remove(KAPITAN)
    venv.create(KAPITAN, with_pip=True)
    # -I: or pip would see our own metadata in the current folder, and miss our dependencies.
    pip = (KAPITAN / "bin" / "python", "-I", "-m", "pip", "install", "--quiet", "--disable-pip-version-check")
    subprocess.run((*pip, f"kapitan=={kapitan.VERSION}"), check=True)


def compile_bytecode() -> None:
    """As an installation does: pip compiles what it installs (kapitan too), but not a work tree.

    With PYTHONDONTWRITEBYTECODE in the environment every run would otherwise compile every module anew.
    """
    expect(compileall.compile_dir(ROOT / "compiler", quiet=1), "a module of compiler/ does not compile")


def rounds(what: str, count: int, commands: dict[str, Callable[[], Cost]]) -> Costs:
    """The costs of each command in `count` rounds, after one that is not counted."""
    costs: dict[str, list[Cost]] = {name: [] for name in commands}
    for number in range(count + 1):
        say(f"{what}: {f'round {number} of {count}' if number else 'warming up'}")
        for name, command in commands.items():
            cost = command()
            if number:
                costs[name].append(cost)
    return costs


def measure_fleets(sizes: Sizes, work: Path) -> tuple[Costs, Costs]:
    """Costs at the small and the large size."""
    small, large = Fleet(work, sizes.small), Fleet(work, sizes.large)
    plain, peer = work / "fleet-without-annotations", work / "kapitan"
    diverse = Fleet(work, sizes.small, "diverse")
    compiled = fresh(work / "kapitan-out")
    say(f"writing fleets of {sizes.small} and {sizes.large} apps in {CLUSTERS} clusters")
    fleet.write_fleet(small.root, small.apps, CLUSTERS)
    fleet.write_fleet(large.root, large.apps, CLUSTERS)
    fleet.write_fleet(plain, small.apps, CLUSTERS, annotations=False)
    fleet.write_fleet(diverse.root, small.apps, CLUSTERS, alike=False)
    kapitan.write_kapitan(peer, small.apps, CLUSTERS)
    install_kapitan()
    at_small = rounds(
        f"{small.apps} apps",
        sizes.rounds,
        {
            "kapitan": lambda: compile_kapitan(peer, next(compiled)),
            "cold": small.cold,
            "unchanged": small.unchanged,
            "cp -r": small.copied,
            "edited": small.edited,
            "no two alike": diverse.cold,
            "check": lambda: check(small.root),
            "check without annotations": lambda: check(plain),
        },
    )
    at_large = rounds(
        f"{large.apps} apps",
        sizes.large_rounds,
        {"cold": large.cold, "unchanged": large.unchanged, "cp -r": large.copied, "edited": large.edited},
    )
    return at_small, at_large


def measure_start(sizes: Sizes, work: Path) -> Costs:
    """Costs of what a person waits for at the prompt."""
    examples = fresh(work / "example")
    return rounds(
        "start",
        sizes.start_rounds,
        {
            "python": lambda: measure([sys.executable, "-I", "-c", "pass"], ROOT),
            "--version": lambda: measure([FLEETGATE, "--version"], ROOT),
            "example": lambda: build_example(next(examples)),
        },
    )


def rows(sizes: Sizes, small: Costs, large: Costs, start: Costs) -> list[Row]:
    """The table: what must hold, what is aimed at (design section 9), what was measured."""

    def ratio(what: str, costs: Costs, of: str, to: str, must: float | None, aim: float | None) -> Row:
        pairs = zip(costs[of], costs[to], strict=True)
        detail = f"{median(costs[of]).cpu:.3f} s / {median(costs[to]).cpu:.3f} s"
        return Row(what, statistics.median(one.cpu / other.cpu for one, other in pairs), f"x {to}", must, aim, detail)

    def peak(costs: Costs) -> float:
        return max(median(costs[name]).peak for name in ("cold", "unchanged", "edited"))

    def above_python(name: str) -> float:
        pairs = zip(start[name], start["python"], strict=True)
        return statistics.median(one.cpu - other.cpu for one, other in pairs) * 1000

    here, there = f"{sizes.small} apps", f"{sizes.large} apps"
    cold = median(large["cold"]).cpu
    growth = math.log(cold / median(small["cold"]).cpu) / math.log(sizes.large / sizes.small)
    python = f"python -I -c pass: {median(start['python']).cpu * 1000:.0f} ms"
    return [
        ratio(f"cold build, {here}", small, "cold", "kapitan", 1 / 5, 1 / 8),
        ratio(f"cold build, {here}", small, "cold", "cp -r", 3.5, 2.1),
        ratio(f"cold build, {here}, no two alike", small, "no two alike", "kapitan", None, None),
        Row(f"cold build, growth to {there}", growth, "exponent", 1.1, 1.03, f"{cold:.3f} s"),
        ratio(f"nothing changed, {here}", small, "unchanged", "cp -r", 0.3, 0.2),
        ratio(f"nothing changed, {there}", large, "unchanged", "cp -r", 0.15, 0.11),
        ratio(f"one app edited, {here}", small, "edited", "cp -r", 0.6, 0.36),
        ratio(f"one app edited, {there}", large, "edited", "cp -r", 0.25, 0.15),
        Row(f"peak memory, {here}", peak(small), "MB", 100, 45, f"kapitan: {median(small['kapitan']).peak:.0f} MB"),
        Row(f"peak memory, {there}", peak(large), "MB", 450, 266),
        Row("fleetgate --version", above_python("--version"), "ms above python", 45, 27, python),
        Row("build of fleet-repo-example", above_python("example"), "ms above python", 135, 90, python),
        ratio(f"check, {here}", small, "check", "cp -r", None, None),
        ratio(f"check, {here}, 8 annotations each", small, "check", "check without annotations", 1.3, None),
    ]


def page(sizes: Sizes, lines: Sequence[Row]) -> str:
    """The results file."""
    python = f"{platform.python_implementation()} {platform.python_version()}"
    machine = f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[2]:.1f}"
    return f"""\
# Benchmark results

Written by `make bench`; do not edit. Every app runs in {CLUSTERS} clusters and has an Ingress; every tenth has a second
version behind a canary Ingress. kapitan {kapitan.VERSION} compiles the same apps without Ingresses, and checks nothing.
Where no two apps are alike, each has a port, probe, resources and environment of its own; elsewhere they have these in
common, as apps of one organization mostly do.

Medians of {sizes.rounds} rounds ({sizes.large_rounds} at {sizes.large} apps, {sizes.start_rounds} of what takes
milliseconds); each round runs every command in turn, and has ratios of its own. {python}, {machine}.

Of a gateway, the last rows tell what it costs to compile it alone, and what the Envoy costs that starts from its
`bootstrap.json`: each Service runs in {envoys.CLUSTERS} clusters with {envoys.PODS} endpoints each. An exponent of 1 is
linear growth from {envoys.SMALL} to {envoys.LARGE} Services; 0.1 above it is the noise that is let pass.

{table(lines)}"""


def expect(holds: bool, otherwise: str) -> None:  # noqa: FBT001 - reads like assert, which -O would remove
    """Raise RuntimeError unless a command did what it is measured for."""
    if not holds:
        raise RuntimeError(otherwise)


def fresh(path: Path) -> Iterator[Path]:
    """Paths like this one that nothing was ever called."""
    return (path.with_name(f"{path.name}-{number}") for number in itertools.count())


def remove(folder: Path) -> None:
    """Delete a folder, if it is there."""
    if folder.exists():
        shutil.rmtree(folder)


def say(text: str) -> None:
    """Progress, apart from the table."""
    print(text, file=sys.stderr, flush=True)


def main() -> int:
    """Exit status: 0 every bound is kept, 1 one is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--small", type=int, default=STANDARD.small, help="apps of the small fleet (default: %(default)s)"
    )
    parser.add_argument(
        "--large", type=int, default=STANDARD.large, help="apps of the large fleet (default: %(default)s)"
    )
    parser.add_argument(
        "--rounds", type=int, default=STANDARD.rounds, help="rounds at the small size (default: %(default)s)"
    )
    given = parser.parse_args()
    sizes = STANDARD._replace(small=given.small, large=given.large, rounds=given.rounds)

    compile_bytecode()
    WORK.mkdir(parents=True, exist_ok=True)
    try:
        return bench(sizes, Path(tempfile.mkdtemp(dir=WORK)))
    finally:
        say("removing what was written")
        remove(WORK)


def bench(sizes: Sizes, work: Path) -> int:
    """Measure everything below `work`, and tell; the exit status."""
    small, large = measure_fleets(sizes, work)
    lines = rows(sizes, small, large, measure_start(sizes, work))
    # last: what this process grows by counts as the peak of what it starts
    lines += envoys.rows(*envoys.measure_growth(work, say))
    print(table(lines), flush=True)
    if sizes == STANDARD:
        RESULTS.write_text(page(sizes, lines), "utf-8")
        say(f"wrote {RESULTS.relative_to(ROOT)}")
    missed = [row.what for row in lines if not row.holds]
    if missed:
        say(f"missed: {', '.join(missed)}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
