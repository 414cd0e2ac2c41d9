"""Pricing plans out of TOML files: read, checked, and with the exchange rates that they name."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from assistant.config import load_strict, named_file
from assistant.errors import ConfigError
from assistant.ledger.exchange import HIGHEST_RATE, load_rates
from assistant.ledger.plan import PricingPlan
from assistant.money import Money


def load_plan(name_or_path: str) -> PricingPlan:
    """A bundled plan by name, or one from a TOML file.

    Raises:
        ConfigError: there is none of that name, or a rate is missing, negative or finer than a millionth.
    """
    is_path = "/" in name_or_path or name_or_path.endswith(".toml")
    path = Path(name_or_path) if is_path else named_file("pricing", name_or_path, what="pricing plan")
    plan = load_strict(path, PricingPlan)
    _check(plan, path)
    if not plan.rates:
        return plan
    rates = (
        str(path.resolve().parent / plan.rates)
        if "/" in plan.rates or plan.rates.endswith(".toml")
        else plan.rates
    )
    plan = dataclasses.replace(plan, rates=rates, exchange=load_rates(rates))
    _check_currencies(plan, path)
    return plan


_SHARES: Final = frozenset({"share", "fill"})
# Booked as they stand, so no finer than what can be booked; prices a request or an hour may be.
_AMOUNTS: Final = frozenset(
    {"fixed", "minimum", "notification", "placed", "refunded", "charged_back", "refund"}
)
_LIVES: Final = frozenset({"life_years"})


def _check(plan: PricingPlan, path: Path) -> None:
    if plan.exchange is not None:
        raise ConfigError(f"{path}: unknown key 'exchange'; name a table of exchange rates with `rates`")
    for key, name, rate in _rates_of(plan):
        if not rate.is_finite() or not 0 <= rate <= HIGHEST_RATE:
            raise ConfigError(f"{path}: {key} is {rate}; expected a number from 0 to {HIGHEST_RATE}")
        if name in _SHARES and rate > 1:
            raise ConfigError(f"{path}: {key} is {rate}; a share is at most 1")
        if name in _LIVES and rate == 0:
            raise ConfigError(f"{path}: {key} is {rate}; expected more than 0")
        if name in _AMOUNTS or name == "chargeback":
            try:
                Money.of(rate, plan.currency)
            except ValueError as error:
                raise ConfigError(f"{path}: {key}: {error}") from None
    for intent, terms in plan.rebates.items():
        starts = [tier.at for tier in terms.tiers]
        if terms.tiers and terms.share:
            raise ConfigError(
                f"{path}: rebates.{intent} has a share and tiers; expected one of them: for a share of every "
                "order write it as the tier at 0"
            )
        if starts != sorted(set(starts)):
            raise ConfigError(
                f"{path}: rebates.{intent}.tiers begin at {', '.join(map(str, starts))}; expected rising totals"
            )
    for key, currency in _foreign(plan):
        if not plan.rates:
            raise ConfigError(
                f"{path}: {key} is {currency} and the plan is in {plan.currency}; expected `rates` to name a table "
                'of exchange rates, for example rates = "example"'
            )


def _check_currencies(plan: PricingPlan, path: Path) -> None:
    rates = plan.exchange
    for key, currency in _foreign(plan):
        for code in (currency, plan.currency):
            if rates and code != rates.base and code not in rates.per_base:
                raise ConfigError(
                    f"{path}: {key}: the exchange rates {rates.name} have no {code}; add it to them"
                )


def _foreign(plan: PricingPlan) -> Iterator[tuple[str, str]]:
    """The keys that name another currency than the plan's."""
    for key in ("recognition", "understanding", "advertising", "settlement"):
        table = getattr(plan, key)
        currency = table.currency if table else None
        if currency not in (None, plan.currency):
            yield f"{key}.currency", currency


def _rates_of(table: object, prefix: str = "") -> Iterator[tuple[str, str, Decimal]]:
    """Every number of a plan: its whole key, its name, its value."""
    if isinstance(table, Mapping):
        items: list[tuple[str, Any]] = [(str(name), value) for name, value in table.items()]
    elif isinstance(table, tuple):
        items = [(str(number), value) for number, value in enumerate(table)]
    elif dataclasses.is_dataclass(table):
        items = [(each.name, getattr(table, each.name)) for each in dataclasses.fields(table)]
    else:
        return
    for name, value in items:
        if isinstance(value, Decimal):
            yield f"{prefix}{name}", name, value
        else:
            yield from _rates_of(value, f"{prefix}{name}.")
