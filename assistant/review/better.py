"""What reviews are good for: a figure of real accuracy, cases with sound, labelled sentences, templates."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

from assistant.reports.phrases import definitions_text, labelled_from_log, no_answers, phrases_from_log
from assistant.review.periods import period_of
from assistant.review.quality import MOST, Share, newest_verdicts, quality_of
from assistant.store.verdicts import reviewed_steps, reviewed_turns

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
    counted = rows[:MOST]
    meant = Counter(row["meant"] or "none" for row in counted)
    right = Counter(row["meant"] or "none" for row in counted if row["verdict"] == "right")
    sound, reviewed = set(shelf.ids()), reviewed_steps(store)
    return {
        "when": when,
        "quality": quality_of(rows),
        "by_intent": [(name, Share.of(right[name], said)) for name, said in meant.most_common()],
        "sentences": sum(bool(step.said) for step in no_answers(reviewed)),
        "with_sound": sum(step.said is not None and step.id in sound for step in reviewed),
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
