"""`pennyworth listen`, whole: sound played into a virtual microphone is heard, answered and booked."""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import IO, TYPE_CHECKING

import numpy as np
import pytest
import soundfile

from assistant.audiotest.cases import load_cases
from assistant.resources import household_dir
from assistant.store.audit import audit
from assistant.store.store import Store
from hardware.voice import EspeakVoice
from tests.hardware.virtual_microphone import missing_parts, virtual_microphone

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from assistant.records import Interaction, Reply
    from tests.hardware.virtual_microphone import VirtualMicrophone

pytestmark = pytest.mark.skipif(
    bool(missing_parts()), reason=f"no virtual microphone here: {missing_parts()}"
)


@pytest.fixture
def microphone() -> Iterator[VirtualMicrophone]:
    """A room whose loudspeaker is right in front of the microphone: it hears every reply."""
    # Not below pytest's folder: a socket's path must be short.
    with tempfile.TemporaryDirectory(prefix="mic") as folder, virtual_microphone(Path(folder)) as opened:
        yield opened


BOUND_S = 60.0


def _lines_of(pipe: IO[str]) -> queue.Queue[str]:
    """The lines of a pipe as they come, and an empty one at its end."""
    lines: queue.Queue[str] = queue.Queue()

    def read() -> None:
        for line in pipe:
            lines.put(line)
        lines.put("")

    threading.Thread(target=read, daemon=True).start()
    return lines


class Device:
    """`pennyworth listen`, and what it says and writes."""

    def __init__(self, microphone: VirtualMicrophone, db: Path, *options: str) -> None:
        self.microphone = microphone
        self.db = db
        command = [sys.executable, "-m", "assistant.cli", "--db", str(db), "listen", *options]
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            # What is made once for a home is made once for all tests.
            env=microphone.env | {"XDG_CACHE_HOME": str(db.parent.parent / "cache")},
        )
        assert self.process.stdout
        assert self.process.stderr
        self._lines = {pipe: _lines_of(pipe) for pipe in (self.process.stdout, self.process.stderr)}
        self.first = self._says(self.process.stdout)
        microphone.wait_for_listener()
        # The first sound of a null sink comes late.
        time.sleep(2)

    def _says(self, pipe: IO[str]) -> str:
        line = self._lines[pipe].get(timeout=BOUND_S)
        assert line, "listening ended early"
        return line

    def hears(self, number: int) -> None:
        """Wait for the receipt of this number."""
        assert self.process.stdout
        while not self._says(self.process.stdout).startswith(f"#{number} "):
            pass

    def tells(self, what: str) -> None:
        """Wait until the user is told something."""
        assert self.process.stderr
        while what not in self._says(self.process.stderr):
            pass

    def has_spoken(self, replies: int) -> None:
        """Wait until so many replies have ended, and their echo."""
        deadline = time.monotonic() + BOUND_S
        while True:
            with Store.open(self.db, mode="read") as store:
                if store.rows("SELECT count(*) AS n FROM replies")[0]["n"] >= replies:
                    break
            assert time.monotonic() < deadline, "the reply never ended"
            time.sleep(0.1)
        time.sleep(0.4)

    def ends(self, number: signal.Signals = signal.SIGINT) -> str:
        """End it as a user does; gives its summary."""
        self.process.send_signal(number)
        self.process.wait(timeout=BOUND_S)
        out, err = ("".join(iter(lines.get, "")) for lines in (self._lines[p] for p in self._lines))
        assert self.process.returncode == 0, err
        assert "Traceback" not in err
        return out

    def log(self) -> list[tuple[Interaction, Reply | None]]:
        with Store.open(self.db, mode="read") as store:
            return [(it, store.reply(it.id)) for it in store.interactions()]


@pytest.fixture
def listening(microphone: VirtualMicrophone, tmp_path: Path) -> Iterator[Callable[..., Device]]:
    devices: list[Device] = []

    def listen(*options: str) -> Device:
        devices.append(Device(microphone, tmp_path / "log.db", *options))
        return devices[-1]

    yield listen
    for device in devices:
        with device.process as process:
            process.kill()


def recording(intent: str) -> Path:
    return household_dir() / next(case for case in load_cases(household_dir()) if case.intent == intent).audio


def test_what_is_said_is_heard_answered_aloud_and_booked_and_no_reply_is_heard(
    listening: Callable[..., Device],
) -> None:
    household = load_cases(household_dir())
    ordered = [case.conversation for case in household if case.outcome == "ordered"]
    # The shortest of them: each reply takes its time.
    cases = min(([c for c in household if c.conversation == name] for name in ordered), key=len)
    device = listening()
    assert device.first.startswith("Listening")
    for number, case in enumerate(cases, start=1):
        device.microphone.play(household_dir() / case.audio)
        device.hears(number)
        device.has_spoken(number)
    assert f"{len(cases)} commands: earned" in device.ends()
    logged = device.log()
    assert [(it.intent, it.outcome) for it, _ in logged] == [(case.intent, case.outcome) for case in cases]
    assert {it.source for it, _ in logged} == {"microphone"}
    for it, reply in logged:
        assert it.effort.endpoint_us > 0
        assert reply is not None
        assert not reply.stopped
        assert reply.silence_us is not None
        assert reply.start_us is not None
        assert reply.silence_us > it.effort.endpoint_us > reply.start_us
    with Store.open(device.db) as store:
        assert audit(store).problems == ()


@pytest.mark.slow
def test_listening_goes_on_when_the_sound_server_dies_and_comes_back(
    listening: Callable[..., Device],
) -> None:
    device = listening()
    music = recording("music")
    device.microphone.play(music)
    device.hears(1)
    # In the middle of the reply.
    device.microphone.kill()
    device.tells("the microphone 'default' is gone: it was unplugged")
    device.microphone.start()
    device.tells("the microphone 'default' is back")
    device.microphone.play(music)
    device.hears(2)
    device.has_spoken(2)
    assert "2 commands: earned" in device.ends(signal.SIGTERM)
    logged = device.log()
    assert [it.intent for it, _ in logged] == ["music", "music"]
    assert [reply is not None and reply.stopped for _, reply in logged] == [True, False]


@pytest.mark.slow
def test_quiet_prints_and_does_not_speak(listening: Callable[..., Device]) -> None:
    device = listening("--quiet")
    device.microphone.play(recording("music"))
    device.hears(1)
    assert "1 command: earned" in device.ends()
    assert [reply for _, reply in device.log()] == [None]


def spoken(text: str, path: Path) -> Path:
    """A text by a voice that the wake word's model hears, with silence around it."""
    sound = EspeakVoice("en-us+m3", words_a_minute=150).say(text)
    silence = np.zeros(sound.rate // 2, np.int16)
    soundfile.write(path, np.concatenate([silence, sound.samples, silence]), sound.rate)
    return path


def test_the_wake_word_lets_a_command_in_and_stops_a_reply(
    listening: Callable[..., Device], microphone: VirtualMicrophone, tmp_path: Path
) -> None:
    pytest.importorskip("pymicro_wakeword", reason="needs the extra `wake`")
    # A loudspeaker as loud as the speaker himself would drown the word.
    microphone.loudspeaker()
    okay = spoken("okay nabu", tmp_path / "okay.wav")
    device = listening("--mode", "wake")
    assert "Say “okay nabu” and then" in device.first
    # Nobody has said the word, so nothing is heard.
    device.microphone.play(recording("music"))
    device.microphone.play(okay)
    device.microphone.play(recording("weather"))
    device.hears(1)
    # Over the reply, which is long.
    device.microphone.play(okay)
    device.has_spoken(1)
    device.microphone.play(recording("music"))
    device.hears(2)
    device.has_spoken(2)
    device.ends()
    logged = device.log()
    assert [it.intent for it, _ in logged] == ["weather", "music"]
    assert [reply is not None and reply.stopped for _, reply in logged] == [True, False]


@pytest.mark.slow
def test_the_key_lets_one_command_in(listening: Callable[..., Device]) -> None:
    device = listening("--mode", "push", "--quiet")
    device.microphone.play(recording("music"))
    assert device.process.stdin
    device.process.stdin.write("\n")
    device.process.stdin.flush()
    device.microphone.play(recording("weather"))
    device.hears(1)
    device.microphone.play(recording("music"))
    assert "1 command: earned" in device.ends()
    assert [it.intent for it, _ in device.log()] == ["weather"]


def test_no_microphone_at_all_is_told(tmp_path: Path) -> None:
    nowhere = {"PULSE_SERVER": f"unix:{tmp_path}/none", "ALSA_CONFIG_PATH": "/usr/share/alsa/alsa.conf"}
    done = subprocess.run(
        [sys.executable, "-m", "assistant.cli", "--db", str(tmp_path / "log.db"), "listen"],
        env={**os.environ, "HOME": str(tmp_path), "XDG_RUNTIME_DIR": str(tmp_path), **nowhere},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    if done.returncode == 0:
        pytest.skip("this machine has a sound card of its own")
    assert done.returncode == 3
    assert "there is no microphone" in done.stderr
    assert "Traceback" not in done.stderr
