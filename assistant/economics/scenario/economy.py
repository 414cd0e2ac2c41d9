"""What the figures of a scenario come to: quantities and rates, priced by the rules of the device's ledger.

Everything here reckons with `Number`s: exact fractions for the statement, arrays for bands, sensitivities and solving.
What no device books (people, a halo, shown adverts) is added at the end.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, is_dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Final

from assistant.ledger import accounts
from assistant.ledger.arithmetic import Number, at_least
from assistant.ledger.period import DAYS_PER_YEAR, period_amounts
from assistant.ledger.plan import (
    Advertising,
    Device,
    Energy,
    Machine,
    Overhead,
    Payment,
    PricingPlan,
    Rebate,
    Recognition,
    ShareAndFixed,
    Subscription,
    Support,
    Understanding,
)
from assistant.ledger.volume import OrderVolume, Volume, volume_amounts

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from assistant.economics.scenario.counts import Counts

WEEKS_PER_YEAR: Final = 52
"""As the published arithmetic has it: a billion a week are 52 billion a year."""

MICROSECONDS: Final = 1_000_000
SOURCE: Final = "the scenario"
"""Sources stand with the figures; a plan made of figures needs none of its own."""
EFFORT: Final = {
    "audio_us": "effort.occupied_s",
    "listening_cpu_us": "effort.listening_s",
    "recognition_cpu_us": "effort.recognition_s",
    "understanding_cpu_us": "effort.understanding_s",
}
"""Quantities of a volume, and the figures that say how much of each an interaction takes."""
ONE: Final = Decimal(1)
MEASURED_RECOGNITION: Final = Recognition(source=SOURCE)
MEASURED: Final = Understanding(source=SOURCE)


@dataclass(frozen=True, kw_only=True)
class Year:
    """What a year comes to."""

    interactions: Number
    """Everything said."""
    requests: Mapping[str, Number]
    """By intent."""
    orders: Mapping[str, OrderVolume]
    """By intent; totals are `Number`s of currency units."""
    amounts: Mapping[str, Number]
    """By account, currency units, positive: earned if it is income, spent if it is an expense."""

    @property
    def revenue(self) -> Number:
        """All income."""
        return _total(self.amounts, "Income:")

    @property
    def cost(self) -> Number:
        """All expenses."""
        return _total(self.amounts, "Expenses:")

    @property
    def margin(self) -> Number:
        """Income less expenses; a loss is less than nothing."""
        return self.revenue - self.cost


def _total(amounts: Mapping[str, Number], prefix: str) -> Number:
    return sum((amount for account, amount in amounts.items() if account.startswith(prefix)), 0)


def evaluate(
    values: Mapping[str, Number],
    counts: Counts,
    *,
    currency: str,
    pinned: str = "",
    zero: Number = Fraction(0),
) -> Year:
    """The year.

    Args:
        values: Figures by key, all fractions or all floats and arrays; what is not there is nothing.
        counts: How things are counted.
        currency: Of all the money.
        pinned: A part of the mix whose share holds as it is, while the others fill what it leaves.
        zero: Nothing, in the sort of numbers that `values` are of.
    """
    figures = _Figures(values, zero)
    interactions = counts.happened(_interactions(figures))
    requests = counts.split(interactions, _mix(figures, pinned))
    orders = {
        intent: _orders(intent, requests[intent], figures, counts) for intent in figures.intents("orders")
    }
    local = counts.some(interactions, figures["compute.local_share"])
    plan = _plan(figures, currency)
    on = date(2000, 1, 1)  # One currency: no rate of exchange is ever looked up.
    amounts: dict[str, Number] = {}

    def add(lines: Iterable[tuple[Any, ...]]) -> None:
        for account, amount, *_ in lines:
            amounts[account] = amounts.get(account, zero) + amount

    cloud = _volume(
        zero,
        heard=interactions - local,
        places=counts.some(interactions, figures["advertising.places"]),
        orders={intent: (each,) for intent, each in orders.items()},
    )
    add(volume_amounts(cloud, plan, on=on))
    if "compute.local_share" in values:
        spent = {name: local * (figures[key] * MICROSECONDS) for name, key in EFFORT.items()}
        at_home = dataclasses.replace(plan, recognition=MEASURED_RECOGNITION, understanding=MEASURED)
        volume = _volume(zero, heard=local, **spent)
        add(volume_amounts(volume, at_home, on=on))
        machines = figures["usage.devices"] * figures["machine.price"]
        by_time = machines / figures.get("machine.life_years", zero + 1)
        add([(accounts.IDLE_MACHINE, by_time - plan.wear_cost(volume.audio_us))])
    add(_periods(figures, plan))
    shown = counts.some(interactions, figures["display.places"])
    screens = dataclasses.replace(plan, advertising=_adverts(figures, "display"))
    add([(accounts.DISPLAY, (screens if figures.is_exact else _in_floats(screens)).advert_price() * shown)])
    add(_company(figures))
    return Year(interactions=interactions, requests=requests, orders=orders, amounts=amounts)


def _volume(zero: Number, **quantities: Any) -> Volume:
    """Nothing but these quantities; every number of the sort that `zero` is of."""
    names = (*EFFORT, "recognition_us", "understanding_us", "places")
    everything: Any = dict.fromkeys(names, zero) | quantities
    return Volume(**everything)


class _Figures:
    """Figures by key, with nothing for what is not there, and the factors of all strategies multiplied."""

    def __init__(self, values: Mapping[str, Number], zero: Number) -> None:
        self._values = values
        self.zero = zero
        self.is_exact = isinstance(zero, Fraction)

    def __getitem__(self, key: str) -> Number:
        return self._values.get(key, self.zero)

    def get(self, key: str, otherwise: Number) -> Number:
        return self._values.get(key, otherwise)

    def __contains__(self, key: str) -> bool:
        return key in self._values

    def intents(self, group: str) -> list[str]:
        return list(dict.fromkeys(key.split(".")[1] for key in self._values if key.startswith(f"{group}.")))

    def factor(self, what: str) -> Number:
        factor = self.zero + 1
        for key, value in self._values.items():
            if key.startswith("change.") and key.endswith(f".{what}"):
                factor = factor * value
        return factor


def _mix(figures: _Figures, pinned: str) -> dict[str, Number]:
    """Shares of what is asked for, which come to 1.

    What can be ordered has the share that its figure says; the rest fills what that leaves, in its proportions.
    """
    shares = {name: figures[f"mix.{name}"] for name in figures.intents("mix")}
    held = {name: shares[name] for name in (*figures.intents("orders"), pinned) if name in shares}
    rest = sum((share for name, share in shares.items() if name not in held), figures.zero)
    left = at_least(figures.zero + 1 - sum(held.values(), figures.zero), figures.zero)
    return {name: share if name in held else share * left / rest for name, share in shares.items()}


def _interactions(figures: _Figures) -> Number:
    by_week = figures["usage.interactions_per_week"] * WEEKS_PER_YEAR
    by_device = figures["usage.interactions_per_device_day"] * figures["usage.devices"] * DAYS_PER_YEAR
    return (by_week + by_device) * figures.factor("usage")


def _orders(intent: str, requests: Number, figures: _Figures, counts: Counts) -> OrderVolume:
    def share(name: str) -> Number:
        return figures[f"orders.{intent}.{name}"]

    placed = counts.some(requests, share("placed"))
    completed = counts.some(placed, share("completed"))
    refunded = counts.some(completed, share("refunded"))
    charged_back = counts.some(completed - refunded, share("charged_back"))
    return OrderVolume(
        total=share("total"),
        placed=placed,
        completed=completed,
        settled=completed,
        refunded=refunded,
        charged_back=charged_back,
    )


def _plan(figures: _Figures, currency: str) -> PricingPlan:
    """The pricing plan that the figures are."""
    cloud = figures.factor("compute")

    def by_intent(group: str) -> dict[str, Any]:
        return {
            intent: ShareAndFixed(
                share=figures[f"{group}.{intent}.share"],
                fixed=figures[f"{group}.{intent}.fixed"],
                source=SOURCE,
            )
            for intent in figures.intents(group)
        }

    generative = figures["compute.generative"] * figures["compute.generative_share"]
    price, parts = _device(figures)
    plan = PricingPlan(
        name=SOURCE,
        currency=currency,
        machine=Machine(
            name=SOURCE,
            price=figures["machine.price"],
            life_years=figures.get("machine.life_years", ONE),
            watts_per_busy_core=figures["machine.watts_per_busy_core"],
            source=SOURCE,
        ),
        energy=Energy(price_per_kwh=figures["energy.price_per_kwh"], source=SOURCE),
        recognition=Recognition(
            method="per_request", price=figures["compute.recognition"] * cloud, source=SOURCE
        ),
        understanding=Understanding(
            method="per_request", price=(figures["compute.understanding"] + generative) * cloud, source=SOURCE
        ),
        rebates={
            intent: Rebate(
                share=figures[f"rebates.{intent}.share"],
                fixed=figures[f"rebates.{intent}.fixed"],
                notification=figures[f"rebates.{intent}.notification"],
                source=SOURCE,
            )
            for intent in figures.intents("rebates")
        },
        affiliates=by_intent("affiliates"),
        fulfilment=by_intent("fulfilment"),
        support=Support(
            placed=figures["support.placed"],
            refunded=figures["support.refunded"],
            charged_back=figures["support.charged_back"],
            source=SOURCE,
        ),
        payment=Payment(
            share=figures["payment.share"],
            fixed=figures["payment.fixed"],
            refund=figures["payment.refund"],
            chargeback=figures["payment.chargeback"],
            source=SOURCE,
        ),
        advertising=_adverts(figures, "advertising"),
        subscription=Subscription(price_per_month=figures["subscription.price_per_month"], source=SOURCE),
        overhead=Overhead(per_month=figures["overhead.per_device_month"], source=SOURCE),
        device=Device(price=price, parts=parts, life_years=ONE, source=SOURCE),
    )
    return plan if figures.is_exact else _in_floats(plan)


def _adverts(figures: _Figures, group: str) -> Advertising:
    return Advertising(
        per_thousand=figures[f"{group}.per_thousand"],
        fill=figures[f"{group}.fill"],
        intents=(),
        source=SOURCE,
    )


def _device(figures: _Figures) -> tuple[Number, Number]:
    """Price and parts of a device.

    The parts are given, or follow from the margin; they stay what they are. A wanted share of margin, and then a war
    of prices, move the price.
    """
    price = figures["device.price"]
    parts = price - figures["device.margin"] if "device.margin" in figures else figures["device.parts"]
    parts = parts + figures["device.extra_parts"]
    if "device.margin_share" in figures:
        price = parts / (1 - figures["device.margin_share"])
    return price * figures.factor("price"), parts


def _periods(figures: _Figures, plan: PricingPlan) -> Iterator[tuple[str, Number]]:
    """What time brings. Devices are earned and spent whole in the year in which they are sold."""
    days = figures["usage.devices"] * DAYS_PER_YEAR
    paying = days * figures["subscription.share"]
    yield from period_amounts(
        dataclasses.replace(plan, device=None), device_days=days, subscriber_days=paying
    )
    sold = figures["device.units"] * figures.factor("units")
    lives = sold * DAYS_PER_YEAR  # The life in the plan is a year.
    yield from period_amounts(
        dataclasses.replace(plan, subscription=None, overhead=None),
        device_days=lives,
        subscriber_days=figures.zero,
    )


def _company(figures: _Figures) -> Iterator[tuple[str, Number]]:
    """What no device books."""
    before, factor = figures["people.headcount"], figures.factor("headcount")
    yield accounts.PEOPLE, before * factor * figures["people.cost"]
    gone = at_least(before - before * factor, figures.zero)
    yield accounts.SEVERANCE, gone * figures["people.severance"]
    spending = figures["halo.households"] * figures["halo.spending"]
    yield accounts.HALO, spending * figures["halo.lift"] * figures["halo.margin"]


def _in_floats(table: Any) -> Any:
    """The same plan with floats for the decimals that it has by default, and arrays left as they are."""
    if isinstance(table, Decimal):
        import numpy as np  # only where numbers are drawn

        return np.float64(table)
    if isinstance(table, dict):
        return {name: _in_floats(each) for name, each in table.items()}
    if is_dataclass(table) and not isinstance(table, type):
        changes = {each.name: _in_floats(getattr(table, each.name)) for each in dataclasses.fields(table)}
        return dataclasses.replace(table, **changes)
    return table
