"""One block of simulated households, week by week, as the tables of a lake."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from assistant import __version__
from assistant.economics.fleet.behaviour import NOT_UNDERSTOOD
from assistant.economics.fleet.columns import SCHEMAS, TIME_OF
from assistant.economics.fleet.draw import (
    DAY_US,
    WEEK_US,
    draw_households,
    draw_purchases,
    draw_said,
    draw_work,
)
from assistant.economics.fleet.ids import numbered_within, uuids
from assistant.economics.fleet.pricing import advert_micros, book_interactions
from assistant.economics.fleet.terms import sizes
from assistant.store.summary import QUARTER_S

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.random import Generator

    from assistant.economics.attribution.history import Booleans, Integers
    from assistant.economics.fleet.behaviour import Behaviour
    from assistant.economics.fleet.draw import Households, Purchases
    from assistant.economics.fleet.terms import Line, Size
    from assistant.ledger.plan import PricingPlan
    from assistant.records import OrderState

SIMULATED: Final = "simulated"
"""Engine, step and origin of simulated interactions."""

_QUOTED_BEFORE_US: Final = 8_000_000
"""From the question whether to order to the yes."""
_ABANDONED_BEFORE_US: Final = 3_600_000_000
"""From the quote that was called off to the one that was not."""
_ENGINE: Final = {"source": "microphone", "engine": SIMULATED}

_SAID, _QUOTE, _YES, _ORDER, _OUTSIDE, _RETURN = range(1, 7)
"""Sorts of things, in their ids."""


@dataclass(frozen=True, kw_only=True)
class Tally:
    """What a block truly did, in whole numbers; tallies of blocks add."""

    households: int = 0
    """All of them."""
    held_out: int = 0
    """Those kept without a device."""
    caused: dict[str, int] = field(default_factory=dict)
    """By good: purchases that only the device brought about, their repeats among them."""
    caused_micros: dict[str, int] = field(default_factory=dict)
    """Their value less what of it was given back in the time, by good: the true effect."""
    anyway_by_voice: int = 0
    """Orders by voice that would have been purchases without a device, too."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Block:
    """A block of households and what they are simulated under."""

    random: Generator
    """Of this block alone, so that it does not matter who simulates it, nor when."""
    first: int
    """Number of its first household in the fleet."""
    count: int
    """How many there are."""
    weeks: int
    """How long."""
    start_us: int
    """The Monday on which it begins (UTC), microseconds since 1970."""
    seed: int
    """Of the fleet; part of every id."""
    behaviour: Behaviour
    """How they behave."""
    plan: PricingPlan
    """What things cost and earn."""

    def simulate(self) -> Iterator[tuple[int, str, list[pa.Table]]]:
        """Every table of every week: week (from 0), name, row groups. The last one is `devices`, of week -1."""
        spread = {
            "interactions": list(self._by_week("interactions", self._turns())),
            "orders": list(self._by_week("orders", self._orders())),
            "order_events": list(self._by_week("order_events", self._events())),
            "postings": list(self._by_week("postings", self._postings())),
            "purchases": list(self._by_week("purchases", self._outside())),
        }
        for week in range(self.weeks):
            for table, parts in spread.items():
                if table == "interactions":
                    yield week, table, [self._said(week), _code(parts[week])]
                else:
                    yield week, table, [parts[week]]
        yield -1, "devices", [self._devices()]

    @cached_property
    def tally(self) -> Tally:
        """The truth of it."""
        bought = self._purchases
        micros = self._value()
        back = self._is_back(bought.back_at)
        goods = list(self.behaviour.buying.goods)
        caused = [bought.caused & (bought.good == number) for number in range(len(goods))]
        return Tally(
            households=self.count,
            held_out=int(self._households.holdout.sum()),
            caused={good: int(which.sum()) for good, which in zip(goods, caused, strict=True)},
            caused_micros={
                good: int(micros[which].sum()) - int(micros[which & back].sum())
                for good, which in zip(goods, caused, strict=True)
            },
            anyway_by_voice=int((bought.by_voice & ~bought.caused).sum()),
        )

    # ---- what was drawn

    @cached_property
    def _households(self) -> Households:
        return draw_households(self.random, self.behaviour, self.count)

    @cached_property
    def _purchases(self) -> Purchases:
        households = self._households
        return draw_purchases(self.random, self.behaviour, households, self.weeks)

    @cached_property
    def _sizes(self) -> tuple[tuple[Size, ...], ...]:
        return sizes(self.behaviour, self.plan)

    @cached_property
    def _names(self) -> pa.Array:
        return pa.array([f"h{self.first + n:08d}" for n in range(self.count)], pa.string())

    def _value(self) -> Integers:
        """(purchases,) millionths."""
        bought = self._purchases
        micros = np.zeros(len(bought.at), dtype=np.int64)
        for number, good in enumerate(self._sizes):
            prices = np.array([size.order.total.micros for size in good], dtype=np.int64)
            this = bought.good == number
            micros[this] = prices[bought.price[this]]
        return micros

    def _is_back(self, at: Integers) -> Booleans:
        """Which of these things have happened by the end."""
        happened: Booleans = (at >= 0) & (at < self.weeks * WEEK_US)
        return happened

    # ---- tables

    def _said(self, week: int) -> pa.Table:
        """A week of what was said that is no order."""
        household, us, kind = draw_said(self.random, self.behaviour, self._households, week)
        count = len(household)
        number = numbered_within(household, self.count)
        ids = self._ids(_SAID, household, number, week)
        kinds = list(self.behaviour.talk.mix)
        nothing = np.array([each == NOT_UNDERSTOOD for each in kinds])
        unheard = nothing[kind]
        code = kind.astype(np.int8)

        def understood(yes: str, no: str) -> pa.Array:
            return pa.DictionaryArray.from_arrays(pa.array(unheard.astype(np.int8)), pa.array([yes, no]))

        adverts = self.plan.advertising.intents if self.plan.advertising else ()
        price = advert_micros(self.plan)
        place = np.array([price if each in adverts else 0 for each in kinds], dtype=np.int64)
        columns = self._interactions(
            household,
            us + week * WEEK_US,
            id=ids,
            session=ids,
            transcript=pa.DictionaryArray.from_arrays(
                pa.array(code), pa.array([f"{each} ({SIMULATED})" for each in kinds], pa.string())
            ),
            intent=pa.DictionaryArray.from_arrays(pa.array(code, mask=unheard), pa.array(kinds, pa.string())),
            kind=understood("trivial", "none"),
            outcome=understood("answered", "rejected"),
            order_id=pa.nulls(count, pa.string()),
            partner=_same("none", count),
            score=pa.array((~nothing).astype(np.float64)[kind]),
            advertising_micros=pa.array(place[kind]),
        )
        return _coded_table(columns)

    def _turns(self) -> pa.Table:
        """All turns about orders: quoted, and confirmed or called off."""
        orders = self._all_orders
        turns = [
            self._turn(orders, at=orders.quoted_at, ids=orders.quote_ids, outcome="asked"),
            self._turn(orders, at=orders.answered_at, ids=orders.answer_ids, outcome=""),
        ]
        return pa.concat_tables(turns)

    def _turn(self, orders: _Orders, *, at: Integers, ids: pa.Array, outcome: str) -> pa.Table:
        count = len(at)
        goods = list(self.behaviour.buying.goods)
        ends = pa.DictionaryArray.from_arrays(
            pa.array(orders.abandoned.astype(np.int8)), pa.array(["ordered", "cancelled"])
        )
        first = outcome == "asked"
        said = [good.said if first else "yes" for good in self.behaviour.buying.goods.values()]
        intent = pa.DictionaryArray.from_arrays(
            pa.array(orders.good.astype(np.int8)), pa.array(goods, pa.string())
        )
        columns = self._interactions(
            orders.household,
            at,
            id=ids,
            session=orders.quote_ids,
            transcript=pa.DictionaryArray.from_arrays(
                pa.array(orders.good.astype(np.int8)), pa.array([f"{each} ({SIMULATED})" for each in said])
            ),
            intent=intent,
            kind=_same("commerce", count),
            outcome=_same("asked", count) if first else ends,
            order_id=orders.ids,
            partner=intent,
            score=pa.array(np.ones(count)),
            advertising_micros=pa.array(np.zeros(count, dtype=np.int64)),
        )
        return _table("interactions", columns)

    def _interactions(self, household: Integers, us: Integers, **given: pa.Array) -> dict[str, Any]:
        """Columns of `interactions`: what was given, what it took and cost, and what is the same for all."""
        count = len(household)
        work = draw_work(self.random, self.behaviour.work, count)
        booked = book_interactions(
            self.plan,
            audio_us=work.audio_us,
            listening_cpu_us=work.listening_cpu_us,
            recognition_cpu_us=work.recognition_cpu_us,
            understanding_cpu_us=work.understanding_cpu_us,
            recognition_us=work.recognition_us,
            understanding_us=work.understanding_us,
        )
        name = self._name(household)
        zeros = pa.array(np.zeros(count, dtype=np.int64))
        columns: dict[str, Any] = {
            "household": name,
            "device": name,
            "at": self._time(us),
            "quarter": self._quarter(us),
            "origin": _same(SIMULATED, count),
            "model": _same(self.behaviour.name, count),
            "words": _same("[]", count),
            "alternatives": _same("[]", count),
            "truncated": zeros,
            "slots": _same("{}", count),
            "step": _same(SIMULATED, count),
            "runner_up": pa.nulls(count, pa.string()),
            "runner_up_score": pa.array(np.zeros(count)),
            "reply": _same("", count),
            "lost_frames": zeros,
            "catalogue": _same(SIMULATED, count),
            "software": _same(__version__, count),
            "plan": _same(self.plan.name, count),
            "currency": _same(self.plan.currency, count),
            "audio_us": work.audio_us,
            "listening_cpu_us": work.listening_cpu_us,
            "recognition_cpu_us": work.recognition_cpu_us,
            "understanding_cpu_us": work.understanding_cpu_us,
            "endpoint_us": work.endpoint_us,
            "recognition_us": work.recognition_us,
            "understanding_us": work.understanding_us,
            "listening_micros": booked.listening,
            "recognition_micros": booked.recognition,
            "understanding_micros": booked.understanding,
            "rounding_micros": zeros,
            "wear_micros": booked.wear,
            **{key: _same(value, count) for key, value in _ENGINE.items()},
            **given,
        }
        return columns

    @cached_property
    def _all_orders(self) -> _Orders:
        """Orders by voice: those that were placed, and before some of them one that was called off."""
        bought = self._purchases
        placed, dropped = np.flatnonzero(bought.by_voice), np.flatnonzero(bought.abandoned)
        which = np.concatenate([placed, dropped])
        abandoned = np.repeat([False, True], [len(placed), len(dropped)])
        answered = np.maximum(bought.at[which] - abandoned * _ABANDONED_BEFORE_US, _QUOTED_BEFORE_US)
        order = np.lexsort((answered, bought.household[which]))
        which, abandoned, answered = which[order], abandoned[order], answered[order]
        household = bought.household[which]
        number = numbered_within(household, self.count)

        return _Orders(
            purchase=which,
            household=household,
            good=bought.good[which],
            price=bought.price[which],
            abandoned=abandoned,
            quoted_at=answered - _QUOTED_BEFORE_US,
            answered_at=answered,
            ids=self._ids(_ORDER, household, number),
            quote_ids=self._ids(_QUOTE, household, number),
            answer_ids=self._ids(_YES, household, number),
        )

    def _orders(self) -> pa.Table:
        orders = self._all_orders
        size = self._size_code(orders)
        known = [each for good in self._sizes for each in good]

        def of_size(name: str) -> pa.Array:
            values = [each.order.to_row()[name] for each in known]
            return pa.array(values).take(pa.array(size))

        name = self._name(orders.household)
        columns = {
            "household": name,
            "device": name,
            "id": orders.ids,
            "interaction_id": orders.quote_ids,
            "quoted_at": self._time(orders.quoted_at),
            "pieces": np.ones(len(size), dtype=np.int64),
            **{
                each: of_size(each)
                for each in (
                    "intent",
                    "description",
                    "slots",
                    "total_micros",
                    "currency",
                    "plan",
                    "rebate_micros",
                    "rebate_terms",
                    "notification_micros",
                    "terms",
                )
            },
        }
        return _table("orders", columns)

    @cached_property
    def _life(self) -> list[_Step]:
        """What happens to the orders, and when; later than the end has not happened."""
        orders = self._all_orders
        bought = self._purchases
        buying = self.behaviour.buying
        placed = ~orders.abandoned
        completed = orders.answered_at + round(buying.completed_after_minutes * 60_000_000)
        settled = completed + round(buying.settled_after_days * DAY_US)
        pays = np.array([each.pays for good in self._sizes for each in good])[self._size_code(orders)]
        back = bought.back_at[orders.purchase]
        is_back, disputed = placed & (back >= 0), bought.disputed[orders.purchase]
        is_settled = placed & pays & ~(is_back & (back <= settled))
        steps: list[tuple[OrderState, Sequence[OrderState], Booleans, Integers]] = [
            ("quoted", (), np.ones(len(placed), dtype=bool), orders.quoted_at),
            ("confirmed", ("quoted",), placed, orders.answered_at),
            ("placed", ("confirmed",), placed, orders.answered_at),
            ("cancelled", ("quoted",), orders.abandoned, orders.answered_at),
            ("completed", ("placed",), placed, completed),
            ("settled", ("completed",), is_settled, settled),
        ]
        for state, given_back in (("refunded", ~disputed), ("charged_back", disputed)):
            for life, before in ((("completed", "settled"), is_settled), (("completed",), ~is_settled)):
                steps.append((state, life, is_back & given_back & before, back))  # type: ignore[arg-type]
        return [
            _Step(state=state, life=tuple(life), which=np.flatnonzero(which & self._is_back(at)), at=at)
            for state, life, which, at in steps
        ]

    def _events(self) -> pa.Table:
        orders = self._all_orders
        parts = []
        for step in self._life:
            count = len(step.which)
            reason = {"cancelled": "the customer said no", "refunded": "refund", "charged_back": "dispute"}
            parts.append(
                _table(
                    "order_events",
                    {
                        "order_id": orders.ids.take(pa.array(step.which)),
                        "state": _same(step.state, count),
                        "at": self._time(step.at[step.which]),
                        "reason": _same(reason.get(step.state, ""), count),
                        "quarter": self._quarter(step.at[step.which]),
                        **self._of_turn(orders, step),
                    },
                )
            )
        return pa.concat_tables(parts)

    def _postings(self) -> pa.Table:
        """What the orders booked: the same lines for each order of a size."""
        orders = self._all_orders
        size = self._size_code(orders)
        known = [each for good in self._sizes for each in good]
        parts = [SCHEMAS["postings"].empty_table()]
        for step in self._life:
            for number, each in enumerate(known):
                lines = each.lines(step.state, step.life)
                which = step.which[size[step.which] == number]
                if lines and len(which):
                    parts.append(self._booked(orders, step, which, lines))
        return pa.concat_tables(parts)

    def _booked(self, orders: _Orders, step: _Step, which: Integers, lines: Sequence[Line]) -> pa.Table:
        count = len(which)
        rows = np.repeat(which, len(lines))
        ids = orders.ids.take(pa.array(rows))

        def repeated(values: Sequence[Any], kind: pa.DataType) -> pa.Array:
            return pa.array(list(values), kind).take(pa.array(np.tile(np.arange(len(lines)), count)))

        step = _Step(state=step.state, life=step.life, which=rows, at=step.at)
        return _table(
            "postings",
            {
                "transaction_id": pc.binary_join_element_wise(
                    ids, repeated([line.suffix for line in lines], pa.string()), ""
                ),
                "line": repeated([line.line for line in lines], pa.int64()),
                "account": repeated([line.account for line in lines], pa.string()),
                "amount_micros": repeated([line.micros for line in lines], pa.int64()),
                "currency": _same(self.plan.currency, len(rows)),
                "at": self._time(step.at[rows]),
                "transaction_kind": repeated([line.kind for line in lines], pa.string()),
                "order_id": ids,
                "quarter": self._quarter(step.at[rows]),
                **self._of_turn(orders, step),
            },
        )

    def _of_turn(self, orders: _Orders, step: _Step) -> dict[str, pa.Array]:
        """The interaction that a step goes back to, and what it is grouped by."""
        which = step.which
        count = len(which)
        goods = pa.array(list(self.behaviour.buying.goods), pa.string())
        intent = pa.DictionaryArray.from_arrays(pa.array(orders.good[which].astype(np.int8)), goods)
        outcome = {"quoted": "asked", "cancelled": "cancelled"}.get(step.state, "ordered")
        ids = orders.quote_ids if step.state == "quoted" else orders.answer_ids
        name = self._name(orders.household[which])
        return {
            "household": name,
            "device": name,
            "interaction_id": ids.take(pa.array(which)),
            "intent": intent,
            "kind": _same("commerce", count),
            "outcome": _same(outcome, count),
            "partner": intent,
            "plan": _same(self.plan.name, count),
            **{key: _same(value, count) for key, value in _ENGINE.items()},
        }

    def _outside(self) -> pa.Table:
        """Purchases without a device, and their refunds."""
        bought = self._purchases
        which = np.flatnonzero(~bought.by_voice)
        which = which[np.lexsort((bought.at[which], bought.household[which]))]
        micros = self._value()
        number = numbered_within(bought.household[which], self.count)
        own = self._ids(_OUTSIDE, bought.household[which], number)
        back = np.flatnonzero(self._is_back(bought.back_at[which]))
        returned = which[back]
        parts = []
        for sign, rows, ids, at, of in (
            (1, which, own, bought.at[which], pa.nulls(len(which), pa.string())),
            (
                -1,
                returned,
                self._ids(_RETURN, bought.household[returned], number[back]),
                bought.back_at[returned],
                own.take(pa.array(back)),
            ),
        ):
            goods = pa.array(list(self.behaviour.buying.goods), pa.string())
            parts.append(
                _table(
                    "purchases",
                    {
                        "household": self._name(bought.household[rows]),
                        "id": ids,
                        "at": self._time(at),
                        "kind": pa.DictionaryArray.from_arrays(
                            pa.array(bought.good[rows].astype(np.int8)), goods
                        ),
                        "value_micros": sign * micros[rows],
                        "currency": _same(self.plan.currency, len(rows)),
                        "refund_of": of,
                    },
                )
            )
        return pa.concat_tables(parts)

    def _devices(self) -> pa.Table:
        holdout = self._households.holdout
        return _table(
            "devices",
            {
                "household": self._names,
                "device": pc.if_else(pa.array(holdout), pa.scalar(None, pa.string()), self._names),
                "holdout": pa.array(holdout),
            },
        )

    # ---- columns

    def _size_code(self, orders: _Orders) -> Integers:
        """(orders,) the size, counted through all goods."""
        begins = np.cumsum([0, *(len(good) for good in self._sizes)])
        code: Integers = begins[orders.good] + orders.price
        return code

    def _ids(self, sort: int, household: Integers, number: Integers, week: int = 0) -> pa.Array:
        return uuids(
            household=household,
            first=self.first,
            count=self.count,
            week=week,
            sort=sort,
            number=number,
            seed=self.seed,
        )

    def _name(self, household: Integers) -> pa.Array:
        return pa.DictionaryArray.from_arrays(pa.array(household.astype(np.int32)), self._names)

    def _time(self, us: Integers) -> pa.Array:
        return pa.array(us + self.start_us, pa.timestamp("us", "UTC"))

    def _quarter(self, us: Integers) -> pa.Array:
        return pa.array(((us + self.start_us) // (QUARTER_S * 1_000_000)).astype(np.int32))

    def _by_week(self, name: str, rows: pa.Table) -> Iterator[pa.Table]:
        """The rows of each week, in the order in which they are."""
        at = np.asarray(rows.column(TIME_OF[name]).combine_chunks().cast(pa.int64()))
        week = (at - self.start_us) // WEEK_US
        order = np.argsort(week, kind="stable")
        rows = rows.take(pa.array(order))
        ends = np.searchsorted(week[order], np.arange(self.weeks + 1))
        for begin, end in pairwise(ends.tolist()):
            yield rows.slice(begin, end - begin)


@dataclass(frozen=True, kw_only=True, eq=False)
class _Orders:
    """Orders by voice, sorted by household and time; all are (orders,)."""

    purchase: Integers
    """The purchase that it is, or that followed where it was called off."""
    household: Integers
    good: Integers
    price: Integers
    abandoned: Booleans
    quoted_at: Integers
    answered_at: Integers
    ids: pa.Array
    quote_ids: pa.Array
    answer_ids: pa.Array


@dataclass(frozen=True, kw_only=True, eq=False)
class _Step:
    """One way in which orders go on."""

    state: OrderState
    life: tuple[OrderState, ...]
    """What was before, as far as it matters to what is booked."""
    which: Integers
    """Indices of the orders."""
    at: Integers
    """(orders,) when, for those of `which`."""


def _same(value: str, count: int) -> pa.Array:
    return pa.DictionaryArray.from_arrays(
        pa.array(np.zeros(count, dtype=np.int8)), pa.array([value], pa.string())
    )


def _table(name: str, columns: Mapping[str, Any]) -> pa.Table:
    """A table of the lake; numbers may come as arrays of NumPy, and text as dictionaries."""
    schema = SCHEMAS[name]
    return pa.Table.from_arrays(
        [_array(columns[each.name]).cast(each.type) for each in schema], schema=schema
    )


def _coded_table(columns: Mapping[str, Any]) -> pa.Table:
    """Rows of `interactions` with short text as dictionaries: what is written many times is encoded once."""
    return pa.Table.from_arrays([_array(columns[each.name]) for each in _CODED], schema=_CODED)


def _code(rows: pa.Table) -> pa.Table:
    """Rows of `interactions` as `_coded_table` has them."""
    columns = []
    for field_, column in zip(_CODED, rows.combine_chunks().columns, strict=True):
        array = column.combine_chunks()
        if pa.types.is_dictionary(field_.type):
            found = array.dictionary_encode()
            array = pa.DictionaryArray.from_arrays(
                found.indices.cast(field_.type.index_type), found.dictionary
            )
        columns.append(array)
    return pa.Table.from_arrays(columns, schema=_CODED)


def _array(column: Any) -> pa.Array:
    return pa.array(column) if isinstance(column, np.ndarray) else column


def _coded() -> pa.Schema:
    long = {"id", "session", "order_id", "runner_up"}
    wide = {"household", "device"}
    return pa.schema(
        [
            pa.field(each.name, pa.dictionary(pa.int32() if each.name in wide else pa.int8(), pa.string()))
            if each.type == pa.string() and each.name not in long
            else each
            for each in SCHEMAS["interactions"]
        ]
    )


_CODED: Final = _coded()
