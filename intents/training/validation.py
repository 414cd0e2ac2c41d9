"""How well a model trained like this understands sentences it has not seen: nested cross-validation.

Every part of the corpora is judged by a model that was trained, and whose thresholds were chosen, on the other parts
alone: a model as it is shipped (a file of 8-bit weights) in a matcher as it is shipped (templates, likeness, evidence).
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from intents.catalogue import load_catalogue
from intents.evaluation import decided_label, f1_by_label, mean
from intents.match import Matcher
from intents.model import NONE, read_model
from intents.noise import Noise
from intents.normalise import normalise
from intents.results import IntentMatch
from intents.training.folds import deal
from intents.training.thresholds import ORDERS
from intents.training.train import LABELS, kinds, train_part

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from intents.training.network import Indices, Recipe
    from intents.training.train import Examples

PARTS: Final = 5
"""In how many parts the corpora are cut."""
_SEED: Final = 1
_RESAMPLES: Final = 1000


@dataclass(frozen=True, kw_only=True)
class Decision:
    """What was made of a text."""

    label: str
    """The label that was decided on, accepted or asked about."""
    ordered: bool
    """Whether it was accepted as an order."""


@dataclass(frozen=True, kw_only=True)
class Interval:
    """A figure and where it lies with 95 % confidence."""

    value: float
    """As measured."""
    low: float
    """Lower end."""
    high: float
    """Upper end."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Judged:
    """Cases of one file beside what was made of them unseen."""

    labels: Sequence[str]
    """What is right."""
    hard: Sequence[bool]
    """Which are marked hard."""
    groups: Indices
    """(cases,) which are nearly the same sentence."""
    decisions: Sequence[Decision]
    """As they are written."""
    noisy: Sequence[Decision]
    """With simulated recognition errors."""

    def macro_f1(self, *, hard: bool, noisy: bool = False) -> Interval:
        """The mean F1 over labels, with the cases marked hard or without; bootstrap over groups of nearly the same."""
        kept = [i for i, each in enumerate(self.hard) if hard or not each]
        decisions = self.noisy if noisy else self.decisions
        truth = np.array([LABELS.index(self.labels[i]) for i in kept])
        decided = np.array([LABELS.index(decisions[i].label) for i in kept])
        _, members = np.unique(self.groups[kept], return_inverse=True)
        rng = np.random.default_rng(_SEED)
        groups = int(members.max()) + 1
        even = np.full(groups, 1 / groups)
        values = [
            _macro_f1(truth, decided, rng.multinomial(groups, even)[members]) for _ in range(_RESAMPLES)
        ]
        low, high = np.quantile(values, (0.025, 0.975)).tolist()
        return Interval(value=_macro_f1(truth, decided, np.ones(len(truth))), low=low, high=high)

    def f1(self) -> Mapping[str, float]:
        """F1 of each label that occurs, without the cases marked hard."""
        kept = [i for i, each in enumerate(self.hard) if not each]
        return f1_by_label([self.labels[i] for i in kept], [self.decisions[i].label for i in kept])

    def false_orders(self) -> tuple[int, int]:
        """How many cases of "none" were accepted as orders, and how many cases of "none" there are."""
        wrong = [
            decision.ordered
            for label, decision in zip(self.labels, self.decisions, strict=True)
            if label == NONE
        ]
        return sum(wrong), len(wrong)


def cross_validate(
    examples: Examples,
    *,
    asr_noise: float,
    recipe: Recipe | None = None,
    progress: Callable[[str], None] = lambda _: None,
) -> dict[str, Judged]:
    """Source to its cases, each judged by one of `PARTS` models that has seen nothing like it."""
    labels = [case.label for case in examples.cases]
    parts = deal(examples.groups, kinds(examples.sources, labels), PARTS, seed=_SEED)
    plain: dict[int, Decision] = {}
    noisy: dict[int, Decision] = {}
    for part in range(PARTS):
        progress(f"part {part + 1} of {PARTS}")
        held = np.flatnonzero(parts == part)
        matcher = _trained(examples, np.flatnonzero(parts != part), recipe)
        plain |= zip(held.tolist(), _decide(matcher, examples, held), strict=True)
        noisy |= zip(held.tolist(), _decide(matcher, examples, held, asr_noise), strict=True)
    return {source: _judged(examples, source, plain, noisy) for source in dict.fromkeys(examples.sources)}


def transfer(
    examples: Examples,
    *,
    left_out: str,
    judged: str,
    asr_noise: float,
    recipe: Recipe | None = None,
) -> Judged:
    """The cases of the source `judged`, by a model trained without any source whose name begins with `left_out`."""
    outside = [not source.startswith(left_out) for source in examples.sources]
    matcher = _trained(examples, np.flatnonzero(outside), recipe)
    held = np.flatnonzero([source == judged for source in examples.sources])
    plain = dict(zip(held.tolist(), _decide(matcher, examples, held), strict=True))
    noisy = dict(zip(held.tolist(), _decide(matcher, examples, held, asr_noise), strict=True))
    return _judged(examples, judged, plain, noisy)


def _trained(examples: Examples, rows: Indices, recipe: Recipe | None) -> Matcher:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "part.npz"
        train_part(examples, rows, path, recipe=recipe)
        with path.open("rb") as file:
            model = read_model(file, path.name)
    return Matcher(load_catalogue(examples.language), model=model)


def _decide(matcher: Matcher, examples: Examples, rows: Indices, asr_noise: float = 0.0) -> list[Decision]:
    texts = [examples.cases[row].text for row in rows]
    if asr_noise:
        vocabulary = {word for case in examples.cases for word in normalise(case.text).split()}
        noise = Noise(vocabulary, rate=asr_noise, seed=_SEED)
        texts = [noise.mishear(text) for text in texts]
    matches = [matcher.match(text) for text in texts]
    return [
        Decision(
            label=decided_label(match, LABELS),
            ordered=isinstance(match, IntentMatch) and match.certain and match.intent in ORDERS,
        )
        for match in matches
    ]


def _judged(
    examples: Examples, source: str, plain: Mapping[int, Decision], noisy: Mapping[int, Decision]
) -> Judged:
    rows = [row for row, each in enumerate(examples.sources) if each == source]
    return Judged(
        labels=[examples.cases[row].label for row in rows],
        hard=[examples.cases[row].hard for row in rows],
        groups=examples.groups[rows],
        decisions=[plain[row] for row in rows],
        noisy=[noisy[row] for row in rows],
    )


def _macro_f1(truth: Indices, decided: Indices, weights: NDArray[np.float64] | Indices) -> float:
    """Of weighted cases; labels without any are left out, as in `f1_by_label`."""
    right = np.bincount(truth, weights * (truth == decided), len(LABELS))
    sizes = np.bincount(truth, weights, len(LABELS))
    found = np.bincount(decided, weights, len(LABELS))
    return mean(
        {label: 2 * right[i] / (sizes[i] + found[i]) for i, label in enumerate(LABELS) if sizes[i] > 0}
    )
