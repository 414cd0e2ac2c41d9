"""The recogniser adapted to recordings of its user, and what that brings on recordings that it was not adapted to."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from assistant.audiotest.compare import mcnemar
from assistant.audiotest.conditions import Condition, heard_as
from assistant.audiotest.labels import said_at
from assistant.audiotest.noise import read_samples
from assistant.errors import ConfigError, RecognitionError
from assistant.recognition.grammar.acoustic_model import bundled_model, load_acoustic_model
from assistant.recognition.grammar.adaptation import (
    PRIOR,
    Adaptation,
    Statistics,
    adapted,
    gather,
    model_version,
    senones_of,
)
from assistant.recognition.grammar.compiled import compile_grammar
from assistant.recognition.grammar.front_end import FRAME_SHIFT, power_spectrum, speech_span
from assistant.recognition.grammar.recogniser import GrammarRecogniser
from hardware.audio import AudioChunk
from hardware.errors import HardwareError
from intents.normalise import clean
from intents.results import IntentMatch
from intents.word_graph import graph_of_phrases

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import datetime

    from numpy.typing import NDArray

    from assistant.audiotest.cases import Case
    from assistant.audiotest.corpora import Corpus
    from assistant.recognition.grammar.acoustic_model import AcousticModel
    from assistant.recognition.grammar.compiled import Grammar
    from intents.catalogue import IntentDefinition
    from intents.match import Matcher

FOLDS: Final = 5
"""Parts that the recordings are taken in: each is heard by a model adapted to the others."""

LEAST: Final = 20
"""Recordings below which the measure would say nothing."""

ROUNDS: Final = 1000
"""Of the bootstrap."""


@dataclass(frozen=True, kw_only=True)
class Language:
    """What is listened for, and what a text of it means."""

    grammar: Grammar
    """Compiled."""
    matcher: Matcher
    """Understands texts."""
    known: Mapping[str, IntentDefinition]
    """The intents."""
    now: datetime
    """When everything is said: times in labels are worked out as of then."""

    def is_right(self, text: str, case: Case) -> bool:
        """Whether a text is what was said, or means what the label says; speech out of scope must mean nothing."""
        if case.intent is not None and case.text and clean(text) == clean(case.text):
            return True
        match = self.matcher.match(text, now=self.now)
        if case.intent is None or not isinstance(match, IntentMatch):
            return case.intent is None and not isinstance(match, IntentMatch)
        slots = said_at(case, self.now, self.known).slots
        return match.intent == case.intent and all(
            str(match.slots.get(name)) == str(value) for name, value in slots.items()
        )


@dataclass(frozen=True, kw_only=True)
class Pair:
    """A recording under a condition, heard by the model as it is and by one adapted to other recordings."""

    recording: int
    """Number of the case."""
    condition: str
    """Label."""
    in_scope: bool
    """Whether it is a command."""
    before: bool
    """Right by the model as it is."""
    after: bool
    """Right by the adapted one."""


@dataclass(frozen=True, kw_only=True)
class Gain:
    """Command acceptance before and after, on recordings that were not adapted to."""

    condition: str
    """Label; "all" for all of them together."""
    cases: int
    """Commands."""
    before: float | None
    """Share that was right; None where there are no commands."""
    after: float | None
    """Likewise, adapted."""
    gain_ci95: tuple[float, float] | None
    """Of the difference: a bootstrap over recordings."""
    broke: int
    """Commands that were right before only."""
    mended: int
    """Commands that are right after only."""
    p_value: float
    """McNemar's exact test, two-sided."""
    false_accepts: tuple[int, int]
    """Speech out of scope taken for a command, before and after."""


@dataclass(frozen=True, kw_only=True)
class Measure:
    """What adapting to a corpus brings."""

    recordings: int
    """In all."""
    used: int
    """Adapted to: of the others it is not known what they say, or they do not sound like it."""
    held_out: str
    """What was kept together: a voice, or a conversation (a recording where there are none)."""
    folds: int
    """Parts."""
    gains: tuple[Gain, ...]
    """A condition each, then all together."""

    @property
    def loses(self) -> bool:
        """Whether more broke than was mended, or more speech out of scope is taken for a command."""
        everything = self.gains[-1]
        before, after = everything.false_accepts
        return everything.broke > everything.mended or after > before


@dataclass(frozen=True, kw_only=True, eq=False)
class Adapted:
    """A measure, and the adaptation to all recordings that it speaks for."""

    measure: Measure
    adaptation: Adaptation


def adapt(
    corpus: Corpus,
    language: Language,
    conditions: Sequence[Condition],
    *,
    seed: int,
    made: datetime,
    folds: int = FOLDS,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> Adapted:
    """Adapt to the recordings of a corpus, each under every condition, and measure it by cross-validation.

    What is tested is heard with another stretch of the noise than what is adapted to. `progress` is told steps done
    and in all.

    Raises:
        ConfigError: there are too few recordings whose words are known.
        RecognitionError: the acoustic model is broken.
    """
    cases = list(corpus.cases)
    groups, held_out = _groups(corpus)
    folds = min(folds, len(set(groups)))
    if len(cases) < LEAST or folds < 2:
        raise ConfigError(
            f"{corpus.name} has {len(cases)} recordings of {len(set(groups))} {held_out}s; at least {LEAST}, of two, "
            "are needed to adapt and to see whether it helps: make more with `pennyworth audio-test record`, or "
            "review more of what was heard"
        )
    fold = [_part(group, folds) for group in groups]
    model = load_acoustic_model(bundled_model().folder)
    plain = GrammarRecogniser(language.grammar)
    by_fold = [Statistics.none(model) for _ in range(folds)]
    steps, done, used = 2 * len(cases), 0, 0
    for number, case in enumerate(cases):
        sounds = _sounds(corpus, case, conditions, seed=seed + 1)
        found = _aligned(case, sounds[0], plain, language) if sounds else None
        if found is not None:
            used += 1
            start, senones = found
            for sound in sounds:
                by_fold[fold[number]].add(_statistics(sound, start, senones, plain, model))
        done += 1
        progress(done, steps)
    if used < LEAST:
        raise ConfigError(
            f"{corpus.name}: of {len(cases)} recordings {used} are sure to say what is known of them, and {LEAST} are "
            "needed; give their `text`, or review more of what was heard"
        )
    pairs: list[Pair] = []
    for part in range(folds):
        others = _sum(by_fold[:part] + by_fold[part + 1 :], model)
        tuned = GrammarRecogniser(language.grammar, _adaptation(adapted(model, others), used, made))
        for number, case in enumerate(cases):
            if fold[number] != part:
                continue
            for condition, sound in zip(
                conditions, _sounds(corpus, case, conditions, seed=seed), strict=False
            ):
                before, after = (language.is_right(_hear(it, sound), case) for it in (plain, tuned))
                pairs.append(
                    Pair(
                        recording=number,
                        condition=condition.label,
                        in_scope=case.intent is not None,
                        before=before,
                        after=after,
                    )
                )
            done += 1
            progress(done, steps)
    labels = [condition.label for condition in conditions]
    gains = [gain(label, [it for it in pairs if it.condition == label], seed=seed) for label in labels]
    return Adapted(
        measure=Measure(
            recordings=len(cases),
            used=used,
            held_out=held_out,
            folds=folds,
            gains=(*gains, gain("all", pairs, seed=seed)),
        ),
        adaptation=_adaptation(adapted(model, _sum(by_fold, model)), used, made),
    )


def gain(condition: str, pairs: Sequence[Pair], *, seed: int) -> Gain:
    """Before and after over some pairs."""
    commands = [it for it in pairs if it.in_scope]
    foreign = [it for it in pairs if not it.in_scope]
    broke = sum(it.before and not it.after for it in commands)
    mended = sum(it.after and not it.before for it in commands)
    n = len(commands)
    return Gain(
        condition=condition,
        cases=n,
        before=sum(it.before for it in commands) / n if n else None,
        after=sum(it.after for it in commands) / n if n else None,
        gain_ci95=_interval(commands, seed) if n else None,
        broke=broke,
        mended=mended,
        p_value=mcnemar(broke, mended),
        false_accepts=(sum(not it.before for it in foreign), sum(not it.after for it in foreign)),
    )


def to_document(found: Measure, *, corpus: str, seed: int, kept: str | None) -> dict[str, Any]:
    """For other programs; `kept` is the file that the adaptation was saved in, if it was."""
    return {
        "corpus": corpus,
        "seed": seed,
        "prior": PRIOR,
        "recordings": found.recordings,
        "used": found.used,
        "held_out_by": found.held_out,
        "folds": found.folds,
        "conditions": [
            {
                "condition": each.condition,
                "cases": each.cases,
                "before": each.before,
                "after": each.after,
                "gain_ci95": each.gain_ci95 and list(each.gain_ci95),
                "broke": each.broke,
                "mended": each.mended,
                "p_value": each.p_value,
                "false_accepts_before": each.false_accepts[0],
                "false_accepts_after": each.false_accepts[1],
            }
            for each in found.gains
        ],
        "loses": found.loses,
        "kept": kept,
    }


def _groups(corpus: Corpus) -> tuple[list[str], str]:
    """What each case belongs to, to be held out as a whole; and what that is."""
    if len({case.voice for case in corpus.cases} - {""}) > 1:
        return [case.voice or case.audio for case in corpus.cases], "voice"
    return [case.conversation or case.audio for case in corpus.cases], "conversation"


def _part(group: str, folds: int) -> int:
    """By the name alone, so that a corpus that grows keeps its parts."""
    return int.from_bytes(hashlib.sha256(group.encode()).digest()[:8]) % folds


def _sounds(
    corpus: Corpus, case: Case, conditions: Iterable[Condition], *, seed: int
) -> list[NDArray[np.int16]]:
    """The recording under each condition; none where it cannot be read."""
    try:
        samples = read_samples(corpus.folder / case.audio)
    except HardwareError:
        return []
    return [heard_as(samples, each, seed=seed, recording=case.audio) for each in conditions]


def _aligned(
    case: Case, sound: NDArray[np.int16], plain: GrammarRecogniser, language: Language
) -> tuple[int, NDArray[np.int32]] | None:
    """Where speech begins, and the senone of each frame from there; None where it is not sure what is said.

    What is known word for word is laid along the sound; else it is what was heard, if that is what the label says.
    """
    recogniser = plain
    if case.text:
        try:
            recogniser = GrammarRecogniser(compile_grammar(graph_of_phrases([clean(case.text)])))
        except RecognitionError:
            return None
    start, end = speech_span(sound)
    path, scores = recogniser.search(sound[start:end])
    if path is None or not path.words or recogniser.fit(path, scores, recogniser.alternatives()).foreign:
        return None
    if not case.text and (case.intent is None or not language.is_right(recogniser.text(path), case)):
        return None
    return start, senones_of(path, recogniser.network)


def _statistics(
    sound: NDArray[np.int16],
    aligned_from: int,
    senones: NDArray[np.int32],
    recogniser: GrammarRecogniser,
    model: AcousticModel,
) -> Statistics:
    """What a recording under a condition says, by the senones of its clean sound: noise does not move them."""
    start, end = speech_span(sound)
    streams = recogniser.front_end.features(power_spectrum(sound[start:end]))
    shift = (start - aligned_from) // FRAME_SHIFT
    frames = np.arange(len(streams[0])) + shift
    inside = (frames >= 0) & (frames < len(senones))
    aligned = np.full(len(frames), -1, dtype=np.int32)
    aligned[inside] = senones[frames[inside]]
    return gather(streams, aligned, model)


def _hear(recogniser: GrammarRecogniser, sound: NDArray[np.int16]) -> str:
    recogniser.accept(AudioChunk(samples=sound, start_s=0.0))
    return recogniser.finish().text


def _sum(parts: Iterable[Statistics], model: AcousticModel) -> Statistics:
    total = Statistics.none(model)
    for part in parts:
        total.add(part)
    return total


def _adaptation(means: NDArray[np.float32], recordings: int, made: datetime) -> Adaptation:
    return Adaptation(
        means=means,
        recordings=recordings,
        made=made.isoformat(timespec="seconds"),
        version=model_version(),
    )


def _interval(pairs: Sequence[Pair], seed: int) -> tuple[float, float]:
    """95 % of the difference in acceptance; the conditions of a recording go together."""
    numbers = sorted({it.recording for it in pairs})
    place = {number: i for i, number in enumerate(numbers)}
    difference, count = np.zeros(len(numbers)), np.zeros(len(numbers))
    for it in pairs:
        difference[place[it.recording]] += int(it.after) - int(it.before)
        count[place[it.recording]] += 1
    drawn = np.random.default_rng(seed).integers(0, len(numbers), (ROUNDS, len(numbers)))
    gains = difference[drawn].sum(axis=1) / count[drawn].sum(axis=1)
    low, high = np.percentile(gains, [2.5, 97.5])
    return float(low), float(high)
