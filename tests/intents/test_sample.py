"""Samples cover the language and stay inside it."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import pocketsphinx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from intents.catalogue import load_catalogue
from intents.match import Matcher
from intents.results import Expected, IntentMatch
from intents.sample import sample_by_intent, sample_phrases, vocabulary

if TYPE_CHECKING:
    from pathlib import Path

    from intents.catalogue import Catalogue


@cache
def _bundled() -> tuple[Catalogue, Matcher]:
    catalogue = load_catalogue()
    return catalogue, Matcher(catalogue)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(), pick=st.integers(min_value=0))
def test_a_sampled_command_is_understood_as_its_own_intent(seed: int, pick: int) -> None:
    catalogue, matcher = _bundled()
    outputs = _outputs(catalogue)
    for intent, phrases in sample_by_intent(catalogue, limit_per_intent=1, seed=seed).items():
        match = matcher.match(phrases[pick % len(phrases)])
        assert isinstance(match, IntentMatch), match
        assert (match.intent, match.step, match.runner_up) == (intent, "exact", None)
        assert set(match.slots) <= catalogue.intents[intent].slots
        assert set(match.slots.values()) <= outputs


def test_every_phrase_of_a_large_sample_is_understood_exactly_and_by_one_intent(
    catalogue: Catalogue, matcher: Matcher
) -> None:
    for intent, phrases in sample_by_intent(catalogue, limit_per_intent=400, seed=7).items():
        assert len(phrases) == len(set(phrases)) >= 36
        for phrase in phrases:
            match = matcher.match(phrase)
            assert isinstance(match, IntentMatch), phrase
            assert (match.intent, match.step, match.runner_up) == (intent, "exact", None), phrase


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
    for phrases in sample_by_intent(catalogue, limit_per_intent=1, seed=0).values():
        for phrase in phrases:
            match = matcher.match(phrase)
            assert isinstance(match, IntentMatch)
            seen |= {str(value) for value in match.slots.values()}
    assert {str(output) for output in _outputs(catalogue)} <= seen
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
    for phrases in sample_by_intent(catalogue, limit_per_intent=500, seed=0).values():
        assert len(phrases) <= 500
    with pytest.raises(ValueError, match="at least 1"):
        sample_by_intent(catalogue, limit_per_intent=0, seed=0)


def test_the_newcomers_engine_can_hear_every_word(catalogue: Catalogue) -> None:
    with open(pocketsphinx.get_model_path("en-us/cmudict-en-us.dict"), encoding="utf-8") as lines:  # noqa: PTH123
        dictionary = {line.split()[0] for line in lines if line.strip()}
    assert vocabulary(sample_phrases(catalogue, limit_per_intent=1, seed=0)) - dictionary == set()


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


def _outputs(catalogue: Catalogue) -> set[object]:
    outputs: set[object] = {
        value
        for intent in catalogue.commands.intents.values()
        for data in intent.data
        for value in data.slots.values()
    }
    for slot_list in catalogue.commands.slot_lists.values():
        for value in slot_list.values:  # type: ignore[attr-defined]
            outputs.add(value.value_out)
    return outputs
