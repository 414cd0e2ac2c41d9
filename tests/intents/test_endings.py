"""What tells an end from a pause."""

from __future__ import annotations

import pytest

from intents.catalogue import load_catalogue
from intents.endings import Endings
from intents.word_graph import graph_of_phrases, word_graph


@pytest.fixture(scope="module")
def endings() -> Endings:
    return Endings(word_graph(load_catalogue()))


@pytest.mark.parametrize(
    "text",
    ["stop the music", "play some jazz", "next song", "yes please", "what's the capital of france"],
)
def test_nothing_can_be_added_to_some_commands(endings: Endings, text: str) -> None:
    assert not endings.may_add(text)


@pytest.mark.parametrize(
    "text",
    [
        "what time is it",  # in tokyo
        "order a pizza",  # with mushrooms
        "set a timer for ten minutes",  # and thirty seconds
        "what's the weather like in san",  # francisco: a longer value
        "yes",  # but make it large
        "order a",
        "has anybody seen my glasses",  # no sentence of ours, so nothing is known
        "",
    ],
)
def test_something_can_be_added_to_others(endings: Endings, text: str) -> None:
    assert endings.may_add(text)


def test_a_graph_without_lists() -> None:
    endings = Endings(graph_of_phrases(["play", "play music", "stop"]))
    assert not endings.may_add("play")
    assert endings.may_add("rewind")
