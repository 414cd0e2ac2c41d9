"""Likeness: a misheard sentence and the nearest sentence of ours, if that is near in every word that matters.

The whole utterance is compared (normalised Indel similarity), never a part of it and never a set of words: those give
a high score for one shared word. A high score alone decides nothing: leaving fillers aside, utterance and sentence
must have the same words in the same order, each equal or one slip of the ear apart. So a missing order word, a "not",
a "who" or any word of another subject rejects. Slot values are looked for in the utterance, never guessed.
"""

from __future__ import annotations

import itertools
import random
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hassil.util import remove_skip_words
from rapidfuzz import fuzz, process
from rapidfuzz.distance import Levenshtein

from intents.descent import SLOT_MARK, Descent
from intents.exact import readings
from intents.results import IntentMatch, NoMatch
from intents.values import ListValues

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from intents.catalogue import Catalogue
    from intents.results import SlotValue
    from intents.settings import MatchSettings

_SKELETONS_PER_INTENT = 2500
# The sample is part of the program's behaviour, so it is the same on every machine.
_SEED = 0
# Ways to fill the slots of one skeleton from one utterance; more come only from a text that is no command.
_MOST_FILLINGS = 16
# Each word of a longer text costs some look-ups, and a command is short.
_MOST_WORDS_TO_CORRECT = 15
# With fewer words that matter, one slip makes any word into any other.
_FEWEST_WORDS = 2


@dataclass(frozen=True, kw_only=True)
class _Candidate:
    intent: str
    """Whose sentence it is."""
    sentence: str
    """The sentence, its slots filled from the utterance."""
    score: float
    """Likeness to the utterance in [0, 1]."""


class FuzzyMatcher:
    """The fuzzy step: a text that no template matches, to the sentence it was probably meant to be."""

    def __init__(self, catalogue: Catalogue, settings: MatchSettings) -> None:
        """Samples sentences with open slots from `catalogue`; dialogue intents are never matched by likeness."""
        self._catalogue = catalogue
        self._settings = settings
        self._skeletons: dict[tuple[str, ...], dict[str, str]] = defaultdict(dict)
        for intent, definition in catalogue.intents.items():
            if definition.kind != "dialogue":
                for lists, text in _skeletons(catalogue, intent):
                    self._skeletons[lists].setdefault(text, intent)
        self._values = ListValues(catalogue)
        words = {word for texts in self._skeletons.values() for text in texts for word in text.split()}
        self._vocabulary = frozenset(words - {"%s"}) | self._values.words
        self._words = sorted(self._vocabulary)

    def match(self, text: str, now: datetime | None = None) -> IntentMatch | NoMatch:
        """The fuzzy match of a normalised `text`; spoken times are worked out relative to `now`."""
        text = remove_skip_words(text, self._catalogue.commands.skip_words, ignore_whitespace=False)
        candidates = self._candidates(text)
        if not candidates:
            return NoMatch(reason="out of scope")
        nearest = candidates[0]
        likely = [candidate for candidate in candidates if self._same_words(text, candidate)]
        if not likely or likely[0].score < self._settings.ask:
            return NoMatch(reason="out of scope", score=nearest.score, runner_up=nearest.intent)
        best = likely[0]
        slots = self._slots(best, now)
        if slots is None:
            return NoMatch(reason="out of scope", score=nearest.score, runner_up=nearest.intent)
        close = best.score - self._settings.margin
        rival = next((candidate for candidate in candidates if candidate.intent != best.intent), None)
        if rival is not None and rival.score > close:
            return NoMatch(reason="ambiguous", score=best.score, runner_up=rival.intent)
        # As near, of the same intent, and yet another order: not for us to choose.
        if any(self._slots(other, now) != slots for other in likely if other.score > close):
            return NoMatch(reason="ambiguous", score=best.score, runner_up=best.intent)
        return IntentMatch(
            intent=best.intent,
            slots=slots,
            score=best.score,
            step="fuzzy",
            sentence=best.sentence,
            certain=best.score >= self._settings.accept,
            runner_up=rival.intent if rival else None,
            runner_up_score=rival.score if rival else 0.0,
        )

    def _candidates(self, text: str) -> list[_Candidate]:
        """Our sentences, slots filled from `text`, the nearest first: the nearest, and all that could matter."""
        sentences = dict(self._filled(text))
        cutoff = 100 * max(0.0, self._settings.ask - self._settings.margin)
        scored = process.extract(text, sentences.keys(), scorer=fuzz.ratio, score_cutoff=cutoff, limit=None)
        if not scored:
            scored = process.extract(text, sentences.keys(), scorer=fuzz.ratio, limit=1)
            return self._ranked(sentences, scored)
        candidates = self._ranked(sentences, scored)
        # Correcting costs many look-ups: only for what is near us and yet not like any sentence of the sample.
        if not any(self._same_words(text, candidate) for candidate in candidates):
            corrected = self._corrected(text)
            likeness = [(sentence, fuzz.ratio(text, sentence), 0) for sentence in corrected]
            candidates += self._ranked(corrected, likeness)
            candidates.sort(key=lambda candidate: -candidate.score)
        return candidates

    @staticmethod
    def _ranked(
        sentences: Mapping[str, str], scored: Sequence[tuple[str, float, object]]
    ) -> list[_Candidate]:
        return [
            _Candidate(intent=sentences[sentence], sentence=sentence, score=score / 100)
            for sentence, score, _ in scored
        ]

    def _corrected(self, text: str) -> dict[str, str]:
        """The utterance, every unknown word replaced by the nearest of ours, one filler more or less; to its intent.

        Only what is a sentence of ours. Complete where the sample of sentences is not.
        """
        words = [near for word in text.split() if (near := self._nearest(word)) is not None]
        if len(words) != len(text.split()) or len(words) > _MOST_WORDS_TO_CORRECT:
            return {}
        fillers = self._catalogue.fillers
        variants = {" ".join(words): None}
        for place, word in enumerate(words):
            if word in fillers:
                variants[" ".join([*words[:place], *words[place + 1 :]])] = None
        for place in range(len(words)):
            for filler in sorted(fillers):
                variants[" ".join([*words[:place], filler, *words[place:]])] = None
        corrected: dict[str, str] = {}
        for variant in variants:
            found = readings(variant, self._catalogue.commands)
            if found and self._catalogue.intents[found[0].intent].kind != "dialogue":
                corrected[variant] = found[0].intent
        return corrected

    def _nearest(self, word: str) -> str | None:
        if word in self._vocabulary or word in self._catalogue.fillers:
            return word
        found = process.extractOne(word, self._words, scorer=Levenshtein.distance, score_cutoff=2)
        return found[0] if found else None

    def _filled(self, text: str) -> Iterator[tuple[str, str]]:
        words = text.split()
        found = self._values.find(words, self._vocabulary)
        for lists, skeletons in self._skeletons.items():
            if not lists:
                yield from skeletons.items()
                continue
            fillings = itertools.product(*(found.get(name, ()) for name in lists))
            in_order = (
                filling
                for filling in fillings
                if all(left.stop <= right.start for left, right in itertools.pairwise(filling))
            )
            for filling in itertools.islice(in_order, _MOST_FILLINGS):
                texts = tuple(span.text for span in filling)
                for skeleton, intent in skeletons.items():
                    yield skeleton % texts, intent

    def _same_words(self, text: str, candidate: _Candidate) -> bool:
        said, ours = self._content(text), self._content(candidate.sentence)
        if len(said) != len(ours) or len(ours) < _FEWEST_WORDS:
            return False
        # Money follows a commerce intent, and among short words one letter makes "take" of "bake".
        shortest = 5 if self._catalogue.intents[candidate.intent].kind == "commerce" else 4
        return all(
            near(heard, word, self._vocabulary, shortest) for heard, word in zip(said, ours, strict=True)
        )

    def _content(self, text: str) -> list[str]:
        return [word for word in text.split() if word not in self._catalogue.fillers]

    def _slots(self, candidate: _Candidate, now: datetime | None) -> Mapping[str, SlotValue] | None:
        for reading in readings(candidate.sentence, self._catalogue.commands, now):
            if reading.intent == candidate.intent:
                return reading.slots
        return None


def near(heard: str, word: str, vocabulary: frozenset[str], shortest: int) -> bool:
    """Whether `heard` may be `word` misheard: equal, or a slip apart and no word of ours itself.

    One edit in words of `shortest` letters or more, two from seven letters on.
    """
    if heard == word:
        return True
    length = min(len(heard), len(word))
    # "rome" is never a misheard "home" while we know both.
    if length < shortest or heard in vocabulary:
        return False
    slips = 2 if length >= 7 else 1
    return Levenshtein.distance(heard, word, score_cutoff=slips) <= slips


def _skeletons(catalogue: Catalogue, intent: str) -> Iterator[tuple[tuple[str, ...], str]]:
    """Lists of the open slots, and a sentence with a %s for each."""
    rng = random.Random(_SEED)  # noqa: S311 - a sample, not a secret
    descent = Descent(catalogue.commands, intent, rng=rng, spoken=False, open_slots=True)
    drawn = (descent.draw() for _ in range(_SKELETONS_PER_INTENT))
    for phrase in itertools.chain(descent.cover(), drawn):
        if phrase is not None:
            yield phrase.lists, " ".join(phrase.text.replace(SLOT_MARK, "%s").split())
