"""Slots of sentences that no template has as a whole: what is taken, what is left, and what nobody can tell."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from intents.results import IntentMatch

if TYPE_CHECKING:
    from intents.match import Matcher


def slots(matcher: Matcher, text: str) -> dict[str, str | int]:
    result = matcher.match(text)
    assert isinstance(result, IntentMatch), text
    assert result.step == "model", text
    return dict(result.slots)


@pytest.mark.parametrize(
    ("text", "song"),
    [
        ("play sad yellow moon", "sad yellow moon"),
        ("play rock the casbah", "rock the casbah"),
        ("play soul man", "soul man"),
        ("play country roads", "country roads"),
        ("play thriller night", "thriller night"),
        ("play lion queen soundtrack", "lion queen soundtrack"),
        ("play killer queen", "killer queen"),
        ("play queen of hearts", "queen of hearts"),
        ("play dance the night away", "dance the night away"),
    ],
)
def test_a_title_is_not_cut_to_a_word_of_it_that_some_list_has(
    matcher: Matcher, text: str, song: str
) -> None:
    assert slots(matcher, text) == {"action": "play", "song": song}


@pytest.mark.parametrize(
    ("text", "genre"),
    [
        ("play modern rock", "rock"),
        ("put on some background jazz", "jazz"),
        ("play jazz in the kitchen", "jazz"),
    ],
)
def test_a_kind_of_music_is_still_one_among_other_words(matcher: Matcher, text: str, genre: str) -> None:
    assert slots(matcher, text) == {"action": "play", "genre": genre}


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("call me a taxi to the zoo or the mall", {}),
        ("get me a cab to work or to the airport", {}),
        ("call me a taxi to the zoo or the mall or the airport", {}),
        ("order a large or medium ham pizza", {"topping": "ham"}),
        ("order a large ham or mushroom pizza", {"size": "large"}),
    ],
)
def test_of_one_or_the_other_an_order_takes_neither_where_it_will_ask(
    matcher: Matcher, text: str, left: dict[str, str]
) -> None:
    assert slots(matcher, text) == left


@pytest.mark.parametrize(
    ("text", "slot", "first"),
    [
        ("call me a taxi from work or home to the zoo", "origin", "work"),
        ("order two or three large ham pizzas", "quantity", 2),
        ("get me a taxi to the airport for two or three people", "passengers", 2),
        ("order a large ham pizza to the office or to the gym", "address", "the office"),
    ],
)
def test_of_one_or_the_other_it_takes_the_first_where_it_would_not_ask(
    matcher: Matcher, text: str, slot: str, first: str | int
) -> None:
    assert slots(matcher, text)[slot] == first


@pytest.mark.parametrize(
    "text", ["order a twelve inch pepperoni pizza", "order a large pepperoni pizza for four people"]
)
def test_a_number_that_measures_counts_no_pizzas(matcher: Matcher, text: str) -> None:
    found = slots(matcher, text)
    assert "quantity" not in found
    assert found["topping"] == "pepperoni"


def test_the_number_before_what_is_ordered_counts_it(matcher: Matcher) -> None:
    assert slots(matcher, "order 2 really large ham pizzas")["quantity"] == 2
