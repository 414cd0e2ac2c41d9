"""Whether libvosk survives a model, tried in a process of its own.

A truncated graph, or a file of another model, passes every check of names and headers and then ends the process
with a segmentation fault. The child may die; the assistant does not.
"""

from __future__ import annotations

import hashlib
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Final

from assistant.errors import RecognitionError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PATIENCE_S: Final = 300.0
"""The largest published model takes about a minute to load on a Raspberry Pi."""

PASSED: Final = ".passed"
"""Folder beside the user's models with the notes of which models libvosk has survived."""

_SOURCE: Final = """
import sys, numpy, vosk
vosk.SetLogLevel(-1)
model = vosk.Model(sys.argv[1])
recogniser = vosk.KaldiRecognizer(model, 16000)
# Sound, not silence: some damage shows only when the graph is walked.
noise = numpy.random.default_rng(0).normal(0, 3000, 16000).astype(numpy.int16)
for start in range(0, 16000, 2000):
    recogniser.AcceptWaveform(noise[start : start + 2000].tobytes())
recogniser.FinalResult()
"""


def try_model(model_dir: Path, *, passed: Path | None) -> None:
    """Load the model in `model_dir` and let it hear a second of noise, in a process of its own.

    A model that has passed is noted in the folder `passed` and not tried again while its files keep their sizes
    and dates; None tries it every time.

    Raises:
        RecognitionError: the library refuses the model, ends its process, or hangs.
    """
    note = passed / _fingerprint(model_dir) if passed is not None else None
    if note is not None and note.exists():
        return
    try:
        done = subprocess.run(  # noqa: S603 - our own interpreter
            [sys.executable, "-c", _SOURCE, str(model_dir)],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            timeout=PATIENCE_S,
        )
    except subprocess.TimeoutExpired:
        raise _unusable(model_dir, f"it did not load within {PATIENCE_S:.0f} s") from None
    if done.returncode < 0:
        raise _unusable(model_dir, f"it ends the process with {signal.Signals(-done.returncode).name}")
    if done.returncode:
        last = done.stderr.decode(errors="replace").strip().splitlines()[-1:]
        raise _unusable(model_dir, last[0] if last else f"exit code {done.returncode}")
    if note is not None:
        try:
            note.parent.mkdir(parents=True, exist_ok=True)
            note.touch()
        except OSError:
            # A disk that cannot be written to costs a second trial, no more.
            return


def _fingerprint(model_dir: Path) -> str:
    """What tells these files from others, by names, sizes and dates: reading gigabytes would take too long."""
    digest = hashlib.sha256(str(model_dir.resolve()).encode())
    for path in _files(model_dir):
        status = path.stat()
        digest.update(f"{path.relative_to(model_dir)}\0{status.st_size}\0{status.st_mtime_ns}\0".encode())
    return digest.hexdigest()[:32]


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*")) if path.is_file())


def _unusable(model_dir: Path, why: str) -> RecognitionError:
    return RecognitionError(
        f"Vosk cannot use the model in {model_dir}: {why}; a file in it is damaged or of another version: "
        f"fetch it again (`pennyworth models fetch --again {model_dir.name}`) or set the engine to pocketsphinx"
    )
