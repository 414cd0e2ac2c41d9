"""Cases out of the log: what was heard in earnest, with its kept sound and the label that a person gave it."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from assistant.audiotest.cases import Case
from assistant.store.journal import session_turns
from assistant.store.verdicts import reviewed

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from assistant.records import Interaction, Verdict
    from assistant.store.audio import AudioShelf
    from assistant.store.store import Store


def reviewed_cases(store: Store, shelf: AudioShelf) -> tuple[list[tuple[str, Case]], int]:
    """What `cases_from_log` makes of a log and its kept sound, and how many interactions have a verdict."""
    verdicts = {it.id: verdict for it, verdict in reviewed(store)}
    sessions = dict.fromkeys(it.session for id_ in verdicts if (it := store.interaction(id_)))
    turns = [it for session in sessions for it in session_turns(store, session)]
    return list(cases_from_log(turns, verdicts, set(shelf.ids()))), len(verdicts)


def cases_from_log(
    turns: Iterable[Interaction], verdicts: Mapping[str, Verdict], recorded: Collection[str]
) -> Iterator[tuple[str, Case]]:
    """The ids of interactions, each with the case that it becomes; its recording is called `ID.flac`.

    A conversation is taken up to the first of its turns that has no sound or no verdict: what follows a turn that
    cannot be played again would mean something else. One that was cut short by a wrong understanding is a case all the
    same, and says what should have been.

    Args:
        turns: Interactions in the order of the log, all turns of each session that is in question.
        verdicts: The newest verdict on each, by id.
        recorded: Ids of those that have sound.
    """
    by_session: dict[str, list[Interaction]] = {}
    for it in turns:
        by_session.setdefault(it.session, []).append(it)
    for session, said in by_session.items():
        whole = _playable(said, verdicts, recorded)
        for it in whole:
            verdict = verdicts[it.id]
            yield (
                it.id,
                Case(
                    audio=f"{it.id}.flac",
                    intent=verdict.intent,
                    slots=dict(verdict.slots),
                    text=verdict.said,
                    conversation=session if len(whole) > 1 else "",
                    at=it.at,
                    outcome=it.outcome if verdict.verdict == "right" else None,
                ),
            )


def _playable(
    said: Sequence[Interaction], verdicts: Mapping[str, Verdict], recorded: Collection[str]
) -> list[Interaction]:
    for usable, turns in groupby(said, key=lambda it: it.id in verdicts and it.id in recorded):
        return list(turns) if usable else []
    return []
