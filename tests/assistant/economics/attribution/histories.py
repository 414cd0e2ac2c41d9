"""Small histories, random ones, and what they come to when every step is done the slow way."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import TYPE_CHECKING, Any, TypeAlias

import pyarrow as pa
from hypothesis import settings
from hypothesis import strategies as st

from assistant.economics.attribution.history import NO_TOUCH, History
from assistant.economics.attribution.tables import Table, make_history
from assistant.money import Money

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

PROPERTY = settings(max_examples=60, deadline=None)
"""Of tests of random histories; other programs share the machine, so none has a deadline."""
START = datetime(2026, 1, 1, tzinfo=UTC)
Touch: TypeAlias = tuple[str, float, str]
"""Household, day, kind."""


def at(day: float) -> datetime:
    return START + timedelta(days=day)


def table(rows: Sequence[dict[str, Any]], columns: Sequence[str], name: str) -> Table:
    return Table(data=pa.table({each: [row.get(each) for row in rows] for each in columns}), name=name)


def touch_table(touches: Iterable[Touch]) -> Table:
    rows = [
        {"id": f"t{n}", "household": household, "time": at(day), "kind": kind}
        for n, (household, day, kind) in enumerate(touches)
    ]
    data = table(rows, ("id", "household", "time", "kind"), "touches").data
    return Table(
        data=data.cast(pa.schema([*map(_text, ("id", "household")), _TIME, _text("kind")])), name="touches"
    )


def _text(name: str) -> pa.Field:
    return pa.field(name, pa.string())


_TIME = pa.field("time", pa.timestamp("us", "UTC"))


def purchase(household: str, day: float, value: str, **more: Any) -> dict[str, Any]:
    micros = Money.of(value, "USD").micros
    return {"household": household, "time": at(day), "value_micros": micros, "currency": "USD", **more}


def history(
    touches: Iterable[Touch],
    purchases: Sequence[dict[str, Any]],
    holdout: dict[str, bool] | None = None,
) -> History:
    """The history of these; a purchase's other columns are there if any purchase has them."""
    rows = [{"id": f"p{n}", **row} for n, row in enumerate(purchases)]
    fields = [_text("id"), _text("household"), _TIME, pa.field("value_micros", pa.int64()), _text("currency")]
    fields += [_text(name) for name in ("kind", "touch", "refund_of") if any(name in row for row in rows)]
    data = pa.table({each.name: pa.array([row.get(each.name) for row in rows], each.type) for each in fields})
    households = None
    if holdout is not None:
        households = Table(
            data=pa.table({"household": list(holdout), "holdout": list(holdout.values())}), name="households"
        )
    return make_history(
        touch_table(touches),
        Table(data=data, name="purchases"),
        households,
        source="a test",
        simulated=False,
    )


def journeys_of(paths: Iterable[tuple[str, int, int]]) -> History:
    """Paths such as "C1 > C2", each so many times with a purchase of 1 USD, and so many times without."""
    touches: list[Touch] = []
    purchases = []
    for path, bought, nothing in paths:
        for n in range(bought + nothing):
            household = f"h{len(touches)}"
            steps = path.split(" > ")
            touches += [(household, day, kind) for day, kind in enumerate(steps)]
            if n < bought:
                purchases.append(purchase(household, len(steps), "1"))
    return history(touches, purchases)


@st.composite
def histories(draw: st.DrawFn, kinds: Sequence[str] = ("music", "pizza", "ride", "weather")) -> History:
    """Any few households: unsorted, with touches at the same moment, refunds with and without their purchase."""
    household, day = st.sampled_from(["a", "b", "c"]), st.integers(0, 80).map(lambda half: half / 2)
    touches = draw(st.lists(st.tuples(household, day, st.sampled_from(list(kinds))), max_size=14))
    purchases: list[dict[str, Any]] = []
    for who, when, micros in draw(
        st.lists(st.tuples(household, day, st.integers(-(10**9), 10**15)), max_size=7)
    ):
        row = purchase(who, when, "0", refund_of=None)
        row["value_micros"] = micros
        purchases.append(row)
        if micros > 0 and draw(st.booleans()):
            back = draw(st.integers(1, micros))
            refund = purchase(who, when + draw(day), "0", refund_of=f"p{len(purchases) - 1}")
            purchases.append({**refund, "value_micros": -back})
    return history(touches, purchases)


class Slow:
    """The same history as plain lists, one purchase after another."""

    def __init__(self, given: History, window_days: float) -> None:
        self.kinds = given.kinds
        touches = list(
            zip(
                given.touch_household.tolist(),
                given.touch_us.tolist(),
                [given.kinds[kind] for kind in given.touch_kind],
                strict=True,
            )
        )
        window_us = window_days * 86_400_000_000
        self.journeys: list[tuple[int, list[tuple[int, str]]]] = []
        """Value in millionths, and the touches before it, oldest first."""
        for n in range(len(given.micros)):
            whose = given.household[given.refund_of[n]]
            when = given.us[given.refund_of[n]]
            before = [
                (us, kind) for who, us, kind in touches if who == whose and when - window_us <= us <= when
            ]
            self.journeys.append((int(given.micros[n]), before))

    def share(self, weigh: Any) -> dict[str, int]:
        """Credit by kind when each sale is split by the whole weights that `weigh` gives its touches."""
        credited = dict.fromkeys((*self.kinds, NO_TOUCH), 0)
        for micros, touches in self.journeys:
            if not touches:
                credited[NO_TOUCH] += micros
                continue
            parts = Money(currency="USD", micros=abs(micros)).allocate(weigh(touches))
            for (_, kind), part in zip(touches, parts, strict=True):
                credited[kind] += part.micros if micros > 0 else -part.micros
        return credited

    def claims(self) -> dict[str, int]:
        """What each kind claims downstream."""
        claimed = dict.fromkeys(self.kinds, 0)
        for micros, touches in self.journeys:
            for kind in {kind for _, kind in touches}:
                claimed[kind] += micros
        return claimed

    def sold_to(self, kinds: frozenset[str]) -> Fraction:
        """Purchases whose journeys hold no kind but these."""
        return Fraction(
            sum(micros for micros, touches in self.journeys if touches and {k for _, k in touches} <= kinds)
        )
