"""The simulated ride partner."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from decimal import Decimal
from typing import Annotated

import msgspec

from assistant.money import Money
from assistant.partners.protocol import HOME, Fulfilment, Quote, Refusal, end_of, minutes_left
from assistant.replies import Replies


@dataclass(frozen=True, kw_only=True)
class RideClass:
    """A kind of car."""

    factor: Decimal
    """Of the fare."""
    seats: Annotated[int, msgspec.Meta(gt=0)]
    """For passengers."""


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
    days_ahead: Annotated[int, msgspec.Meta(gt=0)]
    """How far ahead a ride may be booked."""
    cancel_share: Annotated[float, msgspec.Meta(ge=0, le=1)]
    """Of placed orders that the partner calls off."""
    classes: dict[str, RideClass]
    """Kinds of car, the usual one first."""
    places: dict[str, tuple[float, float]]
    """Place to kilometres east and north of home."""


class Ride:
    """Quotes by distance and arrives after a while; no car ever comes."""

    def __init__(self, town: RideMap, currency: str, zone: tzinfo = UTC) -> None:
        self.town = town
        self._currency = currency
        self._zone = zone

    def quote(self, slots: Mapping[str, str | int], replies: Replies, *, now: datetime) -> Quote | Refusal:
        """Fare from `origin` (home) to `destination`, at `time` (now; local, ISO 8601), for `passengers` (1) in a
        car of `class` (the first that has the seats)."""
        origin, destination = str(slots.get("origin", HOME)), str(slots["destination"])
        for place in (origin, destination):
            if place not in self.town.places:
                return Refusal(reason=replies.say("ride.no_place", place=place))
        if origin == destination:
            # Who wants to go home is not at home.
            ask = "" if "origin" in slots else "origin"
            return Refusal(reason=replies.say("ride.same_place", place=origin), ask=ask)
        car = self._car(slots, replies)
        if isinstance(car, Refusal):
            return car
        leaves = self._leaves(slots)
        # To the minute: what is said at ten past for ten past is not in the past.
        if leaves and not now - timedelta(minutes=1) < leaves <= now + timedelta(days=self.town.days_ahead):
            too_late = leaves <= now
            when = replies.time(leaves.astimezone(self._zone), now.astimezone(self._zone))
            return Refusal(
                reason=replies.say(
                    "ride.past" if too_late else "ride.too_far_ahead", when=when, days=self.town.days_ahead
                )
            )
        km = self._km(origin, destination)
        fare = (self.town.base + self.town.per_km * km) * self.town.classes[car].factor
        passengers = int(slots.get("passengers", 1))
        trip = replies.say("ride.trip", origin=origin, destination=destination, km=km)
        if "class" in slots or car != next(iter(self.town.classes)):
            trip = replies.say("ride.in_class", trip=trip, car=car)
        if passengers > 1:
            trip = replies.say("ride.for_passengers", trip=trip, passengers=passengers)
        waiting, driving = round(self.town.waiting_minutes), round(self.town.minutes_per_km * float(km))
        minutes = round(self._minutes(km))
        when = replies.time(leaves.astimezone(self._zone), now.astimezone(self._zone)) if leaves else ""
        return Quote(
            description=replies.say("ride.at", trip=trip, when=when) if leaves else trip,
            slots={
                "origin": origin,
                "destination": destination,
                **{name: slots[name] for name in ("time", "class", "passengers") if name in slots},
            },
            total=Money.of(fare.quantize(Decimal("0.01")), self._currency),
            minutes=minutes,
            delivery=(
                replies.say("ride.later", when=when, driving=driving)
                if leaves
                else replies.say("ride.now", waiting=waiting, driving=driving)
            ),
            timing=(
                replies.say("ride.later_timing", when=when, driving=driving)
                if leaves
                else replies.say("ride.now_timing", minutes=minutes)
            ),
        )

    def fulfil(self, order_id: str, slots: Mapping[str, str | int], placed_at: datetime) -> Fulfilment:
        """Arrives after the wait, until its time if it has one, and the way; or is called off."""
        origin, destination = str(slots["origin"]), str(slots["destination"])
        if origin not in self.town.places or destination not in self.town.places:
            return Fulfilment(
                state="cancelled", at=placed_at, reason=f"no driver knows {destination} any more"
            )
        minutes = self._minutes(self._km(origin, destination))
        leaves = self._leaves(slots)
        begins = max(placed_at, leaves) if leaves else placed_at
        return end_of(order_id, begins, timedelta(minutes=minutes), self.town.cancel_share)

    def status(
        self, slots: Mapping[str, str | int], placed_at: datetime, replies: Replies, *, now: datetime
    ) -> str:
        """When it leaves, when the car should be there, or, under way, when the ride should be over."""
        leaves = self._leaves(slots)
        driving = self.town.minutes_per_km * float(self._km(str(slots["origin"]), str(slots["destination"])))
        if leaves and leaves > now:
            when = replies.time(leaves.astimezone(self._zone), now.astimezone(self._zone))
            return replies.say("ride.later_timing", when=when, driving=round(driving))
        begins = max(placed_at, leaves) if leaves else placed_at
        begins += timedelta(minutes=self.town.waiting_minutes)
        waiting = minutes_left(begins, now)
        if waiting:
            return replies.say("ride.car_timing" if waiting > 1 else "ride.car_soon", minutes=waiting)
        minutes = minutes_left(begins + timedelta(minutes=driving), now)
        return replies.say("ride.now_timing" if minutes > 1 else "ride.there_soon", minutes=minutes)

    def _car(self, slots: Mapping[str, str | int], replies: Replies) -> str | Refusal:
        """The class of the car; the first that has seats enough unless one was asked for."""
        classes, passengers = self.town.classes, int(slots.get("passengers", 1))
        asked = slots.get("class")
        if asked is not None and asked not in classes:
            return Refusal(
                reason=replies.say("ride.no_class", car=asked, classes=replies.names(list(classes)))
            )
        if passengers < 1:
            return Refusal(reason=replies.say("ride.nobody"))
        roomy = [name for name in classes if classes[name].seats >= passengers and asked in (None, name)]
        if not roomy:
            most = max(classes[name].seats for name in classes if asked in (None, name))
            return Refusal(reason=replies.say("ride.no_seats", passengers=passengers, seats=most))
        return roomy[0]

    def _leaves(self, slots: Mapping[str, str | int]) -> datetime | None:
        """When it is to leave, in UTC; None for at once."""
        if "time" not in slots:
            return None
        return datetime.fromisoformat(str(slots["time"])).replace(tzinfo=self._zone).astimezone(UTC)

    def _km(self, origin: str, destination: str) -> Decimal:
        distance = math.dist(self.town.places[origin], self.town.places[destination])
        # Rounded to a hundred metres before it meets a price, so that the fare is exact.
        return max(Decimal(str(round(distance, 1))), Decimal("0.1"))

    def _minutes(self, km: Decimal) -> float:
        return self.town.waiting_minutes + self.town.minutes_per_km * float(km)
