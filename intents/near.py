"""Words a slip of the ear apart, or alike in sound."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final

import numpy as np
from rapidfuzz.distance import Levenshtein

from intents.pronunciation import SoundsLike

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

LONG: Final = 7
"""From so many letters on, two of them may be wrong."""
_REMEMBERED_WORDS: Final = 4096


def slips(heard: str, word: str) -> int:
    """How many letters of `heard` may be wrong if it is `word`."""
    return 2 if min(len(heard), len(word)) >= LONG else 1


class NearWords:
    """Looks words up: those that are one letter apart, or two in long words, or that sound the same."""

    def __init__(self, words: Iterable[str], *, shortest: int, by_sound: bool) -> None:
        """Compares letters in words of the `shortest` length or more; `by_sound` also sounds, as in English."""
        words = sorted(words)
        self._shortest = shortest
        self._by_length: dict[int, list[str]] = {}
        for word in words:
            if len(word) >= shortest:
                self._by_length.setdefault(len(word), []).append(word)
        self._near_length: dict[int, tuple[list[str], NDArray[np.uint64]]] = {}
        self._sounds = SoundsLike(words if by_sound else ())
        self._remembered = lru_cache(maxsize=_REMEMBERED_WORDS)(self._look_up)

    def __call__(self, word: str) -> tuple[str, ...]:
        """The words near `word`, the nearest first, then by the alphabet; at the end the one that sounds like it."""
        return self._remembered(word)

    def by_sound(self, word: str) -> str | None:
        """The word that sounds like `word`; None if there is none, or nobody can tell which."""
        return self._sounds.only(word)

    def _look_up(self, word: str) -> tuple[str, ...]:
        near = self._near(word) if len(word) >= self._shortest else []
        alike = self.by_sound(word)
        return tuple(near if alike is None or alike in near else [*near, alike])

    def _near(self, word: str) -> list[str]:
        """The words that are few enough letters apart."""
        most = slips(word, word)
        words, letters = self._of_length_near(word)
        # A wrong letter takes one of them away and brings one in, so most words need not be compared.
        likely = np.flatnonzero(np.bitwise_count(letters ^ np.uint64(_letters(word))) <= 2 * most)
        found = []
        for i in likely.tolist():
            near = words[i]
            distance = Levenshtein.distance(word, near, score_cutoff=most)
            if distance <= slips(word, near):
                found.append((distance, near))
        return [near for _, near in sorted(found)]

    def _of_length_near(self, word: str) -> tuple[list[str], NDArray[np.uint64]]:
        """The words whose length does not already tell that they are too far from `word`, and (n,) their letters."""
        length = len(word)
        if length not in self._near_length:
            lengths = range(length - slips(word, word), length + slips(word, word) + 1)
            words = [near for each in lengths for near in self._by_length.get(each, ())]
            self._near_length[length] = words, np.array([_letters(each) for each in words], np.uint64)
        return self._near_length[length]


def _letters(word: str) -> int:
    """Which letters `word` has, and which more than once, a bit each; letters of some alphabets share bits."""
    once = twice = 0
    for letter in word:
        bit = 1 << (ord(letter) & 31)
        twice |= once & bit
        once |= bit
    return once | twice << 32
