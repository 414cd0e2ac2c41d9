"""The types that travel from ear to books. Frozen; one stage's result is one type."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, Literal, Self, TypeAlias

import msgspec

from assistant.money import Money

if TYPE_CHECKING:
    from collections.abc import Mapping

Source: TypeAlias = Literal["microphone", "file", "typed"]
Outcome: TypeAlias = Literal["answered", "asked", "ordered", "cancelled", "rejected", "failed"]
OrderState: TypeAlias = Literal[
    "quoted", "confirmed", "placed", "completed", "cancelled", "settled", "refunded", "charged_back"
]
ChargeName: TypeAlias = Literal[
    "affiliate",
    "fulfilment",
    "support_placed",
    "support_refunded",
    "support_charged_back",
    "payment_fee",
    "refund",
    "chargeback",
]

LIFE: Final[Mapping[OrderState | None, frozenset[OrderState]]] = {
    None: frozenset({"quoted"}),
    "quoted": frozenset({"confirmed", "cancelled"}),
    "confirmed": frozenset({"placed"}),
    "placed": frozenset({"completed", "cancelled"}),
    "completed": frozenset({"settled", "refunded", "charged_back"}),
    "settled": frozenset({"refunded", "charged_back"}),
    "cancelled": frozenset(),
    "refunded": frozenset(),
    "charged_back": frozenset(),
}
"""What may follow each state of an order; None is an order that has no event yet."""


@dataclass(frozen=True, kw_only=True)
class Word:
    """One recognised word."""

    text: str
    """As the recogniser spells it, lower case."""
    start_s: float
    """Seconds from the beginning of the utterance."""
    end_s: float
    """Seconds from the beginning of the utterance."""
    confidence: float | None = None
    """In [0, 1] as the engine reports it; under a grammar it says little, so nothing is decided by it alone."""


@dataclass(frozen=True, kw_only=True)
class Alternative:
    """Another hypothesis of what was said, to be looked at: what is done goes by the best one."""

    text: str
    """Lower case."""
    behind: float | None = None
    """How far it is behind the best hypothesis, natural logarithm of the likelihood; None where that is not known."""


@dataclass(frozen=True, kw_only=True)
class Transcript:
    """What a recogniser made of one utterance."""

    text: str
    """The best hypothesis, lower case; empty when nothing was recognised."""
    words: tuple[Word, ...] = ()
    """The words of the best hypothesis with their times."""
    alternatives: tuple[Alternative, ...] = ()
    """Other hypotheses, best first."""
    doubtful: bool = False
    """Whether it may be speech of another kind: too little to order by."""
    unfinished: float = 0.0
    """How much likelier it is that the speech breaks off within a sentence: natural logarithm, 0 where it is not."""
    engine: str
    """"vosk", "pocketsphinx", or "typed"."""
    model: str = ""
    """Name and version of engine and model, for the log."""


@dataclass(frozen=True, kw_only=True)
class Effort:
    """What hearing and understanding one utterance took. Whole microseconds, so that a cost can be worked out again."""

    audio_us: int = 0
    """Length of the utterance."""
    listening_cpu_us: int = 0
    """Processor time of reading sound and finding the utterance, since the utterance before."""
    recognition_cpu_us: int = 0
    """Processor time of the recogniser."""
    understanding_cpu_us: int = 0
    """Processor time of matching and dialogue."""
    endpoint_us: int = 0
    """Latency: from the end of speech to the endpoint, in the time of the sound."""
    recognition_us: int = 0
    """Latency: from the endpoint to the transcript."""
    understanding_us: int = 0
    """Latency: from the transcript to the reply."""
    lost_frames: int = 0
    """Samples at 16 kHz that the device dropped within the utterance."""

    @property
    def cpu_us(self) -> tuple[int, int, int]:
        """Processor time of listening, recognition and understanding."""
        return self.listening_cpu_us, self.recognition_cpu_us, self.understanding_cpu_us


@dataclass(frozen=True, kw_only=True)
class Heard:
    """A transcript on its way into the pipeline, with where it came from."""

    transcript: Transcript
    """What was said, as far as the recogniser can tell."""
    source: Source
    """Microphone, file, or typed."""
    origin: str = ""
    """Name of the file or the device; empty when typed."""
    truncated: bool = False
    """True when the hard limit ended the utterance."""
    effort: Effort = field(default_factory=Effort)
    """What hearing it took; understanding is added by the pipeline."""


@dataclass(frozen=True, kw_only=True)
class Interaction:
    """One utterance and what became of it: the line of the log that everything else refers to."""

    number: int = 0
    """1, 2, 3 … in this database; 0 until it is stored."""
    id: str
    """UUID of version 7, unique across devices."""
    session: str
    """UUID of the conversation that it is a turn of."""
    at: datetime
    """When it was handled, UTC."""
    device: str
    """The machine's name."""
    source: Source
    """Microphone, file, or typed."""
    origin: str
    """Name of the file or the device; empty when typed."""
    engine: str
    """Recogniser, or "typed"."""
    model: str
    """Name and version of engine and model."""
    transcript: str
    """What was heard."""
    words: tuple[Word, ...]
    """Its words with their times; empty when typed."""
    alternatives: tuple[Alternative, ...]
    """Other hypotheses, best first."""
    truncated: bool
    """True when the hard limit ended the utterance."""
    intent: str | None
    """What it was about; in a conversation the order's intent, also for a bare "yes". None: none of ours."""
    kind: str
    """"trivial", "commerce", or "none"."""
    slots: Mapping[str, str | int]
    """Slots that this very utterance filled."""
    step: str
    """Step of understanding that decided: exact, answer, fuzzy, pin; or why it was rejected."""
    score: float
    """Likeness in [0, 1]."""
    runner_up: str | None
    """The next best intent, if any came near."""
    runner_up_score: float
    """Its likeness in [0, 1]."""
    outcome: Outcome
    """What became of it."""
    reply: str
    """What was answered."""
    order_id: str | None
    """The order that it quoted, confirmed or cancelled."""
    effort: Effort
    """Processor time and latencies of every stage."""
    catalogue: str
    """Version of the intent definitions."""
    software: str
    """Version of this program."""
    plan: str
    """Pricing plan that it was booked under."""
    expected: Mapping[str, str] | None = None
    """What a question that was open made likely: the `intent` it was about and, if one was asked for, the `slot`; empty
    when none was open. None where an older version wrote it, which kept nothing of that."""

    def to_row(self) -> dict[str, Any]:
        """As a row of the table `interactions`; `number` is left to the database."""
        return {
            "id": self.id,
            "session": self.session,
            "at": stamp(self.at),
            "device": self.device,
            "source": self.source,
            "origin": self.origin,
            "engine": self.engine,
            "model": self.model,
            "transcript": self.transcript,
            "words": _json([[w.text, w.start_s, w.end_s, w.confidence] for w in self.words]),
            "alternatives": _json([asdict(each) for each in self.alternatives]),
            "truncated": int(self.truncated),
            "intent": self.intent,
            "kind": self.kind,
            "slots": _json(dict(self.slots)),
            "step": self.step,
            "score": self.score,
            "runner_up": self.runner_up,
            "runner_up_score": self.runner_up_score,
            "outcome": self.outcome,
            "reply": self.reply,
            "order_id": self.order_id,
            **{name: getattr(self.effort, name) for name in Effort.__dataclass_fields__},
            "catalogue": self.catalogue,
            "software": self.software,
            "plan": self.plan,
            "expected": None if self.expected is None else _json(dict(self.expected)),
        }

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Interaction:
        """Back from a row of the table `interactions`."""
        fields = {name: row[name] for name in cls.__dataclass_fields__ if name in row}
        fields |= {
            "at": from_stamp(row["at"]),
            "words": tuple(
                Word(text=text, start_s=start, end_s=end, confidence=confidence)
                for text, start, end, confidence in json.loads(row["words"])
            ),
            "alternatives": tuple(map(_alternative, json.loads(row["alternatives"]))),
            "truncated": bool(row["truncated"]),
            "slots": json.loads(row["slots"]),
            "effort": Effort(**{name: row[name] for name in Effort.__dataclass_fields__}),
            "expected": None if row.get("expected") is None else json.loads(row["expected"]),
        }
        return cls(**fields)


def _alternative(stored: str | dict[str, Any]) -> Alternative:
    """What is stored; logs of earlier versions hold the text alone."""
    return Alternative(text=stored) if isinstance(stored, str) else Alternative(**stored)


@dataclass(frozen=True, kw_only=True)
class Reply:
    """What became of a reply that was to be spoken. It is written when it has ended, after its interaction."""

    interaction_id: str
    """The interaction that it answers."""
    voice: str
    """Engine and voice."""
    synthesis_us: int
    """Latency: from the text of the reply to its sound; next to none if it was foreseen in the silence."""
    length_us: int
    """How long the whole reply is."""
    start_us: int | None
    """Latency: from the sound to its first sample at the loudspeaker, by PortAudio; None when it was never heard."""
    silence_us: int | None
    """From the end of the speaker's speech to the first sample of the reply; None when it was never heard."""
    stopped: bool
    """Whether it was broken off, by the wake word, by the end of the program, or because it could not be played."""

    def to_row(self) -> dict[str, Any]:
        """As a row of the table `replies`."""
        return {**asdict(self), "stopped": int(self.stopped)}

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Self:
        """The other way round."""
        return cls(**{**row, "stopped": bool(row["stopped"])})


@dataclass(frozen=True, kw_only=True)
class Charge:
    """One amount that a plan sets on an order."""

    amount: Money
    """In the order's currency."""
    words: str
    """How it was worked out."""


@dataclass(frozen=True, kw_only=True)
class OrderTerms:
    """What a plan grants and charges on an order besides its rebate; set when it is quoted."""

    charges: Mapping[ChargeName, Charge] = field(default_factory=dict)
    """By name; what is not there is nothing."""
    settlement_currency: str = ""
    """What the partner pays in, when that is not the order's currency: ISO 4217 code."""
    rates: str = ""
    """The table of exchange rates that settlement uses."""

    def to_json(self) -> str:
        """As the text of a column."""
        return _json(
            {
                "charges": {name: [each.amount.micros, each.words] for name, each in self.charges.items()},
                "settlement_currency": self.settlement_currency,
                "rates": self.rates,
            }
            if self != OrderTerms()
            else {}
        )

    @classmethod
    def from_json(cls, text: str, currency: str) -> OrderTerms:
        """Back from `to_json`, with the currency of the order."""
        stored = json.loads(text)
        return cls(
            charges={
                name: Charge(amount=Money(currency=currency, micros=micros), words=words)
                for name, (micros, words) in stored.get("charges", {}).items()
            },
            settlement_currency=stored.get("settlement_currency", ""),
            rates=stored.get("rates", ""),
        )


@dataclass(frozen=True, kw_only=True)
class Order:
    """What was read back to the customer. It does not change; its life is in its events."""

    id: str
    """UUID of version 7."""
    intent: str
    """The commerce intent: "pizza", "ride"."""
    interaction_id: str
    """The interaction that quoted it."""
    description: str
    """As it is read back: "one large pepperoni pizza"."""
    slots: Mapping[str, str | int]
    """What was asked for, complete."""
    total: Money
    """What the customer pays the partner; the currency of the other amounts, too."""
    quoted_at: datetime
    """When it was read back, UTC."""
    plan: str
    """The pricing plan that set the terms below; they hold for this order whatever is configured later."""
    rebate: Money
    """What the partner grants when the order completes (simulated)."""
    rebate_terms: str
    """How the rebate was worked out, in words."""
    notification: Money
    """What telling partner and customer costs when it is placed."""
    terms: OrderTerms = field(default_factory=OrderTerms)
    """What else the plan grants and charges."""

    def to_row(self) -> dict[str, Any]:
        """As a row of the table `orders`."""
        return {
            "id": self.id,
            "intent": self.intent,
            "interaction_id": self.interaction_id,
            "description": self.description,
            "slots": _json(dict(self.slots)),
            "total_micros": self.total.micros,
            "currency": self.total.currency,
            "quoted_at": stamp(self.quoted_at),
            "plan": self.plan,
            "rebate_micros": self.rebate.micros,
            "rebate_terms": self.rebate_terms,
            "notification_micros": self.notification.micros,
            "terms": self.terms.to_json(),
        }

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Order:
        """Back from a row of the table `orders`."""
        return cls(
            id=row["id"],
            intent=row["intent"],
            interaction_id=row["interaction_id"],
            description=row["description"],
            slots=json.loads(row["slots"]),
            total=Money(currency=row["currency"], micros=row["total_micros"]),
            quoted_at=from_stamp(row["quoted_at"]),
            plan=row["plan"],
            rebate=Money(currency=row["currency"], micros=row["rebate_micros"]),
            rebate_terms=row["rebate_terms"],
            notification=Money(currency=row["currency"], micros=row["notification_micros"]),
            terms=OrderTerms.from_json(row["terms"], row["currency"]),
        )


@dataclass(frozen=True, kw_only=True)
class OrderEvent:
    """One step in the life of an order: quoted → confirmed → placed → completed → settled, or cancelled on the way.

    What completed may be refunded or charged back, settled or not.
    """

    order_id: str
    """The order."""
    state: OrderState
    """The state that it entered."""
    at: datetime
    """When, UTC."""
    interaction_id: str
    """The interaction that brought it about; for what the partner does, the one that placed the order."""
    reason: str = ""
    """Why, when it was cancelled, refunded or charged back."""

    def to_row(self) -> dict[str, Any]:
        """As a row of the table `order_events`."""
        return {
            "order_id": self.order_id,
            "state": self.state,
            "at": stamp(self.at),
            "interaction_id": self.interaction_id,
            "reason": self.reason,
        }

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> OrderEvent:
        """Back from a row of the table `order_events`."""
        return cls(
            order_id=row["order_id"],
            state=row["state"],
            at=from_stamp(row["at"]),
            interaction_id=row["interaction_id"],
            reason=row["reason"],
        )


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What a person says about an interaction afterwards: whether it was understood, and what it really was."""

    number: int = 0
    """1, 2, 3 … in this database; 0 until it is stored."""
    interaction_id: str
    """The interaction."""
    verdict: Literal["right", "wrong"]
    """Whether intent and every slot were understood as they were meant."""
    said: str
    """What was really said, word for word."""
    intent: str | None
    """What it was about; None: none of ours."""
    slots: Mapping[str, str | int]
    """Slots that this very utterance fills."""
    reviewer: str
    """Who says so."""
    at: datetime
    """When, UTC."""

    def to_row(self) -> dict[str, Any]:
        """As a row of the table `verdicts`; `number` is left to the database."""
        return {
            "interaction_id": self.interaction_id,
            "verdict": self.verdict,
            "said": self.said,
            "intent": self.intent,
            "slots": _json(dict(self.slots)),
            "reviewer": self.reviewer,
            "at": stamp(self.at),
        }

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Verdict:
        """Back from a row of the table `verdicts`."""
        fields = {name: row[name] for name in cls.__dataclass_fields__ if name in row}
        return cls(**fields | {"slots": json.loads(row["slots"]), "at": from_stamp(row["at"])})


def _json(value: object) -> str:
    # Several times as fast as the standard library, on the way of every interaction to the disk.
    return msgspec.json.encode(value).decode()


def stamp(when: datetime) -> str:
    """ISO 8601 in UTC to the microsecond: text that sorts by time."""
    if when.tzinfo is None:
        raise ValueError(f"{when} has no time zone")
    return when.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def from_stamp(text: str) -> datetime:
    """Back from `stamp`."""
    return datetime.fromisoformat(text)
