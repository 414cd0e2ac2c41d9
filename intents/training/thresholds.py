"""The probabilities from which to ask and from which to accept, chosen on cases the model had not seen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from intents.training.network import Floats, Indices

ORDERS: Final = ("pizza", "ride")
"""Labels whose acceptance spends money."""
_GRID: Final = np.arange(0.30, 0.96, 0.05)
# Where an order is accepted on the model's word alone, one none case in so many may be above it; of other
# commands, so many in a hundred that are accepted may be wrong.
_NONE_CASES_AN_ORDER: Final = 10_000
_PRECISION: Final = 0.95
_HIGHEST: Final = 0.995
_LOWEST_ORDER: Final = 0.9
# Below this too many of the few are wrong, however many are right above it: so it was seen with weather.
_LOWEST_ACCEPTED: Final = 0.7


def choose_thresholds(
    labels: Sequence[str],
    hard: Sequence[bool],
    sources: Sequence[str],
    probabilities: Sequence[Floats],
    names: Sequence[str],
) -> dict[str, tuple[float, float]]:
    """Label to (ask, accept), for every name but the last, "none".

    `probabilities` are (cases, labels) once or several times, as for the same cases well heard and misheard. `ask`
    maximises the macro-F1 of the likeliest label, averaged over these and over the `sources`, each without its hard
    cases and with them, and over the thresholds next to it, as one step up or down is mostly chance; it is the same for
    all labels, as most have too few cases to choose one of their own by.
    `accept` is the lowest from which orders would be wrong once in 10,000 cases, other labels once in 20; never below
    0.9 for orders and 0.7 for others.
    """
    times = len(probabilities)
    truth = np.array([names.index(label) for label in labels] * times)
    easy = np.array([not each for each in hard] * times)
    every = np.concatenate(probabilities)
    best = every[:, :-1].argmax(axis=1)
    score = every[np.arange(len(best)), best]
    which = np.array([f"{i} {source}" for i in range(times) for source in sources])
    parts = [
        np.flatnonzero((which == each) & kind)
        for each in sorted(set(which.tolist()))
        for kind in (easy, np.full(len(easy), True))
    ]

    def value(threshold: float) -> float:
        decided = np.where(score >= threshold, best, len(names) - 1)
        return sum(_macro_f1(truth[part], decided[part], len(names)) for part in parts)

    values = np.pad([value(threshold) for threshold in _GRID.tolist()], 1, mode="edge")
    ask = float(_GRID[np.convolve(values, np.ones(3), mode="valid").argmax()])
    chosen = {}
    for label, name in enumerate(names[:-1]):
        claimed = best == label
        allowed = len(truth) // _NONE_CASES_AN_ORDER if name in ORDERS else None
        accept = _lowest(score[claimed], truth[claimed] == label, allowed)
        accept = max(accept, _LOWEST_ORDER if name in ORDERS else _LOWEST_ACCEPTED)
        chosen[name] = (round(ask, 3), round(max(accept, ask), 3))
    return chosen


def _lowest(scores: Floats, right: NDArray[np.bool_], allowed: int | None) -> float:
    """The lowest threshold with at most `allowed` wrong above it, or else the wanted precision."""
    for threshold in np.arange(0.5, _HIGHEST, 0.005):
        above = scores >= threshold
        wrong = int((above & ~right).sum())
        if wrong <= (allowed if allowed is not None else (1 - _PRECISION) * above.sum()):
            return float(threshold)
    return _HIGHEST


def _macro_f1(truth: Indices, decided: Indices, labels: int) -> float:
    both = np.bincount(truth[truth == decided], minlength=labels)
    true_sizes = np.bincount(truth, minlength=labels)
    f1 = 2 * both / np.maximum(true_sizes + np.bincount(decided, minlength=labels), 1)
    return float(f1[true_sizes > 0].mean())
