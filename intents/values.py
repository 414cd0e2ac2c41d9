"""List values as they occur in an utterance, well heard or nearly so."""

from __future__ import annotations

import itertools
import random
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hassil.intents import Intent, IntentData, Intents

from intents.descent import Descent, Unresolved
from intents.near import NearWords
from intents.pronunciation import LANGUAGES, SHORTEST, SoundsLike

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from hassil.expression import Sentence
    from hassil.intents import SlotList

    from intents.catalogue import Catalogue
    from intents.results import SlotValue

# A word that decides a slot may be one letter wrong from this length on.
_SHORTEST = 5
# In the midst of any words, where "cherry" is more often a cherry than Cher.
_LEAST_ALIKE = 81.0
# So many words may be one value misheard.
_MOST_WORDS = 4


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
        # First word of a value to the lists whose value it is by itself, and to longer values by their second word.
        self._alone: dict[str, list[str]] = defaultdict(list)
        self._longer: dict[str, dict[str, list[tuple[str, tuple[str, ...]]]]] = defaultdict(dict)
        self.languages = _languages(catalogue.commands)
        """List name to a language of one sentence, which is a value of the list."""
        self.texts = {name: _texts(name, language) for name, language in self.languages.items()}
        """List name to its values as they are said, each branch of one taken at least once, and what each means."""
        for name, texts in self.texts.items():
            for words in texts:
                if len(words) == 1:
                    self._alone[words[0]].append(name)
                else:
                    self._longer[words[0]].setdefault(words[1], []).append((name, words))
        self.words_of = {
            name: frozenset(itertools.chain.from_iterable(texts)) for name, texts in self.texts.items()
        }
        """List name to the words of its values."""
        self.words = frozenset[str]().union(*self.words_of.values())
        """The words of all values."""
        by_sound = catalogue.language in LANGUAGES
        self._near = NearWords(self.words, shortest=_SHORTEST, by_sound=False)
        self._words_by_sound = SoundsLike(self.words if by_sound else ())
        self._lists_of: dict[str, list[str]] = defaultdict(list)
        for name, texts in self.texts.items():
            for words, meaning in texts.items():
                # Of times there are too many ways to say them.
                if not isinstance(meaning, Unresolved):
                    self._lists_of[" ".join(words)].append(name)
        self._sounds = SoundsLike(self._lists_of if by_sound else (), least=_LEAST_ALIKE)

    def find(self, words: Sequence[str], vocabulary: frozenset[str]) -> dict[str, list[Span]]:
        """List name to its values in `words`, from left to right; words of the `vocabulary` are taken as they are."""
        sighted = Sighted(self, words, vocabulary)
        found: dict[str, list[Span]] = defaultdict(list)
        for start in range(len(words)):
            for name, span in sighted.at(start):
                found[name].append(span)
        return found

    def starting(
        self, words: Sequence[str], start: int, vocabulary: frozenset[str]
    ) -> Iterator[tuple[str, Span]]:
        """List name and value of all that begin at the word `start`, spelt so or nearly so."""
        for first in self._may_be(words[start], vocabulary):
            for name in self._alone.get(first, ()):
                yield name, Span(start=start, stop=start + 1, text=first)
            longer = self._longer.get(first)
            if longer is None or start + 1 == len(words):
                continue
            for second in self._may_be(words[start + 1], vocabulary):
                for name, value in longer.get(second, ()):
                    stop = start + len(value)
                    if stop <= len(words) and all(
                        said in self._may_be(word, vocabulary)
                        for word, said in zip(words[start + 2 : stop], value[2:], strict=True)
                    ):
                        yield name, Span(start=start, stop=stop, text=" ".join(value))

    def by_sound(
        self, words: Sequence[str], start: int, vocabulary: frozenset[str]
    ) -> Iterator[tuple[str, Span]]:
        """Of values of which no more is known than that some words sound like them, and like no other nearly as much,
        those that begin at the word `start`."""
        unknown = False
        for stop in range(start + 1, min(start + _MOST_WORDS, len(words)) + 1):
            unknown = unknown or words[stop - 1] not in vocabulary
            if unknown:
                alike = self._sounds.nearest(" ".join(words[start:stop]))
                if len({self._meanings(text) for text in alike}) == 1:
                    for name in self._lists_of[alike[0]]:
                        yield name, Span(start=start, stop=stop, text=alike[0])

    def repaired(self, text: str, vocabulary: frozenset[str]) -> str:
        """The normalised `text`, words outside of the `vocabulary` replaced by those of values that sound like them."""
        return " ".join(
            word if word in vocabulary else self._words_by_sound.only(word) or word for word in text.split()
        )

    def _meanings(self, text: str) -> frozenset[tuple[str, SlotValue | Unresolved]]:
        """What a value means in each list that has it."""
        return frozenset((name, self.texts[name][tuple(text.split())]) for name in self._lists_of[text])

    def _may_be(self, word: str, vocabulary: frozenset[str]) -> Sequence[str]:
        if word in vocabulary or len(word) < SHORTEST:
            # A possessive has lost its apostrophe: "tomorrows" is what "tomorrow's" became.
            return (word, word[:-1]) if word[-1] == "s" else (word,)
        return self._near(word)


class Sighted:
    """The values in some words, looked for where they are asked for: most searches soon know that they are in vain."""

    def __init__(self, values: ListValues, words: Sequence[str], vocabulary: frozenset[str]) -> None:
        """Of `values` in `words`; those of the `vocabulary` are taken as they are."""
        self._values = values
        self._words = words
        self._vocabulary = vocabulary
        self._found: dict[int, list[tuple[str, Span]]] = {}

    def at(self, start: int) -> list[tuple[str, Span]]:
        """List name and value of all that begin at the word `start`."""
        found = self._found.get(start)
        if found is None:
            found = list(self._values.starting(self._words, start, self._vocabulary))
            by_sound = self._values.by_sound(self._words, start, self._vocabulary)
            found += [each for each in by_sound if each not in found]
            self._found[start] = found
        return found


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
