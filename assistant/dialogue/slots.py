"""What a new utterance makes of the slots that are known already."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Final

from assistant.money import MICROS_PER_UNIT

if TYPE_CHECKING:
    from collections.abc import Mapping

SEPARATOR: Final = ", "
"""Parts the values of a slot that holds several ("mushroom, ham")."""

ADD: Final = "add_"
"""Before a slot's name: a value to add."""
WITHOUT: Final = "without_"
"""Before a slot's name: a value to take away."""
NOT: Final = "not_"
"""Before a slot's name: the value that was not meant."""


BUDGET: Final = "budget"
"""The slot that holds what an order may cost at most: millionths, or words where they are of another currency."""


HALVES: Final = "halves"
"""The slot that holds the wish for something in two halves, which cannot be had."""
ELSEWHERE: Final = "elsewhere"
"""The slot that says that it is to go to a place which nobody knows."""
ADDRESS: Final = "address"
"""The slot that holds where it is to go."""
DELIVERY: Final = "delivery"
"""The slot that holds whether it comes or is collected."""


def placed_anew(known: Mapping[str, str | int], said: Mapping[str, str | int]) -> dict[str, str | int]:
    """`known` without the place that is not known any more, once another is `said`, and the other way round."""
    if ELSEWHERE in said:
        return {name: value for name, value in known.items() if name not in (ADDRESS, DELIVERY)}
    if not said.keys().isdisjoint({ADDRESS, DELIVERY}):
        return {name: value for name, value in known.items() if name != ELSEWHERE}
    return dict(known)


def without_budget(slots: Mapping[str, str | int]) -> dict[str, str | int]:
    """What is ordered, whatever it may cost."""
    return {name: value for name, value in slots.items() if name != BUDGET}


def for_people(slots: Mapping[str, object]) -> dict[str, str]:
    """Slots as a person reads them: amounts in units of the currency, not in millionths."""
    return {name: _for_people(name, value) for name, value in slots.items()}


def changed(known: Mapping[str, str | int], said: Mapping[str, str | int]) -> dict[str, str | int]:
    """`known` after a correction: `said` replaces, adds ("add_topping"), and takes away ("without_", "not_")."""
    slots = dict(known)
    for name, value in said.items():
        if name.startswith(ADD):
            slot = name.removeprefix(ADD)
            slots[slot] = SEPARATOR.join(dict.fromkeys([*_values(slots.get(slot)), *_values(value)]))
        elif name.startswith((WITHOUT, NOT)):
            slot = name.removeprefix(WITHOUT).removeprefix(NOT)
            unwanted = set(_values(value))
            left = [each for each in _values(slots.get(slot)) if each not in unwanted]
            if left != _values(slots.get(slot)):
                slots[slot] = SEPARATOR.join(left)
    # What was said outright stands, in whatever order the rest of the sentence came.
    slots.update({k: v for k, v in said.items() if not k.startswith((ADD, WITHOUT, NOT))})
    return {name: value for name, value in slots.items() if value != ""}


def _for_people(name: str, value: object) -> str:
    if name == BUDGET and isinstance(value, int):
        return f"{Decimal(value) / MICROS_PER_UNIT:.2f}"
    return str(value)


def _values(value: str | int | None) -> list[str]:
    return [] if value is None or value == "" else str(value).split(SEPARATOR)
