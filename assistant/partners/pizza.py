"""The simulated pizza partner."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Annotated

import msgspec

from assistant.money import Money
from assistant.partners.protocol import Fulfilment, Quote, Refusal, end_of
from assistant.replies import Replies


@dataclass(frozen=True, kw_only=True)
class PizzaMenu:
    """Prices in the currency of the pricing plan, all invented."""

    delivery: Decimal
    """An order."""
    minutes: Annotated[int, msgspec.Meta(gt=0)]
    """From the order to the door."""
    cancel_share: Annotated[float, msgspec.Meta(ge=0, le=1)]
    """Of placed orders that the partner calls off."""
    sizes: dict[str, Decimal]
    """Size to price of a pizza with nothing on it."""
    toppings: dict[str, Decimal]
    """Topping to what it adds; "default" for those not named."""


class Pizza:
    """Quotes from a menu and delivers after a while; no pizza is ever baked."""

    def __init__(self, menu: PizzaMenu, currency: str) -> None:
        self.menu = menu
        self._currency = currency

    def quote(self, slots: Mapping[str, str | int], replies: Replies) -> Quote | Refusal:
        """Price of `quantity` (1) pizzas of `size` with `topping`, delivered."""
        size, topping, quantity = str(slots["size"]), str(slots["topping"]), int(slots.get("quantity", 1))
        if size not in self.menu.sizes:
            return Refusal(reason=f"the menu has {', '.join(self.menu.sizes)}, not {size}")
        if quantity < 1:
            return Refusal(reason=f"{quantity} pizzas are none")
        each = self.menu.sizes[size] + self.menu.toppings.get(topping, self.menu.toppings["default"])
        return Quote(
            description=replies.say(
                "pizza.one" if quantity == 1 else "pizza.many", quantity=quantity, size=size, topping=topping
            ),
            slots={"size": size, "topping": topping, "quantity": quantity},
            total=Money.of(each * quantity + self.menu.delivery, self._currency),
            minutes=self.menu.minutes,
        )

    def fulfil(self, order_id: str, slots: Mapping[str, str | int], placed_at: datetime) -> Fulfilment:  # noqa: ARG002
        """Delivered after about the menu's minutes, or called off."""
        return end_of(order_id, placed_at, timedelta(minutes=self.menu.minutes), self.menu.cancel_share)
