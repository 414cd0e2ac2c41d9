"""What tells an end from a pause."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING

import pytest

from intents.catalogue import load_catalogue
from intents.endings import Endings
from intents.results import Expected, IntentMatch
from intents.sample import sample_sentences

if TYPE_CHECKING:
    from pathlib import Path

    from intents.catalogue import Catalogue
    from intents.match import Matcher

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def endings(catalogue: Catalogue) -> Endings:
    return Endings(catalogue)


def may_change(endings: Endings, matcher: Matcher, text: str, expected: Expected | None = None) -> bool:
    meaning = matcher.match(text, expected=expected, now=NOW)
    assert isinstance(meaning, IntentMatch), text
    return endings.may_change(
        text, meaning, expected=expected, match=lambda text: matcher.match(text, expected=expected, now=NOW)
    )


@pytest.mark.parametrize(
    "text",
    [
        "stop the music",
        "turn it up",  # a little
        "play some jazz",  # music; please
        "please turn off the kitchen lights",
        "what's the capital of france",
        "will it rain tomorrow",  # in paris, which is said before the day
        "wake me up at seven tomorrow morning",
    ],
)
def test_nothing_can_change_some_commands(endings: Endings, matcher: Matcher, text: str) -> None:
    assert not may_change(endings, matcher, text)


@pytest.mark.parametrize(
    "text",
    [
        "stop",  # the alarm
        "play my party playlist",  # on shuffle
        "what time is it",  # in tokyo
        "what's the weather in paris",  # tomorrow
        "what's tomorrow weather",  # in paris: the day was not said last
        "order a pizza",  # with mushrooms
        "order a large pepperoni pizza",  # to go
        "get me a ride to the airport",  # tomorrow at seven
        "set a timer for ten minutes",  # and thirty seconds
        "set a timer for twenty minutes",
        "turn off the lights",  # in the kitchen
        "what's the wether in paris",  # by likeness: no sentence begins so, and nothing is known
    ],
)
def test_something_can_change_others(endings: Endings, matcher: Matcher, text: str) -> None:
    assert may_change(endings, matcher, text)


@pytest.mark.parametrize(
    ("intent", "slot", "text", "goes_on"),
    [
        ("pizza", "size", "large", False),  # a topping was not asked for
        ("pizza", "size", "make it large", False),
        ("pizza", "topping", "pepperoni", True),  # and mushrooms
        ("pizza", "topping", "large", True),  # pepperoni
        ("pizza", "size", "order a large pizza", True),  # a command of its own: with ham
        ("ride", "destination", "to the train station", False),
        ("pizza", None, "yes", True),  # but make it large
        ("pizza", None, "no", True),  # mushrooms
        ("pizza", None, "cancel that", False),
        ("music", None, "yes", True),  # don't
        ("pizza", None, "stop the music", False),
    ],
)
def test_what_was_asked_tells_what_can_follow(
    endings: Endings, matcher: Matcher, intent: str, slot: str | None, text: str, goes_on: bool
) -> None:
    assert may_change(endings, matcher, text, Expected(intent=intent, slot=slot)) == goes_on


@pytest.mark.slow
def test_no_part_of_a_command_is_taken_for_a_whole_one_that_means_something_else(
    catalogue: Catalogue, endings: Endings, matcher: Matcher
) -> None:
    @cache
    def match(text: str) -> tuple[str, object] | None:
        found = matcher.match(text, now=NOW)
        return (found.intent, found.slots) if isinstance(found, IntentMatch) and found.certain else None

    closed = 0
    for intent, definition in catalogue.intents.items():
        if definition.kind == "dialogue":
            continue
        for sentence in sample_sentences(catalogue, intent, limit=60, seed=3):
            words = sentence.text.split()
            for count in range(1, len(words)):
                begun = " ".join(words[:count])
                found = match(begun)
                said_last = found is not None and any(slot in sentence.slots for slot in definition.last)
                if found is None or said_last or catalogue.intents[found[0]].kind == "dialogue":
                    continue
                if not may_change(endings, matcher, begun):
                    closed += 1
                    assert match(sentence.text) == found, f"{begun} … {' '.join(words[count:])}"
    assert closed > 20


def test_what_is_said_last_is_said_by_the_definitions(tmp_path: Path) -> None:
    def goes_on(last: str) -> bool:
        path = tmp_path / "blinds.yaml"
        path.write_text(
            "language: en\n"
            "intents:\n"
            "  blinds:\n"
            "    data:\n"
            "      - sentences: ['close the blinds in the {room} [at {hour}]']\n"
            "lists:\n"
            "  room: {values: [kitchen, bedroom]}\n"
            "  hour: {values: [seven, eight]}\n"
            f"pennyworth: {{last: [{last}]}}\n"
        )
        catalogue = load_catalogue(files=[path])
        meaning = IntentMatch(
            intent="blinds", slots={"room": "kitchen"}, score=1.0, step="exact", sentence=""
        )
        return Endings(catalogue).may_change(
            "close the blinds in the kitchen", meaning, match=lambda _: meaning
        )

    assert goes_on("")
    assert not goes_on("room")
    assert goes_on("hour")
