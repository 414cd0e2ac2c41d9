"""Shapley values against all permutations and all subsets, published examples, and their own sampling error."""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations, permutations
from math import factorial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.economics.attribution.history import NO_TOUCH, History
from assistant.economics.attribution.journeys import DAY_US, before_purchases, without_purchase
from assistant.economics.attribution.models import Parameters, attribute
from assistant.economics.attribution.shapley import (
    RateGame,
    exact_values,
    rate_game,
    sales_values,
    sampled_values,
)
from assistant.errors import AttributionError
from tests.assistant.economics.attribution.histories import (
    PROPERTY,
    Slow,
    histories,
    history,
    journeys_of,
    purchase,
)

WINDOW = 30 * DAY_US


def by_permutations(kinds: int, worth: dict[int, Fraction]) -> list[Fraction]:
    """What each kind adds when it joins, over every order of joining."""
    values = [Fraction()] * kinds
    for order in permutations(range(kinds)):
        joined = 0
        for kind in order:
            values[kind] += worth[joined | 1 << kind] - worth[joined]
            joined |= 1 << kind
    return [value / factorial(kinds) for value in values]


def by_subsets(kinds: int, worth: dict[int, Fraction]) -> list[Fraction]:
    """The textbook formula: Shapley, A value for n-person games (1953)."""
    values = [Fraction()] * kinds
    for kind in range(kinds):
        others = [other for other in range(kinds) if other != kind]
        for size in range(kinds):
            weight = Fraction(factorial(size) * factorial(kinds - size - 1), factorial(kinds))
            for chosen in combinations(others, size):
                mask = sum(1 << other for other in chosen)
                values[kind] += weight * (worth[mask | 1 << kind] - worth[mask])
    return values


@PROPERTY
@given(
    st.integers(1, 6).flatmap(lambda n: st.lists(st.integers(-(10**6), 10**6), min_size=2**n, max_size=2**n))
)
def test_exact_values_equal_both_oracles_in_any_game(worth: list[int]) -> None:
    kinds = len(worth).bit_length() - 1
    game = {mask: Fraction(value) for mask, value in enumerate(worth)}
    oracle = by_permutations(kinds, game)
    assert by_subsets(kinds, game) == oracle
    assert exact_values(np.array(worth, dtype=float), kinds) == pytest.approx(
        [float(v) for v in oracle], abs=1e-6
    )


def test_twelve_kinds_are_exact() -> None:
    # A game whose value is known: a set is worth the square of its size, so all kinds are alike.
    size = np.bitwise_count(np.arange(1 << 12, dtype=np.uint64)).astype(float)
    assert exact_values(size**2, 12) == pytest.approx([12.0] * 12)


@PROPERTY
@given(histories())
def test_the_worth_of_sales_by_all_permutations(given_: History) -> None:
    slow, kinds = Slow(given_, 30.0), len(given_.kinds)
    worth = {
        mask: slow.sold_to(frozenset(kind for n, kind in enumerate(given_.kinds) if mask & 1 << n))
        for mask in range(1 << kinds)
    }
    assert sales_values(given_, before_purchases(given_, WINDOW)) == by_permutations(kinds, worth)


@PROPERTY
@given(histories())
def test_the_worth_by_rate_by_all_permutations(given_: History) -> None:
    bought = before_purchases(given_, WINDOW)
    nothing = without_purchase(given_, bought.only(~given_.is_refund), WINDOW)
    value: dict[frozenset[str], Fraction] = {}
    count: dict[frozenset[str], int] = {}
    for n, (start, stop) in enumerate(zip(bought.start, bought.stop, strict=True)):
        if start < stop:
            held = frozenset(given_.kinds[kind] for kind in given_.touch_kind[start:stop])
            value[held] = value.get(held, Fraction()) + int(given_.micros[n])
            count[held] = count.get(held, 0) + (not given_.is_refund[n])
    for start, stop in zip(nothing.start, nothing.stop, strict=True):
        held = frozenset(given_.kinds[kind] for kind in given_.touch_kind[start:stop])
        count[held] = count.get(held, 0) + 1

    def worth(mask: int) -> Fraction:
        chosen = {kind for n, kind in enumerate(given_.kinds) if mask & 1 << n}
        rates = ((n, held & chosen) for held, n in count.items())
        return sum(
            (n * value.get(part, Fraction()) / count[part] for n, part in rates if count.get(part)),
            Fraction(),
        )

    kinds = len(given_.kinds)
    oracle = by_permutations(kinds, {mask: worth(mask) for mask in range(1 << kinds)})
    result = attribute(given_, "shapley", Parameters(worth="rate"))
    ours = [money.micros for kind, money in result.by_kind.items() if kind != NO_TOUCH]
    assert ours == pytest.approx([float(v) for v in oracle], rel=1e-9, abs=2)


def test_a_published_example_of_the_worth_of_sales() -> None:
    """Towards Data Science, "Data-driven marketing attribution" (towardsdatascience.com, 1a28d2e613a0), with the
    figures that github.com/tomgorb/misc works through: the worth of F+O is 0.47, of F+L 0.67, of O+L 0.27."""
    given_ = journeys_of(
        [("F", 20, 0), ("O", 10, 0), ("L", 17, 0), ("F > O", 17, 0), ("L > F", 30, 0), ("F > O > L", 6, 0)]
    )
    result = attribute(given_, "shapley", Parameters())
    # By hand: F = 20 + 17/2 + 30/2 + 6/3, L = 17 + 30/2 + 6/3, O = 10 + 17/2 + 6/3.
    assert {kind: str(money) for kind, money in result.by_kind.items()} == {
        "F": "45.500000",
        "L": "34.000000",
        "O": "20.500000",
        NO_TOUCH: "0.000000",
    }


def test_by_rate_what_changes_nothing_gets_nothing() -> None:
    """By hand: music alone sells nothing, pizza 20 a journey with it or without."""
    paths = [("music", 0, 10), ("music > pizza", 2, 0), ("pizza", 1, 0)]
    result = attribute(journeys_of(paths), "shapley", Parameters(worth="rate"))
    assert {kind: str(money) for kind, money in result.by_kind.items() if money} == {"pizza": "3.000000"}


def many_kinds(kinds: int = 14) -> History:
    random = np.random.default_rng(5)
    touches, purchases = [], []
    for n in range(400):
        held = random.choice(kinds, random.integers(1, 6), replace=False)
        touches += [(f"h{n}", float(day), f"k{kind:02}") for day, kind in enumerate(held)]
        if random.random() < 0.2 + 0.6 * (0 in held):
            purchases.append(purchase(f"h{n}", 9, f"{random.integers(5, 50)}"))
    return history(touches, purchases)


def game_of(given_: History) -> RateGame:
    bought = before_purchases(given_, WINDOW)
    return rate_game(given_, bought, without_purchase(given_, bought, WINDOW))


def test_sampled_values_are_within_their_error_of_the_exact_ones() -> None:
    game = game_of(many_kinds())
    exact = exact_values(game.worth(), game.kinds)
    estimates, errors = sampled_values(game, samples=400, seed=1)
    assert estimates.sum() == pytest.approx(exact.sum())
    assert (np.abs(estimates - exact) <= 4 * errors).all()
    assert (errors > 0).all()
    # And the error is no smaller than it says: half of the estimates are further off than 0.67 of it.
    assert np.median(np.abs(estimates - exact) / errors) > 0.2


def test_beyond_twelve_kinds_values_are_drawn_say_so_and_can_be_drawn_again() -> None:
    given_ = many_kinds(13)
    parameters = Parameters(worth="rate", samples=50, seed=7)
    result = attribute(given_, "shapley", parameters)
    assert result == attribute(given_, "shapley", parameters)
    assert result != attribute(given_, "shapley", Parameters(worth="rate", samples=50, seed=8))
    assert "sampled" in result.note
    assert set(result.standard_error) == set(given_.kinds)
    assert sum(money.micros for money in result.by_kind.values()) == sum(given_.micros.tolist())


@PROPERTY
@given(histories(kinds=[f"k{n:02}" for n in range(20)]))
def test_sales_stay_exact_beyond_twelve_kinds(given_: History) -> None:
    # A sale that needs all kinds of its journey is split evenly among them, whatever other kinds there are.
    expected = dict.fromkeys(given_.kinds, Fraction())
    for micros, touches in Slow(given_, 30.0).journeys:
        held = {kind for _, kind in touches}
        for kind in held:
            expected[kind] += Fraction(micros, len(held))
    assert sales_values(given_, before_purchases(given_, WINDOW)) == list(expected.values())


def test_too_many_kinds_by_rate_are_refused() -> None:
    given_ = history([("h", 0.0, f"k{n}") for n in range(63)], [])
    with pytest.raises(AttributionError, match="63 kinds.*62"):
        attribute(given_, "shapley", Parameters(worth="rate"))
    attribute(given_, "shapley", Parameters())
