"""List values as they occur in an utterance, well heard or nearly so."""

from __future__ import annotations

import itertools
import random
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hassil.intents import Intent, IntentData, Intents

from intents.descent import Descent
from intents.near import NearWords

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hassil.expression import Sentence
    from hassil.intents import SlotList

    from intents.catalogue import Catalogue
    from intents.descent import Unresolved
    from intents.results import SlotValue

# A word that decides a slot may be one letter wrong from this length on.
_SHORTEST = 5


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
        """List name to its values as they are said, each branch of one taken at least once, and what each means."""
        for name, texts in self.texts.items():
            for words in texts:
                self._by_first[words[0]].append((name, words))
        self.words_of = {
            name: frozenset(itertools.chain.from_iterable(texts)) for name, texts in self.texts.items()
        }
        """List name to the words of its values."""
        self.words = frozenset[str]().union(*self.words_of.values())
        """The words of all values."""
        self._near = NearWords(word for word in self.words if len(word) >= _SHORTEST)

    def find(self, words: Sequence[str], vocabulary: frozenset[str]) -> dict[str, list[Span]]:
        """List name to its values in `words`, from left to right; words of the `vocabulary` are taken as they are."""
        near = [self._may_be(word, vocabulary) for word in words]
        found: dict[str, list[Span]] = defaultdict(list)
        for start, first_words in enumerate(near):
            for first in first_words:
                for name, value in self._by_first.get(first, ()):
                    stop = start + len(value)
                    if len(value) == 1 or (
                        stop <= len(words)
                        and all(w in n for w, n in zip(value[1:], near[start + 1 : stop], strict=True))
                    ):
                        found[name].append(Span(start=start, stop=stop, text=" ".join(value)))
        return found

    def _may_be(self, word: str, vocabulary: frozenset[str]) -> Sequence[str]:
        if word in vocabulary or len(word) < _SHORTEST:
            # A possessive has lost its apostrophe: "tomorrows" is what "tomorrow's" became.
            return (word, word[:-1]) if word[-1] == "s" else (word,)
        return self._near(word)


def _languages(commands: Intents) -> dict[str, Intents]:
    lists = dict(commands.slot_lists)
    for intent in commands.intents.values():
        for data in intent.data:
            lists.update(data.slot_lists)
    return {
        name: language_of(name, slot_list, commands.expansion_rules, commands.language)
        for name, slot_list in lists.items()
    }


def language_of(name: str, slot_list: SlotList, rules: Mapping[str, Sentence], language: str) -> Intents:
    """A language of one intent whose sentences are the values of the list `name`, as is its slot."""
    return Intents(
        language=language,
        intents={name: Intent(name=name, data=[IntentData(sentence_texts=[f"{{{name}}}"])])},
        slot_lists={name: slot_list},
        expansion_rules=dict(rules),
    )


def _texts(name: str, language: Intents) -> dict[tuple[str, ...], SlotValue | Unresolved]:
    descent = Descent(language, name, rng=random.Random(0), spoken=False)  # noqa: S311 - a sample, not a secret
    found = {tuple(phrase.text.split()): dict(phrase.slots)[name] for phrase in descent.cover()}
    return dict(sorted(found.items()))
