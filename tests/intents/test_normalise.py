"""One written form for all spellings."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intents.normalise import MAX_CHARACTERS, MAX_WORDS, clean, normalise, too_long


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("What's the WEATHER?", "what is the weather"),
        ("what\u2019s the weather", "what is the weather"),
        ("whats the weather", "what is the weather"),
        ("What is the weather", "what is the weather"),
        ("I'd like", "i would like"),
        ("we'll have, please...", "we will have please"),
        ("don't", "do not"),
        ("dont", "do not"),
        ("can't won't cannot", "can not will not can not"),
        ("let's gonna", "let us going to"),
        ("OK", "okay"),
        ("order 2 pizzas", "order two pizzas"),
        ("order 200 pizzas", "order 200 pizzas"),
        ("hip-hop", "hip hop"),
        ("rock & roll", "rock and roll"),
        ("rock'n'roll", "rocknroll"),
        ("the 'quoted' word", "the quoted word"),
        ("bob's pizza", "bobs pizza"),
        ("Beyoncé at the café", "beyonce at the cafe"),
        ("\uff50\uff4c\uff41\uff59\u3000\uff4d\uff55\uff53\uff49\uff43", "play music"),
        ("play\u200b mu\u00adsic\u0007", "play music"),
        ("play\r\n\tmusic", "play music"),
        ("음악 틀어 줘", "음악 틀어 줘"),
        ("ドラマ", "ドラマ"),
        ("snake_case", "snake case"),
        ("", ""),
        ("'", ""),
    ],
)
def test_spellings_fold_to_one(text: str, expected: str) -> None:
    assert normalise(text) == expected


def test_cleaning_keeps_what_is_spoken() -> None:
    assert clean("What\u2019s up, Doc? I'd say: 2!") == "what's up doc i'd say 2"


@given(st.text())
def test_normalising_twice_changes_nothing(text: str) -> None:
    once = normalise(text)
    assert normalise(once) == once
    assert normalise(clean(text)) == once


@given(st.text(alphabet=st.sampled_from("i'dts lmvercnwo\u20192")))
def test_contractions_in_any_wreckage_settle(text: str) -> None:
    once = normalise(text)
    assert normalise(once) == once
    assert "'" not in once


def test_length_is_bounded_in_words_and_characters() -> None:
    assert not too_long("word " * MAX_WORDS)
    assert too_long("word " * (MAX_WORDS + 1))
    assert too_long("x" * (MAX_CHARACTERS + 1))
