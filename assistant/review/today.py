"""The figures of the first page: what was said, what it came to, how well and how fast it was understood."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from assistant.records import stamp
from assistant.reports.profit import Terms, log_funnel, make_profit, make_statement
from assistant.reports.sentence import statement_sentence
from assistant.review.quality import newest_verdicts, quality_of
from assistant.store.totals import plans, totals

if TYPE_CHECKING:
    from assistant.reports.funnel import Funnel
    from assistant.reports.statement import IncomeStatement
    from assistant.review.periods import Period
    from assistant.review.quality import Quality
    from assistant.review.settings import Review
    from assistant.store.store import Store

DRAWN: Final = 5_000
"""Latencies are of so many interactions of the time, at most; of more, so many are drawn by lot."""
NEWEST: Final = 5_000
"""What was cut off is counted over so many of the newest interactions of the time, at most."""
CHART_DAYS: Final = 30
"""Costs are drawn by day over so many of the last days of the time, at most."""
FUNNEL_DAYS: Final = 7
"""A funnel follows every request: over so many of the last days of the time, at most."""


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
    drawn_from: int
    """Interactions that they were drawn from by lot; 0: they are all that were spoken in the time."""
    quality: Quality
    """From verdicts."""
    returned: int
    """Orders that were given back."""
    turned_down: int
    """Not understood, or not ours."""
    failed: int
    """Went wrong."""
    cut_off: int
    """Sound that was lost, or speech cut off."""
    cut_off_of_newest: int
    """Of so many of the newest; 0: of all."""


def make_today(store: Store, review: Review, when: Period) -> Today:
    """The figures of a time of the log."""
    terms = Terms(plan=review.plan_of(plans(store)), since=when.since, until=when.until, zone=review.zone)
    profit = make_profit(store, "intent", terms)
    days = make_statement(store, "day", replace(terms, since=when.last_days(CHART_DAYS, review.zone)))
    outcomes = {
        row["key"]: row["interactions"]
        for row in totals(store, "outcome", since=when.since, until=when.until)
        if not row["currency"]
    }
    said = profit.statement.total.interactions
    sample = _sample(store, when)
    spoken = [row for row in sample if row["source"] != "typed"]
    return Today(
        statement=profit.statement,
        days=days,
        sentence=statement_sentence(profit.by_intent, profit.sold),
        funnel=log_funnel(store, replace(terms, since=when.last_days(FUNNEL_DAYS, review.zone))),
        funnel_days=min(when.days, FUNNEL_DAYS),
        latency_ms=_latencies(spoken),
        measured=len(spoken),
        drawn_from=said if len(sample) < said else 0,
        quality=quality_of(newest_verdicts(store, when)),
        returned=profit.statement.total.orders_returned,
        turned_down=outcomes.get("rejected", 0),
        failed=outcomes.get("failed", 0),
        cut_off=_cut_off(store, when),
        cut_off_of_newest=NEWEST if said > NEWEST else 0,
    )


def _sample(store: Store, when: Period) -> list[dict[str, Any]]:
    """Latencies of what was said in a time: of all of it, or of so many numbers of the log drawn by lot from it.

    Numbers follow the time, so that those from the first to the last of the time are those of the time; what a clock
    that was set back put among them is left out. The lot is the same each time.
    """
    (ends,) = store.rows(
        """
        SELECT (SELECT number FROM interactions WHERE at >= :since ORDER BY at LIMIT 1) AS "first",
            (SELECT number FROM interactions WHERE at < :until ORDER BY at DESC LIMIT 1) AS "last"
        """,
        _bounds(when),
    )
    if ends["first"] is None or ends["last"] is None:
        return []
    numbers = range(*sorted((ends["first"], ends["last"] + 1)))
    rng = random.Random(0)  # noqa: S311 - a sample, not a secret
    drawn = sorted(rng.sample(numbers, DRAWN)) if len(numbers) > DRAWN else list(numbers)
    return store.rows(
        """
        SELECT i.endpoint_us, i.recognition_us, i.understanding_us, i.source
        FROM json_each(:numbers) AS n CROSS JOIN interactions AS i ON i.number = n.value
        WHERE i.at >= :since AND i.at < :until
        """,
        {**_bounds(when), "numbers": json.dumps(drawn)},
    )


def _latencies(spoken: list[dict[str, Any]]) -> dict[str, tuple[float, float]]:
    stages = {
        name: sorted(row[f"{name}_us"] for row in spoken)
        for name in ("endpoint", "recognition", "understanding")
    }
    stages["in all"] = sorted(
        row["endpoint_us"] + row["recognition_us"] + row["understanding_us"] for row in spoken
    )
    return {
        name: (_quantile(values, 0.5) / 1000, _quantile(values, 0.95) / 1000)
        for name, values in stages.items()
        if values
    }


def _cut_off(store: Store, when: Period) -> int:
    (row,) = store.rows(
        """
        SELECT coalesce(sum(truncated OR lost_frames > 0), 0) AS cut FROM (
            SELECT truncated, lost_frames FROM interactions
            WHERE at >= :since AND at < :until ORDER BY at DESC LIMIT :newest
        )
        """,
        {**_bounds(when), "newest": NEWEST},
    )
    return int(row["cut"])


def _bounds(when: Period) -> dict[str, str]:
    return {"since": stamp(when.since), "until": stamp(when.until)}


def _quantile(values: list[int], share: float) -> float:
    """Of sorted values, the one at `share`, by nearest rank."""
    return values[min(len(values) - 1, int(share * len(values)))]
