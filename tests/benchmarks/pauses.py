"""Pauses of 0.4 s within commands: how many commands they split.

    python -m tests.benchmarks.pauses [EVERY]

Each EVERYth bundled recording (default 1) is cut in two after one of its words, as the recogniser times them, at the
quietest place there, and 0.4 s of the room's silence are put in between. `listen`'s ears hear it, in simulated real
time (`paced`). What was split is told on standard error.
"""

from __future__ import annotations

import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from assistant.audiotest.cases import load_cases
from assistant.cli.session import open_session
from assistant.config import load_config
from assistant.resources import household_dir
from hardware.audio import SAMPLE_RATE, AudioChunk
from hardware.audiofile import read_chunks
from tests.assistant.sounds import hiss
from tests.benchmarks.paced import PacedClock, paced

if TYPE_CHECKING:
    from numpy.typing import NDArray

PAUSE_S: Final = 0.4
_NEAR: Final = round(0.06 * SAMPLE_RATE)
_HOP: Final = round(0.01 * SAMPLE_RATE)


def pauses(every: int = 1) -> list[tuple[str, str]]:
    """Rows of figures."""
    tried, split, other = 0, [], 0
    with (
        tempfile.TemporaryDirectory() as name,
        open_session(
            load_config(),
            db=Path(name) / "log.db",
            clock=(clock := PacedClock(datetime(2026, 3, 2, 12, tzinfo=UTC))),
            quiet=True,
        ) as session,
    ):
        recogniser = session.recogniser()
        listener = session.listener(recogniser, patience=session.patience())
        for case in [case for case in load_cases(household_dir()) if case.intent][::every]:
            sound = np.concatenate([chunk.samples for chunk in read_chunks(household_dir() / case.audio)])
            recogniser.accept(AudioChunk(samples=sound, start_s=0))
            words = recogniser.finish().words
            for word in words[:-1]:
                paused = with_pause(sound, round(word.end_s * SAMPLE_RATE))
                heard = session.take(
                    listener.listen(paced(paused, clock), source="microphone", passes=clock.advance)
                )
                session.pipeline.hang_up()
                tried += 1
                if len(heard) > 1:
                    split.append(" … ".join(it.transcript or "?" for it in heard))
                    # "Stop" means what "stop the music" does.
                    other += (heard[0].intent, heard[0].slots) != (case.intent, case.slots)
    for each in split:
        sys.stderr.write(f"split: {each}\n")
    return [
        (f"pauses of {PAUSE_S:g} s within commands, after each of their words", str(tried)),
        ("commands split by that", str(len(split))),
        ("of these, their first part was taken for something else than the whole", str(other)),
    ]


def with_pause(sound: NDArray[np.int16], near: int) -> NDArray[np.int16]:
    """The recording with a pause in it, at the quietest place near a sample."""
    places = range(max(_HOP, near - _NEAR), min(len(sound) - _HOP, near + _NEAR), _HOP)
    at = min(places, key=lambda place: float(np.std(sound[place - _HOP : place + _HOP])))
    return np.concatenate([hiss(1.0), sound[:at], hiss(PAUSE_S), sound[at:], hiss(2.0)])


def main() -> None:
    """Print the rows."""
    for what, figure in pauses(int(sys.argv[1]) if sys.argv[1:] else 1):
        sys.stdout.write(f"| {what} | {figure} |\n")


if __name__ == "__main__":
    main()
