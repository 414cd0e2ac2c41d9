"""Amounts of money as they are spoken, to the millionth, and in no other currency than the household's."""

from __future__ import annotations

import pytest
from babel.numbers import get_currency_name
from hassil.numbers import get_rbnf_engine
from hypothesis import given, settings
from hypothesis import strategies as st

from intents.amounts import MICROS, AmountError, amount, in_currency, spelt
from intents.catalogue import load_catalogue
from intents.match import Matcher
from intents.results import Expected, IntentMatch, NoMatch

MATCHER = Matcher(load_catalogue(), currency="USD")
CUES = (
    "at most",
    "for at most",
    "under",
    "for under",
    "no more than",
    "not more than",
    "up to",
    "with a budget of",
)


def said(number: int) -> str:
    return get_rbnf_engine("en").format_number(number).text.replace("-", " ")


@pytest.mark.parametrize(
    ("text", "micros", "unit"),
    [
        ("at most twenty dollars", 20_000_000, "dollars"),
        ("for under fifteen euros", 15_000_000, "euros"),
        ("not more than twelve fifty", 12_500_000, None),
        ("twelve dollars and fifty cents", 12_500_000, "dollars"),
        ("twelve dollars five", 12_050_000, "dollars"),
        ("twelve oh five", 12_050_000, None),
        ("ninety cents", 900_000, None),
        ("a hundred", 100_000_000, None),
        ("a hundred and twenty bucks", 120_000_000, "bucks"),
        ("one hundred twenty", 120_000_000, None),
        ("nine hundred and ninety nine pounds ninety nine", 999_990_000, "pounds"),
        ("20 dollars", 20_000_000, "dollars"),
    ],
)
def test_amounts(text: str, micros: int, unit: str | None) -> None:
    assert amount(text) == (micros, unit)


@pytest.mark.parametrize("text", ["at most", "dollars", "cheap", ""])
def test_what_is_no_amount_is_an_error(text: str) -> None:
    with pytest.raises(AmountError, match="names no amount"):
        amount(text)


@pytest.mark.parametrize(
    ("text", "currency", "value"),
    [
        ("twenty bucks", "USD", 20_000_000),
        ("twenty dollars", "CAD", 20_000_000),
        ("twenty", "JPY", 20_000_000),
        ("twenty quid", "GBP", 20_000_000),
        ("twenty crowns", "SEK", 20_000_000),
        ("fifteen euros", "USD", "fifteen euros"),
        ("twenty dollars", "EUR", "twenty dollars"),
        ("twenty bucks", "GBP", "twenty bucks"),
    ],
)
def test_only_the_households_currency_counts(text: str, currency: str, value: int | str) -> None:
    assert in_currency(text, currency) == value


@pytest.mark.parametrize("currency", ["USD", "EUR", "GBP", "JPY", "CHF", "INR", "MXN", "AUD"])
def test_a_currency_is_known_by_its_own_name(currency: str) -> None:
    for count in (1, 2):
        name = get_currency_name(currency, count=count, locale="en").split()[-1].lower()
        assert in_currency(f"twenty {name}", currency) == 20 * MICROS


@pytest.mark.parametrize(
    ("text", "spoken"),
    [
        ("for at most $12.50", "for at most twelve dollars fifty cents"),
        ("under $20.00", "under twenty dollars"),
        ("under 15€", "under fifteen euros"),
        ("under 15 €", "under fifteen euros"),
        ("at most 120 dollars", "at most one hundred twenty dollars"),
        ("at most 12.05 pounds", "at most twelve pounds five cents"),
        ("transfer $20000", "transfer $20000"),
        ("$1,234.50", "$1,234.50"),
        ("at 12:30", "at 12:30"),
        ("version 1.2.3 dollars", "version 1.2.3 dollars"),
    ],
)
def test_signs_and_digits_are_spelt_as_they_are_said(text: str, spoken: str) -> None:
    assert spelt(text) == spoken
    assert spelt(spoken) == spoken


@settings(max_examples=150, deadline=None)
@given(
    cue=st.sampled_from(CUES),
    whole=st.integers(1, 999),
    cents=st.integers(0, 99),
    unit=st.sampled_from(["", "dollars", "bucks"]),
    order=st.sampled_from(["order a large ham pizza", "call me a taxi to the airport", "get me a ride home"]),
    written=st.booleans(),
)
def test_an_order_knows_to_the_cent_what_it_may_cost(
    cue: str, whole: int, cents: int, unit: str, order: str, written: bool
) -> None:
    if written:
        spoken = f"${whole}.{cents:02d}"
    elif not cents:
        spoken = f"{said(whole)} {unit}".strip()
    elif unit:
        spoken = f"{said(whole)} {unit} and {said(cents)} cents"
    else:
        # "Twenty five" is no twenty and five hundredths, and "one hundred twenty" no hundred and twenty hundredths.
        cents = max(cents, 10) if whole % 100 else 0
        spoken = f"{said(whole)} {said(cents) if cents else ''}".strip()
    match = MATCHER.match(f"{order} {cue} {spoken}")
    assert isinstance(match, IntentMatch), spoken
    assert match.certain
    assert match.slots["budget"] == whole * MICROS + cents * MICROS // 100, spoken


@pytest.mark.parametrize("about", ["pizza", "ride"])
@pytest.mark.parametrize(
    ("text", "micros"),
    [
        ("make it at most thirty", 30_000_000),
        ("no, under twelve fifty", 12_500_000),
        ("actually it should cost at most twenty dollars", 20_000_000),
        ("at most $9.99", 9_990_000),
    ],
)
def test_what_it_may_cost_can_be_corrected(about: str, text: str, micros: int) -> None:
    match = MATCHER.match(text, expected=Expected(intent=about))
    assert isinstance(match, IntentMatch)
    assert (match.intent, dict(match.slots)) == ("correct", {"budget": micros})
    assert isinstance(MATCHER.match(text), NoMatch)


@pytest.mark.parametrize("text", ["twenty dollars", "at most twenty", "twelve fifty", "a hundred"])
def test_what_it_may_cost_can_be_answered(text: str) -> None:
    for about in ("pizza", "ride"):
        match = MATCHER.match(text, expected=Expected(intent=about, slot="budget"))
        assert isinstance(match, IntentMatch)
        assert isinstance(match.slots["budget"], int)


@pytest.mark.parametrize(
    "text",
    [
        "call me a taxi for four to the airport",
        "order two large ham pizzas",
        "get me a ride home at eight thirty",
    ],
)
def test_no_bare_number_is_money(text: str) -> None:
    match = MATCHER.match(text)
    assert isinstance(match, IntentMatch)
    assert "budget" not in match.slots


def test_without_a_currency_an_amount_stays_words() -> None:
    match = Matcher(load_catalogue()).match("order a large ham pizza for at most twenty dollars")
    assert isinstance(match, IntentMatch)
    assert match.slots["budget"] == "for at most twenty dollars"
