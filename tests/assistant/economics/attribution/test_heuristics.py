"""Rules against published worked examples, against the slow way, and against loss."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.economics.attribution.apportion import by_shares, to_total
from assistant.economics.attribution.history import NO_TOUCH, History
from assistant.economics.attribution.models import MODELS, Attribution, ModelName, Parameters, attribute
from assistant.money import Money
from tests.assistant.economics.attribution.histories import PROPERTY, Slow, histories, history, purchase

if TYPE_CHECKING:
    from fractions import Fraction

CONSERVING: tuple[ModelName, ...] = tuple(
    name for name in MODELS if name not in ("downstream", "incremental")
)
WIDE = Parameters(window_days=60)


def dollars(result: Attribution) -> list[str]:
    """By kind in order, without the row of no touch."""
    return [f"{money.micros / 1e6:.2f}" for kind, money in result.by_kind.items() if kind != NO_TOUCH]


# ---- published examples


@pytest.fixture
def deal() -> History:
    """Five touches on days 0, 5, 12, 30 and 38, and then a deal of 12,000 USD on day 38.

    The worked journey of github.com/coreyhaines31/marketingskills, skills/attribution/references/attribution-models.md.
    """
    days = (0, 5, 12, 30, 38)
    return history(
        [("buyer", day, f"T{n}") for n, day in enumerate(days, 1)], [purchase("buyer", 38, "12000")]
    )


@pytest.mark.parametrize(
    ("model", "published"),
    [
        ("first-touch", [12_000, 0, 0, 0, 0]),
        ("last-touch", [0, 0, 0, 0, 12_000]),
        ("linear", [2_400, 2_400, 2_400, 2_400, 2_400]),
        ("position", [4_800, 800, 800, 800, 4_800]),
    ],
)
def test_a_published_deal_to_the_cent(deal: History, model: ModelName, published: list[int]) -> None:
    assert dollars(attribute(deal, model, WIDE)) == [f"{amount:.2f}" for amount in published]


def test_a_published_deal_with_a_half_life_of_seven_days(deal: History) -> None:
    # The page rounds to about 5 USD.
    published = [175, 290, 575, 3_415, 7_545]
    ours = [float(amount) for amount in dollars(attribute(deal, "time-decay", WIDE))]
    assert ours == pytest.approx(published, abs=5)


def test_a_touch_eight_days_before_gets_half_of_one_a_day_before() -> None:
    """Google's definition of time decay (half-life 7 days), tabulated 1, 8, 15, 22 days: 1, 0.5, 0.25, 0.125.

    Table: marketing-for-newbie.kejyun.com/en/google-ads/conversion/attribution-model.
    """
    given_ = history([("h", 30 - age, f"{age:02}") for age in (1, 8, 15, 22)], [purchase("h", 30, "1.875")])
    assert [str(money) for money in attribute(given_, "time-decay", Parameters()).by_kind.values()] == [
        "1.000000",
        "0.500000",
        "0.250000",
        "0.125000",
        "0.000000",
    ]


def test_five_visits_get_a_fifth_each_and_position_shares_the_middle() -> None:
    """Matomo's definitions: matomo.org/faq/multi-channel-conversion-attribution/faq_25500."""
    given_ = history([("h", day, f"v{day}") for day in range(5)], [purchase("h", 5, "100")])
    assert dollars(attribute(given_, "linear", Parameters())) == ["20.00"] * 5
    assert dollars(attribute(given_, "position", Parameters())) == ["40.00", "6.67", "6.67", "6.67", "40.00"]


# ---- worked by hand: what the published examples leave open


@pytest.mark.parametrize(
    ("kinds", "expected"),
    [
        (["a"], {"a": "1.000001"}),
        (["a", "b"], {"a": "0.500001", "b": "0.500000"}),
        (["a", "b", "c"], {"a": "0.400001", "b": "0.200000", "c": "0.400000"}),
        (["a", "b", "b", "a"], {"a": "0.800001", "b": "0.200000"}),
    ],
)
def test_position_with_few_touches_and_a_millionth_over(kinds: list[str], expected: dict[str, str]) -> None:
    given_ = history([("h", day, kind) for day, kind in enumerate(kinds)], [purchase("h", 9, "1.000001")])
    credited = attribute(given_, "position", Parameters()).by_kind
    assert {kind: str(money) for kind, money in credited.items() if money} == expected


def test_direct_goes_to_the_touch_that_made_it_and_nothing_else_does() -> None:
    touches = [("h", 0.0, "music"), ("h", 1.0, "pizza"), ("h", 2.0, "music")]
    purchases = [purchase("h", 3, "5", touch="t1"), purchase("h", 3, "7", touch=None)]
    result = attribute(history(touches, purchases), "direct", Parameters())
    assert {kind: str(money) for kind, money in result.by_kind.items()} == {
        "music": "0.000000",
        "pizza": "5.000000",
        NO_TOUCH: "7.000000",
    }


def test_direct_without_touches_named_goes_to_the_kind_bought_if_it_was_touched() -> None:
    touches = [("h", 0.0, "pizza"), ("h", 50.0, "music")]
    purchases = [
        purchase("h", day, "5", kind=kind) for day, kind in ((1, "pizza"), (51, "pizza"), (51, "shoes"))
    ]
    result = attribute(history(touches, purchases), "direct", Parameters())
    assert str(result.by_kind["pizza"]) == "5.000000"
    assert str(result.by_kind[NO_TOUCH]) == "10.000000"


def test_the_window_holds_both_its_ends_and_nothing_of_other_households() -> None:
    touches = [
        ("h", 0.0, "old"),
        ("h", 10.0, "edge"),
        ("h", 40.0, "now"),
        ("h", 40.1, "late"),
        ("x", 39.0, "other"),
    ]
    result = attribute(history(touches, [purchase("h", 40, "2")]), "linear", Parameters(window_days=30))
    assert {kind for kind, money in result.by_kind.items() if money} == {"edge", "now"}


def test_what_no_touch_precedes_is_not_lost() -> None:
    given_ = history(
        [("h", 5.0, "music")], [purchase("h", 1, "3"), purchase("x", 9, "4"), purchase("h", 6, "1")]
    )
    for model in CONSERVING[1:]:
        assert str(attribute(given_, model, Parameters()).by_kind[NO_TOUCH]) == "7.000000", model


def test_a_refund_takes_back_what_its_purchase_gave_however_late_it_comes() -> None:
    touches = [("h", 0.0, "a"), ("h", 1.0, "b"), ("h", 2.0, "a"), ("h", 55.0, "c")]
    purchases = [purchase("h", 3, "10.000001"), purchase("h", 60, "-10.000001", refund_of="p0")]
    for model in MODELS[:-1]:
        credited = attribute(history(touches, purchases), model, Parameters()).by_kind
        assert not any(credited.values()), model


# ---- against the slow way


@PROPERTY
@given(histories(), st.sampled_from([1.0, 7.5, 30.0]))
def test_rules_equal_the_slow_way_to_the_millionth(given_: History, window: float) -> None:
    slow, parameters = Slow(given_, window), Parameters(window_days=window)
    rules = {
        "first-touch": lambda touches: [1] + [0] * (len(touches) - 1),
        "last-touch": lambda touches: [0] * (len(touches) - 1) + [1],
        "linear": lambda touches: [1] * len(touches),
        "position": _position,
    }
    for model, weigh in rules.items():
        result = attribute(given_, model, parameters)  # type: ignore[arg-type]
        assert {kind: money.micros for kind, money in result.by_kind.items()} == slow.share(weigh), model


def _position(touches: list[tuple[int, str]]) -> list[int]:
    middle = len(touches) - 2
    return [2 * middle, *[1] * middle, 2 * middle] if middle > 0 else [1] * len(touches)


@PROPERTY
@given(histories(), st.sampled_from([0.25, 7.0, 365.0]))
def test_time_decay_equals_the_slow_way_to_a_millionth_a_touch(given_: History, half_life: float) -> None:
    def weigh(touches: list[tuple[int, str]]) -> list[int]:
        last = touches[-1][0]
        return [int(2.0 ** (-(last - us) / (half_life * 86_400_000_000)) * 2**60) for us, _ in touches]

    slow = Slow(given_, 30.0)
    ours = attribute(given_, "time-decay", Parameters(half_life_days=half_life))
    allowed = sum(len(touches) for _, touches in slow.journeys)
    for kind, micros in slow.share(weigh).items():
        assert abs(ours.by_kind[kind].micros - micros) <= allowed


@PROPERTY
@given(histories(), st.sampled_from([1.0, 30.0]), st.sampled_from(["sales", "rate"]))
def test_every_model_but_downstream_conserves_to_the_millionth(
    given_: History, window: float, worth: str
) -> None:
    parameters = Parameters(window_days=window, worth=worth)  # type: ignore[arg-type]
    everything = sum(given_.micros.tolist())
    for model in CONSERVING:
        result = attribute(given_, model, parameters)
        assert result.total.micros == everything, model
        assert sum(money.micros for money in result.by_kind.values()) == everything, model
        assert set(result.by_kind) == {*given_.kinds, NO_TOUCH}


def test_values_beyond_what_a_float_holds_are_conserved() -> None:
    value = 10**18 - 1
    row = purchase("h", 9, "0") | {"value_micros": value}
    given_ = history([("h", day / 3, "abc"[day % 3]) for day in range(23)], [row])
    for model in CONSERVING[1:]:
        credited = attribute(given_, model, Parameters()).by_kind
        assert sum(money.micros for money in credited.values()) == value, model


def test_blocks_do_not_show(monkeypatch: pytest.MonkeyPatch, deal: History) -> None:
    whole = [attribute(deal, model, WIDE) for model in MODELS[:-1]]
    monkeypatch.setattr("assistant.economics.attribution.journeys.blocks.__defaults__", (None, 2))
    assert [attribute(deal, model, WIDE) for model in MODELS[:-1]] == whole


# ---- apportioning


@PROPERTY
@given(
    st.integers(-(10**18), 10**18),
    st.lists(st.fractions(min_value=0, max_value=100), min_size=1, max_size=9).filter(any),
)
def test_shares_sum_exactly_and_are_within_one(total: int, shares: list[Fraction]) -> None:
    parts = by_shares(total, shares)
    assert sum(parts) == total
    for part, share in zip(parts, shares, strict=True):
        assert abs(part - total * share / sum(shares)) < 1


@PROPERTY
@given(st.integers(-(10**18), 10**18), st.lists(st.floats(-1e15, 1e15), min_size=1, max_size=9))
def test_parts_are_brought_to_their_total_however_far_off(total: int, parts: list[float]) -> None:
    assert sum(to_total(total, parts)) == total


def test_equal_remainders_go_to_the_first_as_money_allocates() -> None:
    assert by_shares(5, [1, 1, 1]) == [
        part.micros for part in Money(currency="X", micros=5).allocate([1, 1, 1])
    ]


# ---- parameters


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("window_days", 0.0),
        ("half_life_days", float("nan")),
        ("samples", 1),
        ("confidence", 1.0),
        ("seed", -1),
    ],
)
def test_parameters_that_cannot_be_are_named(name: str, value: float) -> None:
    with pytest.raises(Exception, match=f"{name} .*expected"):
        Parameters(**{name: value})  # type: ignore[arg-type]
