"""Reading and writing sound files: every format, every way a file can be bad."""

from __future__ import annotations

import logging
import os
import struct
import subprocess
import sys
import tracemalloc
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import soundfile

from hardware.audio import SAMPLE_RATE
from hardware.audiofile import read_chunks, write_flac
from hardware.errors import AudioFileError
from tests.hardware.signals import int16, level_db, noise, tone

if TYPE_CHECKING:
    from numpy.typing import NDArray


def read(path: Path, **options: float) -> NDArray[np.int16]:
    chunks = list(read_chunks(path, **options))
    assert all(chunk.samples.dtype == np.int16 and chunk.samples.ndim == 1 for chunk in chunks)
    return np.concatenate([chunk.samples for chunk in chunks])


def write(path: Path, samples: Any, rate: int = SAMPLE_RATE, **options: str) -> Path:
    soundfile.write(path, samples, rate, **options)
    return path


@pytest.mark.parametrize("suffix", ["wav", "flac", "aiff"])
def test_16_bit_mono_at_16_khz_comes_back_bit_for_bit(tmp_path: Path, suffix: str) -> None:
    samples = int16(noise(1.003, level=0.2))
    samples[:2] = [-32768, 32767]
    assert np.array_equal(read(write(tmp_path / f"a.{suffix}", samples)), samples)


@pytest.mark.parametrize("chunk_s", [0.001, 0.08, 0.5, 60.0])
def test_chunks_have_the_length_asked_for_and_follow_each_other(tmp_path: Path, chunk_s: float) -> None:
    samples = int16(noise(1.003, level=0.2))
    chunks = list(read_chunks(write(tmp_path / "a.wav", samples), chunk_s=chunk_s))
    assert {len(chunk.samples) for chunk in chunks[:-1]} <= {round(chunk_s * SAMPLE_RATE)}
    position = 0
    for chunk in chunks:
        assert round(chunk.start_s * SAMPLE_RATE) == position
        assert chunk.lost_frames == 0
        position += len(chunk.samples)
    assert position == len(samples)


@pytest.mark.parametrize("chunk_s", [0.0, -1.0, 61.0, float("nan"), float("inf")])
def test_a_senseless_chunk_length_is_refused_at_the_call(chunk_s: float) -> None:
    with pytest.raises(ValueError, match="chunk_s"):
        read_chunks(Path("a.wav"), chunk_s=chunk_s)


FORMATS = [
    ("wav", "PCM_U8"),
    ("wav", "PCM_24"),
    ("wav", "PCM_32"),
    ("wav", "FLOAT"),
    ("wav", "DOUBLE"),
    ("wav", "ULAW"),
    ("wav", "IMA_ADPCM"),
    ("flac", "PCM_24"),
    ("ogg", "VORBIS"),
    ("ogg", "OPUS"),
    ("mp3", "MPEG_LAYER_III"),
]
RATES = [(8000, 1), (16000, 1), (44100, 2), (48000, 2), (48000, 4)]
# Opus knows no 44.1 kHz, MP3 and ADPCM no more than two channels.
IMPOSSIBLE = [("OPUS", 44100, 2), ("MPEG_LAYER_III", 48000, 4), ("IMA_ADPCM", 48000, 4)]


@pytest.mark.parametrize(
    ("suffix", "subtype", "rate", "channels"),
    [
        (suffix, subtype, rate, channels)
        for suffix, subtype in FORMATS
        for rate, channels in RATES
        if (subtype, rate, channels) not in IMPOSSIBLE
    ],
)
def test_any_format_rate_and_number_of_channels_keeps_a_tone(
    tmp_path: Path, suffix: str, subtype: str, rate: int, channels: int
) -> None:
    frames = np.tile(tone(1.0, hertz=1000, rate=rate)[:, None], (1, channels))
    samples = read(write(tmp_path / f"a.{suffix}", frames, rate, subtype=subtype))
    # ADPCM comes in blocks and is filled up to whole ones.
    assert len(samples) == pytest.approx(SAMPLE_RATE, abs=400 if "ADPCM" in subtype else 1)
    middle = slice(2000, 14000)
    expected = int16(tone(1.0, hertz=1000))
    # The coarse codecs are not exact in level either.
    assert abs(level_db(samples[middle], expected[middle])) < 0.7
    spectrum = np.abs(np.fft.rfft(samples[middle] * np.hanning(12000)))
    assert abs(float(np.argmax(spectrum)) * SAMPLE_RATE / 12000 - 1000) < 2


@pytest.mark.parametrize("suffix", ["mp3", "ogg", "flac"])
@pytest.mark.parametrize("seconds", [0.3, 1.0, 7.0])
def test_reading_in_blocks_is_the_same_as_reading_at_once(
    tmp_path: Path, suffix: str, seconds: float
) -> None:
    path = write(tmp_path / f"a.{suffix}", tone(seconds))
    at_once, _ = soundfile.read(path, dtype="float32")
    samples = read(path)
    assert len(samples) == len(at_once)
    assert np.abs(samples - int16(at_once).astype(int)).max() <= 1


def test_channels_are_averaged(tmp_path: Path) -> None:
    left, right = tone(0.5, peak=0.4), noise(0.5, level=0.1)
    samples = read(write(tmp_path / "a.wav", np.stack([left, right], axis=1), subtype="FLOAT"))
    assert np.abs(samples - int16(np.float32(0.5) * (left + right)).astype(int)).max() <= 1


def test_resampling_keeps_speech_frequencies_and_does_not_alias(tmp_path: Path) -> None:
    reference = int16(tone(1.0, hertz=1000))[2000:14000]
    for hertz in (100, 1000, 6500):
        samples = read(write(tmp_path / "a.wav", tone(1.0, hertz=hertz, rate=48000), 48000, subtype="FLOAT"))
        assert abs(level_db(samples[2000:14000], reference)) < 0.1
    for hertz in (9500, 10000, 15000, 23000):
        samples = read(write(tmp_path / "a.wav", tone(1.0, hertz=hertz, rate=48000), 48000, subtype="FLOAT"))
        assert level_db(samples[2000:14000], reference) < -60


@pytest.mark.parametrize("rate", [8000, 11025, 22050, 44100, 48000, 96000])
def test_resampling_keeps_length_and_place(tmp_path: Path, rate: int) -> None:
    times = np.arange(rate) / rate
    burst = (0.5 * np.exp(-(((times - 0.5) / 0.002) ** 2))).astype(np.float32)
    samples = read(write(tmp_path / "a.wav", burst, rate, subtype="FLOAT"))
    assert abs(len(samples) - SAMPLE_RATE) <= 1
    assert abs(int(np.argmax(samples)) - SAMPLE_RATE // 2) <= 1


@pytest.mark.parametrize("rate", [16000, 48000])
def test_too_loud_is_clipped_and_does_not_wrap_around(tmp_path: Path, rate: int) -> None:
    loud = tone(0.5, hertz=200, rate=rate, peak=3.0)
    samples = read(write(tmp_path / "a.wav", loud, rate, subtype="FLOAT"))
    assert samples.max() == 32767
    assert samples.min() == -32768
    # A wrapped sample would jump over the whole range.
    assert np.abs(np.diff(samples.astype(int))).max() < 20000


@pytest.mark.parametrize("rate", [16000, 48000])
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 3e38])
def test_values_that_are_no_numbers_spoil_only_their_own_place(tmp_path: Path, rate: int, bad: float) -> None:
    clean = np.stack([tone(0.5, rate=rate), tone(0.5, rate=rate)], axis=1)
    spoilt = clean.copy()
    spoilt[rate // 4] = bad
    expected = read(write(tmp_path / "clean.wav", clean, rate, subtype="FLOAT"))
    samples = read(write(tmp_path / "spoilt.wav", spoilt, rate, subtype="FLOAT"))
    far = np.abs(np.arange(len(samples)) - len(samples) // 2) > 400
    assert np.abs(samples[far].astype(int) - expected[far]).max() < 300


# What cannot be read: (name, how to make it, what the message must say).


def _nothing(path: Path) -> None:
    """Leave the file missing."""


def _text(path: Path) -> None:
    path.write_text("turn on the light\n" * 30)


def _wav_header_only(path: Path) -> None:
    soundfile.write(path, np.zeros(0, np.int16), SAMPLE_RATE)


def _cut_to_header(path: Path) -> None:
    soundfile.write(path, int16(tone(1.0)), SAMPLE_RATE)
    path.write_bytes(path.read_bytes()[:44])


def _cut_in_header(path: Path) -> None:
    soundfile.write(path, int16(tone(1.0)), SAMPLE_RATE)
    path.write_bytes(path.read_bytes()[:20])


def _absurd_rate(path: Path) -> None:
    soundfile.write(path, int16(tone(1.0)), SAMPLE_RATE)
    content = bytearray(path.read_bytes())
    content[24:28] = struct.pack("<I", 3)
    path.write_bytes(content)


@pytest.mark.parametrize(
    ("name", "make", "says"),
    [
        ("missing.wav", _nothing, "no such file"),
        ("nowhere/missing.wav", _nothing, "no such file"),
        ("folder.wav", Path.mkdir, "folder"),
        ("text.wav", _text, "not a sound file"),
        ("text.mp3", _text, "not a sound file"),
        ("text.raw", _text, "not a sound file"),
        ("text.wav/below.wav", _nothing, "no such file|cannot be opened"),
        ("empty.wav", Path.touch, "0 bytes"),
        ("empty.raw", Path.touch, "0 bytes"),
        ("silent.wav", _wav_header_only, "no samples"),
        ("cut.wav", _cut_to_header, "no samples"),
        ("cut.wav", _cut_in_header, "not a sound file"),
        ("cut.flac", _cut_to_header, "damaged"),
        ("cut.ogg", _cut_to_header, "not a sound file"),
        ("cut.mp3", _cut_to_header, "not a sound file"),
        ("rate.wav", _absurd_rate, "3 samples a second"),
        ("nul\0.wav", _nothing, "cannot be opened"),
        ("x" * 300 + ".wav", _nothing, "cannot be opened"),
    ],
)
def test_what_cannot_be_read_is_told_in_one_line(tmp_path: Path, name: str, make: Any, says: str) -> None:
    path = tmp_path / name
    make(path)
    chunks = read_chunks(path)
    with pytest.raises(AudioFileError, match=says) as caught:
        next(chunks)
    message = str(caught.value)
    assert message.startswith(str(path))
    assert "\n" not in message
    assert ";" in message, "what to do next is missing"


def test_no_permission_is_told(tmp_path: Path) -> None:
    path = write(tmp_path / "a.wav", int16(tone(0.1)))
    path.chmod(0)
    # Root may read everything, so the reading happens as somebody else where it has to.
    script = (
        "import os, sys; from pathlib import Path\n"
        "from hardware.audiofile import read_chunks; from hardware.errors import AudioFileError\n"
        "os.geteuid() == 0 and os.setuid(65534)\n"
        "try: next(read_chunks(Path(sys.argv[1])))\n"
        "except AudioFileError as error: print(error)"
    )
    for folder in (tmp_path, *tmp_path.parents):
        if folder.stat().st_uid == os.geteuid() and folder != Path("/"):
            folder.chmod(folder.stat().st_mode | 0o111)
    done = subprocess.run(
        [sys.executable, "-c", script, str(path)], capture_output=True, text=True, check=True
    )
    assert "no permission" in done.stdout


@pytest.mark.parametrize("suffix", ["wav", "aiff"])
def test_a_truncated_recording_is_read_as_far_as_it_goes(
    tmp_path: Path, suffix: str, caplog: pytest.LogCaptureFixture
) -> None:
    whole = int16(noise(10.0, level=0.1))
    path = write(tmp_path / f"a.{suffix}", whole)
    path.write_bytes(path.read_bytes()[: len(whole) * 2 * 6 // 10])
    samples = read(path)
    assert 5.9 * SAMPLE_RATE < len(samples) < 6.0 * SAMPLE_RATE
    assert np.array_equal(samples, whole[: len(samples)])
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert str(path) in record.getMessage()
    assert "only 6.0 s could be read of 10.0 s" in record.getMessage()


@pytest.mark.parametrize("size", [0xFFFFFFFF, 0x7FFFFFFF, 0x80000000])
def test_a_wav_from_a_pipe_announces_no_length_and_is_no_reason_to_warn(
    tmp_path: Path, size: int, caplog: pytest.LogCaptureFixture
) -> None:
    whole = int16(noise(1.0, level=0.1))
    path = write(tmp_path / "a.wav", whole)
    content = bytearray(path.read_bytes())
    content[4:8] = content[40:44] = struct.pack("<I", size)
    path.write_bytes(content)
    assert np.array_equal(read(path), whole)
    assert not caplog.records


def _cut_short(content: bytes) -> bytes:
    return content[: len(content) * 6 // 10]


def _overwritten(content: bytes) -> bytes:
    middle = len(content) // 2
    return content[:middle] + np.random.default_rng(5).bytes(3000) + content[middle + 3000 :]


def _zeros_after(content: bytes) -> bytes:
    return _cut_short(content) + bytes(len(content) // 5)


@pytest.mark.parametrize("suffix", ["flac", "ogg", "mp3"])
@pytest.mark.parametrize("damage", [_cut_short, _overwritten, _zeros_after])
def test_a_file_that_breaks_in_the_middle_gives_what_came_before(
    tmp_path: Path, suffix: str, damage: Any, caplog: pytest.LogCaptureFixture
) -> None:
    whole = write(tmp_path / f"whole.{suffix}", noise(10.0, level=0.1))
    path = tmp_path / f"broken.{suffix}"
    path.write_bytes(damage(whole.read_bytes()))
    samples, expected = read(path), read(whole)
    assert 4 * SAMPLE_RATE < len(samples) < 10 * SAMPLE_RATE
    before = slice(0, 4 * SAMPLE_RATE)
    assert np.abs(samples[before].astype(int) - expected[before]).max() <= 1
    (record,) = caplog.records
    assert "cut off or damaged" in record.getMessage()
    assert str(path) in record.getMessage()


def test_whole_files_raise_no_warning(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    for suffix in ("wav", "flac", "ogg", "mp3", "aiff"):
        read(write(tmp_path / f"a.{suffix}", noise(1.0, level=0.1)))
    assert not caplog.records


def test_a_long_file_is_not_held_in_memory(tmp_path: Path) -> None:
    path = tmp_path / "long.wav"
    with soundfile.SoundFile(path, "w", 48000, 2, subtype="PCM_16") as file:
        for _ in range(60):
            file.write(np.zeros((48000, 2), np.int16))
    tracemalloc.start()
    try:
        assert sum(len(chunk.samples) for chunk in read_chunks(path)) == 60 * SAMPLE_RATE
        assert tracemalloc.get_traced_memory()[1] < 2_000_000
    finally:
        tracemalloc.stop()


def test_a_reader_who_stops_early_leaves_nothing_open(tmp_path: Path) -> None:
    chunks = read_chunks(write(tmp_path / "a.wav", int16(tone(5.0))))
    next(chunks)
    before = len(list(Path("/proc/self/fd").iterdir()))
    chunks.close()  # type: ignore[attr-defined]
    assert len(list(Path("/proc/self/fd").iterdir())) == before - 1


def test_flac_comes_back_bit_for_bit_and_belongs_to_its_owner(tmp_path: Path) -> None:
    samples = int16(noise(1.0, level=0.2))
    path = tmp_path / "kept.flac"
    write_flac(path, samples[:100])
    write_flac(path, samples)
    assert np.array_equal(read(path), samples)
    assert path.stat().st_mode & 0o777 == 0o600
    assert [item.name for item in tmp_path.iterdir()] == ["kept.flac"]


def test_flac_that_cannot_be_written_leaves_nothing_behind(tmp_path: Path) -> None:
    samples = int16(tone(0.1))
    with pytest.raises(AudioFileError, match="cannot be written"):
        write_flac(tmp_path / "missing" / "a.flac", samples)
    (tmp_path / "taken.flac").mkdir()
    with pytest.raises(AudioFileError, match="cannot be written"):
        write_flac(tmp_path / "taken.flac", samples)
    assert [item.name for item in tmp_path.iterdir()] == ["taken.flac"]


def test_a_full_disk_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "kept.flac"
    write_flac(path, int16(tone(0.1)))
    # A limit on the size of files is refused by the kernel just as a full disk is.
    script = (
        "import resource, signal, sys; from pathlib import Path; import numpy as np\n"
        "from hardware.audiofile import write_flac; from hardware.errors import AudioFileError\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN); resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))\n"
        "try: write_flac(Path(sys.argv[1]), np.random.default_rng(1).integers(-9999, 9999, 90000).astype('i2'))\n"
        "except AudioFileError as error: print(error)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(path)], capture_output=True, text=True, check=True
    )
    assert "cannot be written" in done.stdout
    assert len(read(path)) == 1600
    assert [item.name for item in tmp_path.iterdir()] == ["kept.flac"]


@pytest.mark.parametrize(
    "samples", [np.zeros(0, np.int16), np.zeros((5, 2), np.int16), np.zeros(5, np.float32)], ids=str
)
def test_flac_refuses_what_is_not_16_bit_mono(tmp_path: Path, samples: Any) -> None:
    with pytest.raises(ValueError, match="int16"):
        write_flac(tmp_path / "a.flac", samples)
    assert not list(tmp_path.iterdir())


def test_a_pipe_is_refused_and_does_not_hang(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.wav")
    with pytest.raises(AudioFileError, match="pipe or a device"):
        next(read_chunks(tmp_path / "pipe.wav"))
