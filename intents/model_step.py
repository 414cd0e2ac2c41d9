"""The model's step: from its belief, the evidence and the words to a match that is certain, asked about, or none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from intents.evidence import Verifier
from intents.explanation import ModelView, Origin
from intents.results import IntentMatch, NoMatch
from intents.slots import SlotFinder

if TYPE_CHECKING:
    from datetime import datetime

    from intents.catalogue import Catalogue
    from intents.evidence import Evidence
    from intents.model import Model
    from intents.values import ListValues


class ModelStep:
    """A model over a catalogue; of the model's labels those count that the catalogue has an intent for."""

    def __init__(
        self, model: Model, catalogue: Catalogue, values: ListValues, vocabulary: frozenset[str]
    ) -> None:
        """Learns where the slots of those intents stand; words of the `vocabulary` are never taken for misheard."""
        self.model = model
        self._known = frozenset(label for label in model.header.labels if label in catalogue.intents)
        self._unless = {label: catalogue.intents[label].unless for label in self._known}
        self._verifier = Verifier(
            model.header,
            model.features,
            named={label: catalogue.intents[label].named for label in self._known},
        )
        orders = {
            label: frozenset(model.header.denial.get(label, ()))
            for label in self._known
            if self._verifier.is_order(label)
        }
        self._slots = SlotFinder(catalogue, sorted(self._known), values, vocabulary, orders)

    def view(self, text: str) -> ModelView:
        """What the model makes of the normalised `text`; evidence is looked for where it sees an order."""
        belief = self.model.believe(text)
        sees_order = belief.score >= belief.ask and self._verifier.is_order(belief.best)
        return ModelView(
            belief=belief,
            evidence=self._verifier.find(belief.best, text) if sees_order else None,
            known=belief.best in self._known,
            denial=self._verifier.denial(belief.best, text),
            other=self._other(belief.best, text) if belief.score >= belief.ask else None,
        )

    def knows(self, match: IntentMatch) -> bool:
        """Whether a `match` by likeness is one that the model tells apart: of its labels, and as they mean it."""
        fixed = self.model.header.fixed.get(match.intent, {})
        return match.intent in self._known and all(match.slots.get(k, v) == v for k, v in fixed.items())

    def evidence(self, intent: str, text: str) -> Evidence | None:
        """The evidence in the normalised `text` for an order of `intent`; None where the model knows no such order."""
        return self._verifier.find(intent, text) if self._verifier.is_order(intent) else None

    def origins(self, view: ModelView, text: str, now: datetime | None) -> list[Origin]:
        """How the slots of what `decide` found came by their values."""
        label = view.belief.best
        fixed = self.model.header.fixed.get(label, {})
        return [
            *(Origin(slot=slot, value=value, how="intent") for slot, value in fixed.items()),
            *self._slots.origins(label, text, now),
        ]

    def decide(self, view: ModelView, text: str, now: datetime | None) -> IntentMatch | NoMatch:
        """The match or none, by the thresholds and the evidence."""
        belief = view.belief
        label = belief.best
        if not view.known:
            return NoMatch(reason="out of scope")
        evidence = view.evidence
        certain = belief.score >= belief.accept and (evidence is None or evidence.suffices)
        # Where a word may deny it, it takes as much to be asked about as it otherwise takes to be accepted.
        ask = belief.accept if view.denial else belief.ask
        if view.other:
            return NoMatch(reason="out of scope", score=belief.score, runner_up=label)
        if belief.score < ask:
            return NoMatch(reason="out of scope", score=belief.score, runner_up=label)
        rivals = {
            other: probability
            for other, probability in belief.probabilities.items()
            if other in self._known and other != label
        }
        runner_up = max(rivals, key=rivals.__getitem__, default=None)
        return IntentMatch(
            intent=label,
            slots={**self.model.header.fixed.get(label, {}), **self._slots.find(label, text, now)},
            score=belief.score,
            step="model",
            sentence=text,
            certain=certain,
            runner_up=runner_up,
            runner_up_score=rivals[runner_up] if runner_up else 0.0,
        )

    def _other(self, label: str, text: str) -> str | None:
        padded = f" {text} "
        return next((phrase for phrase in self._unless.get(label, ()) if f" {phrase} " in padded), None)
