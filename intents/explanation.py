"""What each step made of a text on the way to its meaning."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from intents.evidence import Evidence
    from intents.exact import Reading
    from intents.model import Belief
    from intents.results import IntentMatch, NoMatch


@dataclass(frozen=True, kw_only=True)
class ModelView:
    """The model's part."""

    belief: Belief
    """Probabilities and thresholds."""
    evidence: Evidence | None = None
    """What of an order was found, where the model saw one."""


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
    """What likeness made of it."""
    result: IntentMatch | NoMatch
    """What it came to."""
    note: str = ""
    """Why no step was taken."""
