"""The same rates for a fleet: quantities in, money out. Pure functions.

The rules book one interaction at a time and round each; here the quantities are multiplied by the exact rates and
each line is rounded once. For one log the two differ by less than a millionth an interaction and line; and what the
machine costs is split to the stages by all processor time, not by that of each interaction.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from functools import partial
from typing import TYPE_CHECKING

from assistant.errors import LedgerError
from assistant.ledger import accounts
from assistant.ledger.arithmetic import share_of
from assistant.ledger.period import PeriodItem, period_items
from assistant.ledger.sources import source_of
from assistant.money import Money

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import date

    from assistant.ledger.arithmetic import Number
    from assistant.ledger.plan import OrderAmount, PricingPlan


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
    for account, amount, words in volume_amounts(volume, plan, on=on):
        if amount:
            lines[account] = lines.get(account, Fraction(0)) + amount
            rates.setdefault(account, words())
    items = [
        PeriodItem(
            account=account,
            amount=Money.nearest(exactly, plan.currency),
            rate=rates[account],
            source=source_of(plan, account),
        )
        for account, exactly in lines.items()
    ]
    items += period_items(plan, device_days=volume.device_days, subscriber_days=volume.subscriber_days)
    return tuple(sorted(items, key=lambda item: chart_place(item.account)))


def volume_amounts(
    volume: Volume, plan: PricingPlan, *, on: date
) -> Iterator[tuple[str, Number, Callable[[], str]]]:
    """What interactions and orders earn and cost: account, exact amount, the rate in words; an account may come twice.

    With quantities and rates that are arrays of drawn numbers the amounts are arrays too: the same formulas.
    """
    yield from _compute(volume, plan, on)
    if plan.advertising:
        terms = plan.advertising
        currency = terms.currency or plan.currency
        price = plan.advert_price() * _rate(plan, currency, on)
        yield (
            accounts.ADVERTISING,
            price * volume.places,
            lambda: f"{terms.per_thousand} {currency} a thousand, {terms.fill} filled",
        )
    for intent, sizes in volume.orders.items():
        for size in sizes:
            yield from _orders(intent, size, plan)


def _rate(plan: PricingPlan, currency: str, on: date) -> Number:
    """Nothing to convert leaves drawn numbers as they are."""
    return 1 if currency == plan.currency else plan.exchange_rate(currency, on)


def _compute(volume: Volume, plan: PricingPlan, on: date) -> Iterator[tuple[str, Number, Callable[[], str]]]:
    here = plan.recognition.method == "measured", plan.understanding.method == "measured"
    stages = (
        (accounts.LISTENING, volume.listening_cpu_us, volume.audio_us),
        (accounts.RECOGNITION, volume.recognition_cpu_us * here[0], volume.recognition_us * here[0]),
        (accounts.UNDERSTANDING, volume.understanding_cpu_us * here[1], volume.understanding_us * here[1]),
    )
    cpu_us, busy_us = sum(cpu for _, cpu, _ in stages), sum(busy for _, _, busy in stages)
    whole = plan.energy_cost(cpu_us) + plan.wear_cost(busy_us)
    for account, cpu, _ in stages:
        # As in the books: energy and wear together, by processor time.
        share = share_of(cpu, cpu_us, otherwise=account == accounts.UNDERSTANDING)
        yield account, whole * share, lambda: _machine_in_words(plan)
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
        yield (
            accounts.RECOGNITION,
            quantity * _rate(plan, currency, on),
            lambda: f"{terms.price} {terms.currency or plan.currency} {terms.method.replace('_', ' ')}",
        )
    if plan.understanding.method != "measured":
        currency = plan.understanding.currency or plan.currency
        price = plan.understanding_price() * _rate(plan, currency, on)
        yield (
            accounts.UNDERSTANDING,
            price * (volume.heard + volume.typed),
            lambda: f"{plan.understanding.price} {plan.understanding.currency or plan.currency} per request",
        )


def _machine_in_words(plan: PricingPlan) -> str:
    return (
        f"{plan.machine.watts_per_busy_core} W at {plan.energy.price_per_kwh} {plan.currency}/kWh; a machine of "
        f"{plan.machine.price} {plan.currency} over {plan.machine.life_years} years"
    )


def _orders(
    intent: str, size: OrderVolume, plan: PricingPlan
) -> Iterator[tuple[str, Number, Callable[[], str]]]:
    total = _units(size.total)
    amounts = plan.order_amounts(intent, total)
    kept = size.completed - size.refunded - size.charged_back
    counts: tuple[tuple[OrderAmount, str, Number], ...] = (
        ("rebate", accounts.rebate_income(intent), kept),
        ("notification", accounts.notification(intent), size.placed),
        ("affiliate", accounts.affiliate_income(intent), kept),
        ("fulfilment", accounts.fulfilment(intent), size.completed),
        ("support_placed", accounts.support(intent), size.placed),
        ("support_refunded", accounts.support(intent), size.refunded),
        ("support_charged_back", accounts.support(intent), size.charged_back),
        ("payment_fee", accounts.payment_fees(intent), size.settled),
        ("refund", accounts.refunds(intent), size.refunded),
        ("chargeback", accounts.chargebacks(intent), size.charged_back),
    )
    for name, account, count in counts:
        if name in amounts:
            yield account, amounts[name] * count, partial(_order_in_words, plan, intent, total, name)


def _units(total: Number) -> Number:
    """Drawn totals are arrays of currency units already."""
    return total.units if isinstance(total, Money) else total


def _order_in_words(plan: PricingPlan, intent: str, total: Fraction, name: OrderAmount) -> str:
    of = Money.nearest(total, plan.currency)
    if name == "rebate":
        return plan.rebate(intent, of)[1]
    if name == "notification":
        return "an order placed"
    return plan.terms(intent, of).charges[name].words


def chart_place(account: str) -> tuple[int, str]:
    """Where an account stands in the chart, to sort by."""
    names = [line.name for line in accounts.bundled_chart().accounts]
    found = accounts.bundled_chart().find(account)
    return (names.index(found.name) if found else len(names)), account
