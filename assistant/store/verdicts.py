"""Verdicts on what was understood: what a person says about an interaction afterwards. Appended, never changed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final, NamedTuple

from assistant.errors import StoreError
from assistant.records import Interaction, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator

    from assistant.store.store import Store


_NEWEST: Final = """
    SELECT v.* FROM (SELECT max(number) AS newest FROM verdicts GROUP BY interaction_id) AS n
    CROSS JOIN verdicts AS v ON v.number = n.newest CROSS JOIN interactions AS i ON i.id = v.interaction_id
    WHERE NOT EXISTS (SELECT 1 FROM forgotten AS f WHERE f.interaction_id = v.interaction_id)
"""
"""The newest verdict on each interaction that was not forgotten."""
_TURNS: Final = f"""
    FROM (SELECT DISTINCT i.session FROM ({_NEWEST}) AS v CROSS JOIN interactions AS i ON i.id = v.interaction_id) AS s
    CROSS JOIN interactions AS t ON t.session = s.session
"""
"""All turns of the conversations in which something was reviewed."""


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
    for row in store.rows(f"{_NEWEST} ORDER BY i.number"):
        it = store.interaction(row["interaction_id"])
        if it is not None:
            yield it, Verdict.from_row(row)


def reviewed_turns(store: Store) -> tuple[dict[str, Verdict], list[Interaction]]:
    """The newest verdict on each interaction that has one, by its id, and all turns of their conversations in order."""
    verdicts = {
        row["interaction_id"]: Verdict.from_row(row) for row in store.rows(f"{_NEWEST} ORDER BY i.number")
    }
    turns = store.rows(f"SELECT t.* {_TURNS} ORDER BY t.number")
    return verdicts, [Interaction.from_row(row) for row in turns]


class Step(NamedTuple):
    """A turn of a conversation of which something was reviewed."""

    id: str
    """The interaction."""
    session: str
    """The conversation."""
    outcome: str
    """What became of it."""
    said: str | None
    """What was really said, by its newest verdict; None without one."""


def reviewed_steps(store: Store) -> list[Step]:
    """As `reviewed_turns`, with no more of each turn than is needed to count them."""
    verdicts = dict(store.stream(f"SELECT interaction_id, said FROM ({_NEWEST})"))
    rows = store.stream(f"SELECT t.id, t.session, t.outcome {_TURNS} ORDER BY t.number")
    return [Step(id_, session, outcome, verdicts.get(id_)) for id_, session, outcome in rows]
