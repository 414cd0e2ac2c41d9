"""The simulated ride partner."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Annotated, Final

import msgspec

from assistant.money import Money
from assistant.partners.protocol import Fulfilment, Quote, Refusal, end_of
from assistant.replies import Replies

HOME: Final = "home"
"""Where a ride begins when nobody says otherwise."""


@dataclass(frozen=True, kw_only=True)
class RideMap:
    """An invented town, and a fare in the currency of the pricing plan."""

    base: Decimal
    """A ride."""
    per_km: Decimal
    """A kilometre."""
    minutes_per_km: Annotated[float, msgspec.Meta(gt=0)]
    """On the road."""
    waiting_minutes: Annotated[float, msgspec.Meta(ge=0)]
    """Until the car is there."""
    cancel_share: Annotated[float, msgspec.Meta(ge=0, le=1)]
    """Of placed orders that the partner calls off."""
    places: dict[str, tuple[float, float]]
    """Place to kilometres east and north of home."""


class Ride:
    """Quotes by distance and arrives after a while; no car ever comes."""

    def __init__(self, town: RideMap, currency: str) -> None:
        self.town = town
        self._currency = currency

    def quote(self, slots: Mapping[str, str | int], replies: Replies) -> Quote | Refusal:
        """Fare from `origin` (home) to `destination`."""
        origin, destination = str(slots.get("origin", HOME)), str(slots["destination"])
        for place in (origin, destination):
            if place not in self.town.places:
                return Refusal(reason=f"no driver knows {place}")
        if origin == destination:
            return Refusal(reason=f"the ride would end where it begins, at {origin}")
        km = self._km(origin, destination)
        return Quote(
            description=replies.say("ride.trip", origin=origin, destination=destination, km=km),
            slots={"origin": origin, "destination": destination},
            total=Money.of(self.town.base + self.town.per_km * km, self._currency),
            minutes=round(self._minutes(km)),
        )

    def fulfil(self, order_id: str, slots: Mapping[str, str | int], placed_at: datetime) -> Fulfilment:
        """Arrives after the wait and the way, or is called off."""
        origin, destination = str(slots["origin"]), str(slots["destination"])
        if origin not in self.town.places or destination not in self.town.places:
            return Fulfilment(
                state="cancelled", at=placed_at, reason=f"no driver knows {destination} any more"
            )
        minutes = self._minutes(self._km(origin, destination))
        return end_of(order_id, placed_at, timedelta(minutes=minutes), self.town.cancel_share)

    def _km(self, origin: str, destination: str) -> Decimal:
        distance = math.dist(self.town.places[origin], self.town.places[destination])
        # Rounded to a hundred metres before it meets a price, so that the fare is exact.
        return max(Decimal(str(round(distance, 1))), Decimal("0.1"))

    def _minutes(self, km: Decimal) -> float:
        return self.town.waiting_minutes + self.town.minutes_per_km * float(km)
