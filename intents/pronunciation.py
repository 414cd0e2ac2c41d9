"""What sounds alike, by rule: Metaphone keys, through jellyfish.

A key drops vowels, so many words share one; of those that do, only the nearest in spelling counts, and only if no other
is nearly as near. The rules are those of English.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from jellyfish import metaphone
from rapidfuzz import fuzz

if TYPE_CHECKING:
    from collections.abc import Iterable

LANGUAGES: Final = ("en",)
"""Languages whose rules of pronunciation these are."""
SHORTEST: Final = 4
"""Letters that a word, or words run together, must have: of three, one sound makes any other word."""
_FEWEST_SOUNDS: Final = 2
LEAST_ALIKE: Final = 70.0
"""Letters in percent that two spellings of one sound must share."""
# How much nearer in spelling the nearest must be than the next.
_MARGIN: Final = 15.0


class SoundsLike:
    """Looks texts up by how they sound, spaces apart: "cold play" is "coldplay"."""

    def __init__(self, texts: Iterable[str], *, least: float = LEAST_ALIKE) -> None:
        """`texts` are normalised; `least` is how much alike in spelling they must be to what is heard, in percent."""
        self._least = least
        self._by_key: dict[str, list[str]] = {}
        for text in sorted(set(texts)):
            key = sound_key(text)
            if key:
                self._by_key.setdefault(key, []).append(text)

    def nearest(self, text: str) -> list[str]:
        """The texts that sound like the normalised `text` and are spelt most like it; several if nobody can tell."""
        key = sound_key(text)
        alike = self._by_key.get(key, ()) if key else ()
        scored = [(_likeness(text, each), each) for each in alike]
        best = max((score for score, _ in scored), default=0.0)
        if best < self._least:
            return []
        return [each for score, each in scored if score > best - _MARGIN]

    def only(self, text: str) -> str | None:
        """The one text that sounds like `text`; None if there is none, or nobody can tell which."""
        alike = self.nearest(text)
        return alike[0] if len(alike) == 1 else None


def _likeness(one: str, other: str) -> float:
    """Likeness of the letters of two texts, in [0, 100]."""
    return fuzz.ratio(one.replace(" ", ""), other.replace(" ", ""))


def sound_key(text: str) -> str:
    """How a normalised text sounds, its words run together; empty where that cannot be told from so few letters."""
    together = text.replace(" ", "")
    if len(together) < SHORTEST or not (together.isascii() and together.isalpha()):
        return ""
    key = metaphone(together)
    return key if len(key) >= _FEWEST_SOUNDS else ""
