"""The types that travel from ear to books. Frozen; one stage's result is one type."""

from __future__ import annotations

from dataclasses import dataclass


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
class Transcript:
    """What a recogniser made of one utterance."""

    text: str
    """The best hypothesis, lower case; empty when nothing was recognised."""
    words: tuple[Word, ...] = ()
    """The words of the best hypothesis with their times."""
    alternatives: tuple[str, ...] = ()
    """Other hypotheses, best first."""
    engine: str
    """"vosk", "pocketsphinx", or "typed"."""
    model: str = ""
    """Name and version of engine and model, for the log."""
