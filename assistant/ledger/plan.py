"""Pricing plans: what is earned and what things cost, each rate with its source."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from typing import Annotated, Final, Literal, TypeAlias

import msgspec

from assistant.errors import LedgerError
from assistant.ledger.arithmetic import Number, at_least, exact, to_millionths
from assistant.ledger.exchange import Currency, Rates
from assistant.money import Money
from assistant.records import Charge, ChargeName, OrderTerms

Text = Annotated[str, msgspec.Meta(min_length=1)]

SECONDS_PER_YEAR: Final = 365 * 24 * 3600
JOULES_PER_KWH: Final = 3_600_000
MICROSECONDS: Final = 1_000_000
MICROSECONDS_PER_MINUTE: Final = 60 * MICROSECONDS
PER_THOUSAND: Final = 1_000

OrderAmount: TypeAlias = Literal["rebate", "notification"] | ChargeName
"""What one order earns or costs at some step of its life."""
EARNED: Final[tuple[OrderAmount, ...]] = ("rebate", "affiliate")
"""What partners owe for a completed order."""


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
class Recognition:
    """How turning speech into text is charged."""

    method: Literal["measured", "per_request", "per_minute"] = "measured"
    """By measured processor time and the wear of the machine, or by the price of a cloud."""
    price: Decimal = Decimal(0)
    """A request or a minute of sound, currency units; nothing is charged for what was typed."""
    increment_seconds: Decimal = Decimal(0)
    """Sound is charged in steps of so many seconds, begun ones in full; 0 charges it to the microsecond."""
    currency: Currency | None = None
    """Of the price, when it is not the plan's."""
    source: Text
    """Where the price comes from."""


@dataclass(frozen=True, kw_only=True)
class Understanding:
    """How understanding a sentence is charged."""

    method: Literal["measured", "per_request"] = "measured"
    """By measured processor time and the wear of the machine, or by the price of a cloud."""
    price: Decimal = Decimal(0)
    """A request, currency units."""
    currency: Currency | None = None
    """Of the price, when it is not the plan's."""
    source: Text
    """Where the price comes from."""


@dataclass(frozen=True, kw_only=True)
class Tier:
    """A step of a tiered rebate."""

    at: Decimal
    """Total of the order from which it holds, currency units."""
    share: Decimal
    """In [0, 1]."""


@dataclass(frozen=True, kw_only=True)
class Rebate:
    """What a partner grants on a completed order: a share of its total plus a fixed amount, or at least a minimum."""

    share: Decimal = Decimal(0)
    """Of the order's total, in [0, 1]."""
    tiers: tuple[Tier, ...] = ()
    """Shares by the order's total, in place of the one share."""
    tiering: Literal["volume", "graduated"] = "volume"
    """The tier that the total reaches holds for the whole total, or each tier for the part that lies in it."""
    fixed: Decimal = Decimal(0)
    """An order, currency units."""
    minimum: Decimal = Decimal(0)
    """A completed order earns at least this, currency units."""
    notification: Decimal = Decimal(0)
    """What telling partner and customer costs an order, currency units; booked when it is placed."""
    source: Text
    """Where these figures come from."""

    def exact(self, total: Number) -> Number:
        """The exact rebate, currency units, on an order of `total` currency units."""
        if not self.tiers:
            by_share = exact(self.share) * total
        elif self.tiering == "volume":
            by_share = total * next(
                (Fraction(t.share) for t in reversed(self.tiers) if t.at <= total), Fraction(0)
            )
        else:
            ends = [*(Fraction(tier.at) for tier in self.tiers[1:]), None]
            by_share = Fraction(0)
            for tier, end in zip(self.tiers, ends, strict=True):
                upper = total if end is None else min(end, total)
                by_share += Fraction(tier.share) * max(upper - Fraction(tier.at), Fraction(0))
        return at_least(by_share + exact(self.fixed), exact(self.minimum))

    def words(self, total: Money) -> str:
        """The terms as they stand in a description."""
        if self.tiers:
            steps = ", ".join(f"{tier.share} from {tier.at}" for tier in self.tiers)
            share = f"{steps} ({self.tiering}) of {total}"
        else:
            share = f"{self.share} of {total}"
        least = f", at least {self.minimum} {total.currency}" if self.minimum else ""
        return f"{share} plus {self.fixed} {total.currency}{least}"


@dataclass(frozen=True, kw_only=True)
class ShareAndFixed:
    """A share of an order's total plus a fixed amount an order."""

    share: Decimal = Decimal(0)
    """Of the order's total, in [0, 1]."""
    fixed: Decimal = Decimal(0)
    """An order, currency units."""
    source: Text
    """Where these figures come from."""


@dataclass(frozen=True, kw_only=True)
class Support:
    """People who help with an order: what it costs, currency units an order."""

    placed: Decimal = Decimal(0)
    """Spread over all orders that are placed."""
    refunded: Decimal = Decimal(0)
    """When one is refunded."""
    charged_back: Decimal = Decimal(0)
    """When one is charged back."""
    source: Text
    """Where these figures come from."""


@dataclass(frozen=True, kw_only=True)
class Payment:
    """What the payment provider takes."""

    share: Decimal = Decimal(0)
    """Of what a partner pays, in [0, 1]; kept back when it is settled."""
    fixed: Decimal = Decimal(0)
    """A payment, currency units; kept back when it is settled."""
    refund: Decimal = Decimal(0)
    """Handling a refund, currency units."""
    chargeback: Decimal = Decimal(0)
    """Handling a chargeback, currency units."""
    source: Text
    """Where these figures come from."""


@dataclass(frozen=True, kw_only=True)
class Settlement:
    """How partners pay."""

    currency: Currency
    """What they pay in; the exchange is booked at the rate of the day."""


@dataclass(frozen=True, kw_only=True)
class Advertising:
    """Adverts that are played after an answer."""

    per_thousand: Decimal
    """For a thousand adverts played, currency units."""
    fill: Decimal
    """Share of the places for which there is an advert, in [0, 1]; each place earns its share."""
    intents: tuple[str, ...]
    """An answer to one of these has one place."""
    currency: Currency | None = None
    """Of the price, when it is not the plan's."""
    source: Text
    """Where these figures come from."""


@dataclass(frozen=True, kw_only=True)
class Subscription:
    """What a household pays."""

    price_per_month: Decimal
    """Currency units; a month is a twelfth of 365 days."""
    source: Text
    """Where the price comes from."""


@dataclass(frozen=True, kw_only=True)
class Device:
    """The device as its maker sees it: sold once, used for years."""

    price: Decimal
    """What it is sold for, currency units."""
    parts: Decimal
    """What its parts cost, currency units."""
    life_years: Decimal
    """Years over which both are spread, straight line."""
    source: Text
    """Where these figures come from."""


@dataclass(frozen=True, kw_only=True)
class Overhead:
    """What it costs to be there at all."""

    per_month: Decimal
    """A device, currency units."""
    source: Text
    """Where the figure comes from."""


@dataclass(frozen=True, kw_only=True)
class PricingPlan:
    """A named set of rates in one currency."""

    name: Text
    """Stands on every posting that is booked under it."""
    currency: Currency
    """ISO 4217 code."""
    rates: str = ""
    """Exchange rates: the name of a bundled table or a path, seen from this file; needed where currencies differ."""
    machine: Machine
    """The device that does the work."""
    energy: Energy
    """Electricity."""
    recognition: Recognition = Recognition(source="measured on this machine")
    """How turning speech into text is charged."""
    understanding: Understanding = Understanding(source="measured on this machine")
    """How understanding is charged."""
    rebates: dict[str, Rebate] = field(default_factory=dict)
    """By intent; what has none earns nothing, whatever its kind."""
    affiliates: dict[str, ShareAndFixed] = field(default_factory=dict)
    """Commission as an affiliate on a completed order, by intent."""
    fulfilment: dict[str, ShareAndFixed] = field(default_factory=dict)
    """What carrying out a completed order costs, by intent."""
    support: Support | None = None
    """People who help with orders."""
    payment: Payment | None = None
    """What the payment provider takes."""
    settlement: Settlement | None = None
    """How partners pay, when it is not in the plan's currency."""
    advertising: Advertising | None = None
    """Adverts after answers."""
    subscription: Subscription | None = None
    """What a household pays; by period."""
    device: Device | None = None
    """The device as its maker sees it; by period."""
    overhead: Overhead | None = None
    """What it costs to be there; by period."""
    exchange: Rates | None = None
    """The table that `rates` names; not a key of the file."""

    def energy_cost(self, cpu_us: Number) -> Number:
        """Exact cost in currency units of `cpu_us` microseconds of one busy core."""
        return self._energy_rate * cpu_us

    def wear_cost(self, busy_us: Number) -> Number:
        """Exact depreciation in currency units of `busy_us` microseconds of use."""
        return self._wear_rate * busy_us

    # Worked out once a plan: every interaction needs them.

    @cached_property
    def _energy_rate(self) -> Number:
        joules = exact(self.machine.watts_per_busy_core) / MICROSECONDS
        return joules * exact(self.energy.price_per_kwh) / JOULES_PER_KWH

    @cached_property
    def _wear_rate(self) -> Number:
        life_us = exact(self.machine.life_years) * (SECONDS_PER_YEAR * MICROSECONDS)
        return exact(self.machine.price) / life_us

    def recognition_price(self, audio_us: Number) -> Number:
        """Exact cloud price of one utterance, in units of the price's own currency; 0 where it is measured."""
        terms = self.recognition
        if terms.method == "measured":
            return Fraction(0)
        if terms.method == "per_request":
            return exact(terms.price)
        step = exact(terms.increment_seconds) * MICROSECONDS
        charged = -(-Fraction(audio_us) // step) * step if step else audio_us
        return exact(terms.price) * charged / MICROSECONDS_PER_MINUTE

    def understanding_price(self) -> Number:
        """Exact cloud price of one request, in units of the price's own currency; 0 where it is measured."""
        return Fraction(0) if self.understanding.method == "measured" else exact(self.understanding.price)

    def advert_price(self) -> Number:
        """What one place for an advert earns on average, in units of the price's own currency; 0 without adverts."""
        if self.advertising is None:
            return Fraction(0)
        return exact(self.advertising.per_thousand) * exact(self.advertising.fill) / PER_THOUSAND

    def exchange_rate(self, currency: str, on: date) -> Fraction:
        """How many units of the plan's currency one unit of `currency` is worth on the day `on`.

        Raises:
            LedgerError: the plan has no exchange rates, or none for that day.
        """
        if currency == self.currency:
            return Fraction(1)
        return self.exchange_rates().rate(currency, self.currency, on)

    def exchange_rates(self) -> Rates:
        """The table of exchange rates; LedgerError when the plan was made without one."""
        if self.exchange is None:
            raise LedgerError(
                f"the plan {self.name} has prices in several currencies and no exchange rates; load it from a file "
                "that names them with `rates`"
            )
        return self.exchange

    def rebate(self, intent: str, total: Money) -> tuple[Money, str]:
        """What a completed order of `total` (in this plan's currency) earns, to the nearest millionth, and why."""
        terms = self.rebates.get(intent)
        if terms is None:
            return Money.zero(self.currency), f"plan {self.name} has no rebate for {intent}"
        return Money.nearest(
            terms.exact(total.units), self.currency
        ), f"{terms.words(total)}, plan {self.name}"

    def notification(self, intent: str) -> Money:
        """What placing an order costs in messages."""
        terms = self.rebates.get(intent)
        return Money.of(terms.notification, self.currency) if terms else Money.zero(self.currency)

    def order_amounts(self, intent: str, total: Number) -> dict[OrderAmount, Number]:
        """All that an order of `total` currency units earns and costs in the course of its life, to the millionth.

        What the plan has no terms for is not there; an amount of nothing is.
        """
        amounts: dict[OrderAmount, Number] = {}
        rebate = self.rebates.get(intent)
        if rebate:
            amounts["rebate"] = to_millionths(rebate.exact(total))
            amounts["notification"] = exact(rebate.notification)
        names: tuple[tuple[ChargeName, dict[str, ShareAndFixed]], ...]
        names = (("affiliate", self.affiliates), ("fulfilment", self.fulfilment))
        for name, by_intent in names:
            terms = by_intent.get(intent)
            if terms:
                amounts[name] = to_millionths(exact(terms.share) * total + exact(terms.fixed))
        if self.support:
            amounts["support_placed"] = exact(self.support.placed)
            amounts["support_refunded"] = exact(self.support.refunded)
            amounts["support_charged_back"] = exact(self.support.charged_back)
        if self.payment:
            earned = [amounts[name] for name in EARNED if name in amounts]
            if earned:
                paid = sum(earned[1:], earned[0])
                fee = to_millionths(exact(self.payment.share) * paid + exact(self.payment.fixed))
                # Nothing is kept back of nothing.
                amounts["payment_fee"] = fee * (paid > 0)
            amounts["refund"] = exact(self.payment.refund)
            amounts["chargeback"] = exact(self.payment.chargeback)
        return amounts

    def terms(self, intent: str, total: Money) -> OrderTerms:
        """What else an order of `total` (in this plan's currency) earns and costs in the course of its life."""
        amounts = self.order_amounts(intent, total.units)
        charges: dict[ChargeName, Charge] = {}
        for name, words in self._charge_words(intent, total, amounts).items():
            amount = Money.nearest(amounts.get(name, Fraction(0)), self.currency)
            if amount:
                charges[name] = Charge(amount=amount, words=f"{words}, plan {self.name}")
        elsewhere = self.settlement and self.settlement.currency != self.currency
        return OrderTerms(
            charges=charges,
            settlement_currency=self.settlement.currency if self.settlement and elsewhere else "",
            rates=self.rates if elsewhere else "",
        )

    def _charge_words(
        self, intent: str, total: Money, amounts: Mapping[OrderAmount, Number]
    ) -> dict[ChargeName, str]:
        words: dict[ChargeName, str] = {}
        names: tuple[tuple[ChargeName, dict[str, ShareAndFixed]], ...]
        names = (("affiliate", self.affiliates), ("fulfilment", self.fulfilment))
        for name, by_intent in names:
            if intent in by_intent:
                terms = by_intent[intent]
                words[name] = f"{terms.share} of {total} plus {terms.fixed} {self.currency}"
        words |= {
            "support_placed": "an order placed",
            "support_refunded": "an order refunded",
            "support_charged_back": "an order charged back",
        }
        if self.payment:
            earned = sum((amounts[name] for name in EARNED if name in amounts), Fraction(0))
            paid = Money.nearest(earned, self.currency)
            words["payment_fee"] = f"{self.payment.share} of {paid} plus {self.payment.fixed} {self.currency}"
        return words | {"refund": "a refund", "chargeback": "a chargeback"}
