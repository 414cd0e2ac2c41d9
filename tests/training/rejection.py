"""Compute the weights of `assistant/recognition/grammar/rejection.py`.

    python -m tests.training.rejection PEOPLE VOICES

PEOPLE is a folder of real recordings of one command language: `labels.jsonl` ({audio, intent, slots}), `intents.yaml`,
`noise-*.flac`. VOICES is a folder of synthetic voices that say sentences of the bundled language and others:
`labels.jsonl` ({audio, text, intent}), with the intent null for others. What one language holds is foreign to the
other. Keep people and voices that figures are reported for out of both.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import soundfile
from sklearn.linear_model import LogisticRegression

from assistant.recognition.grammar import rejection
from assistant.recognition.grammar.acoustic_model import bundled_model, load_acoustic_model
from assistant.recognition.grammar.compiled import compile_grammar
from assistant.recognition.grammar.front_end import speech_span
from assistant.recognition.grammar.recogniser import GrammarRecogniser
from assistant.recognition.grammar.rejection import FEATURES, Phones, phones_of, summary
from intents.catalogue import load_catalogue
from intents.match import Matcher
from intents.results import IntentMatch
from intents.word_graph import word_graph
from tests.benchmarks.recognition import accepted, mixed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

LOST: Final = 0.009
"""Share of the people's commands, heard right in quiet, that may be turned down."""

NOISE_DB: Final = (None, 24.0, 15.0, 6.0)


@dataclass(frozen=True, kw_only=True)
class Group:
    """Recordings of one kind under one grammar; groups weigh the same, however many are in them."""

    name: str
    """What they are."""
    inside: bool
    """Whether they are what the path says."""
    total: int
    """Recordings, those included that gave no command."""
    heard: Sequence[Phones]
    """What was taken for a command."""
    orders: Sequence[Phones] = ()
    """What of it was taken for an order."""


def main() -> None:
    """Train, say how well the two are told apart, and write the weights."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("people", type=Path)
    parser.add_argument("voices", type=Path)
    arguments = parser.parse_args()
    groups = []
    for group in every_group(arguments.people, arguments.voices):
        sys.stderr.write(f"{group.name}: {len(group.heard)} of {group.total}\n")
        groups.append(group)
    phones = len(load_acoustic_model(bundled_model().folder).definition.phones)
    features, of_phones = of_a_phone(groups, phones)
    judged = {
        group.name: np.array(
            [summary(each.features @ features + of_phones[each.phones], each.words) for each in group.heard]
        )
        for group in groups
    }
    inside = np.concatenate([np.full(len(group.heard), group.inside) for group in groups])
    weights = np.concatenate([np.full(len(group.heard), 1 / len(group.heard)) for group in groups])
    regression = LogisticRegression(C=100.0).fit(
        np.concatenate(list(judged.values())), inside, sample_weight=balanced(weights, inside)
    )
    mean, worst = regression.coef_[0]
    odds = {name: values @ regression.coef_[0] for name, values in judged.items()}
    limit = float(np.quantile(odds[groups[0].name], LOST))
    for group in groups:
        share = float(np.mean(odds[group.name] >= limit)) * len(group.heard) / group.total
        right = len(group.heard) / group.total
        sys.stdout.write(f"{group.name}: {right:.3f} taken for a command, {share:.4f} when it must fit\n")
    highest = sorted(
        (
            float(
                np.dot(summary(each.features @ features + of_phones[each.phones], each.words), (mean, worst))
            )
            - limit
            for group in groups
            for each in group.orders
        ),
        reverse=True,
    )
    sys.stdout.write(f"the highest odds of {len(highest)} that were taken for an order: {highest[:3]}\n")
    document: dict[str, Any] = {
        "features": {name: round(float(value), 4) for name, value in zip(FEATURES, features, strict=True)},
        "phones": [round(float(value), 4) for value in of_phones],
        "mean": round(float(mean), 4),
        "worst": round(float(worst), 4),
        "constant": round(-limit, 4),
    }
    path = Path(rejection.__file__).with_name(rejection.WEIGHTS)
    path.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


def every_group(people: Path, voices: Path) -> Iterator[Group]:
    """Each corpus under each grammar; the first is that of the people's own commands in quiet."""
    own, bundled = load_catalogue(files=[people / "intents.yaml"]), load_catalogue()
    (noise_file,) = people.glob("noise-*.flac")
    noise, _ = soundfile.read(noise_file)
    orders, sentences = cases(people), cases(voices)
    matcher = Matcher(own)
    recogniser = GrammarRecogniser(compile_grammar(word_graph(own)))
    for snr in NOISE_DB:
        heard = []
        for case in orders:
            text, found = hear(recogniser, mixed(people / case["audio"], noise, snr))
            match = matcher.match(text)
            if found is not None and isinstance(match, IntentMatch) and accepted(match, case):
                heard.append(found)
        yield Group(name=f"commands of people, {snr} dB", inside=True, total=len(orders), heard=heard)
    voiced = [hear(recogniser, mixed(voices / case["audio"], noise, None))[1] for case in sentences]
    heard = [found for found in voiced if found is not None]
    yield Group(name="all else under their grammar", inside=False, total=len(voiced), heard=heard)
    matcher = Matcher(bundled)
    recogniser = GrammarRecogniser(compile_grammar(word_graph(bundled)))
    taken: dict[bool, list[Phones]] = {True: [], False: []}
    mistaken: list[Phones] = []
    totals = {True: 0, False: 0}
    for case in sentences:
        inside = case["intent"] is not None
        if not inside and isinstance(matcher.match(case["text"]), IntentMatch):
            continue
        text, found = hear(recogniser, mixed(voices / case["audio"], noise, None))
        totals[inside] += 1
        if found is not None and (
            text == case["text"] if inside else isinstance(matcher.match(text), IntentMatch)
        ):
            taken[inside].append(found)
            match = matcher.match(text)
            if (
                not inside
                and isinstance(match, IntentMatch)
                and bundled.intents[match.intent].kind == "commerce"
            ):
                mistaken.append(found)
    yield Group(name="commands of voices", inside=True, total=totals[True], heard=taken[True])
    yield Group(
        name="all else under the bundled grammar",
        inside=False,
        total=totals[False],
        heard=taken[False],
        orders=mistaken,
    )
    heard = []
    for case in orders:
        text, found = hear(recogniser, mixed(people / case["audio"], noise, None))
        if found is not None and isinstance(matcher.match(text), IntentMatch):
            heard.append(found)
    yield Group(
        name="commands of people under the bundled grammar", inside=False, total=len(orders), heard=heard
    )


def cases(folder: Path) -> list[dict[str, Any]]:
    """The lines of a corpus."""
    return [json.loads(line) for line in (folder / "labels.jsonl").read_text(encoding="utf-8").splitlines()]


def hear(recogniser: GrammarRecogniser, samples: NDArray[np.int16]) -> tuple[str, Phones | None]:
    """What the grammar makes of a recording, and what that is judged by."""
    start, end = speech_span(samples)
    path, scores = recogniser.search(samples[start:end])
    if path is None or not path.words:
        return "", None
    return recogniser.text(path), phones_of(path, scores, recogniser.network)


def of_a_phone(groups: Sequence[Group], phones: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Weights of the features, and of which phone it is."""
    rows, inside, weights = [], [], []
    for group in groups:
        for found in group.heard:
            which = np.zeros((len(found.phones), phones))
            which[np.arange(len(found.phones)), found.phones] = 1
            rows.append(np.concatenate([found.features, which], axis=1))
            inside.append(np.full(len(found.phones), group.inside))
            weights.append(np.full(len(found.phones), 1 / len(group.heard) / len(found.phones)))
    together = np.concatenate(inside)
    regression = LogisticRegression(C=0.3, max_iter=1000).fit(
        np.concatenate(rows), together, sample_weight=balanced(np.concatenate(weights), together)
    )
    coefficients = regression.coef_[0]
    # The constant goes with every phone.
    return coefficients[: len(FEATURES)], coefficients[len(FEATURES) :] + regression.intercept_[0]


def balanced(weights: NDArray[np.float64], inside: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Weights with as much inside as outside, one a row on average."""
    weights = weights.copy()
    for side in (True, False):
        weights[inside == side] /= weights[inside == side].sum()
    return weights * len(weights) / 2


if __name__ == "__main__":
    main()
