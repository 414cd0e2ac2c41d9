"""One figure of a scenario: a number that says what it is and where it comes from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias, get_args

from assistant.economics.scenario.keys import find_key

if TYPE_CHECKING:
    from collections.abc import Mapping
    from fractions import Fraction

Kind: TypeAlias = Literal["official", "reported", "estimate", "assumption", "measured"]
"""Stated by the company; by press or a third party; somebody's estimate, forecast or survey; ours; by this program."""

KINDS: Final[tuple[Kind, ...]] = get_args(Kind)


@dataclass(frozen=True, kw_only=True)
class Figure:
    """A number with its unit, its kind, its source and its range."""

    key: str
    """Dotted; one of those that `keys` knows."""
    value: Fraction
    """The middle: it is as likely too high as too low."""
    low: Fraction
    """The lowest that is thought possible; the value itself where no range is known."""
    high: Fraction
    """The highest that is thought possible."""
    unit: str
    """In words: "US dollars a request"."""
    kind: Kind
    """Who says so."""
    source: str
    """Where it was found; for an assumption, why."""
    strategy: str = ""
    """The strategy that it belongs to; empty for the scenario's own."""

    @property
    def is_fact(self) -> bool:
        """Published by somebody, or measured; False for an assumption of ours."""
        return self.kind != "assumption"

    @property
    def is_known(self) -> bool:
        """It has no range."""
        return self.low == self.high

    @property
    def is_input(self) -> bool:
        """It is reckoned with, and not only compared with."""
        return not self.key.startswith("reported.")

    @property
    def meaning(self) -> str:
        """In words."""
        known = find_key(self.key)
        return known.meaning if known else ""

    def to_json(self) -> dict[str, Any]:
        """All of it; numbers as decimal strings."""
        return {
            "key": self.key,
            "meaning": self.meaning,
            "value": text_of(self.value),
            "low": text_of(self.low),
            "high": text_of(self.high),
            "unit": self.unit,
            "kind": "fact" if self.is_fact else "assumption",
            "evidence": self.kind,
            "source": self.source,
            "strategy": self.strategy or None,
        }


Figures: TypeAlias = "Mapping[str, Figure]"
"""By key, in the order of the file."""


def text_of(value: Fraction) -> str:
    """A number as a decimal: exact where it is whole, else to nine places."""
    return str(value.numerator) if value.denominator == 1 else f"{float(value):.9f}".rstrip("0").rstrip(".")
