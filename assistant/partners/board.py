"""All the partners there are, by intent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from assistant.config import load_strict
from assistant.partners.music import Music
from assistant.partners.pizza import Pizza, PizzaMenu
from assistant.partners.ride import Ride, RideMap
from assistant.partners.weather import Weather
from assistant.resources import configs_dir

if TYPE_CHECKING:
    from collections.abc import Mapping

    from assistant.partners.protocol import Informer, Seller


@dataclass(frozen=True, kw_only=True)
class Partners:
    """Who answers and who sells."""

    informers: Mapping[str, Informer]
    """By intent."""
    sellers: Mapping[str, Seller]
    """By intent."""


def load_partners(currency: str) -> Partners:
    """The simulated partners with the menus of `configs/partners`, priced in `currency`."""
    folder = configs_dir() / "partners"
    return Partners(
        informers={"music": Music(), "weather": Weather()},
        sellers={
            "pizza": Pizza(load_strict(folder / "pizza.toml", PizzaMenu), currency),
            "ride": Ride(load_strict(folder / "ride.toml", RideMap), currency),
        },
    )
