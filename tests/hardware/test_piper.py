"""Replies spoken by the real Piper, with a voice made for the tests."""

from __future__ import annotations

import dataclasses
import sys
from typing import TYPE_CHECKING

import numpy as np
import pytest

from assistant.cli.device import open_voice
from assistant.config import load_config
from hardware.piper import PiperVoice, find_voice
from hardware.voice import VoiceError
from tests.piper_voice import RATE, make_voice

if TYPE_CHECKING:
    from pathlib import Path

    from assistant.config import Config


@pytest.fixture
def voice_file(tmp_path: Path) -> Path:
    pytest.importorskip("onnx", reason="needs the packages of `make piper`")
    return make_voice(tmp_path)


@pytest.fixture
def needs_piper() -> None:
    pytest.importorskip("piper", reason="needs the extra `piper`")


pytestmark = pytest.mark.usefixtures("needs_piper")


def test_a_text_is_spoken_at_the_pace_that_is_asked_for(voice_file: Path) -> None:
    text = "That's one large pepperoni pizza. Shall I order it?"
    usual, quick = PiperVoice(voice_file), PiperVoice(voice_file, words_a_minute=330)
    sound = usual.say(text)
    assert usual.name == "piper en_US-hum-low"
    assert sound.rate == RATE
    assert sound.duration_s > 1
    assert np.abs(sound.samples.astype(int)).max() > 8000
    assert quick.say(text).duration_s == pytest.approx(sound.duration_s / 2, rel=0.02)
    # Another text sounds otherwise.
    assert len(usual.say("Okay.").samples) < len(sound.samples) / 4


@pytest.mark.parametrize("text", ["", "\0", "…", "ﷺ 😀", "[[", "a [[ b ]] c", "a" * 2_000])
def test_any_text_can_be_said(voice_file: Path, text: str) -> None:
    assert PiperVoice(voice_file).say(text).rate == RATE


def test_what_is_missing_or_damaged_is_told(voice_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(VoiceError, match=r"there is no .*none\.onnx; a voice for Piper is two files"):
        PiperVoice(voice_file.with_name("none.onnx"))
    with pytest.raises(ValueError, match="give from 80 to 450"):
        PiperVoice(voice_file, words_a_minute=10)
    damaged = make_voice(voice_file.parent, "damaged")
    damaged.write_bytes(damaged.read_bytes()[:100])
    with pytest.raises(VoiceError, match=r"damaged\.onnx is no voice that Piper can load"):
        PiperVoice(damaged)
    odd = make_voice(voice_file.parent, "odd")
    odd.with_name("odd.onnx.json").write_text("{}")
    with pytest.raises(VoiceError, match=r"odd\.onnx is no voice that Piper can load"):
        PiperVoice(odd)
    monkeypatch.setitem(sys.modules, "piper", None)
    with pytest.raises(VoiceError, match=r"pip install 'pennyworth\[piper\]'"):
        PiperVoice(voice_file)


def test_a_voice_is_found_by_path_by_name_and_by_language(tmp_path: Path) -> None:
    for name in ("en_US-b", "en_GB-a", "de_DE-c", "eng"):
        (tmp_path / f"{name}.onnx").touch()
    assert find_voice("/x/y.onnx", "en", tmp_path) is not None
    assert find_voice("de_DE-c", "en", tmp_path) == tmp_path / "de_DE-c.onnx"
    assert find_voice("", "en", tmp_path) == tmp_path / "en_GB-a.onnx"
    assert find_voice("", "fr", tmp_path) is None
    assert find_voice("en-us+f3", "en", tmp_path) is None
    assert find_voice("", "en", tmp_path / "none") is None


def configured(engine: str, name: str = "") -> Config:
    config = load_config()
    voice = dataclasses.replace(config.voice, engine=engine, name=name)  # type: ignore[arg-type]
    return dataclasses.replace(config, voice=voice)


def test_the_configuration_chooses(
    voice_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    pytest.importorskip("espeakng_loader", reason="needs the extra `voice`")
    folder = tmp_path / "voices"
    monkeypatch.setattr("assistant.cli.device.voices_dir", lambda: folder)
    assert open_voice(configured("auto")).name == "espeak-ng en-us"
    with pytest.raises(VoiceError, match=r"there is no voice of the language 'en' for Piper in .*voices"):
        open_voice(configured("piper"))
    assert open_voice(configured("piper", str(voice_file))).name == "piper en_US-hum-low"
    folder.mkdir()
    make_voice(folder)
    assert open_voice(configured("auto")).name == "piper en_US-hum-low"
    assert open_voice(configured("espeak")).name == "espeak-ng en-us"
    assert open_voice(configured("auto", "en-us+f3")).name == "espeak-ng en-us+f3"
    with pytest.raises(VoiceError, match=r"there is no voice 'en-us\+f3' for Piper"):
        open_voice(configured("piper", "en-us+f3"))
    monkeypatch.setitem(sys.modules, "piper", None)
    assert open_voice(configured("auto")).name == "espeak-ng en-us"
    assert "replies are spoken by eSpeak NG" in caplog.text
