"""Sentences with a pizza or a ride in them that order none: nothing here may ever be an order."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from intents.account import decisions
from intents.results import Expected, IntentMatch

if TYPE_CHECKING:
    from intents.catalogue import Catalogue
    from intents.match import Matcher
    from intents.results import NoMatch

NEGATIONS = [
    "do not order a pizza",
    "please don't order me a pizza",
    "never order pizza again",
    "i don't want a pizza",
    "i do not want any pizza tonight",
    "don't get me a large pepperoni pizza",
    "no pizza for me today",
    "i wouldn't order a pizza there",
    "nobody ordered a pizza",
    "we are not ordering pizza this week",
    "stop asking me about pizza",
    "don't call me a taxi",
    "please do not book a taxi",
    "i don't need a taxi",
    "i no longer need a cab",
    "no taxi tonight thank you",
    "never call an uber for me",
    "we won't need a ride to the airport",
    "i did not book a cab",
    "do not get me a ride home",
]
"""Say that nothing is wanted."""

QUESTIONS = [
    "where is my pizza",
    "when will my pizza be here",
    "how much was the pizza",
    "did you order the pizza",
    "who ordered the pizza",
    "what did i order last friday",
    "how many pizzas did we order this month",
    "has the pizza been paid for",
    "is the pizza on its way",
    "why did you order two pizzas",
    "what is on a hawaiian pizza",
    "how long does a pizza take",
    "how much is a taxi to the airport",
    "where is my taxi",
    "when does my cab arrive",
    "did you book the taxi",
    "who booked a ride to the station",
    "how long is the ride to the airport",
    "what did the last taxi cost",
    "is there a taxi outside",
]
"""Ask about orders, and about what may be ordered."""

TITLES = [
    "play mystic pizza",
    "order mystic pizza on dvd",
    "rent mystic pizza for tonight",
    "i want to watch mystic pizza",
    "i want to see taxi driver",
    "book taxi driver tickets",
    "book two tickets for taxi driver",
    "get me tickets for taxi driver",
    "order the taxi driver poster",
    "order a pizza oven",
    "order a pizza cutter",
    "buy a pizza stone",
    "play big yellow taxi",
    "order the licorice pizza soundtrack",
]
"""Films, songs and kitchenware; they are not even to be asked about."""

OTHERS = [
    "who directed taxi driver",
    "play taxi driver",
    "when was mystic pizza made",
    "who stars in mystic pizza",
    "play the soundtrack of taxi driver",
    "buy taxi driver on blu ray",
    "put on big yellow taxi by joni mitchell",
    "play licorice pizza",
    "read me the taxi driver who knew too much",
    "find a recipe for pizza dough",
    "get me the recipe for a pizza",
    "how do i become a taxi driver",
    "my brother is a taxi driver",
    "call my brother the taxi driver",
    "tip the pizza guy",
    "remind me to order pizza tomorrow",
    "add pizza to my shopping list",
    "write an email about the taxi bill",
    "what is the word for taxi in spanish",
    "how do you spell pizza",
    "tell me a joke about pizza",
    "i ordered a pizza yesterday",
    "she called a taxi an hour ago",
    "we had pizza last night",
    "if i ordered a pizza would it be cold",
    "should i order a pizza",
    "would you ever take a taxi to work",
]
"""Tell of orders, or want something else."""


def _orders(catalogue: Catalogue, match: IntentMatch | NoMatch) -> bool:
    return isinstance(match, IntentMatch) and catalogue.intents[match.intent].kind == "commerce"


@pytest.mark.parametrize("text", [*NEGATIONS, *QUESTIONS, *TITLES, *OTHERS])
def test_none_of_these_is_an_order(
    catalogue: Catalogue, matcher: Matcher, literal: Matcher, text: str
) -> None:
    for each in (matcher, literal):
        match = each.match(text)
        assert not (_orders(catalogue, match) and isinstance(match, IntentMatch) and match.certain)


@pytest.mark.parametrize("text", TITLES)
def test_these_are_not_even_asked_about(catalogue: Catalogue, matcher: Matcher, text: str) -> None:
    assert not _orders(catalogue, matcher.match(text))


@pytest.mark.parametrize("text", [*QUESTIONS, *TITLES])
def test_in_the_midst_of_an_order_they_start_no_other(
    catalogue: Catalogue, matcher: Matcher, text: str
) -> None:
    match = matcher.match(text, expected=Expected(intent="pizza", slot="size"))
    assert not (_orders(catalogue, match) and isinstance(match, IntentMatch) and match.intent != "pizza")


def test_the_phrase_that_speaks_against_it_is_named(matcher: Matcher) -> None:
    last = decisions(matcher.explain("order a pizza cutter"))[-1]
    assert (last.step, last.outcome) == ("unless", "rejected")
    assert "“pizza cutter”" in last.why


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("order a pizza for movie night", "pizza"),
        ("find a taxi driver for tonight", "ride"),
        ("get me a cab to the cinema", "ride"),
    ],
)
def test_what_only_looks_like_these_is_still_understood(matcher: Matcher, text: str, intent: str) -> None:
    match = matcher.match(text)
    assert isinstance(match, IntentMatch)
    assert match.intent == intent


@pytest.mark.parametrize(
    ("text", "intent", "question"),
    [
        ("can i order a pizza from the lucky wok", "pizza", "can i"),
        ("can we order a takeout pizza from panda express", "pizza", "can we"),
        ("may i order a pizza from the olive garden", "pizza", "may i"),
        ("how can i order an uber to the airport", "ride", "how"),
        ("when can you get me a taxi to the station", "ride", "when"),
        ("is there a taxi to take me to the airport now", "ride", "is there"),
    ],
)
def test_who_asks_what_can_be_ordered_is_asked_and_nothing_is_ordered(
    matcher: Matcher, text: str, intent: str, question: str
) -> None:
    explanation = matcher.explain(text)
    assert isinstance(explanation.result, IntentMatch)
    assert explanation.model is not None
    assert explanation.model.evidence is not None
    # It is the question alone that stands against it.
    assert explanation.model.belief.score >= explanation.model.belief.accept
    assert explanation.model.evidence.in_order
    assert explanation.model.evidence.named
    assert explanation.model.evidence.denial is None
    assert (explanation.result.intent, explanation.result.certain) == (intent, False)
    last = decisions(explanation)[-1]
    assert (last.step, last.outcome) == ("evidence", "asked")
    assert f"makes it a question: {question}" in last.why


@pytest.mark.parametrize(
    "text",
    [
        "order some sushi",
        "could you order me a burger and fries",
        "can you order some chinese food from panda express",
    ],
)
def test_something_that_cannot_be_had_is_asked_about(matcher: Matcher, text: str) -> None:
    explanation = matcher.explain(text)
    assert isinstance(explanation.result, IntentMatch)
    assert (explanation.result.intent, explanation.result.certain) == ("pizza", False)
    assert explanation.model is not None
    assert explanation.model.evidence is not None
    assert (explanation.model.evidence.in_order, explanation.model.evidence.named) == (True, False)


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("can you order some pizza from panda express", "pizza"),
        ("could you order me a pizza and fries", "pizza"),
        ("can i get a cab from here to the museum with three of us", "ride"),
    ],
)
def test_an_order_may_be_put_as_a_polite_question(matcher: Matcher, text: str, intent: str) -> None:
    match = matcher.match(text)
    assert isinstance(match, IntentMatch)
    assert (match.intent, match.step, match.certain) == (intent, "model", True)
