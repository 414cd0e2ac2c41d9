"""Removal effects against published examples, against the power of the matrix, and by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given

from assistant.economics.attribution.history import NO_TOUCH, History
from assistant.economics.attribution.journeys import DAY_US, before_purchases, without_purchase
from assistant.economics.attribution.markov import removal_effects, transitions
from assistant.economics.attribution.models import Parameters, attribute
from assistant.errors import AttributionError
from tests.assistant.economics.attribution.histories import (
    PROPERTY,
    histories,
    history,
    journeys_of,
    purchase,
)

if TYPE_CHECKING:
    from assistant.economics.attribution.history import Floats, Integers


def counts_of(given_: History, window_days: float = 30) -> Integers:
    bought = before_purchases(given_, round(window_days * DAY_US))
    sold = bought.only((given_.micros > 0) & ~given_.is_refund)
    nothing = without_purchase(given_, bought.only(~given_.is_refund), round(window_days * DAY_US))
    return transitions(given_, sold, nothing)


def slow_effects(counts: Integers) -> Floats:
    """Each kind in turn made to lead to nothing, and the walk then followed step by step until it has ended."""
    kinds = counts.shape[0] - 1
    start, bought, nothing = kinds, kinds + 1, kinds + 2

    def converts(removed: int | None) -> float:
        chain = np.zeros((kinds + 3, kinds + 3))
        for state in range(kinds + 1):
            left = counts[state].sum()
            if left:
                chain[state, :kinds] = counts[state, :kinds] / left
                chain[state, bought] = counts[state, kinds] / left
                chain[state, nothing] = counts[state, kinds + 1] / left
        chain[bought, bought] = chain[nothing, nothing] = 1
        if removed is not None:
            chain[removed] = 0
            chain[removed, nothing] = 1
        for _ in range(40):
            chain = chain @ chain
        return float(chain[start, bought])

    whole = converts(None)
    return np.array([1 - converts(kind) / whole if whole else 0.0 for kind in range(kinds)])


@pytest.mark.parametrize(
    ("paths", "effects", "shares"),
    [
        pytest.param(
            # Bryl, "Attribution model with R (Markov chains)", analyzecore.com; the same journeys stand in the readme
            # of github.com/JesseCastro/markovattribution. 1/3 convert; without C1 1/6; without C2 or C3 none.
            [("C1 > C2 > C3", 1, 0), ("C1", 0, 1), ("C2 > C3", 0, 1)],
            [0.5, 1.0, 1.0],
            [0.2, 0.4, 0.4],
            id="bryl",
        ),
        pytest.param(
            # serhiipuzyrov.com/2019/07/markov-chain-attribution-simple-explanation-of-removal-effect: 0.8 convert;
            # without Google Ads 0.2, without mailing 0.4.
            [("google ads", 2, 1), ("mailing", 1, 0), ("google ads > mailing", 1, 0)],
            [0.75, 0.5],
            [0.6, 0.4],
            id="puzyrov",
        ),
        pytest.param(
            # The readme of github.com/jmwoloso/pychattr (after ChannelAttribution for R): by simulation it finds
            # 1.991106 and 1.008894 of 3 conversions.
            [("A > B > A > B > B > A", 1, 0), ("A > B > B > A > A", 1, 0), ("A > A", 1, 0)],
            [1.0, 0.5],
            [2 / 3, 1 / 3],
            id="pychattr",
        ),
    ],
)
def test_published_journeys(
    paths: list[tuple[str, int, int]], effects: list[float], shares: list[float]
) -> None:
    given_ = journeys_of(paths)
    assert removal_effects(counts_of(given_)) == pytest.approx(effects)
    result = attribute(given_, "markov", Parameters())
    credited = [money.micros for kind, money in result.by_kind.items() if kind != NO_TOUCH]
    assert credited == pytest.approx([share * sum(credited) for share in shares], abs=1)


@PROPERTY
@given(histories())
def test_the_closed_form_equals_the_walk(given_: History) -> None:
    counts = counts_of(given_)
    assert removal_effects(counts) == pytest.approx(slow_effects(counts), abs=1e-9)


def test_thirty_kinds_equal_the_walk() -> None:
    random = np.random.default_rng(3)
    counts = random.integers(0, 50, (31, 32))
    assert removal_effects(counts) == pytest.approx(slow_effects(counts), abs=1e-9)


def test_journeys_that_came_to_nothing_count() -> None:
    """By hand. Of those who buy half say music first, so without music half are lost. With six more who say pizza,
    then music, and buy nothing: pizza converts 0.6 and music 0.2, so 0.5 in all, and 0.375 without music."""
    sold = [("music > pizza", 3, 0), ("pizza", 3, 0)]
    assert removal_effects(counts_of(journeys_of(sold))) == pytest.approx([0.5, 1.0])
    more = [*sold, ("pizza > music", 0, 6)]
    assert removal_effects(counts_of(journeys_of(more))) == pytest.approx([0.25, 1.0])


def test_touches_that_no_purchase_follows_are_cut_into_journeys_no_longer_than_the_window() -> None:
    touches = [("h", float(day), "a") for day in (0, 1, 9, 10, 11, 12)]
    given_ = history(touches, [purchase("h", 10, "1")])
    nothing = without_purchase(given_, before_purchases(given_, 2 * DAY_US), 2 * DAY_US)
    # Days 0 and 1 before; 9 and 10 were bought after; 11 and 12 lead nowhere.
    assert list(zip(nothing.start.tolist(), nothing.stop.tolist(), strict=True)) == [(0, 2), (4, 6)]
    long = history([("h", float(day), "a") for day in range(7)], [])
    nothing = without_purchase(long, before_purchases(long, 3 * DAY_US), 3 * DAY_US)
    assert (nothing.stop - nothing.start).tolist() == [3, 3, 1]


def test_without_a_conversion_nothing_is_learnt_and_nothing_lost() -> None:
    given_ = history([("h", 0.0, "a")], [purchase("h", 1, "-5")])
    result = attribute(given_, "markov", Parameters())
    assert str(result.by_kind[NO_TOUCH]) == "-5.000000"
    assert "no journey" in result.note


def test_too_many_kinds_are_refused() -> None:
    given_ = history([("h", 0.0, f"k{n}") for n in range(2001)], [])
    with pytest.raises(AttributionError, match="2001 kinds.*2000"):
        attribute(given_, "markov", Parameters())
