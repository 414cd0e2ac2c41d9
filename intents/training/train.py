"""Train the model of a language from labelled sentences and from sentences of our own, and write its file."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np
from scipy.sparse import csr_matrix, diags

from intents.cases import require_labels
from intents.features import Classes, context_features, without_address, word_features
from intents.model import FORMAT, NONE, Header, write_model
from intents.noise import Noise
from intents.normalise import normalise
from intents.training.folds import deal, group_alike
from intents.training.network import Recipe, average, train
from intents.training.sentences import draw_sentences, read_classes
from intents.training.thresholds import choose_thresholds

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from intents.cases import Case
    from intents.training.network import Floats, Indices, Network

LABELS: Final = ("music", "weather", "pizza", "ride", NONE)
FEATURES: Final = 15_000
"""How many features are kept: those that weigh most in a first training on all of them."""
FOLDS: Final = 3
"""In how many parts the cases are cut to choose thresholds."""
_OWN: Final = "own sentences"
_OWN_A_GROUP: Final = 400
_OWN_WEIGHT: Final = 0.3
_SALADS: Final = 800
# Share of the words that are misheard, in training and where thresholds are chosen.
_MISHEARD: Final = 0.15
# How often every case is misheard for training, each time with other errors.
_COPIES: Final = 4
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
# Who asks what can be ordered, and where, has ordered nothing. "Can i get a taxi" is how a ride is ordered.
_QUESTIONS: Final = (
    *("where", "what", "which", "who", "when", "how", "does", "did", "do they", "do you"),
    *("is there", "are there", "is my", "are my", "will the", "will it", "will they", "will my"),
)
QUESTIONS: Final = {
    "pizza": (*_QUESTIONS, "can i", "can we", "could i", "could we", "may i", "may we"),
    "ride": _QUESTIONS,
}

ATTRIBUTION: Final = (
    "Weights computed from: SLURP (Bastianelli et al. 2020) and its parent corpus, the NLU evaluation data "
    "(Liu et al. 2019), both CC BY 4.0; CLINC150 (Larson et al. 2019), CC BY 3.0; and sentences of Pennyworth's own. "
    "Changes: texts were normalised and reduced to the weights of their n-grams; no sentence is contained."
)


@dataclass(frozen=True, kw_only=True, eq=False)
class Examples:
    """What there is to train on, read once: the cases of the corpora, and after them sentences of our own."""

    cases: Sequence[Case]
    """Of all sources, one after the other."""
    sources: Sequence[str]
    """Of each case the name of its file, without the suffix."""
    groups: Indices
    """(cases,) which of them are nearly the same sentence (`intents.training.folds`)."""
    own: int
    """How many sentences of our own there are."""
    labels: Indices
    """(examples,) the cases come first, then sentences of our own, then words in no order."""
    fine: Indices
    """(examples,) the finer label of each; they are numbered label by label."""
    sizes: Sequence[int]
    """How many finer labels each label has."""
    features: Sequence[str]
    """Every feature that occurs."""
    counts: csr_matrix
    """(examples, features) how often each occurs, float32."""
    misheard: csr_matrix
    """(cases, features) the counts again, of the cases with simulated recognition errors, to choose thresholds by."""
    copies: Sequence[csr_matrix]
    """Such counts with other errors, to train on."""
    classes: Mapping[str, tuple[str, ...]]
    """Class to its words and phrases."""
    language: str
    """Language code."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Fitted:
    """A model as it is trained, without thresholds."""

    columns: Indices
    """(kept,) the features of the examples that it keeps."""
    idf: Floats
    """(kept,)."""
    network: Network
    """Over the kept features."""

    def probabilities(self, counts: csr_matrix) -> Floats:
        """(examples, labels), in the order of `LABELS`, for counts of all features."""
        return self.network.probabilities(_weigh(csr_matrix(counts[:, self.columns]), self.idf))


def train_model(
    language: str,
    cases_by_source: Mapping[str, Sequence[Case]],
    path: Path,
    *,
    recipe: Recipe | None = None,
    progress: Callable[[str], None] = lambda _: None,
) -> None:
    """Train on all cases and write the model to `path`.

    The probabilities from which it asks and accepts come from cross-validation: `FOLDS` models, each trained without a
    part of the cases (texts that are alike stay together) and asked about it, well heard and misheard. Deterministic
    for the same cases, processor and libraries.

    Raises:
        CorpusError: a label that the model does not have.
    """
    examples = read_examples(language, cases_by_source)
    train_part(examples, np.arange(len(examples.cases)), path, recipe=recipe, progress=progress)


def train_part(
    examples: Examples,
    rows: Indices,
    path: Path,
    *,
    recipe: Recipe | None = None,
    progress: Callable[[str], None] = lambda _: None,
) -> None:
    """Train on the cases in `rows`, choose thresholds by cross-validation among them, and write the model to `path`."""
    recipe = recipe or Recipe(seed=_SEED)
    labels = [examples.cases[row].label for row in rows]
    sources = [examples.sources[row] for row in rows]
    heard, misheard = np.zeros((2, len(rows), len(LABELS)), np.float32)
    folds = deal(examples.groups[rows], kinds(sources, labels), FOLDS, seed=_SEED)
    for fold in range(FOLDS):
        progress(f"cross-validation, part {fold + 1} of {FOLDS}")
        held = folds == fold
        fitted = fit(examples, rows[~held], recipe)
        heard[held] = fitted.probabilities(examples.counts[rows[held]])
        misheard[held] = fitted.probabilities(examples.misheard[rows[held]])
    thresholds = choose_thresholds(
        labels, [examples.cases[row].hard for row in rows], sources, [heard, misheard], LABELS
    )
    progress("the model itself")
    fitted = fit(examples, rows, recipe)
    header = Header(
        format=FORMAT,
        language=examples.language,
        labels=LABELS,
        finer=tuple(examples.sizes),
        thresholds=thresholds,
        fixed=FIXED,
        evidence=EVIDENCE,
        denial=DENIAL,
        questions=QUESTIONS,
        classes=dict(examples.classes),
        trained_on={**Counter(sources), _OWN: examples.own},
        attribution=ATTRIBUTION,
    )
    write_model(
        path,
        header=header,
        features=[examples.features[column] for column in fitted.columns],
        inner=fitted.network.inner * fitted.idf[:, None],
        idf=fitted.idf,
        inner_bias=fitted.network.inner_bias,
        outer=fitted.network.outer,
        outer_bias=fitted.network.outer_bias,
    )


def read_examples(language: str, cases_by_source: Mapping[str, Sequence[Case]]) -> Examples:
    """The cases, sentences of our own, and the features of both. Raises `CorpusError` for a label there is not."""
    for source, some in cases_by_source.items():
        require_labels(some, LABELS, source)
    cases = [case for some in cases_by_source.values() for case in some]
    sources = [source for source, some in cases_by_source.items() for _ in some]
    classes = read_classes(language)
    own = draw_sentences(language, limit=_OWN_A_GROUP, seed=_SEED)
    texts = [without_address(normalise(case.text)) for case in cases]
    groups = group_alike(texts)
    texts += [without_address(text) for text, _ in own]
    noise = Noise({word for text in texts for word in text.split()}, rate=_MISHEARD, seed=_SEED)
    misheard, *copies = ([noise.mishear(text) for text in texts[: len(cases)]] for _ in range(1 + _COPIES))
    salads = list(_salads(texts, classes))
    texts += salads
    names = [case.label for case in cases] + [label for _, label in own] + [NONE] * len(salads)
    # The same fine name in two corpora need not mean the same.
    kinds_of = [f"{source}/{case.fine}" for source, case in zip(sources, cases, strict=True)]
    kinds_of += [""] * len(own) + ["salad"] * len(salads)
    labels = np.array([LABELS.index(name) for name in names])
    _, firsts, fine = np.unique(
        [f"{label}/{kind}" for label, kind in zip(labels, kinds_of, strict=True)],
        return_index=True,
        return_inverse=True,
    )
    reader = Classes(classes)
    features, counts = _count(texts, reader)
    return Examples(
        cases=cases,
        sources=sources,
        groups=groups,
        own=len(own),
        labels=labels,
        fine=fine,
        sizes=np.bincount(labels[firsts], minlength=len(LABELS)).tolist(),
        features=features,
        counts=counts,
        misheard=_count(misheard, reader, features)[1],
        copies=[_count(copy, reader, features)[1] for copy in copies],
        classes=classes,
        language=language,
    )


def kinds(sources: Sequence[str], labels: Sequence[str]) -> list[str]:
    """The kind of each case, all of which ought to be in every part."""
    return [f"{source}/{label}" for source, label in zip(sources, labels, strict=True)]


def fit(examples: Examples, rows: Indices, recipe: Recipe) -> Fitted:
    """Train on the cases in `rows` and on all sentences of our own."""
    chosen = np.concatenate([rows, np.arange(len(examples.cases), len(examples.labels))])
    labels = examples.labels[chosen]
    arguments = (
        examples.fine[chosen],
        examples.sizes,
        _weights(labels, len(rows), examples.own, recipe),
        recipe,
    )
    counts = csr_matrix(examples.counts[chosen])
    seen = np.asarray((counts > 0).sum(axis=0)).ravel()
    idf = (np.log((1 + len(chosen)) / (1 + seen)) + 1).astype(np.float32)
    columns = np.flatnonzero(seen > 1)
    if len(columns) > FEATURES:
        # Which features matter shows early.
        quick = replace(recipe, epochs=max(recipe.epochs // 2, 1))
        first = train(_weigh(csr_matrix(counts[:, columns]), idf[columns]), *arguments[:-1], quick)
        weight = np.sqrt((first.inner**2).sum(axis=1)) * seen[columns] ** 0.25
        columns = np.sort(columns[np.argsort(-weight, kind="stable")[:FEATURES]])
    weighed = _weigh(csr_matrix(counts[:, columns]), idf[columns])
    misheard = [_weigh(csr_matrix(copy[rows][:, columns]), idf[columns]) for copy in examples.copies]
    members = [
        train(weighed, *arguments[:-1], replace(recipe, seed=recipe.seed + member), misheard)
        for member in range(recipe.members)
    ]
    return Fitted(columns=columns, idf=idf[columns], network=average(members))


def _weights(labels: Indices, cases: int, own: int, recipe: Recipe) -> Floats:
    """(examples,) what each counts; the first are cases, then come sentences of our own, then salads."""
    sizes = np.maximum(np.bincount(labels[:cases], minlength=len(LABELS)), 1)
    balance = (cases / len(LABELS) / sizes) ** recipe.balance
    balance /= (balance * sizes).sum() / cases
    # Own sentences are drawn in even numbers already. Most of the "none" among them are near the boundary, where a
    # mistake costs money, so they count for more than their label.
    of_own = _OWN_WEIGHT * np.sqrt(np.maximum(balance, 1))
    weights = [balance[labels[:cases]], of_own[labels[cases : cases + own]]]
    weights.append(np.full(len(labels) - cases - own, _OWN_WEIGHT))
    return np.concatenate(weights).astype(np.float32)


def _salads(texts: Sequence[str], classes: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """Words in no order: a network is sure of many a text like none that it was shown, so it is shown such."""
    rng = random.Random(_SEED)  # noqa: S311 - a sample, not a secret
    common = sorted({word for text in texts for word in text.split()})
    ours = sorted({word for name in _SALAD_CLASSES for phrase in classes[name] for word in phrase.split()})
    for _ in range(_SALADS):
        yield " ".join(rng.choice(rng.choice((common, ours))) for _ in range(rng.randint(1, 12)))


def _count(
    texts: Sequence[str], classes: Classes, features: Sequence[str] | None = None
) -> tuple[Sequence[str], csr_matrix]:
    """The `features`, or all there are, and (texts, features) how often each occurs, float32."""
    found = [Counter(_features(text, classes)) for text in texts]
    features = features or sorted(set().union(*found))
    column = {feature: i for i, feature in enumerate(features)}
    known = [
        [(column[feature], n) for feature, n in counter.items() if feature in column] for counter in found
    ]
    columns, values = np.array([pair for some in known for pair in some], np.int64).reshape(-1, 2).T
    ends = np.cumsum([0, *map(len, known)])
    matrix = csr_matrix((values.astype(np.float32), columns, ends), shape=(len(texts), len(features)))
    matrix.sort_indices()
    return features, matrix


def _features(text: str, classes: Classes) -> list[str]:
    words = text.split()
    return [feature for word in words for feature in word_features(word)] + context_features(words, classes)


def _weigh(counts: csr_matrix, idf: Floats) -> csr_matrix:
    """Counts times idf, each text divided by the root of the sum of idf² over its features as they occur."""
    squares = counts @ idf**2
    scale = np.where(squares > 0, np.maximum(squares, 1e-9) ** -0.5, 0).astype(np.float32)
    return csr_matrix(diags(scale) @ counts @ diags(idf), dtype=np.float32)
