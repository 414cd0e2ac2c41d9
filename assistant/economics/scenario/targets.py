"""What is to be reached, and a year as a function of one of its figures."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Final, Literal, TypeAlias, cast, get_args

import numpy as np

from assistant.economics.scenario.counts import Expected
from assistant.economics.scenario.draws import ZERO
from assistant.economics.scenario.economy import evaluate
from assistant.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from assistant.economics.scenario.economy import Year
    from assistant.economics.scenario.files import Scenario
    from assistant.ledger.arithmetic import Number

Measure: TypeAlias = Literal["margin", "loss", "revenue", "cost", "each"]
"""Of the year; "each" is the margin of one interaction."""

BREAK_EVEN: Final = "break-even"


@dataclass(frozen=True, kw_only=True)
class Target:
    """What a measure is to come to."""

    measure: Measure
    value: float
    """Currency units."""

    @classmethod
    def parse(cls, text: str) -> Target:
        """ "break-even", or a measure and an amount: "margin=1e9", "loss=5e9".

        Raises:
            ConfigError: it is neither.
        """
        if text == BREAK_EVEN:
            return cls(measure="margin", value=0.0)
        measure, _, amount = text.partition("=")
        try:
            value = float(Decimal(amount.replace("_", "")))
        except InvalidOperation:
            value = float("nan")
        if measure not in get_args(Measure) or not np.isfinite(value):
            raise ConfigError(
                f"the target {text!r} is none; expected {BREAK_EVEN} or one like margin=1e9, "
                f"of {', '.join(get_args(Measure))}"
            )
        return cls(measure=cast("Measure", measure), value=value)

    def missed_by(self, year: Year) -> Number:
        """The measure less what it is to come to."""
        if self.measure == "loss":
            return -year.margin - self.value
        if self.measure == "each":
            return year.margin / np.maximum(year.interactions, 1) - self.value
        return getattr(year, self.measure) - self.value

    def words(self, currency: str) -> str:
        """As it stands in a sentence."""
        if self.measure == "margin" and not self.value:
            return "to break even"
        what = "a margin by interaction" if self.measure == "each" else f"a {self.measure}"
        return f"for {what} of {self.value:,.6g} {currency}"


def year_with(
    scenario: Scenario, values: Mapping[str, Number], key: str, points: NDArray[np.float64] | float
) -> Year:
    """The year in which the figure `key` has other values than `values` say; a share of the mix holds as it is."""
    pinned = key.removeprefix("mix.") if key.startswith("mix.") else ""
    changed = {**values, key: np.asarray(points, dtype=float) * np.float64(1)}
    return evaluate(changed, Expected(), currency=scenario.currency, pinned=pinned, zero=ZERO)
