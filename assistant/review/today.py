"""The figures of the first page: what was said, what it came to, how well and how fast it was understood."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from math import sqrt
from typing import TYPE_CHECKING, Any, Final

from assistant.records import stamp
from assistant.reports.profit import Terms, log_funnel, make_profit, make_statement
from assistant.reports.sentence import statement_sentence
from assistant.store.totals import plans, totals

if TYPE_CHECKING:
    from assistant.reports.funnel import Funnel
    from assistant.reports.statement import IncomeStatement
    from assistant.review.periods import Period
    from assistant.review.settings import Review
    from assistant.store.store import Store

NEWEST: Final = 5_000
"""Latencies and mishaps are counted over so many of the newest interactions of the time, at most."""
CHART_DAYS: Final = 30
"""Costs are drawn by day over so many of the last days of the time, at most."""
FUNNEL_DAYS: Final = 7
"""A funnel follows every request: over so many of the last days of the time, at most."""


@dataclass(frozen=True, kw_only=True)
class Quality:
    """How well it was understood, by the newest verdict on each interaction of the time."""

    reviewed: int
    """How many have a verdict."""
    right: int
    """Understood as they were meant."""
    heard: int
    """Heard word for word, of those that were spoken."""
    spoken: int
    """Spoken, not typed."""
    false_orders: int
    """Ordered, and should not have been."""

    @property
    def interval(self) -> tuple[float, float]:
        """95 % interval (Wilson) of the share that was right."""
        return wilson(self.right, self.reviewed)


@dataclass(frozen=True, kw_only=True)
class Today:
    """All of it."""

    statement: IncomeStatement
    """By intent."""
    days: IncomeStatement
    """By day, at most thirty of them."""
    sentence: str
    """The line that matters."""
    funnel: Funnel
    """How far requests came."""
    funnel_days: int
    """Over how many days."""
    latency_ms: dict[str, tuple[float, float]]
    """Stage to p50 and p95."""
    measured: int
    """Spoken interactions that these are of."""
    quality: Quality
    """From verdicts."""
    returned: int
    """Orders that were given back."""
    turned_down: int
    """Not understood, or not ours."""
    failed: int
    """Went wrong."""
    cut_off: int
    """Among the newest: sound that was lost, or speech cut off."""


def make_today(store: Store, review: Review, when: Period) -> Today:
    """The figures of a time of the log."""
    terms = Terms(plan=review.plan_of(plans(store)), since=when.since, until=when.until, zone=review.zone)
    profit = make_profit(store, "intent", terms)
    month = max(when.since, when.until - timedelta(days=CHART_DAYS))
    week = max(when.since, when.until - timedelta(days=FUNNEL_DAYS))
    days = make_statement(store, "day", replace(terms, since=month))
    outcomes = {
        row["key"]: row["interactions"]
        for row in totals(store, "outcome", since=when.since, until=when.until)
        if not row["currency"]
    }
    latencies, measured, cut_off = _newest(store, when)
    return Today(
        statement=profit.statement,
        days=days,
        sentence=statement_sentence(profit.by_intent, profit.sold),
        funnel=log_funnel(store, replace(terms, since=week)),
        funnel_days=(when.until - week).days,
        latency_ms=latencies,
        measured=measured,
        quality=quality_of(store, when),
        returned=profit.statement.total.orders_returned,
        turned_down=outcomes.get("rejected", 0),
        failed=outcomes.get("failed", 0),
        cut_off=cut_off,
    )


def quality_of(store: Store, when: Period) -> Quality:
    """The newest verdicts on what was said in a time."""
    (row,) = store.rows(
        """
        SELECT count(*) AS reviewed, coalesce(sum(v.verdict = 'right'), 0) AS right,
            coalesce(sum(i.source <> 'typed'), 0) AS spoken,
            coalesce(sum(i.source <> 'typed' AND lower(trim(v.said)) = lower(trim(i.transcript))), 0) AS heard,
            coalesce(sum(v.verdict = 'wrong' AND i.outcome = 'ordered'), 0) AS false_orders
        FROM (SELECT max(number) AS newest FROM verdicts GROUP BY interaction_id) AS n
        JOIN verdicts AS v ON v.number = n.newest JOIN interactions AS i ON i.id = v.interaction_id
        WHERE i.at >= ? AND i.at < ? AND NOT EXISTS (SELECT 1 FROM forgotten AS f WHERE f.interaction_id = i.id)
        """,
        [stamp(when.since), stamp(when.until)],
    )
    return Quality(**row)


def wilson(part: int, whole: int) -> tuple[float, float]:
    """95 % interval of a share, by Wilson's score; (0, 1) of nothing."""
    if not whole:
        return 0.0, 1.0
    z, share = 1.959964, part / whole
    middle = share + z * z / (2 * whole)
    spread = z * sqrt(share * (1 - share) / whole + z * z / (4 * whole * whole))
    scale = 1 + z * z / whole
    return max(0.0, (middle - spread) / scale), min(1.0, (middle + spread) / scale)


def _newest(store: Store, when: Period) -> tuple[dict[str, tuple[float, float]], int, int]:
    rows: list[dict[str, Any]] = store.rows(
        """
        SELECT endpoint_us, recognition_us, understanding_us, truncated OR lost_frames > 0 AS cut, source
        FROM interactions WHERE at >= ? AND at < ? ORDER BY at DESC LIMIT ?
        """,
        [stamp(when.since), stamp(when.until), NEWEST],
    )
    spoken = [row for row in rows if row["source"] != "typed"]
    stages = {
        name: sorted(row[f"{name}_us"] for row in spoken)
        for name in ("endpoint", "recognition", "understanding")
    }
    stages["in all"] = sorted(
        row["endpoint_us"] + row["recognition_us"] + row["understanding_us"] for row in spoken
    )
    latencies = {
        name: (_quantile(values, 0.5) / 1000, _quantile(values, 0.95) / 1000)
        for name, values in stages.items()
        if values
    }
    return latencies, len(spoken), sum(row["cut"] for row in rows)


def _quantile(values: list[int], share: float) -> float:
    """Of sorted values, the one at `share`, by nearest rank."""
    return values[min(len(values) - 1, int(share * len(values)))]
