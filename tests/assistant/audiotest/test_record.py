"""`pennyworth audio-test record`: what is played into a virtual microphone becomes a case."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
import soundfile

from assistant.audiotest.corpora import load_corpus
from assistant.resources import household_dir
from tests.hardware.virtual_microphone import missing_parts, virtual_microphone


@pytest.mark.skipif(bool(missing_parts()), reason=f"no virtual microphone here: {missing_parts()}")
def test_what_is_said_becomes_a_case(tmp_path: Path) -> None:
    said = ("--intent", "music", "--slot", "action=play", "--slot", "genre=jazz", "--text", "play some jazz")
    command = [sys.executable, "-m", "assistant.cli", "audio-test", "record", str(tmp_path / "mine"), *said]
    with (
        tempfile.TemporaryDirectory(prefix="mic") as folder,
        virtual_microphone(Path(folder)) as microphone,
        subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=microphone.env
        ) as process,
    ):
        microphone.wait_for_listener()
        microphone.play(household_dir() / "mon-0731-awb-play-some-jazz.flac")
        out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert "play-some-jazz.flac" in out
    corpus = load_corpus(tmp_path / "mine")
    (case,) = corpus.cases
    assert (case.intent, case.slots, case.text) == (
        "music",
        {"action": "play", "genre": "jazz"},
        "play some jazz",
    )
    info = soundfile.info(corpus.folder / case.audio)
    assert (info.samplerate, info.channels) == (16_000, 1)
    assert 1.0 < info.duration < 3.0
