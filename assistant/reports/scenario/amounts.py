"""How amounts of any size are written: a household's cents and a company's billions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from assistant.money import Money

if TYPE_CHECKING:
    from fractions import Fraction

    from assistant.economics.scenario.figures import Figure

_MILLION: Final = 10**6
_BILLION: Final = 10**9
_WIDE: Final = 10**5
_WORDS: Final = {1: "", _MILLION: "millions of ", _BILLION: "billions of "}
_SHORT: Final = 10**4
_SMALL: Final = 10**3


@dataclass(frozen=True, kw_only=True)
class Scale:
    """One unit for all amounts of a table."""

    currency: str
    """ISO 4217 code."""
    divisor: int
    """Currency units in one unit of the table."""
    decimals: int
    """That are shown."""

    @classmethod
    def of(cls, largest: Fraction | float, currency: str) -> Scale:
        """Billions or millions, where there are enough."""
        largest = abs(float(largest))
        if largest >= _WIDE * _MILLION:
            return cls(currency=currency, divisor=_BILLION, decimals=1)
        if largest >= _MILLION:
            return cls(currency=currency, divisor=_MILLION, decimals=1)
        return cls(currency=currency, divisor=1, decimals=4 if largest < _SMALL else 2)

    @property
    def words(self) -> str:
        """As it stands in a title."""
        return f"{_WORDS[self.divisor]}{self.currency}"

    def text(self, amount: Money | Fraction | float) -> str:
        """The amount, with one decimal in millions and more in single units."""
        value = float(amount.units if isinstance(amount, Money) else amount) / self.divisor
        return f"{value:,.{self.decimals}f}"


def number_text(value: Fraction | float) -> str:
    """A figure as people read it: 52,000,000,000; 0.35; 0.0075."""
    number = float(value)
    if number == int(number):
        return f"{int(number):,}"
    return f"{number:,.6f}".rstrip("0").rstrip(".") if abs(number) < _SHORT else f"{number:,.0f}"


def range_text(figure: Figure) -> str:
    """From low to high; empty where no range is known."""
    return "" if figure.is_known else f"{number_text(figure.low)} to {number_text(figure.high)}"


def large_text(value: Fraction | float) -> str:
    """In a sentence: 5.3 billion, 31 million, 0.0075."""
    number = abs(float(value))
    for size, word in ((10**9, "billion"), (10**6, "million")):
        if number >= size:
            return (
                f"{float(value) / size:,.3g} {word}"
                if number < 1000 * size
                else f"{float(value) / size:,.0f} {word}"
            )
    return solved_text(float(value))


def solved_text(value: float) -> str:
    """A number that was worked out and not given: three digits that mean something."""
    size = 1_000
    return f"{value:,.0f}" if abs(value) >= size else f"{value:.3g}"


def percent_text(share: float) -> str:
    """A share of draws: 0 % and 100 % only where it is none or all of them."""
    percent = 100 * share
    if 0 < percent < 1:
        return "under 1 %"
    if 99 < percent < 100:
        return "over 99 %"
    return f"{percent:.0f} %"
