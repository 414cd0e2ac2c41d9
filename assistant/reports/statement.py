"""The income statement: what was said, what it earned, what it cost. Arithmetic only."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from assistant.errors import LedgerError
from assistant.money import Money

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence


@dataclass(frozen=True, kw_only=True)
class StatementRow:
    """One line."""

    key: str
    """What it is about: an intent, a day …"""
    kind: str
    """"trivial", "commerce", "none"; "all" where the grouping does not tell them apart."""
    interactions: int
    """How many."""
    orders_completed: int
    """Orders that came to their end well."""
    revenue: Money
    """Earned (simulated)."""
    cost: Money
    """Spent on it directly."""

    @property
    def margin(self) -> Money:
        """Revenue less cost."""
        return self.revenue - self.cost

    @property
    def margin_per_interaction(self) -> Money:
        """Mean margin, to the nearest millionth."""
        return Money(
            currency=self.margin.currency,
            micros=round(Fraction(self.margin.micros, max(self.interactions, 1))),
        )


@dataclass(frozen=True, kw_only=True)
class IncomeStatement:
    """The lines and their sum, under one plan and in one currency."""

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

    def share(self, row: StatementRow) -> float:
        """The line's share of all interactions, in [0, 1]."""
        return row.interactions / self.total.interactions if self.total.interactions else 0.0

    def to_json(self) -> dict[str, Any]:
        """The machine-readable statement; money as decimal strings in currency units."""
        return {
            "simulated": True,
            "plan": self.plan,
            "currency": self.currency,
            "by": self.by,
            "totals": _figures(self.total),
            "rows": [
                {
                    "key": row.key,
                    "kind": row.kind,
                    "share": round(self.share(row), 6),
                    **_figures(row),
                    "margin_per_interaction": str(row.margin_per_interaction),
                }
                for row in self.rows
            ],
        }


TIMES = frozenset({"hour", "day", "week"})


def income_statement(
    totals: Iterable[Mapping[str, Any]], *, by: str, plans: Sequence[str], currency: str
) -> IncomeStatement:
    """Statement over grouped totals; `currency` is what an empty log is stated in.

    Raises:
        LedgerError: the log holds more than one currency.
    """
    totals = list(totals)
    currencies = sorted({line["currency"] for line in totals if line["currency"]})
    if len(currencies) > 1:
        raise LedgerError(
            f"the log holds {' and '.join(currencies)}, and they cannot be added; keep one database a currency"
        )
    currency = currencies[0] if currencies else currency
    rows: dict[tuple[str, str], StatementRow] = {}
    for line in totals:
        key = (line["key"], line["kind"])
        rows[key] = _add(
            rows.get(key),
            StatementRow(
                key=line["key"],
                kind=line["kind"],
                interactions=line["interactions"],
                orders_completed=line["orders_completed"],
                revenue=Money(currency=currency, micros=line["revenue_micros"]),
                cost=Money(currency=currency, micros=line["cost_micros"]),
            ),
        )
    total = StatementRow(
        key="total",
        kind="all",
        interactions=0,
        orders_completed=0,
        revenue=Money.zero(currency),
        cost=Money.zero(currency),
    )
    for row in rows.values():
        total = _add(total, row)
    ordered = sorted(
        rows.values(), key=lambda row: (0, row.key) if by in TIMES else (-row.interactions, row.key)
    )
    return IncomeStatement(plan=", ".join(plans), currency=currency, by=by, rows=tuple(ordered), total=total)


def _add(first: StatementRow | None, second: StatementRow) -> StatementRow:
    if first is None:
        return second
    return StatementRow(
        key=first.key,
        kind=first.kind,
        interactions=first.interactions + second.interactions,
        orders_completed=first.orders_completed + second.orders_completed,
        revenue=first.revenue + second.revenue,
        cost=first.cost + second.cost,
    )


def _figures(row: StatementRow) -> dict[str, Any]:
    return {
        "interactions": row.interactions,
        "orders_completed": row.orders_completed,
        "revenue": str(row.revenue),
        "cost": str(row.cost),
        "margin": str(row.margin),
    }
