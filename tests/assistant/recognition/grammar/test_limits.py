"""From where a command is taken: the limits that training sets, and what the benchmark says of others."""

from __future__ import annotations

import numpy as np
import pytest

from tests.benchmarks.rejection import Taken, limits
from tests.training.rejection import lost_below

ODDS = np.array([0.5, -1.0, 2.0, 1.0])


def taken(odds: float, *, right: bool = True) -> Taken:
    return Taken(right=right, order=False, odds=odds)


@pytest.mark.parametrize(
    ("count", "limit"), [(0, -1.0), (0.9, -1.0), (1, 0.5), (2.5, 1.0), (3, 2.0), (4, 2.0), (99, 2.0)]
)
def test_no_more_is_lost_than_may_be_and_never_everything(count: float, limit: float) -> None:
    assert lost_below(ODDS, count) == limit
    assert (limit > ODDS).sum() <= count


def test_no_limit_follows_from_nothing() -> None:
    with pytest.raises(ValueError, match="none was heard right"):
        lost_below(ODDS[:0], 1)


def test_a_higher_limit_gives_up_points_of_acceptance() -> None:
    inside = [(True, taken(odds)) for odds in range(-2, 98)]
    others = [(False, taken(odds, right=False)) for odds in (-1.0, 0.5, 1.5, 50.0)]
    rows = list(limits("a language", [*inside, *others]))
    assert [row.split(" | ")[1] for row in rows] == [
        "as it is",
        "1 point more",
        "2 points more",
        "3 points more",
        "5 points more",
        "10 points more",
    ]
    assert [row.split(" | ")[2] for row in rows] == ["0.980", "0.970", "0.960", "0.950", "0.930", "0.880"]
    assert [row.split(" | ")[4].split(" (")[0] for row in rows] == ["3 of 4", "2 of 4", *["1 of 4"] * 4]


def test_no_more_is_given_up_than_there_is() -> None:
    inside = [(True, taken(odds)) for odds in (1.0, 2.0, -1.0)]
    inside += [(True, taken(-np.inf, right=False)) for _ in range(97)]
    rows = list(limits("a language", [*inside, (False, taken(1.5, right=False))]))
    assert [row.split(" | ")[1] for row in rows] == ["as it is", "1 point more"]
    assert rows[-1].split(" | ")[2:4] == ["0.010", "2 of 3"]
