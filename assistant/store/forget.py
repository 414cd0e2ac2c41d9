"""Forgetting what was said: the sound goes from the disk and the words from the log; the money stays, without them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from assistant.records import stamp

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from assistant.store.audio import AudioShelf
    from assistant.store.store import Store

_ENDED: Final = ("completed", "cancelled")


@dataclass(frozen=True, kw_only=True)
class Forgotten:
    """What was forgotten."""

    interactions: int
    """Interactions that have lost their words."""
    recordings: int
    """Recordings that were deleted."""
    kept: int
    """Interactions that were left as they are: their order has not ended, and its partner still needs the words."""


def ids_between(store: Store, since: datetime, until: datetime) -> list[str]:
    """What was said from `since` up to `until`, without it; ids in the order of the log."""
    rows = store.rows(
        "SELECT id FROM interactions WHERE at >= ? AND at < ? ORDER BY number", [stamp(since), stamp(until)]
    )
    return [row["id"] for row in rows]


def forget(store: Store, shelf: AudioShelf, ids: Sequence[str], *, now: datetime) -> Forgotten:
    """Forget the transcript, words, alternatives, slots, reply and file name; what was ordered; what verdicts say.

    Intent, outcome, times and every posting stay, so that the books and the statements come to the same as before.
    The sound goes first: when this is interrupted, it may be gone already, and the words go when it is done again.

    Args:
        store: The log, open for writing.
        shelf: Its recordings.
        ids: Ids of interactions.
        now: When they are forgotten.

    Raises:
        StoreError: the words could not be forgotten; all of them are still there.
    """
    recordings = sum(shelf.remove(id_) for id_ in ids)
    # What is deleted is overwritten with zeros, not left lying in free pages.
    store.rows("PRAGMA secure_delete = ON")
    with store.writing():
        wanted = {"ids": json.dumps(list(ids)), "now": stamp(now)}
        open_orders = {
            row["id"]
            for row in store.rows(
                f"""
                SELECT i.id FROM json_each(:ids) AS w JOIN interactions AS i ON i.id = w.value
                WHERE i.order_id IS NOT NULL AND NOT EXISTS (
                    SELECT 1 FROM order_events AS e WHERE e.order_id = i.order_id AND e.state IN {_ENDED}
                )
                """,
                wanted,
            )
        }
        gone = [
            row["id"]
            for row in store.rows(
                """
                SELECT i.id FROM json_each(:ids) AS w JOIN interactions AS i ON i.id = w.value
                WHERE NOT EXISTS (SELECT 1 FROM forgotten AS f WHERE f.interaction_id = i.id)
                """,
                wanted,
            )
            if row["id"] not in open_orders
        ]
        wanted["ids"] = json.dumps(gone)
        for sql in _FORGET:
            store.rows(sql, wanted)
        if gone:
            # Merged into one piece, the index no longer holds what was taken out of it.
            store.rows("INSERT INTO spoken (spoken) VALUES ('optimize')")
    # The write-ahead log holds the old pages until it is folded into the database.
    store.rows("PRAGMA wal_checkpoint(TRUNCATE)")
    return Forgotten(interactions=len(gone), recordings=recordings, kept=len(open_orders))


_THESE: Final = "SELECT value FROM json_each(:ids)"
_FORGET: Final = (
    f"""
    UPDATE interactions
    SET transcript = '', words = '[]', alternatives = '[]', slots = '{{}}', reply = '', origin = ''
    WHERE id IN ({_THESE})
    """,
    # How many were bought stays: statements count it.
    f"""
    UPDATE orders SET description = '', slots = CASE
        WHEN json_extract(slots, '$.quantity') IS NULL THEN '{{}}'
        ELSE json_object('quantity', json_extract(slots, '$.quantity')) END
    WHERE description <> ''
        AND id IN (SELECT order_id FROM interactions WHERE id IN ({_THESE}) AND order_id IS NOT NULL)
    """,
    f"UPDATE verdicts SET said = '', slots = '{{}}' WHERE interaction_id IN ({_THESE})",
    f"INSERT OR IGNORE INTO forgotten (interaction_id, at) SELECT value, :now FROM ({_THESE})",
)
