"""What turning down speech out of scope costs and saves, under a large language and a small one.

The recogniser alone: what it takes a recording for, and by which log odds, so that any limit can be looked at. The
limit in use was set on other recordings (`tests.training.rejection`); nothing here is chosen by these tables.

    python -m tests.benchmarks.rejection CORPUS [--people PEOPLE]

CORPUS is a folder with `labels.jsonl` ({audio, text, intent, slots, voice}), the intent null for what is out of scope,
the voice "engine name", as `tests.benchmarks.hearing.speak` makes it; PEOPLE one of a small language, with its
`intents.yaml` and no such speech. What is a command of that language is left out under it.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import numpy as np

from assistant.recognition.grammar.compiled import compile_grammar
from assistant.recognition.grammar.front_end import speech_span
from assistant.recognition.grammar.recogniser import GrammarRecogniser
from assistant.recognition.grammar.rejection import fit
from intents import catalogue as definitions
from intents.catalogue import load_catalogue
from intents.match import Matcher
from intents.results import IntentMatch
from intents.word_graph import word_graph
from tests.assistant.recognition.hearing import read
from tests.benchmarks.recognition import accepted

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from intents.catalogue import Catalogue

POINTS: Final = (1, 2, 3, 5, 10)
"""Acceptance that is given up for a higher limit, in points."""

PROCESSES: Final = 2


@dataclass(frozen=True, kw_only=True)
class Taken:
    """What a recording was taken for."""

    right: bool
    """Whether intent and every labelled slot are exactly right."""
    order: bool
    """Whether it was taken for an order beyond doubt, so that it would be read back without being asked about."""
    odds: float
    """Log odds that it is what it was taken for; minus infinity for nothing."""


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--people", type=Path)
    arguments = parser.parse_args()
    sys.stdout.write(f"{trade(arguments.corpus, arguments.people)}\n")


def trade(corpus: Path, people: Path | None) -> str:
    """A row a language and limit."""
    sounds = corpus_cases(corpus)
    heard = hear(BUNDLED, sounds)
    rows = [*limits("bundled", heard)]
    speakers = [case["voice"].partition(" ")[0] for _, case in sounds]
    for engine in dict.fromkeys(speakers):
        own = [each for each, speaker in zip(heard, speakers, strict=True) if speaker == engine]
        rows += limits(f"bundled, {engine}", own)
    foreign = [(path, case) for path, case in sounds if case["intent"] is None]
    if people:
        orders = str(people / "intents.yaml")
        rows += limits("coffee orders", hear(orders, [*corpus_cases(people), *outside(orders, foreign)]))
    else:
        rows += limits("lights alone", hear(LIGHTS, outside(LIGHTS, foreign)))
    return "\n".join(
        [
            (
                "| language | limit | commands accepted | turned down, of those heard right | out of scope accepted "
                "| as an order |"
            ),
            "|---|---|---|---|---|---|",
            *rows,
        ]
    )


Sound: TypeAlias = "tuple[Path, dict[str, Any]]"
"""A recording and its line in the corpus."""


def corpus_cases(corpus: Path) -> list[Sound]:
    """The recordings of a corpus."""
    lines = (corpus / "labels.jsonl").read_text(encoding="utf-8").splitlines()
    return [(corpus / case["audio"], case) for case in map(json.loads, lines)]


def outside(language: str, sounds: Sequence[Sound]) -> list[Sound]:
    """The recordings whose text is no command of a language: what is foreign to one may be ordered in another."""
    matcher = Matcher(definitions_of(language))
    return [(path, case) for path, case in sounds if not is_command(case["text"], matcher)]


def is_command(text: str, matcher: Matcher) -> bool:
    """Whether a text is a command word for word: what the model or likeness takes for one is none."""
    match = matcher.match(text)
    return isinstance(match, IntentMatch) and match.step == "exact"


def limits(language: str, taken: Sequence[tuple[bool, Taken]]) -> Iterator[str]:
    """Rows of what was heard under one language, in scope or not: the limit as it is, and higher ones."""
    inside = [each for ours, each in taken if ours]
    others = [each for ours, each in taken if not ours]
    right = np.array([each.odds for each in inside if each.right])
    odds = np.array([each.odds for each in others])
    orders = np.array([each.order for each in others], dtype=bool)
    now = int((right >= 0).sum())
    higher = [
        (f"{points} point{'s' * (points > 1)} more", round(points * len(inside) / 100)) for points in POINTS
    ]
    # More than are accepted cannot be given up.
    for name, more in [("as it is", 0), *((name, more) for name, more in higher if more < now)]:
        # So high that it takes `more` commands beside those that are lost already.
        limit = float(np.sort(right[right >= 0])[more]) if more else 0.0
        lost = len(right) - now + more
        share = f"{(now - more) / len(inside):.3f} | {lost} of {len(right)}" if inside else "- | -"
        yield (
            f"| {language} | {name} | {share} | {int((odds >= limit).sum())} of {len(others)} "
            f"({100 * (odds >= limit).mean():.2f} %) | {int((orders & (odds >= limit)).sum())} |"
        )


def hear(language: str, sounds: Sequence[Sound]) -> list[tuple[bool, Taken]]:
    """Whether each recording is a command, and what it was taken for."""
    with multiprocessing.get_context("spawn").Pool(min(PROCESSES, os.cpu_count() or 1)) as pool:
        taken = pool.starmap(taken_for, [(language, *sound) for sound in sounds], chunksize=8)
    return [(case["intent"] is not None, each) for (_, case), each in zip(sounds, taken, strict=True)]


BUNDLED: Final = ""
LIGHTS: Final = "lights"
"""A small language that is always at hand."""


def definitions_of(language: str) -> Catalogue:
    """`BUNDLED`, `LIGHTS` or the definitions of a file."""
    if language == BUNDLED:
        return load_catalogue()
    if language == LIGHTS:
        folder = Path(definitions.__file__).with_name("definitions") / "en"
        return load_catalogue(
            files=[folder / "_common.yaml", folder / "light.yaml", *sorted((folder / "lists").iterdir())]
        )
    return load_catalogue(files=[Path(language)])


@cache
def listener(language: str) -> tuple[Catalogue, Matcher, GrammarRecogniser]:
    """Who listens for a language, once a process."""
    catalogue = definitions_of(language)
    return catalogue, Matcher(catalogue), GrammarRecogniser(compile_grammar(word_graph(catalogue)))


def taken_for(language: str, path: Path, case: dict[str, Any]) -> Taken:
    """What a recording is taken for, were there no limit."""
    catalogue, matcher, recogniser = listener(language)
    samples = read(path)
    start, end = speech_span(samples)
    found, scores = recogniser.search(samples[start:end])
    match = matcher.match(recogniser.text(found)) if found else None
    if found is None or not isinstance(match, IntentMatch):
        return Taken(right=False, order=False, odds=-np.inf)
    everyday = recogniser.everyday(scores)
    standing = recogniser.standing(found, recogniser.alternatives(), everyday)
    fitted = fit(found, scores, everyday.along, recogniser.network, standing)
    orders = catalogue.intents[match.intent].kind == "commerce"
    return Taken(
        right=case["intent"] is not None and accepted(match, case),
        order=match.certain and orders and not fitted.doubtful,
        odds=fitted.utterance,
    )


if __name__ == "__main__":
    main()
