"""Whether commands are over: sampled sentences, and all of their beginnings that would be commands by themselves.

    python -m tests.benchmarks.endings [LIMIT]

Up to LIMIT sentences (default 100) of every intent that is said outside of a conversation.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from functools import cache

from intents.catalogue import load_catalogue
from intents.endings import Endings
from intents.match import Matcher
from intents.results import IntentMatch
from intents.sample import sample_sentences

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


def endings(limit: int = 100) -> list[tuple[str, str]]:
    """Rows of figures."""
    catalogue = load_catalogue()
    matcher, known = Matcher(catalogue), Endings(catalogue)
    sentences = closed = beginnings = taken = said_last = other = 0

    @cache
    def match(text: str) -> IntentMatch | None:
        found = matcher.match(text, now=NOW)
        if not isinstance(found, IntentMatch) or not found.certain:
            return None
        return None if catalogue.intents[found.intent].kind == "dialogue" else found

    def is_closed(text: str, meaning: IntentMatch) -> bool:
        return not known.may_change(text, meaning, match=lambda text: matcher.match(text, now=NOW))

    for intent, definition in catalogue.intents.items():
        if definition.kind == "dialogue":
            continue
        for sentence in sample_sentences(catalogue, intent, limit=limit, seed=7):
            meaning = match(sentence.text)
            if meaning is None:
                continue
            sentences += 1
            closed += is_closed(sentence.text, meaning)
            words = sentence.text.split()
            for count in range(1, len(words)):
                begun = match(" ".join(words[:count]))
                if begun is None:
                    continue
                beginnings += 1
                if is_closed(" ".join(words[:count]), begun):
                    taken += 1
                    if (begun.intent, begun.slots) != (meaning.intent, meaning.slots):
                        last = catalogue.intents[begun.intent].last
                        said_last += any(slot in begun.slots for slot in last)
                        other += not any(slot in begun.slots for slot in last)
    return [
        ("sampled commands / that are over at once", f"{sentences} / {closed / sentences:.0%}"),
        ("beginnings of them that are commands by themselves / taken for over", f"{beginnings} / {taken}"),
        (
            "of these, meant something else than the whole: behind what is said last / others",
            f"{said_last} / {other}",
        ),
    ]


def main() -> None:
    """Print the rows."""
    for what, figure in endings(int(sys.argv[1]) if sys.argv[1:] else 100):
        sys.stdout.write(f"| {what} | {figure} |\n")


if __name__ == "__main__":
    main()
