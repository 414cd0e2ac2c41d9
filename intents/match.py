"""From text to intent and slots: answer, then word for word, then by likeness."""

from __future__ import annotations

from typing import TYPE_CHECKING

from intents.exact import rank, readings
from intents.fuzzy import FuzzyMatcher
from intents.normalise import normalise, too_long
from intents.results import IntentMatch, NoMatch
from intents.settings import MatchSettings

if TYPE_CHECKING:
    from datetime import datetime

    from intents.catalogue import Catalogue
    from intents.exact import Reading
    from intents.results import Expected, Step

__all__ = ["MatchSettings", "Matcher"]


class Matcher:
    """Understands texts by one catalogue; holds no state between calls."""

    def __init__(self, catalogue: Catalogue, settings: MatchSettings | None = None) -> None:
        """Builds the index of the fuzzy step, once."""
        self._catalogue = catalogue
        self._fuzzy = FuzzyMatcher(catalogue, settings or MatchSettings())

    def match(
        self, text: str, *, expected: Expected | None = None, now: datetime | None = None
    ) -> IntentMatch | NoMatch:
        """What `text` means, or that it is none of our commands.

        After a question, `expected` names the slot that was asked for: its answers come first, so that "home" may be
        one; then whole commands of any intent ("cancel", "play music"), so that nobody is held in a dialogue. Answers
        that take any words at all come after those. Templates that require a conversation about its intent count as
        commands, and before the others. A text too long to be a command is out of scope. Spoken times are worked out
        relative to `now` (aware, in the speaker's zone); without it they stay words.
        """
        if too_long(text):
            return NoMatch(reason="out of scope")
        text = normalise(text)
        if not text:
            return NoMatch(reason="empty")
        if too_long(text):
            return NoMatch(reason="out of scope")
        answers = self._answers(text, expected, now)
        context = {"about": expected.intent} if expected else None
        commands = (
            []
            if answers and not answers[0].wildcards
            else readings(text, self._catalogue.commands, now, context=context)
        )
        if commands and (not answers or commands[0].wildcards <= answers[0].wildcards):
            return _decided(commands, text, "exact")
        if answers:
            return _decided(answers, text, "answer")
        return self._fuzzy.match(text, now)

    def _answers(self, text: str, expected: Expected | None, now: datetime | None) -> list[Reading]:
        if expected is None or expected.slot is None:
            return []
        answers = self._catalogue.answers.get((expected.intent, expected.slot))
        return (
            [reading for reading in readings(text, answers, now) if expected.slot in reading.slots]
            if answers
            else []
        )


def _decided(found: list[Reading], text: str, step: Step) -> IntentMatch | NoMatch:
    best = found[0]
    rival = found[1] if len(found) > 1 else None
    if rival is not None and rank(rival) == rank(best):
        return NoMatch(reason="ambiguous", score=1.0, runner_up=rival.intent)
    return IntentMatch(
        intent=best.intent,
        slots=best.slots,
        score=1.0,
        step=step,
        sentence=text,
        runner_up=rival.intent if rival else None,
        runner_up_score=1.0 if rival else 0.0,
    )
