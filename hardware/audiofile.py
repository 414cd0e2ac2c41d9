"""Sound files: any that libsndfile reads, as a stream of chunks; FLAC for what is kept."""

from __future__ import annotations

import io
import logging
import math
import os
import re
import stat
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final

import numpy as np
import soundfile

from hardware.audio import SAMPLE_RATE, AudioChunk
from hardware.errors import AudioFileError
from hardware.pcm import MonoStream

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

_log = logging.getLogger(__name__)

_BLOCK_FRAMES: Final = 4096
_LOWEST_RATE: Final = 2_000
_HIGHEST_RATE: Final = 768_000
_FORMATS: Final = "WAV, FLAC, OGG, MP3 and AIFF can be read"
_UNKNOWN_LENGTH: Final = 0x7FFF_0000
"""Programs that write a WAV into a pipe announce about 2 or 4 GiB, as they cannot know the length yet."""


class _SequentialFile(soundfile.SoundFile):  # type: ignore[misc]
    """A sound file read from beginning to end.

    SoundFile seeks to where it is after every block of a file that can seek. In MP3 that loses sound: short
    files came back half silent; in broken FLAC it hides what broke.
    """

    def seekable(self) -> bool:
        """Keep it from seeking."""
        return False


def read_chunks(path: Path, *, chunk_s: float = 0.08) -> Iterator[AudioChunk]:
    """Read a sound file piece by piece as 16 bit mono at `SAMPLE_RATE`, whatever its own rate and channels.

    `chunk_s` is the length of every chunk but the last, in seconds, from 0.001 to 60; anything else is a
    ValueError from the call itself. The file is opened, and AudioFileError raised if it cannot be read, at
    the first `next()`, so that an iterator nobody uses holds nothing open.

    A file that is shorter than it announces, or that breaks in the middle, is read as far as it goes; a
    warning in the log then says how much that was. It is an AudioFileError only if nothing can be read.
    """
    if not 0.001 <= chunk_s <= 60:
        raise ValueError(f"chunk_s is {chunk_s}: give the length of a chunk in seconds, from 0.001 to 60")
    return _cut(_read_samples(path), round(chunk_s * SAMPLE_RATE))


def write_flac(path: Path, samples: NDArray[np.int16]) -> None:
    """Write mono samples at `SAMPLE_RATE`, shape (n,), n > 0, as FLAC, readable by the owner only.

    The file appears whole or not at all, and replaces one of the same name. Raises AudioFileError when it
    cannot be written, ValueError for samples of another shape or type.
    """
    if samples.ndim != 1 or samples.dtype != np.int16 or not len(samples):
        raise ValueError(
            f"samples are {samples.dtype}, shape {samples.shape}: give int16, shape (n,), n over 0"
        )
    encoded = io.BytesIO()
    soundfile.write(encoded, samples, SAMPLE_RATE, format="FLAC", subtype="PCM_16")
    try:
        # Beside the target, since a rename is atomic only within a file system.
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:60]}.", suffix=".part")
        part = Path(name)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(encoded.getvalue())
                file.flush()
                os.fsync(file.fileno())
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise AudioFileError(f"{path}: cannot be written: {_reason(error)}; choose another folder") from error


def _cut(pieces: Iterator[NDArray[np.int16]], length: int) -> Iterator[AudioChunk]:
    """Chunks of `length` samples each, the last one shorter, out of pieces of any length."""
    rest = np.zeros(0, np.int16)
    done = 0
    for piece in pieces:
        rest = np.concatenate([rest, piece])
        while len(rest) >= length:
            yield AudioChunk(samples=rest[:length].copy(), start_s=done / SAMPLE_RATE)
            rest = rest[length:]
            done += length
    if len(rest):
        yield AudioChunk(samples=rest.copy(), start_s=done / SAMPLE_RATE)


def _read_samples(path: Path) -> Iterator[NDArray[np.int16]]:
    try:
        # Opening a pipe waits for whoever writes to it, perhaps for ever.
        if not stat.S_ISREG(mode := path.stat().st_mode) and not stat.S_ISDIR(mode):
            raise AudioFileError(f"{path}: this is a pipe or a device; save the sound to a file first")
        # libsndfile says only "System error" for all of these, and goes by the name's ending if given a name.
        raw = path.open("rb", buffering=0)
    except FileNotFoundError as error:
        raise AudioFileError(f"{path}: there is no such file; check the name and the folder") from error
    except IsADirectoryError as error:
        raise AudioFileError(f"{path}: this is a folder; name one sound file in it") from error
    except PermissionError as error:
        raise AudioFileError(f"{path}: no permission to read it; try `chmod u+r` on it") from error
    except (OSError, ValueError) as error:
        raise AudioFileError(f"{path}: cannot be opened: {_reason(error)}; check the name") from error
    with raw, _decoder(path, raw) as sound:
        if not _LOWEST_RATE <= sound.samplerate <= _HIGHEST_RATE:
            raise AudioFileError(
                f"{path}: its header gives {sound.samplerate} samples a second, which is no rate of speech;"
                f" convert it to {SAMPLE_RATE}"
            )
        short_of = _missing_by_header(sound)
        if short_of is None and _ogg_breaks_off(raw, sound):
            short_of = "; it has no end-of-stream mark"
        stream = MonoStream(sound.samplerate)
        read = 0
        fault = None
        while True:
            block, fault = _read_block(sound)
            read += len(block)
            if len(block):
                yield stream.convert(block)
            if fault is not None or not len(block):
                break
        if not read and (fault is not None or sound.frames):
            raise AudioFileError(
                f"{path}: damaged from the beginning, nothing of it can be decoded; get another copy"
            )
        if not read:
            raise AudioFileError(f"{path}: it has a header but no samples; record it again")
        yield stream.finish()
        if fault is not None or (short_of is None and read < sound.frames):
            short_of = f" of {sound.frames / sound.samplerate:.1f} s"
        if short_of is not None:
            _log.warning(
                "%s: cut off or damaged: only %.1f s could be read%s", path, read / sound.samplerate, short_of
            )


def _decoder(path: Path, raw: BinaryIO | io.FileIO) -> soundfile.SoundFile:
    try:
        return _SequentialFile(raw.fileno(), closefd=False)
    except soundfile.SoundFileError as error:
        if not os.fstat(raw.fileno()).st_size:
            raise AudioFileError(f"{path}: the file is empty (0 bytes); record or copy it again") from error
        raise AudioFileError(f"{path}: not a sound file, or damaged in its header; {_FORMATS}") from error
    except OSError as error:
        raise AudioFileError(f"{path}: cannot be read: {_reason(error)}; get another copy") from error


def _read_block(sound: soundfile.SoundFile) -> tuple[NDArray[np.float32], str | None]:
    """The next frames, shape (n, channels), n = 0 at the end, and what broke if something did."""
    block = np.full((_BLOCK_FRAMES, sound.channels), np.nan, np.float32)
    try:
        count = len(sound.read(out=block))
    except soundfile.LibsndfileError as error:
        # What was decoded before the break is in the block; the rest of it is still what it was filled with.
        untouched = np.isnan(block).all(axis=1)
        return block[: int(untouched.argmax()) if untouched.any() else _BLOCK_FRAMES], error.error_string
    return block[:count], None


def _missing_by_header(sound: soundfile.SoundFile) -> str | None:
    """How much more the header of a WAV or AIFF announces than there is, as the end of a sentence."""
    for line in sound.extra_info.splitlines():
        found = re.match(r"\s*(?:data|SSND)\s*:\s*(\d+) \(should be (\d+)\)", line)
        if found is None:
            continue
        announced, present = int(found[1]), int(found[2])
        if present and present < announced < _UNKNOWN_LENGTH:
            seconds = sound.frames / sound.samplerate * announced / present
            return f" of {seconds:.1f} s" if math.isfinite(seconds) else ""
    return None


def _ogg_breaks_off(raw: BinaryIO | io.FileIO, sound: soundfile.SoundFile) -> bool:
    """Whether the last page of an Ogg file lacks the end-of-stream flag; libsndfile does not tell."""
    if sound.format != "OGG":
        return False
    # By position, since the decoder shares the file's offset. No page is longer than 65,307 bytes.
    size = os.fstat(raw.fileno()).st_size
    tail = os.pread(raw.fileno(), 65_536, max(0, size - 65_536))
    page = tail.rfind(b"OggS")
    return 0 <= page < len(tail) - 5 and not tail[page + 5] & 0x04


def _reason(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)
