"""A microphone that can be switched off: while it is, no process records, and nothing can be heard."""

from __future__ import annotations

import logging
import threading
import time
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from hardware.audio import SAMPLE_RATE, AudioChunk
from hardware.errors import MicrophoneError
from hardware.microphone import BEAT_S, lasting_chunks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from hardware.microphone import MicrophoneNews, MicrophoneSettings

logger = logging.getLogger(__name__)


class MuteSwitch:
    """Whether the microphone is switched off. Safe to share between threads."""

    def __init__(self, *, on: bool = False, kept: Path | None = None) -> None:
        """`on`: muted from the beginning.

        With `kept`, a file that is there while it is muted: whoever has switched the microphone off finds it so after
        a crash, an update or a loss of power.
        """
        self._muted = threading.Event()
        self._open = threading.Event()
        self._lock = threading.Lock()
        self._kept = kept
        self.set(on=on or (kept is not None and kept.exists()))

    @property
    def muted(self) -> bool:
        """Whether it is off."""
        return self._muted.is_set()

    def set(self, *, on: bool) -> None:
        """Mute it, or let it hear again."""
        with self._lock:
            self._turn(on=on)

    def toggle(self) -> None:
        """The other way round, as a push button does."""
        with self._lock:
            self._turn(on=not self._muted.is_set())

    def _turn(self, *, on: bool) -> None:
        if self._kept is not None:
            try:
                if on:
                    self._kept.parent.mkdir(parents=True, exist_ok=True)
                    self._kept.touch()
                else:
                    self._kept.unlink(missing_ok=True)
            except OSError as error:
                # It is muted all the same, for as long as this program runs.
                logger.warning("whether the microphone is switched off cannot be kept: %s", error)
        (self._muted if on else self._open).set()
        (self._open if on else self._muted).clear()

    def wait_until_open(self, timeout_s: float) -> bool:
        """Wait until it may hear, but not for longer; whether it may."""
        return self._open.wait(timeout_s)


@contextmanager
def mutable_chunks(
    settings: MicrophoneSettings,
    switch: MuteSwitch,
    *,
    told: Callable[[MicrophoneNews], object] = lambda _: None,
    muted: Callable[[bool], object] = lambda _: None,
) -> Iterator[Iterator[AudioChunk]]:
    """The same as `lasting_chunks`, but while `switch` is on the recording process is ended, and another begun later.

    Meanwhile an empty chunk comes every `BEAT_S`, so that time goes on. What was being said counts as cut short. The
    caller of the iterator is told of each change by `muted`.

    Raises MicrophoneError on entering, as `lasting_chunks` does, if it is not muted then.
    """
    stream = _Muting(settings, switch, told, muted)
    try:
        if not switch.muted:
            stream.open()
        yield stream.chunks()
    finally:
        stream.close()


class _Muting:
    """One stream of sound made of several recordings."""

    def __init__(
        self,
        settings: MicrophoneSettings,
        switch: MuteSwitch,
        told: Callable[[MicrophoneNews], object],
        muted: Callable[[bool], object],
    ) -> None:
        self._settings = settings
        self._switch = switch
        self._told = told
        self._muted = muted
        self._recording: AbstractContextManager[Iterator[AudioChunk]] | None = None
        self._sound: Iterator[AudioChunk] = iter(())
        self._end_s = 0.0
        """Where in the stream the last chunk ended."""
        self._shift_s = 0.0
        """Where in the stream the running recording begins."""

    def open(self) -> None:
        """Begin to record; raises MicrophoneError."""
        recording = lasting_chunks(self._settings, self._told)
        self._sound = recording.__enter__()
        self._recording = recording
        self._shift_s = self._end_s

    def close(self) -> None:
        """End the recording process, if there is one."""
        if self._recording is not None:
            recording, self._recording = self._recording, None
            recording.__exit__(None, None, None)

    def chunks(self) -> Iterator[AudioChunk]:
        """Chunks without end."""
        while True:
            if self._switch.muted:
                begun = time.monotonic()
                self.close()
                logger.warning("the microphone is switched off by its button")
                self._muted(True)
                yield from self._silence(begun)
                self._muted(False)
                logger.warning("the microphone is switched on again")
            try:
                if self._recording is None:
                    self.open()
            except MicrophoneError as error:
                logger.warning("%s; trying again", error)
                yield self._gap(BEAT_S)
                time.sleep(BEAT_S)
                continue
            for chunk in self._sound:
                if self._switch.muted:
                    # What came with the press of the button is not heard either.
                    break
                moved = replace(chunk, start_s=chunk.start_s + self._shift_s)
                self._end_s = moved.end_s
                yield moved

    def _silence(self, begun: float) -> Iterator[AudioChunk]:
        while not self._switch.wait_until_open(BEAT_S):
            now = time.monotonic()
            yield self._gap(now - begun)
            begun = now
        yield self._gap(time.monotonic() - begun)

    def _gap(self, seconds: float) -> AudioChunk:
        lost = round(seconds * SAMPLE_RATE)
        self._end_s += lost / SAMPLE_RATE
        return AudioChunk(samples=np.zeros(0, np.int16), start_s=self._end_s, lost_frames=lost)
