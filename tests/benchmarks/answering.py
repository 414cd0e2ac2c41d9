"""How soon an answer lies ready, in simulated real time: how long silence is waited for, and the work behind it.

    python -m tests.benchmarks.answering [EVERY]

Every EVERYth bundled recording (default 1) is heard as `listen` hears it, and the sound of its reply is made in the
pause. Time goes on by the processor time of the work and by the sound (`paced`), so a busy machine changes little. What
PortAudio and a sound server add is not in it; `tests.benchmarks.live` measures that. What became of each utterance is
told on standard error.
"""

from __future__ import annotations

import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from statistics import median, quantiles
from typing import TYPE_CHECKING

import numpy as np

from assistant.audiotest.cases import load_cases
from assistant.cli.device import open_voice
from assistant.cli.session import open_session
from assistant.config import load_config
from assistant.resources import household_dir
from hardware.audiofile import read_chunks
from tests.assistant.sounds import hiss
from tests.benchmarks.paced import PacedClock, paced

if TYPE_CHECKING:
    from hardware.speaker import Sound


def answering(every: int = 1) -> list[tuple[str, str]]:
    """Rows of figures."""
    config = load_config()
    voice = open_voice(config)
    clock = PacedClock(datetime(2026, 3, 2, 12, tzinfo=UTC))
    ready: dict[str, Sound] = {}
    waits: list[int] = []
    silences: list[int] = []
    with (
        tempfile.TemporaryDirectory() as name,
        open_session(config, db=Path(name) / "log.db", clock=clock, quiet=True) as session,
    ):
        listener = session.listener(patience=session.patience())

        def prepare(text: str) -> None:
            reply = session.pipeline.foresee(text)
            if reply and reply not in ready:
                ready[reply] = voice.say(reply)

        for case in load_cases(household_dir())[::every]:
            if not case.conversation:
                session.pipeline.hang_up()
            sound = np.concatenate([chunk.samples for chunk in read_chunks(household_dir() / case.audio)])
            ready.clear()
            for receipt in listener.listen(
                paced(np.concatenate([hiss(1), sound, hiss(2)]), clock),
                source="microphone",
                passes=clock.advance,
                paused=prepare,
            ):
                it = receipt.interaction
                if it.outcome == "rejected":
                    continue
                if it.reply not in ready:
                    ready[it.reply] = voice.say(it.reply)
                ended_s = listener.last_speech_ended_at
                assert ended_s is not None
                silences.append(clock.monotonic_us() - round(ended_s * 1e6))
                waits.append(it.effort.endpoint_us)
                sys.stderr.write(
                    f"{it.transcript}: endpoint after {waits[-1] // 1000} ms, answer after {silences[-1] // 1000} ms\n"
                )
    steps = quantiles(silences, n=20)
    return [
        ("end of speech to the endpoint, in the time of the sound, median", f"{median(waits) / 1000:.0f} ms"),
        ("end of speech to a reply that lies ready, median", f"{steps[9] / 1000:.0f} ms"),
        ("the same, 95th percentile", f"{steps[18] / 1000:.0f} ms"),
        ("ready within 300 ms", f"{sum(each <= 300_000 for each in silences) / len(silences):.0%}"),
    ]


def main() -> None:
    """Print the rows."""
    for what, figure in answering(int(sys.argv[1]) if sys.argv[1:] else 1):
        sys.stdout.write(f"| {what} | {figure} |\n")


if __name__ == "__main__":
    main()
