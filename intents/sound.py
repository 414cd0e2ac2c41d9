"""A rough key of how an English word sounds: words with the same key are easily taken for one another."""

from __future__ import annotations

import re
from functools import lru_cache

# In this order: spellings of one sound, letters that are not heard, then vowels, which are heard least surely.
_RULES = [
    (re.compile(pattern), sound)
    for pattern, sound in [
        (r"^(?:kn|gn|pn)", "n"),
        (r"^wr", "r"),
        (r"^x", "s"),
        (r"mb$", "m"),
        (r"tion|sion|cian", "shn"),
        (r"ph|gh(?=$|t)", "f"),
        (r"ft(?<=[aeiou]ft)", "t"),
        (r"tch|ch", "x"),
        (r"sh", "x"),
        (r"dge|j", "g"),
        (r"ck|q|c(?=[^eiy]|$)", "k"),
        (r"c", "s"),
        (r"z", "s"),
        (r"th", "t"),
        (r"v", "f"),
        (r"d", "t"),
        (r"b", "p"),
        (r"(?<=[aeiou])w|(?<=[aeiou])h|h(?=[^aeiou]|$)", ""),
        (r"(?<=\w)e$", ""),
        (r"[aeiouy]+", "a"),
        (r"(.)\1+", r"\1"),
    ]
]


@lru_cache(maxsize=16384)
def sound(word: str) -> str:
    """The key of a normalised word; never empty for a word."""
    key = word
    for pattern, heard in _RULES:
        key = pattern.sub(heard, key)
    return key or word
