"""Learn letters to sounds from PocketSphinx's dictionary.

    python -m assistant.recognition.grammar.train_letters

writes `letters.json.gz` beside this file, the same bytes every time, and prints how many words of the dictionary
that were kept out of a first training come out with all their phones right.
"""

from __future__ import annotations

import gzip
import json
import math
import random
import re
import sys
from collections import Counter, defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Final

from assistant.recognition.grammar.acoustic_model import bundled_model
from assistant.recognition.grammar.letters import TABLE, contexts

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

ROUNDS: Final = 4
HELD_OUT: Final = 20
LEAST: Final = 3
"""Times that a context must have been seen."""
MOST_PHONES: Final = 2
"""Phones of one letter at most."""

_Pair = tuple[str, tuple[str, ...]]


def main() -> None:
    """Train, say how good it is, write the table."""
    pairs = read_pairs(bundled_model().dictionary)
    held_out = pairs[::HELD_OUT]
    partial = train([pair for i, pair in enumerate(pairs) if i % HELD_OUT])
    right = sum(pronounce(word, partial) == phones for word, phones in held_out)
    table = train(pairs)
    path = Path(__file__).with_name(TABLE)
    data = json.dumps(table, sort_keys=True, separators=(",", ":")).encode()
    path.write_bytes(gzip.compress(data, mtime=0))
    sys.stdout.write(
        f"{len(table)} contexts, {path.stat().st_size} bytes; of {len(held_out)} words kept out of training "
        f"{right / len(held_out):.1%} have all their phones right\n"
    )


def read_pairs(dictionary: Path) -> list[_Pair]:
    """Words of letters only with their first pronunciation, in an order that mixes the alphabet."""
    pairs = []
    for line in dictionary.read_text(encoding="utf-8").splitlines():
        word, *phones = line.split()
        if re.fullmatch("[a-z]{2,}", word) and len(phones) <= MOST_PHONES * len(word):
            pairs.append((word, tuple(phones)))
    random.Random(0).shuffle(pairs)  # noqa: S311 - an order, not a secret
    return pairs


def train(pairs: Sequence[_Pair]) -> dict[str, str]:
    """Contexts to phones; a context that says what a narrower one says already is left out."""
    aligned = align(pairs)
    counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    order: dict[str, list[str]] = {}
    for (word, _), chunks in zip(pairs, aligned, strict=True):
        for keys, chunk in zip(contexts(word), chunks, strict=True):
            said = " ".join(chunk)
            for i, key in enumerate(keys):
                counts[key][said] += 1
                order.setdefault(key, keys[i + 1 :])
    table: dict[str, str] = {}
    # Narrow contexts first, so that each is compared with what would be said without it.
    for key in sorted(counts, key=lambda key: (len(key), key)):
        total = sum(counts[key].values())
        if total < LEAST and len(key) > 3:
            continue
        said = min(counts[key], key=lambda chunk: (-counts[key][chunk], chunk))
        if next((table[narrow] for narrow in order[key] if narrow in table), None) != said:
            table[key] = said
    return table


def align(pairs: Sequence[_Pair]) -> list[list[tuple[str, ...]]]:
    """For each word the phones of each letter, by Viterbi training of letter-to-phones probabilities."""
    costs: dict[tuple[str, tuple[str, ...]], float] = {}
    aligned: list[list[tuple[str, ...]]] = []
    for _ in range(ROUNDS):
        aligned = [_best(word, phones, costs) for word, phones in pairs]
        seen = Counter(
            (letter, chunk)
            for (word, _), chunks in zip(pairs, aligned, strict=True)
            for letter, chunk in zip(word, chunks, strict=True)
        )
        letters = Counter(letter for word, _ in pairs for letter in word)
        costs = {key: -math.log(count / letters[key[0]]) for key, count in seen.items()}
    return aligned


def pronounce(word: str, table: dict[str, str]) -> tuple[str, ...]:
    """The phones of a word by a table."""
    said: Iterable[str] = (next((table[key] for key in keys if key in table), "") for keys in contexts(word))
    return tuple(" ".join(said).split())


def _best(
    word: str, phones: tuple[str, ...], costs: dict[tuple[str, tuple[str, ...]], float]
) -> list[tuple[str, ...]]:
    """The cheapest way to share the phones among the letters."""
    count = len(phones)
    best: list[tuple[float, tuple[tuple[str, ...], ...]] | None] = [None] * (count + 1)
    best[0] = (0.0, ())
    for i, letter in enumerate(word):
        following: list[tuple[float, tuple[tuple[str, ...], ...]] | None] = [None] * (count + 1)
        for j, entry in enumerate(best):
            if entry is None:
                continue
            for size in range(min(MOST_PHONES, count - j) + 1):
                chunk = phones[j : j + size]
                # At first, near the diagonal and one phone a letter.
                start = abs((j + size) / count - (i + 1) / len(word)) + 2 * abs(size - 1)
                cost = entry[0] + (costs.get((letter, chunk), 12.0) if costs else start)
                held = following[j + size]
                if held is None or cost < held[0]:
                    following[j + size] = (cost, (*entry[1], chunk))
        best = following
    end = best[count]
    return list(end[1]) if end else []


if __name__ == "__main__":
    main()
