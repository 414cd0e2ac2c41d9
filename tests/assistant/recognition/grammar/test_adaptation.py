"""Adapted means: what they are, and what becomes of the file that they are kept in."""

from __future__ import annotations

import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
import pytest

from assistant.errors import RecognitionError
from assistant.recognition.grammar.adaptation import (
    Adaptation,
    Statistics,
    adapted,
    gather,
    model_version,
    read_adaptation,
    remove_adaptation,
    save_adaptation,
    with_adaptation,
)

if TYPE_CHECKING:
    from assistant.recognition.grammar.acoustic_model import AcousticModel

ROOT: Final = Path(__file__).parents[4]
FRAMES: Final = 400


def adaptation(model: AcousticModel, *, shift: float = 0.5) -> Adaptation:
    return Adaptation(
        means=(model.means + shift).astype(np.float32),
        recordings=20,
        made="2026-01-01T00:00:00+00:00",
        version=model_version(),
    )


def speech(model: AcousticModel, senone: int, *, shift: float) -> np.ndarray:
    """Frames drawn from one density of the senone's codebook, moved."""
    book = int(model.definition.base_of[senone])
    rng = np.random.default_rng(0)
    noise = rng.normal(size=(FRAMES, 3, 13)) * np.sqrt(model.variances[book, :, 7])
    return np.asarray(model.means[book, :, 7] + shift + noise, dtype=np.float32)


def test_nothing_heard_moves_nothing(model: AcousticModel) -> None:
    assert np.array_equal(adapted(model, Statistics.none(model)), model.means.astype(np.float32))


def test_frames_count_once_whatever_the_front_ends_and_only_those_that_are_aligned(
    model: AcousticModel,
) -> None:
    senone = 900
    heard = speech(model, senone, shift=0.0)
    aligned = np.full(FRAMES, senone, dtype=np.int32)
    aligned[:100] = -1
    found = gather([heard, heard], aligned, model)
    assert found.frames.sum(axis=(0, 2)) == pytest.approx(np.full(3, FRAMES - 100))
    book = model.definition.base_of[senone]
    assert found.sums[book].sum(axis=1) == pytest.approx(heard[100:].sum(axis=0), rel=1e-4, abs=1e-2)
    assert not found.frames[np.arange(len(found.frames)) != book].any()


def test_means_go_towards_what_was_heard_and_the_further_the_more_there_was(model: AcousticModel) -> None:
    """The likelihood of moved speech grows with what was heard of it, towards what the right mean would give."""
    senone = 900
    book = int(model.definition.base_of[senone])
    heard = speech(model, senone, shift=0.4)
    found = Statistics.none(model)
    distances = []
    for _ in range(4):
        found.add(gather([heard], np.full(FRAMES, senone, dtype=np.int32), model))
        share = found.frames[book, 0] / found.frames[book, 0].sum()
        moved = adapted(model, found)[book, 0]
        # Where the frames of each density lie, against where its mean went.
        centre = found.sums[book, 0] / np.maximum(found.frames[book, 0], 1e-9)[:, None]
        distances.append(float(share @ np.abs(moved - centre).sum(axis=1)))
    assert distances == sorted(distances, reverse=True)
    assert distances[-1] < 0.6 * distances[0]
    others = np.arange(len(model.means)) != book
    assert np.array_equal(adapted(model, found)[others], model.means[others].astype(np.float32))


def test_only_the_means_are_other_in_the_adapted_model(model: AcousticModel) -> None:
    assert with_adaptation(model, None) is model
    other = with_adaptation(model, adaptation(model))
    assert other.means == pytest.approx(model.means + 0.5, abs=1e-5)
    assert (other.variances is model.variances, other.weights is model.weights) == (True, True)


def test_what_is_kept_is_read_back_by_its_owner_only_and_can_be_removed(
    model: AcousticModel, tmp_path: Path
) -> None:
    path = tmp_path / "new" / "adaptation.npz"
    made = adaptation(model)
    save_adaptation(made, path)
    found = read_adaptation(path)
    assert found is not None
    assert np.array_equal(found.means, made.means)
    assert (found.name, found.recordings, found.made) == (made.name, 20, made.made)
    assert path.stat().st_mode & 0o077 == 0
    assert [each.name for each in path.parent.iterdir()] == [path.name]
    assert remove_adaptation(path)
    assert not remove_adaptation(path)
    assert read_adaptation(path) is None


@pytest.mark.parametrize("damage", ["empty", "cut short", "one byte", "text", "another archive", "folder"])
def test_a_damaged_one_is_said_so_in_one_line_and_not_used(
    damage: str, model: AcousticModel, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "adaptation.npz"
    save_adaptation(adaptation(model), path)
    data = bytearray(path.read_bytes())
    if damage == "one byte":
        data[len(data) // 2] ^= 255
    if damage == "another archive":
        np.savez(path, means=np.arange(3))
    elif damage == "folder":
        path.unlink()
        path.mkdir()
    else:
        half = data[: len(data) // 2]
        path.write_bytes(bytes({"empty": b"", "cut short": half, "one byte": data, "text": b"no"}[damage]))
    assert read_adaptation(path) is None
    (said,) = caplog.messages
    assert f"{path} is damaged" in said
    assert "`pennyworth adapt --remove`" in said


@pytest.mark.parametrize(
    ("what", "complaint"),
    [
        ("version", "belongs to another acoustic model or front end"),
        ("shape", "holds no means of this model"),
        ("not a number", "holds no means of this model"),
    ],
)
def test_one_of_another_model_is_not_used(
    what: str, complaint: str, model: AcousticModel, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    made = {
        "version": replace(adaptation(model), version="another"),
        "shape": replace(adaptation(model), means=np.ones((2, 3, 4, 13), dtype=np.float32)),
        "not a number": adaptation(model, shift=np.nan),
    }[what]
    save_adaptation(made, tmp_path / "a.npz")
    assert read_adaptation(tmp_path / "a.npz") is None
    (said,) = caplog.messages
    assert complaint in said


KILLED: Final = """
import os, signal, sys
from pathlib import Path
import numpy as np
from assistant.recognition.grammar import adaptation as ours

def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)

def half(file, **arrays):
    file.write(b"PK half of it")
    file.flush()
    die()

if sys.argv[1] == "half written":
    np.savez = half
else:
    Path.replace = die
means = np.zeros((2, 3, 4, 13), dtype=np.float32)
made = ours.Adaptation(means=means, recordings=1, made="", version="")
ours.save_adaptation(made, Path(sys.argv[2]))
"""


@pytest.mark.parametrize("when", ["half written", "not renamed yet"])
def test_killed_while_it_is_kept_the_one_before_stands(
    when: str, model: AcousticModel, tmp_path: Path
) -> None:
    path = tmp_path / "adaptation.npz"
    before = adaptation(model)
    save_adaptation(before, path)
    done = subprocess.run([sys.executable, "-c", KILLED, when, str(path)], cwd=ROOT, check=False, timeout=120)
    assert done.returncode == -signal.SIGKILL
    assert len(list(tmp_path.iterdir())) == 2
    found = read_adaptation(path)
    assert found is not None
    assert found.name == before.name
    save_adaptation(replace(before, recordings=30), path)
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_cannot_be_written_to_is_named(model: AcousticModel, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(RecognitionError, match="cannot keep the adaptation in"):
        save_adaptation(adaptation(model), tmp_path / "file" / "a.npz")
