"""Downstream impact: each kind of touch claims all that its household buys within the window after it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from assistant.economics.attribution.journeys import blocks

if TYPE_CHECKING:
    from assistant.economics.attribution.history import History, Integers
    from assistant.economics.attribution.journeys import Block, Journeys


def downstream(history: History, journeys: Journeys) -> Integers:
    """(kinds,) millionths that each kind claims: every kind in a journey claims the whole sale, so sums exceed it."""
    claimed = np.zeros(len(history.kinds), dtype=np.int64)
    for block in blocks(journeys):
        first = first_of_kind(history, journeys, block)
        np.add.at(
            claimed,
            history.touch_kind[block.touch[first]],
            history.micros[block.journeys][block.segment[first]],
        )
    return claimed


def first_of_kind(history: History, journeys: Journeys, block: Block) -> Integers:
    """Indices into the block's touches: of each kind the first in its journey."""
    started = journeys.start[block.journeys][block.segment]
    return np.flatnonzero(history.previous_of_kind[block.touch] < started)
