"""Verdicts on what was understood: what a person says about an interaction afterwards. Appended, never changed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from assistant.errors import StoreError
from assistant.records import Verdict
from assistant.store.journal import session_turns

if TYPE_CHECKING:
    from collections.abc import Iterator

    from assistant.records import Interaction
    from assistant.store.store import Store


def add_verdict(store: Store, verdict: Verdict) -> Verdict:
    """Write a verdict; the newest on an interaction counts. Returns it with its number.

    Raises:
        StoreError: there is no such interaction, or its words were forgotten; nothing was written.
    """
    with store.writing():
        if store.interaction(verdict.interaction_id) is None:
            raise StoreError(f"there is no interaction {verdict.interaction_id} in {store.path}")
        if store.rows("SELECT 1 FROM forgotten WHERE interaction_id = ?", [verdict.interaction_id]):
            raise StoreError(
                f"interaction {verdict.interaction_id} was forgotten, and nothing is kept on it any more"
            )
        return replace(verdict, number=store.put("verdicts", verdict.to_row()))


def verdicts_on(store: Store, interaction_id: str) -> list[Verdict]:
    """All verdicts on an interaction, oldest first."""
    rows = store.rows("SELECT * FROM verdicts WHERE interaction_id = ? ORDER BY number", [interaction_id])
    return [Verdict.from_row(row) for row in rows]


def reviewed(store: Store) -> Iterator[tuple[Interaction, Verdict]]:
    """Every interaction that has a verdict, with the newest, in the order of the log; none that was forgotten."""
    rows = store.rows(
        """
        SELECT v.* FROM (SELECT max(number) AS newest FROM verdicts GROUP BY interaction_id) AS n
        JOIN verdicts AS v ON v.number = n.newest JOIN interactions AS i ON i.id = v.interaction_id
        WHERE NOT EXISTS (SELECT 1 FROM forgotten AS f WHERE f.interaction_id = v.interaction_id)
        ORDER BY i.number
        """
    )
    for row in rows:
        it = store.interaction(row["interaction_id"])
        if it is not None:
            yield it, Verdict.from_row(row)


def reviewed_turns(store: Store) -> tuple[dict[str, Verdict], list[Interaction]]:
    """The newest verdict on each interaction that has one, by its id, and all turns of their conversations in order."""
    verdicts: dict[str, Verdict] = {}
    sessions: dict[str, None] = {}
    for it, verdict in reviewed(store):
        verdicts[it.id] = verdict
        sessions[it.session] = None
    return verdicts, [turn for session in sessions for turn in session_turns(store, session)]
