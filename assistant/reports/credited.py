"""What orders earned, credited as an attribution model would: further lines for the income statement."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import TYPE_CHECKING, Any

from assistant.economics.attribution.log import history_of
from assistant.economics.attribution.models import Parameters, attribute
from assistant.errors import AttributionError
from assistant.records import from_stamp
from assistant.reports.statement import TIMES, labels
from assistant.store.summary import QUARTER_S
from assistant.store.touches import earnings, touches

if TYPE_CHECKING:
    from assistant.economics.attribution.models import Attribution, ModelName
    from assistant.store.store import Store


@dataclass(frozen=True, kw_only=True)
class Credit:
    """What a model changes about a statement."""

    model: ModelName
    """Its name."""
    lines: tuple[dict[str, Any], ...]
    """Lines to add to the statement's own: by how much each key's income changes when that from orders is taken off and
    what the model credits is put on. They sum to nothing, but for a model that does not conserve."""
    note: str
    """The model's name, and what a reader has to know of it."""


def credit(
    store: Store,
    by: str,
    model: ModelName,
    *,
    currency: str,
    since: datetime | None = None,
    until: datetime | None = None,
    zone: tzinfo = UTC,
) -> Credit:
    """The income from orders that was booked from `since` up to `until`, credited by `model` to what was said before.

    A kind of touch is what the statement is grouped by: with lines by intent an intent, by device a device. Where lines
    are times, each interaction stands in the line of its own time.

    Raises:
        AttributionError: an order earned in another currency than `currency`, or the model needs a holdout.
    """
    said = touches(store, by)
    label = labels(by, zone)
    if by in TIMES:
        for row in said:
            row["key"] = label(_quarter(row["time"]))
    booked = [
        row
        for row in earnings(store)
        if (since is None or from_stamp(row["booked"]) >= since)
        and (until is None or from_stamp(row["booked"]) < until)
    ]
    if foreign := sorted({row["currency"] for row in booked} - {currency}):
        raise AttributionError(
            f"orders earned {' and '.join(foreign)}, and models credit one currency: state it in that, or in a time "
            f"that has no other (--currency, --since, --until)"
        )
    there = {row["id"] for row in booked}
    for row in booked:
        # Earned before the time and taken back within it: the journey is the order's all the same.
        row["refund_of"] = row["refund_of"] if row["refund_of"] in there else None
    result = attribute(history_of(said, booked, source=f"the log {store.path}"), model, Parameters())
    tells_kinds = by in {"intent", "kind"}
    kinds = {row["key"]: row["kind"] if tells_kinds else "all" for row in said}
    keys = {row["id"]: row["key"] for row in said}
    changes: dict[str, int] = {key: money.micros for key, money in result.by_kind.items()}
    for row in booked:
        # As the statement has it: income in time belongs to when it was booked.
        key = label(_quarter(row["booked"])) if by in TIMES else keys[row["touch"]]
        changes[key] = changes.get(key, 0) - row["value_micros"]
    nobody = "none" if tells_kinds else "all"
    return Credit(
        model=model,
        lines=tuple(
            {
                "key": key,
                "kind": kinds.get(key, nobody),
                "currency": currency,
                "quarter": None,
                "revenue_micros": micros,
            }
            for key, micros in changes.items()
            if micros
        ),
        note=_note(result),
    )


def _note(result: Attribution) -> str:
    window = f"{result.parameters['window_days']:g} days" if "window_days" in result.parameters else ""
    note = f"Income from orders is credited by {result.model} to what was said within {window} before"
    return f"{note}; {result.note}." if result.note else f"{note}."


def _quarter(when: str) -> int:
    return int(from_stamp(when).timestamp()) // QUARTER_S
