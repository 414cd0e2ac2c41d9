"""What reviews are good for: a figure of real accuracy, cases with sound, labelled sentences, templates."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

from assistant.reports.phrases import by_themselves, definitions_text, labelled_from_log, phrases_from_log
from assistant.review.periods import period_of
from assistant.review.quality import Share, newest_verdicts, quality_of
from assistant.store.verdicts import reviewed_turns

if TYPE_CHECKING:
    from assistant.review.settings import Review
    from assistant.store.audio import AudioShelf
    from assistant.store.store import Store
    from intents.induction import Induction


def make_better(store: Store, review: Review, shelf: AudioShelf) -> dict[str, Any]:
    """What the page shows."""
    when = period_of(store, "all", review.zone)
    if when is None:
        return {"when": None}
    rows = newest_verdicts(store, when)
    meant = Counter(row["meant"] or "none" for row in rows)
    right = Counter(row["meant"] or "none" for row in rows if row["verdict"] == "right")
    verdicts, turns = reviewed_turns(store)
    sound = set(shelf.ids())
    return {
        "when": when,
        "quality": quality_of(store, when),
        "by_intent": [(name, Share.of(right[name], said)) for name, said in meant.most_common()],
        "sentences": sum(1 for _ in by_themselves(turns, verdicts)),
        "with_sound": sum(id_ in sound for id_ in verdicts),
    }


def make_phrases(store: Store, review: Review) -> Induction:
    """Templates that the definitions lack, out of what was reviewed."""
    verdicts, turns = reviewed_turns(store)
    return review.induce(list(labelled_from_log(turns, verdicts, review.zone)))


def as_definitions(store: Store, review: Review) -> str:
    """Those templates as a definition file."""
    return definitions_text(review.language, make_phrases(store, review).templates)


def as_sentences(store: Store) -> str:
    """What was reviewed as labelled sentences, JSON lines."""
    verdicts, turns = reviewed_turns(store)
    return "".join(json.dumps(each, ensure_ascii=False) + "\n" for each in phrases_from_log(turns, verdicts))
