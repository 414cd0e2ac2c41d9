"""What understanding a sentence comes to: an `IntentMatch` or a `NoMatch`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

SlotValue: TypeAlias = str | int
Kind: TypeAlias = Literal["trivial", "commerce", "dialogue"]
Step: TypeAlias = Literal["exact", "answer", "fuzzy", "model"]


@dataclass(frozen=True, kw_only=True)
class Expected:
    """What a question that was just asked makes likely: the answer to one slot of one intent, or a change of mind."""

    intent: str
    """The intent the conversation is about; templates that require it (`requires_context: {about: …}`) count."""
    slot: str | None = None
    """The slot that was asked for; None when the question was another one."""
    answered: bool = False
    """Whether nothing was asked: a command of the intent was carried out, and may be followed up ("and on sunday?");
    templates that require that (`requires_context: {after: …}`) count."""

    @classmethod
    def from_log(cls, kept: Mapping[str, str]) -> Expected | None:
        """What `to_log` kept; None for nothing."""
        if not kept:
            return None
        return cls(intent=kept["intent"], slot=kept.get("slot"), answered="answered" in kept)

    def to_log(self) -> dict[str, str]:
        """As it is kept beside an interaction."""
        slot = {"slot": self.slot} if self.slot else {}
        return {"intent": self.intent, **slot, **({"answered": "yes"} if self.answered else {})}

    @property
    def context(self) -> dict[str, str]:
        """What templates may require of the conversation."""
        return {"after" if self.answered else "about": self.intent}


@dataclass(frozen=True, kw_only=True)
class IntentMatch:
    """A sentence that is a command of ours."""

    intent: str
    """Name of the definition that matched."""
    slots: Mapping[str, SlotValue] = field(default_factory=dict)
    """Slot name to canonical value (the list value's `out` when it has one)."""
    score: float
    """1 word for word; else likeness to the sentence, or the model's probability, in [0, 1]."""
    step: Step
    """Which step decided: exact template, answer to the expected slot, likeness, or the model."""
    sentence: str
    """The sentence of ours that it was taken for (the normalised text itself unless fuzzy)."""
    follows: bool = False
    """Whether it says only in what it differs from the command before it."""
    certain: bool = True
    """False between the ask and the accept threshold: ask before acting."""
    runner_up: str | None = None
    """The next best intent, if any came near."""
    runner_up_score: float = 0.0
    """Its likeness or probability in [0, 1]."""


@dataclass(frozen=True, kw_only=True)
class NoMatch:
    """A sentence that is none of ours: a first-class answer."""

    reason: Literal["empty", "out of scope", "ambiguous", "incomplete"]
    """Why it was rejected: nothing was said, nothing is near enough, two intents are as near, or sound is missing."""
    score: float = 0.0
    """Likeness of the nearest sentence, or probability of the likeliest intent, in [0, 1]."""
    runner_up: str | None = None
    """The nearest or likeliest intent, if any."""
