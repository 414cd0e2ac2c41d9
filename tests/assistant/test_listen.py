"""`pennyworth listen`, whole: sound played into a virtual microphone is heard, answered and booked."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from assistant.audiotest.cases import load_cases
from assistant.resources import household_dir
from assistant.store.audit import audit
from assistant.store.store import Store
from tests.hardware.virtual_microphone import missing_parts, virtual_microphone

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.hardware.virtual_microphone import VirtualMicrophone

pytestmark = pytest.mark.skipif(
    bool(missing_parts()), reason=f"no virtual microphone here: {missing_parts()}"
)


@pytest.fixture
def microphone() -> Iterator[VirtualMicrophone]:
    # Not below pytest's folder: a socket's path must be short.
    with tempfile.TemporaryDirectory(prefix="mic") as folder, virtual_microphone(Path(folder)) as opened:
        yield opened


@pytest.fixture
def listening(microphone: VirtualMicrophone, tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "assistant.cli", "--db", str(tmp_path / "log.db"), "listen"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=microphone.env,
    )
    with process:
        assert process.stdout
        assert process.stdout.readline().startswith("Listening")
        microphone.wait_for_listener()
        yield process
        process.kill()


def hear_number(process: subprocess.Popen[str], number: int) -> None:
    assert process.stdout
    for line in process.stdout:
        if line.startswith(f"#{number} "):
            return
    raise AssertionError("listening ended early")


def told(process: subprocess.Popen[str], what: str) -> None:
    """Read on until the user is told something."""
    assert process.stderr
    assert any(what in line for line in process.stderr), f"never told: {what}"


def test_what_is_said_is_heard_answered_and_booked(
    microphone: VirtualMicrophone, listening: subprocess.Popen[str], tmp_path: Path
) -> None:
    conversation = next(
        case for case in load_cases(household_dir()) if case.outcome == "ordered"
    ).conversation
    cases = [case for case in load_cases(household_dir()) if case.conversation == conversation]
    for number, case in enumerate(cases, start=1):
        microphone.play(household_dir() / case.audio)
        hear_number(listening, number)
    listening.send_signal(signal.SIGINT)
    out, err = listening.communicate(timeout=30)
    assert listening.returncode == 0, err
    assert f"{len(cases)} commands: earned" in out
    with Store.open(tmp_path / "log.db") as store:
        logged = store.interactions()
        assert [(it.intent, it.outcome) for it in logged] == [(case.intent, case.outcome) for case in cases]
        assert {it.source for it in logged} == {"microphone"}
        assert all(it.effort.endpoint_us > 0 for it in logged)
        assert audit(store).problems == ()


def test_listening_goes_on_when_the_sound_server_dies_and_comes_back(
    microphone: VirtualMicrophone, listening: subprocess.Popen[str], tmp_path: Path
) -> None:
    music = household_dir() / next(c for c in load_cases(household_dir()) if c.intent == "music").audio
    microphone.play(music)
    hear_number(listening, 1)
    microphone.kill()
    told(listening, "the microphone 'default' is gone: it was unplugged")
    microphone.start()
    told(listening, "the microphone 'default' is back")
    microphone.play(music)
    hear_number(listening, 2)
    listening.send_signal(signal.SIGTERM)
    out, err = listening.communicate(timeout=30)
    assert listening.returncode == 0, err
    assert "2 commands: earned" in out
    with Store.open(tmp_path / "log.db", mode="read") as store:
        assert [it.intent for it in store.interactions()] == ["music", "music"]


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
