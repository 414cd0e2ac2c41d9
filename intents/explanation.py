"""What each step made of a text on the way to its meaning."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from intents.evidence import Evidence
    from intents.exact import Reading
    from intents.model import Belief
    from intents.results import IntentMatch, NoMatch, SlotValue

How: TypeAlias = Literal["template", "intent", "as said", "spelling", "sound", "open"]
"""Where a slot's value comes from: a template that the text matches, the intent itself, words of the text that are a
value of a list, are nearly spelt like one or sound like one, or the place where any words may stand."""

Outcome: TypeAlias = Literal["accepted", "asked", "rejected", "ambiguous"]
"""Taken as meant, to be asked about, none of ours, or not for us to choose."""


@dataclass(frozen=True, kw_only=True)
class Origin:
    """How a slot came by its value."""

    slot: str
    """Name of the slot."""
    value: SlotValue
    """What it was filled with."""
    how: How
    """Where that comes from."""
    heard: str = ""
    """The words of the text, where they are known."""


@dataclass(frozen=True, kw_only=True)
class Decision:
    """What one step decided."""

    step: str
    """Name of the step."""
    outcome: Outcome
    """What it came to."""
    intent: str | None = None
    """The intent it is about, if any came near."""
    score: float | None = None
    """Likeness or probability in [0, 1], where the step has one."""
    why: str = ""
    """The reason, with the thresholds that it hangs on."""


@dataclass(frozen=True, kw_only=True)
class ModelView:
    """The model's part."""

    belief: Belief
    """Probabilities and thresholds."""
    evidence: Evidence | None = None
    """What of an order was found, where the model saw one."""
    known: bool = True
    """Whether its likeliest label is an intent of the catalogue."""
    denial: str | None = None
    """A word that may deny a command of that label."""
    other: str | None = None
    """A phrase that makes it about something else."""


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """The steps that were taken, each None if the one before had decided, and the result."""

    text: str
    """The text as it was compared (normalised)."""
    exact: tuple[Reading, ...] = ()
    """Templates that match word for word, the best first."""
    model: ModelView | None = None
    """What the model made of it."""
    fuzzy: IntentMatch | NoMatch | None = None
    """What likeness made of it, or the answer that was asked for once it was repaired by sound."""
    likeness: str = ""
    """Why likeness came to that."""
    marked_up: bool = False
    """Whether it has signs of code or markup, so that the model may only ask."""
    in_dialogue: bool = False
    """Whether a question was open, so that of the model only what is certain counts."""
    result: IntentMatch | NoMatch
    """What it came to."""
    note: str = ""
    """Why no step was taken."""
