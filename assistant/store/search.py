"""The log, newest first, a page at a time, however long it is: by words, by dimensions, by likeness, by date.

What a dimension selects may be rare, and lie years back. The sums that the database keeps up by quarters of an hour
tell in which quarters something of it lies, so that nothing else has to be looked through. Words are looked up in the
index of words. What no index tells (likeness, confidence, verdict) is looked for in the newest `MOST` that fit
otherwise, and the page says how far back that was.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from assistant.records import from_stamp, stamp
from assistant.store.summary import QUARTER_S

if TYPE_CHECKING:
    from assistant.store.store import Store

MOST: Final = 10_000
"""So many interactions are looked through for a page."""

_DIMENSIONS: Final = ("intent", "outcome", "device", "engine", "source")


@dataclass(frozen=True, kw_only=True)
class Filters:
    """Which interactions; what is empty or None leaves all."""

    words: str = ""
    """All of them were heard, in any order; the last may be the beginning of a word."""
    intent: str = ""
    """"none" is no match."""
    outcome: str = ""
    """What became of it."""
    device: str = ""
    """The machine."""
    engine: str = ""
    """Recogniser."""
    source: str = ""
    """Microphone, file, or typed."""
    below: float | None = None
    """Likeness less than this, in [0, 1]."""
    unsure: float | None = None
    """The engine was less sure than this, in [0, 1], of a word; some engines say of none how sure they are."""
    verdict: str = ""
    """"right", "wrong", "any", or "none"."""
    since: datetime | None = None
    """From this time on."""
    until: datetime | None = None
    """Up to, and without, this time."""


@dataclass(frozen=True, kw_only=True)
class Page:
    """Some of them, newest first."""

    rows: list[dict[str, Any]]
    """Columns of the log, `verdict` (the newest, or None), and `booked`: (currency, revenue, cost) in millionths."""
    older: str
    """Where the next page begins; empty: there is no more."""
    back_to: datetime | None = None
    """Where looking stopped before the page was full, when more may lie further back."""


def find(store: Store, filters: Filters, *, before: str = "", after: int = 0, limit: int = 50) -> Page:
    """A page of what fits.

    Args:
        store: The log.
        filters: What fits.
        before: `older` of the page before.
        after: Only numbers over this: what has come since.
        limit: At most so many.
    """
    at, number = _cursor(before)
    values: dict[str, Any] = {
        "at": at,
        "number": number,
        "after": after,
        "since": stamp(filters.since) if filters.since else "0",
        "until": stamp(filters.until) if filters.until else "9",
        "most": MOST + 1,
        "limit": limit + 1,
    }
    where = ["i.at >= :since", "i.at < :until", "(i.at, i.number) < (:at, :number)", "i.number > :after"]
    source = "interactions AS i"
    chosen = {name: getattr(filters, name) for name in _DIMENSIONS if getattr(filters, name)}
    for name, value in chosen.items():
        where.append(f"coalesce(i.{name}, 'none') = :{name}")
        values[name] = value
    residual = filters.below is not None or filters.unsure is not None or bool(filters.verdict)
    if filters.words:
        source = (
            "(SELECT rowid FROM spoken WHERE spoken MATCH :words ORDER BY rowid DESC LIMIT 10001) AS s "
            "CROSS JOIN interactions AS i ON i.number = s.rowid"
        )
        values["words"] = _match(filters.words)
    elif chosen:
        spans = _spans(store, chosen, values, MOST if residual else limit)
        source = (
            "json_each(:spans) AS q CROSS JOIN interactions AS i "
            "ON i.at >= json_extract(q.value, '$[0]') AND i.at < json_extract(q.value, '$[1]')"
        )
        values["spans"] = json.dumps(spans)
        # The plus keeps SQLite from taking these bounds for its way through the index: those of the spans are closer.
        where = [condition.replace("i.at", "+i.at") for condition in where]
    fits = ["true"]
    if filters.below is not None:
        fits.append("c.score < :below")
        values["below"] = filters.below
    if filters.unsure is not None:
        # A word is its text, its two times and how sure the engine was of it, or null.
        fits.append(
            "EXISTS (SELECT 1 FROM json_each(c.words) AS w WHERE json_extract(w.value, '$[3]') < :unsure)"
        )
        values["unsure"] = filters.unsure
    newest = (
        "(SELECT v.verdict FROM verdicts AS v WHERE v.interaction_id = c.id ORDER BY v.number DESC LIMIT 1)"
    )
    if filters.verdict:
        fits.append(
            {"any": "verdict IS NOT NULL", "none": "verdict IS NULL"}.get(
                filters.verdict, "verdict = :verdict"
            )
        )
        values["verdict"] = filters.verdict
    candidates = store.rows(
        f"""
        SELECT i.number, i.at FROM {source} WHERE {" AND ".join(where)}
        ORDER BY i.at DESC, i.number DESC LIMIT {":most" if residual else ":limit"}
        """,
        values,
    )
    values["numbers"] = json.dumps([row["number"] for row in candidates[:MOST]])
    rows = store.rows(
        f"""
        SELECT * FROM (
            SELECT c.*, {newest} AS verdict FROM json_each(:numbers) AS n
            CROSS JOIN interactions AS c ON c.number = n.value
        ) AS c WHERE {" AND ".join(fits)} ORDER BY c.at DESC, c.number DESC LIMIT :limit
        """,
        values,
    )
    older, back_to = "", None
    if len(rows) > limit:
        rows = rows[:limit]
        older = f"{rows[-1]['at']} {rows[-1]['number']}"
    elif residual and len(candidates) > MOST:
        last = candidates[MOST - 1]
        older, back_to = f"{last['at']} {last['number']}", from_stamp(last["at"])
    _add_money(store, rows)
    return Page(rows=rows, older=older, back_to=back_to)


def choices(store: Store) -> dict[str, list[str]]:
    """The values there are of each dimension, sorted."""
    return {
        name: [
            row["value"]
            for row in store.rows(f'SELECT DISTINCT "{name}" AS value FROM statement_cells ORDER BY 1')
        ]
        for name in _DIMENSIONS
    }


def newest(store: Store) -> int:
    """The number of the newest interaction; 0 when there is none."""
    (row,) = store.rows("SELECT coalesce(max(number), 0) AS number FROM interactions")
    return int(row["number"])


def neighbours(store: Store, number: int) -> tuple[int | None, int | None]:
    """The numbers of the newer and of the older interaction beside one."""
    (row,) = store.rows(
        """
        SELECT (SELECT min(number) FROM interactions WHERE number > :n) AS newer,
            (SELECT max(number) FROM interactions WHERE number < :n) AS older
        """,
        {"n": number},
    )
    return row["newer"], row["older"]


def _match(words: str) -> str:
    """What was typed as a query of the index: each word quoted, so that nothing in it is an operator."""
    quoted = [f'"{word}"' for word in words.replace('"', " ").split()]
    return " ".join([*quoted[:-1], f"{quoted[-1]}*"]) if quoted else '""'


def _cursor(before: str) -> tuple[str, int]:
    at, _, number = before.partition(" ")
    return (at, int(number)) if at and number.isdecimal() and len(number) < 19 else ("9", 0)


def _spans(
    store: Store, chosen: dict[str, str], values: dict[str, Any], wanted: int
) -> list[tuple[str, str]]:
    """The newest quarters of an hour in which there are `wanted` interactions of those cells, or all of them."""
    is_of = " AND ".join(f'"{name}" = :{name}' for name in chosen)
    cells = [row["id"] for row in store.rows(f"SELECT id FROM statement_cells WHERE {is_of}", chosen)]
    first, last = _quarter(values["since"], 0), min(_quarter(values["at"]), _quarter(values["until"]))
    said: Counter[int] = Counter()
    for cell in cells:
        for quarter, interactions in store.stream(
            """
            SELECT quarter, interactions FROM statement_totals
            WHERE cell = ? AND currency = '' AND quarter BETWEEN ? AND ? AND interactions > 0
            ORDER BY quarter DESC LIMIT ?
            """,
            [cell, first, last, wanted + 2],
        ):
            said[quarter] += interactions
    found, spans = 0, []
    for quarter in sorted(said, reverse=True):
        spans.append((_text(quarter), _text(quarter + 1)))
        # Of the quarter that the page before ended in, some were shown already.
        found += said[quarter] if quarter < last else 0
        if found > wanted:
            break
    return spans


def _quarter(text: str, otherwise: int = 2**40) -> int:
    return int(from_stamp(text).timestamp()) // QUARTER_S if len(text) > 1 else otherwise


def _text(quarter: int) -> str:
    return stamp(datetime.fromtimestamp(quarter * QUARTER_S, UTC))


def _add_money(store: Store, rows: list[dict[str, Any]]) -> None:
    booked: dict[str, list[tuple[str, int, int]]] = {row["id"]: [] for row in rows}
    for id_, *amounts in store.stream(
        """
        SELECT t.interaction_id, p.currency,
            sum(CASE WHEN p.account GLOB 'Income:*' THEN -p.amount_micros ELSE 0 END),
            sum(CASE WHEN p.account GLOB 'Expenses:*' THEN p.amount_micros ELSE 0 END)
        FROM json_each(?) AS w CROSS JOIN transactions AS t ON t.interaction_id = w.value
        CROSS JOIN postings AS p ON p.transaction_id = t.id GROUP BY 1, 2
        """,
        [json.dumps(list(booked))],
    ):
        booked[id_].append(tuple(amounts))
    for row in rows:
        row["booked"] = booked[row["id"]]
