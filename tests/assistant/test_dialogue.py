"""The conversation orders what was read back, after a clear yes, and never otherwise."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, get_args

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from assistant.dialogue import Asking, Confirming, Idle, Moment, Offering, expire, respond
from assistant.records import Outcome
from intents.catalogue import load_catalogue
from intents.match import Matcher
from intents.results import IntentMatch
from intents.sample import sample_phrases
from tests.assistant.examples import NOW, setting

if TYPE_CHECKING:
    from assistant.dialogue import State, Turn

CATALOGUE = load_catalogue("en")
MATCHER = Matcher(CATALOGUE)
SETTING = setting(CATALOGUE)
MOMENT = Moment(now=NOW, interaction_id="interaction-1")


def turn(state: State, text: str) -> Turn:
    expected = None if isinstance(state, Idle) else state.expected()
    return respond(state, MATCHER.match(text, expected=expected, now=MOMENT.now), SETTING, MOMENT)


def talk(*texts: str) -> list[Turn]:
    state: State = Idle()
    turns = []
    for text in texts:
        turns.append(turn(state, text))
        state = turns[-1].state
    return turns


def outcomes(turns: list[Turn]) -> list[Outcome]:
    return [each.outcome for each in turns]


def life(turns: list[Turn]) -> list[str]:
    return [event.state for each in turns for event in each.events]


def test_an_order_in_a_sentence_is_read_back_and_placed_on_yes() -> None:
    turns = talk("order two large pepperoni pizzas", "yes")
    assert outcomes(turns) == ["asked", "ordered"]
    assert "2 large pepperoni pizzas for $36.97, $2.99 of it for delivery" in turns[0].reply
    assert life(turns) == ["quoted", "confirmed", "placed"]
    assert [each.intent for each in turns] == ["pizza", "pizza"]
    assert {each.order_id for each in turns} == {turns[0].order.id if turns[0].order else None}
    assert turns[-1].state == Idle()


def test_what_is_missing_is_asked_for() -> None:
    turns = talk("order a pizza", "large", "pepperoni", "yes please")
    assert outcomes(turns) == ["asked", "asked", "asked", "ordered"]
    assert "size" in turns[0].reply
    assert "$19.98" in turns[2].reply
    assert turns[2].order is not None
    assert turns[2].order.slots == {"size": "large", "topping": "pepperoni", "quantity": 1}


def test_a_ride_begins_at_home_unless_told_otherwise() -> None:
    (quoted,) = talk("call me a taxi to the airport")
    assert quoted.order is not None
    assert quoted.order.slots == {"origin": "home", "destination": "airport"}


@pytest.mark.parametrize(
    "no", ["no", "no thanks", "cancel", "cancel that", "never mind", "don't order it yet"]
)
@pytest.mark.parametrize(
    "before", [("order a large ham pizza",), ("order a pizza",), ("get me a ride", "to work")]
)
def test_no_orders_nothing(no: str, before: tuple[str, ...]) -> None:
    turns = talk(*before, no, "yes")
    assert outcomes(turns)[-2:] == ["cancelled", "rejected"]
    assert "placed" not in life(turns)
    assert not [state for state in life(turns) if state == "quoted"] or life(turns)[-1] == "cancelled"


def test_a_question_about_the_choices_is_answered_from_the_list_and_the_open_one_asked_again() -> None:
    turns = talk(
        "order a pizza", "what sizes are there", "large", "what can I have", "ham", "what crusts are there"
    )
    assert turns[1].reply == (
        "You can have small, medium, large and extra large. What size: small, medium or large?"
    )
    assert turns[3].reply.startswith("You can have anchovy, artichoke, ")
    assert turns[3].reply.endswith(" more. With what on it?")
    assert "thin, thick" in turns[5].reply
    assert "Shall I order?" in turns[5].reply
    assert outcomes(turns) == ["asked"] * 6
    # What nobody sells here has no list, and to ask for it changes nothing either.
    no_list = talk("call me a taxi", "what sizes are there", "to the zoo")
    assert no_list[1].reply == "There is no list of that. Where to?"
    assert no_list[2].order is not None


def test_a_yes_to_a_question_for_a_slot_orders_nothing() -> None:
    turns = talk("order a pizza", "yes", "yes")
    assert outcomes(turns) == ["asked", "rejected", "cancelled"]


def test_what_is_not_understood_is_asked_again_and_then_given_up() -> None:
    turns = talk("order a large ham pizza", "the cat sat on the mat", "colourless green ideas")
    assert outcomes(turns) == ["asked", "rejected", "cancelled"]
    assert [each.intent for each in turns] == ["pizza", None, None]
    assert "Shall I order?" in turns[1].reply
    assert life(turns) == ["quoted", "cancelled"]


@pytest.mark.parametrize(
    "text", ["okay", "ok", "alright then", "fine", "great", "thanks", "i guess so", "i don't know"]
)
def test_what_is_neither_yes_nor_no_is_asked_for_one(text: str) -> None:
    turns = talk("order a large ham pizza", text, "yes")
    assert outcomes(turns) == ["asked", "rejected", "ordered"]
    assert turns[1].reply == f"Please say yes or no. {turns[0].reply}"
    assert life(turns[:2]) == ["quoted"]


def test_an_answer_that_stays_unclear_ends_the_order_and_says_so() -> None:
    turns = talk("order a large ham pizza", "okay", "fine", "yes")
    assert outcomes(turns) == ["asked", "rejected", "cancelled", "rejected"]
    assert turns[2].reply == "I did not understand, so nothing was ordered."
    assert life(turns) == ["quoted", "cancelled"]


def test_an_unclear_answer_to_an_offer_is_asked_again_and_then_left() -> None:
    turns = talk("cab to the airport", "okay", "the cat sat on the mat")
    assert [turn.reply for turn in turns] == [
        "Did you want a ride?",
        "Please say yes or no. Did you want a ride?",
        "I did not understand, so I leave it at that.",
    ]


@pytest.mark.parametrize("text", ["hang on", "just a second", "let me think"])
def test_who_wants_a_moment_gets_it_as_often_as_it_is_asked_for(text: str) -> None:
    turns = talk("order a large ham pizza", text, text, text, "yes")
    assert outcomes(turns) == ["asked", "asked", "asked", "asked", "ordered"]
    assert turns[3].reply == "Take your time."


@pytest.mark.parametrize(
    "yes", ["okay yes", "okay sure", "yes okay", "yes i'm sure", "go ahead", "sounds good", "yep"]
)
def test_a_yes_with_an_okay_is_a_clear_yes(yes: str) -> None:
    assert outcomes(talk("order a large ham pizza", yes)) == ["asked", "ordered"]


def test_what_is_not_understood_without_an_order_is_said_to_be_and_nothing_more() -> None:
    turns = talk("the cat sat on the mat", "colourless green ideas", "")
    assert outcomes(turns) == ["rejected"] * 3
    assert {turn.reply for turn in turns} == {"Sorry, I did not understand that."}


@pytest.mark.parametrize("answer", ["yes", "okay", "yes please"])
def test_a_number_that_may_be_two_things_is_asked_about_and_no_yes_places_either(answer: str) -> None:
    turns = talk("call me a taxi to the airport", "make it six", answer, "at six")
    assert turns[1].reply == "For 6 people, or at 6?"
    assert outcomes(turns) == ["asked", "asked", "rejected", "asked"]
    assert life(turns) == ["quoted", "cancelled", "quoted"]
    assert turns[3].order is not None
    assert turns[3].order.slots["time"] == "2026-01-06T06:00"


def test_a_time_for_a_pizza_is_said_to_be_none_and_is_no_part_of_the_order() -> None:
    (turn,) = talk("order a large ham pizza at seven")
    assert turn.reply.startswith(
        "A pizza cannot be ordered for a set time: it is made at once. That is one large"
    )
    assert turn.order is not None
    assert "time" not in turn.order.slots


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("what's on my order", "one large ham pizza for $19.98"),
        ("what have i got so far", "one large ham pizza for $19.98"),
        ("how much was it again", "$19.98, $2.99 of it for delivery"),
        ("is that with delivery", "$19.98, $2.99 of it for delivery"),
    ],
)
def test_a_question_about_the_order_is_answered_and_leaves_it_open(question: str, answer: str) -> None:
    turns = talk("order a large ham pizza", question, "yes")
    assert outcomes(turns) == ["asked", "asked", "ordered"]
    assert answer in turns[1].reply


def test_what_is_too_expensive_is_not_wanted() -> None:
    assert outcomes(talk("order a large ham pizza", "okay that's too expensive")) == ["asked", "cancelled"]


def test_a_correction_is_read_back_anew() -> None:
    turns = talk("order a large ham pizza", "order a small ham pizza", "yes")
    assert life(turns) == ["quoted", "cancelled", "quoted", "confirmed", "placed"]
    assert turns[-1].events[-1].order_id == (turns[1].order.id if turns[1].order else None)


def test_another_command_drops_the_order() -> None:
    turns = talk("order a large ham pizza", "play some jazz", "yes")
    assert outcomes(turns) == ["asked", "answered", "rejected"]
    assert turns[1].reply.startswith("Then nothing was ordered.")
    assert life(turns) == ["quoted", "cancelled"]
    assert turns[1].intent == "music"


def test_what_the_partner_does_not_have_fails() -> None:
    (failed,) = talk("get me a ride from work to work")
    assert (failed.outcome, failed.order) == ("failed", None)
    assert "would end where it begins" in failed.reply


def test_who_wants_to_go_home_is_asked_where_from() -> None:
    asked, quoted = talk("get me a ride home", "from the airport")
    assert asked.reply == "From where?"
    assert quoted.order is not None
    assert quoted.order.slots == {"origin": "airport", "destination": "home"}
    # Home is where a ride begins unless told otherwise, and where it ends no more than before.
    assert talk("get me a ride home", "from home")[1].outcome == "failed"


def uncertain(text: str) -> IntentMatch:
    match = MATCHER.match(text)
    assert isinstance(match, IntentMatch)
    return replace(match, certain=False, score=0.85, step="fuzzy")


def test_what_is_only_near_is_asked_about_first() -> None:
    asked = respond(Idle(), uncertain("order a large ham pizza"), SETTING, MOMENT)
    assert asked.outcome == "asked"
    assert asked.reply == "Did you mean: order a large ham pizza?"
    assert asked.events == ()
    quoted = turn(asked.state, "yes")
    assert quoted.outcome == "asked"
    assert isinstance(quoted.state, Confirming)
    assert outcomes([turn(asked.state, "no")]) == ["cancelled"]


def test_what_the_model_alone_has_seen_is_asked_about_in_words_of_ours() -> None:
    match = replace(uncertain("order a large ham pizza"), step="model")
    assert respond(Idle(), match, SETTING, MOMENT).reply == "Did you want a pizza?"
    own = replace(match, intent="timer", slots={})
    assert respond(Idle(), own, SETTING, MOMENT).reply == "Did you mean: order a large ham pizza?"


def test_no_answer_cancels_what_was_read_back() -> None:
    (quoted,) = talk("order a large ham pizza")
    (event,) = expire(quoted.state, MOMENT)
    assert (event.state, event.reason) == ("cancelled", "no answer")
    assert expire(Idle(), MOMENT) == ()
    assert expire(talk("order a pizza")[0].state, MOMENT) == ()


COMMANDS = sample_phrases(CATALOGUE, limit_per_intent=150, seed=7)
YES = {text for text in COMMANDS if getattr(MATCHER.match(text), "intent", None) == "confirm"}


class Conversation(RuleBasedStateMachine):
    """Whatever is said, in whatever order: nothing is placed but what was read back, by a clear yes to it."""

    def __init__(self) -> None:
        super().__init__()
        self.state: State = Idle()
        self.lives: dict[str, list[str]] = {}

    def _say(self, text: str) -> None:
        before = self.state
        said = turn(self.state, text)
        self.state = said.state
        assert said.reply
        assert said.outcome in get_args(Outcome)
        for event in said.events:
            self.lives.setdefault(event.order_id, []).append(event.state)
        placed = [event for event in said.events if event.state == "placed"]
        assert bool(placed) == (said.outcome == "ordered")
        if placed:
            assert text in YES
            assert isinstance(before, Confirming)
            assert [event.order_id for event in placed] == [before.order.id]

    @rule(text=st.sampled_from(COMMANDS))
    def command(self, text: str) -> None:
        self._say(text)

    @rule(text=st.text(max_size=40))
    def anything(self, text: str) -> None:
        self._say(text)

    @rule(text=st.lists(st.sampled_from(" ".join(COMMANDS[:400]).split()), max_size=8).map(" ".join))
    def word_salad(self, text: str) -> None:
        self._say(text)

    @precondition(lambda self: isinstance(self.state, Asking | Confirming | Offering))
    @rule(text=st.sampled_from(["yes", "no", "cancel", "large", "to the airport", "pepperoni"]))
    def answer(self, text: str) -> None:
        self._say(text)

    @rule()
    def silence(self) -> None:
        for event in expire(self.state, MOMENT):
            self.lives[event.order_id].append(event.state)
        self.state = Idle()

    @invariant()
    def every_life_is_lawful(self) -> None:
        for states in self.lives.values():
            assert states in (["quoted"], ["quoted", "cancelled"], ["quoted", "confirmed", "placed"])
        still_open = [order_id for order_id, states in self.lives.items() if states == ["quoted"]]
        assert still_open == ([self.state.order.id] if isinstance(self.state, Confirming) else [])


TestConversation = Conversation.TestCase
TestConversation.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
