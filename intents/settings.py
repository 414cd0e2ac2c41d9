"""How near is near enough."""

from __future__ import annotations

from dataclasses import dataclass

from intents.errors import SettingsError


@dataclass(frozen=True, kw_only=True)
class MatchSettings:
    """Thresholds of the fuzzy step."""

    accept: float = 0.90
    """Likeness in (0, 1] from which a match is certain."""
    ask: float = 0.80
    """Likeness in (0, accept] from which to ask whether it was meant; below it, no match."""
    margin: float = 0.05
    """How much nearer than the nearest sentence of another intent it must be, in [0, 1)."""

    def __post_init__(self) -> None:
        """Raises `SettingsError` for thresholds out of range or out of order."""
        if not 0.0 < self.ask <= self.accept <= 1.0:
            raise SettingsError(
                f"ask = {self.ask}, accept = {self.accept}: expected 0 < ask <= accept <= 1; raise accept or lower ask"
            )
        if not 0.0 <= self.margin < 1.0:
            raise SettingsError(f"margin = {self.margin}: expected 0 <= margin < 1; 0.05 is a good value")
