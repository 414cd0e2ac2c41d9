"""Train the model of a language from labelled sentences and from sentences of our own, and write its file."""

from __future__ import annotations

import hashlib
import random
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from scipy.sparse import csr_matrix, diags

from intents.errors import CorpusError
from intents.features import Classes, context_features, without_address, word_features
from intents.model import NONE, Header, write_model
from intents.normalise import normalise
from intents.training.network import Recipe, train
from intents.training.sentences import draw_sentences, read_classes
from intents.training.thresholds import choose_thresholds

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from intents.cases import Case
    from intents.training.network import Floats, Indices, Network

LABELS: Final = ("music", "weather", "pizza", "ride", NONE)
FEATURES: Final = 30_000
"""How many features are kept: those that weigh most in a first training on all of them."""
FOLDS: Final = 2
_OWN: Final = "own sentences"
_OWN_A_GROUP: Final = 400
_OWN_WEIGHT: Final = 0.3
_ALWAYS: Final = -1
_SALADS: Final = 800
_SALAD_CLASSES: Final = (
    "vehicle",
    "place",
    "city",
    "dish",
    "cuisine",
    "topping",
    "meal",
    "order_verb",
    "ride_verb",
    "music",
    "sky",
)
_SEED: Final = 0

FIXED: Final = {"music": {"action": "play"}}
EVIDENCE: Final[dict[str, tuple[tuple[str, ...], tuple[str, ...]]]] = {
    "pizza": (("order_verb",), ("dish", "meal", "cuisine", "eatery", "topping")),
    "ride": (("ride_verb",), ("vehicle", "place", "city")),
}
_DENIAL: Final = (
    *(
        "not",
        "never",
        "no",
        "cancel",
        "canceled",
        "cancelled",
        "stop",
        "without",
        "nothing",
        "nor",
        "neither",
    ),
    *("forget", "undo", "quit"),
)
DENIAL: Final = {"music": ("not", "never", "stop", "quit"), "pizza": _DENIAL, "ride": _DENIAL}

ATTRIBUTION: Final = (
    "Weights computed from: SLURP (Bastianelli et al. 2020) and its parent corpus, the NLU evaluation data "
    "(Liu et al. 2019), both CC BY 4.0; CLINC150 (Larson et al. 2019), CC BY 3.0; and sentences of Pennyworth's own. "
    "Changes: texts were normalised and reduced to the weights of their n-grams; no sentence is contained."
)


@dataclass(frozen=True, kw_only=True, eq=False)
class Held:
    """A case beside what a model said of it that had not seen it."""

    case: Case
    """The case."""
    source: str
    """Name of its file, without the suffix."""
    probabilities: Floats
    """(labels,), in the order of `LABELS`."""


@dataclass(frozen=True, kw_only=True, eq=False)
class _Examples:
    texts: list[str]
    """Normalised, without the assistant's name."""
    targets: Floats
    fine: Indices
    weights: Floats
    folds: Indices
    """Fold of each, `_ALWAYS` for what every fold trains on."""
    own: int
    """How many sentences of our own are among them."""


@dataclass(frozen=True, kw_only=True, eq=False)
class _Fitted:
    features: list[str]
    idf: Floats
    network: Network


def train_model(
    language: str,
    cases_by_source: Mapping[str, Sequence[Case]],
    path: Path,
    *,
    recipe: Recipe | None = None,
    progress: Callable[[str], None] = lambda _: None,
) -> list[Held]:
    """Train on all cases, write the model to `path`, and return what cross-validation says of every case.

    The thresholds come from that cross-validation too: `FOLDS` models, each trained without a part of the cases
    (texts that are alike stay together) and asked about it. Deterministic for the same cases, processor and libraries.

    Raises:
        CorpusError: a label that the model does not have.
    """
    recipe = recipe or Recipe(seed=_SEED)
    cases = [(source, case) for source, some in cases_by_source.items() for case in some]
    for source, case in cases:
        if case.label not in LABELS:
            raise CorpusError(
                f"{source}:{case.line}: label {case.label!r} is none of {', '.join(LABELS)}; map it to one of them"
            )
    classes = read_classes(language)
    reader = Classes(classes)
    examples = _examples(language, cases, recipe)
    probabilities = np.zeros((len(cases), len(LABELS)), np.float32)
    for fold in range(FOLDS):
        progress(f"cross-validation, part {fold + 1} of {FOLDS}")
        fitted = _fit(examples, np.flatnonzero(examples.folds != fold), reader, recipe)
        held = np.flatnonzero(examples.folds[: len(cases)] == fold)
        counts = _count([examples.texts[i] for i in held], reader, fitted.features)
        probabilities[held] = fitted.network.probabilities(_weigh(counts, fitted.idf))
    held_out = [
        Held(case=case, source=source, probabilities=row)
        for (source, case), row in zip(cases, probabilities, strict=True)
    ]
    thresholds = choose_thresholds(
        [case.label for _, case in cases],
        [case.hard for _, case in cases],
        [source for source, _ in cases],
        probabilities,
        LABELS,
    )
    progress("the model itself")
    fitted = _fit(examples, np.arange(len(examples.texts)), reader, recipe)
    header = Header(
        format=1,
        language=language,
        labels=LABELS,
        thresholds=thresholds,
        fixed=FIXED,
        evidence=EVIDENCE,
        denial=DENIAL,
        classes=classes,
        trained_on={source: len(some) for source, some in cases_by_source.items()} | {_OWN: examples.own},
        attribution=ATTRIBUTION,
    )
    write_model(
        path,
        header=header,
        features=fitted.features,
        inner=fitted.network.inner * fitted.idf[:, None],
        idf=fitted.idf,
        inner_bias=fitted.network.inner_bias,
        outer=fitted.network.outer,
        outer_bias=fitted.network.outer_bias,
    )
    return held_out


def _examples(language: str, cases: Sequence[tuple[str, Case]], recipe: Recipe) -> _Examples:
    own = draw_sentences(language, limit=_OWN_A_GROUP, seed=_SEED)
    texts = [without_address(normalise(case.text)) for _, case in cases]
    folds = [int(hashlib.sha256(text.encode()).hexdigest(), 16) % FOLDS for text in texts]
    names = [case.label for _, case in cases]
    # The same fine name in two corpora need not mean the same.
    fine = [f"{source}/{case.fine or case.label}" for source, case in cases]
    counts = np.array([max(names.count(label), 1) for label in LABELS])
    balance = (len(cases) / len(LABELS) / counts) ** recipe.balance
    balance /= (balance * counts).sum() / len(cases)
    by_label = dict(zip(LABELS, balance.tolist(), strict=True))
    weights = [by_label[name] for name in names]
    # Own sentences are drawn in even numbers already. Most of the "none" among them are near the boundary, where a
    # mistake costs money, so they count for more than their label.
    weights += [_OWN_WEIGHT * max(by_label[label], 1.0) ** 0.5 for _, label in own]
    texts += [without_address(text) for text, _ in own]
    folds += [_ALWAYS] * len(own)
    names += [label for _, label in own]
    fine += [f"/{label}" for _, label in own]
    # A network is sure of many a text like none that it was shown; so it is shown words in no order.
    rng = random.Random(_SEED)  # noqa: S311 - a sample, not a secret
    common = sorted({word for text in texts for word in text.split()})
    ours = sorted(
        {
            word
            for name in _SALAD_CLASSES
            for phrase in read_classes(language)[name]
            for word in phrase.split()
        }
    )
    for _ in range(_SALADS):
        texts.append(" ".join(rng.choice(rng.choice((common, ours))) for _ in range(rng.randint(1, 12))))
        folds.append(_ALWAYS)
        names.append(NONE)
        fine.append("/salad")
        weights.append(_OWN_WEIGHT)
    return _Examples(
        texts=texts,
        targets=np.eye(len(LABELS), dtype=np.float32)[[LABELS.index(name) for name in names]],
        fine=np.unique(fine, return_inverse=True)[1],
        weights=np.array(weights, np.float32),
        folds=np.array(folds),
        own=len(own),
    )


def _fit(examples: _Examples, chosen: Indices, classes: Classes, recipe: Recipe) -> _Fitted:
    texts = [examples.texts[i] for i in chosen]
    seen = Counter(feature for text in texts for feature in set(_features(text, classes)))
    features = sorted(feature for feature, texts_with in seen.items() if texts_with > 1)
    counts = _count(texts, classes, features)
    with_feature = np.asarray((counts > 0).sum(axis=0)).ravel()
    idf = (np.log((1 + len(texts)) / (1 + with_feature)) + 1).astype(np.float32)
    arguments = examples.targets[chosen], examples.fine[chosen], examples.weights[chosen], recipe
    if len(features) > FEATURES:
        first = train(_weigh(counts, idf), *arguments)
        weight = np.sqrt((first.inner**2).sum(axis=1)) * with_feature**0.25
        kept = np.sort(np.argsort(-weight, kind="stable")[:FEATURES])
        features, counts, idf = [features[i] for i in kept], counts[:, kept], idf[kept]
    return _Fitted(features=features, idf=idf, network=train(_weigh(counts, idf), *arguments))


def _features(text: str, classes: Classes) -> list[str]:
    words = text.split()
    return [feature for word in words for feature in word_features(word)] + context_features(words, classes)


def _count(texts: Sequence[str], classes: Classes, features: Sequence[str]) -> csr_matrix:
    """(texts, features) how often each occurs, float32."""
    column = {feature: i for i, feature in enumerate(features)}
    values: list[int] = []
    columns: list[int] = []
    ends = [0]
    for text in texts:
        for feature, count in Counter(_features(text, classes)).items():
            if feature in column:
                columns.append(column[feature])
                values.append(count)
        ends.append(len(columns))
    return csr_matrix((np.array(values, np.float32), columns, ends), shape=(len(texts), len(features)))


def _weigh(counts: csr_matrix, idf: Floats) -> csr_matrix:
    """Counts times idf, each text divided by the root of the sum of idf² over its features as they occur."""
    squares = counts @ idf**2
    scale = np.where(squares > 0, np.maximum(squares, 1e-9) ** -0.5, 0).astype(np.float32)
    return csr_matrix(diags(scale) @ counts @ diags(idf), dtype=np.float32)
