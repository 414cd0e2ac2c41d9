"""The income statement: what was said, what it earned, what it cost. Arithmetic only."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from fractions import Fraction
from math import floor
from typing import TYPE_CHECKING, Any, Final

from assistant.errors import LedgerError
from assistant.money import Money, total
from assistant.store.summary import QUARTER_S

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import date, tzinfo

    from assistant.ledger.exchange import Rates
    from assistant.ledger.period import PeriodItem

TIMES: Final = frozenset({"hour", "day", "week"})


@dataclass(frozen=True, kw_only=True)
class StatementRow:
    """One line."""

    key: str
    """What it is about: an intent, a day …"""
    kind: str
    """"trivial", "commerce", "none"; "all" where the grouping does not tell them apart."""
    interactions: int = 0
    """Said in the time of the statement."""
    audio_us: int = 0
    """Length of their sound, microseconds."""
    cpu_us: int = 0
    """Processor time that they took, microseconds."""
    orders_completed: int = 0
    """Orders that came to their end well in that time."""
    orders_returned: int = 0
    """Orders that were refunded or charged back in that time."""
    revenue: Money
    """Earned (simulated), by the date of booking; less than nothing where more was given back."""
    cost: Money
    """Spent on it directly, by the date of booking."""
    wear: Money
    """Of the cost, what use has taken off the value of the machine."""
    period_income: Money
    """Its part of what the time brings, whatever is said: subscriptions, devices sold."""
    period_cost: Money
    """Its part of what the time costs, whatever is said: the device, overhead."""

    @property
    def margin(self) -> Money:
        """Revenue less direct cost."""
        return self.revenue - self.cost

    @property
    def margin_per_interaction(self) -> Money:
        """Mean margin, to the nearest millionth."""
        return Money(
            currency=self.margin.currency,
            micros=round(Fraction(self.margin.micros, max(self.interactions, 1))),
        )

    @property
    def loaded_cost(self) -> Money:
        """Direct cost and its part of what the time costs."""
        return self.cost + self.period_cost

    @property
    def loaded_margin(self) -> Money:
        """The fully loaded margin: with its parts of what the time brings and costs."""
        return self.revenue + self.period_income - self.loaded_cost


@dataclass(frozen=True, kw_only=True)
class Loading:
    """What the time brings and costs, and how it was shared out."""

    since: datetime
    """Beginning of the time, UTC."""
    until: datetime
    """Its end."""
    devices: int
    """Machines that were there."""
    items: tuple[PeriodItem, ...]
    """Each with its rate and the source of it."""
    by: str
    """The key: one of `ALLOCATION_KEYS`."""


@dataclass(frozen=True, kw_only=True)
class IncomeStatement:
    """The lines and their sum, in one currency."""

    plan: str
    """The pricing plan, or several with commas."""
    currency: str
    """ISO 4217 code."""
    by: str
    """What the lines are grouped by."""
    rows: tuple[StatementRow, ...]
    """Most interactions first; by time in order of time."""
    total: StatementRow
    """Their sum."""
    loading: Loading | None = None
    """None where the plan of the log is not at hand."""
    exchanged: tuple[str, ...] = ()
    """Other currencies that were booked, and stated in this one at the rates of their days."""
    rates: str = ""
    """The table of those rates."""
    zone: str = "UTC"
    """Time zone of hours, days and weeks."""
    since: datetime | None = None
    """From this time on; None: from the beginning of the log."""
    until: datetime | None = None
    """Up to, and without, this time; None: to the end of the log."""
    what_if: str = ""
    """The plan that the log was booked under, where it is stated under another: nothing of it was booked."""
    attribution: str = ""
    """The model that income from orders is credited by; empty: each stands where it was booked."""
    notes: tuple[str, ...] = field(default=())
    """What the reader has to know besides."""

    def share(self, row: StatementRow) -> float:
        """The line's share of all interactions, in [0, 1]."""
        return row.interactions / self.total.interactions if self.total.interactions else 0.0

    def to_json(self) -> dict[str, Any]:
        """The machine-readable statement; money as decimal strings in currency units."""
        loaded = self.loading is not None
        return {
            "simulated": True,
            "plan": self.plan,
            "what_if": bool(self.what_if),
            "booked_under": self.what_if or self.plan,
            "currency": self.currency,
            "exchanged": list(self.exchanged),
            "rates": self.rates or None,
            "by": self.by,
            "time_zone": self.zone,
            "since": self.since.isoformat() if self.since else None,
            "until": self.until.isoformat() if self.until else None,
            "attribution": self.attribution or None,
            "totals": {**_figures(self.total), **_loaded_figures(self.total, loaded=loaded)},
            "rows": [
                {
                    "key": row.key,
                    "kind": row.kind,
                    "share": round(self.share(row), 6),
                    **_figures(row),
                    "margin_per_interaction": str(row.margin_per_interaction),
                    **_loaded_figures(row, loaded=loaded),
                }
                for row in self.rows
            ],
            "period": _period(self.loading) if self.loading else None,
            "notes": list(self.notes),
        }


def income_statement(
    lines: Iterable[Mapping[str, Any]],
    *,
    by: str,
    plans: Sequence[str],
    currency: str,
    rates: Rates | None = None,
    zone: tzinfo = UTC,
) -> IncomeStatement:
    """The statement over sums as `assistant.store.totals` yields them.

    Args:
        lines: Mappings of key, kind, currency, quarter and measures; what is missing is nothing. Lines of one key
            are added up, so whoever has other revenue (an attribution model) gives it as further lines.
        by: What they are grouped by.
        plans: The pricing plans behind them.
        currency: What to state them in.
        rates: For amounts in other currencies, each at the rate of the day (UTC) of its booking.
        zone: Of hours, days and weeks.

    Raises:
        LedgerError: an amount is in another currency, and there is no rate for its day.
    """
    label = labels(by, zone)
    counts: dict[tuple[str, str], dict[str, int]] = {}
    money: dict[tuple[str, str], dict[str, Fraction | int]] = {}
    foreign = set()
    for line in lines:
        key = (line["key"] if line["key"] is not None else label(line["quarter"]), line["kind"])
        count = counts.setdefault(key, dict.fromkeys(_COUNTS, 0))
        for name in _COUNTS:
            count[name] += line.get(name) or 0
        exact = money.setdefault(key, dict.fromkeys(_MONEY, 0))
        # Whole numbers as long as nothing is exchanged: fractions take many times as long.
        rate: Fraction | int = 1
        if line["currency"] and line["currency"] != currency:
            foreign.add(line["currency"])
            rate = rate_of_day(rates, line["currency"], currency, day_of(line["quarter"]))
        for name in _MONEY:
            exact[name] += rate * (line.get(f"{name}_micros") or 0)
    # A settlement neither earns nor costs anything: where there was nothing else there is no line.
    for key in [key for key in counts if not any(counts[key].values()) and not any(money[key].values())]:
        del counts[key], money[key]
    # In an order of their own, so that equal remainders are rounded alike however the lines came.
    counts, money = dict(sorted(counts.items())), dict(sorted(money.items()))
    rounded = {name: to_millionths([exact[name] for exact in money.values()]) for name in _MONEY}
    nothing = Money.zero(currency)
    rows = [
        StatementRow(
            key=key,
            kind=kind,
            **count,
            revenue=Money(currency=currency, micros=revenue),
            cost=Money(currency=currency, micros=cost),
            wear=Money(currency=currency, micros=wear),
            period_income=nothing,
            period_cost=nothing,
        )
        for ((key, kind), count), revenue, cost, wear in zip(
            counts.items(), rounded["revenue"], rounded["cost"], rounded["wear"], strict=True
        )
    ]
    rows.sort(
        key=lambda row: (0, row.key, row.kind) if by in TIMES else (-row.interactions, row.key, row.kind)
    )
    return IncomeStatement(
        plan=", ".join(plans),
        currency=currency,
        by=by,
        rows=tuple(rows),
        total=_sum(rows, currency),
        exchanged=tuple(sorted(foreign)),
        rates=rates.name if rates and foreign else "",
        zone=str(zone),
    )


ALLOCATION_KEYS: Final[dict[str, Callable[[StatementRow], int]]] = {
    "interactions": lambda row: row.interactions,
    "cpu": lambda row: row.cpu_us,
    "speech": lambda row: row.audio_us,
    "orders": lambda row: row.orders_completed,
    "revenue": lambda row: row.revenue.micros,
    "cost": lambda row: row.cost.micros,
    "equal": lambda _: 1,
}
"""What the time brings and costs can be shared out by: how often a thing was said, its processor time, the length of
its speech, its completed orders, what it earned, what it cost directly, or each line the same."""


def load(statement: IncomeStatement, loading: Loading) -> IncomeStatement:
    """`statement` with the items of `loading` shared out to its lines; the parts sum to exactly the items.

    A line that has less than nothing of the key bears nothing; where no line has any of it, all bear the same.
    """
    weights = [max(ALLOCATION_KEYS[loading.by](row), 0) for row in statement.rows]
    if not any(weights):
        weights = [1] * len(weights)
    income = total((i.amount for i in loading.items if i.account.startswith("Income:")), statement.currency)
    cost = total((i.amount for i in loading.items if not i.account.startswith("Income:")), statement.currency)
    rows = statement.rows
    if rows:
        rows = tuple(
            replace(row, period_income=earned, period_cost=spent)
            for row, earned, spent in zip(rows, income.allocate(weights), cost.allocate(weights), strict=True)
        )
    return replace(
        statement,
        rows=rows,
        total=replace(_sum(rows, statement.currency), period_income=income, period_cost=cost),
        loading=loading,
    )


_COUNTS: Final = ("interactions", "audio_us", "cpu_us", "orders_completed", "orders_returned")
_MONEY: Final = ("revenue", "cost", "wear")


def rate_of_day(rates: Rates | None, currency: str, into: str, on: date) -> Fraction:
    """What one unit of `currency` is worth; LedgerError when it is another and there is no rate for the day."""
    if currency == into:
        return Fraction(1)
    if rates is None:
        raise LedgerError(
            f"the log holds {currency} and the statement is in {into}; name a table of exchange rates with --rates, "
            "or in the plan"
        )
    return rates.rate(currency, into, on)


def to_millionths(exact: Sequence[Fraction | int]) -> list[int]:
    """Whole millionths that sum to the rounded sum of `exact`, whatever it is grouped by: the largest remainders
    are rounded up."""
    floors = [floor(value) for value in exact]
    left_over = round(sum(exact, Fraction(0))) - sum(floors)
    up = set(sorted(range(len(exact)), key=lambda i: (floors[i] - exact[i], i))[:left_over])
    return [whole + (i in up) for i, whole in enumerate(floors)]


def day_of(quarter: int | None) -> date:
    """The day (UTC) of a quarter of an hour."""
    return datetime.fromtimestamp((quarter or 0) * QUARTER_S, UTC).date()


def labels(by: str, zone: tzinfo) -> Callable[[int], str]:
    """What the group of a quarter of an hour is called."""

    def label(quarter: int) -> str:
        local = datetime.fromtimestamp(quarter * QUARTER_S, zone)
        if by == "hour":
            return f"{local.hour:02d}:00"
        if by == "day":
            return local.date().isoformat()
        # ISO 8601: a week belongs to the year of its Thursday.
        year, week, _ = local.isocalendar()
        return f"{year}-W{week:02d}"

    return label


def _sum(rows: Iterable[StatementRow], currency: str) -> StatementRow:
    rows = list(rows)
    counts: dict[str, int] = {name: sum(getattr(row, name) for row in rows) for name in _COUNTS}
    money = {
        name: total((getattr(row, name) for row in rows), currency)
        for name in (*_MONEY, "period_income", "period_cost")
    }
    return StatementRow(key="total", kind="all", **counts, **money)  # type: ignore[arg-type]


def _figures(row: StatementRow) -> dict[str, Any]:
    return {
        "interactions": row.interactions,
        "orders_completed": row.orders_completed,
        "orders_returned": row.orders_returned,
        "revenue": str(row.revenue),
        "cost": str(row.cost),
        "margin": str(row.margin),
    }


def _loaded_figures(row: StatementRow, *, loaded: bool) -> dict[str, Any]:
    return {
        name: str(getattr(row, name)) if loaded else None
        for name in ("period_income", "period_cost", "loaded_margin")
    }


def _period(loading: Loading) -> dict[str, Any]:
    days = Fraction((loading.until - loading.since).total_seconds()) / 86_400
    return {
        "since": loading.since.isoformat(),
        "until": loading.until.isoformat(),
        "days": round(float(days), 6),
        "devices": loading.devices,
        "allocated_by": loading.by,
        "items": [
            {"account": i.account, "amount": str(i.amount), "rate": i.rate, "source": i.source}
            for i in loading.items
        ],
    }
