"""Asking hassil about fewer intents changes no answer."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

import pytest
from hassil.util import remove_skip_words
from hypothesis import given, settings
from hypothesis import strategies as st

from intents.catalogue import load_catalogue
from intents.exact import readings
from intents.normalise import normalise
from intents.prefilter import Prefilter
from intents.sample import sample_by_intent
from tests.intents.sentences import NOW, OUT_OF_SCOPE, UNDERSTOOD

if TYPE_CHECKING:
    from pathlib import Path

    from intents.catalogue import Catalogue

CONTEXTS = (None, {"about": "pizza"}, {"about": "ride"})


@cache
def bundled() -> tuple[Catalogue, Prefilter, list[str]]:
    catalogue = load_catalogue()
    phrases = sample_by_intent(catalogue, limit_per_intent=60, seed=5)
    return catalogue, Prefilter(catalogue.commands), [text for some in phrases.values() for text in some]


def assert_same(catalogue: Catalogue, prefilter: Prefilter, text: str) -> None:
    for context in CONTEXTS:
        every = readings(text, catalogue.commands, NOW, context=context)
        # How many characters are the template's own, hassil counts with the spaces within its chunks.
        ours = prefilter.readings(text, NOW, context=context)
        assert [replace(each, literal=0) for each in ours] == [replace(each, literal=0) for each in every], (
            text
        )


@settings(max_examples=80, deadline=None)
@given(data=st.data())
def test_a_sentence_and_what_a_slip_makes_of_it_are_read_as_hassil_reads_them(data: st.DataObject) -> None:
    catalogue, prefilter, phrases = bundled()
    words = normalise(data.draw(st.sampled_from(phrases))).split()
    place = data.draw(st.integers(0, len(words)))
    change = data.draw(st.sampled_from(["none", "leave out", "say twice", "put in", "cut"]))
    if change == "leave out":
        words = words[:place] + words[place + 1 :]
    elif change == "say twice":
        words = words[:place] + words[max(0, place - 1) :]
    elif change == "put in":
        words.insert(place, data.draw(st.sampled_from(["please", "um", "hey", "not", "the", "to", "two"])))
    elif change == "cut":
        words = words[:place]
    assert_same(catalogue, prefilter, " ".join(words))


@pytest.mark.parametrize("text", [*[text for _, text, _ in UNDERSTOOD][::6], *OUT_OF_SCOPE[::6]])
def test_chosen_sentences_are_read_as_hassil_reads_them(text: str) -> None:
    catalogue, prefilter, _ = bundled()
    assert_same(catalogue, prefilter, normalise(text))


@settings(max_examples=200, deadline=None)
@given(
    words=st.lists(
        st.sampled_from(["please", "hey", "um", "uh", "umm", "play", "jazz", "hey jude", "pleased"])
    ),
    skipped=st.lists(
        st.sampled_from(["please", "hey", "um", "uh", "hey jude", "play some", ""]), unique=True
    ),
)
def test_words_that_may_stand_anywhere_are_left_out_as_hassil_does(
    words: list[str], skipped: list[str]
) -> None:
    catalogue, _, _ = bundled()
    prefilter = Prefilter(replace(catalogue.commands, skip_words=skipped, intents={}))
    text = " ".join(words)
    assert prefilter.plain(text) == remove_skip_words(text, skipped, ignore_whitespace=False)


def test_wildcards_ranges_skip_words_and_words_put_together_within_a_template(tmp_path: Path) -> None:
    file = tmp_path / "own.yaml"
    file.write_text(
        """
language: en
intents:
  note:
    data:
      - sentences: ["write down {anything}"]
  heat:
    data:
      - sentences: ["heat to {degrees}"]
  polite:
    data:
      - sentences: ["say please twice"]
  lamp:
    data:
      - sentences: ["polish [the] {lamp}[s]", "polish the (bulb[s]|lantern[s])"]
lists:
  lamp: {values: [lamp, "hall light"]}
  anything: {wildcard: true}
  degrees: {range: {from: 1, to: 500}}
"""
    )
    catalogue = load_catalogue(extra=[file])
    prefilter = Prefilter(catalogue.commands)
    for text, intent in (
        ("write down eggs and milk", "note"),
        ("um write down eggs please", "note"),
        ("heat to 201", "heat"),
        ("heat to seventy seven", "heat"),
        ("order 100 large pizzas", "pizza"),
        ("say please twice", "polite"),
        ("polish the lamps", "lamp"),
        ("polish hall lights", "lamp"),
        ("polish the lanterns", "lamp"),
        ("play some jazz please", "music"),
    ):
        assert [reading.intent for reading in prefilter.readings(text, NOW)] == [intent]
        assert_same(catalogue, prefilter, text)
