"""The figures that a scenario may have: what each one means, and what values it can take."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

WILD: Final = "*"
"""Stands for one part of a key: the name of an intent, of a strategy, of a reported figure."""


@dataclass(frozen=True, kw_only=True)
class Quantity:
    """What kind of number it is."""

    least: Fraction | None
    """The lowest value there can be; None: it may be less than nothing."""
    most: Fraction | None
    """The highest value there can be; None: any."""
    words: str
    """What is expected, in words."""


SHARE: Final = Quantity(least=Fraction(0), most=Fraction(1), words="a share from 0 to 1")
AMOUNT: Final = Quantity(least=Fraction(0), most=None, words="a number of 0 or more")
POSITIVE: Final = Quantity(least=Fraction(1, 10**9), most=None, words="a number above 0")
ANY: Final = Quantity(least=None, most=None, words="a number")


@dataclass(frozen=True, kw_only=True)
class Key:
    """One figure that there may be."""

    pattern: str
    """Dotted; a star stands for one part."""
    meaning: str
    """In words."""
    quantity: Quantity
    """The values that it can take."""


def _keys(*rows: tuple[str, Quantity, str]) -> tuple[Key, ...]:
    return tuple(
        Key(pattern=pattern, quantity=quantity, meaning=meaning) for pattern, quantity, meaning in rows
    )


KEYS: Final = _keys(
    ("usage.devices", AMOUNT, "Devices in use, mean of the year"),
    ("usage.interactions_per_week", AMOUNT, "Interactions of all devices in a week; a year has 52"),
    ("usage.interactions_per_device_day", AMOUNT, "Or: interactions of one device in a day"),
    ("mix.*", SHARE, "Share of interactions that ask for it; those that sell nothing fill what the others leave"),
    ("orders.*.placed", SHARE, "Share of those requests that end in an order"),
    ("orders.*.completed", SHARE, "Share of orders that are delivered"),
    ("orders.*.refunded", SHARE, "Share of delivered orders that are refunded"),
    ("orders.*.charged_back", SHARE, "Share of delivered orders, not refunded, that are charged back"),
    ("orders.*.total", AMOUNT, "What an order comes to"),
    ("rebates.*.share", SHARE, "What the partner grants, of an order's total"),
    ("rebates.*.fixed", AMOUNT, "What the partner grants, an order"),
    ("rebates.*.notification", AMOUNT, "What telling partner and customer costs, an order"),
    ("affiliates.*.share", SHARE, "Commission, of an order's total"),
    ("affiliates.*.fixed", AMOUNT, "Commission, an order"),
    ("fulfilment.*.share", SHARE, "What carrying it out costs, of an order's total"),
    ("fulfilment.*.fixed", AMOUNT, "What carrying it out costs, an order"),
    ("support.placed", AMOUNT, "People who help, spread over all orders"),
    ("support.refunded", AMOUNT, "People who help, a refund"),
    ("support.charged_back", AMOUNT, "People who help, a chargeback"),
    ("payment.share", SHARE, "What the payment provider keeps of what a partner pays"),
    ("payment.fixed", AMOUNT, "What the payment provider keeps, a payment"),
    ("payment.refund", AMOUNT, "Handling a refund"),
    ("payment.chargeback", AMOUNT, "Handling a chargeback"),
    ("advertising.places", SHARE, "Share of interactions with a place for a spoken advert"),
    ("advertising.fill", SHARE, "Share of those places that is sold"),
    ("advertising.per_thousand", AMOUNT, "Price of a thousand spoken adverts"),
    ("display.places", SHARE, "Share of interactions on a screen with a place for an advert"),
    ("display.fill", SHARE, "Share of those places that is sold"),
    ("display.per_thousand", AMOUNT, "Price of a thousand shown adverts"),
    ("subscription.share", SHARE, "Share of devices whose household pays"),
    ("subscription.price_per_month", AMOUNT, "What it pays a month"),
    ("device.units", AMOUNT, "Devices sold in the year"),
    ("device.price", AMOUNT, "What a device is sold for, on average"),
    ("device.parts", AMOUNT, "What its parts cost"),
    ("device.margin", ANY, "Or: price less parts, a device"),
    ("device.margin_share", Quantity(least=Fraction(-10), most=Fraction(99, 100), words="a share below 1"),
     "Share of the price that is margin: the price follows from the parts"),
    ("device.extra_parts", AMOUNT, "What a device needs besides, for example to recognise speech itself"),
    ("people.headcount", AMOUNT, "People who build it and run it"),
    ("people.cost", AMOUNT, "What one of them costs a year, premises included"),
    ("people.severance", AMOUNT, "What one who is let go is paid once"),
    ("compute.recognition", AMOUNT, "Cloud: turning speech into text, an interaction"),
    ("compute.understanding", AMOUNT, "Cloud: understanding, an interaction"),
    ("compute.generative", AMOUNT, "Cloud: an answer by a large language model"),
    ("compute.generative_share", SHARE, "Share of interactions that get one"),
    ("compute.local_share", SHARE, "Share of interactions that never reach a cloud"),
    ("machine.price", AMOUNT, "What the machine at home cost, where its owner keeps these books"),
    ("machine.life_years", POSITIVE, "Years over which it is written off"),
    ("machine.watts_per_busy_core", AMOUNT, "Power above idle while one core works"),
    ("energy.price_per_kwh", AMOUNT, "Price of electricity"),
    ("effort.listening_s", AMOUNT, "Local: processor seconds of finding an utterance"),
    ("effort.recognition_s", AMOUNT, "Local: processor seconds of recognition"),
    ("effort.understanding_s", AMOUNT, "Local: processor seconds of understanding"),
    ("effort.occupied_s", AMOUNT, "Local: seconds for which an interaction occupies the machine, speech included"),
    ("overhead.per_device_month", AMOUNT, "What a device costs a month, whatever is said"),
    ("halo.households", AMOUNT, "Households that own a device"),
    ("halo.spending", AMOUNT, "What such a household spends with the company a year"),
    ("halo.lift", SHARE, "By how much it spends more because of the device"),
    ("halo.margin", SHARE, "What is left of that spending after its own costs"),
    ("change.*.usage", AMOUNT, "A strategy's effect: factor on interactions"),
    ("change.*.units", AMOUNT, "A strategy's effect: factor on devices sold"),
    ("change.*.price", AMOUNT, "A strategy's effect: factor on the device's price"),
    ("change.*.headcount", AMOUNT, "A strategy's effect: factor on people"),
    ("change.*.compute", AMOUNT, "A strategy's effect: factor on what a cloud costs"),
    ("reported.*", ANY, "Not reckoned with: what was published, to compare with"),
)  # fmt: skip
"""Every figure there may be; those that are not given are nothing."""


def find_key(key: str) -> Key | None:
    """What is known of the figure `key`; None when there is no such figure."""
    return next((each for each in KEYS if re.fullmatch(_expression(each.pattern), key)), None)


def _expression(pattern: str) -> str:
    return re.escape(pattern).replace(r"\*", "[a-z0-9][a-z0-9_-]*")
