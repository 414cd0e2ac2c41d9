"""The line that matters: how much of what was said earned nothing, what it cost, and what paid for it."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from assistant.money import Money, total

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from assistant.reports.statement import IncomeStatement, StatementRow


def statement_sentence(statement: IncomeStatement, sold: Mapping[str, int]) -> str:
    """The line over a statement by intent.

    Costs are fully loaded where the statement is: each thing said bears its part of the device and of overhead.
    What paid is the revenue of what earned, less all that this cost itself.

    Args:
        statement: By intent.
        sold: Things bought and kept, by intent.
    """
    currency = statement.currency
    basis = f"simulated, plan {statement.plan or 'none'}"
    if statement.what_if:
        basis = f"what if: nothing of this was booked; {basis}"
    if statement.attribution:
        basis = f"{basis}; income from orders credited by {statement.attribution}"
    if statement.loading:
        basis = f"{basis}; costs with the device and overhead, shared out by {statement.loading.by}"
    if not statement.rows:
        return f"Nothing was said, so nothing was earned and nothing spent ({basis})."
    idle = [row for row in statement.rows if not row.revenue]
    earning = [row for row in statement.rows if row.revenue.micros > 0]
    given_back = [row for row in statement.rows if row.revenue.micros < 0]
    said = sum(row.interactions for row in idle)
    whole = statement.total.interactions
    cost = total((row.loaded_cost for row in idle), currency)
    parts = []
    if said:
        parts.append(
            f"{_percent(said, whole)} of what was said earned 0.00 and cost {short(cost)} {currency}"
        )
    elif whole:
        parts.append("Everything that was said earned something")
    else:
        parts.append("Nothing was said in this time")
    if earning:
        parts.append(_paid(earning, sold, cost if said else None, currency))
    elif not given_back:
        parts.append("nothing was sold")
    if given_back:
        lost = -total((row.revenue for row in given_back), currency)
        names = _listed([row.key for row in given_back])
        parts.append(f"{names} gave back {short(lost)} {currency} more than was earned")
    line = "; ".join(parts)
    return f"{line[:1].upper()}{line[1:]} ({basis})."


def _paid(earning: Sequence[StatementRow], sold: Mapping[str, int], cost: Money | None, currency: str) -> str:
    """What earned, and how much of `cost` it paid for; None: there was nothing to pay for."""
    orders = [counted(sold[row.key], row.key) for row in earning if sold.get(row.key)]
    others = [row.key for row in earning if not sold.get(row.key)]
    if others:
        # What earns without an order is the place for an advert, or an order that ended outside the time.
        orders.append(f"{'other ' if orders else ''}income from {_listed(others)}")
    names = _listed(orders)
    earned = total((row.revenue for row in earning), currency)
    left = earned - total((row.loaded_cost for row in earning), currency)
    if left.micros <= 0:
        return f"{names} earned {short(earned)} {currency} and did not pay for {_themselves(earning, sold)}"
    if not cost:
        return f"{names} earned {short(earned)} {currency}"
    if left.micros <= 10 * cost.micros:
        return f"{names} paid for {_percent(left.micros, cost.micros)} of it"
    return f"{names} paid for it {left.micros // cost.micros:,} times over"


def _themselves(earning: Sequence[StatementRow], sold: Mapping[str, int]) -> str:
    one = len(earning) == 1 and sold.get(earning[0].key, 1) == 1
    return "itself" if one else "themselves"


def short(amount: Money) -> str:
    """To the cent, and below a cent to as many places as it takes to see something: "0.41", "0.000068"."""
    micros = abs(amount.micros)
    if micros and micros < 10_000:
        return str(amount)
    cents = round(Fraction(micros, 10_000))
    return f"{'-' if amount.micros < 0 and cents else ''}{cents // 100:,}.{cents % 100:02d}"


def _percent(part: int, whole: int) -> str:
    """Per cent without a decimal, unless that would say all or none where it is not."""
    share = Fraction(part, whole) * 100
    if share.denominator == 1 or (0.5 < share < 99.5) or share > 100.5:
        return f"{round(share):,} %"
    if share <= Fraction(1, 20):
        return "less than 0.1 %"
    if 100 > share >= Fraction(9995, 100):
        return "more than 99.9 %"
    return f"{float(share):.1f} %"


def counted(number: int, name: str) -> str:
    """How many of something, an intent or another noun: "1 pizza", "2 pizzas"."""
    noun = name.replace("_", " ")
    return f"{number:,} {noun if number == 1 else plural(noun)}"


def plural(noun: str) -> str:
    """The regular English plural: "pizzas", "taxis", "groceries", "buses"."""
    if noun.endswith(("s", "x", "z", "ch", "sh")):
        return f"{noun}es"
    if noun.endswith("y") and noun[-2:-1] not in "aeiou":
        return f"{noun[:-1]}ies"
    return f"{noun}s"


def _listed(things: Sequence[str]) -> str:
    return " and ".join(filter(None, [", ".join(things[:-1]), things[-1]])) if things else ""
