"""Compute the weights of `assistant/recognition/grammar/rejection.py`.

    python -m tests.training.rejection hear PEOPLE VOICES FEATURES
    python -m tests.training.rejection fit FEATURES

PEOPLE is a folder of real recordings of one command language: `labels.jsonl` ({audio, intent, slots}), `intents.yaml`,
`noise-*.flac`. VOICES is a folder of synthetic voices that say sentences of the bundled language and others:
`labels.jsonl` ({audio, text, intent, part}), with the intent null for others. Those of the part "fit" teach; those of
the part "limit", other voices and other sentences, say with them from where a command is taken. What one language holds
is foreign to the other. Keep people and voices that figures are reported for out of both.

`hear` takes the time; what it writes to FEATURES, a line a recording in an order that mixes them, is enough to fit by.
"""

from __future__ import annotations

import argparse
import difflib
import json
import multiprocessing
import os
import random
import sys
from collections import Counter
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import numpy as np
import soundfile
from sklearn.linear_model import LogisticRegression

from assistant.recognition.grammar import rejection
from assistant.recognition.grammar.compiled import compile_grammar
from assistant.recognition.grammar.front_end import speech_span
from assistant.recognition.grammar.recogniser import GrammarRecogniser
from assistant.recognition.grammar.rejection import (
    EVIDENCE,
    FEATURES,
    RUN,
    SURE,
    WEAKEST,
    Phones,
    Standing,
    evidence,
    phones_of,
    size,
    weakest_of,
)
from intents.catalogue import load_catalogue
from intents.match import Matcher
from intents.results import IntentMatch
from intents.word_graph import word_graph
from tests.benchmarks.hearing import PEOPLE
from tests.benchmarks.recognition import accepted, mixed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from assistant.recognition.grammar.network import Network
    from assistant.recognition.grammar.search import Path as Heads
    from intents.catalogue import Catalogue

LOST: Final = 0.0075
"""Acceptance of the people that may be lost to rejection under their small language.

The share of the commands spoken that are heard right and turned down.
"""

VOICES_LOST: Final = 0.05
"""The same of the voices under the bundled language; what other points would save, `fit` prints.

Nearly all of it is lost by what is under noise and by the computed voices of eSpeak NG, which are unlike anybody's: it
is what costs those that are made of people's recordings a point at most in the quiet (`natural`).
"""

SMALL: Final = 3
"""How much of `EVIDENCE` counts under a small language, the first."""

POINTS: Final = (0.5, 1, 1.5, 2, 3, 4, 5)
"""Points of the voices' acceptance that `fit` says the price of."""

NOISE_DB: Final = (None, 15.0, 6.0)
"""What the people are heard in."""

HOPELESS: Final = -4.0
"""Mean of log-likelihood a frame behind the best phones, below which nothing inside was ever found."""

VOICED: Final = "commands of voices"
FOREIGN_VOICED: Final = "all else by voices"
QUIET: Final = "commands of people, quiet"
LIMIT: Final = "limit"
BY_PEOPLE: Final = "commands of people"


@dataclass(frozen=True, kw_only=True)
class Heard:
    """A recording that was taken for a command."""

    group: str
    """What it is one of; groups weigh the same, however many are in them."""
    inside: bool
    """Whether it is what the path says."""
    order: bool
    """Whether it was taken for an order, and not only asked about."""
    size: float
    """Of its language; see `rejection.size`."""
    standing: Standing
    """Where it stands among what else could have been said."""
    phones: Phones
    """What it is judged by."""
    right: NDArray[np.bool_]
    """Which words of the path were said, as far as is known, shape (words,)."""


def main() -> None:
    """Hear, or train, say how well the two are told apart, and write the weights."""
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(required=True, dest="command")
    hear = commands.add_parser("hear")
    for name in ("people", "voices", "features"):
        hear.add_argument(name, type=Path)
    hear.add_argument("--every", type=int, default=1, help="hear every Nth recording only")
    hear.add_argument("--processes", type=int, default=os.cpu_count())
    commands.add_parser("fit").add_argument("features", type=Path)
    arguments = parser.parse_args()
    if arguments.command == "hear":
        with arguments.features.open("w", encoding="utf-8") as file:
            for line in recordings(arguments.people, arguments.voices, arguments.every, arguments.processes):
                file.write(json.dumps(line) + "\n")
                file.flush()
    else:
        lines = arguments.features.read_text(encoding="utf-8").splitlines()
        document = train([json.loads(line) for line in lines])
        path = Path(rejection.__file__).with_name(rejection.WEIGHTS)
        path.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


def recordings(people: Path, voices: Path, every: int, processes: int) -> Iterator[dict[str, Any]]:
    """What each recording was taken for and is judged by, in the form that is kept."""
    todo: list[Task] = []
    for case in cases(people):
        for snr in NOISE_DB:
            name = QUIET if snr is None else f"commands of people, {snr:g} dB"
            todo.append((name, AT_THE_BAR, people, case, snr))
        todo.append(("all else by people", AT_HOME, people, case, None))
    for number, case in enumerate(cases(voices)):
        kind = "all else by" if case["intent"] is None else "commands of"
        todo.append((f"{case['part']}: {kind} voices", AT_HOME, voices, case, None))
        if case["intent"] is None and not number % 4:
            todo.append((f"{case['part']}: all else at the bar", AT_THE_BAR, voices, case, None))
    random.Random(0).shuffle(todo)
    with multiprocessing.get_context("spawn").Pool(processes, begin, (people,)) as pool:
        yield from pool.imap(heard_of, todo[::every], chunksize=8)


Task: TypeAlias = "tuple[str, str, Path, dict[str, Any], float | None]"
"""Group, place, folder, case and ratio of the noise."""

AT_HOME: Final = "home"
AT_THE_BAR: Final = "bar"
"""Where the bundled language is spoken, and that of the people."""


@cache
def listener(place: str, people: Path) -> Listener:
    """Who listens there, once a process."""
    return Listener(load_catalogue() if place == AT_HOME else load_catalogue(files=[people / "intents.yaml"]))


@cache
def kitchen(people: Path) -> NDArray[np.float64]:
    """The noise beside the people's recordings."""
    (file,) = people.glob("noise-*.flac")
    noise, _ = soundfile.read(file)
    return np.asarray(noise, dtype=np.float64)


def begin(people: Path) -> None:
    """Say to a process where the people are."""
    os.environ[PEOPLE] = str(people)


def heard_of(task: Task) -> dict[str, Any]:
    """One recording, heard."""
    group, place, folder, case, snr = task
    people = Path(os.environ[PEOPLE])
    samples = mixed(folder / case["audio"], kitchen(people), snr)
    known: dict[str, Any] = {
        name: case[name] for name in ("audio", "text", "voice", "condition") if name in case
    }
    return {"group": group, **known, **listener(place, people).hear(samples, case)}


class Listener:
    """A language, and who listens for it."""

    def __init__(self, catalogue: Catalogue) -> None:
        """Listen for `catalogue`."""
        self._catalogue = catalogue
        self._matcher = Matcher(catalogue)
        self._recogniser = GrammarRecogniser(compile_grammar(word_graph(catalogue)))

    def hear(self, samples: NDArray[np.int16], case: dict[str, Any]) -> dict[str, Any]:
        """What a recording was taken for, and what that is judged by."""
        start, end = speech_span(samples)
        path, scores = self._recogniser.search(samples[start:end])
        text = self._recogniser.text(path) if path else ""
        match = self._matcher.match(text)
        if path is None or not isinstance(match, IntentMatch):
            return {"command": False}
        heard = text.split()
        said = case.get("text")
        if said is None:
            inside = case["intent"] in self._catalogue.intents and accepted(match, case)
            # A command of theirs that was misheard is neither.
            if not inside and case["intent"] in self._catalogue.intents:
                return {"command": False}
            right = [inside] * len(heard)
        else:
            right = [False] * len(heard)
            for block in difflib.SequenceMatcher(None, heard, said.split(), False).get_matching_blocks():
                right[block.a : block.a + block.size] = [True] * block.size
            exactly = all(right) and len(heard) == len(said.split())
            inside = case["intent"] is not None and exactly
            # What is no command and was heard to the word is nothing that the sound could tell.
            if exactly != inside or (not inside and case["intent"] is not None):
                return {"command": False}
        network = self._recogniser.network
        free = scores[:, : network.phone_senones].max(axis=1)
        if not inside and behind(path, scores, free, network) < HOPELESS:
            return {"command": False, "hopeless": True}
        everyday = self._recogniser.everyday(scores)
        found = phones_of(path, scores, everyday.along, network)
        standing = self._recogniser.standing(path, self._recogniser.alternatives(), everyday)
        return {
            "command": True,
            "inside": inside,
            "order": self._catalogue.intents[match.intent].kind == "commerce",
            "certain": match.certain,
            "heard": text,
            "size": size(network.size),
            "frames": found.frames.tolist(),
            "beside": found.beside.round(4).tolist(),
            "words": found.words.tolist(),
            "dip": round(found.dip, 4),
            "standing": {name: round(value, 4) for name, value in asdict(standing).items()},
            "right": right,
        }


def behind(path: Heads, scores: NDArray[np.float32], best: NDArray[np.float32], network: Network) -> float:
    """How far the speech of a path is behind the best phone of each frame, on average."""
    rows = phones_of(path, scores, best, network).features
    return float(rows[:, FEATURES.index("beside")].mean())


def cases(folder: Path) -> list[dict[str, Any]]:
    """The lines of a corpus."""
    return [json.loads(line) for line in (folder / "labels.jsonl").read_text(encoding="utf-8").splitlines()]


def train(lines: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The weights, from what `hear` kept."""
    total = Counter(line["group"] for line in lines)
    heard = [
        Heard(
            group=line["group"],
            inside=line["inside"],
            order=line["order"] and line["certain"],
            size=line["size"],
            standing=Standing(**line["standing"]),
            phones=Phones(
                **{name: np.array(line[name]) for name in ("frames", "beside", "words")}, dip=line["dip"]
            ),
            right=np.array(line["right"]),
        )
        for line in lines
        if line["command"]
    ]
    teaching = [each for each in heard if not each.group.startswith(LIMIT)]
    features, phone = of_a_phone(teaching)
    rows, groups = judged(heard, features, phone), np.array([each.group for each in heard])
    inside = np.array([each.inside for each in heard])
    sizes = np.array([each.size for each in heard])
    teach = np.array([not group.startswith(LIMIT) for group in groups])
    people = inside & np.array([BY_PEOPLE in group for group in groups])
    voiced = inside & np.array([group.endswith(VOICED) for group in groups])
    spoken_by_people = sum(count for group, count in total.items() if BY_PEOPLE in group)
    spoken_by_voices = sum(count for group, count in total.items() if group.endswith(VOICED))
    long = np.array([each.phones.words.max() + 1 >= RUN for each in heard])
    large = sizes == sizes.max()
    of_small = of_an_utterance(rows[:, :SMALL], heard, teach)
    # Some of this evidence says nearly the same: its weights would grow against each other.
    spread = rows[teach & large & long].std(axis=0)
    of_large = of_an_utterance(rows / spread, heard, teach & large & long, most=1.0) / spread
    of_small = np.concatenate([of_small, np.zeros(len(EVIDENCE) - SMALL)])
    least_small = lost_below(rows[people] @ of_small, LOST * spoken_by_people)
    # Short ones lose what they would if all were judged by their evidence, the others what is left.
    lost = VOICES_LOST * spoken_by_voices
    least_short = lost_below(rows[voiced] @ of_small, lost)
    lost -= (rows[voiced & ~long] @ of_small < least_short).sum()
    least_large = lost_below(rows[voiced & long] @ of_large, lost)
    share = sizes / sizes.max()
    odds = np.where(long, rows @ of_large - least_large, rows @ of_small - least_short)
    odds = (1 - share) * (rows @ of_small - least_small) + share * odds
    for group in sorted(total):
        own = odds[groups == group]
        sys.stdout.write(
            f"{group}: {len(own)} of {total[group]} taken for a command, {int((own >= 0).sum())} when it must fit\n"
        )
    foreign = ~inside & np.array([group.endswith(FOREIGN_VOICED) for group in groups])
    spoken_else = sum(count for group, count in total.items() if group.endswith(FOREIGN_VOICED))
    for points in POINTS:
        taken = int((odds[foreign] >= lost_below(odds[voiced], points / 100 * spoken_by_voices)).sum())
        sys.stdout.write(
            f"with {points:g} points of the voices' acceptance lost, {taken} of {spoken_else} of all else are taken\n"
        )
    kept = np.array([natural(line) for line in lines if line["command"]])
    spoken_naturally = [line["group"] for line in lines if natural(line)]
    sys.stdout.write(
        f"of natural voices in the quiet {int((odds[kept & voiced] < 0).sum())} of "
        f"{sum(group.endswith(VOICED) for group in spoken_naturally)} commands are lost, and "
        f"{int((odds[kept & foreign] >= 0).sum())} of "
        f"{sum(group.endswith(FOREIGN_VOICED) for group in spoken_naturally)} of all else are taken\n"
    )
    weakest = np.array([weakest_word(each, features, phone) for each in heard])
    sure = (odds >= SURE) & (weakest >= WEAKEST)
    orders = np.array([each.order for each in heard])
    sys.stdout.write(
        f"of {int((orders & inside).sum())} orders that were given, {int((orders & inside & sure).sum())} are sure; of "
        f"{int((orders & ~inside).sum())} that were not, {int((orders & ~inside & sure).sum())}\n"
    )
    return {
        "features": {name: round(float(value), 4) for name, value in zip(FEATURES, features, strict=True)},
        "phone": round(phone, 4),
        "small": weighed(of_small[:SMALL], least_small),
        "large": weighed(of_large, least_large),
        "short": weighed(of_small[:SMALL], least_short),
        "large size": round(float(sizes.max()), 4),
    }


def natural(line: dict[str, Any]) -> bool:
    """Whether a recording is of a voice that is made of a person's, with nothing beside it but another level."""
    voice, condition = line.get("voice", ""), line.get("condition", "")
    return bool(voice) and not voice.startswith("espeak-ng") and condition.startswith("level")


def of_an_utterance(
    rows: NDArray[np.float64], heard: Sequence[Heard], which: NDArray[np.bool_], *, most: float = 100.0
) -> NDArray[np.float64]:
    """Weights of the evidence, by some of what was heard: whether it was what the path says.

    The smaller `most` (scikit-learn's `C`), the dearer are large weights.
    """
    taught = [each for each, counts in zip(heard, which, strict=True) if counts]
    inside = np.array([each.inside for each in taught])
    regression = LogisticRegression(C=most, max_iter=1000).fit(
        rows[which], inside, sample_weight=balanced(weights(taught), inside)
    )
    return np.asarray(regression.coef_[0], dtype=np.float64)


def weighed(of: NDArray[np.float64], least: float) -> dict[str, float]:
    """Weights by name, and the constant that takes `least` to 0."""
    names = EVIDENCE[: len(of)]
    return {
        **{name: round(float(weight), 4) for name, weight in zip(names, of, strict=True)},
        "constant": round(-least, 4),
    }


def lost_below(odds: NDArray[np.float64], count: float) -> float:
    """The limit below which `count` of the odds are lost, to the whole number below, and never the best of them.

    Raises ValueError where there are none: no limit follows from commands of which none was heard.
    """
    if not len(odds):
        raise ValueError("of the commands none was heard right: no limit can be set; hear more recordings")
    return float(np.sort(odds)[min(max(int(count), 0), len(odds) - 1)])


def weakest_word(heard: Heard, features: NDArray[np.float64], phone: float) -> float:
    """How well the worst of the words fits; see `rejection.Fit.weakest`."""
    return weakest_of(heard.phones.features @ features + phone, heard.phones.words)


def judged(heard: Iterable[Heard], features: NDArray[np.float64], phone: float) -> NDArray[np.float64]:
    """The evidence of each, shape (n, evidence)."""
    return np.array(
        [evidence(each.phones, each.phones.features @ features + phone, each.standing) for each in heard]
    )


def of_a_phone(heard: Sequence[Heard]) -> tuple[NDArray[np.float64], float]:
    """Weights of the features, and of any phone: whether the word that it is in was said."""
    share = weights(heard)
    right = np.concatenate([each.right[each.phones.words] for each in heard])
    rows = np.concatenate([each.phones.features for each in heard])
    each_phone = np.concatenate(
        [
            np.full(len(each.phones.words), w / len(each.phones.words))
            for each, w in zip(heard, share, strict=True)
        ]
    )
    regression = LogisticRegression(C=0.3, max_iter=3000).fit(
        rows, right, sample_weight=balanced(each_phone, right)
    )
    return regression.coef_[0], float(regression.intercept_[0])


def weights(heard: Sequence[Heard]) -> NDArray[np.float64]:
    """One for each, so that groups weigh the same."""
    sizes = Counter(each.group for each in heard)
    return np.array([1 / sizes[each.group] for each in heard])


def balanced(weights: NDArray[np.float64], inside: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Weights with as much inside as outside, one a row on average."""
    weights = weights.copy()
    for side in (True, False):
        weights[inside == side] /= weights[inside == side].sum()
    return weights * len(weights) / 2


if __name__ == "__main__":
    main()
