"""Half an hour of speech and room, as fast as it goes: nothing grows."""

from __future__ import annotations

import dataclasses
import os
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
import pytest

from assistant.cli.session import open_session
from assistant.clock import SimulatedClock
from assistant.config import load_config
from assistant.resources import household_dir
from assistant.store.audit import audit
from hardware.audio import SAMPLE_RATE, AudioChunk
from hardware.audiofile import read_chunks
from hardware.gate import Gate

if TYPE_CHECKING:
    from collections.abc import Iterator

SOUND_S: Final = 1800.0
SETTLED_S: Final = 600.0
"""By then every recording has been heard several times, and every cache is filled."""


def resident() -> int:
    """Bytes of memory in use now."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def handles() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


@pytest.mark.slow
def test_half_an_hour_leaves_nothing_behind(tmp_path: Path) -> None:
    config = load_config()
    recognition = dataclasses.replace(config.recognition, engine="pocketsphinx")
    clock = SimulatedClock(datetime(2026, 3, 2, 12, tzinfo=UTC))
    recordings = [
        np.concatenate([chunk.samples for chunk in read_chunks(path)])
        for path in sorted(household_dir().glob("*.flac"))
    ]
    room = np.random.default_rng(0).normal(0, 20, 3 * SAMPLE_RATE).astype(np.int16)
    settled: list[int] = []

    def sound() -> Iterator[AudioChunk]:
        position, turn = 0, 0
        while position < SOUND_S * SAMPLE_RATE:
            if not settled and position > SETTLED_S * SAMPLE_RATE:
                settled.extend([resident(), handles(), threading.active_count()])
            samples = np.concatenate([recordings[turn % len(recordings)], room])
            for at in range(0, len(samples), 512):
                piece = samples[at : at + 512]
                yield AudioChunk(samples=piece, start_s=position / SAMPLE_RATE)
                position += len(piece)
            turn += 1

    with open_session(
        dataclasses.replace(config, recognition=recognition),
        db=tmp_path / "log.db",
        clock=clock,
        quiet=True,
    ) as session:
        listener = session.listener(patience=session.patience())
        gate = Gate(
            mode="always",
            awake_s=6,
            speaking=lambda: False,
            engaged=lambda: listener.hearing,
            woken=lambda: None,
        )
        for _ in listener.listen(gate.through(sound()), source="file", passes=clock.advance):
            pass
        memory, files, threads = settled
        assert resident() - memory < 20_000_000
        assert handles() <= files
        assert threading.active_count() <= threads
        heard = session.store.interactions()
        assert len(heard) > 250
        assert audit(session.store).problems == ()
