"""How well a matcher understands labelled sentences, and above all how seldom it takes one for an order."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from intents.noise import Noise
from intents.normalise import normalise
from intents.results import IntentMatch

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from intents.cases import Case
    from intents.match import Matcher
    from intents.results import NoMatch

NONE: Final = "none"
LABELS: Final = ("music", "weather", "pizza", "ride")
"""The labels of the corpora that stand for intents."""
# In the corpora these labels mean one thing that can be done, and all else about the subject is "none".
_MEANS: Final[Mapping[str, tuple[str, str]]] = {"music": ("action", "play")}
_WARM_UP: Final = 200
# Words that some corpora count to a value and others do not.
_LINKING: Final = frozenset({"a", "an", "the", "at", "in", "on", "for", "by"})


@dataclass(frozen=True, kw_only=True)
class Mistake:
    """A case that was taken for something else."""

    case: Case
    """The case."""
    said: str
    """Its text as the matcher was given it."""
    decided: str
    """The label that was decided on."""
    certain: bool
    """False if the matcher would have asked whether that was meant."""
    step: str
    """Which step decided; for none, why."""
    score: float
    """Likeness or probability in [0, 1]."""


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """What an evaluation came to."""

    cases: int
    """How many sentences."""
    macro_f1: float
    """Mean F1 over the labels that occur, without the cases marked hard, in [0, 1]."""
    macro_f1_hard: float
    """The same with them."""
    none_cases: int
    """Sentences labelled "none", the hard ones too."""
    false_orders: int
    """How many of those were accepted as an order. One that would be asked about is no order."""
    false_orders_asked: int
    """How many more would have been asked about."""
    false_orders_bound: float
    """The share of none cases that are accepted as orders is below this with 95 % confidence (Clopper and Pearson)."""
    asked: int
    """Matches that are not certain, of any label; they count as what is asked about."""
    recall: Mapping[str, float]
    """Label to the share of its cases that were found, the hard ones too."""
    f1: Mapping[str, float]
    """Label to F1, the hard ones too."""
    slots: Mapping[str, float]
    """precision, recall and f1 of slot values, over cases that know their slots; articles and prepositions apart."""
    us_per_utterance: float
    """Microseconds of processor time a sentence, in this process, after a warm-up."""
    confusion: Mapping[str, Mapping[str, int]]
    """Label to what was decided to how often."""
    mistakes: Sequence[Mistake]
    """Every case whose label was not found."""
    asr_noise: float
    """Share of words that were misheard on purpose."""

    def to_json(self) -> dict[str, Any]:
        """As `intents eval --json` prints it."""
        return {
            "cases": self.cases,
            "macro_f1": self.macro_f1,
            "macro_f1_hard": self.macro_f1_hard,
            "none_cases": self.none_cases,
            "false_orders": self.false_orders,
            "false_orders_asked": self.false_orders_asked,
            "false_orders_bound95": self.false_orders_bound,
            "asked": self.asked,
            "recall": dict(self.recall),
            "f1": dict(self.f1),
            "slots": dict(self.slots),
            "us_per_utterance": self.us_per_utterance,
            "confusion": {label: dict(row) for label, row in self.confusion.items()},
            "asr_noise": self.asr_noise,
            "errors": [
                {
                    "line": mistake.case.line,
                    "text": mistake.said,
                    "label": mistake.case.label,
                    "hard": mistake.case.hard,
                    "decided": mistake.decided,
                    "certain": mistake.certain,
                    "step": mistake.step,
                    "score": mistake.score,
                }
                for mistake in self.mistakes
            ],
        }


def evaluate(
    matcher: Matcher, cases: Sequence[Case], *, orders: frozenset[str], asr_noise: float = 0.0, seed: int = 0
) -> Evaluation:
    """Match every case and compare. `orders` are the intents that spend money.

    A match counts as its intent whether it is certain or would be asked about; music counts only where it means to play
    (the corpora call next and volume "none"), and an intent that no case is labelled with, beyond the four of the
    corpora, counts as "none". `asr_noise` mishears that share of the words first.
    """
    texts = [case.text for case in cases]
    if asr_noise:
        vocabulary = {word for text in texts for word in normalise(text).split()}
        noise = Noise(vocabulary, rate=asr_noise, seed=seed)
        texts = [noise.mishear(text) for text in texts]
    for text in texts[:_WARM_UP]:
        matcher.match(text)
    # Of the processor: what else the machine is doing is not the matcher's.
    begun = time.thread_time()
    matches = [matcher.match(text) for text in texts]
    seconds = time.thread_time() - begun
    labels = [case.label for case in cases]
    scored = [*dict.fromkeys((*LABELS, *sorted(set(labels)))), NONE]
    decided = [decided_label(match, scored) for match in matches]
    easy = [i for i, case in enumerate(cases) if not case.hard]
    f1 = f1_by_label(labels, decided)
    none_orders = [
        match
        for case, match in zip(cases, matches, strict=True)
        if case.label == NONE and isinstance(match, IntentMatch) and match.intent in orders
    ]
    none_cases = labels.count(NONE)
    false_orders = sum(match.certain for match in none_orders)
    confusion: dict[str, Counter[str]] = {label: Counter() for label in sorted(set(labels))}
    for label, found in zip(labels, decided, strict=True):
        confusion[label][found] += 1
    return Evaluation(
        cases=len(cases),
        macro_f1=mean(f1_by_label([labels[i] for i in easy], [decided[i] for i in easy])),
        macro_f1_hard=mean(f1),
        none_cases=none_cases,
        false_orders=false_orders,
        false_orders_asked=len(none_orders) - false_orders,
        false_orders_bound=upper_bound(false_orders, none_cases),
        asked=sum(isinstance(match, IntentMatch) and not match.certain for match in matches),
        recall={label: row[label] / sum(row.values()) for label, row in confusion.items()},
        f1=f1,
        slots=_slot_scores(cases, matches),
        us_per_utterance=1e6 * seconds / len(cases),
        confusion=confusion,
        mistakes=[
            _mistake(case, text, match, found)
            for case, text, match, found in zip(cases, texts, matches, decided, strict=True)
            if found != case.label
        ],
        asr_noise=asr_noise,
    )


def decided_label(match: IntentMatch | NoMatch, scored: Sequence[str]) -> str:
    """The label that a match comes to: its intent, if that is one of the `scored` and means what its label means."""
    if not isinstance(match, IntentMatch) or match.intent not in scored:
        return NONE
    slot, value = _MEANS.get(match.intent, ("", ""))
    return match.intent if not slot or match.slots.get(slot, value) == value else NONE


def f1_by_label(labels: Sequence[str], decided: Sequence[str]) -> dict[str, float]:
    """F1 of every label that occurs among `labels`, in [0, 1]."""
    right = Counter(label for label, found in zip(labels, decided, strict=True) if label == found)
    sizes = Counter(labels) + Counter(decided)
    return {label: 2 * right[label] / sizes[label] for label in sorted(set(labels))}


def mean(by_label: Mapping[str, float]) -> float:
    """The mean over labels, each counting alike; 0 for none."""
    return sum(by_label.values()) / len(by_label) if by_label else 0.0


def upper_bound(successes: int, trials: int) -> float:
    """Upper end of Clopper and Pearson's one-sided 95 % interval; about 3 in n for none in n."""
    if successes >= trials:
        return 1.0
    # Heavy to import, and nothing but this needs it.
    from scipy.stats import beta

    return float(beta.ppf(0.95, successes + 1, trials - successes))


def _slot_scores(cases: Sequence[Case], matches: Sequence[IntentMatch | NoMatch]) -> dict[str, float]:
    """Over the slots that the file labels for an intent anywhere; the values of a wrong intent are all wrong."""
    known: dict[str, set[str]] = {}
    for case in cases:
        known.setdefault(case.label, set()).update(case.slots or ())
    wanted_count = found_count = right = 0
    for case, match in zip(cases, matches, strict=True):
        if case.slots is None or not known[case.label]:
            continue
        wanted = {(name, _spoken(value)) for name, value in case.slots.items()}
        found = set()
        if isinstance(match, IntentMatch) and match.intent == case.label:
            found = {
                (name, _spoken(str(value)))
                for name, value in match.slots.items()
                if name in known[case.label]
            }
        wanted_count += len(wanted)
        found_count += len(found)
        right += len(wanted & found)
    precision = right / found_count if found_count else 0.0
    recall = right / wanted_count if wanted_count else 0.0
    return {
        "precision": precision,
        "recall": recall,
        "f1": 2 * precision * recall / (precision + recall) if right else 0.0,
    }


def _spoken(value: str) -> str:
    """A value as it is compared: "at eight in the morning" is "eight morning", and "the beatles" are "beatles"."""
    words = normalise(value).split()
    return " ".join([word for word in words if word not in _LINKING] or words)


def _mistake(case: Case, said: str, match: IntentMatch | NoMatch, decided: str) -> Mistake:
    return Mistake(
        case=case,
        said=said,
        decided=decided,
        certain=match.certain if isinstance(match, IntentMatch) else True,
        step=match.step if isinstance(match, IntentMatch) else match.reason,
        score=match.score,
    )
