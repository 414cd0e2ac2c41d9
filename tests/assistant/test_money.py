"""Money is exact: what goes in comes out, to the millionth."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.money import Money, total

micros = st.integers(min_value=-(10**15), max_value=10**15)


def usd(amount: str) -> Money:
    return Money.of(amount, "USD")


@given(micros)
def test_the_decimal_text_reads_back_exactly(value: int) -> None:
    money = Money(currency="EUR", micros=value)
    assert Money.of(str(money), "EUR") == money


@pytest.mark.parametrize("bad", ["0.0000001", "nan", "inf", "-1e-9"])
def test_an_amount_finer_than_a_millionth_is_refused(bad: str) -> None:
    with pytest.raises(ValueError, match="millionth|amount"):
        Money.of(bad, "USD")


@pytest.mark.parametrize("bad", [1.0, True, Decimal(1)])
def test_micros_are_whole(bad: object) -> None:
    with pytest.raises(TypeError, match="whole millionths"):
        Money(currency="USD", micros=bad)  # type: ignore[arg-type]


def test_currencies_do_not_mix() -> None:
    with pytest.raises(ValueError, match="USD and EUR"):
        usd("1") + Money.of("1", "EUR")
    with pytest.raises(ValueError, match="USD and EUR"):
        usd("1") - Money.of("1", "EUR")


@given(st.fractions(min_value=-(10**6), max_value=10**6))
def test_rounding_up_overstates_by_less_than_a_millionth(amount: Fraction) -> None:
    up = Money.rounded_up(amount, "USD")
    assert 0 <= Fraction(up.micros) - amount * 10**6 < 1


@given(micros, st.lists(st.integers(min_value=0, max_value=10**9), min_size=1, max_size=8).filter(any))
def test_an_allocation_sums_exactly_and_each_part_is_within_a_millionth_of_its_share(
    value: int, weights: list[int]
) -> None:
    whole = Money(currency="USD", micros=value)
    parts = whole.allocate(weights)
    assert total(parts, "USD") == whole
    for part, weight in zip(parts, weights, strict=True):
        assert abs(Fraction(part.micros) - Fraction(value * weight, sum(weights))) < 1


@pytest.mark.parametrize("weights", [[0, 0], [1, -1], [-1, 2]])
def test_an_allocation_needs_weights_that_make_sense(weights: list[int]) -> None:
    with pytest.raises(ValueError, match="weights"):
        usd("1").allocate(weights)


@pytest.mark.parametrize(
    ("money", "text"),
    [(usd("0"), "0.000000"), (usd("-0.000123"), "-0.000123"), (usd("12.5"), "12.500000")],
)
def test_text_has_all_six_decimals(money: Money, text: str) -> None:
    assert str(money) == text
