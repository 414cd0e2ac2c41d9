"""A microphone that is switched off is not recorded by anybody; through real PortAudio and a virtual microphone."""

from __future__ import annotations

import itertools
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
import soundfile

from hardware.audio import SAMPLE_RATE
from hardware.microphone import MicrophoneSettings
from hardware.mute import MuteSwitch, mutable_chunks
from tests.hardware.signals import int16, noise
from tests.hardware.virtual_microphone import VirtualMicrophone, missing_parts, virtual_microphone

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hardware.audio import AudioChunk
    from hardware.microphone import MicrophoneNews

pytestmark = pytest.mark.skipif(bool(missing_parts()), reason=f"needs {missing_parts()}")
PATIENCE_S = 30.0


@pytest.fixture
def microphone(monkeypatch: pytest.MonkeyPatch) -> Iterator[VirtualMicrophone]:
    with tempfile.TemporaryDirectory(prefix="mic") as folder, virtual_microphone(Path(folder)) as opened:
        # The process that records inherits it; PortAudio is never loaded here.
        for name in ("PULSE_SERVER", "PULSE_RUNTIME_PATH", "PULSE_STATE_PATH", "ALSA_CONFIG_PATH"):
            monkeypatch.setenv(name, opened.env[name])
        yield opened


def until_no_listener(microphone: VirtualMicrophone) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while microphone.has_listener():
        assert time.monotonic() < deadline, "it still records"
        time.sleep(0.05)


def follow_each_other(chunks: list[AudioChunk]) -> bool:
    """Whether every chunk begins where the one before ended, with room for what was lost between."""
    return all(
        after.start_s == pytest.approx(before.end_s + after.lost_frames / SAMPLE_RATE, abs=1e-6)
        for before, after in itertools.pairwise(chunks)
    )


def test_nothing_is_recorded_while_it_is_switched_off(microphone: VirtualMicrophone, tmp_path: Path) -> None:
    path = tmp_path / "noise.wav"
    soundfile.write(path, int16(noise(0.7, level=0.2)), SAMPLE_RATE)
    switch = MuteSwitch()
    told: list[bool] = []
    chunks: list[AudioChunk] = []
    with mutable_chunks(MicrophoneSettings(), switch, muted=told.append) as stream:
        for chunk in stream:
            chunks.append(chunk)
            if len(chunks) == 5:
                break
        assert microphone.has_listener()
        switch.set(on=True)
        muted = len(chunks)
        chunks.append(next(stream))
        until_no_listener(microphone)
        player = threading.Thread(target=microphone.play, args=(path,))
        player.start()
        while player.is_alive():
            chunks.append(next(stream))
        player.join()
        assert not microphone.has_listener()
        assert told == [True]
        assert all(len(chunk.samples) == 0 and chunk.lost_frames > 0 for chunk in chunks[muted:])
        switch.toggle()
        while not len(chunks[-1].samples):
            chunks.append(next(stream))
        assert told == [True, False]
        assert microphone.has_listener()
        player = threading.Thread(target=microphone.play, args=(path,))
        player.start()
        while not np.any(chunks[-1].samples):
            chunks.append(next(stream))
        player.join()
    assert follow_each_other(chunks)
    until_no_listener(microphone)


@pytest.mark.slow
def test_a_microphone_that_is_away_when_it_is_switched_on_is_waited_for(
    microphone: VirtualMicrophone,
) -> None:
    switch = MuteSwitch(on=True)
    news: list[MicrophoneNews] = []
    with mutable_chunks(MicrophoneSettings(), switch, told=news.append) as stream:
        assert not microphone.has_listener()
        first = next(stream)
        assert (len(first.samples), first.start_s > 0) == (0, True)
        microphone.kill()
        switch.set(on=False)
        chunks = [next(stream), next(stream)]
        assert all(not len(chunk.samples) for chunk in chunks)
        microphone.start()
        chunks += [chunk for chunk, _ in zip(stream, range(60), strict=False)]
        assert len(chunks[-1].samples)
        assert follow_each_other(chunks)
