"""The metrics, once: Ibis expressions over the tables of a lake, which every engine compiles to its own SQL.

The tables are unbound: they have names and columns, and no engine. `device_tables` makes the same tables of the ones
that a device's own database has, so that one expression runs on SQLite, DuckDB and Spark.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING, Any, Final

import ibis
import ibis.expr.types as ir

from assistant.economics.fleet.columns import DIMENSIONS, INTERACTION_BOOKS, SAID, SCHEMAS
from assistant.ledger import accounts
from assistant.store.summary import MEASURES, QUARTER_S
from assistant.store.totals import TIMES

if TYPE_CHECKING:
    from collections.abc import Mapping

QUARTERS_A_DAY: Final = 24 * 3600 // QUARTER_S

_RETURNED: Final = ("refunded", "charged_back")
_EXPENSES: Final = ("listening_micros", "recognition_micros", "understanding_micros", "rounding_micros")


@dataclass(frozen=True, kw_only=True)
class Tables:
    """The tables of a lake as expressions."""

    interactions: ir.Table
    orders: ir.Table
    order_events: ir.Table
    postings: ir.Table
    purchases: ir.Table
    devices: ir.Table


@dataclass(frozen=True, kw_only=True)
class Span:
    """Quarters of an hour since 1970 (UTC) that count; None has no bound."""

    since: int | None = None
    """From the beginning of this one."""
    until: int | None = None
    """Up to the beginning of this one."""

    def of(self, table: ir.Table) -> ir.Table:
        """The rows within."""
        if self.since is not None:
            table = table.filter(table.quarter >= self.since)
        if self.until is not None:
            table = table.filter(table.quarter < self.until)
        return table


def lake_tables() -> Tables:
    """The tables of a lake, by their names there."""
    return Tables(**{name: _unbound(name) for name in Tables.__dataclass_fields__})


def _unbound(name: str) -> ir.Table:
    return ibis.table(ibis.Schema.from_pyarrow(SCHEMAS[name]), name=name)


def statement(tables: Tables, by: str, span: Span, *, dated: bool = False) -> ir.Table:
    """Sums of the log and the books, as `assistant.store.totals.totals` yields them for one log.

    Returns:
        Columns `key`, `kind`, `plan`, `currency`, `quarter`, the measures of the summary, and `first` and `last`, the
        quarters of an hour in which something happened. In groups of time `key` is null and `quarter` tells which;
        else `quarter` is the first of the day, where days are kept apart, or -1.
    """
    said = span.of(tables.interactions)
    ended = span.of(tables.order_events.filter(tables.order_events.state.isin(["completed", *_RETURNED])))
    # All of them: a settlement earns nothing, and yet something happened.
    booked = span.of(tables.postings)
    income = booked.account.substr(0, 7) == "Income:"
    expense = booked.account.substr(0, 9) == "Expenses:"
    worn = booked.account == accounts.DEPRECIATION
    parts = [
        _summed(
            said,
            by,
            dated,
            currency=said.currency,
            interactions=said.count(),
            audio_us=said.audio_us.sum(),
            cpu_us=said.listening_cpu_us.sum()
            + said.recognition_cpu_us.sum()
            + said.understanding_cpu_us.sum(),
            revenue_micros=said.advertising_micros.sum(),
            cost_micros=reduce(lambda left, right: left + right, [said[name].sum() for name in _EXPENSES]),
            wear_micros=said.wear_micros.sum(),
        ),
        _summed(
            ended,
            by,
            dated,
            currency=ibis.literal(""),
            orders_completed=_sum_where(ended.state == "completed"),
            orders_returned=_sum_where(ended.state != "completed"),
        ),
        _summed(
            booked,
            by,
            dated,
            currency=booked.currency,
            revenue_micros=_sum_where(income, -booked.amount_micros),
            cost_micros=_sum_where(expense, booked.amount_micros),
            wear_micros=_sum_where(worn, -booked.amount_micros),
        ),
    ]
    together = ibis.union(*parts)
    return together.group_by("key", "kind", "plan", "currency", "quarter").agg(
        **{name: together[name].sum().cast("int64") for name in MEASURES},
        first=together["first"].min(),
        last=together["last"].max(),
    )


def _summed(table: ir.Table, by: str, dated: bool, *, currency: Any, **measures: Any) -> ir.Table:
    """One row a group, with every measure; those not given are 0."""
    in_time = by in TIMES
    key = ibis.null("string") if in_time else table[by].fill_null("none")
    kind = table.kind if by in {"intent", "kind"} else ibis.literal("all")
    quarter = table.quarter if in_time else ibis.literal(-1, "int32")
    if dated and not in_time:
        quarter = table.quarter - table.quarter % QUARTERS_A_DAY
    groups = {
        "key": key,
        "kind": kind,
        "plan": table.plan,
        "currency": currency,
        "quarter": quarter.cast("int64"),
    }
    sums = {name: measures.get(name, ibis.literal(0)).cast("int64") for name in MEASURES}
    grouped = table.group_by(**groups).agg(
        **sums, first=table.quarter.min().cast("int64"), last=table.quarter.max().cast("int64")
    )
    return grouped.select(*groups, *sums, "first", "last")


def _sum_where(condition: Any, amount: Any = 1) -> Any:
    return ibis.ifelse(condition, amount, 0).sum()


def devices(tables: Tables) -> ir.Table:
    """How many machines there are: one row, `devices`."""
    rows = tables.devices.filter(tables.devices.device.notnull()).select("household", "device").distinct()
    return rows.agg(devices=rows.count())


def sold(tables: Tables, span: Span) -> ir.Table:
    """What was bought and kept, `intent` and `pieces`: orders that completed in the time and were not returned."""
    events = tables.order_events
    completed = span.of(events.filter(events.state == "completed"))
    returned = Span(until=span.until).of(events.filter(events.state.isin(_RETURNED)))
    returned = returned.select("household", "order_id").distinct()
    kept = completed.anti_join(returned, ["household", "order_id"]).select("household", "order_id")
    orders = tables.orders.select("household", "intent", "pieces", order_id=tables.orders.id)
    found = kept.inner_join(orders, ["household", "order_id"])
    return found.group_by("intent").agg(pieces=found.pieces.sum().cast("int64"))


def touches(tables: Tables) -> ir.Table:
    """Everything that was said, as touches: `household`, `at`, `kind` (the intent) and `made`, the order it placed."""
    said = tables.interactions
    made = ibis.ifelse(said.outcome == "ordered", said.order_id, ibis.null("string"))
    return said.select("household", "at", kind=said.intent.fill_null("none"), made=made)


def bought(tables: Tables) -> ir.Table:
    """All that households bought, with a device and without: `household`, `id`, `at`, `value_micros`, `currency`, and
    `refund_of`, the id of what a negative one takes back. An order counts when it is placed, at what its customer pays.
    """
    columns = ("household", "id", "at", "value_micros", "currency", "refund_of")
    outside = tables.purchases.select(*columns)
    orders = tables.orders.select("household", "total_micros", "currency", order_id=tables.orders.id)
    events = tables.order_events.select("household", "order_id", "state", "at")
    steps = events.filter(events.state.isin(["placed", *_RETURNED])).inner_join(
        orders, ["household", "order_id"]
    )
    placed = steps.filter(steps.state == "placed")
    placed = placed.mutate(
        id=placed.order_id, value_micros=placed.total_micros, refund_of=ibis.null("string")
    )
    back = steps.filter(steps.state != "placed")
    back = back.mutate(
        id=back.order_id.concat(":returned"), value_micros=-back.total_micros, refund_of=back.order_id
    )
    return ibis.union(outside, placed.select(*columns), back.select(*columns))


def spending(tables: Tables) -> ir.Table:
    """What each household spent in all, and whether it was held out: `household`, `holdout`, `micros`."""
    everyone = tables.devices.select("household", "holdout").distinct()
    each = bought(tables)
    spent = each.group_by("household").agg(micros=each.value_micros.sum().cast("int64"))
    joined = everyone.left_join(spent, "household")
    return joined.select("household", "holdout", micros=joined.micros.fill_null(0))


# ---- a device's own database


def device_tables(household: str = "") -> Tables:
    """The tables of a lake, made of those of a device's own database (SQLite)."""
    raw = {name: ibis.table(dict(columns), name=name) for name, columns in _DEVICE.items()}
    said, transactions, lines = raw["interactions"], raw["transactions"], raw["postings"]
    whose = ibis.literal(household)
    cell = said.select(
        interaction_id=said.id,
        **{name: said[name] for name in DIMENSIONS if name not in {"intent", "partner"}},
        intent=said.intent.fill_null("none"),
        partner=ibis.ifelse(
            said.order_id.isnull() | (said.kind != "commerce"), "none", said.intent.fill_null("none")
        ),
    )
    own = (
        lines.inner_join(transactions, lines.transaction_id == transactions.id)
        .filter(transactions.kind.isin(INTERACTION_BOOKS))
        .select(lines.interaction_id, lines.account, lines.amount_micros, lines.currency)
    )
    booked = own.group_by("interaction_id").agg(
        currency=own.currency.max(),
        **{
            name: _sum_where(own.account == account, sign * own.amount_micros)
            for name, (account, sign) in _OWN.items()
        },
    )
    interactions = said.left_join(booked, said.id == booked.interaction_id).select(
        *[said[name] for name in SCHEMAS["interactions"].names if name in said.columns],
        household=whose,
        partner=ibis.ifelse(
            said.order_id.isnull() | (said.kind != "commerce"), "none", said.intent.fill_null("none")
        ),
        quarter=_quarter(said["at"]),
        currency=booked.currency.fill_null(""),
        **{name: booked[name].fill_null(0) for name in SAID},
    )
    orders, quoted = raw["orders"], said.select(said.device, quoted_in=said.id)
    events = raw["order_events"]
    rest = transactions.filter(transactions.kind.notin(INTERACTION_BOOKS)).select(
        transactions["at"],
        transactions.order_id,
        transaction=transactions.id,
        transaction_kind=transactions.kind,
    )
    lines = lines.inner_join(rest, lines.transaction_id == rest.transaction).drop("transaction", "plan")
    stepped = events.inner_join(cell, "interaction_id")
    moved = lines.inner_join(cell, "interaction_id")
    return Tables(
        interactions=_in_order("interactions", interactions),
        orders=_in_order(
            "orders",
            orders.inner_join(quoted, orders.interaction_id == quoted.quoted_in).mutate(
                household=whose, pieces=_pieces(orders.slots), slots=orders.slots.cast("string")
            ),
        ),
        order_events=_in_order(
            "order_events", stepped.mutate(household=whose, quarter=_quarter(stepped["at"]))
        ),
        postings=_in_order("postings", moved.mutate(household=whose, quarter=_quarter(moved["at"]))),
        # A device knows only of what was bought with it.
        purchases=_unbound("purchases").filter(ibis.literal(False)),
        devices=_in_order(
            "devices",
            said.select(said.device).distinct().mutate(household=whose, holdout=ibis.literal(False)),
        ),
    )


def _in_order(name: str, table: ir.Table) -> ir.Table:
    return table.select(*SCHEMAS[name].names)


def _quarter(at: Any) -> Any:
    """Quarters of an hour since 1970. Times are text of one form in UTC, whose seconds SQLite reads off."""
    seconds = at.cast("timestamp").epoch_seconds()
    return ((seconds - seconds % QUARTER_S) / QUARTER_S).cast("int32")


def _pieces(slots: Any) -> Any:
    return slots["quantity"].unwrap_as("int64").fill_null(1)


_OWN: Final[Mapping[str, tuple[str, int]]] = {
    "listening_micros": (accounts.LISTENING, 1),
    "recognition_micros": (accounts.RECOGNITION, 1),
    "understanding_micros": (accounts.UNDERSTANDING, 1),
    "rounding_micros": (accounts.ROUNDING, 1),
    "advertising_micros": (accounts.ADVERTISING, -1),
    "wear_micros": (accounts.DEPRECIATION, -1),
}

# The columns of the database that are needed, by what SQLite holds: times are text.
_DEVICE: Final[Mapping[str, Mapping[str, str]]] = {
    "interactions": {
        each.name: "string" if each.name == "at" else str(kind)
        for each, kind in zip(
            SCHEMAS["interactions"], ibis.Schema.from_pyarrow(SCHEMAS["interactions"]).types, strict=True
        )
        if each.name not in {"household", "partner", "quarter", "currency", *SAID}
    },
    "orders": {
        each.name: "string" if each.name == "quoted_at" else str(kind)
        for each, kind in zip(
            SCHEMAS["orders"], ibis.Schema.from_pyarrow(SCHEMAS["orders"]).types, strict=True
        )
        if each.name not in {"household", "device", "pieces"}
    }
    # Not cast where it is read: SQLite would make a number of it.
    | {"slots": "json"},
    "order_events": dict.fromkeys(("order_id", "state", "at", "interaction_id", "reason"), "string"),
    "transactions": dict.fromkeys(("id", "at", "kind", "interaction_id", "order_id", "plan"), "string"),
    "postings": {
        **dict.fromkeys(("transaction_id", "interaction_id", "plan", "account", "currency"), "string"),
        "line": "int64",
        "amount_micros": "int64",
    },
}
