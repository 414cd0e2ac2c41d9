"""First words at a virtual microphone: how many are cut, after silence, noise and noises of a room.

    python -m tests.benchmarks.beginnings [EVERY]

Each EVERYth bundled recording (default 1) is played to `listen --quiet` behind three different lead-ins. A first word
counts as cut where the transcript begins with another word than what the recogniser makes of the bare recording.
"""

from __future__ import annotations

import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
import soundfile

from assistant.audiotest.cases import load_cases
from assistant.cli.session import open_session
from assistant.clock import SimulatedClock
from assistant.config import load_config
from assistant.resources import household_dir
from assistant.store.store import Store
from hardware.audio import SAMPLE_RATE, AudioChunk
from hardware.audiofile import read_chunks
from tests.benchmarks.live import device, transcripts_after
from tests.hardware.virtual_microphone import missing_parts, virtual_microphone

if TYPE_CHECKING:
    from numpy.typing import NDArray

PATIENCE_S: Final = 4.0
SILENCE_S: Final = 1.0


def beginnings(folder: Path, every: int = 1) -> list[tuple[str, str]]:
    """Rows of figures; one that says why there are none where no sound server can run."""
    if missing_parts():
        return [("first words", f"not measured: this machine lacks {missing_parts()}")]
    sounds = [
        np.concatenate([chunk.samples for chunk in read_chunks(household_dir() / case.audio)])
        for case in load_cases(household_dir())[::every]
    ]
    expected = transcripts_of(sounds, folder)
    db, wav = folder / "beginnings.db", folder / "said.wav"
    played = cut = unheard = number = lost = 0
    # A socket's path must be short.
    with (
        tempfile.TemporaryDirectory(prefix="live") as short,
        virtual_microphone(Path(short)) as microphone,
        device(microphone, db, "--quiet"),
    ):
        for turn, lead in enumerate((silent, noisy, tapped)):
            for place, (sound, text) in enumerate(zip(sounds, expected, strict=True)):
                if not text:
                    continue
                before = lead(np.random.default_rng([turn, place]))
                soundfile.write(wav, np.concatenate([before, sound, silent()]), SAMPLE_RATE)
                microphone.play(wav)
                deadline = time.monotonic() + PATIENCE_S
                while not (found := transcripts_after(db, number)) and time.monotonic() < deadline:
                    time.sleep(0.05)
                number += len(found)
                played += 1
                said = "".join(found).split()
                unheard += not said
                cut += bool(said) and said[0] != text.split()[0]
        with Store.open(db, mode="read") as store:
            lost = sum(it.effort.lost_frames for it in store.interactions())
    return [
        ("recordings played behind silence, a noisy room, and a tap on the table", str(played)),
        ("of these, their first word was cut", str(cut)),
        ("not understood at all", str(unheard)),
        ("frames lost within them", str(lost)),
    ]


def transcripts_of(sounds: list[NDArray[np.int16]], folder: Path) -> list[str]:
    """What `listen`'s recogniser makes of the recordings by themselves."""
    clock = SimulatedClock(datetime(2026, 3, 2, 12, tzinfo=UTC))
    with open_session(load_config(), db=folder / "files.db", clock=clock, quiet=True) as session:
        recogniser = session.recogniser()
        texts = []
        for sound in sounds:
            recogniser.accept(AudioChunk(samples=sound, start_s=0))
            texts.append(recogniser.finish().text)
        return texts


def silent(chance: np.random.Generator | None = None) -> NDArray[np.int16]:
    """Nothing at all, for about a second."""
    seconds = SILENCE_S if chance is None else chance.uniform(0.6, 1.4)
    return np.zeros(round(seconds * SAMPLE_RATE), np.int16)


def noisy(chance: np.random.Generator) -> NDArray[np.int16]:
    """A room with a fan in it, up to the first word."""
    hum = chance.normal(0, chance.uniform(20, 80), round(chance.uniform(0.6, 1.4) * SAMPLE_RATE))
    return hum.astype(np.int16)


def tapped(chance: np.random.Generator) -> NDArray[np.int16]:
    """A tap on the table, a fifth of a second or more before the first word."""
    sound = noisy(chance).astype(float)
    at = len(sound) - round(chance.uniform(0.2, 0.5) * SAMPLE_RATE)
    tap = 12_000 * np.exp(-np.arange(1600) / 160) * chance.normal(0, 0.4, 1600)
    sound[at : at + 1600] += tap[: len(sound) - at]
    return sound.astype(np.int16)


def main() -> None:
    """Print the rows."""
    with tempfile.TemporaryDirectory() as name:
        for what, figure in beginnings(Path(name), int(sys.argv[1]) if sys.argv[1:] else 1):
            sys.stdout.write(f"| {what} | {figure} |\n")


if __name__ == "__main__":
    main()
