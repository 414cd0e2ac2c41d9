"""Pricing plans: what is earned and what things cost, each rate with its source."""

from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Final

import msgspec

from assistant.config import load_strict, named_file
from assistant.errors import ConfigError
from assistant.money import Money

Text = Annotated[str, msgspec.Meta(min_length=1)]
Currency = Annotated[str, msgspec.Meta(pattern="^[A-Z]{3}$")]

SECONDS_PER_YEAR: Final = 365 * 24 * 3600
JOULES_PER_KWH: Final = 3_600_000
MICROSECONDS: Final = 1_000_000
HIGHEST_RATE: Final = 1_000_000
"""No price or rate is higher; more is a slip of the keyboard, and would not fit SQLite's integers."""


@dataclass(frozen=True, kw_only=True)
class Machine:
    """The device that does the work."""

    name: Text
    """What it is."""
    price: Decimal
    """What it cost, currency units, accessories included."""
    life_years: Decimal
    """Years over which it is written off, straight line."""
    watts_per_busy_core: Decimal
    """Power above idle while one core works, watts."""
    source: Text
    """Where these figures come from."""


@dataclass(frozen=True, kw_only=True)
class Energy:
    """Electricity."""

    price_per_kwh: Decimal
    """Currency units a kilowatt-hour."""
    source: Text
    """Where the price comes from."""


@dataclass(frozen=True, kw_only=True)
class Rebate:
    """What a partner grants on a completed order: a share of its total plus a fixed amount."""

    share: Decimal
    """Of the order's total, in [0, 1]."""
    fixed: Decimal
    """An order, currency units."""
    notification: Decimal
    """What telling partner and customer costs an order, currency units; booked when it is placed."""
    source: Text
    """Where these figures come from."""


@dataclass(frozen=True, kw_only=True)
class PricingPlan:
    """A named set of rates in one currency."""

    name: Text
    """Stands on every posting that is booked under it."""
    currency: Currency
    """ISO 4217 code."""
    machine: Machine
    """The device that does the work."""
    energy: Energy
    """Electricity."""
    rebates: dict[str, Rebate] = field(default_factory=dict)
    """By intent; what has none earns nothing, whatever its kind."""

    def energy_cost(self, cpu_us: int) -> Fraction:
        """Exact cost in currency units of `cpu_us` microseconds of one busy core."""
        joules = Fraction(self.machine.watts_per_busy_core) * cpu_us / MICROSECONDS
        return joules * Fraction(self.energy.price_per_kwh) / JOULES_PER_KWH

    def wear_cost(self, busy_us: int) -> Fraction:
        """Exact depreciation in currency units of `busy_us` microseconds of use."""
        life_us = Fraction(self.machine.life_years) * SECONDS_PER_YEAR * MICROSECONDS
        return Fraction(self.machine.price) * busy_us / life_us

    def rebate(self, intent: str, total: Money) -> tuple[Money, str]:
        """What a completed order of `total` (in this plan's currency) earns, to the nearest millionth, and why."""
        terms = self.rebates.get(intent)
        if terms is None:
            return Money.zero(self.currency), f"plan {self.name} has no rebate for {intent}"
        share = Money(currency=total.currency, micros=round(Fraction(terms.share) * total.micros))
        words = f"{terms.share} of {total} plus {terms.fixed} {self.currency}, plan {self.name}"
        return share + Money.of(terms.fixed, self.currency), words

    def notification(self, intent: str) -> Money:
        """What placing an order costs in messages."""
        terms = self.rebates.get(intent)
        return Money.of(terms.notification, self.currency) if terms else Money.zero(self.currency)


def load_plan(name_or_path: str) -> PricingPlan:
    """A bundled plan by name, or one from a TOML file.

    Raises:
        ConfigError: there is none of that name, or a rate is missing, negative or finer than a millionth.
    """
    is_path = "/" in name_or_path or name_or_path.endswith(".toml")
    path = Path(name_or_path) if is_path else named_file("pricing", name_or_path, what="pricing plan")
    plan = load_strict(path, PricingPlan)
    _check(plan, path)
    return plan


def _check(plan: PricingPlan, path: Path) -> None:
    machine = plan.machine
    rates = {
        "machine.price": machine.price,
        "machine.watts_per_busy_core": machine.watts_per_busy_core,
        "energy.price_per_kwh": plan.energy.price_per_kwh,
    }
    for intent, terms in plan.rebates.items():
        rates |= {
            f"rebates.{intent}.{key}": getattr(terms, key) for key in ("share", "fixed", "notification")
        }
    for key, rate in rates.items():
        if not rate.is_finite() or not 0 <= rate <= HIGHEST_RATE:
            raise ConfigError(f"{path}: {key} is {rate}; expected a number from 0 to {HIGHEST_RATE}")
    for intent, terms in plan.rebates.items():
        if terms.share > 1:
            raise ConfigError(f"{path}: rebates.{intent}.share is {terms.share}; a share is at most 1")
        for key in ("fixed", "notification"):
            try:
                Money.of(getattr(terms, key), plan.currency)
            except ValueError as error:
                raise ConfigError(f"{path}: rebates.{intent}.{key}: {error}") from None
    if not machine.life_years.is_finite() or machine.life_years <= 0:
        raise ConfigError(f"{path}: machine.life_years is {machine.life_years}; expected more than 0")
