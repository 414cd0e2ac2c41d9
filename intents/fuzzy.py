"""Likeness: a misheard sentence and the nearest sentence of ours, if that is near in every word that matters.

Leaving fillers aside, utterance and sentence must have the same words in the same order, each equal or one slip of
the ear apart. So a missing order word, a "not", a "who" or any word of another subject rejects. Among the sentences
that pass the whole utterance is compared (normalised Indel similarity), never a part of it and never a set of words:
those give a high score for one shared word. Slot values are looked for in the utterance, never guessed.

Sentences are kept in a tree of their words, so that an utterance is led through it word by word; most leave it at once.
"""

from __future__ import annotations

import itertools
import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from rapidfuzz import fuzz
from rapidfuzz.distance import Levenshtein

from intents.compilation import by_themselves
from intents.descent import SLOT_MARK, Descent
from intents.kept import kept
from intents.near import NearWords, slips
from intents.pronunciation import LANGUAGES
from intents.results import IntentMatch, NoMatch
from intents.values import Sighted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from intents.catalogue import Catalogue
    from intents.prefilter import Prefilter
    from intents.results import SlotValue
    from intents.settings import MatchSettings
    from intents.values import ListValues

_SKELETONS_PER_INTENT = 1000
# The sample is part of the program's behaviour, so it is the same on every machine.
_SEED = 0
# Steps through the tree for one utterance; only a text that is no command takes so many.
_MOST_STEPS = 2000
# A sentence of ours is no longer, and each word costs look-ups.
_MOST_WORDS = 20
# Of more words that nobody of us says, too many would have to be misheard.
_MOST_UNKNOWN = 3
# With fewer words that matter, one slip makes any word into any other.
_FEWEST_WORDS = 2
_SHORTEST = 4

_Skeleton: TypeAlias = tuple[tuple[str, ...], str]
"""Lists of the open slots, and a sentence with a %s for each."""


@dataclass(frozen=True, kw_only=True)
class _Candidate:
    intent: str
    """Whose sentence it is."""
    sentence: str
    """The sentence, its slots filled from the utterance."""
    score: float
    """Likeness to the utterance in [0, 1]."""


@dataclass(kw_only=True, slots=True)
class _Node:
    """A place in the tree of sentences, each sentence without its fillers."""

    words: dict[str, _Node] = field(default_factory=dict)
    """The next word to where it leads."""
    lists: dict[str, _Node] = field(default_factory=dict)
    """The list whose value may come next to where that leads."""
    sentences: dict[str, str] = field(default_factory=dict)
    """The sentences that end here, a %s for each slot, to their intent."""


class FuzzyMatcher:
    """The fuzzy step: a text that no template matches, to the sentence it was probably meant to be."""

    def __init__(
        self,
        catalogue: Catalogue,
        settings: MatchSettings,
        prefilter: Prefilter,
        values: ListValues,
        *,
        cache_dir: Path | None = None,
    ) -> None:
        """Samples sentences with open slots from `catalogue`; dialogue intents are never matched by likeness.

        The sample is kept in `cache_dir`, if one is given.
        """
        self._catalogue = catalogue
        self._settings = settings
        self._prefilter = prefilter
        self._root = _Node()
        words: set[str] = set()
        pairs: set[tuple[str, str]] = set()
        for intent, skeletons in _sampled(catalogue, cache_dir).items():
            for lists, text in skeletons:
                words.update(text.split())
                pairs.update(itertools.pairwise(["", *text.split(), ""]))
                self._add(lists, text, intent)
        self._values = values
        self._vocabulary = frozenset(words - {"%s"}) | self._values.words
        self._pairs = frozenset(pairs)
        self._near = NearWords(self._vocabulary, shortest=_SHORTEST, by_sound=catalogue.language in LANGUAGES)

    def match(
        self, text: str, now: datetime | None = None, *, thorough: bool = True
    ) -> IntentMatch | NoMatch:
        """The fuzzy match of a normalised `text`; spoken times are worked out relative to `now`.

        Unless `thorough`, a filler less or more is forgiven only among the sampled sentences; many times faster.
        """
        return self.judge(text, now, thorough=thorough)[0]

    def judge(
        self, text: str, now: datetime | None = None, *, thorough: bool = True
    ) -> tuple[IntentMatch | NoMatch, str]:
        """`match`, and why it came out so."""
        text = self._prefilter.plain(text)
        words = text.split()
        unknown = self._unknown(words)
        if barred := self._barred(words, unknown):
            return NoMatch(reason="out of scope"), barred
        candidates = self._candidates(text, words, search=bool(unknown) or thorough, fillers=thorough)
        if not candidates:
            return NoMatch(reason="out of scope"), "no sentence of ours has these words in this order"
        likely = [candidate for candidate in candidates if self._same_words(text, candidate)]
        best = (likely or candidates)[0]
        rejected = NoMatch(reason="out of scope", score=candidates[0].score, runner_up=candidates[0].intent)
        if not likely:
            return rejected, f"not each word of “{best.sentence}” was said or is a slip of the ear away"
        ask = self._settings.ask
        if best.score < ask:
            return rejected, f"“{best.sentence}” is {best.score:.3f} alike, which is below {ask} to ask"
        slots = self._slots(best, now)
        if slots is None:
            why = f"“{best.sentence}” is no sentence of ours once its slots are filled"
            return NoMatch(reason="out of scope", score=best.score, runner_up=best.intent), why
        margin = self._settings.margin
        close = best.score - margin
        rival = next((candidate for candidate in candidates if candidate.intent != best.intent), None)
        if rival is not None and rival.score > close:
            why = f"“{best.sentence}” ({best.intent}) and “{rival.sentence}” ({rival.intent}) are within {margin}"
            return NoMatch(reason="ambiguous", score=best.score, runner_up=rival.intent), why
        # As near, of the same intent, and yet another order: not for us to choose.
        for other in likely:
            if other.score > close and self._slots(other, now) != slots:
                why = (
                    f"“{best.sentence}” and “{other.sentence}” mean different things and are within {margin}"
                )
                return NoMatch(reason="ambiguous", score=best.score, runner_up=best.intent), why
        accept = self._settings.accept
        why = f"“{best.sentence}” is {best.score:.3f} alike; asks from {ask}, accepts from {accept}"
        found = IntentMatch(
            intent=best.intent,
            slots=slots,
            score=best.score,
            step="fuzzy",
            sentence=best.sentence,
            certain=best.score >= accept,
            runner_up=rival.intent if rival else None,
            runner_up_score=rival.score if rival else 0.0,
        )
        return found, why

    def _add(self, lists: Sequence[str], text: str, intent: str) -> None:
        names = iter(lists)
        node = self._root
        for word in text.split():
            if word == "%s":
                node = node.lists.setdefault(next(names), _Node())
            elif word not in self._catalogue.fillers:
                node = node.words.setdefault(word, _Node())
        node.sentences.setdefault(text, intent)

    def _candidates(
        self, text: str, words: Sequence[str], *, search: bool, fillers: bool
    ) -> list[_Candidate]:
        """The sentences with the `words` of `text`, give or take a slip of the ear, the nearest first.

        Those that were not sampled are looked for, if it is worth to `search`, as `_corrected` does.
        """
        sentences = dict(self._walk(words))
        if not sentences and search:
            sentences = self._corrected(words, fillers=fillers)
        return sorted(
            (
                _Candidate(intent=intent, sentence=sentence, score=fuzz.ratio(text, sentence) / 100)
                for sentence, intent in sentences.items()
            ),
            key=lambda candidate: -candidate.score,
        )

    def _unknown(self, words: Sequence[str]) -> list[str]:
        """Those of `words` that no sentence of ours has, each once."""
        fillers = self._catalogue.fillers
        unknown = (word for word in words if word not in self._vocabulary and word not in fillers)
        return list(dict.fromkeys(unknown))

    def _barred(self, words: Sequence[str], unknown: Sequence[str]) -> str:
        """Why `words`, with those `unknown` to us, are not worth a search; empty if they are."""
        if len(words) > _MOST_WORDS:
            return f"more than {_MOST_WORDS} words"
        # In this order: what is told by a look-up in a set comes before what compares with every word of ours.
        if len(unknown) > _MOST_UNKNOWN:
            return f"more than {_MOST_UNKNOWN} words that no sentence of ours has: {', '.join(unknown)}"
        strange = next((word for word in unknown if not self._near_words(word)), None)
        return f"no word of ours is spelt or sounds like “{strange}”" if strange else ""

    def _walk(self, words: Sequence[str]) -> Iterator[tuple[str, str]]:
        """Every sentence in the tree with these words, slots filled from them, and its intent."""
        sighted = Sighted(self._values, words, self._vocabulary)
        steps = 0
        waiting: list[tuple[int, _Node, tuple[str, ...]]] = [(0, self._root, ())]
        while waiting and steps < _MOST_STEPS:
            steps += 1
            at, node, filled = waiting.pop()
            if at == len(words):
                for sentence, intent in node.sentences.items():
                    yield sentence % filled, intent
                continue
            if words[at] in self._catalogue.fillers:
                waiting.append((at + 1, node, filled))
            waiting += [
                (at + 1, node.words[word], filled)
                for word in self._near_words(words[at])
                if word in node.words
            ]
            for name, span in sighted.at(at) if node.lists else ():
                if name in node.lists:
                    waiting.append((span.stop, node.lists[name], (*filled, span.text)))

    def _corrected(self, words: Sequence[str], *, fillers: bool) -> dict[str, str]:
        """The utterance with every unknown word replaced by the nearest of ours, to its intent.

        With `fillers`, also with one of them less or more. Only what is a sentence of ours. Complete where the sample
        of sentences is not.
        """
        light = self._catalogue.fillers
        near = [word if word in light else self._near_words(word)[0] for word in words]
        variants = {" ".join(near): None}
        for place, (before, word) in enumerate(itertools.pairwise(["", *near, ""]) if fillers else ()):
            if word in light:
                variants[" ".join([*near[:place], *near[place + 1 :]])] = None
            # Only where our sentences have it, for each variant costs a reading.
            for filler in sorted(light):
                follows = {(filler, word), (filler, "%s")}
                if (before, filler) in self._pairs and not follows.isdisjoint(self._pairs):
                    variants[" ".join([*near[:place], filler, *near[place:]])] = None
        corrected: dict[str, str] = {}
        for variant in variants:
            found = self._prefilter.readings(variant)
            if found and self._catalogue.intents[found[0].intent].kind != "dialogue":
                corrected[variant] = found[0].intent
        return corrected

    def _near_words(self, word: str) -> tuple[str, ...]:
        """The words of ours that `word` may be, the nearest first: itself, or one slip apart or alike in sound."""
        return (word,) if word in self._vocabulary else self._near(word)

    def _same_words(self, text: str, candidate: _Candidate) -> bool:
        said, ours = self._content(text), self._content(candidate.sentence)
        if len(said) != len(ours) or len(ours) < _FEWEST_WORDS:
            return False
        # Money follows a commerce intent, and among short words one letter makes "take" of "bake".
        shortest = 5 if self._catalogue.intents[candidate.intent].kind == "commerce" else _SHORTEST
        return all(
            near(heard, word, self._vocabulary, shortest)
            or (
                len(word) >= shortest and heard not in self._vocabulary and self._near.by_sound(heard) == word
            )
            for heard, word in zip(said, ours, strict=True)
        )

    def _content(self, text: str) -> list[str]:
        return [word for word in text.split() if word not in self._catalogue.fillers]

    def _slots(self, candidate: _Candidate, now: datetime | None) -> Mapping[str, SlotValue] | None:
        for reading in self._prefilter.readings(candidate.sentence, now):
            if reading.intent == candidate.intent:
                return reading.slots
        return None


def near(heard: str, word: str, vocabulary: frozenset[str], shortest: int) -> bool:
    """Whether `heard` may be `word` misheard: equal, or a slip apart and no word of ours itself.

    One edit in words of `shortest` letters or more, two from seven letters on.
    """
    if heard == word:
        return True
    # "rome" is never a misheard "home" while we know both.
    if min(len(heard), len(word)) < shortest or heard in vocabulary:
        return False
    most = slips(heard, word)
    return Levenshtein.distance(heard, word, score_cutoff=most) <= most


def _sampled(catalogue: Catalogue, cache_dir: Path | None) -> Mapping[str, Sequence[_Skeleton]]:
    """Intent to its skeletons, each once, in the order of the first time it was drawn."""

    def sample() -> dict[str, list[_Skeleton]]:
        return {
            intent: list(dict.fromkeys(_skeletons(catalogue, intent)))
            for intent, definition in catalogue.intents.items()
            if definition.kind != "dialogue"
        }

    key = f"{catalogue.version} {_SKELETONS_PER_INTENT} {_SEED}"
    return kept(cache_dir, "likeness", key, dict[str, list[_Skeleton]], sample)


def _skeletons(catalogue: Catalogue, intent: str) -> Iterator[_Skeleton]:
    rng = random.Random(_SEED)  # noqa: S311 - a sample, not a secret
    commands = by_themselves(catalogue.commands, intent)
    descent = Descent(commands, intent, rng=rng, spoken=False, open_slots=True)
    drawn = (descent.draw() for _ in range(_SKELETONS_PER_INTENT))
    for phrase in itertools.chain(descent.cover(), drawn):
        if phrase is not None:
            yield phrase.lists, " ".join(phrase.text.replace(SLOT_MARK, "%s").split())
