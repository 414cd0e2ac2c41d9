"""Models that share each purchase among the touches before it by a rule fixed in advance.

Each returns (kinds,) millionths, which with the purchases that no touch precedes sum to what was bought.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from assistant.economics.attribution.apportion import by_float_weights, by_weights, evenly
from assistant.economics.attribution.journeys import DAY_US, blocks

if TYPE_CHECKING:
    from collections.abc import Callable

    from assistant.economics.attribution.history import History, Integers
    from assistant.economics.attribution.journeys import Block, Journeys


def direct(history: History, journeys: Journeys) -> Integers:
    """All to the touch that made the purchase; where purchases name none, to their own kind if it was touched."""
    if history.made_by is not None:
        made_by = history.made_by[history.refund_of]
        direct_ = made_by >= 0
        return _summed(history, history.touch_kind[made_by[direct_]], history.micros[direct_])
    credited = np.zeros(len(history.kinds), dtype=np.int64)
    if history.kind is not None:
        kind = history.kind[history.refund_of]
        for block in blocks(journeys, which=kind >= 0):
            same = history.touch_kind[block.touch] == kind[block.journeys][block.segment]
            touched = np.flatnonzero(np.bincount(block.segment[same], minlength=len(block.journeys)))
            made = block.journeys[touched]
            credited += _summed(history, kind[made], history.micros[made])
    return credited


def first_touch(history: History, journeys: Journeys) -> Integers:
    """All to the first touch in the window."""
    touched = journeys.length > 0
    return _summed(history, history.touch_kind[journeys.start[touched]], history.micros[touched])


def last_touch(history: History, journeys: Journeys) -> Integers:
    """All to the last touch up to the purchase."""
    touched = journeys.length > 0
    return _summed(history, history.touch_kind[journeys.stop[touched] - 1], history.micros[touched])


def linear(history: History, journeys: Journeys) -> Integers:
    """The same to every touch."""
    return _shared(history, journeys, evenly)


def time_decay(history: History, journeys: Journeys, half_life_days: float) -> Integers:
    """To every touch by half for each half-life that it lies back."""

    def parts(amount: Integers, block: Block) -> Integers:
        # Only ratios count, so age is taken from the last touch: its weight is 1, and none can all vanish.
        last = history.touch_us[journeys.stop[block.journeys] - 1]
        age = (last[block.segment] - history.touch_us[block.touch]) / (half_life_days * DAY_US)
        return by_float_weights(amount, np.exp2(-age), block)

    return _shared(history, journeys, parts)


def position(history: History, journeys: Journeys) -> Integers:
    """40 % to the first touch, 40 % to the last, 20 % evenly to those between; one takes all, two take half each."""

    def parts(amount: Integers, block: Block) -> Integers:
        length = block.length[block.segment]
        between = np.maximum(length - 2, 0)
        end = (block.position == 0) | (block.position == length - 1)
        # 2/5 : 1/5 / between : 2/5, in whole numbers.
        return by_weights(amount, np.where(end, np.maximum(2 * between, 1), 1), block)

    return _shared(history, journeys, parts)


def _shared(history: History, journeys: Journeys, share: Callable[[Integers, Block], Integers]) -> Integers:
    credited = np.zeros(len(history.kinds), dtype=np.int64)
    for block in blocks(journeys):
        value = history.micros[block.journeys]
        # By size, then signed: a refund takes back exactly what its sale gave.
        parts = share(np.abs(value), block) * np.sign(value)[block.segment]
        np.add.at(credited, history.touch_kind[block.touch], parts)
    return credited


def _summed(history: History, kind: Integers, micros: Integers) -> Integers:
    # Not bincount: its weights are floats.
    sums = np.zeros(len(history.kinds), dtype=np.int64)
    np.add.at(sums, kind, micros)
    return sums
