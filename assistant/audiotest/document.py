"""A run as a JSON document, to be read by programs and by a later run that compares itself with it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

import msgspec

from assistant.audiotest.results import CaseResult, Run
from assistant.errors import ConfigError
from assistant.files import write_whole
from assistant.money import Money

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from assistant.audiotest.compare import Comparison
    from assistant.audiotest.conditions import Condition
    from assistant.audiotest.score import Score

FORMAT: Final = 1
"""Raised when an older document can no longer be compared."""


def to_document(
    run: Run,
    scores: Sequence[Score],
    conditions: Mapping[str, Condition],
    comparisons: Sequence[Comparison] = (),
) -> dict[str, Any]:
    """The whole run; money in decimal strings of currency units, shares in [0, 1]."""
    return {
        "format": FORMAT,
        "simulated": True,
        "engine": run.engines[0],
        "engines": list(run.engines),
        "corpus": run.corpus,
        "cases": run.cases,
        "seed": run.seed,
        "complete": run.complete,
        "endpointing": run.endpointing,
        "plan": run.plan,
        "currency": run.currency,
        "versions": dict(run.versions),
        "conditions": [_row(score, conditions[score.condition], run.currency) for score in scores],
        **({"comparison": [_comparison(each) for each in comparisons]} if comparisons else {}),
        "results": [msgspec.to_builtins(result) for result in run.results],
    }


def _row(score: Score, condition: Condition, currency: str) -> dict[str, Any]:
    intervals: dict[str, Any] = {
        name: None if ends is None else list(ends) for name, ends in score.intervals.items()
    }
    for money in ("booked_micros", "due_micros"):
        ends = intervals.pop(money)
        name = "revenue_booked" if money == "booked_micros" else "revenue_expected"
        intervals[name] = ends and [str(Money(currency=currency, micros=round(end))) for end in ends]
    return {
        "engine": score.engine,
        "condition": score.condition,
        "noise": condition.noise_name,
        "snr_db": condition.snr_db,
        "cases": score.cases,
        "in_scope": score.in_scope,
        "failed": score.failed,
        "accepted": score.accepted,
        "command_acceptance": score.command_acceptance,
        "ci95": intervals["command_acceptance"],
        "intent_accuracy": score.intent_accuracy,
        "slot_f1": score.slot_f1,
        "wer": score.wer,
        "false_accepts": score.false_accepts,
        "false_accept_rate": score.false_accept_rate,
        "false_orders": score.false_orders,
        "real_time_factor": score.real_time_factor,
        "recognition_real_time_factor": score.recognition_real_time_factor,
        "latency_ms": {"p50": score.latency_p50_ms, "p95": score.latency_p95_ms},
        "revenue_booked": str(Money(currency=currency, micros=score.booked_micros)),
        "revenue_expected": str(Money(currency=currency, micros=score.due_micros)),
        "intervals": intervals,
        "confusion": [
            {"expected": expected, "heard": heard, "cases": count}
            for (expected, heard), count in sorted(score.confusion.items())
        ],
    }


def _comparison(each: Comparison) -> dict[str, Any]:
    return {
        "engine": each.engine,
        "condition": each.condition,
        "pairs": each.pairs,
        "unpaired": each.unpaired,
        "broke": [it.audio for it in each.broke],
        "mended": [it.audio for it in each.mended],
        "p_value": each.p_value,
        "false_orders": each.false_orders,
        "worse": each.worse,
    }


def read_run(path: Path) -> Run:
    """The run in a document that `to_document` made.

    Raises:
        ConfigError: it cannot be read, or is none.
    """
    try:
        document = json.loads(path.read_bytes())
    except OSError as error:
        raise ConfigError(f"cannot read the baseline {path}: {error.strerror}") from None
    except ValueError as error:
        raise ConfigError(f"the baseline {path} is not JSON: {error}") from None
    try:
        if document["format"] != FORMAT:
            raise ConfigError(
                f"the baseline {path} has the format {document['format']}, not {FORMAT}; run it again to make a new one"
            )
        fields = {name: document[name] for name in Run.__dataclass_fields__ if name != "conditions"}
        labels = dict.fromkeys(row["condition"] for row in document["conditions"])
        return msgspec.convert(fields | {"conditions": list(labels)}, Run)
    except (KeyError, TypeError, msgspec.ValidationError) as error:
        raise ConfigError(
            f"the baseline {path} is no result of `pennyworth audio-test --json` ({error})"
        ) from None


def write_report(path: Path, data: bytes) -> None:
    """Write a file, whole or not at all; raises ConfigError where it cannot be written."""
    try:
        write_whole(path, data)
    except OSError as error:
        raise ConfigError(f"cannot write {path}: {error.strerror}; choose another place") from None


class Journal:
    """The results so far, a line each, beside the document that they will become; a killed run goes on from it."""

    def __init__(self, path: Path, run: Run) -> None:
        """Begin one at `path`, or take up the one that is there if it is of the same run."""
        self.path = path
        self._header = msgspec.to_builtins(run)
        self._header["results"] = []
        self.kept = self._read()
        try:
            if not self.kept:
                self.path.write_text(json.dumps(self._header) + "\n", encoding="utf-8")
            self._file = self.path.open("a", encoding="utf-8")
        except OSError as error:
            raise ConfigError(f"cannot write {path}: {error.strerror}; choose another place") from None

    def add(self, results: Sequence[CaseResult]) -> None:
        """Keep the results of one conversation: all of them or none, as a line is whole or is not."""
        self._file.write(json.dumps(msgspec.to_builtins(list(results))) + "\n")
        self._file.flush()

    def close(self, *, done: bool) -> None:
        """Close it, and remove it when the document stands."""
        self._file.close()
        if done:
            self.path.unlink(missing_ok=True)

    def _read(self) -> list[CaseResult]:
        try:
            first, *lines = self.path.read_text(encoding="utf-8").splitlines(keepends=True)
        except (OSError, ValueError):
            return []
        try:
            if json.loads(first) != self._header:
                return []
            # The last line may be torn; the next one must not begin at its end.
            whole = [line for line in lines if line.endswith("\n")]
            if len(whole) < len(lines):
                self.path.write_text("".join([first, *whole]), encoding="utf-8")
            return [it for line in whole for it in msgspec.json.decode(line, type=list[CaseResult])]
        except (ValueError, msgspec.DecodeError):
            return []
