"""What is understood, and above all what is not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from intents.catalogue import load_catalogue
from intents.errors import SettingsError
from intents.match import Matcher, MatchSettings
from intents.normalise import normalise
from intents.prefilter import Prefilter
from intents.results import Expected, IntentMatch, NoMatch
from intents.slots import SlotFinder
from intents.values import ListValues
from tests.intents.sentences import MISHEARD, NO_ORDER, NOW, OUT_OF_SCOPE, UNDERSTOOD

if TYPE_CHECKING:
    from pathlib import Path

    from intents.catalogue import Catalogue
    from intents.results import SlotValue


@pytest.mark.parametrize(("intent", "text", "slots"), UNDERSTOOD, ids=[text for _, text, _ in UNDERSTOOD])
def test_a_command_is_understood_word_for_word(
    matcher: Matcher, intent: str, text: str, slots: dict[str, SlotValue]
) -> None:
    match = matcher.match(text, now=NOW)
    assert isinstance(match, IntentMatch), match
    assert (match.intent, dict(match.slots), match.step) == (intent, slots, "exact")
    assert match.certain
    assert match.score == 1.0
    assert match.sentence == normalise(text)


@pytest.mark.parametrize(
    ("text", "slots"),
    [
        (
            "book me an uber to the zoo for 3 people at 5pm maybe",
            {"destination": "zoo", "passengers": 3, "time": "2026-01-06T17:00"},
        ),
        (
            "could you arrange a cab to the zoo tomorrow at half past seven in the evening",
            {"destination": "zoo", "time": "2026-01-06T19:30"},
        ),
    ],
)
def test_where_no_template_matches_a_time_is_found_whole(
    matcher: Matcher, text: str, slots: dict[str, SlotValue]
) -> None:
    match = matcher.match(text, now=NOW)
    assert isinstance(match, IntentMatch)
    assert (match.step, match.intent, dict(match.slots)) == ("model", "ride", slots)


@pytest.mark.parametrize(
    ("intent", "text", "slots"),
    [
        (
            "music",
            "play moonlit harbour by the paper lanterns",
            {"song": "moonlit harbour", "artist": "paper lanterns"},
        ),
        ("music", "please put on the song moonlit harbour now", {"song": "moonlit harbour"}),
        ("music", "some songs by adele for the road", {"artist": "adele"}),
        ("music", "play something by the paper lanterns", {"artist": "paper lanterns"}),
        ("music", "play my very best songs", {}),
        ("music", "play some modern rock", {"genre": "rock"}),
        (
            "weather",
            "the forecast for little snoring on friday",
            {"place": "little snoring", "day": "friday"},
        ),
        ("weather", "what about the sky at the beach", {"place": "beach"}),
        ("weather", "will it rain in an hour or in the morning", {}),
        ("weather", "weather in our area for the coming days", {}),
        ("ride", "a cab to little snoring", {}),
    ],
)
def test_words_no_list_has_fill_a_slot_where_any_may_stand(
    catalogue: Catalogue, intent: str, text: str, slots: dict[str, SlotValue]
) -> None:
    finder = SlotFinder(catalogue, [intent], ListValues(catalogue), Prefilter(catalogue.commands).words, {})
    assert finder.find(intent, text) == slots
    assert {origin.slot: origin.value for origin in finder.origins(intent, text)} == slots


def test_an_open_slot_is_found_in_bounded_time(catalogue: Catalogue) -> None:
    (artist, song) = catalogue.intents["music"].open
    words = ["play"] * 5000
    assert song.find(words, [False] * 5000) is not None
    assert artist.find(words, [False] * 5000) is None
    assert not any(each.open for each in catalogue.intents.values() if each.kind == "commerce")


def test_a_word_of_the_templates_is_no_other_word_misheard(catalogue: Catalogue) -> None:
    words = Prefilter(catalogue.commands).words
    assert "driver" in words
    finder = SlotFinder(catalogue, ["ride"], ListValues(catalogue), words, {})
    assert finder.find("ride", "who directed taxi driver") == {}
    assert finder.find("ride", "a taxi to the airpart") == {"destination": "airport"}
    assert "tomorrows" in words
    assert SlotFinder(catalogue, ["weather"], ListValues(catalogue), words, {}).find(
        "weather", "how will tomorrows weather be"
    ) == {"day": "tomorrow"}


@pytest.mark.parametrize("text", OUT_OF_SCOPE)
def test_what_is_no_command_is_no_match(matcher: Matcher, literal: Matcher, text: str) -> None:
    for each in (matcher, literal):
        match = each.match(text)
        assert isinstance(match, NoMatch), match


@pytest.mark.parametrize("text", NO_ORDER)
def test_what_only_sounds_like_an_order_is_never_one_at_once(
    matcher: Matcher, literal: Matcher, text: str
) -> None:
    match = matcher.match(text)
    assert isinstance(match, NoMatch) or not match.certain, match
    assert isinstance(literal.match(text), NoMatch)


@pytest.mark.parametrize(("text", "intent", "slots"), MISHEARD, ids=[text for text, _, _ in MISHEARD])
def test_a_slip_of_the_ear_is_forgiven(
    matcher: Matcher, text: str, intent: str, slots: dict[str, SlotValue]
) -> None:
    match = matcher.match(text)
    assert isinstance(match, IntentMatch), match
    assert (match.intent, dict(match.slots)) == (intent, slots)
    if match.step == "fuzzy":
        assert 0.8 <= match.score < 1.0
        assert match.certain == (match.score >= 0.9)
        exact = matcher.match(match.sentence)
        assert isinstance(exact, IntentMatch)
        assert (exact.intent, exact.slots, exact.step) == (match.intent, match.slots, "exact")


@pytest.mark.parametrize("word", ["not", "never", "who", "cancel", "history", "towel", "dont", "without"])
@pytest.mark.parametrize("text", ["order a large pepperoni pizza", "call me a taxi to the airport"])
def test_one_word_of_another_subject_anywhere_makes_it_no_likeness(
    literal: Matcher, text: str, word: str
) -> None:
    words = text.split()
    for place in range(len(words) + 1):
        match = literal.match(" ".join([*words[:place], word, *words[place:]]))
        assert isinstance(match, NoMatch), match


@pytest.mark.parametrize(
    "word", ["not", "never", "no", "cancel", "dont", "without", "don't", "forget", "stop"]
)
@pytest.mark.parametrize("text", ["order a large pepperoni pizza", "call me a taxi to the airport"])
def test_a_word_that_may_deny_makes_it_no_certain_order(matcher: Matcher, text: str, word: str) -> None:
    words = text.split()
    for place in range(len(words) + 1):
        match = matcher.match(" ".join([*words[:place], word, *words[place:]]))
        assert isinstance(match, NoMatch) or not match.certain, match


@pytest.mark.parametrize("text", ["order a large pepperoni pizza", "i need a taxi to the grocery store"])
def test_a_likeness_needs_every_word_that_matters(literal: Matcher, catalogue: Catalogue, text: str) -> None:
    words = text.split()
    for place, word in enumerate(words):
        match = literal.match(" ".join([*words[:place], *words[place + 1 :]]))
        # Without its size or topping it is still an order, of something that will be asked for.
        if word in catalogue.fillers or word in {"large", "pepperoni"}:
            assert isinstance(match, IntentMatch)
        else:
            assert isinstance(match, NoMatch), match


@pytest.mark.parametrize(
    ("intent", "slot", "text", "slots"),
    [
        ("pizza", "size", "large", {"size": "large"}),
        ("pizza", "size", "a big one please", {"size": "large"}),
        ("pizza", "size", "make it small", {"size": "small"}),
        ("pizza", "size", "i'd like a medium", {"size": "medium"}),
        ("pizza", "size", "a large pepperoni pizza", {"size": "large", "topping": "pepperoni"}),
        ("pizza", "topping", "mushrooms", {"topping": "mushroom"}),
        ("pizza", "topping", "with extra cheese", {"topping": "cheese"}),
        ("pizza", "topping", "a small veggie", {"size": "small", "topping": "veggie"}),
        ("pizza", "quantity", "three", {"quantity": 3}),
        ("pizza", "quantity", "just 2 pizzas", {"quantity": 2}),
        ("ride", "destination", "home", {"destination": "home"}),
        ("ride", "destination", "to the airport", {"destination": "airport"}),
        ("ride", "destination", "i'm going to work", {"destination": "work"}),
        ("ride", "destination", "from the zoo to the park", {"origin": "zoo", "destination": "park"}),
        ("ride", "origin", "at the hotel", {"origin": "hotel"}),
    ],
)
def test_an_answer_fills_the_slot_that_was_asked_for(
    matcher: Matcher, intent: str, slot: str, text: str, slots: dict[str, SlotValue]
) -> None:
    match = matcher.match(text, expected=Expected(intent=intent, slot=slot))
    assert isinstance(match, IntentMatch), match
    assert (match.intent, dict(match.slots), match.step) == (intent, slots, "answer")
    alone = matcher.match(text)
    assert isinstance(alone, NoMatch) or not alone.certain, "an answer without a question is no command"


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("cancel", "cancel"),
        ("never mind", "cancel"),
        ("no", "deny"),
        ("yes don't order", "deny"),
        ("okay, do not order it", "deny"),
        ("yes", "confirm"),
        ("play music", "music"),
        ("order a large pepperoni pizza", "pizza"),
        ("what's the weather", "weather"),
    ],
)
def test_a_whole_command_is_understood_in_the_middle_of_a_dialogue(
    matcher: Matcher, text: str, intent: str
) -> None:
    match = matcher.match(text, expected=Expected(intent="ride", slot="destination"))
    assert isinstance(match, IntentMatch)
    assert (match.intent, match.step) == (intent, "exact")


@pytest.mark.parametrize("text", ["mars", "not so large", "the large hadron collider", "hum", "largo"])
def test_what_does_not_answer_is_no_match(matcher: Matcher, text: str) -> None:
    assert isinstance(matcher.match(text, expected=Expected(intent="pizza", slot="size")), NoMatch)


@pytest.mark.parametrize(
    ("about", "text", "intent", "slots"),
    [
        ("pizza", "make it two", "correct", {"quantity": 2}),
        ("pizza", "no, large", "correct", {"size": "large"}),
        ("pizza", "actually with mushrooms and ham", "correct", {"topping": "mushroom, ham"}),
        ("pizza", "add olives", "correct", {"add_topping": "olive"}),
        ("pizza", "no onions", "correct", {"without_topping": "onion"}),
        ("pizza", "no extra cheese", "correct", {"without_topping": "cheese"}),
        ("pizza", "no no extra cheese", "correct", {"without_topping": "cheese"}),
        ("pizza", "no double cheese", "correct", {"without_topping": "cheese"}),
        ("pizza", "no more cheese", "correct", {"without_topping": "cheese"}),
        ("pizza", "no extra olives", "correct", {"without_topping": "olive"}),
        ("pizza", "actually extra cheese", "correct", {"add_topping": "cheese"}),
        ("pizza", "and olives", "correct", {"add_topping": "olive"}),
        ("pizza", "with extra cheese", "correct", {"add_topping": "cheese"}),
        ("pizza", "double cheese", "correct", {"add_topping": "cheese"}),
        ("pizza", "also with ham", "correct", {"add_topping": "ham"}),
        (
            "pizza",
            "change the ham to mushrooms",
            "correct",
            {"without_topping": "ham", "add_topping": "mushroom"},
        ),
        ("pizza", "change the topping to mushrooms", "correct", {"topping": "mushroom"}),
        (
            "pizza",
            "take off the ham and add pepperoni",
            "correct",
            {"without_topping": "ham", "add_topping": "pepperoni"},
        ),
        ("pizza", "make it two and large", "correct", {"quantity": 2, "size": "large"}),
        ("pizza", "no no i said medium", "correct", {"size": "medium"}),
        ("ride", "actually five passengers", "correct", {"passengers": 5}),
        ("pizza", "yes, but make it large", "correct", {"size": "large"}),
        ("pizza", "I'll pick it up", "correct", {"delivery": "pick up"}),
        (
            "ride",
            "to the airport, not the train station",
            "correct",
            {"destination": "airport", "not_destination": "train station"},
        ),
        ("pizza", "in thin crust", "correct", {"crust": "thin"}),
        ("pizza", "ham too, and mushrooms", "correct", {"add_topping": "ham, mushroom"}),
        ("pizza", "make it small", "correct", {"size": "small"}),
        ("pizza", "what sizes are there", "choices", {"what": "size"}),
        ("pizza", "what toppings do you have", "choices", {"what": "topping"}),
        ("pizza", "what can I have", "choices", {}),
        ("ride", "where can I go", "choices", {"what": "destination"}),
        ("ride", "from work", "correct", {"origin": "work"}),
        ("ride", "stop", "cancel", {}),
        ("music", "what", "repeat", {}),
        ("pizza", "how much is it", "price", {}),
        ("ride", "how long will it take", "duration", {}),
    ],
)
def test_some_things_count_in_a_conversation_only(
    matcher: Matcher, about: str, text: str, intent: str, slots: dict[str, object]
) -> None:
    match = matcher.match(text, expected=Expected(intent=about))
    assert isinstance(match, IntentMatch)
    assert (match.intent, match.slots, match.step) == (intent, slots, "exact")
    elsewhere = matcher.match(text)
    assert isinstance(elsewhere, NoMatch) or elsewhere.intent != intent


@pytest.mark.parametrize(
    ("text", "slots"),
    [
        # No template has toppings on both sides of the pizza.
        ("order a large ham pizza with extra cheese", {"size": "large", "topping": "ham, cheese"}),
        (
            "order a large pepperoni pizza with mushrooms and olives",
            {"size": "large", "topping": "pepperoni, mushroom, olive"},
        ),
        ("i want a large pizza with ham and with olives", {"size": "large", "topping": "ham, olive"}),
        # Of several kinds in one order each is asked for.
        ("order two pizzas one large ham and one small margherita", {"quantity": 2}),
        ("order two large pizzas one with ham and one with olives", {"quantity": 2, "size": "large"}),
        ("order a large ham pizza and a mushroom pizza", {"size": "large"}),
        ("order a large ham pizza and a large mushroom pizza", {"size": "large"}),
        ("order a large pizza with ham but no onions", {"size": "large", "topping": "ham"}),
        ("order a large pizza with no ham", {"size": "large"}),
        (
            "order a large pizza with everything except ham and olives",
            {"size": "large", "topping": "supreme"},
        ),
        ("order a large pizza hold the cheese", {"size": "large"}),
        # A time is no number of pizzas.
        (
            "order a large pizza tonight at eight with ham",
            {"size": "large", "topping": "ham", "time": "tonight at eight"},
        ),
        ("order a large pizza by seven with ham", {"size": "large", "topping": "ham", "time": "by seven"}),
        ("order a pizza with ham for two people", {"topping": "ham"}),
        # More, or fewer, than are sold: that is for the partner to say.
        ("order 25 large ham pizzas", {"quantity": 25, "size": "large", "topping": "ham"}),
        ("get 120 pizzas", {"quantity": 120}),
        ("order zero large ham pizzas", {"quantity": 0, "size": "large", "topping": "ham"}),
        ("order a large pizza from pizza 73", {"size": "large"}),
        (f"order {'9' * 40} pizzas", {"quantity": 1_000_000}),
        ("order 12000 large ham pizzas", {"quantity": 12_000, "size": "large", "topping": "ham"}),
        ("order 2,000 large ham pizzas", {"quantity": 2000, "size": "large", "topping": "ham"}),
        ("order two hundred large ham pizzas", {"quantity": 200, "size": "large", "topping": "ham"}),
        ("order two hundred and five large ham pizzas", {"quantity": 205, "size": "large", "topping": "ham"}),
        ("order two dozen large ham pizzas", {"quantity": 24, "size": "large", "topping": "ham"}),
    ],
)
def test_an_order_in_ones_own_words_loses_and_invents_nothing(
    matcher: Matcher, text: str, slots: dict[str, object]
) -> None:
    match = matcher.match(text)
    assert isinstance(match, IntentMatch)
    assert (match.intent, match.step, match.slots) == ("pizza", "model", slots)


@pytest.mark.parametrize(
    ("text", "slots"),
    [
        ("call me a taxi to the zoo for forty two people", {"destination": "zoo", "passengers": 42}),
        ("call me a taxi to the airport for 13 people", {"destination": "airport", "passengers": 13}),
        (
            "call me a cab to the airport at 5 for 3",
            {"destination": "airport", "passengers": 3, "time": "2026-01-06T05:00"},
        ),
        ("pick me up at 40 main street and take me to the zoo", {"destination": "zoo"}),
    ],
)
def test_as_many_ride_as_were_said_to(matcher: Matcher, text: str, slots: dict[str, object]) -> None:
    match = matcher.match(text, now=NOW)
    assert isinstance(match, IntentMatch)
    assert (match.intent, match.step, match.slots) == ("ride", "model", slots)


def test_a_question_that_has_no_answers_takes_commands_only(matcher: Matcher) -> None:
    expected = Expected(intent="music", slot="artist")
    assert isinstance(matcher.match("madonna", expected=expected), NoMatch)
    assert isinstance(matcher.match("play madonna", expected=expected), IntentMatch)


@pytest.mark.parametrize("text", ["", " ", "\t\n", "?!", "\u200b\u200d", "...", "\ud800"])
def test_nothing_said_is_empty(matcher: Matcher, text: str) -> None:
    assert matcher.match(text) == NoMatch(reason="empty")


@pytest.mark.parametrize("words", [61, 10_000])
def test_a_text_too_long_to_be_a_command_is_not_cut_to_one(matcher: Matcher, words: int) -> None:
    assert matcher.match("order a pizza " + "please " * words) == NoMatch(reason="out of scope")


def test_likeness_decides_between_certain_and_asking(catalogue: Catalogue) -> None:
    text = "older a large peperoni pizza"
    sure = Matcher(catalogue, MatchSettings(accept=0.85), model=None).match(text)
    asking = Matcher(catalogue, MatchSettings(accept=0.99), model=None).match(text)
    strict = Matcher(catalogue, MatchSettings(accept=1.0, ask=0.99), model=None).match(text)
    assert isinstance(sure, IntentMatch)
    assert isinstance(asking, IntentMatch)
    assert (sure.certain, asking.certain) == (True, False)
    assert isinstance(strict, NoMatch)
    assert (strict.reason, strict.runner_up) == ("out of scope", "pizza")


def test_two_intents_as_near_are_ambiguous(tmp_path: Path) -> None:
    for name, sentence in {"brew": "prepare some coffee", "grind": "compare some coffee"}.items():
        (tmp_path / f"{name}.yaml").write_text(
            f"language: en\nintents: {{{name}: {{data: [{{sentences: ['{sentence}', make some coffee]}}]}}}}\n"
        )
    matcher = Matcher(load_catalogue(files=sorted(tmp_path.glob("*.yaml"))), MatchSettings(margin=0.2))
    fuzzy = matcher.match("prompare some coffee")
    exact = matcher.match("make some coffee")
    assert isinstance(fuzzy, NoMatch)
    assert isinstance(exact, NoMatch)
    assert (fuzzy.reason, exact.reason) == ("ambiguous", "ambiguous")


@pytest.mark.parametrize(
    "settings",
    [
        {"accept": 0.7, "ask": 0.8},
        {"accept": 1.1},
        {"ask": 0.0},
        {"margin": -0.1},
        {"margin": 1.0},
        {"ask": float("nan")},
    ],
)
def test_thresholds_out_of_order_are_errors(settings: dict[str, float]) -> None:
    with pytest.raises(SettingsError, match="expected 0 <"):
        MatchSettings(**settings)


@pytest.mark.parametrize(
    ("text", "about", "intent", "step"),
    [
        ("actually get me a taxi instead", "pizza", "ride", "exact"),
        ("actually i want a pizza", "ride", "pizza", "exact"),
        ("okay so what time is it", None, "time", "exact"),
        ("oh and turn off the lights", None, "light", "exact"),
        ("um large i think", "pizza", "pizza", "answer"),
        ("okay the large one i guess", "pizza", "pizza", "answer"),
    ],
)
def test_what_stands_around_a_command_and_changes_nothing_is_no_hindrance(
    matcher: Matcher, text: str, about: str | None, intent: str, step: str
) -> None:
    slot = {"pizza": "size", "ride": "destination"}.get(about or "")
    match = matcher.match(text, expected=Expected(intent=about, slot=slot) if about else None)
    assert isinstance(match, IntentMatch)
    assert (match.intent, match.step, match.certain) == (intent, step, True)


@pytest.mark.parametrize(
    "text", ["sorry yes", "now yes", "so do it", "do it then", "yes i guess", "order it i think"]
)
def test_a_yes_is_never_freed_of_what_stands_around_it(matcher: Matcher, text: str) -> None:
    assert isinstance(matcher.match(text, expected=Expected(intent="pizza")), NoMatch)


@pytest.mark.parametrize(
    "text", ["no order a large ham pizza", "not order a large ham pizza", "don't get me a taxi"]
)
def test_a_word_that_denies_is_none_of_them(matcher: Matcher, text: str) -> None:
    match = matcher.match(text)
    assert isinstance(match, NoMatch) or not match.certain
