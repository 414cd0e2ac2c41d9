"""The tables of a lake and their columns: those of a device's log, and what statements need beside them."""

from __future__ import annotations

from typing import Final

import pyarrow as pa

_TEXT: Final = pa.string()
_TIME: Final = pa.timestamp("us", "UTC")
_WHOLE: Final = pa.int64()

SAID: Final = {
    "listening_micros": "booked to Expenses:Compute:Listening",
    "recognition_micros": "booked to Expenses:Compute:Recognition",
    "understanding_micros": "booked to Expenses:Compute:Understanding",
    "rounding_micros": "booked to Expenses:Rounding",
    "advertising_micros": "earned to Income:Advertising",
    "wear_micros": "of the expenses, what use has taken off the value of the machine",
}
"""What an interaction itself books, in its own row: millionths of its `currency`."""

DIMENSIONS: Final = ("intent", "kind", "outcome", "source", "engine", "device", "partner", "plan")
"""What a statement may be grouped by besides time; those of the interaction that money and steps go back to."""

ADDED: Final = {
    "household": "whose it is; with `device` and the id it is what makes a row one of a kind",
    "intent": "of the interaction; `none` is no match",
    "kind": "of the interaction",
    "outcome": "of the interaction",
    "source": "of the interaction",
    "engine": "of the interaction",
    "device": "of the interaction",
    "plan": "of the interaction",
    "partner": "whom the interaction's order is with; `none` is no order",
    "quarter": "quarters of an hour since 1970 (UTC): what statements are kept by",
    "currency": "of the amounts in this row",
    "pieces": "how many of the thing were ordered",
    "transaction_kind": "accrual, notification, settlement, refund, correction …",
    "at": "of the transaction",
    "order_id": "of the transaction",
    **SAID,
}
"""Columns that a device's log has not, or has in another table, and what they hold."""


def _schema(**columns: pa.DataType) -> pa.Schema:
    return pa.schema([pa.field(name, kind) for name, kind in columns.items()])


_OF_INTERACTION: Final = dict.fromkeys(DIMENSIONS, _TEXT)

SCHEMAS: Final[dict[str, pa.Schema]] = {
    "interactions": _schema(
        household=_TEXT,
        id=_TEXT,
        session=_TEXT,
        at=_TIME,
        device=_TEXT,
        source=_TEXT,
        origin=_TEXT,
        engine=_TEXT,
        model=_TEXT,
        transcript=_TEXT,
        words=_TEXT,
        alternatives=_TEXT,
        truncated=_WHOLE,
        intent=_TEXT,
        kind=_TEXT,
        slots=_TEXT,
        step=_TEXT,
        score=pa.float64(),
        runner_up=_TEXT,
        runner_up_score=pa.float64(),
        outcome=_TEXT,
        reply=_TEXT,
        order_id=_TEXT,
        audio_us=_WHOLE,
        listening_cpu_us=_WHOLE,
        recognition_cpu_us=_WHOLE,
        understanding_cpu_us=_WHOLE,
        endpoint_us=_WHOLE,
        recognition_us=_WHOLE,
        understanding_us=_WHOLE,
        lost_frames=_WHOLE,
        catalogue=_TEXT,
        software=_TEXT,
        plan=_TEXT,
        partner=_TEXT,
        quarter=pa.int32(),
        currency=_TEXT,
        **dict.fromkeys(SAID, _WHOLE),
    ),
    "orders": _schema(
        household=_TEXT,
        device=_TEXT,
        id=_TEXT,
        intent=_TEXT,
        interaction_id=_TEXT,
        description=_TEXT,
        slots=_TEXT,
        total_micros=_WHOLE,
        currency=_TEXT,
        quoted_at=_TIME,
        plan=_TEXT,
        rebate_micros=_WHOLE,
        rebate_terms=_TEXT,
        notification_micros=_WHOLE,
        terms=_TEXT,
        pieces=_WHOLE,
    ),
    "order_events": _schema(
        household=_TEXT,
        order_id=_TEXT,
        state=_TEXT,
        at=_TIME,
        interaction_id=_TEXT,
        reason=_TEXT,
        **_OF_INTERACTION,
        quarter=pa.int32(),
    ),
    "postings": _schema(
        household=_TEXT,
        transaction_id=_TEXT,
        line=_WHOLE,
        interaction_id=_TEXT,
        account=_TEXT,
        amount_micros=_WHOLE,
        currency=_TEXT,
        at=_TIME,
        transaction_kind=_TEXT,
        order_id=_TEXT,
        **_OF_INTERACTION,
        quarter=pa.int32(),
    ),
    "purchases": _schema(
        household=_TEXT,
        id=_TEXT,
        at=_TIME,
        kind=_TEXT,
        value_micros=_WHOLE,
        currency=_TEXT,
        refund_of=_TEXT,
    ),
    "devices": _schema(household=_TEXT, device=_TEXT, holdout=pa.bool_()),
}
"""By table. `purchases` are those without a device, of every household; `devices` names all households, those that
were held out with no device."""

TIME_OF: Final = {
    "interactions": "at",
    "orders": "quoted_at",
    "order_events": "at",
    "postings": "at",
    "purchases": "at",
}
"""The column whose ISO week a table is partitioned by; `devices` is not partitioned."""

KEYS: Final = {
    "interactions": ("household", "device", "id"),
    "orders": ("household", "id"),
    "order_events": ("household", "order_id", "state"),
    "postings": ("household", "transaction_id", "line"),
    "purchases": ("household", "id"),
    "devices": ("household", "device"),
}
"""What makes a row one of a kind in the lake. An order may be quoted by one device of a household and confirmed by
another; interactions are each device's own."""

INTERACTION_BOOKS: Final = ("compute", "advertising")
"""Kinds of transaction that stand in the row of their interaction; all others have their postings in `postings`."""
