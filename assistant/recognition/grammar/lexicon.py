"""How words are pronounced: PocketSphinx's dictionary, which is American, and what is said otherwise elsewhere.

Words that neither holds are spelt: from letters to sounds.
"""

from __future__ import annotations

import re
from importlib.resources import as_file, files
from typing import TYPE_CHECKING, Final

from assistant.recognition.grammar.letters import sounds
from intents.normalise import normalise

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

FURTHER: Final = "further.dict"
"""How else speakers of other Englishes say words of the kitchen and the household, by more than a vowel's colour, as in
Britain or by the spelling; written by hand, in the dictionary's form."""

_HISSING: Final = frozenset({"S", "Z", "SH", "ZH", "CH", "JH"})
_VOICELESS: Final = frozenset({"P", "T", "K", "F", "TH"})
_VARIANT: Final = re.compile(r"\(\d+\)$")


def read_dictionary(path: Path, words: Iterable[str]) -> dict[str, list[tuple[str, ...]]]:
    """Of those `words` that the dictionary holds, their pronunciations as names of phones."""
    wanted = set(words)
    found: dict[str, list[tuple[str, ...]]] = {}
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            head, *phones = line.split()
            word = _VARIANT.sub("", head)
            if word in wanted:
                found.setdefault(word, []).append(tuple(phones))
    return found


def pronunciations(words: Iterable[str], dictionary: Path) -> dict[str, list[tuple[str, ...]]]:
    """How each of `words` is pronounced, as names of phones: every variant that the dictionaries have, else a guess.

    A guess is made of the words that a number stands for, of a possessive's stem, or from the letters. Words that hold
    no letter of English are left out.
    """
    wanted = set(words)
    parts = {word: normalise(word).split() for word in wanted}
    stems = {word: word.removesuffix("'s") for word in wanted if word.endswith("'s")}
    looked_up = {*wanted, *stems.values(), *(part for each in parts.values() for part in each)}
    held = read_dictionary(dictionary, looked_up)
    with as_file(files("assistant.recognition.grammar").joinpath(FURTHER)) as further:
        for word, variants in read_dictionary(further, looked_up).items():
            first = held.setdefault(word, [])
            first.extend(variant for variant in variants if variant not in first)
    found: dict[str, list[tuple[str, ...]]] = {}
    for word in wanted:
        if word in held:
            found[word] = held[word]
        elif stems.get(word) in held:
            found[word] = [with_ending(stem) for stem in held[stems[word]]]
        else:
            guess = tuple(
                phone for part in parts[word] for phone in (held[part][0] if part in held else sounds(part))
            )
            if guess:
                found[word] = [guess]
    return found


def with_ending(stem: tuple[str, ...]) -> tuple[str, ...]:
    """The phones of a word with its possessive or plural s."""
    if stem[-1] in _HISSING:
        return (*stem, "IH", "Z")
    return (*stem, "S" if stem[-1] in _VOICELESS else "Z")
