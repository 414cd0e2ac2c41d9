"""Word errors: what was heard beside what was said, as jiwer aligns them."""

from __future__ import annotations

import jiwer

from intents.normalise import clean


def word_errors(said: str, heard: str) -> tuple[int | None, int]:
    """Substitutions, deletions and insertions, and how many words were said; None and 0 where no word was."""
    reference, hypothesis = clean(said), clean(heard)
    if not reference:
        return None, 0
    words = len(reference.split())
    if reference == hypothesis:
        return 0, words
    counts = jiwer.process_words(reference, hypothesis)
    return counts.substitutions + counts.deletions + counts.insertions, words
