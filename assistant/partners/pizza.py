"""The simulated pizza partner."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Annotated, Final

import msgspec

from assistant.money import Money
from assistant.partners.protocol import HOME, Fulfilment, Quote, Refusal, end_of, minutes_left
from assistant.replies import Replies

PICK_UP: Final = "pick up"
"""The value of the slot `delivery` for an order that is collected; anything else is delivered."""

Minutes = Annotated[int, msgspec.Meta(gt=0)]


@dataclass(frozen=True, kw_only=True)
class PizzaMenu:
    """Prices in the currency of the pricing plan, all invented."""

    delivery: Decimal
    """An order that is delivered."""
    minutes: Minutes
    """From the order to the door."""
    pick_up_minutes: Minutes
    """From the order until it can be collected."""
    most: Annotated[int, msgspec.Meta(gt=0)]
    """Pizzas in an order; more are refused."""
    cancel_share: Annotated[float, msgspec.Meta(ge=0, le=1)]
    """Of placed orders that the partner calls off."""
    sizes: dict[str, Decimal]
    """Size to price of a pizza with nothing on it."""
    toppings: dict[str, Decimal]
    """Topping to what it adds; "default" for those not named."""
    crusts: dict[str, Decimal]
    """Crust to what it adds."""


class Pizza:
    """Quotes from a menu and delivers after a while; no pizza is ever baked."""

    def __init__(self, menu: PizzaMenu, currency: str) -> None:
        self.menu = menu
        self._currency = currency

    def quote(self, slots: Mapping[str, str | int], replies: Replies, *, now: datetime) -> Quote | Refusal:  # noqa: ARG002
        """Price of `quantity` (1) pizzas of `size` with `topping` (", " between several) and `crust`, delivered home or
        to an `address` or, with `delivery` "pick up", to be collected. For a `time` it cannot be had, and says so."""
        size, quantity = str(slots["size"]), int(slots.get("quantity", 1))
        toppings = list(dict.fromkeys(str(slots["topping"]).split(", ")))
        crust = slots.get("crust")
        if size not in self.menu.sizes:
            return Refusal(
                reason=replies.say("pizza.no_size", sizes=replies.names(list(self.menu.sizes)), size=size)
            )
        if crust is not None and crust not in self.menu.crusts:
            crusts = replies.names(list(self.menu.crusts))
            return Refusal(reason=replies.say("pizza.no_crust", crusts=crusts, crust=crust))
        if not 1 <= quantity <= self.menu.most:
            return Refusal(reason=replies.say("pizza.not_so_many", quantity=quantity, most=self.menu.most))
        each = self.menu.sizes[size] + sum(
            (self.menu.toppings.get(topping, self.menu.toppings["default"]) for topping in toppings),
            Decimal(),
        )
        if crust is not None:
            each += self.menu.crusts[str(crust)]
        collected = slots.get("delivery") == PICK_UP
        fee = Decimal() if collected else self.menu.delivery
        minutes = self._minutes(slots)
        description = replies.say(
            "pizza.one" if quantity == 1 else "pizza.many",
            quantity=quantity,
            size=size,
            topping=replies.names(toppings),
        )
        if crust is not None:
            description = replies.say("pizza.with_crust", pizza=description, crust=crust)
        address = slots.get("address") if slots.get("address") != HOME else None
        elsewhere = {"address": address} if address is not None else {}
        if elsewhere and not collected:
            description = replies.say("pizza.to_address", pizza=description, address=address)
        kind = "pick_up" if collected else "deliver"
        return Quote(
            description=description,
            slots={
                "size": size,
                "topping": ", ".join(toppings),
                "quantity": quantity,
                **({"crust": crust} if crust is not None else {}),
                **({"delivery": PICK_UP} if collected else {}),
                **({} if collected else elsewhere),
            },
            total=Money.of(each * quantity + fee, self._currency),
            minutes=minutes,
            delivery=replies.say(
                f"pizza.{kind}", minutes=minutes, fee=replies.money(Money.of(fee, self._currency))
            ),
            timing=replies.say(f"pizza.{kind}_timing", minutes=minutes),
            note=replies.say("pizza.no_time") if {"time", "day"} & slots.keys() else "",
            aside=elsewhere if collected else {},
        )

    def fulfil(self, order_id: str, slots: Mapping[str, str | int], placed_at: datetime) -> Fulfilment:
        """Delivered or collected after about the menu's minutes, or called off."""
        return end_of(order_id, placed_at, timedelta(minutes=self._minutes(slots)), self.menu.cancel_share)

    def status(
        self, slots: Mapping[str, str | int], placed_at: datetime, replies: Replies, *, now: datetime
    ) -> str:
        """When it should be there, or can be picked up."""
        minutes = minutes_left(placed_at + timedelta(minutes=self._minutes(slots)), now)
        kind = "pick_up" if slots.get("delivery") == PICK_UP else "deliver"
        return replies.say(f"pizza.{kind}_timing" if minutes > 1 else f"pizza.{kind}_soon", minutes=minutes)

    def _minutes(self, slots: Mapping[str, str | int]) -> int:
        return self.menu.pick_up_minutes if slots.get("delivery") == PICK_UP else self.menu.minutes
