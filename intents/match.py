"""From text to intent and slots: answer, then word for word, then by the model, with what likeness repairs."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Final

from rapidfuzz import fuzz

from intents.account import from_template
from intents.amounts import in_currency, spelt
from intents.exact import rank, readings
from intents.explanation import Explanation
from intents.fuzzy import FuzzyMatcher
from intents.model import load_model
from intents.model_step import ModelStep
from intents.normalise import normalise, too_long
from intents.prefilter import Prefilter
from intents.results import IntentMatch, NoMatch
from intents.settings import MatchSettings
from intents.values import ListValues

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from intents.catalogue import Catalogue
    from intents.evidence import Evidence
    from intents.exact import Reading
    from intents.explanation import Origin
    from intents.model import Model, Weight
    from intents.results import Expected, Step

__all__ = ["MatchSettings", "Matcher"]

_BUNDLED: Final = "bundled"
_MARKUP: Final = re.compile(r"[<>{}\[\]|;%$\\=]")
_bundled_model = cache(load_model)


class Matcher:
    """Understands texts by one catalogue and one model. Remembers words, and nothing that changes an answer."""

    def __init__(
        self,
        catalogue: Catalogue,
        settings: MatchSettings | None = None,
        *,
        model: Model | str | None = _BUNDLED,
        currency: str | None = None,
        cache_dir: Path | None = None,
    ) -> None:
        """Builds the indices of the steps, once. `model` is the bundled one of the language, another, or None.

        Amounts of money are worked out in the `currency` (ISO 4217) and stay words where another one is named; without
        it all do. Of the model's labels those count that the catalogue has an intent for. Raises `ModelError` if the
        bundled file is broken. What sampling the catalogue comes to is kept in `cache_dir`, if one is given, as it
        takes half of the time; a file of it that is damaged is made anew.
        """
        self._catalogue = catalogue
        self._leads = tuple(f"{lead} " for lead in catalogue.leads)
        self._trails = tuple(f" {trail}" for trail in catalogue.trails)
        self._currency = currency
        self._prefilter = Prefilter(catalogue.commands)
        self._values = values = ListValues(catalogue)
        self._known = self._prefilter.words | values.words
        self._fuzzy = FuzzyMatcher(
            catalogue, settings or MatchSettings(), self._prefilter, values, cache_dir=cache_dir
        )
        if isinstance(model, str):
            model = _bundled_model(catalogue.language)
        self._model = ModelStep(model, catalogue, values, self._prefilter.words) if model else None

    def match(
        self, text: str, *, expected: Expected | None = None, now: datetime | None = None
    ) -> IntentMatch | NoMatch:
        """What `text` means, or that it is none of our commands.

        After a question, `expected` names the slot that was asked for: its answers come first, so that "home" may be
        one; then whole commands of any intent ("cancel", "play music"), so that nobody is held in a dialogue. Answers
        that take any words at all come after those. Templates that require a conversation about its intent count as
        commands, and before the others; so do those that follow up on a command which was just carried out. A text too
        long to be a command is out of scope. Spoken times are worked out relative to `now` (aware, in the speaker's
        zone); without it they stay words.

        Where no template matches, the model decides which of the intents that it knows is meant, if any; likeness
        repairs what was misheard, so that a template gives the slots, and finds the intents that the model does not
        know. A likeness to what the model knows and does not see is asked about. An order that the model alone has
        seen is certain only if an ordering verb and a thing ordered stand in the text, and nothing that may deny it or
        makes it a question.
        """
        return self.explain(text, expected=expected, now=now).result

    def explain(
        self, text: str, *, expected: Expected | None = None, now: datetime | None = None
    ) -> Explanation:
        """`match`, and how each step came to it."""
        explanation = self._explain(text, expected, now)
        result = explanation.result
        if self._currency is None or not isinstance(result, IntentMatch):
            return explanation
        amounts = {
            slot: in_currency(str(result.slots[slot]), self._currency)
            for slot, what in self._catalogue.intents[result.intent].times.items()
            if what == "amount" and slot in result.slots
        }
        return (
            replace(explanation, result=replace(result, slots={**result.slots, **amounts}))
            if amounts
            else explanation
        )

    def _explain(self, text: str, expected: Expected | None, now: datetime | None) -> Explanation:
        if too_long(text):
            return Explanation(text="", result=NoMatch(reason="out of scope"), note="longer than any command")
        # No command is said or typed with these: code and markup are asked about at most.
        marked_up = _MARKUP.search(text) is not None
        text = normalise(spelt(text))
        if not text:
            return Explanation(text=text, result=NoMatch(reason="empty"), note="no words")
        if too_long(text):
            return Explanation(
                text=text, result=NoMatch(reason="out of scope"), note="longer than any command"
            )
        answers = self._answers(text, expected, now)
        context = expected.context if expected else None
        commands = (
            []
            if answers and not answers[0].wildcards
            else self._prefilter.readings(text, now, context=context)
        )
        if commands and (not answers or commands[0].wildcards <= answers[0].wildcards):
            return Explanation(
                text=text,
                exact=tuple(commands),
                result=_followed(_decided(commands, text, "exact"), commands, expected),
            )
        if answers:
            return Explanation(text=text, exact=tuple(answers), result=_decided(answers, text, "answer"))
        if bare := self._bare(text, expected, now):
            return bare
        if expected and expected.slot and (answer := self._misheard_answer(text, expected, now)):
            why = f"“{answer.sentence}” sounds like it and answers what was asked"
            return Explanation(text=text, fuzzy=answer, result=answer, likeness=why, in_dialogue=True)
        in_dialogue = expected is not None and not expected.answered
        return self._by_model_and_likeness(text, now, marked_up=marked_up, in_dialogue=in_dialogue)

    def origins(self, explanation: Explanation, now: datetime | None = None) -> list[Origin]:
        """How the slots of what `explain` came to got their values, relative to the same `now`."""
        result = explanation.result
        if not isinstance(result, IntentMatch):
            return []
        if result.step == "model" and self._model and explanation.model:
            return self._model.origins(explanation.model, explanation.text, now)
        return from_template(explanation.text, result)

    def evidence(self, intent: str, text: str) -> Evidence | None:
        """What there is in `text` of an order of `intent`; None where nothing is known of such orders."""
        return self._model.evidence(intent, normalise(text)) if self._model else None

    def weights(self, text: str, label: str) -> list[Weight]:
        """The features of `text` that spoke most for or against the model's `label`, the heaviest first."""
        return self._model.model.explain(normalise(text), label) if self._model else []

    def _by_model_and_likeness(
        self, text: str, now: datetime | None, *, marked_up: bool, in_dialogue: bool
    ) -> Explanation:
        # What likeness would have to search for, the model finds by itself.
        fuzzy, why = self._fuzzy.judge(text, now, thorough=self._model is None)
        if self._model is None:
            return Explanation(text=text, fuzzy=fuzzy, result=fuzzy, likeness=why)
        view = self._model.view(text)
        result: IntentMatch | NoMatch
        if isinstance(fuzzy, IntentMatch) and not self._model.knows(fuzzy):
            result = fuzzy
        else:
            result = self._model.decide(view, text, now)
            if isinstance(fuzzy, IntentMatch) and _intent(result) in (None, fuzzy.intent):
                # Its template gives the slots.
                result = replace(fuzzy, certain=fuzzy.certain and isinstance(result, IntentMatch))
            elif isinstance(result, IntentMatch):
                certain = result.certain and not marked_up and not isinstance(fuzzy, IntentMatch)
                # Who was asked a question probably meant to answer it.
                result = (
                    NoMatch(reason="out of scope", score=result.score, runner_up=result.intent)
                    if in_dialogue and not certain
                    else replace(result, certain=certain)
                )
        if (
            isinstance(result, NoMatch)
            and isinstance(fuzzy, NoMatch)
            and (fuzzy.reason == "ambiguous" or fuzzy.score > result.score)
        ):
            result = fuzzy
        return Explanation(
            text=text,
            model=view,
            fuzzy=fuzzy,
            result=result,
            likeness=why,
            marked_up=marked_up,
            in_dialogue=in_dialogue,
        )

    def _bare(self, text: str, expected: Expected | None, now: datetime | None) -> Explanation | None:
        """What `text` says word for word without what stands around it and changes nothing; never a yes or a no."""
        bare = _stripped(text, self._leads, self._trails)
        if not bare or bare == text:
            return None
        found = self._answers(bare, expected, now)
        step: Step = "answer" if found else "exact"
        found = found or self._prefilter.readings(bare, now)
        if not found or found[0].wildcards or self._catalogue.intents[found[0].intent].kind == "dialogue":
            return None
        return Explanation(text=text, exact=tuple(found), result=_decided(found, bare, step))

    def _misheard_answer(self, text: str, expected: Expected, now: datetime | None) -> IntentMatch | None:
        """The answer that was asked for, where words that nobody of us says sound like words of a list's values."""
        repaired = self._values.repaired(text, self._known)
        if repaired == text:
            return None
        answers = self._answers(repaired, expected, now)
        result = _decided(answers, repaired, "fuzzy") if answers and not answers[0].wildcards else None
        if not isinstance(result, IntentMatch):
            return None
        return replace(result, score=fuzz.ratio(text, repaired) / 100)

    def _answers(self, text: str, expected: Expected | None, now: datetime | None) -> list[Reading]:
        if expected is None or expected.slot is None:
            return []
        answers = self._catalogue.answers.get((expected.intent, expected.slot))
        return (
            [reading for reading in readings(text, answers, now) if expected.slot in reading.slots]
            if answers
            else []
        )


def _stripped(text: str, leads: tuple[str, ...], trails: tuple[str, ...]) -> str:
    """`text` without what it begins and ends with of these, each with the space that parts it from the rest."""
    while text.startswith(leads):
        text = text.removeprefix(next(filter(text.startswith, leads)))
    while text.endswith(trails):
        text = text.removesuffix(next(filter(text.endswith, trails)))
    return text


def _intent(result: IntentMatch | NoMatch) -> str | None:
    return result.intent if isinstance(result, IntentMatch) else None


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
        certain=not best.asks,
        runner_up=rival.intent if rival else None,
        runner_up_score=1.0 if rival else 0.0,
    )


def _followed(
    result: IntentMatch | NoMatch, found: list[Reading], expected: Expected | None
) -> IntentMatch | NoMatch:
    """`result`, marked where it follows up on the command before it."""
    if expected is None or not expected.answered or not isinstance(result, IntentMatch):
        return result
    return replace(result, follows=found[0].in_context)
