"""The ledger's rules for one interaction, on arrays of them: the same millionths, millions a second.

`assistant.ledger.rules.book_interaction` is the rule; this is its arithmetic in whole numbers, and tests hold the
two together. What an order books has few distinct amounts, so there the rules themselves are asked.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import lcm
from typing import TYPE_CHECKING, Final

import numpy as np

from assistant.errors import LedgerError
from assistant.ledger.plan import MICROSECONDS, MICROSECONDS_PER_MINUTE
from assistant.money import MICROS_PER_UNIT, Money

if TYPE_CHECKING:
    from assistant.economics.attribution.history import Integers
    from assistant.ledger.plan import PricingPlan

AT_ONCE: Final = 1 << 14
"""Interactions worked on at a time, so that what is in between stays in the processor's cache."""

_LIMIT: Final = 2**62


@dataclass(frozen=True, kw_only=True, eq=False)
class Booked:
    """What interactions book, in millionths of the plan's currency; all (interactions,)."""

    listening: Integers
    """Expenses:Compute:Listening."""
    recognition: Integers
    """Expenses:Compute:Recognition."""
    understanding: Integers
    """Expenses:Compute:Understanding."""
    wear: Integers
    """The part of these that is depreciation: the credit to Assets:Machine:AccumulatedDepreciation."""


def check_plan(plan: PricingPlan) -> None:
    """LedgerError where `plan` needs exchange rates: a simulated fleet is priced in one currency."""
    for name in ("recognition", "understanding", "advertising", "settlement"):
        table = getattr(plan, name)
        currency = table.currency if table else None
        if currency not in (None, plan.currency):
            raise LedgerError(
                f"the plan {plan.name} is in {plan.currency} and its {name} in {currency}; a fleet is simulated in one "
                "currency: name a plan that has only one"
            )


def book_interactions(
    plan: PricingPlan,
    *,
    audio_us: Integers,
    listening_cpu_us: Integers,
    recognition_cpu_us: Integers,
    understanding_cpu_us: Integers,
    recognition_us: Integers,
    understanding_us: Integers,
) -> Booked:
    """What each of these interactions, all heard and none typed, costs under `plan`. Arguments are (interactions,).

    Raises:
        LedgerError: `plan` needs exchange rates.
    """
    check_plan(plan)
    parts = [
        _book(
            plan,
            audio_us[begin : begin + AT_ONCE],
            (
                listening_cpu_us[begin : begin + AT_ONCE],
                recognition_cpu_us[begin : begin + AT_ONCE],
                understanding_cpu_us[begin : begin + AT_ONCE],
            ),
            recognition_us[begin : begin + AT_ONCE],
            understanding_us[begin : begin + AT_ONCE],
        )
        for begin in range(0, max(len(audio_us), 1), AT_ONCE)
    ]
    listening, recognition, understanding, wear = (np.concatenate(each) for each in zip(*parts, strict=True))
    return Booked(listening=listening, recognition=recognition, understanding=understanding, wear=wear)


def _book(
    plan: PricingPlan,
    audio_us: Integers,
    cpu: tuple[Integers, Integers, Integers],
    recognition_us: Integers,
    understanding_us: Integers,
) -> tuple[Integers, Integers, Integers, Integers]:
    """Listening, recognition, understanding and wear of some interactions."""
    recognised = plan.recognition.method == "measured"
    understood = plan.understanding.method == "measured"
    nothing = np.zeros(len(audio_us), dtype=np.int64)
    stages = (cpu[0], cpu[1] if recognised else nothing, cpu[2] if understood else nothing)
    cpu_us = stages[0] + stages[1] + stages[2]
    busy_us = audio_us + (recognition_us if recognised else 0) + (understanding_us if understood else 0)
    total, electricity = _machine(plan, cpu_us, busy_us)
    parts = _to_stages(total, stages, cpu_us) if total.any() else (nothing, nothing, nothing)
    return (
        parts[0],
        parts[1] + _recognition(plan, audio_us),
        parts[2] + Money.nearest(plan.understanding_price(), plan.currency).micros,
        total - electricity,
    )


def advert_micros(plan: PricingPlan) -> int:
    """What an answer with a place for an advert books."""
    return Money.nearest(plan.advert_price(), plan.currency).micros


def _machine(plan: PricingPlan, cpu_us: Integers, busy_us: Integers) -> tuple[Integers, Integers]:
    """(interactions,) millionths of energy and wear together, rounded up, and the part that is energy."""
    energy = plan.energy_cost(1) * MICROS_PER_UNIT
    wear = plan.wear_cost(1) * MICROS_PER_UNIT
    whole = lcm(energy.denominator, wear.denominator)
    by_cpu, by_use = int(energy * whole), int(wear * whole)
    used = _times(by_cpu, cpu_us)
    both = used + _times(by_use, busy_us)
    total = -_divmod(-both, whole)[0]
    # By the largest remainder between two: the nearest, and a half to the first of them.
    safe = np.where(both == 0, 1, both)
    floor, rest = _divmod(_product(total, used), safe)
    electricity = floor + (2 * rest >= safe) * (rest > 0)
    return _narrow(total), _narrow(np.where(both == 0, 0, electricity))


def _to_stages(total: Integers, stages: tuple[Integers, ...], cpu_us: Integers) -> tuple[Integers, ...]:
    """`total` split by processor time, by the largest remainder; of equal remainders the first comes first."""
    used = np.where(cpu_us == 0, 1, cpu_us)
    weights = (stages[0], stages[1], np.where(cpu_us == 0, 1, stages[2]))
    floors, rests = [], []
    for weight in weights:
        floor, rest = _divmod(_product(total, weight), used)
        floors.append(floor)
        rests.append(rest)
    left = total - floors[0] - floors[1] - floors[2]
    r0, r1, r2 = rests
    first = np.where((r0 >= r1) & (r0 >= r2), 0, np.where(r1 >= r2, 1, 2))
    last = np.where((r2 <= r0) & (r2 <= r1), 2, np.where(r1 <= r0, 1, 0))
    return tuple(
        _narrow(floor + np.where(left == 1, first == n, (left == 2) & (last != n)))
        for n, floor in enumerate(floors)
    )


def _recognition(plan: PricingPlan, audio_us: Integers) -> Integers | int:
    """(interactions,) or one number for all: millionths that a cloud asks for recognition."""
    terms = plan.recognition
    if terms.method != "per_minute":
        return Money.nearest(plan.recognition_price(0), plan.currency).micros
    step = Fraction(terms.increment_seconds) * MICROSECONDS
    charged = audio_us
    if step:
        if step.denominator != 1:
            raise LedgerError(
                f"the plan {plan.name} charges in steps of {terms.increment_seconds} s; a fleet is simulated to the "
                "microsecond: name a coarser step"
            )
        charged = -(-audio_us // int(step)) * int(step)
    price = Fraction(terms.price) * MICROS_PER_UNIT / MICROSECONDS_PER_MINUTE
    floor, rest = _divmod(_times(price.numerator, charged), price.denominator)
    twice = 2 * rest
    up = (twice > price.denominator) | ((twice == price.denominator) & (floor % 2 == 1))
    return _narrow(floor + up)


def _times(factor: int, amounts: Integers) -> Integers:
    """Exact products; Python's own integers where 64 bits do not hold them."""
    if abs(factor) * int(amounts.max(initial=0)) < _LIMIT:
        return amounts * factor
    wide: Integers = amounts.astype(object) * factor
    return wide


def _product(left: Integers, right: Integers) -> Integers:
    if int(left.max(initial=0)) * int(right.max(initial=0)) < _LIMIT:
        return left * right
    wide: Integers = left.astype(object) * right.astype(object)
    return wide


def _divmod(left: Integers, right: Integers | int) -> tuple[Integers, Integers]:
    if isinstance(right, int) and right >= _LIMIT:
        left = left.astype(object)
    if left.dtype != object and not isinstance(right, int) and right.dtype == object:
        left = left.astype(object)
    # NumPy has no divmod of Python's integers.
    floor: Integers = left // right
    rest: Integers = left - floor * right
    return floor, rest


def _narrow(amounts: Integers) -> Integers:
    return amounts.astype(np.int64)
