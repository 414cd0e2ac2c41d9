"""A process of our own that may hang or crash without us: whatever touches PortAudio lives in one."""

from __future__ import annotations

import os
import select
import subprocess
import sys
import threading
import time
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from hardware.errors import HardwareError
from hardware.frames import Frame, FrameReader, packed

if TYPE_CHECKING:
    from collections.abc import Callable

_END_S: Final = 1.0
_PIPE_BYTES: Final = 1 << 16


class ProcessEndedError(HardwareError):
    """The process is gone, or does not take what it is sent."""


class HelperProcess:
    """A running `python -m MODULE ARGUMENT` that talks in frames and ends when we do. For one thread only."""

    def __init__(self, module: str, argument: str, *, latency_ms: int) -> None:
        """Start it, and ask PulseAudio for this latency; by itself it would collect two seconds of sound."""
        # A session of its own, so that Ctrl-C in the terminal is ours alone to answer; -P, so that a folder of the
        # same name in the working directory is not taken for the module.
        self._process = subprocess.Popen(  # noqa: S603 — our own modules only
            [sys.executable, "-P", "-m", module, argument],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
            env={**os.environ, "PULSE_LATENCY_MSEC": str(latency_ms)},
        )
        self._reader = FrameReader()
        self._frames: deque[Frame] = deque()
        assert self._process.stdin is not None  # noqa: S101 — PIPE was asked for; the type checker cannot know
        assert self._process.stdout is not None  # noqa: S101
        self._in, self._out = self._process.stdin.fileno(), self._process.stdout.fileno()
        os.set_blocking(self._in, False)

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def receive(self, timeout_s: float) -> Frame | None:
        """The next frame; None when none has come for `timeout_s`. Raises ProcessEndedError when none can come."""
        deadline = time.monotonic() + timeout_s
        while not self._frames:
            ready, _, _ = select.select([self._out], [], [], max(0.0, deadline - time.monotonic()))
            if not ready:
                return None
            data = os.read(self._out, _PIPE_BYTES)
            if not data:
                raise ProcessEndedError("the sound process ended by itself")
            self._frames.extend(self._reader.feed(data))
        return self._frames.popleft()

    def send(self, frame: Frame, *, timeout_s: float = 1.0) -> None:
        """Send a frame; raises ProcessEndedError when it is not taken within `timeout_s`."""
        data = memoryview(packed(frame))
        deadline = time.monotonic() + timeout_s
        while data:
            _, ready, _ = select.select([], [self._in], [], max(0.0, deadline - time.monotonic()))
            if not ready:
                raise ProcessEndedError(f"the sound process has not taken anything for {timeout_s:g} s")
            try:
                data = data[os.write(self._in, data) :]
            except BrokenPipeError:
                raise ProcessEndedError("the sound process ended by itself") from None

    def end(self) -> None:
        """End it: by closing its input, and by force if that is not enough. Never hangs."""
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe:
                with suppress(OSError):
                    pipe.close()
        try:
            self._process.wait(_END_S)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """End it by force, as one that hangs inside PortAudio must be."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe:
                with suppress(OSError):
                    pipe.close()


def output_for_frames() -> Callable[[Frame], None]:
    """In the process itself: what writes frames to our parent; sound libraries' own prints go to standard error."""
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    lock = threading.Lock()

    def write(frame: Frame) -> None:
        with lock:
            out.write(packed(frame))
            out.flush()

    return write


def end_with_parent() -> None:
    """In the process itself: end at once when our parent has closed our input, even while PortAudio hangs."""

    def watch() -> None:
        while os.read(0, _PIPE_BYTES):
            pass
        os._exit(0)

    threading.Thread(target=watch, name="parent", daemon=True).start()
