"""Replies spoken by the real eSpeak NG."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from hardware.activity import SileroActivity
from hardware.pcm import MonoStream
from hardware.voice import EspeakVoice, VoiceError

pytest.importorskip("espeakng_loader", reason="needs the extra `voice`")


def test_a_text_is_spoken_and_sounds_like_speech() -> None:
    sound = EspeakVoice().say("That's one large pepperoni pizza for 18.50 dollars. Shall I order it?")
    assert 3 < sound.duration_s < 8
    assert np.abs(sound.samples.astype(int)).max() > 8000
    stream = MonoStream(sound.rate)
    heard = stream.convert((sound.samples / 32768).astype(np.float32)[:, None])
    activity = SileroActivity()
    frames = heard[: len(heard) // 512 * 512].reshape(-1, 512)
    assert np.mean([activity.speech_probability(frame) > 0.5 for frame in frames]) > 0.7


def test_pace_and_voice_are_as_asked_for_also_when_voices_take_turns() -> None:
    text = "the weather in paris will be fine tomorrow"
    slow, quick, other = (
        EspeakVoice(words_a_minute=100),
        EspeakVoice(words_a_minute=300),
        EspeakVoice("en-us+f3"),
    )
    first = slow.say(text).samples
    assert len(quick.say(text).samples) < 0.6 * len(first)
    assert not np.array_equal(other.say(text).samples[:10_000], first[:10_000])
    assert len(slow.say(text).samples) == pytest.approx(len(first), rel=0.01)


@pytest.mark.parametrize("text", ["Playing some jazz.", "Thank you.", "Okay."])
def test_it_begins_at_once(text: str) -> None:
    # A plosive is silent at first, and nobody should wait for it.
    assert np.abs(EspeakVoice().say(text).samples[:20].astype(int)).max() > 30


@pytest.mark.parametrize("text", ["", "\0", "…", "ﷺ 😀", "a" * 5_000])
def test_any_text_can_be_said(text: str) -> None:
    assert EspeakVoice().say(text).rate == 22050


def test_an_unknown_voice_is_told_with_one_that_is_near() -> None:
    with pytest.raises(VoiceError, match=r"no voice 'en-uk'; name a language, such as .*en-"):
        EspeakVoice("en-uk")
    with pytest.raises(ValueError, match="give from 80 to 450"):
        EspeakVoice(words_a_minute=10)


def test_a_missing_package_is_told_with_the_command_that_adds_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hardware.voice._state", [])
    monkeypatch.setitem(sys.modules, "espeakng_loader", None)
    with pytest.raises(VoiceError, match=r"pip install 'pennyworth\[voice\]'"):
        EspeakVoice()
