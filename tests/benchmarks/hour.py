"""An hour of normal load on a virtual microphone: how many samples are lost, and what grows.

    python -m tests.benchmarks.hour [MINUTES]

`pennyworth listen`, as it is by default, hears a room with a bundled recording now and then, and answers aloud. What
the microphone gave and lost is what `listen -v` says of it at its end: every sample counts, not only those of commands.
"""

from __future__ import annotations

import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

import numpy as np
import soundfile

from assistant.audiotest.cases import load_cases
from assistant.resources import household_dir
from assistant.store.store import Store
from tests.benchmarks.live import Ear, cpu_s, device, memory
from tests.hardware.virtual_microphone import LOUDSPEAKER, MICROPHONE, missing_parts, virtual_microphone

BETWEEN_S: Final = (5.0, 35.0)
"""Seconds from the end of one thing said to the next."""
ROOM_S: Final = 60
SETTLED: Final = 0.2
"""Share of the time after which memory is looked at first."""


def hour(folder: Path, minutes: float = 60.0) -> list[tuple[str, str]]:
    """Rows of figures; one that says why there are none where no sound server can run."""
    if missing_parts():
        return [("an hour of normal load", f"not measured: this machine lacks {missing_parts()}")]
    chance = random.Random(0)
    cases = load_cases(household_dir())
    log, db = folder / "hour.log", folder / "hour.db"
    noise = folder / "room.wav"
    room = np.random.default_rng(0).normal(0, 40, ROOM_S * 16000).astype(np.int16)
    soundfile.write(noise, room, 16000)
    said, settled = 0, 0
    # A socket's path must be short.
    with (
        tempfile.TemporaryDirectory(prefix="hour") as short,
        virtual_microphone(Path(short)) as microphone,
        log.open("w") as errors,
    ):
        microphone.loudspeaker()
        mouth = Ear(LOUDSPEAKER, microphone.env)
        with device(microphone, db, "-v", errors=errors) as process:
            command = ["sh", "-c", 'while paplay "--device=$1" "$2"; do :; done', "", MICROPHONE, str(noise)]
            player = subprocess.Popen(command, env=microphone.env, start_new_session=True)
            begun, cpu_begun = time.monotonic(), cpu_s(process.pid)
            while (passed := time.monotonic() - begun) < minutes * 60:
                if not settled and passed > SETTLED * minutes * 60:
                    settled = memory(process.pid)
                microphone.play(household_dir() / cases[said % len(cases)].audio)
                said += 1
                time.sleep(chance.uniform(*BETWEEN_S))
                mouth.loud.clear()
            busy = (cpu_s(process.pid) - cpu_begun) / (time.monotonic() - begun)
            grown = memory(process.pid) - settled
            os.killpg(player.pid, signal.SIGKILL)
            player.wait()
        mouth.close()
    found = re.search(r"gave (\d+) s of sound; (\d+) samples were lost", log.read_text(encoding="utf-8"))
    if found is None:
        raise RuntimeError(f"`listen` did not say what the microphone gave: {log.read_text()[-500:]}")
    with Store.open(db, mode="read") as store:
        heard = store.interactions()
    what = f"of {int(found[1]):,} s of sound with {said} recordings in it, {len(heard)} of them heard"
    return [
        (f"frames lost {what}", found[2]),
        ("processor time meanwhile, all processes, share of a core", f"{busy:.1%}"),
        ("memory grown between a fifth of that time and its end", f"{grown / 1e6:.1f} MB"),
    ]


def main() -> None:
    """Print the rows."""
    with tempfile.TemporaryDirectory() as name:
        for what, figure in hour(Path(name), float(sys.argv[1]) if sys.argv[1:] else 60.0):
            sys.stdout.write(f"| {what} | {figure} |\n")


if __name__ == "__main__":
    main()
