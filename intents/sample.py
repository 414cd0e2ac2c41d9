"""Phrases drawn from the definitions: what the recognisers' language models are built from."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import TYPE_CHECKING

from intents.compilation import by_themselves
from intents.descent import Descent, Unresolved
from intents.normalise import clean
from intents.times import resolve

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from hassil.intents import Intents

    from intents.catalogue import Catalogue
    from intents.descent import Phrase
    from intents.results import SlotValue

# A question's answers are short and few; a quarter of the phrases of an intent is plenty for each.
_ANSWER_SHARE = 4
# So many times the phrases that cover an intent are enough of it.
_TIMES_COVERED = 5
# How often a phrase carries a word of politeness or hesitation.
_SKIP_WORD_RATE = 0.15


def sample_phrases(catalogue: Catalogue, *, limit_per_intent: int, seed: int) -> list[str]:
    """Phrases as spoken (`clean`, contractions kept), commands, answers and decoys, without repetition.

    Every template, every alternative in it and every list value occurs at least once, even if that takes more than
    `limit_per_intent` phrases (at least 1); beyond those, up to the limit or five times as many, it is a weighted
    random sample, the same for the same catalogue and `seed`. Nothing is enumerated, so the time grows with the limit,
    not with the language. Templates that need a wildcard are left out: nobody knows what will be said there. Raises
    `ValueError` for a limit below 1.
    """
    phrases: dict[str, None] = {}
    for drawn in sample_by_intent(catalogue, limit_per_intent=limit_per_intent, seed=seed).values():
        phrases.update(dict.fromkeys(drawn))
    for (intent, slot), answers in catalogue.answers.items():
        limit = max(1, limit_per_intent // _ANSWER_SHARE)
        phrases.update(dict.fromkeys(_draw(answers, intent, limit, f"{seed}/{intent}/{slot}")))
    for definition in catalogue.intents.values():
        phrases.update(dict.fromkeys(map(clean, definition.decoys)))
    return list(phrases)


def sample_by_intent(catalogue: Catalogue, *, limit_per_intent: int, seed: int) -> dict[str, list[str]]:
    """Intent to a sample of its commands, drawn as `sample_phrases` does; answers apart."""
    if limit_per_intent < 1:
        raise ValueError(f"limit_per_intent must be at least 1, got {limit_per_intent}")
    return {
        intent: _draw(catalogue.commands, intent, limit_per_intent, f"{seed}/{intent}")
        for intent in catalogue.intents
    }


@dataclass(frozen=True, kw_only=True)
class SampledSentence:
    """A sentence of the definitions, and what it means."""

    intent: str
    """Whose it is."""
    text: str
    """As spoken."""
    slots: Mapping[str, SlotValue]
    """What the template and its list values say; times as words unless a now was given."""


def sample_sentences(
    catalogue: Catalogue, intent: str, *, limit: int, seed: int, now: datetime | None = None
) -> list[SampledSentence]:
    """Up to `limit` different commands of `intent` as they are said, with the slots that their templates give them.

    What only follows up on another command is none.

    The slots come from the way down the template, not from understanding the sentence. Spoken times are worked out
    relative to `now` (aware). Raises `ValueError` for a limit below 1.
    """
    if limit < 1:
        raise ValueError(f"limit must be at least 1, got {limit}")
    rng = random.Random(f"{seed}/{intent}")  # noqa: S311 - a sample, not a secret
    descent = Descent(by_themselves(catalogue.commands, intent), intent, rng=rng, spoken=True)
    sentences: dict[str, SampledSentence] = {}
    for _ in range(10 * limit):
        phrase = descent.draw()
        if phrase is None or len(sentences) == limit:
            break
        text = clean(phrase.text)
        sentences.setdefault(text, SampledSentence(intent=intent, text=text, slots=_values(phrase, now)))
    return list(sentences.values())


def _values(phrase: Phrase, now: datetime | None) -> dict[str, SlotValue]:
    values: dict[str, SlotValue] = {}
    for slot, said in phrase.slots:
        value = said
        if isinstance(value, Unresolved):
            value = value.text if now is None else resolve(value.what, value.text, now)
        # As understanding does: a slot that is filled more than once holds all its values.
        values[slot] = f"{values[slot]}, {value}" if slot in values else value
    return values


def vocabulary(phrases: Iterable[str]) -> frozenset[str]:
    """Every word of `phrases`."""
    return frozenset(word for phrase in phrases for word in phrase.split())


def _draw(intents: Intents, intent: str, limit: int, seed: str) -> list[str]:
    rng = random.Random(seed)  # noqa: S311 - a sample, not a secret
    descent = Descent(intents, intent, rng=rng, spoken=True)
    phrases: dict[str, None] = {}
    for phrase in descent.cover():
        phrases[clean(phrase.text)] = None
    skip_words = [word for word in map(clean, intents.skip_words) if word]
    covered = list(phrases)
    for number, word in enumerate(skip_words):
        phrases.update(dict.fromkeys(_wrapped(covered, 2 * number, word)))
    # What is said in few ways needs few phrases.
    limit = min(limit, _TIMES_COVERED * len(phrases))
    # A small language runs out of new phrases before the limit.
    for _ in range(3 * limit):
        if len(phrases) >= limit:
            break
        drawn = descent.draw()
        if drawn is None:
            break
        text = clean(drawn.text)
        if skip_words and rng.random() < _SKIP_WORD_RATE:
            word = rng.choice(skip_words)
            text = rng.choice([f"{word} {text}", f"{text} {word}"])
        phrases[text] = None
    return list(phrases)


def _wrapped(phrases: list[str], start: int, word: str) -> list[str]:
    # One phrase led by the word and another ended by it.
    if not phrases:
        return []
    return [f"{word} {phrases[start % len(phrases)]}", f"{phrases[(start + 1) % len(phrases)]} {word}"]
