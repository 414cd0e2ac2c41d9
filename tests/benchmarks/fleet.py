"""A fleet: how fast it is simulated, and how fast its statement is beside the same query in SQL written by hand.

`python -m tests.benchmarks.fleet --events 100000000 --folder DIR` measures it by itself; a hundred million take about
3 GB in DIR, and what is in there already is measured and not made again.
"""

from __future__ import annotations

import argparse
import os
import resource
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any, Final

from assistant.economics.fleet.behaviour import load_behaviour
from assistant.economics.fleet.engines import on_duckdb
from assistant.economics.fleet.lake import HEAD, Lake
from assistant.economics.fleet.metrics import Span, statement
from assistant.economics.fleet.simulate import Simulation, simulate
from assistant.ledger.plan_file import load_plan
from assistant.reports.fleet import fleet_profit
from assistant.reports.profit import Terms

if TYPE_CHECKING:
    from collections.abc import Callable

EVENTS: Final = 10_000_000
WEEKS: Final = 4
TURNS: Final = 5
# What one household of the bundled behaviour comes to in four weeks, those held out among them.
EVENTS_A_HOUSEHOLD: Final = 66
AT_ONCE: Final = 2

BY_HAND: Final = """
SELECT key, kind, plan, currency, -1 AS quarter, sum(interactions), sum(audio_us), sum(cpu_us), sum(orders_completed),
    sum(orders_returned), sum(revenue_micros), sum(cost_micros), sum(wear_micros), min("first"), max("last")
FROM (
    SELECT coalesce(intent, 'none') AS key, kind, plan, currency, count(*) AS interactions, sum(audio_us) AS audio_us,
        sum(listening_cpu_us + recognition_cpu_us + understanding_cpu_us) AS cpu_us, 0 AS orders_completed,
        0 AS orders_returned, sum(advertising_micros) AS revenue_micros,
        sum(listening_micros + recognition_micros + understanding_micros + rounding_micros) AS cost_micros,
        sum(wear_micros) AS wear_micros, min(quarter) AS "first", max(quarter) AS "last"
    FROM interactions GROUP BY ALL
    UNION ALL
    SELECT intent, kind, plan, '', 0, 0, 0, count(*) FILTER (state = 'completed'),
        count(*) FILTER (state <> 'completed'), 0, 0, 0, min(quarter), max(quarter)
    FROM order_events WHERE state IN ('completed', 'refunded', 'charged_back') GROUP BY ALL
    UNION ALL
    SELECT intent, kind, plan, currency, 0, 0, 0, 0, 0,
        coalesce(sum(-amount_micros) FILTER (starts_with(account, 'Income:')), 0),
        coalesce(sum(amount_micros) FILTER (starts_with(account, 'Expenses:')), 0),
        coalesce(sum(-amount_micros) FILTER (account = 'Assets:Machine:AccumulatedDepreciation'), 0),
        min(quarter), max(quarter)
    FROM postings GROUP BY ALL
) GROUP BY ALL
"""
"""The sums of the statement by intent, as somebody would write them for DuckDB alone."""


def fleet(folder: Path, events: int = EVENTS) -> list[tuple[str, str]]:
    """Simulate about so many interactions and steps of orders, and state what they earned and cost."""
    lake_folder = folder / f"fleet-{events}"
    rows = []
    if not (lake_folder / HEAD).exists():
        before = _children_cpu()
        begun = time.perf_counter()
        lake = simulate(_simulation(events), lake_folder, workers=AT_ONCE)
        took, cpu = time.perf_counter() - begun, _children_cpu() - before
        made = _events(lake)
        rows += [
            (f"events simulated and written a second ({made:,}, {AT_ONCE} processes)", f"{made / took:,.0f}"),
            ("the same by processor time alone, as if nothing else ran", f"{AT_ONCE * made / cpu:,.0f}"),
            ("bytes an event on the disk", f"{_bytes(lake) / made:.1f}"),
        ]
    lake = Lake.open(lake_folder)
    made = _events(lake)
    plan = load_plan("home")
    with on_duckdb(lake) as engine:
        engine.connection.execute(f"SET threads = {AT_ONCE}")

        def metric() -> list[tuple[Any, ...]]:
            return sorted(
                tuple(row.values()) for row in engine.rows(statement(engine.tables, "intent", Span()))
            )

        def by_hand() -> list[tuple[Any, ...]]:
            return sorted(engine.connection.execute(BY_HAND).fetchall())

        if metric() != by_hand():
            raise AssertionError("the metric and the query written by hand differ")
        walls: dict[str, list[float]] = {"metric": [], "by hand": []}
        cpus: dict[str, list[float]] = {"metric": [], "by hand": []}
        # In turns, so that what else the machine does is shared.
        for _ in range(TURNS):
            for name, action in (("metric", metric), ("by hand", by_hand)):
                wall, cpu = _timed(action)
                walls[name].append(wall)
                cpus[name].append(cpu)
        whole = [
            _timed(lambda: fleet_profit(engine, "intent", Terms(plan=None), lambda _: plan))
            for _ in range(TURNS)
        ]
    ratio = median(ours / theirs for ours, theirs in zip(walls["metric"], walls["by hand"], strict=True))
    by_cpu = median(ours / theirs for ours, theirs in zip(cpus["metric"], cpus["by hand"], strict=True))
    return [
        *rows,
        (
            f"`fleet pnl` over {made:,} events, DuckDB, {AT_ONCE} threads",
            f"{min(wall for wall, _ in whole):.2f} s",
        ),
        ("its processor time", f"{min(cpu for _, cpu in whole):.2f} s"),
        ("its query beside the same in SQL by hand, in one run", f"{ratio:.2f}"),
        ("the same by processor time alone", f"{by_cpu:.2f}"),
    ]


def _simulation(events: int) -> Simulation:
    return Simulation(
        households=max(events // EVENTS_A_HOUSEHOLD, 1),
        weeks=WEEKS,
        seed=1,
        behaviour=load_behaviour("household"),
        plan=load_plan("home"),
    )


def _events(lake: Lake) -> int:
    return lake.rows("interactions") + lake.rows("order_events")


def _bytes(lake: Lake) -> int:
    return sum(size for part in lake.parts for files in part.files.values() for size in files.values())


def _children_cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _timed(action: Callable[[], object]) -> tuple[float, float]:
    """Seconds of wall time and of processor time."""
    wall, cpu = time.perf_counter(), time.process_time()
    action()
    return time.perf_counter() - wall, time.process_time() - cpu


def main() -> None:
    """Measure, and print the rows."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=EVENTS)
    parser.add_argument("--folder", type=Path, default=None, help="keeps the fleet there")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = arguments.folder or Path(name)
        folder.mkdir(parents=True, exist_ok=True)
        sys.stdout.write(f"load {os.getloadavg()[0]:.1f}\n")
        for what, figure in fleet(folder, arguments.events):
            sys.stdout.write(f"{what}: {figure}\n")


if __name__ == "__main__":
    main()
