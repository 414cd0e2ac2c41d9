"""`pennyworth doctor`, whole: with a virtual microphone that is well, muted, hangs, or is not there."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import soundfile

from hardware.audio import SAMPLE_RATE
from hardware.soundcheck import LIST_S
from tests.hardware.signals import int16, noise
from tests.hardware.virtual_microphone import missing_parts, virtual_microphone

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.hardware.virtual_microphone import VirtualMicrophone

needs_sound_server = pytest.mark.skipif(bool(missing_parts()), reason=f"needs {missing_parts()}")


@pytest.fixture
def microphone() -> Iterator[VirtualMicrophone]:
    with tempfile.TemporaryDirectory(prefix="mic") as folder, virtual_microphone(Path(folder)) as opened:
        yield opened


def doctor(env: dict[str, str], *options: str) -> tuple[int, dict[str, Any], dict[str, Any]]:
    """Exit code, findings by their names, and the document."""
    done = subprocess.run(
        [sys.executable, "-m", "assistant.cli", "doctor", "--json", *options],
        env=env,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert "Traceback" not in done.stderr, done.stderr
    document = json.loads(done.stdout)
    return done.returncode, {finding["name"]: finding for finding in document["findings"]}, document


def nowhere(folder: Path) -> dict[str, str]:
    """A machine without any sound."""
    return {
        **os.environ,
        "HOME": str(folder),
        "XDG_RUNTIME_DIR": str(folder),
        "PULSE_SERVER": f"unix:{folder}/none",
        "ALSA_CONFIG_PATH": "/usr/share/alsa/alsa.conf",
    }


@needs_sound_server
def test_a_muted_microphone_is_found_and_mended(microphone: VirtualMicrophone, tmp_path: Path) -> None:
    path = tmp_path / "noise.wav"
    soundfile.write(path, np.tile(int16(noise(1.0, level=0.003)), 90), SAMPLE_RATE)
    microphone.mute(on=True)
    with subprocess.Popen(["paplay", "--device=virtual_microphone", path], env=microphone.env) as player:
        try:
            code, findings, document = doctor(microphone.env, "--seconds", "0.7", "--fix")
        finally:
            player.terminate()
    assert document["mended"] == ["the default microphone is switched on"]
    assert code == 0, document
    assert document["ok"] is True
    assert findings["devices"]["facts"]["default_takes_hz"] == [16000, 44100, 48000]
    heard = findings["microphone"]
    assert heard["verdict"] == "well"
    # White noise of 0.3 % of full scale is at -50 dB, whatever else is played with it.
    assert heard["facts"]["floor_dbfs"] == pytest.approx(-50.5, abs=3)
    assert findings["playback"]["verdict"] == "well"
    assert findings["recognition"]["facts"]["intent"]
    assert findings["recognition"]["facts"]["real_time_factor"] > 0
    assert findings["log"]["facts"]["exists"] is False


@pytest.mark.slow
@needs_sound_server
def test_a_sound_server_that_hangs_hangs_nobody(microphone: VirtualMicrophone) -> None:
    microphone.freeze()
    code, findings, _ = doctor(microphone.env)
    assert code == 3
    assert f"did not list the sound devices within {LIST_S:.0f} s" in findings["devices"]["what"]
    assert "restart it" in findings["devices"]["advice"]
    assert findings["microphone"]["verdict"] == findings["playback"]["verdict"] == "skipped"
    assert findings["recognition"]["verdict"] == "well"


def test_everything_that_is_wrong_is_told_with_what_to_do(tmp_path: Path) -> None:
    mine, log = tmp_path / "mine.toml", tmp_path / "log.db"
    mine.write_text("[hearing]\ntrailing_silense_s = 1\n")
    log.write_text("something else")
    done = subprocess.run(
        [sys.executable, "-m", "assistant.cli", "doctor", "--db", str(log), "--config", str(mine)],
        env=nowhere(tmp_path),
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert done.returncode == 3, done.stderr
    told = {line.split()[1]: line.split()[0] for line in done.stdout.splitlines() if line[:1].isalpha()}
    assert (told["config"], told["log"], told["recognition"]) == ("wrong", "failed", "well")
    assert "did you mean 'hearing.trailing_silence_s'" in done.stdout
    assert "it is no SQLite database" in done.stdout
    if not Path("/dev/snd").exists():
        assert (told["devices"], told["microphone"]) == ("failed", "skipped")
        assert "To be put right: config, log, devices" in done.stdout
    assert log.read_text() == "something else"
