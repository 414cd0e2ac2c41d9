"""What an explanation says: each step's decision, in order, and how each slot came by its value."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from intents.account import decisions, repairs
from intents.results import Expected, IntentMatch

if TYPE_CHECKING:
    from intents.explanation import Decision
    from intents.match import Matcher


def decided(matcher: Matcher, text: str, expected: Expected | None = None) -> list[Decision]:
    return decisions(matcher.explain(text, expected=expected))


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("", ["text"]),
        ("order a large pizza", ["exact"]),
        ("order me a large piza", ["exact", "model", "likeness"]),
        ("would you get a taxi over here for tonight", ["exact", "model", "likeness", "slots", "evidence"]),
        ("would you play me some jaz", ["exact", "model", "likeness", "slots"]),
        ("who was napoleon", ["exact", "model", "likeness"]),
        ("order one pizza <b>", ["exact", "model", "likeness", "slots", "evidence", "signs"]),
    ],
)
def test_steps_appear_in_the_order_taken(matcher: Matcher, text: str, names: list[str]) -> None:
    taken = decided(matcher, text)
    assert [decision.step for decision in taken] == names
    # The first template that fits ends it; whatever came before was turned down.
    assert all(
        decision.outcome == "rejected" for decision in taken if decision.step == "exact" and len(taken) > 1
    )


@pytest.mark.parametrize(
    ("text", "step", "why"),
    [
        ("who was napoleon", "likeness", "no word of ours is spelt or sounds like “napoleon”"),
        ("one " * 21, "likeness", "more than 20 words"),
        (
            "glorp blorp florp snorp",
            "likeness",
            "more than 3 words that no sentence of ours has: glorp, blorp",
        ),
        ("pizza order not a", "likeness", "no sentence of ours has these words in this order"),
        ("order me a large piza", "likeness", "“order me a large pizza” is 0.977 alike; asks from 0.8"),
        ("do not order a pizza", "model", "as “not” may deny it"),
        ("who was napoleon", "model", "asks from"),
    ],
)
def test_a_decision_gives_its_reason(matcher: Matcher, text: str, step: str, why: str) -> None:
    (decision,) = [decision for decision in decided(matcher, text) if decision.step == step]
    assert why in decision.why


def test_the_last_decision_is_the_result(matcher: Matcher) -> None:
    for text in ("order me a large piza", "order one pizza <b>", "play some jaz", "do not order a pizza"):
        explanation = matcher.explain(text)
        last, result = decisions(explanation)[-1], explanation.result
        if isinstance(result, IntentMatch):
            assert (last.outcome, last.intent) == ("accepted" if result.certain else "asked", result.intent)
        else:
            assert last.outcome in ("rejected", "ambiguous")


def test_answers_to_an_open_question_are_steps_too(matcher: Matcher) -> None:
    topping = Expected(intent="pizza", slot="topping")
    (answer,) = decided(matcher, "ham", topping)
    assert (answer.step, answer.outcome) == ("answer", "accepted")
    _, repaired = decided(matcher, "peperony", topping)
    assert (repaired.step, repaired.intent) == ("likeness", "pizza")
    assert "“pepperoni” sounds like it" in repaired.why


def test_an_open_question_turns_down_what_would_be_asked_about(matcher: Matcher) -> None:
    texts = (
        "could you have some chinese food sent over",
        "have food sent over",
        "bring dinner over",
        "cab over here",
    )
    asked = [text for text in texts if decided(matcher, text)[-1].outcome == "asked"]
    assert asked
    for text in asked:
        last = decided(matcher, text, Expected(intent="pizza", slot="topping"))[-1]
        assert (last.step, last.outcome) == ("dialogue", "rejected")


@pytest.mark.parametrize(
    ("text", "origin"),
    [
        ("order a large pizza", ("size", "large", "template", "")),
        ("order me a large pizza with chease", ("topping", "cheese", "spelling", "chease")),
        ("play some jaz", ("action", "play", "intent", "")),
        ("could you find me a taxi to the airpart", ("destination", "airport", "spelling", "airpart")),
        (
            "would you get a taxi over here for the airport",
            ("destination", "airport", "as said", "the airport"),
        ),
        ("please play some colled play for the kids", ("artist", "coldplay", "sound", "colled play")),
    ],
)
def test_origins_of_slots(matcher: Matcher, text: str, origin: tuple[str, str, str, str]) -> None:
    explanation = matcher.explain(text)
    assert isinstance(explanation.result, IntentMatch)
    origins = matcher.origins(explanation)
    assert origin in [(each.slot, each.value, each.how, each.heard) for each in origins]
    assert {each.slot for each in origins} == set(explanation.result.slots)


def test_what_is_none_of_ours_has_no_origins(matcher: Matcher) -> None:
    assert matcher.origins(matcher.explain("who was napoleon")) == []


def test_repairs_pair_words() -> None:
    assert repairs("order me a piza", "order me a pizza") == [("piza", "pizza")]
    assert repairs("play cold play", "play coldplay") == [("cold play", "coldplay")]
    assert repairs("play", "play") == []
