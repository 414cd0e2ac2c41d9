"""List values as they occur in an utterance, well heard or nearly so."""

from __future__ import annotations

import random
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hassil.intents import Intent, IntentData, Intents
from rapidfuzz import process
from rapidfuzz.distance import Levenshtein

from intents.descent import Descent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from intents.catalogue import Catalogue

# A word that decides a slot may be one letter wrong from this length on.
_SHORTEST = 5
_LONG = 7


@dataclass(frozen=True, kw_only=True)
class Span:
    """A list value in an utterance."""

    start: int
    """Index of its first word."""
    stop: int
    """Index after its last word."""
    text: str
    """The value as the list spells it."""


class ListValues:
    """The values of every list of a catalogue's commands, by their first word."""

    def __init__(self, catalogue: Catalogue) -> None:
        """Reads the lists; wildcards have no values."""
        self._by_first: dict[str, list[tuple[str, tuple[str, ...]]]] = defaultdict(list)
        self.languages = _languages(catalogue.commands)
        """List name to a language of one sentence, which is a value of the list."""
        self.texts = {name: _texts(name, language) for name, language in self.languages.items()}
        """List name to the word sequences of its values, each branch of a value taken at least once."""
        for name, texts in self.texts.items():
            for words in texts:
                self._by_first[words[0]].append((name, words))
        self.words_of = {
            name: frozenset(w for words in texts for w in words) for name, texts in self.texts.items()
        }
        """List name to the words of its values."""
        values = [words for named in self._by_first.values() for _, words in named]
        self.words = frozenset(word for words in values for word in words)
        self._long_words = sorted(word for word in self.words if len(word) >= _SHORTEST)

    def find(self, words: Sequence[str], vocabulary: frozenset[str]) -> dict[str, list[Span]]:
        """List name to its values in `words`, from left to right; words of the `vocabulary` are taken as they are."""
        near = [self._near(word, vocabulary) for word in words]
        found: dict[str, list[Span]] = defaultdict(list)
        for start, first_words in enumerate(near):
            for first in sorted(first_words):
                for name, value in self._by_first.get(first, ()):
                    stop = start + len(value)
                    if stop <= len(words) and all(
                        w in n for w, n in zip(value, near[start:stop], strict=True)
                    ):
                        found[name].append(Span(start=start, stop=stop, text=" ".join(value)))
        return found

    def _near(self, word: str, vocabulary: frozenset[str]) -> frozenset[str]:
        if word in vocabulary or len(word) < _SHORTEST:
            # A possessive has lost its apostrophe: "tomorrows" is what "tomorrow's" became.
            return frozenset([word, word.removesuffix("s")])
        slips = 2 if len(word) >= _LONG else 1
        matches = process.extract(word, self._long_words, scorer=Levenshtein.distance, score_cutoff=slips)
        return frozenset(near for near, distance, _ in matches if distance <= 1 or len(near) >= _LONG)


def _languages(commands: Intents) -> dict[str, Intents]:
    lists = dict(commands.slot_lists)
    for intent in commands.intents.values():
        for data in intent.data:
            lists.update(data.slot_lists)
    return {
        name: Intents(
            language=commands.language,
            intents={name: Intent(name=name, data=[IntentData(sentence_texts=[f"{{{name}}}"])])},
            slot_lists=lists,
            expansion_rules=commands.expansion_rules,
        )
        for name in lists
    }


def _texts(name: str, language: Intents) -> list[tuple[str, ...]]:
    descent = Descent(language, name, rng=random.Random(0), spoken=False)  # noqa: S311 - a sample, not a secret
    return sorted({tuple(phrase.text.split()) for phrase in descent.cover()})
