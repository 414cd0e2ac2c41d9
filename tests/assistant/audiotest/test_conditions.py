"""Conditions: levels as the mixing rule says, sound that repeats exactly, and effects that do what they are called."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from assistant.audiotest.conditions import Condition, conditions, heard_as, parse_condition
from assistant.audiotest.effects import change_pace, pad, reverberate, room, telephone
from assistant.audiotest.noise import KINDS, make_noise, mix, read_samples
from assistant.errors import ConfigError
from assistant.resources import household_dir
from hardware.audio import SAMPLE_RATE

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

RECORDING = "mon-0731-awb-play-some-jazz.flac"


@pytest.fixture(scope="module")
def speech() -> NDArray[np.float64]:
    return read_samples(household_dir() / RECORDING)


def tone(hertz: float, seconds: float = 1.0) -> NDArray[np.float64]:
    return 0.3 * np.sin(2 * np.pi * hertz * np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE)


def loudest_frame(samples: NDArray[np.float64]) -> float:
    """The mixing rule's level, worked out the slow way."""
    return max(
        float(sum(float(x) ** 2 for x in samples[start : start + 2048]))
        for start in range(0, len(samples) - 2047, 2048)
    )


@pytest.mark.parametrize("snr_db", [24.0, 6.0, -3.0])
def test_the_mix_has_the_ratio_and_the_peak(speech: NDArray[np.float64], snr_db: float) -> None:
    noise = np.random.default_rng(1).standard_normal(len(speech))
    mixed = mix(speech, noise, snr_db, spoken=slice(None))
    assert np.max(np.abs(mixed)) == pytest.approx(0.5)
    # Undo the last scaling: the mix is a·speech + b·noise.
    (a, b), *_ = np.linalg.lstsq(np.stack([speech, noise], axis=1), mixed, rcond=None)
    assert 10 * np.log10(loudest_frame(a * speech) / loudest_frame(b * noise)) == pytest.approx(
        snr_db, abs=1e-6
    )


@given(st.integers(0, 2**31), st.floats(-20, 60), st.integers(100, 5000))
def test_mixing_is_finite_and_never_over_full_scale(seed: int, snr_db: float, length: int) -> None:
    rng = np.random.default_rng(seed)
    mixed = mix(rng.standard_normal(length), rng.standard_normal(length), snr_db, spoken=slice(None))
    assert np.all(np.isfinite(mixed))
    assert np.max(np.abs(mixed)) <= 0.5 + 1e-9


def test_silence_can_be_mixed() -> None:
    assert not np.any(mix(np.zeros(4096), np.zeros(4096), 6.0, spoken=slice(None)))


@pytest.mark.parametrize("kind", KINDS)
def test_noise_repeats_for_the_same_seed_only(kind: str) -> None:
    first, same, other = (make_noise(kind, 8000, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert len(first) == 8000
    assert np.array_equal(first, same)
    assert not np.array_equal(first, other)


def test_pink_noise_falls_by_three_decibels_an_octave() -> None:
    power = np.abs(np.fft.rfft(make_noise("pink", 2**17, np.random.default_rng(3)))) ** 2
    bands = [power[2**octave : 2 ** (octave + 1)].mean() for octave in range(8, 15)]
    steps = 10 * np.log10(np.array(bands[:-1]) / np.array(bands[1:]))
    assert steps == pytest.approx(np.full(6, 3.0), abs=0.5)


def test_noise_from_a_file_is_cut_or_goes_round(tmp_path: Path) -> None:
    # 16 bit steps, so that each sample says where it comes from.
    ramp = (np.arange(1000) / 32768).astype(np.float64)
    soundfile.write(tmp_path / "ramp.wav", ramp, SAMPLE_RATE)
    cut = make_noise(str(tmp_path / "ramp.wav"), 300, np.random.default_rng(4))
    assert np.allclose(np.diff(cut), 1 / 32768)
    round_and_round = make_noise(str(tmp_path / "ramp.wav"), 2500, np.random.default_rng(4))
    assert len(round_and_round) == 2500
    assert np.array_equal(round_and_round[:1000], round_and_round[1000:2000])
    soundfile.write(tmp_path / "silence.wav", np.zeros(1000), SAMPLE_RATE)
    with pytest.raises(ConfigError, match="is silent"):
        make_noise(str(tmp_path / "silence.wav"), 300, np.random.default_rng(4))


def test_sound_depends_on_seed_recording_and_condition_only(speech: NDArray[np.float64]) -> None:
    condition = Condition(noise="babble", snr_db=9.0, reverb="0.4", rate=1.1)

    def heard(**changes: object) -> NDArray[np.int16]:
        arguments: dict[str, object] = {"seed": 7, "recording": RECORDING}
        return heard_as(speech, condition, **(arguments | changes))  # type: ignore[arg-type]

    first = heard()
    heard(recording="another.flac")
    assert np.array_equal(first, heard())
    assert not np.array_equal(first, heard(seed=8))
    assert not np.array_equal(first, heard(recording="another.flac"))


def test_different_ratios_get_the_same_noise() -> None:
    silence = np.zeros(16_000)
    silence[8000] = 1e-3
    loud, soft = (
        heard_as(silence, Condition(noise="white", snr_db=snr), seed=0, recording="x").astype(float)
        for snr in (-20, -10)
    )
    assert np.corrcoef(loud, soft)[0, 1] > 0.98


def test_clean_is_the_recording_between_quiet(speech: NDArray[np.float64]) -> None:
    heard = heard_as(speech, Condition(), seed=0, recording=RECORDING)
    padded, spoken = pad(speech, 0.4, 1.2, np.random.default_rng(0))
    assert len(heard) == len(padded)
    assert np.array_equal(heard[spoken], np.rint(speech * 32768).astype(np.int16))
    before = heard[: spoken.start].astype(float)
    assert 0 < before.std() < 30


@pytest.mark.parametrize("rate", [0.7, 1.0, 1.5])
def test_the_pace_changes_and_the_pitch_does_not(rate: float) -> None:
    sound = tone(220.0, 2.0)
    changed = change_pace(sound, rate)
    assert len(changed) == pytest.approx(len(sound) / rate, abs=2)
    middle = changed[4000:-4000]
    spectrum = np.abs(np.fft.rfft(middle * np.hanning(len(middle))))
    assert np.argmax(spectrum) * SAMPLE_RATE / len(middle) == pytest.approx(220.0, abs=3)
    assert np.std(middle) == pytest.approx(np.std(sound), rel=0.1)


def test_a_room_decays_by_sixty_decibels_in_its_time() -> None:
    response = room(0.5, np.random.default_rng(5))
    tail = response[1:] ** 2
    third = len(tail) // 3
    # From the middle of the first third to that of the last: two thirds of the time, so 40 dB.
    fall = 10 * np.log10(tail[:third].sum() / tail[2 * third : 3 * third].sum())
    assert fall == pytest.approx(40, abs=1.5)
    assert 10 * np.log10(response[0] ** 2 / tail.sum()) == pytest.approx(0.0, abs=1e-6)


def test_reverberation_leaves_length_level_and_place(speech: NDArray[np.float64]) -> None:
    wet = reverberate(speech, room(0.6, np.random.default_rng(6)))
    assert len(wet) == len(speech)
    assert np.std(wet) == pytest.approx(np.std(speech), rel=1e-3)
    click = np.zeros(4000)
    click[1000] = 1.0
    delayed = np.zeros(400)
    delayed[100], delayed[300] = 1.0, 0.5
    assert np.argmax(np.abs(reverberate(click, delayed))) == 1000


def test_the_telephone_keeps_its_band_and_nothing_else() -> None:
    for hertz, kept in ((100, False), (1000, True), (3000, True), (5000, False)):
        heard = telephone(tone(hertz))
        assert len(heard) == SAMPLE_RATE
        gain = np.std(heard[2000:-2000]) / np.std(tone(hertz))
        assert (gain > 0.9) if kept else (gain < 0.05), hertz


def test_level_is_gain_and_clips_at_full_scale(speech: NDArray[np.float64]) -> None:
    quiet = heard_as(speech, Condition(level_db=-20), seed=0, recording=RECORDING)
    loud = heard_as(speech, Condition(level_db=40), seed=0, recording=RECORDING)
    plain = heard_as(speech, Condition(), seed=0, recording=RECORDING)
    assert np.abs(quiet).max() == pytest.approx(np.abs(plain).max() / 10, rel=0.01)
    assert loud.max() == 32767
    assert loud.min() == -32768


def test_conditions_of_a_run_are_listed_in_order_and_once() -> None:
    found = conditions(
        noises=["white", "pink"],
        snrs_db=[24, 6],
        reverbs=["0.5"],
        rates=[1.25],
        levels_db=[-30],
        phone=True,
        mixed=["noise=white,snr=6", "noise=babble,snr=12,reverb=0.3,telephone"],
    )
    assert [condition.label for condition in found] == [
        "clean",
        "white 24 dB",
        "white 6 dB",
        "pink 24 dB",
        "pink 6 dB",
        "reverb 0.5 s",
        "rate 1.25",
        "level -30 dB",
        "telephone",
        "reverb 0.3 s, babble 12 dB, telephone",
    ]
    assert [condition.noise_name for condition in found[:3]] == ["clean", "white", "white"]
    assert found[-1].noise_name == "reverb 0.3 s, babble, telephone"


@pytest.mark.parametrize(
    ("spelt", "complaint"),
    [
        ("noise=white", "go together"),
        ("noise=traffic,snr=6", "noise is 'traffic': give white, pink, babble or a sound file"),
        ("noise=white,snr=99", "snr is 99: give a number from -20 to 60 dB"),
        ("noise=white,snr=loud", "snr is 'loud'; give a number"),
        ("rate=9", "rate is 9"),
        ("level=nan", "level is nan"),
        ("reverb=cave", "reverb is 'cave'"),
        ("reverb=60", "reverb is 60"),
        ("wind=3", "'wind=3' is none of noise=…"),
    ],
)
def test_conditions_that_make_no_sense_are_refused(spelt: str, complaint: str) -> None:
    with pytest.raises(ConfigError, match=complaint):
        parse_condition(spelt)


def test_noise_without_a_ratio_and_files_of_one_name_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="--noise and --snr go together"):
        conditions(noises=["white"])
    names = []
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        soundfile.write(tmp_path / folder / "kitchen.wav", np.ones(100) / 2, SAMPLE_RATE)
        names.append(str(tmp_path / folder / "kitchen.wav"))
    with pytest.raises(ConfigError, match="two conditions are both called 'kitchen 6 dB'"):
        conditions(noises=names, snrs_db=[6])
