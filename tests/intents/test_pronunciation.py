"""What sounds like a value of a list is that value, if there is no doubt which."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from pocketsphinx import get_model_path

from intents.prefilter import Prefilter
from intents.pronunciation import SHORTEST, SoundsLike, sound_key
from intents.results import Expected, IntentMatch, NoMatch
from intents.values import ListValues

if TYPE_CHECKING:
    from intents.catalogue import Catalogue
    from intents.match import Matcher


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("beatles", "beetles"),
        ("pepperoni", "peperony"),
        ("phil collins", "fill collins"),
        ("ed sheeran", "ed shear in"),
        ("night", "knight"),
    ],
)
def test_what_sounds_the_same_has_one_key(one: str, other: str) -> None:
    assert sound_key(one) == sound_key(other) != ""


@pytest.mark.parametrize("text", ["", "a", "too", "東京", "eieio", "abc1"])
def test_what_is_too_short_or_not_of_this_language_has_none(text: str) -> None:
    assert sound_key(text) == ""


def test_nobody_is_chosen_where_two_are_as_near() -> None:
    sounds = SoundsLike(["beetle", "beatle", "bottle"])
    assert sounds.nearest("beitle") == ["beatle", "beetle"]
    assert sounds.nearest("beatle") == ["beatle"]
    # The same consonants, and no likeness.
    assert SoundsLike(["aerobatical"]).nearest("rbtkl") == []


@pytest.mark.parametrize(
    ("text", "intent", "slots"),
    [
        ("order a large peperony pizza", "pizza", {"size": "large", "topping": "pepperoni"}),
        ("order a large peperony piza", "pizza", {"size": "large", "topping": "pepperoni"}),
        ("play the beetles", "music", {"action": "play", "artist": "the beatles"}),
        ("please play me something by fill collins now", "music", {"artist": "phil collins"}),
        ("what will the whether be like in manchesster", "weather", {"place": "manchester"}),
    ],
)
def test_a_command_is_understood_by_how_it_sounds(
    matcher: Matcher, text: str, intent: str, slots: dict[str, str]
) -> None:
    match = matcher.match(text)
    assert isinstance(match, IntentMatch), match
    assert match.intent == intent
    assert {name: match.slots.get(name) for name in slots} == slots
    assert match.step in {"fuzzy", "model"}


@pytest.mark.parametrize(
    "text",
    ["after this play me rebel yell", "play me a recent cover of cherry bomb", "any tornado warnings today"],
)
def test_a_word_of_another_subject_is_no_value(matcher: Matcher, text: str) -> None:
    match = matcher.match(text)
    assert isinstance(match, IntentMatch)
    # A title that stands where one is said is taken as it was said, never as one of a list that sounds like it.
    for name in {"artist", "song", "place"} & match.slots.keys():
        assert str(match.slots[name]) in text


@pytest.mark.parametrize(
    ("slot", "text", "value"),
    [
        ("topping", "peperony", "pepperoni"),
        ("size", "a meedium one", "medium"),
        ("topping", "anchovie", "anchovy"),
    ],
)
def test_an_answer_is_understood_by_how_it_sounds(matcher: Matcher, slot: str, text: str, value: str) -> None:
    match = matcher.match(text, expected=Expected(intent="pizza", slot=slot))
    assert isinstance(match, IntentMatch), match
    assert (match.step, match.slots[slot]) == ("fuzzy", value)
    assert 0.7 <= match.score < 1
    assert isinstance(matcher.match(text, expected=Expected(intent="ride", slot="destination")), NoMatch)


def test_most_that_a_dictionary_says_to_sound_the_same_is_found_and_seldom_another(
    catalogue: Catalogue,
) -> None:
    """Words to which PocketSphinx's dictionary, of which the rules know nothing, gives the sounds of a word of ours."""
    values = ListValues(catalogue)
    ours = {
        word for texts in values.texts.values() for words in texts for word in words if len(word) >= SHORTEST
    }
    known = Prefilter(catalogue.commands).words | values.words
    by_sound: dict[tuple[str, ...], set[str]] = defaultdict(set)
    for line in Path(get_model_path("en-us/cmudict-en-us.dict")).read_text(encoding="utf-8").splitlines():
        spelt, *phones = line.split()
        by_sound[tuple(phones)].add(spelt.partition("(")[0])
    meant: dict[str, set[str]] = defaultdict(set)
    for words in by_sound.values():
        for heard in words - known:
            if len(heard) >= SHORTEST and words & ours:
                meant[heard] |= words & ours
    sounds = SoundsLike(ours)
    found = {heard: word for heard in meant if (word := sounds.only(heard)) is not None}
    right = sum(word in meant[heard] for heard, word in found.items())
    assert len(meant) > 500
    assert right > 0.9 * len(found)
    # Two in five; which ones changes with every word that is put into a list.
    assert right > 0.38 * len(meant)
    assert sounds.only("beetles") == "beatles"
