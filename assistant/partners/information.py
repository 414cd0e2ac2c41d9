"""General information: a few facts from a file, and sums worked out. Nothing else is known, and nothing is made up."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from assistant.replies import Replies


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What is known by heart."""

    countries: dict[str, tuple[str, str, str]]
    """Country to its capital, continent and currency."""
    facts: dict[str, str]
    """Topic to what there is to say about it."""


class Information:
    """Answers from `Facts`, and earns nothing."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts

    def answer(self, slots: Mapping[str, str | int], now: datetime, replies: Replies) -> str:  # noqa: ARG002
        """The capital, continent or currency of `country`, the sum of `left` and `right`, or the fact of `topic`."""
        what = str(slots.get("what", "fact"))
        if what == "sum":
            return _sum(int(slots["left"]), str(slots["operator"]), int(slots["right"]), replies)
        if what == "fact":
            return self._facts.facts.get(str(slots.get("topic"))) or replies.say("information.unknown")
        country = str(slots.get("country"))
        if country not in self._facts.countries:
            return replies.say("information.unknown")
        capital, continent, currency = self._facts.countries[country]
        name = " ".join(word if word == "the" else word.capitalize() for word in country.split())
        return replies.say(
            f"information.{what}", country=name, capital=capital, continent=continent, currency=currency
        )


def _sum(left: int, operator: str, right: int, replies: Replies) -> str:
    if operator == "divided by" and right == 0:
        return replies.say("information.by_zero")
    value = {
        "plus": lambda: Fraction(left + right),
        "minus": lambda: Fraction(left - right),
        "times": lambda: Fraction(left * right),
        "divided by": lambda: Fraction(left, right),
    }[operator]()
    exact = value.denominator == 1 or 1000 % value.denominator == 0
    number = str(value.numerator) if value.denominator == 1 else f"{float(value):.3f}".rstrip("0")
    return replies.say(
        "information.sum" if exact else "information.about",
        left=left,
        operator=operator,
        right=right,
        value=number,
    )
