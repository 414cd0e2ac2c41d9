"""The loudspeaker through real PortAudio, and every way it fails."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import tempfile
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from hardware.speaker import Sound, Speaker
from tests.hardware.virtual_microphone import LOUDSPEAKER, missing_parts, virtual_microphone

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from tests.hardware.virtual_microphone import VirtualMicrophone

ROOT = Path(__file__).parents[2]
RATE = 22_050
needs_sound_server = pytest.mark.skipif(bool(missing_parts()), reason=f"needs {missing_parts()}")

SAYS = """
import json, sys, time
import numpy as np
from hardware.speaker import Sound, Speaker
speaker = Speaker()
def told():
    last = speaker.last
    print(json.dumps([last.begun_at is not None, last.stopped]), flush=True)
for line in sys.stdin:
    what, seconds, level = json.loads(line)
    if what in ("play", "begin", "replace"):
        speaker.play(Sound(samples=np.full(round(seconds * 22050), level, np.int16), rate=22050))
    if what == "replace":
        speaker.play(Sound(samples=np.full(round(seconds * 22050), -level, np.int16), rate=22050))
    if what == "stop":
        speaker.stop()
    if what in ("play", "replace", "stop"):
        speaker.wait()
        told()
speaker.close()
"""


class Talker:
    """A process that speaks as it is told."""

    def __init__(self, env: dict[str, str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", SAYS],
            cwd=ROOT,
            env=env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def does(self, what: str, seconds: float = 0.0, level: int = 0) -> Any:
        """Do it; gives whether it was heard at all and whether it was broken off."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps([what, seconds, level]) + "\n")
        self._process.stdin.flush()
        return None if what == "begin" else json.loads(self._process.stdout.readline())

    def end(self) -> str:
        """End it; gives what it complained about."""
        _, complaints = self._process.communicate(timeout=30)
        assert self._process.returncode == 0, complaints
        return complaints


@pytest.fixture
def room() -> Iterator[VirtualMicrophone]:
    # Not below pytest's folder: a socket's path must be short.
    with tempfile.TemporaryDirectory(prefix="spk") as folder, virtual_microphone(Path(folder)) as opened:
        opened.loudspeaker()
        yield opened


@contextmanager
def recorded(room: VirtualMicrophone) -> Iterator[queue.Queue[NDArray[np.int16]]]:
    """What comes out of the loudspeaker."""
    pieces: queue.Queue[NDArray[np.int16]] = queue.Queue()
    command = ["parec", "-d", f"{LOUDSPEAKER}.monitor", "--raw", f"--rate={RATE}", "--channels=1"]
    with subprocess.Popen(
        [*command, "--format=s16le", "--latency-msec=10"], env=room.env, stdout=subprocess.PIPE
    ) as recorder:

        def read() -> None:
            assert recorder.stdout is not None
            while data := os.read(recorder.stdout.fileno(), 8820):
                pieces.put(np.frombuffer(data[: len(data) // 2 * 2], np.int16))

        reader = threading.Thread(target=read)
        reader.start()
        # It records once it has heard anything at all, be it silence.
        pieces.get(timeout=20)
        try:
            yield pieces
        finally:
            recorder.kill()
            reader.join()


def heard_s(pieces: queue.Queue[NDArray[np.int16]], level: int) -> float:
    """For how long a level was heard."""
    found = 0
    while not pieces.empty():
        found += int((np.abs(pieces.get().astype(int) - level) < abs(level) / 10).sum())
    return found / RATE


@needs_sound_server
def test_what_is_said_is_heard_whole_and_stopped_at_once(room: VirtualMicrophone) -> None:
    with recorded(room) as pieces:
        talker = Talker(room.env)
        assert talker.does("play", 1.0, 8_000) == [True, False]
        assert heard_s(pieces, 8_000) == pytest.approx(1.0, abs=0.1)
        talker.does("begin", 30.0, 8_000)
        assert talker.does("stop")[1]
        assert heard_s(pieces, 8_000) < 10
        # The end of the one that was replaced is not taken for the end of the other.
        assert talker.does("replace", 1.0, 6_000) == [True, False]
        assert heard_s(pieces, -6_000) == pytest.approx(1.0, abs=0.1)
        talker.end()


@needs_sound_server
def test_a_server_that_hangs_or_dies_costs_a_reply_and_nothing_more(room: VirtualMicrophone) -> None:
    talker = Talker(room.env)
    with recorded(room):
        assert talker.does("play", 0.2, 8_000) == [True, False]
    room.freeze()
    assert talker.does("play", 0.2, 8_000)[1]
    room.thaw()
    room.kill()
    assert talker.does("play", 0.2, 8_000) == [False, True]
    room.start()
    room.loudspeaker()
    with recorded(room) as pieces:
        assert talker.does("play", 0.5, 8_000) == [True, False]
        assert heard_s(pieces, 8_000) == pytest.approx(0.5, abs=0.1)
    complaints = talker.end()
    # Said once, not at every reply.
    assert complaints.count("the reply cannot be heard") == 1


def test_without_a_library_nothing_is_heard_and_nobody_waits(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent / "without_library"))
    speaker = Speaker()
    speaker.play(Sound(samples=np.zeros(100, np.int16), rate=RATE))
    speaker.wait()
    assert speaker.last is not None
    assert speaker.last.begun_at is None
    assert "sudo apt install libportaudio2" in caplog.text
    speaker.close()
