"""The income statement of a scenario: a line for each account, with the band that the ranges of its figures leave."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

import numpy as np

from assistant.economics.scenario.counts import Drawn, Expected, Whole
from assistant.economics.scenario.draws import EXPONENT, SEED, ZERO, draw, exact_values, point_values, rows
from assistant.economics.scenario.economy import evaluate
from assistant.ledger.volume import chart_place
from assistant.money import Money, total

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from assistant.economics.scenario.figures import Figure, Figures
    from assistant.economics.scenario.files import Scenario
    from assistant.ledger.arithmetic import Number

Basis: TypeAlias = Literal["computed", "assumption"]
"""Computed from published figures alone, or on one assumption of ours at least."""

BAND: Final = (0.05, 0.95)
_NUDGE: Final = 1e-3
"""By so much a figure is moved to see which lines depend on it."""


@dataclass(frozen=True, kw_only=True)
class Line:
    """One line of the statement."""

    account: str
    """Name in the chart of accounts, or "revenue", "cost", "margin"."""
    value: Money
    """At the values of the figures; positive: earned if it is income, spent if it is an expense."""
    low: Money
    """5 of 100 draws are below it."""
    high: Money
    """5 of 100 draws are above it."""
    each_micros: Fraction
    """The value by interaction, millionths."""
    each_low_micros: Fraction
    each_high_micros: Fraction
    behind: tuple[Figure, ...] = ()
    """The figures that it depends on."""

    @property
    def kind(self) -> Basis:
        """Computed from published figures alone, or on an assumption of ours."""
        return "computed" if all(each.is_fact for each in self.behind) else "assumption"

    @property
    def source(self) -> str:
        """Where its figures come from, the published ones first."""
        facts = dict.fromkeys(f"{each.kind}: {each.source}" for each in self.behind if each.is_fact)
        assumed = [each.key for each in self.behind if not each.is_fact]
        return "; ".join([*facts, *([f"assumption: {', '.join(assumed)}"] if assumed else [])])


@dataclass(frozen=True, kw_only=True)
class ScenarioStatement:
    """A year of a scenario."""

    scenario: Scenario
    """What it is a statement of."""
    interactions: int
    """Everything said in the year."""
    interactions_low: int
    interactions_high: int
    requests: dict[str, int]
    """By intent."""
    orders: dict[str, tuple[int, int, int]]
    """By intent: requests, orders placed, orders completed and kept."""
    lines: tuple[Line, ...]
    """By account, in the order of the chart; those of nothing are left out."""
    revenue: Line
    """The sum of the lines of income."""
    cost: Line
    """The sum of the lines of expense."""
    margin: Line
    """Revenue less cost."""
    likely_profit: float
    """Share of the draws whose margin is not a loss."""
    draws: int
    """So many."""
    seed: int
    """Of what is drawn."""

    @property
    def totals(self) -> tuple[Line, Line, Line]:
        """Revenue, cost and margin."""
        return self.revenue, self.cost, self.margin


def make_statement(scenario: Scenario, *, exponent: int = EXPONENT, seed: int = SEED) -> ScenarioStatement:
    """The statement at the values of the figures, exact; and its bands over their ranges.

    A line is the exact sum rounded once to the millionth, and totals are the exact sums of the lines. Bands are
    percentiles of draws in floats, each of which counts orders and interactions as they would come.
    """
    figures, currency = scenario.figures, scenario.currency
    year = evaluate(exact_values(figures), Whole(), currency=currency)
    number = 2**exponent
    generator = np.random.default_rng(seed)
    drawn = evaluate(
        draw(figures, exponent=exponent, seed=seed),
        Drawn(generator, number),
        currency=currency,
        zero=ZERO,
    )
    behind = figures_behind(figures, currency)
    said = np.broadcast_to(drawn.interactions, number)
    amounts = {account: Money.nearest(Fraction(amount), currency) for account, amount in year.amounts.items()}

    def line(account: str, value: Money, draws: Number, figures_behind: tuple[Figure, ...]) -> Line:
        each = np.broadcast_to(draws, number)
        low, high = _ends(each, currency)
        # Nothing costs anything by interaction where nobody says anything.
        of = np.divide(each, said, out=np.zeros(number), where=said > 0)
        return Line(
            account=account,
            value=value,
            low=low,
            high=high,
            each_micros=Fraction(value.micros, year.interactions) if year.interactions else Fraction(0),
            each_low_micros=Fraction(float(np.quantile(of, BAND[0])) * 10**6),
            each_high_micros=Fraction(float(np.quantile(of, BAND[1])) * 10**6),
            behind=figures_behind,
        )

    lines = [
        line(account, amounts[account], drawn.amounts[account], behind[account])
        for account in sorted(amounts, key=chart_place)
        if amounts[account] or np.any(drawn.amounts[account])
    ]

    def summed(name: str, prefix: str, draws: Number) -> Line:
        chosen = [each for each in lines if each.account.startswith(prefix)]
        return line(name, total((each.value for each in chosen), currency), draws, _union(chosen))

    revenue = summed("revenue", "Income:", drawn.revenue)
    cost = summed("cost", "Expenses:", drawn.cost)
    margin = line("margin", revenue.value - cost.value, drawn.margin, _union([revenue, cost]))
    return ScenarioStatement(
        scenario=scenario,
        interactions=year.interactions,
        interactions_low=int(np.quantile(said, BAND[0])),
        interactions_high=int(np.quantile(said, BAND[1])),
        requests=dict(year.requests),
        orders={
            intent: (year.requests[intent], each.placed, each.completed - each.refunded - each.charged_back)
            for intent, each in year.orders.items()
        },
        lines=tuple(lines),
        revenue=revenue,
        cost=cost,
        margin=margin,
        likely_profit=float(np.mean(np.broadcast_to(drawn.margin, number) >= 0)),
        draws=number,
        seed=seed,
    )


def _ends(draws: NDArray[np.float64], currency: str) -> tuple[Money, Money]:
    low, high = np.quantile(draws, BAND)
    return Money.nearest(Fraction(float(low)), currency), Money.nearest(Fraction(float(high)), currency)


def _union(lines: list[Line]) -> tuple[Figure, ...]:
    return tuple({each.key: each for line in lines for each in line.behind}.values())


def figures_behind(figures: Figures, currency: str) -> dict[str, tuple[Figure, ...]]:
    """The figures that each account depends on: found by moving every figure a little, all in one go."""
    point = point_values(figures)
    keys = list(point)
    values = rows(point, len(keys) + 1)
    for place, key in enumerate(keys):
        values[key][place] += _NUDGE * max(abs(float(point[key])), 1e-6)
    year = evaluate(values, Expected(), currency=currency, zero=ZERO)
    found: dict[str, tuple[Figure, ...]] = {}
    for account, amounts in year.amounts.items():
        each = np.broadcast_to(amounts, len(keys) + 1)
        found[account] = tuple(
            figures[key]
            for place, key in enumerate(keys)
            if not np.isclose(each[place], each[-1], rtol=1e-9, atol=1e-12)
        )
    return found


def money_text(micros: Fraction, currency: str) -> str:
    """A fraction of millionths, to the nearest."""
    return str(Money(currency=currency, micros=round(micros)))


def statement_json(statement: ScenarioStatement) -> dict[str, Any]:
    """The machine-readable statement; money as decimal strings in currency units."""
    scenario, currency = statement.scenario, statement.scenario.currency

    def whole(line: Line) -> dict[str, Any]:
        return {
            "account": line.account,
            "value": str(line.value),
            "low": str(line.low),
            "high": str(line.high),
            "kind": line.kind,
            "source": line.source,
        }

    def each(line: Line) -> dict[str, Any]:
        return {
            "value": money_text(line.each_micros, currency),
            "low": money_text(line.each_low_micros, currency),
            "high": money_text(line.each_high_micros, currency),
        }

    everything = (*statement.lines, *statement.totals)
    return {
        "simulated": True,
        "scenario": scenario.name,
        "year": scenario.year,
        "currency": currency,
        "strategies": [strategy.name for strategy in scenario.strategies],
        "interactions": statement.interactions,
        "interactions_band": [statement.interactions_low, statement.interactions_high],
        "lines": [whole(line) for line in everything],
        "per_interaction": {line.account: each(line) for line in everything},
        "requests": statement.requests,
        "orders": {
            intent: {"requests": asked, "placed": placed, "kept": kept}
            for intent, (asked, placed, kept) in statement.orders.items()
        },
        "reported": [
            figure.to_json() for key, figure in scenario.figures.items() if key.startswith("reported.")
        ],
        "likely_profit": round(statement.likely_profit, 4),
        "band": list(BAND),
        "draws": statement.draws,
        "seed": statement.seed,
        "figures": [figure.to_json() for figure in scenario.figures.values()],
    }
