"""The microphone through real PortAudio: what it hears, and every way it goes away."""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import soundfile

from hardware.audio import SAMPLE_RATE
from hardware.capture import BLOCK_HEAD, Source, lasting_name
from hardware.errors import MicrophoneError
from hardware.microphone import Converter, MicrophoneSettings, TimeLine
from hardware.portaudio import bounded
from tests.hardware.signals import int16, noise, tone
from tests.hardware.virtual_microphone import VirtualMicrophone, missing_parts, virtual_microphone

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

ROOT = Path(__file__).parents[2]
needs_sound_server = pytest.mark.skipif(bool(missing_parts()), reason=f"needs {missing_parts()}")
FUSSY = Path(__file__).parent / "fussy"
WITHOUT_LIBRARY = Path(__file__).parent / "without_library"
BOUND_S = 60.0


class Listener:
    """A process that listens, what it has said so far, and what it heard."""

    def __init__(self, env: dict[str, str], **options: Any) -> None:
        self.chunks: list[tuple[float, NDArray[np.int16], int]] = []
        self.said: list[dict[str, Any]] = []
        self._lines: queue.Queue[dict[str, Any] | None] = queue.Queue()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.hardware.listener", json.dumps(options)],
            cwd=ROOT,
            env=env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.put(json.loads(line))
        self._lines.put(None)

    def until(self, reached: Callable[[], bool]) -> None:
        """Read on until something holds; fails when the process ends first or it takes too long."""
        end = time.monotonic() + BOUND_S
        while not reached():
            try:
                line = self._lines.get(timeout=max(0, end - time.monotonic()))
            except queue.Empty:
                line = None
            if line is None:
                self.end(patience_s=0.1)
                pytest.fail(f"the listener ended or went on too long; it said {self.said}")
            if "chunk" in line:
                start_s, data, lost = line["chunk"]
                self.chunks.append((start_s, np.frombuffer(bytes.fromhex(data), np.int16), lost))
            else:
                self.said.append(line)

    def hear(self, chunks: int) -> None:
        """Wait for so many more chunks."""
        goal = len(self.chunks) + chunks
        self.until(lambda: len(self.chunks) >= goal)

    def says(self, key: str) -> Any:
        """Wait until it says something and give it."""
        self.until(lambda: any(key in line for line in self.said))
        return next(line[key] for line in self.said if key in line)

    def signal(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def go_on(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()

    def end(self, *, patience_s: float = BOUND_S) -> int | None:
        """Wait until it has ended by itself; gives its exit status, None if it had to be killed."""
        try:
            return self._process.wait(patience_s)
        except subprocess.TimeoutExpired:
            return None
        finally:
            self._process.kill()
            self._process.wait()
            self._reader.join()
            for pipe in (self._process.stdin, self._process.stdout):
                if pipe is not None:
                    pipe.close()

    @property
    def samples(self) -> NDArray[np.int16]:
        return np.concatenate([samples for _, samples, _ in self.chunks])


def signal_played() -> NDArray[np.int16]:
    """Half a second of silence, then noise that is not like itself anywhere, then silence."""
    silence = np.zeros(8000, np.int16)
    return np.concatenate([silence, int16(noise(1.0, level=0.1)), silence])


def hears_what_is_played(folder: Path) -> dict[str, Listener]:
    """Four listeners of one microphone, of which one is fussy, one late and one interrupted."""
    with virtual_microphone(folder) as microphone:
        listeners = {
            "plain": Listener(microphone.env, devices=True, seconds=4.5),
            "fussy": Listener(microphone.env | {"PYTHONPATH": str(FUSSY)}, seconds=4.5),
            # The pipe to the process that records holds two seconds more.
            "late": Listener(
                microphone.env, seconds=6, late_s=4.5, settings={"buffer_s": 1, "device": "pulse"}
            ),
            "interrupted": Listener(microphone.env),
        }
        for listener in listeners.values():
            listener.hear(1)
        path = folder / "played.wav"
        soundfile.write(path, signal_played(), SAMPLE_RATE)
        microphone.play(path)
        listeners["interrupted"].signal(signal.SIGINT)
        for name, listener in listeners.items():
            listener.says("interrupted" if name == "interrupted" else "closed")
            assert listener.end() == 0
        return listeners


def loses_its_server(folder: Path) -> Listener:
    """The sound server dies while somebody listens, comes back, and is listened to again."""
    with virtual_microphone(folder) as microphone:
        listener = Listener(microphone.env, reopen=True, times=2)
        listener.hear(3)
        microphone.kill()
        listener.says("error")
        microphone.start()
        listener.go_on()
        listener.hear(3)
        listener.signal(signal.SIGINT)
        listener.says("interrupted")
        listener.go_on()
        assert listener.end() == 0
        return listener


Blow = Callable[[VirtualMicrophone], None]
BLOWS: dict[str, tuple[Blow, Blow]] = {
    "killed": (VirtualMicrophone.kill, VirtualMicrophone.start),
    "hung": (VirtualMicrophone.freeze, VirtualMicrophone.thaw),
    "unplugged": (VirtualMicrophone.unplug, VirtualMicrophone.plug_in),
    "replaced": (VirtualMicrophone.unplug, lambda mic: mic.plug_in(name="another", rate=48000)),
    "suspended": (lambda mic: mic.suspend(on=True), lambda mic: mic.suspend(on=False)),
}
"""What can happen to a microphone, and how it comes back."""


def goes_on(folder: Path, blow: str) -> tuple[Listener, float]:
    """The microphone goes away while somebody listens, and comes back; gives what was heard, and seconds until then."""
    strike, mend = BLOWS[blow]
    with virtual_microphone(folder) as microphone:
        listener = Listener(microphone.env, lasting=True)
        listener.hear(3)
        strike(microphone)
        listener.says("news")
        listener.until(lambda: not len(listener.chunks[-1][1]))
        mend(microphone)
        mended = time.monotonic()
        listener.until(lambda: len(listener.said) == 2)
        listener.hear(10)
        listener.signal(signal.SIGINT)
        listener.says("interrupted")
        assert listener.end() == 0
        return listener, listener.said[1]["at"] - mended


def hangs(folder: Path) -> Listener:
    """The sound server hangs: PortAudio does not come back from closing, nor from ending."""
    with virtual_microphone(folder) as microphone:
        listener = Listener(microphone.env)
        listener.hear(3)
        microphone.freeze()
        listener.says("error")
        assert listener.end() == 0
        return listener


def is_muted(folder: Path) -> Listener:
    """The microphone is muted while somebody listens, and gives sound again."""
    path = folder / "played.wav"
    with virtual_microphone(folder) as microphone:
        soundfile.write(path, signal_played(), SAMPLE_RATE)
        listener = Listener(microphone.env, lasting=True)
        listener.hear(1)
        listener.until(lambda: len(listener.said) == 1)
        microphone.play(path)
        listener.until(lambda: len(listener.said) == 2)
        listener.signal(signal.SIGINT)
        listener.says("interrupted")
        assert listener.end() == 0
        return listener


@pytest.fixture(scope="module")
def scenes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Future[Any]]]:
    """All scenes at once, since each is mostly waiting."""
    folder = tmp_path_factory.mktemp("mic")
    with ThreadPoolExecutor(8) as pool:
        yield {
            scene.__name__: pool.submit(scene, folder / scene.__name__)
            for scene in (hears_what_is_played, loses_its_server, hangs, is_muted)
        } | {blow: pool.submit(goes_on, folder / blow, blow) for blow in BLOWS}


@needs_sound_server
def test_what_is_played_is_heard_bit_for_bit(scenes: dict[str, Future[Any]]) -> None:
    plain = scenes["hears_what_is_played"].result()["plain"]
    assert any("the default" in device for device in plain.says("devices"))
    expected = signal_played()[8000:-8000]
    heard = plain.samples
    onset = int(np.flatnonzero(heard)[0]) - int(np.flatnonzero(expected)[0])
    assert np.array_equal(heard[onset : onset + len(expected)], expected)
    position = 0
    for start_s, samples, lost in plain.chunks:
        assert len(samples) == 1280
        assert round(start_s * SAMPLE_RATE) == position
        assert lost == 0
        position += len(samples)


@needs_sound_server
def test_a_device_that_refuses_16_khz_mono_is_opened_as_it_likes_and_converted(
    scenes: dict[str, Future[Any]],
) -> None:
    heard = scenes["hears_what_is_played"].result()["fussy"].samples.astype(float)
    expected = signal_played()[8000:-8000].astype(float)
    size = len(heard) + len(expected)
    match = np.fft.irfft(np.fft.rfft(heard, size) * np.conj(np.fft.rfft(expected, size)))
    best = int(np.argmax(match[: len(heard) - len(expected)]))
    found = heard[best : best + len(expected)]
    # The upper end of the band is lost on the way to the device's rate and back.
    assert np.corrcoef(found, expected)[0, 1] > 0.9
    assert 0.85 < np.std(found) / np.std(expected) < 1.05


@needs_sound_server
def test_what_a_late_reader_loses_is_counted(scenes: dict[str, Future[Any]]) -> None:
    late = scenes["hears_what_is_played"].result()["late"]
    lost = [lost for _, _, lost in late.chunks]
    assert sum(lost) >= SAMPLE_RATE // 2
    position = 0
    for start_s, samples, lost_frames in late.chunks:
        position += lost_frames
        assert round(start_s * SAMPLE_RATE) == position
        position += len(samples)


@needs_sound_server
def test_ctrl_c_closes_and_ends(scenes: dict[str, Future[Any]]) -> None:
    interrupted = scenes["hears_what_is_played"].result()["interrupted"]
    assert interrupted.said == [{"interrupted": True}]


@needs_sound_server
def test_a_server_that_dies_is_told_and_the_next_one_heard(scenes: dict[str, Future[Any]]) -> None:
    listener = scenes["loses_its_server"].result()
    assert "went away" in listener.said[0]["error"]
    assert listener.said[1:] == [{"interrupted": True}]


@needs_sound_server
def test_a_server_that_hangs_is_told_and_the_process_can_end(scenes: dict[str, Future[Any]]) -> None:
    (said,) = scenes["hangs"].result().said
    assert "stalled: no sound for" in said["error"]


@needs_sound_server
@pytest.mark.parametrize("blow", BLOWS)
def test_a_microphone_that_goes_away_is_waited_for_and_what_was_missed_is_counted(
    scenes: dict[str, Future[Any]], blow: str
) -> None:
    listener, _ = scenes[blow].result()
    assert [line.get("news") for line in listener.said] == ["lost", "opened", None]
    position = missed = 0
    for start_s, samples, lost in listener.chunks:
        position += lost
        missed += lost
        assert round(start_s * SAMPLE_RATE) == position
        position += len(samples)
    assert missed > 0
    assert all(len(samples) for _, samples, _ in listener.chunks[-9:])


@needs_sound_server
def test_a_muted_microphone_is_told(scenes: dict[str, Future[Any]]) -> None:
    listener = scenes["is_muted"].result()
    assert [line["news"] for line in listener.said[:2]] == ["muted", "unmuted"]
    assert sum(lost for _, _, lost in listener.chunks) == 0


@needs_sound_server
@pytest.mark.parametrize("device", ["Yeti", "17", 17])
def test_an_unknown_device_is_told_with_those_there_are(tmp_path: Path, device: str | int) -> None:
    with virtual_microphone(tmp_path / "v") as microphone:
        listener = Listener(microphone.env, settings={"device": device})
        error = listener.says("error")
        assert listener.end() == 0
    assert "there is no such device; name one of: 0: " in error
    assert "default (ALSA), the default" in error


@needs_sound_server
def test_no_device_at_all_is_told(tmp_path: Path) -> None:
    # ALSA's own settings without a way to any sound server.
    nowhere = {
        "HOME": str(tmp_path),
        "XDG_RUNTIME_DIR": str(tmp_path),
        "PULSE_SERVER": f"unix:{tmp_path}/none",
        "ALSA_CONFIG_PATH": "/usr/share/alsa/alsa.conf",
    }
    listener = Listener({**os.environ, **nowhere}, devices=True, seconds=0.1)
    listener.until(lambda: len(listener.said) == 2)
    assert listener.end() == 0
    if listener.said[0]["devices"]:
        pytest.skip("this machine has a sound card of its own")
    assert "there is no microphone" in listener.said[1]["error"]


def test_a_missing_library_is_told_with_the_command_that_adds_it() -> None:
    # The loader is told that the library is not there, as on a machine without it; the rest is real.
    script = (
        "from hardware.errors import MicrophoneError\n"
        "from hardware.microphone import MicrophoneSettings, list_devices, microphone_chunks\n"
        "for use in (list_devices, microphone_chunks(MicrophoneSettings()).__enter__):\n"
        "    try: use()\n"
        "    except MicrophoneError as error: print(error)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(WITHOUT_LIBRARY)},
        capture_output=True,
        text=True,
        check=True,
    )
    lines = done.stdout.splitlines()
    assert len(lines) == 2
    assert all("sudo apt install libportaudio2" in line for line in lines)


def test_importing_the_package_does_not_load_portaudio() -> None:
    script = "import sys, hardware.microphone; sys.exit('sounddevice' in sys.modules)"
    subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=True)


@pytest.mark.parametrize("module", ["hardware.capture", "hardware.playback"])
def test_the_processes_of_the_sound_load_little(module: str) -> None:
    large = ("numpy", "dataclasses", "inspect", "asyncio", "logging")
    script = f"import sys, {module}, sounddevice; print(*(name for name in {large} if name in sys.modules))"
    done = subprocess.run(
        [sys.executable, "-P", "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == []


def source(*, rate: float = SAMPLE_RATE, channels: int = 1, blocks: int = 4) -> Source:
    made = Source(name="test", rate=rate, channels=channels, block_frames=round(rate * 0.08), blocks=blocks)
    made.stream = SimpleNamespace(active=False)
    return made


QUIET = SimpleNamespace(input_overflow=False)
OVERFLOW = SimpleNamespace(input_overflow=True)


def test_losses_reach_the_next_block_that_gets_through() -> None:
    made = source(blocks=2)
    block = np.arange(1280, dtype=np.int16).tobytes()
    for status in (QUIET, OVERFLOW, QUIET, OVERFLOW):
        made.callback(block, 1280, None, status)
    blocks = made.read()
    assert [next(blocks).lost, next(blocks).lost] == [0, 1280]
    made.callback(block, 1280, None, QUIET)
    # Two blocks met a full queue, and the device itself had lost one before the second of them.
    assert next(blocks)[:2] == (block, 3 * 1280)
    assert list(blocks) == []


def test_sound_of_our_own_rate_comes_through_bit_for_bit() -> None:
    frames = np.array([-32768, -32767, -1, 0, 1, 32766, 32767], dtype=np.int16)
    samples, lost, arrived_at = Converter(SAMPLE_RATE, 1).convert(BLOCK_HEAD.pack(2.5, 3) + frames.tobytes())
    assert samples.dtype == np.int16
    assert samples.tolist() == frames.tolist()
    assert (lost, arrived_at) == (3, 2.5)


def test_losses_at_another_rate_are_counted_in_our_samples() -> None:
    stream, line = Converter(48000, 2), TimeLine()
    frames = np.repeat(int16(tone(1.0, hertz=500, rate=48000)), 2).tobytes()
    first, second = (
        chunk
        for lost in (0, 4800)
        for chunk in line.chunks(*stream.convert(BLOCK_HEAD.pack(0.0, lost) + frames))
    )
    assert second.lost_frames == 1600
    assert round((second.start_s - first.end_s) * SAMPLE_RATE) == 1600
    middle = first.samples[2000:14000]
    assert np.std(middle) == pytest.approx(0.5 * 32768 / np.sqrt(2), rel=0.01)


def test_a_device_is_remembered_without_the_place_that_changes() -> None:
    assert lasting_name("USB PnP Sound Device: Audio (hw:2,0)") == "USB PnP Sound Device: Audio"
    assert lasting_name("default") == "default"


@needs_sound_server
def test_reading_on_after_closing_is_told(tmp_path: Path) -> None:
    with virtual_microphone(tmp_path / "v") as microphone:
        script = (
            "from hardware.microphone import MicrophoneSettings, microphone_chunks\n"
            "with microphone_chunks(MicrophoneSettings()) as chunks: next(chunks)\n"
            "next(chunks)"
        )
        done = subprocess.run(
            [sys.executable, "-c", script],
            cwd=ROOT,
            env=microphone.env,
            capture_output=True,
            text=True,
            check=False,
        )
    assert "MicrophoneError: the microphone 'default' was closed" in done.stderr


def test_bounded_gives_results_and_errors_and_does_not_wait_for_ever() -> None:
    assert bounded(lambda: 7, 5, "count") == 7
    with pytest.raises(ZeroDivisionError):
        bounded(lambda: 1 // 0, 5, "divide")
    release = threading.Event()
    with pytest.raises(MicrophoneError, match=r"did not open it within 0\.05 s"):
        bounded(release.wait, 0.05, "open it")
    release.set()


@pytest.mark.parametrize(
    "options",
    [
        {"chunk_s": 0},
        {"chunk_s": float("nan")},
        {"buffer_s": 0.5},
        {"stall_s": 1},
        {"device": -1},
        {"device": " "},
    ],
)
def test_senseless_settings_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=rf"{next(iter(options))} is .*: give "):
        MicrophoneSettings(**options)
