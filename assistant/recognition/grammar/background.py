"""Everyday English beside the grammar: what speech is, if it is nothing of ours.

A loop of the most frequent words, any after any, searched in the same scores. Noise, a strange voice and a bad
microphone cost the path through the grammar as much as the path through the loop; what the loop alone fits is speech
that the grammar was forced upon. Only the sounds of the words count, so that the file holds nothing else.

`train_background.py` makes the file, from the language model and the dictionary in PocketSphinx's wheel.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Final

import numpy as np

from assistant.recognition.grammar.acoustic_model import bundled_model, load_acoustic_model
from assistant.recognition.grammar.network import compile_network
from assistant.recognition.grammar.search import Search, Workspace, scores_along
from intents.word_graph import WordGraph

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from assistant.recognition.grammar.network import Network

SOUNDS: Final = "background.json"
"""Log probability of each word, by its phones with spaces between."""

PAUSE_PENALTY: Final = -10.0
"""A pause costs as much as a word: here it is to be heard wherever there is one."""

BEAM: Final = 60.0
MOST_ACTIVE: Final = 600
"""Narrower than the grammar's: nobody reads these words, and their score hardly suffers."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Everyday:
    """The best path through the loop."""

    along: NDArray[np.float32]
    """Scores of the senones along it, shape (frames,)."""
    score: float
    """Natural logarithm: these, transitions, and the probabilities of its words."""
    words: int
    """How many words it has."""

    @property
    def cost(self) -> float:
        """What of the score is not the sound's: transitions, words and pauses; below 0."""
        return self.score - float(self.along.sum(dtype=np.float64))


class Background:
    """The loop of words in the columns of a grammar's network."""

    def __init__(self, network: Network, loop: Network) -> None:
        """Put `loop` beside `network`; `senones` are its columns, and those that it lacks."""
        self.senones: NDArray[np.int32] = np.concatenate(
            [network.senones, np.setdiff1d(loop.senones, network.senones)]
        )
        column = np.zeros(int(self.senones.max()) + 1, dtype=np.int16)
        column[self.senones] = np.arange(len(self.senones))
        self._network = replace(loop, states=column[loop.senones[loop.states]])
        self._search = Search(Workspace(self._network), beam=BEAM, most_active=MOST_ACTIVE)

    def best(self, scores: NDArray[np.float32]) -> Everyday:
        """The best path for scores of the senones, shape (frames, senones)."""
        self._search.reset()
        self._search.advance(scores)
        path = self._search.best(final=False)
        # What it was searched by is some MB.
        self._search.reset()
        if path is None:
            return Everyday(along=np.empty(0, dtype=np.float32), score=0.0, words=0)
        return Everyday(
            along=scores_along(path, scores, self._network), score=path.score, words=len(path.words)
        )


@cache
def background_network() -> Network:
    """The loop, compiled once a process."""
    model = load_acoustic_model(bundled_model().folder)
    sounds: dict[str, float] = json.loads(
        files("assistant.recognition.grammar").joinpath(SOUNDS).read_text(encoding="utf-8")
    )
    index = {name: i for i, name in enumerate(model.definition.phones)}
    loop = [0] * len(sounds)
    graph = WordGraph(
        nodes=1,
        start_node=0,
        finals={0: 0.0},
        start=loop,
        end=loop,
        words=tuple(sounds),
        weight=tuple(sounds.values()),
        skips=(),
        light=frozenset(),
    )
    phones = {sound: [tuple(index[phone] for phone in sound.split())] for sound in sounds}
    return compile_network(graph, model, phones, pause_penalty=PAUSE_PENALTY)
