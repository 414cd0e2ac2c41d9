"""The loop: chunks of sound to utterances to receipts, whether they come from a file or a microphone."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from assistant.dialogue.pin import REDACTED
from assistant.records import Effort, Heard
from hardware.audio import AudioChunk
from hardware.errors import HardwareError
from hardware.segmenter import segment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from assistant.clock import Clock
    from assistant.pipeline import Pipeline, Receipt
    from assistant.recognition.protocol import Recogniser
    from assistant.records import Interaction, OrderEvent, Source
    from hardware.activity import VoiceActivity
    from hardware.segmenter import EndpointSettings

TICK_S: Final = 1.0
"""How often, in the time of the sound, questions are given up and orders go on while nobody speaks."""


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
    ) -> None:
        """`on_sound` is given each utterance's samples, mono at 16 kHz, once it is in the log; never those of a PIN."""
        self._activity = activity
        self._endpointing = endpointing
        self._recogniser = recogniser
        self._pipeline = pipeline
        self._clock = clock
        self._on_events = on_events
        self._on_sound = on_sound

    @property
    def engine(self) -> str:
        """Name and version of the recogniser and its model."""
        return self._recogniser.model

    def listen(
        self,
        chunks: Iterable[AudioChunk],
        *,
        source: Source,
        origin: str = "",
        passes: Callable[[timedelta], None] | None = None,
    ) -> Iterator[Receipt]:
        """Yield a receipt for every utterance in `chunks`, as soon as it is in the log.

        `passes` is told how much time each chunk takes; a file is read faster than it was spoken, and a question
        in it is open for as long as it was for the speaker.

        Raises:
            HardwareError: the sound ended badly; what was said before is in the log.
            StoreError: an utterance could not be written.
        """
        stream = _Stream(chunks, tick=lambda: self._on_events(self._pipeline.advance()), passes=passes)
        listening_cpu = recognition_cpu = 0
        mark = self._clock.cpu_us()
        self._activity.reset()
        for piece in segment(stream, self._activity, self._endpointing):
            listening_cpu += self._clock.cpu_us() - mark
            mark = self._clock.cpu_us()
            if isinstance(piece, AudioChunk):
                self._recogniser.accept(piece)
                recognition_cpu += self._clock.cpu_us() - mark
            else:
                begun = self._clock.monotonic_us()
                transcript = self._recogniser.finish()
                recognition_cpu += self._clock.cpu_us() - mark
                effort = Effort(
                    audio_us=round(piece.duration_s * 1e6),
                    listening_cpu_us=listening_cpu,
                    recognition_cpu_us=recognition_cpu,
                    endpoint_us=max(0, round((stream.position_s - piece.speech_end_s) * 1e6)),
                    recognition_us=self._clock.monotonic_us() - begun,
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
                yield receipt
                listening_cpu = recognition_cpu = 0
            mark = self._clock.cpu_us()
        if stream.failure:
            raise stream.failure


class _Stream:
    """A stream of sound that knows how far it has come, lets time pass on the way, and keeps what ended it badly.

    A device or file that fails ends the sound like silence would, so that what was being said is still heard.
    """

    def __init__(
        self,
        chunks: Iterable[AudioChunk],
        *,
        tick: Callable[[], object],
        passes: Callable[[timedelta], None] | None,
    ) -> None:
        self._chunks = chunks
        self._tick = tick
        self._passes = passes
        self.position_s = 0.0
        self.failure: HardwareError | None = None

    def __iter__(self) -> Iterator[AudioChunk]:
        due = TICK_S
        try:
            for chunk in self._chunks:
                if self._passes:
                    self._passes(timedelta(seconds=chunk.end_s - self.position_s))
                self.position_s = chunk.end_s
                yield chunk
                if chunk.end_s >= due:
                    due = chunk.end_s + TICK_S
                    self._tick()
        except HardwareError as error:
            self.failure = error
