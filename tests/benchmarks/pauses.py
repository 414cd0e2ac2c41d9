"""Pauses of 0.4 s within commands: how many commands they split.

    python -m tests.benchmarks.pauses [EVERY]

Each EVERYth bundled recording (default 1) is cut in two after one of its words, as the recogniser times them, at the
quietest place there, and 0.4 s of the room's silence are put in between. `listen`'s ears hear it, in simulated real
time (`paced`). What was split is told on standard error, and played to `listen` itself, which answers aloud: while it
speaks it does not hear the rest.
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
from assistant.config import load_config
from assistant.resources import household_dir
from hardware.audio import SAMPLE_RATE, AudioChunk
from hardware.audiofile import read_chunks
from tests.assistant.sounds import hiss
from tests.benchmarks.live import device, transcripts_after
from tests.benchmarks.paced import PacedClock, paced
from tests.hardware.virtual_microphone import missing_parts, virtual_microphone

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

PAUSE_S: Final = 0.4
AFTERWARDS_S: Final = 5.0
"""Seconds in which what was heard is answered and written down."""
_NEAR: Final = round(0.06 * SAMPLE_RATE)
_HOP: Final = round(0.01 * SAMPLE_RATE)


def pauses(every: int = 1) -> list[tuple[str, str]]:
    """Rows of figures."""
    tried, other = 0, 0
    split: list[NDArray[np.int16]] = []
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
                    split.append(paused)
                    sys.stderr.write(f"split: {' … '.join(it.transcript or '?' for it in heard)}\n")
                    # "Stop" means what "stop the music" does.
                    other += (heard[0].intent, heard[0].slots) != (case.intent, case.slots)
    return [
        (f"pauses of {PAUSE_S:g} s within commands, after each of their words", str(tried)),
        ("commands split by that", str(len(split))),
        ("of these, their first part was taken for something else than the whole", str(other)),
        *aloud(split),
    ]


def aloud(sounds: Sequence[NDArray[np.int16]]) -> list[tuple[str, str]]:
    """How many of `sounds` are more than one utterance for `listen` with its voice; a reason where it cannot run."""
    what = "of these, split by `listen` that answers aloud"
    if missing_parts():
        return [(what, f"not measured: this machine lacks {missing_parts()}")]
    counted, more = 0, 0
    with tempfile.TemporaryDirectory(prefix="live") as name, virtual_microphone(Path(name)) as microphone:
        microphone.loudspeaker()
        db, file = Path(name) / "log.db", Path(name) / "sound.wav"
        with device(microphone, db):
            for sound in sounds:
                soundfile.write(file, sound, SAMPLE_RATE)
                microphone.play(file)
                time.sleep(AFTERWARDS_S)
                heard = transcripts_after(db, counted)
                counted += len(heard)
                more += len(heard) != 1
                if len(heard) != 1:
                    sys.stderr.write(f"split by `listen`: {' … '.join(each or '?' for each in heard)}\n")
    return [(what, str(more))]


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
