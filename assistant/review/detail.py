"""One interaction, whole."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from assistant.dialogue.pin import REDACTED
from assistant.dialogue.slots import for_people
from assistant.review import charts
from assistant.store.journal import session_turns
from assistant.store.search import neighbours
from assistant.store.verdicts import verdicts_on
from hardware.audio import SAMPLE_RATE
from hardware.audiofile import read_chunks
from hardware.errors import HardwareError
from intents.account import decisions
from intents.results import Expected, IntentMatch

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from assistant.ledger.transactions import Transaction
    from assistant.records import Interaction
    from assistant.review.settings import Review
    from assistant.store.audio import AudioShelf
    from assistant.store.store import Store
    from intents.explanation import Explanation
    from intents.results import NoMatch

REFUNDABLE: Final = ("completed", "settled")
SAME_SCORE: Final = 0.0005
"""Scores that differ by less are shown alike."""


def make_detail(store: Store, review: Review, shelf: AudioShelf, number: str) -> dict[str, Any] | None:
    """What its page shows; None when there is none of that number."""
    it = store.interaction(number)
    if it is None:
        return None
    forgotten = bool(store.rows("SELECT 1 FROM forgotten WHERE interaction_id = ?", [it.id]))
    booked = store.transactions([it.id])[it.id]
    order = store.order(it.order_id) if it.order_id else None
    newer, older = neighbours(store, it.number)
    effort = it.effort
    latency = {
        "endpoint": effort.endpoint_us / 1000,
        "recognition": effort.recognition_us / 1000,
        "understanding": effort.understanding_us / 1000,
    }
    turns = session_turns(store, it.session)
    return {
        "it": it,
        "forgotten": forgotten,
        "wave": _wave(it, shelf),
        "why": None if forgotten else why(it, turns, review),
        "turns": turns,
        "order": order,
        "refundable": bool(order and order[1] and order[1][-1].state in REFUNDABLE),
        "transactions": [(each, _sources(each, review)) for each in booked],
        "latency": latency,
        "stages": charts.stages(latency, name="stages", title="Latency by stage, milliseconds"),
        "verdicts": verdicts_on(store, it.id),
        "intents": review.intents,
        "newer": newer,
        "older": older,
    }


@dataclass(frozen=True, kw_only=True)
class Why:
    """Why a text was taken for what it was, worked out again."""

    steps: Sequence[tuple[str, str, float | None]]
    """As `steps` gives them."""
    asked: str
    """What was asked before it; empty: nothing was."""
    asked_is_known: bool
    """False where the log does not say what was asked, and it was taken from the turns before."""
    same_definitions: bool
    """Whether the definitions are those of then."""
    same: bool
    """Whether it comes to what it came to then."""


def why(it: Interaction, turns: Sequence[Interaction], review: Review) -> Why | None:
    """Why it was understood so, by the definitions of now, after what was asked then; None where no words are left."""
    if not it.transcript or it.transcript == REDACTED:
        return None
    expected = _expected(it, turns)
    explanation = review.why(it.transcript, expected, it.at)
    found = explanation.result
    step = found.step if isinstance(found, IntentMatch) else found.reason
    return Why(
        steps=steps(explanation),
        asked=_asked(expected) if expected else "",
        asked_is_known=it.expected is not None or expected is None,
        same_definitions=it.catalogue == review.catalogue,
        same=step == it.step and abs(found.score - it.score) < SAME_SCORE,
    )


def _asked(expected: Expected) -> str:
    if expected.answered:
        return f"nothing; what follows up on {expected.intent}"
    return f"{expected.slot or 'an answer'}, about {expected.intent}".replace("_", " ")


def _expected(it: Interaction, turns: Sequence[Interaction]) -> Expected | None:
    """What the question before it made likely: as the log says, or else as far as the turns before tell."""
    if it.expected is not None:
        return Expected.from_log(it.expected)
    about = next((turn.intent for turn in reversed(turns) if turn.number < it.number and turn.intent), None)
    slot = next(iter(it.slots), None) if it.step == "answer" else None
    return Expected(intent=about, slot=slot) if about else None


def steps(explanation: Explanation) -> list[tuple[str, str, float | None]]:
    """What each step decided about a text, in the order taken: name, in words, and score in [0, 1] if it has one."""
    rows: list[tuple[str, str, float | None]] = []
    for each in decisions(explanation):
        about = f"{each.outcome} {each.intent or ''}".strip().replace("_", " ")
        rows.append((each.step, f"{about}: {each.why}" if each.why else about, each.score))
        if each.step == "model" and explanation.model:
            shares = sorted(explanation.model.belief.probabilities.items(), key=lambda share: -share[1])
            rows += [("model", label, share) for label, share in shares[:4] if label != each.intent]
    rows.append(("result", *_outcome(explanation.result)))
    return rows


def _outcome(result: IntentMatch | NoMatch) -> tuple[str, float]:
    if isinstance(result, IntentMatch):
        how = "accepted" if result.certain else "to be asked about"
        return f"{result.intent} {slots_text(result.slots)} {how} ({result.step})".replace(
            "  ", " "
        ), result.score
    nearest = f"; nearest: {result.runner_up}" if result.runner_up else ""
    return f"no match: {result.reason}{nearest}", result.score


def slots_text(slots: Mapping[str, Any]) -> str:
    """Slots as a person reads them: "size: large, topping: ham"."""
    return ", ".join(f"{name}: {value}" for name, value in for_people(slots).items())


def _wave(it: Interaction, shelf: AudioShelf) -> Any:
    path = shelf.find(it.id)
    if path is None:
        return None
    try:
        samples = np.concatenate([chunk.samples for chunk in read_chunks(path)])
    except (HardwareError, ValueError):
        return None
    return charts.waveform(samples, SAMPLE_RATE, it.words)


def _sources(transaction: Transaction, review: Review) -> list[str]:
    return list(dict.fromkeys(filter(None, (review.source(transaction, p) for p in transaction.postings))))
