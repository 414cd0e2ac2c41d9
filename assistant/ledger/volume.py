"""The same rates for a fleet: quantities in, money out. Pure functions.

The rules book one interaction at a time and round each; here the quantities are multiplied by the exact rates and
each line is rounded once. For one log the two differ by less than a millionth an interaction and line; and what the
machine costs is split to the stages by all processor time, not by that of each interaction.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING

from assistant.errors import LedgerError
from assistant.ledger import accounts
from assistant.ledger.period import PeriodItem, period_items
from assistant.ledger.sources import source_of
from assistant.money import Money

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import date

    from assistant.ledger.plan import PricingPlan

    Add = Callable[[str, Fraction, str], None]


@dataclass(frozen=True, kw_only=True)
class OrderVolume:
    """Orders of one intent, and how far they came. What is refunded has completed, and is counted there too."""

    total: Money
    """Of one order. Tiers and minimums make a mean say little: orders of another size are a volume of their own."""
    placed: int = 0
    completed: int = 0
    settled: int = 0
    refunded: int = 0
    charged_back: int = 0


@dataclass(frozen=True, kw_only=True)
class Volume:
    """What happened, in numbers. Processor time and speech are sums over all interactions, microseconds."""

    heard: int = 0
    """Interactions that were recognised from sound."""
    typed: int = 0
    """Interactions without recognition."""
    audio_us: int = 0
    """Length of all utterances."""
    listening_cpu_us: int = 0
    recognition_cpu_us: int = 0
    understanding_cpu_us: int = 0
    recognition_us: int = 0
    """Latency of recognition, which occupies the machine."""
    understanding_us: int = 0
    """Latency of understanding, which occupies the machine."""
    places: int = 0
    """Answers that have a place for an advert."""
    orders: Mapping[str, tuple[OrderVolume, ...]] = field(default_factory=dict)
    """By intent."""
    device_days: Fraction = Fraction(0)
    """Sum over the devices of the days that each was in use."""
    subscriber_days: Fraction | None = None
    """Likewise for those whose household pays; None means all of them."""


def price_volume(volume: Volume, plan: PricingPlan, *, on: date) -> tuple[PeriodItem, ...]:
    """What `volume` earns and costs under `plan`, a line for each account, in the order of the chart.

    Exchange is at the rates of the day `on`. Refunds and chargebacks take income back, as in the books.

    Raises:
        LedgerError: utterances are charged in increments, so that their sum is not enough to know the price; or the
            plan lacks an exchange rate.
    """
    lines: dict[str, Fraction] = {}
    rates: dict[str, str] = {}

    def add(account: str, exact: Fraction, rate: str) -> None:
        if exact:
            lines[account] = lines.get(account, Fraction(0)) + exact
            rates.setdefault(account, rate)

    _add_compute(volume, plan, on, add)
    if plan.advertising:
        currency = plan.advertising.currency or plan.currency
        price = plan.advert_price() * plan.exchange_rate(currency, on)
        words = f"{plan.advertising.per_thousand} {currency} a thousand, {plan.advertising.fill} filled"
        add(accounts.ADVERTISING, price * volume.places, words)
    for intent, sizes in volume.orders.items():
        for size in sizes:
            _add_orders(intent, size, plan, add)
    items = [
        PeriodItem(
            account=account,
            amount=Money.nearest(exact, plan.currency),
            rate=rates[account],
            source=source_of(plan, account),
        )
        for account, exact in lines.items()
    ]
    items += period_items(plan, device_days=volume.device_days, subscriber_days=volume.subscriber_days)
    return tuple(sorted(items, key=lambda item: _place(item.account)))


def _add_compute(volume: Volume, plan: PricingPlan, on: date, add: Add) -> None:
    here = plan.recognition.method == "measured", plan.understanding.method == "measured"
    stages = (
        (accounts.LISTENING, volume.listening_cpu_us, volume.audio_us),
        (accounts.RECOGNITION, volume.recognition_cpu_us * here[0], volume.recognition_us * here[0]),
        (accounts.UNDERSTANDING, volume.understanding_cpu_us * here[1], volume.understanding_us * here[1]),
    )
    cpu_us, busy_us = sum(cpu for _, cpu, _ in stages), sum(busy for _, _, busy in stages)
    whole = plan.energy_cost(cpu_us) + plan.wear_cost(busy_us)
    words = (
        f"{plan.machine.watts_per_busy_core} W at {plan.energy.price_per_kwh} {plan.currency}/kWh; a machine of "
        f"{plan.machine.price} {plan.currency} over {plan.machine.life_years} years"
    )
    for account, cpu, _ in stages:
        # As in the books: energy and wear together, by processor time.
        share = Fraction(cpu, cpu_us) if cpu_us else Fraction(account == accounts.UNDERSTANDING)
        add(account, whole * share, words)
    terms = plan.recognition
    if terms.method != "measured":
        if terms.method == "per_minute" and terms.increment_seconds:
            raise LedgerError(
                f"plan {plan.name} charges each utterance in steps of {terms.increment_seconds} s, so the length of "
                "all of them together does not tell the price; set recognition.increment_seconds to 0"
            )
        quantity = (
            plan.recognition_price(volume.audio_us)
            if terms.method == "per_minute"
            else plan.recognition_price(0) * volume.heard
        )
        currency = terms.currency or plan.currency
        words = f"{terms.price} {currency} {terms.method.replace('_', ' ')}"
        add(accounts.RECOGNITION, quantity * plan.exchange_rate(currency, on), words)
    if plan.understanding.method != "measured":
        currency = plan.understanding.currency or plan.currency
        price = plan.understanding_price() * plan.exchange_rate(currency, on)
        words = f"{plan.understanding.price} {currency} per request"
        add(accounts.UNDERSTANDING, price * (volume.heard + volume.typed), words)


def _add_orders(intent: str, size: OrderVolume, plan: PricingPlan, add: Add) -> None:
    rebate, words = plan.rebate(intent, size.total)
    charges = plan.terms(intent, size.total).charges
    kept = size.completed - size.refunded - size.charged_back
    add(accounts.rebate_income(intent), rebate.units * kept, words)
    add(accounts.notification(intent), plan.notification(intent).units * size.placed, "an order placed")
    for name, account, count in (
        ("affiliate", accounts.affiliate_income(intent), kept),
        ("fulfilment", accounts.fulfilment(intent), size.completed),
        ("support_placed", accounts.support(intent), size.placed),
        ("support_refunded", accounts.support(intent), size.refunded),
        ("support_charged_back", accounts.support(intent), size.charged_back),
        ("payment_fee", accounts.payment_fees(intent), size.settled),
        ("refund", accounts.refunds(intent), size.refunded),
        ("chargeback", accounts.chargebacks(intent), size.charged_back),
    ):
        charge = next((each for key, each in charges.items() if key == name), None)
        if charge:
            add(account, charge.amount.units * count, charge.words)


def _place(account: str) -> tuple[int, str]:
    names = [line.name for line in accounts.bundled_chart().accounts]
    found = accounts.bundled_chart().find(account)
    return (names.index(found.name) if found else len(names)), account
