"""The loop: chunks of sound to utterances to receipts, whether they come from a file or a microphone."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import numpy as np

from assistant.dialogue.pin import REDACTED
from assistant.records import Effort, Heard, Transcript
from hardware.audio import SAMPLE_RATE, AudioChunk
from hardware.errors import HardwareError
from hardware.indicator import NoIndicator
from hardware.segmenter import segment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from assistant.clock import Clock
    from assistant.pipeline import Ending, Pipeline, Receipt
    from assistant.recognition.protocol import Recogniser
    from assistant.records import Interaction, OrderEvent, Source
    from hardware.activity import VoiceActivity
    from hardware.indicator import Indicator
    from hardware.segmenter import EndpointSettings

TICK_S: Final = 1.0
"""How often, in the time of the sound, questions are given up and orders go on while nobody speaks."""


BROKEN_OFF: Final = 15.0
"""A natural logarithm: from so much on (`Transcript.unfinished`) what was heard is the beginning of something else,
whole as it looks (`python -m tests.benchmarks.pauses` shows what another number does)."""

NEAR: Final = 10.0
"""A natural logarithm: an alternative that is less far behind (`Alternative.behind`) may be what was said."""

_TAIL: Final = round(0.06 * SAMPLE_RATE)
"""Samples at the end of what is heard in a pause that are silence."""


@dataclass(frozen=True, kw_only=True)
class Patience:
    """How long a pause may last until the utterance is over, by what was said before it. Seconds of silence."""

    ending: Callable[[str], Ending]
    """Whether an utterance is over with a text."""
    closed_s: float
    """After a whole command that nothing can change any more."""
    open_s: float
    """After a whole command that may go on: "what time is it" … "in tokyo"."""
    unfinished_s: float
    """After anything else."""

    def after(self, heard: Transcript) -> float:
        """Seconds for which a pause after what was `heard` may last."""
        match self.over(heard):
            case "closed":
                return self.closed_s
            case "open":
                return self.open_s
            case _:
                return self.unfinished_s

    def over(self, heard: Transcript) -> Ending:
        """Whether an utterance is over with what was `heard`, by its words and by the sound."""
        if not heard.text or heard.unfinished > BROKEN_OFF:
            return "unfinished"
        ending = self.ending(heard.text)
        if ending == "closed":
            near = [a.text for a in heard.alternatives if a.behind is not None and a.behind < NEAR]
            return "open" if any(self.ending(text) == "open" for text in near) else "closed"
        return ending


class Listener:
    """Everything that hearing needs, put together once and used for one stream of sound after another."""

    def __init__(
        self,
        *,
        activity: VoiceActivity,
        endpointing: EndpointSettings,
        recogniser: Recogniser,
        pipeline: Pipeline,
        clock: Clock,
        on_events: Callable[[Sequence[OrderEvent]], None],
        on_sound: Callable[[Interaction, NDArray[np.int16]], None] | None = None,
        patience: Patience | None = None,
        indicator: Indicator | None = None,
    ) -> None:
        """`on_sound` is given each utterance's samples, mono at 16 kHz, once it is in the log; never those of a PIN.

        Without `patience` the endpointing's trailing silence ends every utterance, whatever was said.
        """
        self._activity = activity
        self._endpointing = endpointing
        self._recogniser = recogniser
        self._pipeline = pipeline
        self._clock = clock
        self._on_events = on_events
        self._on_sound = on_sound
        self._patience = patience
        self._indicator = indicator or NoIndicator()
        self._turn = _Turn(recogniser)
        self.last_speech_ended_at: float | None = None
        """When the speech of the last utterance ended, in seconds of the monotonic clock; None for files."""

    @property
    def engine(self) -> str:
        """Name and version of the recogniser and its model."""
        return self._recogniser.model

    @property
    def hearing(self) -> bool:
        """Whether an utterance runs."""
        return self._turn.running

    def listen(
        self,
        chunks: Iterable[AudioChunk],
        *,
        source: Source,
        origin: str = "",
        passes: Callable[[timedelta], None] | None = None,
        paused: Callable[[str], object] | None = None,
    ) -> Iterator[Receipt]:
        """Yield a receipt for every utterance in `chunks`, as soon as it is in the log.

        `paused` is told in a pause what has been said up to it, if there is patience: time to get ready in case it is
        all. Of a long pause it may be told twice.
        `passes` is told how much time each chunk takes; a file is read faster than it was spoken, and a question
        in it is open for as long as it was for the speaker.

        Raises:
            HardwareError: the sound ended badly; what was said before is in the log.
            StoreError: an utterance could not be written.
        """
        stream = _Stream(
            chunks, self._clock, tick=lambda: self._on_events(self._pipeline.advance()), passes=passes
        )
        listening_cpu = 0
        mark = self._clock.cpu_us()
        self._activity.reset()
        self._turn = turn = _Turn(self._recogniser)

        def wait(speech_end_s: float) -> float:
            nonlocal mark, listening_cpu
            # The recogniser's work in a pause is not listening.
            listening_cpu += self._clock.cpu_us() - mark
            with turn.working(self._clock):
                heard, patience = self._after(turn, speech_end_s)
            if paused:
                paused(heard.text)
            mark = self._clock.cpu_us()
            return patience

        for piece in segment(
            stream, self._activity, self._endpointing, patience=wait if self._patience else None
        ):
            listening_cpu += self._clock.cpu_us() - mark
            if isinstance(piece, AudioChunk):
                if not turn.running:
                    self._indicator.show("hearing")
                with turn.working(self._clock):
                    turn.accept(piece)
            else:
                self._indicator.show("thinking")
                behind_us, begun = stream.behind_us, self._clock.monotonic_us()
                with turn.working(self._clock):
                    transcript = turn.finish(piece.speech_end_s)
                self.last_speech_ended_at = stream.moment_of(piece.speech_end_s)
                effort = Effort(
                    audio_us=round(piece.duration_s * 1e6),
                    listening_cpu_us=listening_cpu,
                    recognition_cpu_us=turn.cpu_us,
                    endpoint_us=max(0, round((stream.position_s - piece.speech_end_s) * 1e6)),
                    recognition_us=behind_us + self._clock.monotonic_us() - begun,
                    lost_frames=piece.lost_frames,
                )
                receipt = self._pipeline.handle(
                    Heard(
                        transcript=transcript,
                        source=source,
                        origin=origin,
                        truncated=piece.truncated,
                        effort=effort,
                    )
                )
                if self._on_sound and receipt.interaction.transcript != REDACTED:
                    self._on_sound(receipt.interaction, piece.samples)
                self._indicator.show("idle")
                self._turn = turn = _Turn(self._recogniser)
                yield receipt
                listening_cpu = 0
            mark = self._clock.cpu_us()
        if stream.failure:
            raise stream.failure

    def _after(self, turn: _Turn, speech_end_s: float) -> tuple[Transcript, float]:
        """What was heard up to a pause, and for how many seconds that may last.

        Asked once more, it listens again to what made no whole command: the last sound of a word, which was taken for
        quiet, is there by then. What did is not worth the work, which might make the answer wait.
        """
        if self._patience is None:
            return turn.so_far(speech_end_s), 0.0
        heard = turn.heard(speech_end_s)
        if heard is None or self._patience.over(heard) == "unfinished":
            heard = turn.so_far(speech_end_s)
        return heard, self._patience.after(heard)


class _Turn:
    """What is done with one utterance while it is spoken.

    A recogniser that works ahead takes every chunk at once and is asked for its partial result in a pause. Another one
    is given the chunks in a pause, and finishes: if the speaker goes on after all, it is given them all once more, and
    if not, the transcript lies ready when the pause has lasted long enough.
    """

    def __init__(self, recogniser: Recogniser) -> None:
        self._recogniser = recogniser
        self._chunks: list[AudioChunk] = []
        self._ready: tuple[float, Transcript] | None = None
        """A transcript of everything up to an end of speech."""
        self.cpu_us = 0
        """Processor time spent on it."""

    @property
    def running(self) -> bool:
        return bool(self._chunks)

    @contextmanager
    def working(self, clock: Clock) -> Iterator[None]:
        """Count the processor time of what is done within."""
        begun = clock.cpu_us()
        yield
        self.cpu_us += clock.cpu_us() - begun

    def accept(self, chunk: AudioChunk) -> None:
        """Take the next chunk."""
        self._chunks.append(chunk)
        if self._recogniser.works_ahead:
            self._recogniser.accept(chunk)

    def so_far(self, speech_end_s: float) -> Transcript:
        """What has been said up to a pause."""
        if self._recogniser.works_ahead:
            recogniser = self._recogniser
            return Transcript(text=recogniser.partial(), engine=recogniser.engine, model=recogniser.model)
        return self._decode(speech_end_s, followed_by=_silence_like(self._chunks[-1]))

    def heard(self, speech_end_s: float) -> Transcript | None:
        """What has been heard already up to a pause; None where nobody has listened."""
        return self._ready[1] if self._ready is not None and self._ready[0] == speech_end_s else None

    def finish(self, speech_end_s: float) -> Transcript:
        """What has been said, now that it is over."""
        if self._recogniser.works_ahead:
            return self._recogniser.finish()
        return self.heard(speech_end_s) or self._decode(speech_end_s)

    def _decode(self, speech_end_s: float, *, followed_by: AudioChunk | None = None) -> Transcript:
        for chunk in self._chunks:
            self._recogniser.accept(chunk)
        if followed_by:
            self._recogniser.accept(followed_by)
        transcript = self._recogniser.finish()
        self._ready = (speech_end_s, transcript)
        return transcript


def _silence_like(chunk: AudioChunk) -> AudioChunk:
    """The silence at the end of a chunk, to and fro: what follows if nothing more is said.

    A recogniser that hears the end of speech with no silence behind it takes it for the middle of a word.
    """
    tail = chunk.samples[-_TAIL:]
    return AudioChunk(samples=np.concatenate([tail[::-1], tail, tail[::-1]]), start_s=chunk.end_s)


class _Stream:
    """A stream of sound that knows how far it has come, lets time pass on the way, and keeps what ended it badly.

    A device or file that fails ends the sound like silence would, so that what was being said is still heard.
    """

    def __init__(
        self,
        chunks: Iterable[AudioChunk],
        clock: Clock,
        *,
        tick: Callable[[], object],
        passes: Callable[[timedelta], None] | None,
    ) -> None:
        self._chunks = chunks
        self._clock = clock
        self._tick = tick
        self._passes = passes
        self.position_s = 0.0
        self.failure: HardwareError | None = None
        self._arrived_at: float | None = None

    def moment_of(self, position_s: float) -> float | None:
        """When the sound at `position_s` came, in seconds of the monotonic clock; None for files."""
        return None if self._arrived_at is None else self._arrived_at - (self.position_s - position_s)

    @property
    def behind_us(self) -> int:
        """How long ago the last chunk came: it had to wait while we worked, which is latency, too; 0 for files."""
        if self._arrived_at is None:
            return 0
        return max(0, self._clock.monotonic_us() - round(self._arrived_at * 1e6))

    def __iter__(self) -> Iterator[AudioChunk]:
        due = TICK_S
        try:
            for chunk in self._chunks:
                if self._passes:
                    self._passes(timedelta(seconds=chunk.end_s - self.position_s))
                self.position_s = chunk.end_s
                self._arrived_at = chunk.arrived_at
                yield chunk
                if chunk.end_s >= due:
                    due = chunk.end_s + TICK_S
                    self._tick()
        except HardwareError as error:
            self.failure = error
