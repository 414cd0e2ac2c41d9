"""Models and recognisers, opened once for all tests of a worker."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from assistant.recognition.grammar.compiled import compile_grammar
from assistant.recognition.grammar.recogniser import GrammarRecogniser
from assistant.recognition.vosk_engine import VoskRecogniser
from intents.word_graph import graph_of_phrases
from tests.assistant.recognition.hearing import household, read
from tests.tone_model import speak, write_tone_model

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from assistant.recognition.protocol import Recogniser
    from tests.tone_model import ToneLexicon

WORDS = [
    *(
        "play",
        "some",
        "jazz",
        "music",
        "what's",
        "the",
        "weather",
        "like",
        "in",
        "boston",
        "order",
        "a",
        "large",
    ),
    *("pepperoni", "pizza", "call", "me", "taxi", "to", "airport", "yes", "no"),
]
PHRASES = (
    "play some jazz music",
    "what's the weather like in boston",
    "order a large pepperoni pizza",
    "yes",
    "no",
)
SPOKEN = (
    "play some jazz",
    "play some blues",
    "play some pop music",
    "play queen",
    "turn it up",
    "turn it down",
    "yes",
    "yes please",
    "no",
    "no thanks",
    "cancel that",
    "stop the music",
    "resume the music",
    "next song",
    "previous song",
    "what's the weather like today",
    "what's the weather like this weekend",
    "what's the weather in paris tomorrow",
    "do i need an umbrella today",
    "order a small hawaiian pizza",
    "order two medium mushroom pizzas",
    "get me a ride",
    "to the train station",
)
"""Sentences that the household's recordings have, among others."""


@dataclass(frozen=True, kw_only=True)
class ToneModel:
    """A model and its language."""

    folder: Path
    """The model's folder."""
    lexicon: ToneLexicon
    """How its words sound."""

    def say(self, text: str, *, lead_s: float = 0.3, tail_s: float = 0.3) -> NDArray[np.int16]:
        """The sound of `text` between silences."""
        return speak(text, self.lexicon, lead_s=lead_s, tail_s=tail_s)


@pytest.fixture(scope="session")
def tone(tmp_path_factory: pytest.TempPathFactory) -> ToneModel:
    """A model that takes a grammar at run time."""
    folder = tmp_path_factory.mktemp("tone") / "vosk-model-small-en-us-tones"
    return ToneModel(folder=folder, lexicon=write_tone_model(folder, WORDS))


@pytest.fixture(scope="session")
def static_tone(tmp_path_factory: pytest.TempPathFactory) -> ToneModel:
    """A model with its graph compiled in."""
    folder = tmp_path_factory.mktemp("static") / "vosk-model-en-us-tones"
    return ToneModel(folder=folder, lexicon=write_tone_model(folder, WORDS, static=True))


@pytest.fixture(scope="session")
def vosk(tone: ToneModel) -> VoskRecogniser:
    """Vosk listening for `PHRASES`."""
    return VoskRecogniser(tone.folder, PHRASES)


@pytest.fixture(scope="session")
def grammar() -> GrammarRecogniser:
    """PocketSphinx's model under the grammar of `SPOKEN`."""
    return GrammarRecogniser(compile_grammar(graph_of_phrases(SPOKEN)))


@dataclass(frozen=True, kw_only=True)
class Listener:
    """An engine with speech that it understands."""

    recogniser: Recogniser
    """The engine."""
    speech: tuple[tuple[str, NDArray[np.int16]], ...]
    """Two utterances: what is said, and how it sounds."""


@pytest.fixture(params=["vosk", "pocketsphinx"])
def listener(request: pytest.FixtureRequest) -> Listener:
    """Each engine in turn."""
    if request.param == "vosk":
        tones: ToneModel = request.getfixturevalue("tone")
        speech = tuple((text, tones.say(text)) for text in ("play some jazz music", "yes"))
        return Listener(recogniser=request.getfixturevalue("vosk"), speech=speech)
    recordings = household(("play some jazz", "turn it down"))[:2]
    if len(recordings) < 2:
        pytest.skip("the household's recordings are not here")
    speech = tuple((text, read(path)) for path, text in recordings)
    return Listener(recogniser=request.getfixturevalue("grammar"), speech=speech)
