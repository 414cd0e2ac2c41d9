"""All the partners there are, by intent."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC
from typing import TYPE_CHECKING

from assistant.config import load_strict
from assistant.partners.alarm import Alarm
from assistant.partners.clock import Clock, Zones
from assistant.partners.information import Facts, Information
from assistant.partners.light import Light
from assistant.partners.music import Music
from assistant.partners.pizza import Pizza, PizzaMenu
from assistant.partners.ride import Ride, RideMap
from assistant.partners.scripted import Scripted
from assistant.partners.timer import Timer
from assistant.partners.traffic import Traffic
from assistant.partners.weather import Weather
from assistant.resources import configs_dir

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import tzinfo

    from assistant.partners.protocol import Informer, Seller
    from intents.catalogue import IntentDefinition


@dataclass(frozen=True, kw_only=True)
class Partners:
    """Who answers and who sells."""

    informers: Mapping[str, Informer]
    """By intent."""
    sellers: Mapping[str, Seller]
    """By intent."""


def load_partners(
    currency: str, *, zone: tzinfo = UTC, intents: Mapping[str, IntentDefinition] | None = None
) -> Partners:
    """The simulated partners with the menus of `configs/partners`, priced in `currency`; `zone` is the household's.

    Of `intents`, those that bring their own replies answer with them.
    """
    folder = configs_dir() / "partners"
    informers: dict[str, Informer] = {
        name: Scripted(intent.replies) for name, intent in (intents or {}).items() if intent.replies
    }
    informers |= {
        "alarm": Alarm(),
        "information": Information(load_strict(folder / "information.toml", Facts)),
        "light": Light(),
        "music": Music(),
        "time": Clock(load_strict(folder / "time.toml", Zones), zone),
        "timer": Timer(zone),
        "traffic": Traffic(zone),
        "weather": Weather(),
    }
    return Partners(
        informers=informers,
        sellers={
            "pizza": Pizza(load_strict(folder / "pizza.toml", PizzaMenu), currency),
            "ride": Ride(load_strict(folder / "ride.toml", RideMap), currency, zone),
        },
    )
