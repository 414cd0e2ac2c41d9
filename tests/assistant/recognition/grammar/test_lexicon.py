"""Pronunciations: the dictionary's where it has them, sensible ones where it has none."""

from __future__ import annotations

from importlib.resources import as_file, files
from typing import TYPE_CHECKING

import pytest

from assistant.recognition.grammar.acoustic_model import bundled_model
from assistant.recognition.grammar.letters import sounds
from assistant.recognition.grammar.lexicon import FURTHER, pronunciations, read_dictionary
from assistant.recognition.grammar.train_letters import align, pronounce, train

if TYPE_CHECKING:
    from assistant.recognition.grammar.acoustic_model import AcousticModel


def spoken(*words: str) -> dict[str, list[tuple[str, ...]]]:
    return pronunciations(words, bundled_model().dictionary)


def test_a_known_word_has_every_variant_of_the_dictionary() -> None:
    assert spoken("the")["the"] == [("DH", "AH"), ("DH", "IY")]
    assert spoken("queen") == read_dictionary(bundled_model().dictionary, ["queen"])


def test_what_is_said_otherwise_elsewhere_comes_behind_what_the_dictionary_has() -> None:
    words = spoken("mocha", "tomato", "margherita", "margherita's")
    assert words["mocha"] == [("M", "OW", "K", "AH"), ("M", "AA", "K", "AH"), ("M", "AO", "K", "AH")]
    assert words["tomato"] == read_dictionary(bundled_model().dictionary, ["tomato"])["tomato"]
    # Of a word that the dictionary lacks it is no guess.
    assert words["margherita's"] == [(*way, "Z") for way in words["margherita"]]


def test_further_pronunciations_are_new_and_of_the_models_phones(model: AcousticModel) -> None:
    with as_file(files("assistant.recognition.grammar").joinpath(FURTHER)) as further:
        lines = further.read_text(encoding="utf-8").splitlines()
    assert len(set(lines)) == len(lines)
    for line in lines:
        word, *phones = line.split()
        assert set(phones) <= set(model.definition.phones), line
        assert tuple(phones) not in read_dictionary(bundled_model().dictionary, [word]).get(word, []), line


def test_numbers_and_possessives_follow_from_known_words() -> None:
    words = spoken("7", "seven", "zoo's", "zoo")
    assert words["7"] == [words["seven"][0]]
    assert words["zoo's"] == [(*way, "Z") for way in words["zoo"]]


@pytest.mark.parametrize(
    ("word", "phones"),
    [
        ("lizzo", "L IH Z OW"),
        ("kendrick", "K EH N D R IH K"),
        ("daft", "D AE F T"),
        ("xqz", "EH K S K Y UW Z IY"),
    ],
)
def test_letters_say_what_a_reader_would(word: str, phones: str) -> None:
    assert sounds(word) == tuple(phones.split())


def test_every_guess_is_made_of_the_models_phones(model: AcousticModel) -> None:
    for word in ("gorillaz", "qalzone", "brrr", "'", "zzyzx", "łódź"):
        assert set(sounds(word)) <= set(model.definition.phones)


def test_a_word_without_english_letters_is_left_out() -> None:
    assert spoken("음악", "music").keys() == {"music"}


def test_training_shares_phones_among_letters_and_learns_them() -> None:
    pairs = [
        (f"{first}{vowel}{last}", (first.upper(), phone, last.upper()))
        for first in "bdgmn"
        for vowel, phone in (("a", "AE"), ("e", "EH"))
        for last in "bdgmn"
    ]
    assert align(pairs)[0] == [("B",), ("AE",), ("B",)]
    table = train(pairs)
    assert all(pronounce(word, table) == phones for word, phones in pairs)
