"""What a review is given: the log, and what is needed to read it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime, tzinfo
    from pathlib import Path

    from assistant.config import PrivacyConfig
    from assistant.ledger.plan import PricingPlan
    from assistant.ledger.transactions import Posting, Transaction
    from intents.explanation import Explanation
    from intents.induction import Induction, Labelled
    from intents.results import Expected


@dataclass(frozen=True, kw_only=True)
class Review:
    """Everything that the pages need."""

    db: Path
    """The log."""
    zone: tzinfo
    """Of the times that are shown, and of days."""
    privacy: PrivacyConfig
    """What is kept, and for how long."""
    plan_of: Callable[[Sequence[str]], PricingPlan | None]
    """The one plan of a log that was booked under these; None: not at hand, or several."""
    plans: Sequence[str]
    """Plans that a what-if may choose."""
    load_plan: Callable[[str], PricingPlan]
    """One of those."""
    source: Callable[[Transaction, Posting], str]
    """Where the rate behind a posting comes from."""
    why: Callable[[str, Expected | None, datetime], Explanation]
    """How a text would be understood by the definitions of now, after a question, at a time."""
    catalogue: str
    """Version of the definitions of now."""
    induce: Callable[[Sequence[Labelled]], Induction]
    """Templates that the definitions of now lack for sentences."""
    language: str
    """Of those definitions."""
    intents: Mapping[str, Sequence[str]]
    """Intents with their slots, for corrections."""
    reviewer: str
    """Who says what is right."""
    now: Callable[[], datetime]
    """The time, UTC."""
    host: str = "127.0.0.1"
    """Where it listens."""
    names: frozenset[str] = frozenset()
    """Further names by which a browser may call this machine."""
    token: str = ""
    """What has to be known to enter; empty: nothing, on this machine alone."""
