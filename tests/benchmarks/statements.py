"""The statement over a log of a million interactions, beside the same query written by hand in SQL."""

from __future__ import annotations

import subprocess
import sys
import time
from statistics import median
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

from assistant.ledger.plan_file import load_plan
from assistant.reports.profit import Terms, log_funnel, make_profit
from assistant.store.store import Store
from tests.benchmarks.million import write_million

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from assistant.reports.profit import Profit

INTERACTIONS: Final = 1_000_000
ROUNDS: Final = 5
LINES: Final = 100_000

# Two ways in which it may be written over the log and the books as they are; the faster one is compared with.
BY_HAND: Final = (
    """
    WITH money AS (
        SELECT interaction_id,
            sum(CASE WHEN account LIKE 'Income:%' THEN -amount_micros ELSE 0 END) AS revenue,
            sum(CASE WHEN account LIKE 'Expenses:%' THEN amount_micros ELSE 0 END) AS cost
        FROM postings GROUP BY interaction_id
    ), completed AS (
        SELECT interaction_id, count(*) AS orders FROM order_events WHERE state = 'completed' GROUP BY interaction_id
    )
    SELECT coalesce(i.intent, 'none'), count(*), coalesce(sum(c.orders), 0), sum(m.revenue), sum(m.cost)
    FROM interactions AS i
    JOIN money AS m ON m.interaction_id = i.id LEFT JOIN completed AS c ON c.interaction_id = i.id
    GROUP BY 1
    """,
    """
    SELECT n.intent, n.interactions, coalesce(c.orders, 0), m.revenue, m.cost
    FROM (SELECT coalesce(intent, 'none') AS intent, count(*) AS interactions FROM interactions GROUP BY 1) AS n
    JOIN (
        SELECT coalesce(i.intent, 'none') AS intent,
            sum(CASE WHEN p.account LIKE 'Income:%' THEN -p.amount_micros ELSE 0 END) AS revenue,
            sum(CASE WHEN p.account LIKE 'Expenses:%' THEN p.amount_micros ELSE 0 END) AS cost
        FROM postings AS p JOIN interactions AS i ON i.id = p.interaction_id GROUP BY 1
    ) AS m ON m.intent = n.intent
    LEFT JOIN (
        SELECT coalesce(i.intent, 'none') AS intent, count(*) AS orders
        FROM order_events AS e JOIN interactions AS i ON i.id = e.interaction_id
        WHERE e.state = 'completed' GROUP BY 1
    ) AS c ON c.intent = n.intent
    """,
)


def statements(folder: Path) -> list[tuple[str, str]]:
    """Ours and by hand in turns, over the same database and connection; then what else reads a long log."""
    path, plan = folder / "million.db", load_plan("laptop")
    write_million(path, INTERACTIONS, plan)
    with Store.open(path, mode="read") as store:
        seconds: dict[str, list[float]] = {"ours": [], "first": [], "second": []}
        for _ in range(ROUNDS):
            profit = _timed(seconds["ours"], lambda: make_profit(store, "intent", Terms(plan=plan)))
            for name, sql in zip(("first", "second"), BY_HAND, strict=True):
                rows = _timed(seconds[name], lambda sql=sql: list(store.stream(sql)))  # type: ignore[misc]
                _check(profit, rows)
        ours, by_hand = median(seconds["ours"]), min(median(seconds["first"]), median(seconds["second"]))
        (postings,) = next(store.stream("SELECT count(*) FROM postings"))
        days: list[float] = []
        local = Terms(plan=plan, zone=ZoneInfo("Asia/Kathmandu"))
        _timed(days, lambda: make_profit(store, "day", local))
        funnel: list[float] = []
        _timed(funnel, lambda: log_funnel(store, Terms(plan=plan)))
    listing: list[float] = []
    command = [sys.executable, "-m", "assistant.cli", "--db", str(path), "log", "--limit", str(LINES)]
    printed = _timed(listing, lambda: subprocess.run(command, check=True, capture_output=True).stdout)
    if printed.count(b"\n") < LINES:
        raise RuntimeError("the log was not printed whole")
    return [
        (
            f"income statement over {INTERACTIONS:,} interactions and {postings:,} postings",
            f"{ours:.2f} s",
        ),
        ("the same query written by hand over the postings, the faster of two ways", f"{by_hand:.2f} s"),
        ("ours beside it", f"{ours / by_hand:.2f} of its time"),
        ("the same log by local day", f"{days[0]:.2f} s"),
        ("its funnel", f"{funnel[0]:.2f} s"),
        (f"`pennyworth log --limit {LINES}` of it, from start to exit", f"{listing[0]:.1f} s"),
    ]


def _check(profit: Profit, rows: list[tuple[Any, ...]]) -> None:
    """Both came to the same."""
    ours = {
        row.key: (row.interactions, row.orders_completed, row.revenue.micros, row.cost.micros)
        for row in profit.statement.rows
    }
    if ours != {row[0]: row[1:] for row in rows}:
        raise RuntimeError(f"the statement {ours} is not what is written by hand: {rows}")


def _timed(into: list[float], action: Callable[[], Any]) -> Any:
    begun = time.perf_counter()
    result = action()
    into.append(time.perf_counter() - begun)
    return result
