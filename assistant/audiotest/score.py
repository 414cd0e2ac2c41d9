"""Metrics of a condition, each with a bootstrap 95 % interval."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from assistant.audiotest.results import CaseResult

ROUNDS: Final = 1000
"""Resamples."""

NONE: Final = "none"
"""Out of scope, in the confusion matrix."""

Interval: TypeAlias = tuple[float, float]


@dataclass(frozen=True, kw_only=True)
class Score:
    """How one engine did under one condition. Shares are None where there is nothing to take a share of."""

    engine: str
    """Short name."""
    condition: str
    """Label."""
    cases: int
    """All of them."""
    in_scope: int
    """Commands among them."""
    failed: int
    """Cases that could not be heard at all: unreadable, or the recogniser ended. They count as not understood."""
    accepted: int
    """Commands with intent and every labelled slot as labelled."""
    command_acceptance: float | None
    """Accepted, of the commands."""
    intent_accuracy: float | None
    """Cases taken for the intent that they are of, rejections included, of all."""
    slot_f1: float | None
    """F1 over (slot, value), micro-averaged over all cases."""
    wer: float | None
    """Word errors by words, over the cases whose text is known."""
    false_accepts: int
    """Cases out of scope that were taken for a command."""
    false_accept_rate: float | None
    """The same, of those out of scope."""
    false_orders: int
    """Cases taken for an order that they are not, or that placed an order that nobody gave."""
    false_order_rate: float | None
    """The same, of all."""
    real_time_factor: float | None
    """Processor time of listening, recognition and understanding, by the length of the sound."""
    recognition_real_time_factor: float | None
    """Processor time of the recogniser alone, by the length of the sound."""
    latency_p50_ms: float | None
    """Median from the end of speech to the reply."""
    latency_p95_ms: float | None
    """95th percentile of the same."""
    booked_micros: int
    """Revenue that was booked, millionths."""
    due_micros: int
    """Revenue that should have been booked, millionths."""
    intervals: Mapping[str, Interval | None]
    """95 % interval of each metric above, by its name; None where the metric is."""
    confusion: Mapping[tuple[str, str], int]
    """(labelled, taken for) to cases, `NONE` for out of scope and for rejected; without those that failed."""


_RATIOS: Final = {
    "command_acceptance": ("accepted", "in_scope"),
    "intent_accuracy": ("intent_right", "cases"),
    "slot_f1": ("slots_doubly_right", "slots_both"),
    "wer": ("word_errors", "words"),
    "false_accept_rate": ("false_accepts", "out_of_scope"),
    "false_order_rate": ("false_orders", "cases"),
    "real_time_factor": ("cpu_us", "audio_us"),
    "recognition_real_time_factor": ("recognition_cpu_us", "audio_us"),
}
"""Metric to what is divided by what."""

_SUMS: Final = ("false_accepts", "false_orders", "booked_micros", "due_micros")


def score(results: Sequence[CaseResult], *, seed: int) -> Score:
    """Score the results of one engine under one condition; at least one.

    The bootstrap draws conversations, not cases, as the lines of one conversation depend on each other; its
    random numbers depend on `seed`, engine and condition only. Where all cases agree the interval has no width:
    it says nothing of what so few cases cannot show.
    """
    engine, condition = results[0].engine, results[0].condition
    counts = [_counts(result) for result in results]
    names = list(counts[0])
    groups = {number: index for index, number in enumerate(dict.fromkeys(it.conversation for it in results))}
    of_group = np.array([groups[it.conversation] for it in results])
    table = np.zeros((len(groups), len(names)))
    np.add.at(table, of_group, np.array([[row[name] for name in names] for row in counts], np.float64))
    latency = np.array([np.nan if it.latency_us is None else it.latency_us / 1000 for it in results])
    total = _metrics(dict(zip(names, table.sum(axis=0), strict=True)), latency)
    digest = hashlib.sha256(f"{seed}\0{engine}\0{condition}".encode()).digest()
    rng = np.random.default_rng(int.from_bytes(digest[:16]))
    drawn: dict[str, list[float]] = {name: [] for name in total}
    for _ in range(ROUNDS):
        times = np.bincount(rng.integers(0, len(groups), len(groups)), minlength=len(groups))
        sums = dict(zip(names, times @ table, strict=True))
        for name, value in _metrics(sums, np.repeat(latency, times[of_group])).items():
            if value is not None:
                drawn[name].append(value)
    whole = {name: sum(row[name] for row in counts) for name in names}
    return Score(
        engine=engine,
        condition=condition,
        cases=len(results),
        in_scope=whole["in_scope"],
        failed=sum(bool(it.error) for it in results),
        accepted=whole["accepted"],
        false_accepts=whole["false_accepts"],
        false_orders=whole["false_orders"],
        booked_micros=whole["booked_micros"],
        due_micros=whole["due_micros"],
        **{name: total[name] for name in (*_RATIOS, "latency_p50_ms", "latency_p95_ms")},
        intervals={name: _interval(drawn[name]) if total[name] is not None else None for name in total},
        confusion=Counter((it.expected_intent or NONE, it.intent or NONE) for it in results if not it.error),
    )


def _counts(it: CaseResult) -> dict[str, int]:
    wanted = {(name, str(value)) for name, value in it.expected_slots.items()}
    found = {(name, str(value)) for name, value in it.slots.items()}
    return {
        "cases": 1,
        "in_scope": it.in_scope,
        "out_of_scope": not it.in_scope,
        "accepted": it.accepted,
        "intent_right": not it.error and it.intent == it.expected_intent,
        "slots_doubly_right": 2 * len(wanted & found),
        "slots_both": len(wanted) + len(found),
        "word_errors": it.word_errors or 0,
        "words": it.words,
        "false_accepts": not it.in_scope and it.intent is not None,
        "false_orders": it.false_order,
        "cpu_us": it.cpu_us,
        "recognition_cpu_us": it.recognition_cpu_us,
        "audio_us": it.audio_us,
        "booked_micros": it.booked_micros,
        "due_micros": it.due_micros,
    }


def _metrics(sums: Mapping[str, float], latency_ms: NDArray[np.float64]) -> dict[str, float | None]:
    metrics: dict[str, float | None] = {
        name: float(sums[part] / sums[whole]) if sums[whole] else None
        for name, (part, whole) in _RATIOS.items()
    }
    known = latency_ms[~np.isnan(latency_ms)]
    for name, share in (("latency_p50_ms", 50), ("latency_p95_ms", 95)):
        metrics[name] = float(np.percentile(known, share)) if len(known) else None
    return metrics | {name: float(sums[name]) for name in _SUMS}


def _interval(drawn: Sequence[float]) -> Interval | None:
    if not drawn:
        return None
    low, high = np.percentile(drawn, [2.5, 97.5])
    return float(low), float(high)
