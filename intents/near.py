"""Words a slip of the ear apart, or alike in sound."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final

from rapidfuzz import process
from rapidfuzz.distance import Levenshtein

from intents.pronunciation import SoundsLike

if TYPE_CHECKING:
    from collections.abc import Iterable

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
        self._near_length: dict[int, list[str]] = {}
        self._sounds = SoundsLike(words if by_sound else ())
        self._remembered = lru_cache(maxsize=_REMEMBERED_WORDS)(self._look_up)

    def __call__(self, word: str) -> tuple[str, ...]:
        """The words near `word`, the nearest first, then by the alphabet; at the end the one that sounds like it."""
        return self._remembered(word)

    def by_sound(self, word: str) -> str | None:
        """The word that sounds like `word`; None if there is none, or nobody can tell which."""
        return self._sounds.only(word)

    def _look_up(self, word: str) -> tuple[str, ...]:
        found: list[tuple[int, str]] = []
        if len(word) >= self._shortest:
            found = [
                (int(distance), near)
                for near, distance, _ in process.extract(
                    word,
                    self._of_length_near(word),
                    scorer=Levenshtein.distance,
                    score_cutoff=slips(word, word),
                    limit=None,
                )
                if distance <= slips(word, near)
            ]
        near = [near for _, near in sorted(found)]
        alike = self.by_sound(word)
        return tuple(near if alike is None or alike in near else [*near, alike])

    def _of_length_near(self, word: str) -> list[str]:
        """The words whose length does not already tell that they are too far from `word`."""
        length = len(word)
        if length not in self._near_length:
            lengths = range(length - slips(word, word), length + slips(word, word) + 1)
            self._near_length[length] = [near for each in lengths for near in self._by_length.get(each, ())]
        return self._near_length[length]
