"""Shapley values of kinds of touch, over one of two games.

`sales`: a set of kinds is worth the purchases whose journeys hold no other kind. Zhao, Mahboobi, Bagheri: Shapley
value methods for attribution modeling in online advertising, arXiv:1804.05327 (2018).
`rate`: each journey, those without a purchase too, would have brought what journeys of exactly its kinds within the
set brought on average; nothing where there were none.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import factorial
from typing import TYPE_CHECKING, Final

import numpy as np

from assistant.economics.attribution.downstream import first_of_kind
from assistant.economics.attribution.journeys import blocks
from assistant.errors import AttributionError

if TYPE_CHECKING:
    from assistant.economics.attribution.history import Floats, History, Integers
    from assistant.economics.attribution.journeys import Journeys

EXACT_KINDS: Final = 12
"""Up to so many kinds every subset is weighed; beyond, permutations are drawn."""
MAX_KINDS: Final = 62
"""A set of kinds is a 64-bit mask."""


def sales_values(history: History, journeys: Journeys) -> list[Fraction]:
    """(kinds,) exact values of the game `sales`, in millionths, whatever the number of kinds.

    A purchase is worth something only to sets that hold all the kinds of its journey, so each purchase is a
    unanimity game, whose value is an even split among these kinds; and values of games add.
    """
    kinds = len(history.kinds)
    # By how many kinds share the purchase, so that sums stay whole and are divided once.
    shared = np.zeros((kinds + 1, kinds), dtype=np.int64)
    for block in blocks(journeys):
        first = first_of_kind(history, journeys, block)
        segment = block.segment[first]
        among = np.bincount(segment, minlength=len(block.journeys))
        value = history.micros[block.journeys]
        np.add.at(shared, (among[segment], history.touch_kind[block.touch[first]]), value[segment])
    return [
        sum((Fraction(int(shared[n, kind]), n) for n in range(1, kinds + 1) if shared[n, kind]), Fraction())
        for kind in range(kinds)
    ]


@dataclass(frozen=True, kw_only=True, eq=False)
class RateGame:
    """What journeys brought on average, by the set of their kinds."""

    kinds: int
    """How many kinds there are; bit k of a mask is kind k."""
    mask: Integers
    """(sets,) each set of kinds that some journey had, sorted."""
    journeys: Integers
    """(sets,) how many had it."""
    rate: Floats
    """(sets,) what they brought on average, in millionths."""

    def rate_of(self, masks: Integers) -> Floats:
        """What journeys of exactly these sets brought on average; 0 for a set that none had."""
        if not len(self.mask):
            return np.zeros(masks.shape)
        place = np.minimum(np.searchsorted(self.mask, masks), len(self.mask) - 1)
        return np.where(self.mask[place] == masks, self.rate[place], 0.0)

    def worth(self) -> Floats:
        """(2 ** kinds,) of every set of kinds, in millionths."""
        dense = self.rate_of(np.arange(1 << self.kinds))
        return np.array(
            [float(self.journeys @ dense[self.mask & chosen]) for chosen in range(1 << self.kinds)]
        )


def rate_game(history: History, bought: Journeys, nothing: Journeys) -> RateGame:
    """The game `rate`; a refund that names its purchase lowers what that journey brought and is no journey itself.

    Raises:
        AttributionError: there are more than 62 kinds.
    """
    kinds = len(history.kinds)
    if kinds > MAX_KINDS:
        raise AttributionError(
            f"{kinds} kinds of touch are too many for Shapley values by rate, which take {MAX_KINDS}; group them, "
            f"or use the worth `sales`"
        )
    masks = np.concatenate([_masks(history, bought), _masks(history, nothing)])
    value = np.concatenate([history.micros, np.zeros(len(nothing.start), dtype=np.int64)])
    counted = np.concatenate([~history.is_refund, np.ones(len(nothing.start), dtype=bool)])
    value, counted, masks = value[masks > 0], counted[masks > 0], masks[masks > 0]
    mask, place = np.unique(masks, return_inverse=True)
    journeys = np.zeros(len(mask), dtype=np.int64)
    np.add.at(journeys, place, counted.astype(np.int64))
    brought = np.zeros(len(mask), dtype=np.int64)
    np.add.at(brought, place, value)
    return RateGame(kinds=kinds, mask=mask, journeys=journeys, rate=brought / np.maximum(journeys, 1))


def exact_values(worth: Floats, kinds: int) -> Floats:
    """(kinds,) Shapley values of a game given by the (2 ** kinds,) worth of every set; worth[0] is the empty one's."""
    sets = np.arange(1 << kinds)
    size = np.bitwise_count(sets.astype(np.uint64)).astype(np.int64)
    orders = np.array([factorial(n) * factorial(kinds - n - 1) / factorial(kinds) for n in range(kinds)])
    values = np.zeros(kinds)
    for kind in range(kinds):
        without = sets[sets & (1 << kind) == 0]
        values[kind] = orders[size[without]] @ (worth[without | (1 << kind)] - worth[without])
    return values


def sampled_values(game: RateGame, *, samples: int, seed: int) -> tuple[Floats, Floats]:
    """(kinds,) estimates and their standard errors, from `samples` random orders of the kinds.

    In each order a kind is credited with what it adds when it joins those before it. Every order hands out the
    same total, so only the shares are uncertain. Castro, Gómez, Tejada: Polynomial calculation of the Shapley value
    based on sampling, Computers & Operations Research 36 (2009).
    """
    random = np.random.default_rng(seed)
    holders = [np.flatnonzero(game.mask & (1 << kind)) for kind in range(game.kinds)]
    credits_ = np.zeros((samples, game.kinds))
    for sample in credits_:
        joined = np.zeros(len(game.mask), dtype=np.int64)
        rate = np.zeros(len(game.mask))
        for kind in random.permutation(game.kinds):
            here = holders[kind]
            joined[here] |= 1 << int(kind)
            now = game.rate_of(joined[here])
            sample[kind] = game.journeys[here] @ (now - rate[here])
            rate[here] = now
    return credits_.mean(axis=0), credits_.std(axis=0, ddof=1) / np.sqrt(samples)


def _masks(history: History, journeys: Journeys) -> Integers:
    masks = np.zeros(len(journeys.start), dtype=np.int64)
    for block in blocks(journeys):
        bits = np.left_shift(np.int64(1), history.touch_kind[block.touch])
        masks[block.journeys] = np.bitwise_or.reduceat(bits, np.cumsum(block.length) - block.length)
    return masks
