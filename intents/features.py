"""What the model looks at in a text: words, their pieces, their neighbours, and the classes they belong to.

All are plain text, so a feature can be shown to a person as it is. The same functions serve training and use.
"""

from __future__ import annotations

import re
from collections import defaultdict
from itertools import combinations, pairwise, zip_longest
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

_PIECES = (3, 4, 5)
# Names that people call an assistant by: addressing it says nothing about what is wanted.
_NAMES = frozenset(
    ["google", "siri", "alexa", "olly", "cortana", "jarvis", "computer", "assistant", "echo", "pennyworth"]
)
_NAME = f"(?:{'|'.join(sorted(_NAMES))})"
_ADDRESS = re.compile(rf"^(?:(?:hey|hi|okay|hello|yo) )?{_NAME}\b ?| {_NAME}$")


def without_address(text: str) -> str:
    """A normalised text without the name of the assistant at either end, unless nothing else was said."""
    if _NAMES.isdisjoint(text.split()):
        return text
    return _ADDRESS.sub("", text).strip() or text


def word_features(word: str) -> list[str]:
    """The word and its pieces of 3 to 5 letters, its ends marked: a misspelt word shares most of them."""
    marked = f"<{word}>"
    return [word, *(f"#{marked[i : i + n]}" for n in _PIECES for i in range(len(marked) - n + 1))]


def context_features(words: Sequence[str], classes: Classes) -> list[str]:
    """Each word with the next and with the two after; every class with its neighbours; any two classes."""
    edged = ["^", *words, "$"]
    features = [f"{left}_{right}" for left, right in pairwise(edged)]
    features += [f"{left}~{right}" for left, right in zip(edged, edged[2:], strict=False)]
    features += [f"{left}~~{right}" for left, right in zip(edged, edged[3:], strict=False)]
    found = classes.find(words)
    for start, stop, name in found:
        features += [f"%{name}", f"{edged[start]}_%{name}", f"%{name}_{edged[stop + 1]}"]
    names = sorted({name for _, _, name in found})
    features += [f"%{one}&%{other}" for one, other in combinations(names, 2)]
    return features


class Classes:
    """Words and phrases by their kind: cities, dishes, vehicles."""

    def __init__(self, phrases_by_class: Mapping[str, Iterable[str]]) -> None:
        """`phrases_by_class` are normalised."""
        self.phrases_by_class = {name: tuple(phrases) for name, phrases in phrases_by_class.items()}
        self._by_phrase: dict[str, list[str]] = defaultdict(list)
        for name, phrases in self.phrases_by_class.items():
            for phrase in phrases:
                self._by_phrase[phrase].append(name)
        # First two words of longer phrases to how many words they have.
        self._longer: dict[str, dict[str, list[int]]] = defaultdict(dict)
        for phrase in self._by_phrase:
            first, *rest = phrase.split()
            if rest:
                lengths = self._longer[first].setdefault(rest[0], [])
                if 1 + len(rest) not in lengths:
                    lengths.append(1 + len(rest))
                    lengths.sort()

    def find(self, words: Sequence[str]) -> list[tuple[int, int, str]]:
        """(index of the first word, index after the last, class) of every phrase in `words`."""
        found = []
        by_phrase, longer = self._by_phrase, self._longer
        for start, (word, following) in enumerate(zip_longest(words, words[1:], fillvalue="")):
            if word in by_phrase:
                found += [(start, start + 1, name) for name in by_phrase[word]]
            if word in longer:
                for length in longer[word].get(following, ()):
                    stop = start + length
                    phrase = " ".join(words[start:stop])
                    if stop <= len(words) and phrase in by_phrase:
                        found += [(start, stop, name) for name in by_phrase[phrase]]
        return found
