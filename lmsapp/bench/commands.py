"""`lmsapp bench [WORKLOAD …]`: measures here, prints ratios, writes JSON."""

import json
import platform
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import click

from lmsapp.bench import certs, exam, grow, login, pages, school, slow, start, weight, whole
from lmsapp.bench.measuring import Row
from lmsapp.core.errors import Invalid

WORKLOADS = (
    "start",
    "pages",
    "weight",
    "certs",
    "login",
    "slow",
    "whole",
    "exam",
    "bell",
    "exam-kill",
    "engines",
    "grow",
)


@click.command()
@click.argument("workloads", nargs=-1)
@click.option("--seed", default=20261123, show_default=True, help="The same school for the same seed.")
@click.option("--repeat", type=click.IntRange(1, 50), default=5, show_default=True, help="How often each is measured.")
@click.option("--json", "target", type=click.Path(path_type=Path, dir_okay=False), help="Write the figures to a file.")
def bench(workloads: tuple[str, ...], seed: int, repeat: int, target: Path | None) -> None:
    """Measure each workload beside its limit, all of them when none is named."""
    unknown = sorted(set(workloads) - set(WORKLOADS))
    if unknown:
        raise Invalid(
            "There is no workload %(name)s; there are %(known)s.", name=unknown[0], known=", ".join(WORKLOADS)
        )
    machine = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "lmsapp": version("lmsapp"),
        "python": platform.python_version(),
        "system": platform.platform(),
        "processor": _processor(),
        "seed": seed,
        "repeat": repeat,
    }
    click.echo(", ".join(f"{name} {value}" for name, value in machine.items()))
    rows = []
    with tempfile.TemporaryDirectory(prefix="lmsapp-bench-") as folder:
        for row in _measured(workloads or WORKLOADS, Path(folder), seed, repeat):
            rows.append(row)
            click.echo(line(row))
    if target is not None:
        figures = [asdict(row) | {"ratio": row.ratio} for row in rows]
        target.write_text(json.dumps({"machine": machine, "rows": figures}, indent=1), encoding="utf-8")


def line(row: Row) -> str:
    """One row as a person reads it: ours with its spread, the limit, the ratio, what else."""
    more = "".join(f", {name.replace('_', ' ')} {value:,}" for name, value in row.facts.items())
    return (
        f"{row.workload:7} {row.what:36} {_amount(row.ours.median)} {row.unit} "
        f"({_amount(row.ours.least)}–{_amount(row.ours.most)}); {row.limit_name} {_amount(row.limit.median)}; "
        f"ratio {row.ratio:.2f}{more}"
    )


def _measured(workloads: tuple[str, ...], folder: Path, seed: int, repeat: int) -> Iterator[Row]:
    built = school.build(folder / "school", seed)
    steps: dict[str, Callable[[], Iterator[Row]]] = {
        "start": lambda: start.run(folder / "school", repeat),
        "pages": lambda: pages.run(built, folder, repeat),
        "weight": lambda: weight.run(built),
        "certs": lambda: certs.run(built, repeat),
        "login": lambda: login.run(built, repeat, seed),
        "slow": lambda: slow.run(folder / "school", repeat),
        "whole": lambda: whole.run(built, folder, repeat, seed),
        "exam": lambda: exam.run(built, folder, repeat, seed),
        "exam-kill": lambda: exam.kill(built, seed),
        "engines": lambda: exam.engines(built, folder, repeat, seed),
        "grow": lambda: grow.run(folder, repeat, seed),
    }
    steps["bell"] = steps["exam"]  # the same crowd answers, and hands in when it rings
    try:
        for step in dict.fromkeys(steps[name] for name in WORKLOADS if name in workloads):
            yield from (row for row in step() if row.workload in workloads)
    finally:
        built.close()


def _amount(value: float) -> str:
    return f"{value:,.0f}" if value >= 1000 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def _processor() -> str:
    if sys.platform == "linux":
        for one in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if one.startswith("model name"):
                return one.partition(":")[2].strip()
    return platform.processor()
