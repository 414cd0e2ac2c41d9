"""A small network over sparse features: one hidden layer, trained by AdaGrad on the CPU in seconds.

It tells apart the finer labels of the corpora, and the probability of a label is the sum of those of its finer ones:
"none" is a hundred things, which no single direction of the hidden layer parts from the rest.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, vstack

if TYPE_CHECKING:
    from collections.abc import Sequence

Floats: TypeAlias = NDArray[np.float32]
Indices: TypeAlias = NDArray[np.int64]

_SMALLEST: Final = 1e-6


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """How a network is trained."""

    members: int = 2
    """Networks trained from different seeds, averaged into one: they err alike less often than one errs."""
    hidden: int = 28
    """Units of the hidden layer of each."""
    epochs: int = 12
    """Passes over the examples."""
    batch: int = 128
    """Examples a step."""
    rate: float = 0.12
    """Learning rate of AdaGrad, falling to nothing by the end."""
    dropout: float = 0.5
    """Share of the features of an example that a step leaves out."""
    balance: float = 0.35
    """Exponent of the inverse frequency of a label in its weight: 0 weighs examples alike, 1 labels."""
    fine_weight: float = 0.3
    """Weight of the loss of the finer labels beside that of the labels."""
    misheard: float = 0.5
    """Share of the cases that a pass takes as they might be misheard."""
    seed: int = 0
    """Of the first weights, the order of examples and the dropout."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Network:
    """Weights: softmax(relu(x @ inner + inner_bias) @ outer + outer_bias), summed up over the finer labels of each."""

    inner: Floats
    """(features, hidden)."""
    inner_bias: Floats
    """(hidden,)."""
    outer: Floats
    """(hidden, finer labels)."""
    outer_bias: Floats
    """(finer labels,)."""
    sizes: Sequence[int]
    """How many finer labels each label has; they stand in the order of the labels."""

    def probabilities(self, x: csr_matrix) -> Floats:
        """(examples, labels)."""
        hidden = np.maximum(x @ self.inner + self.inner_bias, 0)
        finer = _softmax(hidden @ self.outer + self.outer_bias)
        return np.asarray(np.add.reduceat(finer, starts(self.sizes), axis=1), np.float32)


def starts(sizes: Sequence[int]) -> Indices:
    """(labels,) the index of the first finer label of each label, by how many each has; no label is without."""
    return np.cumsum([0, *sizes[:-1]])


def train(
    x: csr_matrix,
    fine: Indices,
    sizes: Sequence[int],
    weights: Floats,
    recipe: Recipe,
    misheard: Sequence[csr_matrix] = (),
) -> Network:
    """Train on examples `x` (examples, features; float32) whose finer labels are `fine`, `sizes` of them a label.

    `weights` is what each example counts. The loss is the log probability of the label and, with `fine_weight`, that of
    the finer label. `misheard` are the first examples again (cases, features), each time with other errors: every pass
    takes a share of them in place of the examples. Deterministic on one machine with one thread; another processor may
    round otherwise.
    """
    rng = np.random.default_rng(recipe.seed)
    examples, features = x.shape
    every = csr_matrix(vstack([x, *misheard]))
    label_of = np.repeat(np.arange(len(sizes)), sizes)
    inner = _normal(rng, (features, recipe.hidden))
    inner_bias = np.zeros(recipe.hidden, np.float32)
    outer = _normal(rng, (recipe.hidden, len(label_of)))
    outer_bias = np.zeros(len(label_of), np.float32)
    dense = [inner_bias, outer, outer_bias]
    dense_sums = [np.full_like(array, 1e-6) for array in dense]
    # One sum of squares a feature, not a weight: rare features keep a large step in all their weights.
    inner_sums = np.full((features, 1), 1e-6, np.float32)
    for epoch in range(recipe.epochs):
        rate = np.float32(recipe.rate * (1 - epoch / recipe.epochs))
        order = rng.permutation(examples)
        taken = _mishear(rng, order, examples, [copy.shape[0] for copy in misheard], recipe.misheard)
        for start in range(0, examples, recipe.batch):
            batch = order[start : start + recipe.batch]
            part = every[taken[start : start + recipe.batch]]
            kept = rng.random(part.data.shape, dtype=np.float32) >= recipe.dropout
            part.data = part.data * (kept / np.float32(1 - recipe.dropout))
            raw = part @ inner + inner_bias
            active = raw > 0
            hidden = raw * active
            found = _softmax(hidden @ outer + outer_bias)
            of_label = found * (label_of == label_of[fine[batch], None])
            error = found - of_label / np.maximum(of_label.sum(axis=1, keepdims=True), _SMALLEST)
            found[np.arange(len(batch)), fine[batch]] -= 1
            error += np.float32(recipe.fine_weight) * found
            error *= (weights[batch] / len(batch))[:, None]
            back = (error @ outer.T) * active
            columns, places = np.unique(part.indices, return_inverse=True)
            narrow = csr_matrix((part.data, places, part.indptr), shape=(len(batch), len(columns)))
            step = narrow.T @ back
            inner_sums[columns] += (step**2).mean(axis=1, keepdims=True)
            inner[columns] -= rate * step / np.sqrt(inner_sums[columns])
            steps = [back.sum(0), hidden.T @ error, error.sum(0)]
            for array, sums, dense_step in zip(dense, dense_sums, steps, strict=True):
                sums += dense_step**2
                array -= rate * dense_step / np.sqrt(sums)
    return Network(inner=inner, inner_bias=inner_bias, outer=outer, outer_bias=outer_bias, sizes=sizes)


def _mishear(
    rng: np.random.Generator, order: Indices, examples: int, copies: Sequence[int], share: float
) -> Indices:
    """`order` with a `share` of the examples that have copies replaced by one of these, which stand behind all."""
    if not copies:
        return order
    cases = copies[0]
    replaced = (rng.random(len(order)) < share) & (order < cases)
    which = rng.integers(len(copies), size=len(order))
    return np.where(replaced, examples + which * cases + order, order)


def average(networks: Sequence[Network]) -> Network:
    """The network whose logits are the mean of those of all `networks`: their hidden layers side by side."""
    return Network(
        inner=np.concatenate([network.inner for network in networks], axis=1),
        inner_bias=np.concatenate([network.inner_bias for network in networks]),
        outer=np.asarray(np.concatenate([network.outer for network in networks]) / len(networks), np.float32),
        outer_bias=np.mean([network.outer_bias for network in networks], axis=0, dtype=np.float32),
        sizes=networks[0].sizes,
    )


def _normal(rng: np.random.Generator, shape: tuple[int, int]) -> Floats:
    return (0.1 * rng.standard_normal(shape)).astype(np.float32)


def _softmax(logits: Floats) -> Floats:
    exponents = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(exponents / exponents.sum(axis=1, keepdims=True), np.float32)
