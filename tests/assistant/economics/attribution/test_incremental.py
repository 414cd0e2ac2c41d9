"""The holdout's estimate: a published interval, by hand, and its coverage of a truth that is known."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from assistant.economics.attribution.history import History
from assistant.economics.attribution.models import Parameters, attribute, compare
from assistant.errors import AttributionError
from tests.assistant.economics.attribution.histories import history, purchase


def two_groups(treated: list[str], held_out: list[str], touches: list[Any] | None = None) -> History:
    """One household a value; a value of "0" buys nothing."""
    spent = {f"t{n}": value for n, value in enumerate(treated)} | {f"c{n}": v for n, v in enumerate(held_out)}
    return history(
        touches or [],
        [purchase(name, 1, value) for name, value in spent.items() if value != "0"],
        {name: name.startswith("c") for name in spent},
    )


@pytest.mark.parametrize(
    ("treated", "held_out", "low", "high"),
    [
        pytest.param(
            # statscodes.com/tests-and-intervals/welchs-two-sample-t-tests-in-r: t = 0.51703, df = 9.48.
            "5.1 2.0 4.1 6.2 7.1 8.3",
            "1.5 6.4 3.3 5.8 4.8 7.2 5.6 4.5",
            -1.935420,
            3.093754,
            id="statscodes",
        ),
        pytest.param(
            # stats.arabpsychology.com/st/perform-welchs-t-test-in-r: t = 2.2361, df = 14.354.
            "90 85 88 89 94 91 79 83 87 88 91 90",
            "67 90 71 95 88 83 72 66 75 86 93 84",
            0.3048395,
            13.8618272,
            id="arabpsychology",
        ),
    ],
)
def test_published_intervals(treated: str, held_out: str, low: float, high: float) -> None:
    """What R's t.test prints is for the difference of one household; ours is for all that were treated."""
    result = attribute(two_groups(treated.split(), held_out.split()), "incremental", Parameters())
    assert result.low is not None
    assert result.high is not None
    households = len(treated.split())
    assert result.low.micros / households / 1e6 == pytest.approx(low, abs=2e-6)
    assert result.high.micros / households / 1e6 == pytest.approx(high, abs=2e-6)


def test_households_that_buy_nothing_count() -> None:
    # By hand: 10, 0, 0, 2 have mean 3, and 1, 0 have 0.5; the difference times four is 10.
    result = attribute(two_groups(["10", "0", "0", "2"], ["1", "0"]), "incremental", Parameters())
    assert str(result.total) == "10.000000"
    assert result.by_kind == {}
    assert "4 households treated, 2 held out" in result.note


def test_the_estimate_is_exact_where_the_mean_is_no_whole_millionth() -> None:
    result = attribute(two_groups(["1", "1"], ["0.000001", "0", "0"]), "incremental", Parameters())
    # 2 - 2 * 1/3 of a millionth.
    assert str(result.total) == "1.999999"


def test_where_all_spend_alike_the_interval_is_a_point() -> None:
    result = attribute(two_groups(["3", "3"], ["1", "1"]), "incremental", Parameters())
    assert (str(result.total), str(result.low), str(result.high)) == ("4.000000", "4.000000", "4.000000")


def test_more_confidence_is_a_wider_interval() -> None:
    given_ = two_groups(["3", "5", "9"], ["1", "2", "4"])
    narrow, wide = (attribute(given_, "incremental", Parameters(confidence=c)) for c in (0.5, 0.99))
    ends = [money.micros for money in (wide.low, narrow.low, narrow.high, wide.high) if money is not None]
    assert len(set(ends)) == 4
    assert ends == sorted(ends)


def test_a_holdout_that_was_touched_is_said() -> None:
    given_ = two_groups(["3", "5"], ["1", "2"], touches=[("c0", 0.0, "music")])
    assert "1 held out were touched" in attribute(given_, "incremental", Parameters()).note


def test_without_a_holdout_it_is_refused_and_left_out_of_the_comparison() -> None:
    given_ = history([("h", 0.0, "music")], [purchase("h", 1, "1")])
    with pytest.raises(AttributionError, match="held out by lot"):
        attribute(given_, "incremental", Parameters())
    assert compare(given_, Parameters()).of("incremental") is None


@pytest.mark.parametrize(
    ("treated", "held_out"), [(["1", "2"], ["1"]), (["1"], ["1", "2"]), (["1", "2"], [])]
)
def test_a_group_of_fewer_than_two_is_refused(treated: list[str], held_out: list[str]) -> None:
    with pytest.raises(AttributionError, match="at least 2 households"):
        attribute(two_groups(treated, held_out), "incremental", Parameters())


def test_the_interval_covers_the_truth_as_often_as_it_says() -> None:
    """300 draws of 600 households that mostly buy nothing; the device adds exactly 1.5 USD to half of the buyers."""
    random = np.random.default_rng(11)
    covered = 0
    for _ in range(300):
        holdout = random.random(600) < 0.3
        buys = random.random(600) < 0.4
        base = np.where(buys, np.round(random.lognormal(2.5, 0.6, 600) * 1e6), 0).astype(np.int64)
        lifted = buys & (random.random(600) < 0.5)
        spent = base + np.where(lifted & ~holdout, 1_500_000, 0)
        truth = 0.4 * 0.5 * 1_500_000 * int((~holdout).sum())
        result = attribute(_population(spent, holdout), "incremental", Parameters())
        assert result.low is not None
        assert result.high is not None
        covered += result.low.micros <= truth <= result.high.micros
    # 95 % of 300 is 285; three standard errors are 11.
    assert 274 <= covered <= 296


def _population(spent: np.ndarray[Any, Any], holdout: np.ndarray[Any, Any]) -> History:
    n = len(spent)
    none = np.zeros(0, dtype=np.int64)
    return History(
        source="drawn",
        simulated=True,
        currency="USD",
        households=n,
        kinds=(),
        touch_household=none,
        touch_us=none,
        touch_kind=none,
        household=np.arange(n),
        us=np.zeros(n, dtype=np.int64),
        micros=spent,
        made_by=None,
        kind=None,
        refund_of=np.arange(n),
        holdout=holdout,
    )
