"""Exact shares: whole millionths that sum to the whole, by the largest remainder."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from assistant.economics.attribution.history import Floats, Integers
    from assistant.economics.attribution.journeys import Block


def to_total(total: int, parts: Sequence[Fraction | float]) -> list[int]:
    """`parts`, which sum to `total` but for rounding, as whole numbers that sum to it exactly.

    Each is rounded down, and what is then missing goes to the largest remainders, the first of equal ones first.
    Parts may be negative. Two floats a hair apart may swap a unit between machines; nothing is ever lost.
    """
    if not parts:
        return []
    exact = [Fraction(part) for part in parts]
    whole = [part.numerator // part.denominator for part in exact]
    # Beyond 2**53 a float is coarser than a unit, and then more is missing than there are parts.
    every, missing = divmod(total - sum(whole), len(parts))
    by_remainder = sorted(range(len(parts)), key=lambda i: (whole[i] - exact[i], i))
    for place, i in enumerate(by_remainder):
        whole[i] += every + (place < missing)
    return whole


def by_shares(total: int, shares: Sequence[Fraction | float]) -> list[int]:
    """`total` in proportion to `shares`, which do not sum to zero."""
    exact = [Fraction(share) for share in shares]
    return to_total(total, [total * share / sum(exact) for share in exact])


def evenly(amount: Integers, block: Block) -> Integers:
    """(touches,) each journey's non-negative `amount` in equal parts; what does not divide goes to the first ones."""
    each, rest = np.divmod(amount, block.length)
    parts: Integers = each[block.segment] + (block.position < rest[block.segment])
    return parts


def by_weights(amount: Integers, weight: Integers, block: Block) -> Integers:
    """(touches,) each journey's non-negative `amount` in proportion to whole weights, in integers throughout.

    The sum of a journey's weights times its largest must be below 2**63.
    """
    whole = _sums(weight, block)
    # amount = turns * whole + rest, so that no product outgrows 64 bits however large the amount.
    turns, rest = np.divmod(amount, whole)
    quotient, remainder = np.divmod(rest[block.segment] * weight, whole[block.segment])
    parts = turns[block.segment] * weight + quotient
    return _with_remainders(parts, remainder, amount, block)


def by_float_weights(amount: Integers, weight: Floats, block: Block) -> Integers:
    """(touches,) each journey's non-negative `amount` in proportion to `weight` > 0.

    Sums are exact whatever the amount; a part is right to the millionth up to 2**53 of them, and above that to a
    float's relative precision.
    """
    whole = np.add.reduceat(weight, np.cumsum(block.length) - block.length)
    share = amount[block.segment] * (weight / whole[block.segment])
    floor = np.floor(share)
    return _with_remainders(floor.astype(np.int64), share - floor, amount, block)


def _with_remainders(
    parts: Integers, remainder: Integers | Floats, amount: Integers, block: Block
) -> Integers:
    missing = amount - _sums(parts, block)
    every, missing = np.divmod(missing, block.length)
    order = np.lexsort((-remainder, block.segment))
    # Within a segment the order's places are its positions: segments lie one after another.
    bonus = np.zeros(len(parts), dtype=np.int64)
    bonus[order] = block.position < missing[block.segment]
    result: Integers = parts + every[block.segment] + bonus
    return result


def _sums(values: Integers, block: Block) -> Integers:
    sums: Integers = np.add.reduceat(values, np.cumsum(block.length) - block.length)
    return sums
