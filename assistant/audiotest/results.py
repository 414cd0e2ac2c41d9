"""What was heard of each case, and a whole run of them, as they are kept and compared."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

SlotValue: TypeAlias = str | int


@dataclass(frozen=True, kw_only=True)
class CaseResult:
    """One recording, heard by one engine under one condition, against its label."""

    engine: str
    """Short name of the engine."""
    condition: str
    """Label of the condition."""
    audio: str
    """The recording, as the corpus names it."""
    conversation: int
    """Number of the conversation in the corpus, from 0; a case without one is a conversation of its own."""
    expected_intent: str | None
    """The label; None when it is out of scope."""
    expected_slots: dict[str, SlotValue]
    """The labelled slots."""
    expected_text: str
    """What is said, if known."""
    text: str = ""
    """What was recognised, the utterances one after the other."""
    intent: str | None = None
    """What it was taken for; None when it was rejected, or not heard as speech."""
    slots: dict[str, SlotValue] = field(default_factory=dict)
    """What was understood of it."""
    outcome: str = ""
    """What became of it; empty when nothing was heard."""
    utterances: int = 0
    """Utterances that the recording was cut into; 0 when nothing was taken for speech."""
    accepted: bool = False
    """In scope: intent, every labelled slot (and the outcome, if labelled) are as labelled."""
    false_order: bool = False
    """It was taken for an order that it is not, or an order was placed that nobody gave."""
    word_errors: int | None = None
    """Words substituted, deleted and inserted; None when the text is not known."""
    words: int = 0
    """Words in the known text."""
    audio_us: int = 0
    """Length of what was heard, padding included, microseconds."""
    cpu_us: int = 0
    """Processor time of listening, recognition and understanding."""
    recognition_cpu_us: int = 0
    """Processor time of the recogniser alone."""
    latency_us: int | None = None
    """From the end of speech to the reply, the endpoint in the time of the sound; None when nothing was heard."""
    booked_micros: int = 0
    """Revenue booked by its conversation, millionths; on the conversation's last case."""
    due_micros: int = 0
    """Revenue that should have been booked, likewise."""
    error: str = ""
    """Why it could not be heard, if so: an unreadable file, or a recogniser that ended."""

    @property
    def key(self) -> tuple[str, str, str, int]:
        """What pairs it with the same case of another run."""
        return self.engine, self.condition, self.audio, self.conversation

    @property
    def in_scope(self) -> bool:
        """Whether it is a command."""
        return self.expected_intent is not None

    @property
    def right(self) -> bool:
        """Accepted if it is a command, and rejected if it is none."""
        return not self.error and (self.accepted if self.in_scope else self.intent is None)


@dataclass(frozen=True, kw_only=True)
class Run:
    """A whole run, or as much of it as was done."""

    corpus: str
    """The corpus' name."""
    cases: int
    """Cases in the corpus."""
    seed: int
    """Of everything random."""
    endpointing: bool
    """True: the whole way from a microphone's sound. False: the recogniser was given each recording whole."""
    currency: str
    """ISO 4217 code."""
    plan: str
    """The pricing plan."""
    versions: dict[str, str]
    """Of Pennyworth, of the definitions, and of each engine with its model."""
    conditions: tuple[str, ...]
    """Labels, in order."""
    engines: tuple[str, ...]
    """Short names, in order."""
    results: tuple[CaseResult, ...]
    """By engine, condition and place in the corpus."""

    @property
    def complete(self) -> bool:
        """Whether every case was heard under every condition by every engine."""
        return len(self.results) == self.cases * len(self.conditions) * len(self.engines)

    def of(self, engine: str, condition: str) -> list[CaseResult]:
        """The results of one engine under one condition."""
        return [it for it in self.results if it.engine == engine and it.condition == condition]
