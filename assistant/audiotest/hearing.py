"""Recordings through the loop that the microphone goes through, and what was made of them against their labels."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from assistant.audiotest.conditions import heard_as
from assistant.audiotest.due import due, earned, same_order
from assistant.audiotest.labels import as_of, said_at
from assistant.audiotest.noise import read_samples
from assistant.audiotest.results import CaseResult
from assistant.audiotest.words import word_errors
from assistant.errors import RecognitionError
from assistant.records import Effort, Heard
from hardware.audio import SAMPLE_RATE, AudioChunk
from hardware.errors import HardwareError
from intents.results import IntentMatch

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from assistant.audiotest.cases import Case
    from assistant.audiotest.conditions import Condition
    from assistant.audiotest.due import Due
    from assistant.clock import SimulatedClock
    from assistant.dialogue import Setting
    from assistant.loop import Listener
    from assistant.pipeline import Pipeline, Receipt
    from assistant.recognition.protocol import Recogniser
    from assistant.records import Interaction, Order
    from assistant.store.store import Store
    from intents.match import Matcher

CHUNK: Final = 1280
"""Samples handed over at a time (80 ms), as a microphone does."""

AFTERWARDS: Final = timedelta(hours=25)
"""Simulated time after each conversation: its orders end, and limits of a day begin anew."""

Conversation: TypeAlias = "Sequence[Case]"


@dataclass(frozen=True, kw_only=True)
class _Said:
    """One recording, heard."""

    case: Case
    """Its label as of then."""
    receipts: Sequence[Receipt]
    """What came of it, a piece each."""
    audio_us: int
    """Length of the sound."""
    error: str
    """Why it could not be heard, if so."""


@dataclass(frozen=True, kw_only=True)
class Ears:
    """An assistant with one engine, over a log of its own: everything that hearing takes."""

    engine: str
    """Short name of the engine."""
    listener: Listener
    """The loop."""
    recogniser: Recogniser
    """The engine in it, to be given recordings whole."""
    pipeline: Pipeline
    """What the loop hands transcripts to."""
    matcher: Matcher
    """What the pipeline understands by."""
    setting: Setting
    """What the pipeline's conversations take place in."""
    store: Store
    """Where it all is logged and booked; thrown away afterwards."""
    clock: SimulatedClock
    """The time of the conversations."""

    def hear(
        self,
        conversation: Conversation,
        number: int,
        condition: Condition,
        *,
        folder: Path,
        seed: int,
        endpointing: bool,
    ) -> list[CaseResult]:
        """Hear a conversation under a condition, and compare each case with its label.

        With `endpointing` the sound goes the whole way, from voice activity to the books. Without, each recording
        is given to the recogniser whole, with its padding, and what it hears goes the rest of the way.
        """
        if recorded := conversation[0].at:
            # "Tomorrow at seven" means what it meant: on the same weekday, at the same time of day.
            self.clock.move_to(as_of(recorded, self.clock.now().astimezone(self.setting.zone)))
        said = [
            self._said(case, condition, folder=folder, seed=seed, endpointing=endpointing)
            for case in conversation
        ]
        # What the labels come to is known only now: "in five minutes" counts from when it was heard.
        should = due([each.case for each in said], self.setting, self.matcher)
        results: list[CaseResult] = []
        quoted: Order | None = None
        booked = 0
        for place, each in enumerate(said):
            case, receipts = each.case, each.receipts
            blank = CaseResult(
                engine=self.engine,
                condition=condition.label,
                audio=case.audio,
                conversation=number,
                expected_intent=case.intent,
                expected_slots=case.slots,
                expected_text=case.text,
            )
            if each.error:
                results.append(replace(blank, error=each.error))
                continue
            placed = [
                receipt.order
                for receipt in receipts
                if receipt.interaction.outcome == "ordered" and receipt.order
            ]
            booked += sum(earned(order).micros for order in placed)
            for receipt in receipts:
                quoted = receipt.order or quoted
            heard = [receipt.interaction for receipt in receipts]
            results.append(
                replace(
                    blank,
                    **self._made_of(case, heard),
                    false_order=false_order(case, receipts, placed, should.placed[place], self.setting),
                    audio_us=each.audio_us,
                )
            )
        booked += self._on_a_yes(quoted, should)
        self.pipeline.hang_up()
        self.clock.advance(AFTERWARDS)
        self.pipeline.advance()
        right = sum(earned(order).micros for order in (*should.placed, should.open) if order)
        results[-1] = replace(results[-1], booked_micros=booked, due_micros=right)
        return results

    def _said(self, case: Case, condition: Condition, *, folder: Path, seed: int, endpointing: bool) -> _Said:
        """Hear one recording, and work its label out as of then."""
        now = self.clock.now()
        receipts: list[Receipt] = []
        audio_us, trouble = 0, ""
        try:
            samples = read_samples(folder / case.audio)
            sound = heard_as(samples, condition, seed=seed, recording=case.audio)
            audio_us = round(len(sound) / SAMPLE_RATE * 1e6)
            receipts = list(
                self._receipts(sound, case.audio) if endpointing else self._whole(sound, case.audio)
            )
        except (HardwareError, RecognitionError) as error:
            receipts, trouble = [], str(error)
        taken = [it.interaction for it in receipts if it.interaction.intent is not None]
        now = (taken[0].at if taken else now).astimezone(self.setting.zone)
        return _Said(
            case=said_at(case, now, self.setting.catalogue.intents),
            receipts=receipts,
            audio_us=audio_us,
            error=trouble,
        )

    def _receipts(self, sound: NDArray[np.int16], origin: str) -> Iterator[Receipt]:
        chunks = (
            AudioChunk(samples=sound[start : start + CHUNK], start_s=start / SAMPLE_RATE)
            for start in range(0, len(sound), CHUNK)
        )
        return self.listener.listen(chunks, source="file", origin=origin, passes=self.clock.advance)

    def _whole(self, sound: NDArray[np.int16], origin: str) -> Iterator[Receipt]:
        cpu, begun = self.clock.cpu_us(), self.clock.monotonic_us()
        self.recogniser.accept(AudioChunk(samples=sound, start_s=0.0))
        transcript = self.recogniser.finish()
        effort = Effort(
            audio_us=round(len(sound) / SAMPLE_RATE * 1e6),
            recognition_cpu_us=self.clock.cpu_us() - cpu,
            recognition_us=self.clock.monotonic_us() - begun,
        )
        self.clock.advance(timedelta(microseconds=effort.audio_us))
        yield self.pipeline.handle(Heard(transcript=transcript, source="file", origin=origin, effort=effort))

    def _made_of(self, case: Case, heard: Sequence[Interaction]) -> dict[str, Any]:
        """What was made of a recording. Pieces of it that were rejected do no harm."""
        taken = [it for it in heard if it.intent is not None]
        decision = self._decision(case, heard)
        intent = taken[0].intent if taken else None
        slots = dict(taken[0].slots) if taken else {}
        if decision:
            accepted = True
            intent = case.intent
        else:
            accepted = (
                case.intent is not None
                and len(taken) == 1
                and intent == case.intent
                and all(str(slots.get(name)) == str(value) for name, value in case.slots.items())
                and case.outcome in (None, taken[0].outcome)
            )
        text = " ".join(it.transcript for it in heard)
        errors, words = word_errors(case.text, text)
        last = heard[-1] if heard else None
        return {
            "text": text,
            "intent": intent,
            "slots": slots,
            "outcome": (taken or list(heard))[0].outcome if heard else "",
            "utterances": len(heard),
            "accepted": accepted,
            "word_errors": errors,
            "words": words,
            "cpu_us": sum(sum(it.effort.cpu_us) for it in heard),
            "recognition_cpu_us": sum(it.effort.recognition_cpu_us for it in heard),
            "latency_us": None
            if last is None
            else last.effort.endpoint_us + last.effort.recognition_us + last.effort.understanding_us,
        }

    def _decision(self, case: Case, heard: Sequence[Interaction]) -> bool:
        """Whether the case is a yes or a no by its intent, and was understood as that, whatever it was about."""
        definition = self.setting.catalogue.intents.get(case.intent or "")
        if definition is None or definition.kind != "dialogue" or len(heard) != 1:
            return False
        found = self.matcher.match(heard[0].transcript)
        return isinstance(found, IntentMatch) and found.intent == case.intent

    def _on_a_yes(self, quoted: Order | None, should: Due) -> int:
        """A corpus of single commands ends at the read-back: there the speaker says yes to the right order only."""
        if should.open is None or quoted is None or self.store.order(quoted.id)[1][-1].state != "quoted":
            return 0
        return earned(quoted).micros if same_order(quoted, should.open) else 0


def false_order(
    case: Case, receipts: Sequence[Receipt], placed: Sequence[Order], wanted: Order | None, setting: Setting
) -> bool:
    """Whether an order that nobody gave was placed, or taken up; a "did you want a pizza?" takes up nothing.

    `receipts` is what came of the case, `placed` the orders placed by it, `wanted` the one that it should place.
    """
    if any(not same_order(order, wanted) for order in placed):
        return True
    definition = setting.catalogue.intents.get(case.intent or "")
    decides = definition is not None and definition.kind == "dialogue"
    taken_up = [receipt.interaction for receipt in receipts if not receipt.offered]
    return not decides and any(it.kind == "commerce" and it.intent != case.intent for it in taken_up)
