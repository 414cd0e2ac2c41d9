"""Parts of a corpus for cross-validation: what is nearly the same sentence stays in one part."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from scipy.sparse import csr_matrix, diags, vstack
from scipy.sparse.csgraph import connected_components

if TYPE_CHECKING:
    from collections.abc import Sequence

    from intents.training.network import Indices

_ALIKE: Final = 0.85
_BLOCK: Final = 2000


def group_alike(texts: Sequence[str]) -> Indices:
    """(texts,) the number of each text's group: a group holds all that are alike, directly or by way of others.

    Two texts are alike if the cosine of their words, weighted by idf, is at least 0.85.
    """
    columns: dict[str, int] = {}
    rows, places = [], []
    for row, text in enumerate(texts):
        for word in text.split():
            rows.append(row)
            places.append(columns.setdefault(word, len(columns)))
    counts = csr_matrix((np.ones(len(rows), np.float32), (rows, places)), shape=(len(texts), len(columns)))
    with_word = np.asarray((counts > 0).sum(axis=0)).ravel()
    weighed = counts @ diags((np.log((1 + len(texts)) / (1 + with_word)) + 1).astype(np.float32))
    lengths = np.sqrt(np.asarray(weighed.multiply(weighed).sum(axis=1)).ravel())
    unit = csr_matrix(diags(1 / np.maximum(lengths, 1e-9)) @ weighed, dtype=np.float32)
    blocks = []
    for start in range(0, len(texts), _BLOCK):
        alike = csr_matrix(unit[start : start + _BLOCK] @ unit.T)
        alike.data = alike.data >= _ALIKE
        alike.eliminate_zeros()
        blocks.append(alike)
    return np.asarray(connected_components(vstack(blocks), directed=False)[1], np.int64)


def deal(groups: Indices, kinds: Sequence[str], folds: int, *, seed: int) -> Indices:
    """(texts,) the part of each text, in [0, folds): groups are dealt out whole, those of each kind one by one.

    `kinds` is the kind of each text; a group counts as that of its first. The same for the same arguments.
    """
    _, firsts, members = np.unique(groups, return_index=True, return_inverse=True)
    kind_of_group = np.array(kinds)[firsts]
    rng = np.random.default_rng(seed)
    fold_of_group = np.zeros(len(firsts), np.int64)
    for kind in sorted(set(kinds)):
        some = rng.permutation(np.flatnonzero(kind_of_group == kind))
        fold_of_group[some] = (np.arange(len(some)) + rng.integers(folds)) % folds
    return np.asarray(fold_of_group[members], np.int64)
