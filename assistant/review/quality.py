"""How well it was heard and understood, by what a person said about it afterwards."""

from __future__ import annotations

import json
from dataclasses import dataclass
from math import sqrt
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from assistant.audiotest.words import word_errors
from assistant.records import stamp
from intents.normalise import clean

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from assistant.review.periods import Period
    from assistant.store.store import Store

MOST: Final = 2_000
"""So many reviewed interactions of a time are counted, those with the newest verdicts."""
ROUNDS: Final = 1_000
"""Of the bootstrap."""


@dataclass(frozen=True, kw_only=True)
class Share:
    """A part of a number of things."""

    part: int
    """So many of them."""
    whole: int
    """How many there are."""
    low: float
    """Lower end of the 95 % interval of the share."""
    high: float
    """Its upper end."""

    @property
    def share(self) -> float:
        """In [0, 1]; 0 of nothing."""
        return self.part / self.whole if self.whole else 0.0

    @classmethod
    def of(cls, part: int, whole: int) -> Share:
        """With the interval by Wilson's score."""
        low, high = wilson(part, whole)
        return cls(part=part, whole=whole, low=low, high=high)


@dataclass(frozen=True, kw_only=True)
class Quality:
    """By the newest verdict on each interaction of a time."""

    reviewed: int
    """How many have a verdict."""
    right: Share
    """Understood as they were meant: intent and every slot."""
    intents: Share
    """Intent as it was meant, of all reviewed."""
    slots: Share
    """Every slot as it was meant, of those whose intent was and that have any."""
    words: Share
    """Word errors by words said (word error rate, which may pass 1), of those that were spoken."""
    heard: Share
    """Heard word for word, of those that were spoken."""
    false_orders: int
    """Ordered, and should not have been."""
    all_of_them: bool
    """False when there are more than are counted."""


def newest_verdicts(store: Store, when: Period, most: int = MOST + 1) -> list[dict[str, Any]]:
    """The newest verdict on each interaction of a time, the newest first, beside what the interaction came to."""
    return store.rows(
        """
        SELECT v.verdict, v.said, v.intent AS meant, v.slots AS meant_slots, i.session, i.source, i.transcript,
            i.intent, i.slots, i.outcome
        FROM verdicts AS v CROSS JOIN interactions AS i ON i.id = v.interaction_id
        WHERE i.at >= ? AND i.at < ?
            AND NOT EXISTS (
                SELECT 1 FROM verdicts AS n WHERE n.interaction_id = v.interaction_id AND n.number > v.number
            )
            AND NOT EXISTS (SELECT 1 FROM forgotten AS f WHERE f.interaction_id = v.interaction_id)
        ORDER BY v.number DESC LIMIT ?
        """,
        [stamp(when.since), stamp(when.until), most],
    )


def quality_of(rows: Sequence[dict[str, Any]]) -> Quality:
    """Of the newest verdicts of a time, as `newest_verdicts` gives one more than are counted."""
    counted = rows[:MOST]
    spoken = [row for row in counted if row["source"] != "typed"]
    meant = [row for row in counted if _intent_right(row)]
    slotted = [row for row in meant if _slots(row["meant_slots"]) | _slots(row["slots"])]
    return Quality(
        reviewed=len(counted),
        right=Share.of(sum(row["verdict"] == "right" for row in counted), len(counted)),
        intents=Share.of(len(meant), len(counted)),
        slots=Share.of(sum(_slots_right(row) for row in slotted), len(slotted)),
        words=_word_errors(spoken),
        heard=Share.of(sum(clean(row["said"]) == clean(row["transcript"]) for row in spoken), len(spoken)),
        false_orders=sum(row["verdict"] == "wrong" and row["outcome"] == "ordered" for row in counted),
        all_of_them=len(rows) <= MOST,
    )


def wilson(part: int, whole: int) -> tuple[float, float]:
    """95 % interval of a share, by Wilson's score; (0, 1) of nothing."""
    if not whole:
        return 0.0, 1.0
    z, share = 1.959964, part / whole
    middle = share + z * z / (2 * whole)
    spread = z * sqrt(share * (1 - share) / whole + z * z / (4 * whole * whole))
    scale = 1 + z * z / whole
    return max(0.0, (middle - spread) / scale), min(1.0, (middle + spread) / scale)


def _intent_right(row: dict[str, Any]) -> bool:
    return bool(row["verdict"] == "right" or row["meant"] == row["intent"])


def _slots_right(row: dict[str, Any]) -> bool:
    return row["verdict"] == "right" or _slots(row["meant_slots"]) == _slots(row["slots"])


def _slots(text: str) -> frozenset[tuple[str, str]]:
    return frozenset((name, str(value).lower()) for name, value in json.loads(text).items())


def _word_errors(spoken: Sequence[dict[str, Any]]) -> Share:
    """The word error rate, with an interval by the bootstrap over conversations, whose turns depend on each other.

    Where no word is wrong the bootstrap knows of no error; there Wilson's interval of as many words is given.
    """
    counts: dict[str, tuple[int, int]] = {}
    for row in spoken:
        errors, words = word_errors(row["said"], row["transcript"])
        before = counts.get(row["session"], (0, 0))
        counts[row["session"]] = (before[0] + (errors or 0), before[1] + words)
    table = np.array(list(counts.values()), np.int64).reshape(-1, 2)
    wrong, words = (int(each) for each in table.sum(axis=0))
    if not wrong or not words:
        return Share.of(wrong, words)
    low, high = _bootstrap(table)
    return Share(part=wrong, whole=words, low=low, high=high)


def _bootstrap(table: NDArray[np.int64]) -> tuple[float, float]:
    """95 % interval of the ratio of two columns' sums, rows drawn anew; the same for the same table."""
    drawn = np.random.default_rng(0).integers(0, len(table), (ROUNDS, len(table)))
    sums = table[drawn].sum(axis=1)
    ratios = sums[:, 0] / np.maximum(sums[:, 1], 1)
    low, high = np.percentile(ratios, [2.5, 97.5])
    return float(low), float(high)
