"""Letters to sounds: how an English word that no dictionary holds is likely to be pronounced.

Each letter says none, one or two phones, decided by the letters around it: the widest context that training saw counts.
The table was learnt from PocketSphinx's own dictionary by `train_letters`, which says how good it is.
"""

from __future__ import annotations

import gzip
import json
import re
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Final

from intents.normalise import clean

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

REACH: Final = ((3, 3), (2, 3), (3, 2), (2, 2), (1, 2), (2, 1), (1, 1), (0, 1), (1, 0), (0, 0))
"""Letters before and after that a context holds, widest first."""

EDGE: Final = "_"
"""Stands for what is before and after a word."""

TABLE: Final = "letters.json.gz"

_SPELT: Final = {
    "a": "EY", "b": "B IY", "c": "S IY", "d": "D IY", "e": "IY", "f": "EH F", "g": "JH IY", "h": "EY CH",
    "i": "AY", "j": "JH EY", "k": "K EY", "l": "EH L", "m": "EH M", "n": "EH N", "o": "OW", "p": "P IY",
    "q": "K Y UW", "r": "AA R", "s": "EH S", "t": "T IY", "u": "Y UW", "v": "V IY",
    "w": "D AH B AH L Y UW", "x": "EH K S", "y": "W AY", "z": "Z IY",
}  # fmt: skip
_VOWEL: Final = re.compile("[aeiouy]")


def sounds(word: str) -> tuple[str, ...]:
    """Names of the phones of `word`; letter by letter where it has no vowel, empty where it has no letter.

    What is no letter of English is left out: the phones of other scripts are not known.
    """
    letters = re.sub("[^a-z]", "", clean(word))
    if not letters:
        return ()
    if not _VOWEL.search(letters):
        return tuple(phone for letter in letters for phone in _SPELT[letter].split())
    table = _table()
    found = [phone for context in contexts(letters) for phone in _looked_up(context, table)]
    return tuple(found) if found else tuple(phone for letter in letters for phone in _SPELT[letter].split())


def contexts(letters: str) -> Iterator[list[str]]:
    """For each letter its contexts, widest first."""
    wide = max(before for before, _ in REACH), max(after for _, after in REACH)
    padded = EDGE * wide[0] + letters + EDGE * wide[1]
    for i in range(wide[0], wide[0] + len(letters)):
        yield [
            f"{padded[i - before : i]}.{padded[i]}.{padded[i + 1 : i + 1 + after]}" for before, after in REACH
        ]


def _looked_up(context: list[str], table: Mapping[str, str]) -> list[str]:
    for key in context:
        if key in table:
            return table[key].split()
    return []


@cache
def _table() -> dict[str, str]:
    data = files("assistant.recognition.grammar").joinpath(TABLE).read_bytes()
    loaded: dict[str, str] = json.loads(gzip.decompress(data))
    return loaded
