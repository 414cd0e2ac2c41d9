"""How amounts of any size are written: a household's cents and a company's billions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from assistant.money import Money

if TYPE_CHECKING:
    from fractions import Fraction

    from assistant.economics.scenario.figures import Figure

_MILLION: Final = 10**6
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
        """Millions, where there are any."""
        largest = abs(float(largest))
        if largest >= _MILLION:
            return cls(currency=currency, divisor=_MILLION, decimals=1)
        return cls(currency=currency, divisor=1, decimals=4 if largest < _SMALL else 2)

    @property
    def words(self) -> str:
        """As it stands in a title."""
        return f"millions of {self.currency}" if self.divisor == _MILLION else self.currency

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
    return number_text(value)
