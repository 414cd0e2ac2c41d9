"""Exchange of currencies at dated rates, in exact fractions; each amount is rounded once, to the nearest millionth."""

import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import msgspec

from assistant.config import load_strict, named_file
from assistant.errors import ConfigError, LedgerError
from assistant.money import Money, total

if TYPE_CHECKING:
    from collections.abc import Sequence

Text = Annotated[str, msgspec.Meta(min_length=1)]
CURRENCY_CODE: Final = "^[A-Z]{3}$"
Currency = Annotated[str, msgspec.Meta(pattern=CURRENCY_CODE)]
HIGHEST_RATE: Final = 1_000_000


@dataclass(frozen=True, kw_only=True)
class Rates:
    """A table of exchange rates by date."""

    name: Text
    """Stands in what is booked at these rates."""
    base: Currency
    """ISO 4217 code of the currency that the others are quoted against."""
    source: Text
    """Where the rates come from."""
    per_base: dict[str, dict[str, Decimal]]
    """By currency and by date: what one unit of the base buys from that day on."""

    def rate(self, currency: str, into: str, on: date) -> Fraction:
        """How many units of `into` one unit of `currency` is worth on the day `on`.

        Raises:
            LedgerError: the table lacks one of them, or begins later.
        """
        return self._per_base(into, on) / self._per_base(currency, on)

    def convert(self, money: Money, into: str, on: date) -> Money:
        """`money` in the currency `into` at the rate of the day, to the nearest millionth."""
        if money.currency == into:
            return money
        return Money.nearest(money.units * self.rate(money.currency, into, on), into)

    def convert_parts(
        self, parts: "Sequence[Fraction]", currency: str, into: str, on: date
    ) -> tuple[tuple[Money, ...], Money, Money]:
        """Exact amounts of `currency`, each in `into` to the nearest millionth, as a bill is converted line by line.

        Returns:
            The parts, what all of them are together when they are converted as one, and that less the parts:
            the rounding difference.
        """
        rate = self.rate(currency, into, on)
        converted = tuple(Money.nearest(part * rate, into) for part in parts)
        whole = Money.nearest(sum(parts, Fraction(0)) * rate, into)
        return converted, whole, whole - total(converted, into)

    def words(self, currency: str, into: str, on: date) -> str:
        """The rate as it stands in a description: "1 USD = 0.854701 EUR on 2026-01-05, rates example"."""
        rate = Money.nearest(self.rate(currency, into, on), into)
        return f"1 {currency} = {rate} {into} on {on}, rates {self.name}"

    def _per_base(self, currency: str, on: date) -> Fraction:
        if currency == self.base:
            return Fraction(1)
        dated = self.per_base.get(currency)
        if dated is None:
            raise LedgerError(
                f"the rates {self.name} have no {currency}; they have {', '.join(sorted({self.base, *self.per_base}))}"
            )
        in_force = max((day for day in dated if day <= on.isoformat()), default=None)
        if in_force is None:
            raise LedgerError(
                f"the rates {self.name} have no {currency} as early as {on}; they begin on {min(dated)}: add a line"
            )
        return Fraction(dated[in_force])


def load_rates(name_or_path: str) -> Rates:
    """A bundled table of rates by name, or one from a TOML file.

    Raises:
        ConfigError: there is none of that name, a date is no date, or a rate is not positive.
    """
    is_path = "/" in name_or_path or name_or_path.endswith(".toml")
    path = (
        Path(name_or_path) if is_path else named_file("rates", name_or_path, what="table of exchange rates")
    )
    rates = load_strict(path, Rates)
    for currency, dated in rates.per_base.items():
        key = f"per_base.{currency}"
        if not re.match(CURRENCY_CODE, currency):
            raise ConfigError(
                f"{path}: {key}: {currency!r} is no currency; expected three capitals, like USD"
            )
        if currency == rates.base:
            raise ConfigError(f"{path}: {key} is the base itself, which is always 1; remove it")
        if not dated:
            raise ConfigError(f"{path}: {key} has no rates; expected lines like 2026-01-01 = 1.17")
        for day, rate in dated.items():
            if not _is_date(day):
                raise ConfigError(f"{path}: {key}: {day!r} is no date; expected one like 2026-01-01")
            if not rate.is_finite() or not 0 < rate <= HIGHEST_RATE:
                raise ConfigError(
                    f"{path}: {key}.{day} is {rate}; expected a number above 0 and up to {HIGHEST_RATE}"
                )
    return rates


def _is_date(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False
