"""Endpointing: what is cut out, to the sample."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hardware.activity import EnergyActivity, SileroActivity
from hardware.audio import SAMPLE_RATE, AudioChunk, Utterance
from hardware.audiofile import read_chunks
from hardware.segmenter import EndpointSettings, segment
from tests.hardware.signals import chunked, int16, noise, tone

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

    from hardware.activity import VoiceActivity

FRAME = 512
DEFAULT = EndpointSettings()
RECORDINGS = sorted((Path(__file__).parents[1] / "audio" / "household").glob("*.flac"))


class Scripted:
    """Voice activity that is known beforehand: a sample of 1000 or more anywhere in a frame is speech."""

    frame_samples = FRAME

    def speech_probability(self, frame: NDArray[np.int16]) -> float:
        """Thousandths of the frame's largest sample, at most 1."""
        return min(1.0, float(frame.max()) / 1000)

    def reset(self) -> None:
        """There is nothing to forget."""


def script(*parts: tuple[int, float]) -> NDArray[np.int16]:
    """A stream of so many frames of such a probability each, every sample told from its neighbours."""
    frames = np.concatenate([np.full(count * FRAME, probability * 1000) for count, probability in parts])
    return np.asarray(frames - np.arange(len(frames)) % 7 * (frames > 10), np.int16)


def cut(
    chunks: Iterable[AudioChunk], activity: VoiceActivity | None = None, how: EndpointSettings = DEFAULT
) -> list[tuple[list[AudioChunk], Utterance]]:
    """The utterances of a stream, each with its chunks; checks what holds for every stream."""
    found: list[tuple[list[AudioChunk], Utterance]] = []
    running: list[AudioChunk] = []
    for item in segment(chunks, activity or Scripted(), how):
        if isinstance(item, AudioChunk):
            assert len(item.samples)
            running.append(item)
            continue
        assert np.array_equal(np.concatenate([chunk.samples for chunk in running]), item.samples)
        assert running[0].start_s == item.start_s
        assert sum(chunk.lost_frames for chunk in running) == item.lost_frames
        assert item.start_s <= item.speech_start_s < item.speech_end_s
        found.append((running, item))
        running = []
    assert not running, "chunks were given for which no utterance came"
    return found


def utterances(*arguments: Any, **options: Any) -> list[Utterance]:
    return [utterance for _, utterance in cut(*arguments, **options)]


def index(seconds: float) -> int:
    exact = seconds * SAMPLE_RATE
    assert abs(exact - round(exact)) < 1e-4, "not on a sample"
    return round(exact)


@pytest.mark.parametrize("length", [1, 100, 511, 512, 513, 1280, 100_000])
def test_times_and_samples_are_exact_however_the_stream_is_cut(length: int) -> None:
    stream = script((40, 0), (20, 1), (60, 0))
    (utterance,) = utterances(chunked(stream, length))
    onset, end = 40 * FRAME, 60 * FRAME
    assert index(utterance.speech_start_s) == onset
    assert index(utterance.speech_end_s) == end
    assert index(utterance.start_s) == onset - 4800
    assert np.array_equal(utterance.samples, stream[onset - 4800 : end + 4800])
    assert not utterance.truncated


def test_a_stream_need_not_begin_at_zero() -> None:
    chunks = [
        replace(chunk, start_s=chunk.start_s + 100) for chunk in chunked(script((40, 0), (20, 1), (60, 0)))
    ]
    (utterance,) = utterances(chunks)
    assert index(utterance.speech_start_s) == 100 * SAMPLE_RATE + 40 * FRAME
    assert index(utterance.speech_end_s) == 100 * SAMPLE_RATE + 60 * FRAME


def test_the_first_word_has_what_there_is_before_it() -> None:
    (utterance,) = utterances(chunked(script((2, 0), (20, 1), (60, 0))))
    assert utterance.start_s == 0
    assert index(utterance.speech_start_s) == 2 * FRAME


@pytest.mark.parametrize("speech", [1, 2, 3])
def test_a_click_gives_nothing(speech: int) -> None:
    assert not list(segment(chunked(script((30, 0), (speech, 1), (60, 0))), Scripted(), DEFAULT))
    assert not list(segment(chunked(script((30, 0), *[(speech, 1), (1, 0)] * 20)), Scripted(), DEFAULT))


def test_the_least_speech_is_enough() -> None:
    assert len(utterances(chunked(script((30, 0), (4, 1), (60, 0))))) == 1


def test_chunks_come_while_somebody_still_speaks() -> None:
    given: list[int] = []

    def stream() -> Iterator[AudioChunk]:
        for number, chunk in enumerate(chunked(script((40, 0), (200, 1), (60, 0)))):
            given.append(number)
            yield chunk

    behind = [
        given[-1] * 0.08 + 0.08 - item.end_s
        for item in segment(stream(), Scripted(), DEFAULT)
        if isinstance(item, AudioChunk)
    ]
    # While speech runs nothing but the unfinished frame is kept back; the padding's last part waits longer.
    assert max(behind[:-1]) <= FRAME / SAMPLE_RATE + 1e-6


@pytest.mark.parametrize(("pause", "count"), [(1, 1), (10, 1), (21, 1), (22, 2), (40, 2)])
def test_only_a_pause_of_the_trailing_silence_splits(pause: int, count: int) -> None:
    stream = script((30, 0), (20, 1), (pause, 0), (20, 1), (60, 0))
    found = utterances(chunked(stream))
    assert len(found) == count
    assert index(found[0].speech_start_s) == 30 * FRAME
    assert index(found[-1].speech_end_s) == (70 + pause) * FRAME
    if count == 1:
        assert np.array_equal(found[0].samples, stream[30 * FRAME - 4800 : (70 + pause) * FRAME + 4800])


def test_the_endpoint_comes_as_soon_as_the_silence_has_lasted() -> None:
    chunks = chunked(script((30, 0), (20, 1), (60, 0)), FRAME)
    read = 0

    def stream() -> Iterator[AudioChunk]:
        nonlocal read
        for chunk in chunks:
            read += 1
            yield chunk

    for item in segment(stream(), Scripted(), DEFAULT):
        if isinstance(item, Utterance):
            break
    assert read == 50 + 22


def test_speech_goes_on_between_the_two_thresholds_but_does_not_begin_there() -> None:
    assert not utterances(chunked(script((30, 0), (60, 0.4), (60, 0))))
    (utterance,) = utterances(chunked(script((30, 0), (2, 0.6), (40, 0.4), (60, 0.3))))
    assert index(utterance.speech_start_s) == 30 * FRAME
    assert index(utterance.speech_end_s) == 72 * FRAME


def test_no_sample_is_in_two_utterances() -> None:
    how = EndpointSettings(trailing_silence_s=0.1, post_padding_s=0.1, pre_roll_s=0.5)
    first, second = utterances(chunked(script((30, 0), (20, 1), (5, 0), (20, 1), (60, 0))), how=how)
    assert index(first.start_s) + len(first.samples) == index(second.start_s)


@pytest.mark.parametrize("left", [0, 1, 300, 511])
def test_the_end_of_the_stream_ends_the_utterance(left: int) -> None:
    stream = np.concatenate([script((30, 0), (20, 1)), np.full(left, 1000, np.int16)])
    (utterance,) = utterances(chunked(stream))
    assert index(utterance.speech_end_s) == len(stream)
    assert np.array_equal(utterance.samples, stream[30 * FRAME - 4800 :])
    assert not utterance.truncated
    (utterance,) = utterances(chunked(script((30, 0), (20, 1), (3, 0))))
    assert len(utterance.samples) == 4800 + 23 * FRAME
    (utterance,) = utterances(chunked(script((30, 0), (20, 1), (15, 0))))
    assert len(utterance.samples) == 4800 + 20 * FRAME + 4800


def test_what_never_ends_is_cut_at_the_limit_and_goes_on_in_the_next() -> None:
    stream = script((30, 0), (1200, 1), (60, 0))
    found = utterances(chunked(stream))
    assert [utterance.truncated for utterance in found] == [True, True, False]
    assert [len(utterance.samples) for utterance in found[:2]] == [15 * SAMPLE_RATE] * 2
    joined = np.concatenate([utterance.samples for utterance in found])
    assert np.array_equal(joined, stream[30 * FRAME - 4800 : 1230 * FRAME + 4800])


def test_losses_are_summed_and_times_leave_room_for_them() -> None:
    chunks, late = [], 0.0
    for number, chunk in enumerate(chunked(script((40, 0), (40, 1), (60, 0)), FRAME)):
        lost = {10: 160, 50: 320, 51: 16, 130: 1600}.get(number, 0)
        late += lost / SAMPLE_RATE
        chunks.append(replace(chunk, start_s=chunk.start_s + late, lost_frames=lost))
    (utterance,) = utterances(chunks)
    assert utterance.lost_frames == 336
    assert index(utterance.speech_start_s) == 40 * FRAME + 160
    assert index(utterance.speech_end_s) == 80 * FRAME + 160 + 336


def test_empty_chunks_and_empty_streams_do_nothing() -> None:
    assert not utterances([])
    empty = AudioChunk(samples=np.zeros(0, np.int16), start_s=0.0, lost_frames=5)
    stream = chunked(script((40, 0), (20, 1), (60, 0)))
    (utterance,) = utterances([empty, *stream[:20], replace(empty, start_s=stream[20].start_s), *stream[20:]])
    assert utterance.lost_frames == 5
    (utterance,) = utterances([empty, *chunked(script((20, 1), (60, 0)), FRAME)])
    assert utterance.lost_frames == 5


def test_a_chunk_that_is_not_16_bit_mono_is_refused() -> None:
    for samples in (np.zeros(512, np.float32), np.zeros((512, 2), np.int16)):
        with pytest.raises(ValueError, match="int16"):
            utterances([AudioChunk(samples=samples, start_s=0.0)])  # type: ignore[arg-type]


@settings(max_examples=80, deadline=None)
@given(
    parts=st.lists(
        st.tuples(st.integers(1, 40), st.sampled_from([0.0, 0.0, 0.3, 0.4, 0.6, 1.0])),
        min_size=1,
        max_size=12,
    ),
    lengths=st.lists(st.just(0) | st.integers(64, 3000), min_size=1, max_size=8).filter(any),
    losses=st.lists(st.integers(0, 50), min_size=1, max_size=5),
    left=st.integers(0, FRAME - 1),
    pre_roll_s=st.sampled_from([0.0, 0.02, 0.3, 1.0]),
    trailing_silence_s=st.sampled_from([0.05, 0.3, 0.7]),
    padding=st.floats(0, 1),
    min_speech_s=st.sampled_from([0.0, 0.05, 0.12]),
    limit_s=st.sampled_from([0.2, 1.0, 15.0]),
)
def test_whatever_the_stream_nothing_is_lost_doubled_or_moved(
    parts: list[tuple[int, float]],
    lengths: list[int],
    losses: list[int],
    left: int,
    pre_roll_s: float,
    trailing_silence_s: float,
    padding: float,
    min_speech_s: float,
    limit_s: float,
) -> None:
    stream = np.concatenate([script(*parts), np.full(left, 1000, np.int16)])
    how = EndpointSettings(
        pre_roll_s=pre_roll_s,
        trailing_silence_s=trailing_silence_s,
        post_padding_s=padding * trailing_silence_s,
        min_speech_s=min_speech_s,
        max_utterance_s=pre_roll_s + min_speech_s + trailing_silence_s + limit_s,
    )
    chunks, at, late, number = [], 0, 0, 0
    lost_at: list[tuple[int, int]] = []
    where = np.zeros(len(stream), int)
    while at < len(stream):
        length, lost = lengths[number % len(lengths)], losses[number % len(losses)]
        late += lost
        lost_at.append((at, lost))
        where[at : at + length] = np.arange(at, min(at + length, len(stream))) + late
        samples = stream[at : at + length]
        chunks.append(AudioChunk(samples=samples, start_s=(at + late) / SAMPLE_RATE, lost_frames=lost))
        at += length
        number += 1
    end = 0
    found = cut(chunks, how=how)
    # Speech that is long enough on its own is heard: what follows is not said of nothing.
    assert found or not any(
        p >= 0.6 and count * FRAME >= min_speech_s * SAMPLE_RATE + FRAME for count, p in parts
    )
    for running, utterance in found:
        begin = int(np.searchsorted(where, index(utterance.start_s)))
        assert begin >= end
        end = begin + len(utterance.samples)
        assert np.array_equal(stream[begin:end], utterance.samples)
        onset = int(np.searchsorted(where, index(utterance.speech_start_s)))
        speech_end = int(np.searchsorted(where, index(utterance.speech_end_s) - 1)) + 1
        assert where[speech_end - 1] == index(utterance.speech_end_s) - 1
        assert utterance.lost_frames == sum(lost for at, lost in lost_at if begin <= at < end)
        assert onset % FRAME == 0
        assert stream[onset : onset + FRAME].max() >= 480
        assert speech_end <= end <= speech_end + round(how.post_padding_s * SAMPLE_RATE)
        assert onset - begin <= round(pre_roll_s * SAMPLE_RATE)
        assert len(utterance.samples) <= round(how.max_utterance_s * SAMPLE_RATE)
        position = begin
        for chunk in running:
            assert index(chunk.start_s) == where[position]
            position += len(chunk.samples)


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({"onset_probability": 0}, "onset_probability"),
        ({"onset_probability": 1.1}, "onset_probability"),
        ({"onset_probability": float("nan")}, "onset_probability"),
        ({"offset_probability": 0}, "offset_probability"),
        ({"offset_probability": 0.6}, "offset_probability"),
        ({"min_speech_s": -0.1}, "min_speech_s"),
        ({"pre_roll_s": 3}, "pre_roll_s"),
        ({"trailing_silence_s": 0}, "trailing_silence_s"),
        ({"trailing_silence_s": float("inf")}, "trailing_silence_s"),
        ({"post_padding_s": 0.8}, "post_padding_s"),
        ({"max_utterance_s": 0.5}, "max_utterance_s"),
        ({"max_utterance_s": 1000}, "max_utterance_s"),
    ],
)
def test_senseless_settings_are_refused(options: dict[str, float], name: str) -> None:
    with pytest.raises(ValueError, match=rf"^{name} is .*: give a number (over|from) .* up to "):
        EndpointSettings(**options)


def test_tones_in_noise_are_found_by_energy() -> None:
    stream = int16(
        np.concatenate([noise(1.0), tone(1.0), noise(0.4), tone(0.5), noise(2.0), tone(0.7), noise(1.0)])
    )
    first, second = utterances(chunked(stream), EnergyActivity())
    for utterance, begin_s, end_s in ((first, 1.0, 2.9), (second, 4.9, 5.6)):
        assert utterance.speech_start_s == pytest.approx(begin_s, abs=0.033)
        assert utterance.speech_end_s == pytest.approx(end_s, abs=0.033)


@pytest.mark.skipif(not RECORDINGS, reason="no recordings in tests/audio/household")
def test_real_speech_is_one_utterance_with_all_of_the_speech_in_it() -> None:
    for path in RECORDINGS[:: max(1, len(RECORDINGS) // 4)]:
        speech = np.concatenate([chunk.samples for chunk in read_chunks(path)])
        stream = np.concatenate(
            [int16(noise(1.0)), speech, int16(noise(1.5)), speech, int16(noise(1.5, seed=2))]
        )
        found = utterances(chunked(stream), SileroActivity())
        assert len(found) == 2, path.name
        energy = speech.astype(float) ** 2
        for utterance, begin in zip(found, (16000, 16000 + len(speech) + 24000), strict=True):
            start = round(utterance.start_s * SAMPLE_RATE) - begin
            kept = energy[max(0, start) : max(0, start + len(utterance.samples))].sum()
            assert kept > 0.999 * energy.sum(), path.name


@pytest.mark.parametrize("lost", [0, 16_000])
def test_a_gap_in_the_stream_ends_what_was_being_said(lost: int) -> None:
    before, behind = script((40, 0), (20, 1)), script((30, 1), (60, 0))
    first = chunked(before)
    later_s = len(before) / SAMPLE_RATE + 1
    second = [
        replace(chunk, start_s=chunk.start_s + later_s, lost_frames=0 if number else lost)
        for number, chunk in enumerate(chunked(behind))
    ]
    empty = AudioChunk(samples=np.zeros(0, np.int16), start_s=later_s - 0.1, lost_frames=lost)
    pairs = list(segment([*first, empty, *second], Scripted(), DEFAULT))
    cut_off, whole = [item for item in pairs if isinstance(item, Utterance)]
    # What was missed may have been its end; what begins behind the gap is whole.
    assert (cut_off.lost_frames, whole.lost_frames) == (lost, lost)
    assert index(cut_off.speech_end_s) == len(before)
    assert index(whole.speech_start_s) == index(later_s)
    assert np.array_equal(whole.samples, behind[: 30 * FRAME + 4800])


def test_patience_is_asked_in_every_pause_and_obeyed() -> None:
    how = EndpointSettings(pause_s=3 * FRAME / SAMPLE_RATE, trailing_silence_s=0.7)
    asked: list[float] = []
    given = 0

    def patience(speech_end_s: float) -> float:
        asked.append(speech_end_s)
        # By then everything up to the pause must have been given.
        assert given >= round(speech_end_s * SAMPLE_RATE) - (40 * FRAME - 4800)
        return 20 * FRAME / SAMPLE_RATE if len(asked) == 1 else 5 * FRAME / SAMPLE_RATE

    # Two frames are no pause yet; nine are one, but a shorter one than is waited for; the last one is over after five.
    stream = script((40, 0), (20, 1), (2, 0), (20, 1), (9, 0), (20, 1), (60, 0))
    found = []
    for item in segment(chunked(stream, 512), Scripted(), how, patience=patience):
        if isinstance(item, Utterance):
            found.append((item, given))
        else:
            given += len(item.samples)
    ((utterance, _),) = found
    assert [index(moment) // FRAME for moment in asked] == [82, 111]
    assert index(utterance.speech_end_s) == 111 * FRAME
    # The padding behind it is no longer than the silence that was waited for.
    assert len(utterance.samples) == 4800 + 71 * FRAME + 5 * FRAME


def test_patience_is_asked_once_more_where_all_is_given_and_it_has_not_run_out() -> None:
    asked: list[tuple[int, int]] = []
    given = 0

    def patience(speech_end_s: float) -> float:
        asked.append((index(speech_end_s) // FRAME, given))
        return [60, 60, 60, 12][len(asked) - 1] * FRAME / SAMPLE_RATE

    # Ten frames are more than the padding; the first pause goes on into speech, the second is cut short by the answer.
    stream = script((40, 0), (20, 1), (30, 0), (20, 1), (80, 0))
    found = []
    for item in segment(chunked(stream, FRAME), Scripted(), DEFAULT, patience=patience):
        if isinstance(item, Utterance):
            found.append(item)
        else:
            given += len(item.samples)
    (utterance,) = found
    assert [end for end, _ in asked] == [60, 60, 110, 110]
    speech = [4800 + 20 * FRAME, 4800 + 70 * FRAME]
    assert [number for _, number in asked[1::2]] == [length + 4800 for length in speech]
    assert asked[0][1] < asked[1][1]
    assert asked[2][1] < asked[3][1] == len(utterance.samples)


class Late(Scripted):
    """The same, noticed three frames late, as Silero notices that speech has ended."""

    def __init__(self) -> None:
        self._recent = [0.0] * 3

    def speech_probability(self, frame: NDArray[np.int16]) -> float:
        """The largest of the last four frames."""
        self._recent = [*self._recent[-3:], super().speech_probability(frame)]
        return max(self._recent)


def loud(frames: int, level: float) -> NDArray[np.int16]:
    """Speech by `Scripted`, of a level in dB of full scale."""
    wave = 32768 * 2**0.5 * 10 ** (level / 20) * np.sin(np.arange(frames * FRAME) * np.pi / 16)
    return np.maximum(wave, 0).astype(np.int16) + np.int16(1000)


def test_speech_ends_where_it_became_quiet_and_is_over_when_the_detector_agrees() -> None:
    asked: list[int] = []

    def patience(speech_end_s: float) -> float:
        asked.append(index(speech_end_s) // FRAME)
        return 4 * FRAME / SAMPLE_RATE

    stream = np.concatenate([script((40, 0)), loud(20, -20), script((60, 0))])
    pieces = list(segment(chunked(stream, FRAME), Late(), DEFAULT, patience=patience))
    (utterance,) = [item for item in pieces if isinstance(item, Utterance)]
    # Asked about before the detector knows of the end, which it does three frames later.
    assert asked == [60]
    assert index(utterance.speech_end_s) == 60 * FRAME
    assert len(utterance.samples) == 4800 + (20 + 3 + 4) * FRAME


def test_what_is_said_softly_after_something_loud_is_speech() -> None:
    asked: list[int] = []

    def patience(speech_end_s: float) -> float:
        asked.append(index(speech_end_s) // FRAME)
        return 0.2

    stream = np.concatenate([script((40, 0)), loud(4, -6), loud(30, -60), script((60, 0))])
    pieces = list(segment(chunked(stream, FRAME), Scripted(), DEFAULT, patience=patience))
    (utterance,) = [item for item in pieces if isinstance(item, Utterance)]
    assert index(utterance.speech_end_s) == 74 * FRAME
    # It may have ended after the loud part, and is known better soon.
    assert asked == [44, 74]


def test_a_click_makes_nothing_quiet_that_is_said_around_it() -> None:
    asked: list[int] = []

    def patience(speech_end_s: float) -> float:
        asked.append(index(speech_end_s) // FRAME)
        return 0.2

    stream = np.concatenate([script((40, 0)), loud(9, -45), loud(1, -3), loud(20, -45), script((60, 0))])
    list(segment(chunked(stream, FRAME), Scripted(), DEFAULT, patience=patience))
    assert asked == [70]
