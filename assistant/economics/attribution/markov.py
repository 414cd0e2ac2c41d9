"""Removal effects on the graph of journeys: a first-order absorbing Markov chain.

Anderl, Becker, von Wangenheim, Schumann: Mapping the customer journey, International Journal of Research in
Marketing 33 (2016).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from assistant.errors import AttributionError

if TYPE_CHECKING:
    from assistant.economics.attribution.history import Floats, History, Integers
    from assistant.economics.attribution.journeys import Journeys

MAX_KINDS: Final = 2_000
"""A matrix of so many rows and columns takes 32 MB and seconds to invert."""


def transitions(history: History, bought: Journeys, nothing: Journeys) -> Integers:
    """(kinds + 1, kinds + 2) counts: rows are the kinds and then the start; columns the kinds, conversion, nothing."""
    kinds = len(history.kinds)
    if kinds > MAX_KINDS:
        raise AttributionError(
            f"{kinds} kinds of touch are too many for the Markov model, which takes {MAX_KINDS}; group them"
        )
    counts = np.zeros((kinds + 1, kinds + 2), dtype=np.int64)
    change = np.zeros(len(history.touch_us) + 1, dtype=np.int64)
    for journeys, end in ((bought, kinds), (nothing, kinds + 1)):
        some = journeys.length > 0
        start, last = journeys.start[some], journeys.stop[some] - 1
        counts[kinds] += np.bincount(history.touch_kind[start], minlength=kinds + 2)
        counts[:kinds, end] += np.bincount(history.touch_kind[last], minlength=kinds)
        # A step from one touch to the next counts once for each journey that holds both.
        np.add.at(change, start, 1)
        np.add.at(change, last, -1)
    steps = np.cumsum(change)[: max(len(history.touch_us) - 1, 0)]
    np.add.at(counts, (history.touch_kind[:-1], history.touch_kind[1:]), steps)
    return counts


def removal_effects(counts: Integers) -> Floats:
    """(kinds,) by what share fewer journeys convert when a kind leads to nothing; zeros when none converts anyway.

    With the fundamental matrix N = (I - Q)^-1, a journey from the start s ever comes to kind k with probability
    N[s, k] / N[k, k], and converts from there with x[k]; that is what removing k takes away.
    """
    kinds = counts.shape[0] - 1
    left = counts.sum(axis=1, keepdims=True)
    chance = np.divide(counts, left, out=np.zeros(counts.shape), where=left > 0)
    through = np.zeros((kinds + 1, kinds + 1))
    through[:, :kinds] = chance[:, :kinds]
    visits = np.linalg.inv(np.eye(kinds + 1) - through)
    converts = visits @ chance[:, kinds]
    if converts[kinds] <= 0:
        return np.zeros(kinds)
    effects: Floats = visits[kinds, :kinds] / np.diag(visits)[:kinds] * converts[:kinds] / converts[kinds]
    return effects
