"""Samples cover the language and stay inside it."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import pocketsphinx
import pytest
from hassil.expression import Expression, TextChunk
from hassil.intents import RangeSlotList, TextSlotList
from hypothesis import given, settings
from hypothesis import strategies as st

from intents.catalogue import load_catalogue
from intents.match import Matcher
from intents.normalise import clean, normalise
from intents.results import Expected, IntentMatch
from intents.sample import sample_by_intent, sample_phrases, sample_sentences, vocabulary
from intents.walk import nodes
from tests.intents.sentences import NOW

if TYPE_CHECKING:
    from pathlib import Path

    from intents.catalogue import Catalogue


@cache
def _bundled() -> tuple[Catalogue, Matcher]:
    catalogue = load_catalogue()
    return catalogue, Matcher(catalogue)


@settings(max_examples=8, deadline=None)
@given(seed=st.integers(), pick=st.integers(min_value=0))
def test_a_sampled_command_is_understood_as_its_own_intent(seed: int, pick: int) -> None:
    catalogue, matcher = _bundled()
    outputs = _outputs(catalogue)
    for intent, phrases in sample_by_intent(catalogue, limit_per_intent=1, seed=seed).items():
        phrase = phrases[pick % len(phrases)]
        match = _understood(matcher, phrase, intent)
        assert set(match.slots) <= catalogue.intents[intent].slots
        for value in _values(match):
            # Without a now, times stay the words that were said.
            assert value in outputs or str(value) in normalise(phrase)


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(), data=st.data())
def test_a_sampled_sentence_has_the_slots_that_its_template_gave_it(seed: int, data: st.DataObject) -> None:
    catalogue, matcher = _bundled()
    # What counts in a conversation only is understood in one.
    names = [name for name, intent in catalogue.intents.items() if intent.kind != "dialogue"]
    intent = data.draw(st.sampled_from(names))
    for sentence in sample_sentences(catalogue, intent, limit=2, seed=seed, now=NOW):
        match = matcher.match(sentence.text, now=NOW)
        assert isinstance(match, IntentMatch), (sentence, match)
        assert (match.intent, dict(match.slots)) == (intent, dict(sentence.slots)), sentence


def test_every_phrase_of_a_large_sample_is_understood_exactly_and_by_one_intent(
    catalogue: Catalogue, matcher: Matcher
) -> None:
    for intent, phrases in sample_by_intent(catalogue, limit_per_intent=400, seed=7).items():
        assert len(phrases) == len(set(phrases)) >= 36
        for phrase in phrases[::5]:
            _understood(matcher, phrase, intent)


def test_answers_are_in_the_sample_and_answer(catalogue: Catalogue, matcher: Matcher) -> None:
    phrases = sample_phrases(catalogue, limit_per_intent=1, seed=3)
    for (intent, slot), text in {
        ("pizza", "size"): "medium",
        ("ride", "destination"): "airport",
    }.items():
        assert text in phrases
        match = matcher.match(text, expected=Expected(intent=intent, slot=slot))
        assert isinstance(match, IntentMatch)
        assert match.step == "answer"


def test_every_list_value_and_every_word_of_the_templates_is_sampled(
    catalogue: Catalogue, matcher: Matcher
) -> None:
    seen = set()
    for intent, phrases in sample_by_intent(catalogue, limit_per_intent=1, seed=0).items():
        for phrase in phrases:
            seen |= {str(value) for value in _values(_understood(matcher, phrase, intent))}
    assert {str(output) for output in _outputs(catalogue) if output is not None} <= seen
    words = vocabulary(sample_phrases(catalogue, limit_per_intent=1, seed=0))
    assert {
        "umbrella",
        "what's",
        "what",
        "i'd",
        "would",
        "please",
        "nope",
        "ordering",
        "cab",
        "quieter",
    } <= words
    # Whatever the seed, one sample holds the words of all.
    assert words == vocabulary(sample_phrases(catalogue, limit_per_intent=300, seed=1))


def test_a_sample_is_the_same_for_the_same_seed_only(catalogue: Catalogue) -> None:
    one = sample_phrases(catalogue, limit_per_intent=200, seed=1)
    assert one == sample_phrases(load_catalogue(), limit_per_intent=200, seed=1)
    assert one != sample_phrases(catalogue, limit_per_intent=200, seed=2)
    assert len(one) == len(set(one))


def test_the_limit_bounds_all_but_coverage(catalogue: Catalogue) -> None:
    covering = sample_by_intent(catalogue, limit_per_intent=1, seed=0)
    for intent, phrases in sample_by_intent(catalogue, limit_per_intent=500, seed=0).items():
        assert len(phrases) <= max(500, len(covering[intent]))
    with pytest.raises(ValueError, match="at least 1"):
        sample_by_intent(catalogue, limit_per_intent=0, seed=0)


def test_the_newcomers_engine_can_hear_every_word_but_some_spellings_of_names(catalogue: Catalogue) -> None:
    with open(pocketsphinx.get_model_path("en-us/cmudict-en-us.dict"), encoding="utf-8") as lines:  # noqa: PTH123
        dictionary = {line.split()[0] for line in lines if line.strip()}
    values = {
        word
        for slot_list in catalogue.commands.slot_lists.values()
        for value in (slot_list.values if isinstance(slot_list, TextSlotList) else ())
        for word in spoken_words(value.text_in)
    }
    unheard = vocabulary(sample_phrases(catalogue, limit_per_intent=1, seed=0)) - dictionary
    assert unheard - values <= {"unmute", "unpause"}
    assert len(unheard) < 40


def test_numbers_any_order_and_wildcards(tmp_path: Path) -> None:
    file = tmp_path / "heater.yaml"
    file.write_text(
        """
language: en
intents:
  heat:
    data:
      - sentences: ["(warm;room) to {degrees} [for {who}]"]
      - sentences: ["tell {who}"]
lists:
  degrees: {range: {from: 18, to: 25}}
  who: {wildcard: true}
"""
    )
    catalogue = load_catalogue(files=[file])
    phrases = sample_phrases(catalogue, limit_per_intent=40, seed=0)
    assert {"warm room to eighteen", "room warm to twenty one"} <= set(phrases)
    assert len(phrases) == 16
    matcher = Matcher(catalogue)
    match = matcher.match("room warm to twenty one")
    assert isinstance(match, IntentMatch)
    assert match.slots == {"degrees": 21}
    wild = matcher.match("tell my dear neighbour")
    assert isinstance(wild, IntentMatch)
    assert wild.slots == {"who": "my dear neighbour"}


def spoken_words(expression: Expression) -> set[str]:
    return {
        word
        for node in nodes(expression)
        if isinstance(node, TextChunk)
        for word in clean(node.original_text).split()
    }


def _understood(matcher: Matcher, phrase: str, intent: str) -> IntentMatch:
    """`phrase` as `intent`, word for word and by no other; what counts in a conversation only, in one of them."""
    # What most corrections are about comes first, for what is not understood takes longest.
    pizza, ride, after = (
        Expected(intent="pizza"),
        Expected(intent="ride"),
        Expected(intent=intent, answered=True),
    )
    for expected in (pizza, ride, None) if intent == "correct" else (None, after, pizza, ride):
        match = matcher.match(phrase, expected=expected)
        # The model may take by itself what is a template in a conversation only ("and this week").
        if isinstance(match, IntentMatch) and match.intent == intent and match.step == "exact":
            assert expected or match.runner_up is None, phrase
            assert match.follows == (expected is after), phrase
            return match
    raise AssertionError(f"{phrase!r} is not understood as {intent}, word for word")


def _values(match: IntentMatch) -> set[object]:
    """The values of its slots, those that were joined apart again."""
    return {
        value
        for held in match.slots.values()
        for value in (held.split(", ") if isinstance(held, str) else [held])
    }


def _outputs(catalogue: Catalogue) -> set[object]:
    outputs: set[object] = {
        value
        for intent in catalogue.commands.intents.values()
        for data in intent.data
        for value in data.slots.values()
    }
    for slot_list in catalogue.commands.slot_lists.values():
        if isinstance(slot_list, TextSlotList):
            outputs |= {value.value_out for value in slot_list.values}
        elif isinstance(slot_list, RangeSlotList):
            outputs |= set(slot_list.get_numbers())
    return outputs
