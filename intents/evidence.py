"""Whether a text that sounds like an order has an ordering verb and a thing ordered in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rapidfuzz import process
from rapidfuzz.distance import Levenshtein

from intents.features import Classes

if TYPE_CHECKING:
    from collections.abc import Container, Mapping, Sequence

    from intents.model import Header

# A shorter word that is one letter wrong is any word at all.
_SHORTEST = 5


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What of an order was found in a text."""

    verb: str | None
    """The ordering verb, as the class spells it."""
    thing: str | None
    """The thing ordered, as the class spells it."""
    denial: str | None
    """A word that may deny it."""
    question: str | None
    """What stands before the verb and makes it a question, as in "where can i get a taxi"."""
    in_order: bool
    """Whether a thing ordered comes after an ordering verb, as in "get me a pizza"."""
    named: bool
    """Whether something is named that can be had by this order, where the intent says what that is called."""

    @property
    def suffices(self) -> bool:
        """Whether it may be accepted without asking."""
        return self.in_order and self.named and self.denial is None and self.question is None


class Verifier:
    """Looks for evidence; well heard or one slip of the ear apart."""

    def __init__(self, header: Header, known: Container[str], *, named: Mapping[str, Sequence[str]]) -> None:
        """Takes the classes from a model's `header`; a word of the `known` is never another misheard.

        `named` says of an order, by its label, what the things are called that can be had by it.
        """
        self._denial = {label: frozenset(words) for label, words in header.denial.items()}
        self._questions = {label: Classes({"": phrases}) for label, phrases in header.questions.items()}
        self._finders = {
            label: tuple(
                _Finder([phrase for name in names for phrase in header.classes[name]], known)
                for names in pair
            )
            for label, pair in header.evidence.items()
        }
        self._names = {label: _Finder(phrases, known) for label, phrases in named.items() if phrases}

    def is_order(self, label: str) -> bool:
        """Whether `label` is an order, which needs evidence."""
        return label in self._finders

    def denial(self, label: str, text: str) -> str | None:
        """A word of the normalised `text` that may deny a command of `label`."""
        words = self._denial.get(label, frozenset())
        return next((word for word in text.split() if word in words), None)

    def find(self, label: str, text: str) -> Evidence:
        """The evidence in the normalised `text` for an order of `label`."""
        words = text.split()
        verbs, things = (finder.find(words) for finder in self._finders[label])
        return Evidence(
            verb=verbs[0][1] if verbs else None,
            thing=things[-1][1] if things else None,
            in_order=bool(verbs and things) and verbs[0][0] < things[-1][0],
            named=label not in self._names or bool(self._names[label].find(words)),
            denial=self.denial(label, text),
            question=self._question(label, words[: verbs[0][0]]) if verbs else None,
        )

    def _question(self, label: str, before: Sequence[str]) -> str | None:
        """The first phrase in the words `before` the verb that makes an order of `label` a question."""
        if label not in self._questions:
            return None
        found = self._questions[label].find(before)
        return " ".join(before[found[0][0] : found[0][1]]) if found else None


class _Finder:
    def __init__(self, phrases: Sequence[str], known: Container[str]) -> None:
        self._known = known
        self._classes = Classes({"": phrases})
        self._words = sorted({phrase for phrase in phrases if " " not in phrase and len(phrase) >= _SHORTEST})

    def find(self, words: Sequence[str]) -> list[tuple[int, str]]:
        """Where phrases begin and how they are spelt; only if there is none, words that are nearly one."""
        found = [(start, " ".join(words[start:stop])) for start, stop, _ in self._classes.find(words)]
        return found or [
            (start, near[0])
            for start, word in enumerate(words)
            if len(word) >= _SHORTEST
            and word not in self._known
            and (near := process.extractOne(word, self._words, scorer=Levenshtein.distance, score_cutoff=1))
        ]
