"""Voice activity: speech, noise, tones and silence."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from hardware.activity import FRAME_SAMPLES, EnergyActivity, SileroActivity, VoiceActivity, level_dbfs
from hardware.audiofile import read_chunks
from tests.hardware.signals import int16, noise, tone

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

BOTH = pytest.mark.parametrize("make", [SileroActivity, EnergyActivity])
RECORDINGS = sorted((Path(__file__).parents[1] / "audio" / "household").glob("*.flac"))


def probabilities(activity: VoiceActivity, samples: NDArray[np.int16]) -> NDArray[np.float64]:
    size = activity.frame_samples
    whole = len(samples) // size * size
    return np.array([activity.speech_probability(frame) for frame in samples[:whole].reshape(-1, size)])


def recording(path: Path) -> NDArray[np.int16]:
    return np.concatenate([chunk.samples for chunk in read_chunks(path)])


@BOTH
def test_probabilities_lie_between_0_and_1_and_silence_is_none(make: Callable[[], VoiceActivity]) -> None:
    extremes = np.tile(np.array([32767, -32768], np.int16), 256)
    for samples in (int16(noise(1.0, level=0.3)), np.tile(extremes, 10), int16(tone(1.0))):
        found = probabilities(make(), samples)
        assert ((found >= 0) & (found <= 1)).all()
    assert (probabilities(make(), np.zeros(16000, np.int16)) < 0.1).all()
    # A constant offset, as cheap sound cards have it, is silence too.
    assert (probabilities(EnergyActivity(), np.full(16000, 3000, np.int16)) < 0.1).all()


@BOTH
def test_reset_makes_it_as_new(make: Callable[[], VoiceActivity]) -> None:
    activity = make()
    samples = int16(np.concatenate([noise(0.5), tone(0.5), noise(0.5)]))
    first = probabilities(activity, samples)
    activity.reset()
    assert np.array_equal(probabilities(activity, samples), first)


@BOTH
@pytest.mark.parametrize(
    "frame",
    [
        np.zeros(511, np.int16),
        np.zeros(0, np.int16),
        np.zeros((512, 1), np.int16),
        np.zeros(512, np.float32),
        np.zeros(512, np.int32),
    ],
    ids=lambda frame: f"{frame.dtype}-{frame.shape}",
)
def test_a_wrong_frame_is_refused_before_native_code_sees_it(
    make: Callable[[], VoiceActivity], frame: Any
) -> None:
    with pytest.raises(ValueError, match=r"give int16, shape \(512,\)"):
        make().speech_probability(frame)


@BOTH
def test_a_frame_that_is_a_view_is_read_rightly(make: Callable[[], VoiceActivity]) -> None:
    samples = int16(noise(0.2, level=0.2))
    strided = np.repeat(samples, 2)[::2]
    assert np.array_equal(probabilities(make(), samples), probabilities(make(), strided))


@pytest.mark.skipif(not RECORDINGS, reason="no recordings in tests/audio/household")
def test_silero_hears_speech_and_nothing_else() -> None:
    for path in RECORDINGS[:: max(1, len(RECORDINGS) // 6)]:
        samples = recording(path)
        found = probabilities(SileroActivity(), samples)
        frames = samples[: len(found) * FRAME_SAMPLES].reshape(-1, FRAME_SAMPLES)
        loud = np.array([level_dbfs(frame) > -35 for frame in frames])
        assert (found[loud] > 0.5).mean() > 0.7, path.name
    for samples in (int16(noise(2.0, level=0.1)), int16(tone(2.0)), int16(tone(2.0, hertz=120))):
        assert (probabilities(SileroActivity(), samples) > 0.5).mean() < 0.1


@pytest.mark.skipif(not RECORDINGS, reason="no recordings in tests/audio/household")
def test_the_gate_does_not_change_what_silero_hears() -> None:
    pause = np.zeros(3 * 16000, np.int16)
    speech = recording(RECORDINGS[0])
    samples = np.concatenate([pause, speech, pause, speech, pause])
    gated = probabilities(SileroActivity(), samples) > 0.5
    always = probabilities(SileroActivity(gate_dbfs=-120), samples) > 0.5
    assert always.any()
    assert (gated != always).mean() < 0.01


def test_silero_does_not_run_on_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    activity = SileroActivity()
    detector = activity._detector  # noqa: SLF001 — only there can be seen what is not done
    calls: list[int] = []
    run = detector.process_chunk

    def counted(data: bytes) -> float:
        calls.append(len(data))
        return float(run(data))

    monkeypatch.setattr(detector, "process_chunk", counted)
    probabilities(activity, np.zeros(16000 * 10, np.int16))
    assert len(calls) <= 8
    probabilities(activity, int16(noise(1.0, level=0.01)))
    assert len(calls) >= 31


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="this system does not list threads in /proc")
def test_silero_does_its_work_in_the_thread_that_asks() -> None:
    # In a process of its own: threads that a library has started stay.
    program = """
import os
import numpy as np
from hardware.activity import FRAME_SAMPLES, SileroActivity
activity = SileroActivity(margin_db=0)
before = os.listdir("/proc/self/task")
activity.speech_probability(np.full(FRAME_SAMPLES, 1000, np.int16) * np.resize([1, -1], FRAME_SAMPLES).astype(np.int16))
assert os.listdir("/proc/self/task") == before
assert "OMP_THREAD_LIMIT" not in os.environ
"""
    env = {name: value for name, value in os.environ.items() if name != "OMP_THREAD_LIMIT"}
    subprocess.run([sys.executable, "-c", program], check=True, env=env)


def test_energy_finds_a_tone_above_noise_to_the_frame() -> None:
    frames = 40
    length = frames * FRAME_SAMPLES / 16000
    samples = int16(np.concatenate([noise(length), tone(length, peak=0.1), noise(length)]))
    found = probabilities(EnergyActivity(), samples) > 0.5
    assert not found[:frames].any()
    assert found[frames : 2 * frames].all()
    assert not found[2 * frames :].any()


def test_energy_takes_a_lasting_sound_for_background() -> None:
    fan = int16(np.concatenate([noise(1.0), noise(30.0, level=0.02)]))
    found = probabilities(EnergyActivity(), fan) > 0.5
    assert found[35:45].all()
    assert not found[-300:].any()
    speech_over_fan = int16(noise(1.0, level=0.02) + tone(1.0, peak=0.3))
    activity = EnergyActivity()
    probabilities(activity, fan)
    assert (probabilities(activity, speech_over_fan) > 0.5).all()


def test_energy_hears_a_stream_that_begins_with_sound() -> None:
    assert (probabilities(EnergyActivity(), int16(tone(1.0))) > 0.5).all()


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({"margin_db": 0}, "margin_db"),
        ({"margin_db": float("nan")}, "margin_db"),
        ({"rise_db_s": -1}, "rise_db_s"),
        ({"lowest_dbfs": 5}, "lowest_dbfs"),
    ],
)
def test_senseless_energy_settings_are_refused(options: dict[str, float], name: str) -> None:
    with pytest.raises(ValueError, match=name):
        EnergyActivity(**options)


def test_a_senseless_gate_is_refused() -> None:
    with pytest.raises(ValueError, match="gate_dbfs"):
        SileroActivity(gate_dbfs=3)


def test_level() -> None:
    assert level_dbfs(np.zeros(0, np.int16)) == -120
    assert level_dbfs(np.full(512, 77, np.int16)) == -120
    assert level_dbfs(int16(tone(1.0, peak=1.0))) == pytest.approx(-3.01, abs=0.01)
    assert level_dbfs(np.tile(np.array([32767, -32767], np.int16), 256)) == pytest.approx(0, abs=0.001)
