"""Simulated recognition errors: words lost, put in, or taken for others that sound like them."""

from __future__ import annotations

import random
from functools import lru_cache
from typing import TYPE_CHECKING

from rapidfuzz import process
from rapidfuzz.distance import Levenshtein

from intents.normalise import normalise
from intents.sound import sound

if TYPE_CHECKING:
    from collections.abc import Iterable

# Of a hundred errors of a recogniser most are substitutions; the rest are mostly short words lost.
_SUBSTITUTED, _LOST = 0.65, 0.85
_ALIKE = 5


class Noise:
    """Mishears texts, each word with the same probability; the same for the same seed and order of calls."""

    def __init__(self, vocabulary: Iterable[str], *, rate: float, seed: int) -> None:
        """`rate` is the share of words that go wrong, in [0, 1]; they become words of the `vocabulary`."""
        self._rng = random.Random(seed)  # noqa: S311 - simulated errors, not secrets
        self._rate = rate
        self._words = sorted(set(vocabulary))
        self._sounds = [sound(word) for word in self._words]
        self._alike = lru_cache(maxsize=None)(self._look_up)

    def mishear(self, text: str) -> str:
        """The normalised `text` with errors in it; never empty for a text with words."""
        words = normalise(text).split()
        heard: list[str] = []
        for word in words:
            kind = self._rng.random()
            if self._rng.random() >= self._rate:
                heard.append(word)
            elif kind < _SUBSTITUTED:
                heard.append(self._rng.choice(self._alike(word)))
            elif kind >= _LOST:
                heard += [word, self._rng.choice(self._words)]
        return " ".join(heard or words)

    def _look_up(self, word: str) -> list[str]:
        """The words that sound most like `word`, but itself; itself if there is no other."""
        found = process.extract(
            sound(word), self._sounds, scorer=Levenshtein.normalized_similarity, limit=_ALIKE + 1
        )
        return [self._words[i] for _, _, i in found if self._words[i] != word][:_ALIKE] or [word]
