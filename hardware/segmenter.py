"""Utterances out of a stream of sound: onset, endpoint, and everything of it in between."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from hardware.activity import level_dbfs
from hardware.audio import SAMPLE_RATE, AudioChunk, Utterance

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from numpy.typing import NDArray

    from hardware.activity import VoiceActivity


GAP_S: Final = 0.5
"""Seconds missing from a stream that part what is before from what is behind."""
QUIET_DB: Final = 36.0
"""Decibels under the loudest of an utterance that are silence, where a room is quiet enough to tell."""
LAG_S: Final = 0.16
"""Seconds for which a voice activity detector may go on hearing speech in that: Silero does so for 0.03 to 0.12 s."""


@dataclass(frozen=True, kw_only=True)
class EndpointSettings:
    """When an utterance begins and when it ends. Raises ValueError for values that make no sense."""

    onset_probability: float = 0.5
    """Probability of speech at which a frame begins speech, over 0, at most 1."""
    offset_probability: float = 0.35
    """Probability of speech below which a frame interrupts speech, over 0, at most the onset's."""
    min_speech_s: float = 0.12
    """Seconds of speech without interruption that make an utterance, 0 to 2; a click is shorter."""
    pre_roll_s: float = 0.3
    """Seconds kept from before the onset, 0 to 2: a word's soft beginning is recognised too late."""
    trailing_silence_s: float = 0.7
    """Seconds without speech that end an utterance (the endpoint), over 0, up to 5."""
    post_padding_s: float = 0.3
    """Seconds kept from after the end of speech, 0 up to the trailing silence."""
    pause_s: float = 0.06
    """Seconds of silence, over 0, up to 5, that are a pause: it is asked how long it may last."""
    max_utterance_s: float = 15.0
    """Hard limit in seconds on an utterance, padding included, up to 300: television never falls silent."""

    def __post_init__(self) -> None:
        """Check every value."""
        _check("onset_probability", self.onset_probability, 0, 1, above=True)
        _check("offset_probability", self.offset_probability, 0, self.onset_probability, above=True)
        _check("min_speech_s", self.min_speech_s, 0, 2)
        _check("pre_roll_s", self.pre_roll_s, 0, 2)
        _check("trailing_silence_s", self.trailing_silence_s, 0, 5, above=True)
        _check("pause_s", self.pause_s, 0, 5, above=True)
        _check("post_padding_s", self.post_padding_s, 0, self.trailing_silence_s)
        # A limit that strikes before the speech is even certain would cut every utterance to nothing.
        shortest = self.pre_roll_s + self.min_speech_s + self.post_padding_s + 0.1
        _check("max_utterance_s", self.max_utterance_s, shortest, 300)


def segment(
    chunks: Iterable[AudioChunk],
    activity: VoiceActivity,
    settings: EndpointSettings,
    *,
    patience: Callable[[float], float] | None = None,
) -> Iterator[AudioChunk | Utterance]:
    """Cut a stream into utterances, and let a recogniser listen while somebody speaks.

    While an utterance runs its chunks are given, the first with the pre-roll; at the endpoint the Utterance
    itself, whose samples are exactly those of its chunks. Nothing is given for silence, nor for sounds shorter
    than the least speech. No sample is in two utterances. Silence beyond the padding is held back until it is
    known whether speech goes on. The end of the stream ends a running utterance, and so does a gap in it of more than
    `GAP_S`: what is missing there may have been anything, and counts as lost in what it cut off.

    Speech has ended where it became quiet, if the detector, which notices that later, agrees; in noise it is where the
    detector says. The endpoint goes by the detector alone: what ends softly is not cut.

    `patience` is called in every pause, as soon as it is one, with the time at which speech ended and after all chunks
    up to now were given; it returns the seconds for which the detector must then hear no speech to end the utterance
    there. If that is longer than the padding, it is called once more when all of that was given: nothing more of the
    pause ever is. Without it the trailing silence ends every utterance.

    Raises ValueError for a chunk that is not 16 bit mono, and whatever `chunks` raises.
    """
    activity.reset()
    segmenter = _Segmenter(activity, settings, patience)
    end_s = 0.0
    for chunk in chunks:
        if chunk.start_s - end_s > GAP_S:
            yield from segmenter.finish(lost_frames=chunk.lost_frames)
            activity.reset()
            segmenter = _Segmenter(activity, settings, patience)
            following = replace(chunk, lost_frames=0)
        else:
            following = chunk
        end_s = chunk.end_s
        yield from segmenter.accept(following)
    yield from segmenter.finish()


class _Segmenter:
    """The state between two chunks. Positions are sample indices from the beginning of the stream."""

    def __init__(
        self,
        activity: VoiceActivity,
        settings: EndpointSettings,
        patience: Callable[[float], float] | None,
    ) -> None:
        self._activity = activity
        self._settings = settings
        self._patience = patience
        self._pause = _samples(settings.pause_s)
        self._asked = 0
        """How often the running pause has been asked about."""
        self._pre_roll = _samples(settings.pre_roll_s)
        self._min_speech = max(1, _samples(settings.min_speech_s))
        self._trailing = max(1, _samples(settings.trailing_silence_s))
        self._padding = _samples(settings.post_padding_s)
        self._limit = _samples(settings.max_utterance_s)
        self._line = _Line()
        self._heard = 0
        """End of the last frame judged."""
        self._floor = 0
        """End of the last utterance; the next may not reach back beyond it."""
        self._onset: int | None = None
        """Beginning of the speech that runs or is on trial, None in silence."""
        self._begin: int | None = None
        """First sample of the running utterance, None while there is none."""
        self._speech_end = 0
        """End of the last frame of speech, by the detector."""
        self._spoken_end = 0
        """End of the last frame of speech that was no silence."""
        self._loudest_dbfs = self._last_dbfs = -math.inf
        """Level of the loudest two frames in a row since the onset, by the lower of them; and of the last frame."""
        self._given: list[AudioChunk] = []
        """The chunks of the running utterance."""

    def accept(self, chunk: AudioChunk) -> Iterator[AudioChunk | Utterance]:
        """Take a chunk; give what it makes known."""
        self._line.append(chunk)
        size = self._activity.frame_samples
        while self._heard + size <= self._line.end:
            frame = self._line.cut(self._heard, self._heard + size)
            yield from self._judge(frame, self._heard + size)
        yield from self._give(self._ready())
        self._forget()

    def finish(self, *, lost_frames: int = 0) -> Iterator[AudioChunk | Utterance]:
        """Take the end of the stream, or a gap of so many lost samples."""
        left = self._line.cut(self._heard, self._line.end)
        if len(left):
            frame = np.zeros(self._activity.frame_samples, np.int16)
            frame[: len(left)] = left
            yield from self._judge(frame, self._line.end)
        if self._begin is not None:
            yield from self._close(self._ready(), truncated=False, lost_frames=lost_frames)

    def _judge(self, frame: NDArray[np.int16], end: int) -> Iterator[AudioChunk | Utterance]:
        """Move on by one frame, which ends at `end`."""
        begin, self._heard = self._heard, end
        probability = self._activity.speech_probability(frame)
        in_speech = self._onset is not None and self._speech_end == begin
        threshold = self._settings.offset_probability if in_speech else self._settings.onset_probability
        if probability >= threshold:
            if self._onset is None:
                self._onset, self._spoken_end = begin, begin
                self._loudest_dbfs = self._last_dbfs = -math.inf
            self._speech_end = end
            if self._is_spoken(level_dbfs(frame), end):
                self._spoken_end = end
                self._asked = 0
                self._trailing = max(1, _samples(self._settings.trailing_silence_s))
        elif self._begin is None:
            self._onset = None
        if self._onset is None:
            return
        if self._begin is None and self._speech_end - self._onset >= self._min_speech:
            self._begin = max(self._floor, self._onset - self._pre_roll)
        if self._begin is None:
            return
        if self._patience and self._to_ask(end):
            self._asked += 1
            yield from self._give(self._ready())
            self._trailing = max(
                self._pause, _samples(self._patience(self._line.end_time_of(self._spoken_end)))
            )
        if end - self._begin >= self._limit:
            yield from self._close(min(self._ready(), self._begin + self._limit), truncated=True)
        elif end - self._speech_end >= self._trailing:
            yield from self._close(self._ready(), truncated=False)

    def _to_ask(self, end: int) -> bool:
        """Whether it is time to ask how long the running pause, if it is one at `end`, may last."""
        match self._asked:
            case 0:
                return end - self._spoken_end >= self._pause
            case 1:
                return self._padding <= end - self._speech_end < self._trailing
            case _:
                return False

    def _is_spoken(self, level: float, end: int) -> bool:
        """Whether a frame in which the detector hears speech, of `level` dB of full scale, is no silence already."""
        # Two frames, since a click does not make quiet what was said beside it.
        self._loudest_dbfs = max(self._loudest_dbfs, min(level, self._last_dbfs))
        self._last_dbfs = level
        if level >= self._loudest_dbfs - QUIET_DB:
            return True
        if end - self._spoken_end <= _samples(LAG_S):
            return False
        # Somebody does speak, more softly than whatever was loud before.
        self._loudest_dbfs = level
        return True

    def _ready(self) -> int:
        """Up to where the running utterance is certain to reach."""
        return min(self._heard, self._speech_end + self._padding)

    def _give(self, end: int) -> Iterator[AudioChunk]:
        """Give the samples of the running utterance up to `end` that were not given yet."""
        if self._begin is None:
            return
        begin = self._begin + sum(len(chunk.samples) for chunk in self._given)
        if end <= begin:
            return
        chunk = AudioChunk(
            samples=self._line.cut(begin, end),
            start_s=self._line.time_of(begin),
            lost_frames=self._line.lost_between(begin, end),
        )
        self._given.append(chunk)
        yield chunk

    def _close(self, end: int, *, truncated: bool, lost_frames: int = 0) -> Iterator[AudioChunk | Utterance]:
        """End the running utterance at `end`."""
        if self._begin is None or self._onset is None:
            return
        yield from self._give(end)
        utterance = Utterance(
            samples=np.concatenate([chunk.samples for chunk in self._given]),
            start_s=self._line.time_of(self._begin),
            speech_start_s=self._line.time_of(self._onset),
            speech_end_s=self._line.end_time_of(min(end, self._spoken_end)),
            truncated=truncated,
            lost_frames=lost_frames + sum(chunk.lost_frames for chunk in self._given),
        )
        self._floor, self._begin, self._onset, self._given = end, None, None, []
        yield utterance

    def _forget(self) -> None:
        """Drop the samples that no utterance can want any more."""
        if self._begin is not None:
            # Times of the running utterance are asked for at its end, but its samples were given.
            self._line.forget(self._ready(), self._begin)
        else:
            earliest = self._heard if self._onset is None else self._onset
            keep = max(self._floor, earliest - self._pre_roll)
            self._line.forget(keep, keep)


class _Line:
    """The samples that may still be wanted, with their times and the losses between them."""

    def __init__(self) -> None:
        self._samples = np.zeros(0, np.int16)
        self._first = 0
        self._anchors: deque[tuple[int, float, int]] = deque()
        """Index, time and losses of the first sample of each chunk."""

    @property
    def end(self) -> int:
        return self._first + len(self._samples)

    def append(self, chunk: AudioChunk) -> None:
        if chunk.samples.ndim != 1 or chunk.samples.dtype != np.int16:
            raise ValueError(
                f"a chunk is {chunk.samples.dtype}, shape {chunk.samples.shape}: give int16, shape (n,)"
            )
        self._anchors.append((self.end, chunk.start_s, chunk.lost_frames))
        self._samples = np.concatenate([self._samples, chunk.samples])

    def cut(self, begin: int, end: int) -> NDArray[np.int16]:
        return self._samples[begin - self._first : end - self._first].copy()

    def time_of(self, index: int) -> float:
        """Seconds from the beginning of the stream to the beginning of a sample."""
        at, start_s, _ = next(anchor for anchor in reversed(self._anchors) if anchor[0] <= index)
        return start_s + (index - at) / SAMPLE_RATE

    def end_time_of(self, index: int) -> float:
        """The same to the end of the sample before `index`: after a gap that is not where the next begins."""
        return self.time_of(index - 1) + 1 / SAMPLE_RATE

    def lost_between(self, begin: int, end: int) -> int:
        return sum(lost for at, _, lost in self._anchors if begin <= at < end)

    def forget(self, samples_before: int, times_before: int) -> None:
        """Drop samples, and anchors, that lie before these indices."""
        drop = samples_before - self._first
        if drop > 0:
            self._samples = self._samples[drop:]
            self._first = samples_before
        # An empty chunk shares its index with the next one, and its losses count as long as that does.
        while len(self._anchors) > 1 and self._anchors[0][0] < times_before >= self._anchors[1][0]:
            self._anchors.popleft()


def _samples(seconds: float) -> int:
    return round(seconds * SAMPLE_RATE)


def _check(name: str, value: float, low: float, high: float, *, above: bool = False) -> None:
    if not (math.isfinite(value) and low <= value <= high and not (above and value == low)):
        expected = f"{'over' if above else 'from'} {low:g} up to {high:g}"
        raise ValueError(f"{name} is {value}: give a number {expected}")
