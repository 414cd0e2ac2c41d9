"""Which sound reaches the ears: all of it, what follows a wake word or a key; and nothing while a reply is spoken."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import replace
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from hardware.audio import SAMPLE_RATE, AudioChunk

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from hardware.wakeword import WakeWord

Mode: TypeAlias = Literal["always", "wake", "push"]
"""All that is said is heard; or what follows the wake word; or what follows a key."""

ECHO_S: Final = 0.15
"""Seconds that a reply goes on in the room, and in the buffers of the microphone, after it has ended."""
_BEAT_S: Final = 0.6
"""Seconds between the empty chunks that stand for what is kept back: they part what is before from what follows."""
_KEPT_S: Final = 0.3
"""Seconds from before the key was pressed that are heard: people speak as they press."""


class Button:
    """Something that is pressed, from any thread: a key, a pin, a signal."""

    def __init__(self) -> None:
        self._pressed = threading.Event()

    def press(self) -> None:
        """Press it."""
        self._pressed.set()

    def taken(self) -> bool:
        """Whether it was pressed since this was last asked."""
        pressed = self._pressed.is_set()
        self._pressed.clear()
        return pressed


class Gate:
    """Lets chunks through or keeps them back. What goes on behind it is asked at every chunk, and never waited for."""

    def __init__(
        self,
        *,
        mode: Mode,
        awake_s: float,
        speaking: Callable[[], bool],
        engaged: Callable[[], bool],
        woken: Callable[[], object],
        wake_word: WakeWord | None = None,
        button: Button | None = None,
    ) -> None:
        """Put it up.

        `awake_s`: seconds that it stays open for speech to begin. `speaking`: whether a reply is being spoken.
        `engaged`: whether it must stay open: an utterance runs, or a question waits for its answer. `woken` is called
        when the wake word or the button opens it, and when either comes while a reply is spoken, which it should stop.
        """
        self._mode = mode
        self._awake_s = awake_s
        self._speaking = speaking
        self._engaged = engaged
        self._woken = woken
        self._wake_word = wake_word
        self._button = button
        self._open_until = float("inf") if mode == "always" else 0.0
        self._deaf_until = 0.0
        self._recent: deque[AudioChunk] = deque()

    def close(self) -> None:
        """What was said has been heard; the next needs the wake word or the button again, unless all is heard."""
        if self._mode != "always":
            self._open_until = 0.0

    def through(self, chunks: Iterable[AudioChunk]) -> Iterator[AudioChunk]:
        """The chunks that are to be heard; an empty one now and then while they are kept back, so that time goes on."""
        beat_s = 0.0
        for chunk in chunks:
            passed = self._judge(chunk)
            if passed is None and chunk.end_s - beat_s >= _BEAT_S:
                passed = [replace(chunk, samples=chunk.samples[:0], start_s=chunk.end_s, lost_frames=0)]
            if passed:
                beat_s = chunk.end_s
                yield from passed

    def _judge(self, chunk: AudioChunk) -> list[AudioChunk] | None:
        """What of the sound is heard at this chunk; None for nothing."""
        speaking = self._speaking()
        if speaking:
            self._deaf_until = chunk.end_s + ECHO_S
        behind = self._wake_word.hear(chunk) if self._wake_word and len(chunk.samples) else None
        pressed = self._button is not None and self._button.taken()
        self._keep(chunk)
        if pressed or (behind is not None and (speaking or self._mode == "wake")):
            was_open = not speaking and self._is_open(chunk)
            self._woken()
            self._deaf_until = 0.0
            self._open_until = max(self._open_until, chunk.end_s + self._awake_s)
            if was_open:
                return [chunk]
            if behind is None:
                # What was kept while a reply was spoken is the reply.
                return [chunk] if speaking else list(self._recent)
            start_s = chunk.end_s - len(behind) / SAMPLE_RATE
            return [AudioChunk(samples=behind, start_s=start_s, arrived_at=chunk.arrived_at)]
        if speaking or chunk.end_s <= self._deaf_until or not self._is_open(chunk):
            return None
        return [chunk]

    def _is_open(self, chunk: AudioChunk) -> bool:
        return chunk.end_s <= self._open_until or self._engaged()

    def _keep(self, chunk: AudioChunk) -> None:
        self._recent.append(chunk)
        while self._recent and self._recent[0].end_s < chunk.end_s - _KEPT_S:
            self._recent.popleft()
