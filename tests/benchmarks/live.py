"""The living device on a virtual microphone and a virtual loudspeaker: how soon it answers, and what waiting costs.

    python -m tests.benchmarks.live [EVERY]

plays every EVERYth bundled recording (default 1) to `pennyworth listen`, as it is by default. Both ends are recorded
from outside, so that latencies are what a listener in the room would measure, to within a block of 10 ms.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from statistics import median, quantiles
from typing import IO, TYPE_CHECKING, Final

import numpy as np
import pytest
import soundfile

from assistant.audiotest.cases import load_cases
from assistant.resources import household_dir
from assistant.store.store import Store
from tests.hardware.test_microphone import BLOWS, goes_on
from tests.hardware.virtual_microphone import LOUDSPEAKER, MICROPHONE, missing_parts, virtual_microphone

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.hardware.virtual_microphone import VirtualMicrophone

LOUD: Final = 300
"""Samples over this are sound; the recordings' background is far below."""
IDLE_S: Final = 30.0
PATIENCE_S: Final = 12.0
"""A reply that has not begun by then will not come."""


class Ear:
    """What is to be heard at one end, from outside."""

    def __init__(self, sink: str, env: dict[str, str]) -> None:
        command = [
            "parec",
            "-d",
            f"{sink}.monitor",
            "--raw",
            "--rate=16000",
            "--channels=1",
            "--format=s16le",
        ]
        self._process = subprocess.Popen(
            [*command, "--latency-msec=10"], env=env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        self.loud: list[float] = []
        """When it was loud, in seconds of the monotonic clock."""
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        while data := os.read(self._process.stdout.fileno(), 4096):
            now = time.monotonic()
            samples = np.abs(np.frombuffer(data[: len(data) // 2 * 2], np.int16).astype(int))
            loud = np.flatnonzero(samples > LOUD)
            if len(loud):
                # The block ends now; its loud samples were then.
                self.loud += [now - (len(samples) - at) / 16000 for at in (loud[0], loud[-1])]

    def close(self) -> None:
        """End it."""
        self._process.kill()
        self._process.wait()


class Most:
    """The most memory that a process and its children have at a time, looked at fifty times a second."""

    def __init__(self, pid: int) -> None:
        self.bytes = 0
        self._pid = pid
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look)
        self._thread.start()

    def _look(self) -> None:
        while not self._ended.wait(0.02):
            # A child may end while it is looked at.
            with suppress(OSError):
                self.bytes = max(self.bytes, memory(self._pid))

    def end(self) -> None:
        """Look no more."""
        self._ended.set()
        self._thread.join()


@contextmanager
def device(
    microphone: VirtualMicrophone,
    db: Path,
    *options: str,
    errors: IO[str] | None = None,
    starting: list[int] | None = None,
) -> Iterator[subprocess.Popen[str]]:
    """`pennyworth listen`, until it hears; what it complains of goes to `errors`.

    The most memory that it had until then, in bytes, is added to `starting`.
    """
    process = subprocess.Popen(
        [sys.executable, "-m", "assistant.cli", "--db", str(db), "listen", *options],
        env=microphone.env,
        stdout=subprocess.PIPE,
        stderr=errors or subprocess.DEVNULL,
        text=True,
    )
    try:
        assert process.stdout is not None
        most = Most(process.pid)
        try:
            process.stdout.readline()
            microphone.wait_for_listener()
        finally:
            most.end()
        if starting is not None:
            starting.append(most.bytes)
        threading.Thread(target=process.stdout.read, daemon=True).start()
        time.sleep(3)
        yield process
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(timeout=60)


def live(folder: Path, every: int = 1) -> list[tuple[str, str]]:
    """Rows of figures; one that says why there are none where no sound server can run."""
    if missing_parts():
        return [("answering aloud", f"not measured: this machine lacks {missing_parts()}")]
    cases = load_cases(household_dir())[::every]
    # A socket's path must be short.
    with (
        tempfile.TemporaryDirectory(prefix="live") as short,
        virtual_microphone(Path(short)) as microphone,
    ):
        microphone.loudspeaker()
        noise = folder / "room.wav"
        room = np.random.default_rng(0).normal(0, 60, round(IDLE_S + 10) * 16000).astype(np.int16)
        soundfile.write(noise, room, 16000)
        silences: list[float] = []
        starting: list[int] = []
        mouth, ear = Ear(LOUDSPEAKER, microphone.env), Ear(MICROPHONE, microphone.env)
        # Started for the first time, so that it has just compiled its language.
        with device(microphone, folder / "live.db", starting=starting) as process:
            for case in cases:
                mouth.loud.clear()
                ear.loud.clear()
                microphone.play(household_dir() / case.audio)
                deadline = time.monotonic() + PATIENCE_S
                while not mouth.loud and time.monotonic() < deadline:
                    time.sleep(0.05)
                if mouth.loud:
                    silences.append(mouth.loud[0] - max(at for at in ear.loud if at <= mouth.loud[0]))
                    while time.monotonic() - mouth.loud[-1] < 1.0:
                        time.sleep(0.05)
            talked = memory(process.pid)
        with device(microphone, folder / "idle.db", "--mode", "wake", starting=starting) as process:
            player = subprocess.Popen(["paplay", f"--device={MICROPHONE}", str(noise)], env=microphone.env)
            time.sleep(3)
            begun = cpu_s(process.pid)
            time.sleep(IDLE_S)
            idle = (cpu_s(process.pid) - begun) / IDLE_S
            resident = memory(process.pid)
            player.kill()
            player.wait()
        mouth.close()
        ear.close()
    with Store.open(folder / "live.db", mode="read") as store:
        heard = store.interactions()
        replies = [(it.effort, reply) for it in heard if (reply := store.reply(it.id))]
    lost = sum(it.effort.lost_frames for it in heard)
    stages = [
        ("from the end of speech to the endpoint", [effort.endpoint_us for effort, _ in replies]),
        ("to the transcript", [effort.recognition_us for effort, _ in replies]),
        ("to the reply", [effort.understanding_us for effort, _ in replies]),
        ("to its sound", [reply.synthesis_us for _, reply in replies]),
        ("to the loudspeaker, by PortAudio", [reply.start_us or 0 for _, reply in replies]),
    ]
    steps = quantiles(silences, n=20)
    return [
        ("recordings played to `listen` / answered aloud", f"{len(cases)} / {len(silences)}"),
        ("end of speech to the first sound of the reply, median", f"{steps[9] * 1000:.0f} ms"),
        ("the same, 95th percentile", f"{steps[18] * 1000:.0f} ms"),
        ("answered within 350 ms", f"{sum(s <= 0.35 for s in silences) / len(silences):.0%}"),
        *((f"by the log, {what}, median", f"{median(each) / 1000:.0f} ms") for what, each in stages),
        ("frames lost meanwhile", str(lost)),
        (
            "memory at its most in a first start, which compiles the language / in one after it",
            f"{starting[0] / 1e6:.0f} / {starting[1] / 1e6:.0f} MB",
        ),
        ("memory after all that, shared pages counted once (PSS)", f"{talked / 1e6:.0f} MB"),
        ("waiting for the wake word in a quiet room, all processes, share of a core", f"{idle:.1%}"),
        ("memory of that, likewise", f"{resident / 1e6:.0f} MB"),
        *recovery(),
    ]


def recovery() -> list[tuple[str, str]]:
    """How soon a microphone is heard again once it is back, after everything that can happen to it."""
    rows = []
    for blow in BLOWS:
        with tempfile.TemporaryDirectory(prefix="live") as short:
            try:
                took = f"{goes_on(Path(short) / 'v', blow)[1]:.1f} s"
            except pytest.fail.Exception as failure:
                # Half an hour of other figures is not lost for it.
                took = f"failed: {failure}"
        rows.append((f"microphone {blow}: heard again after its return", took))
    return rows


def transcripts_after(db: Path, number: int) -> list[str]:
    """What was heard after the first `number` interactions."""
    with Store.open(db, mode="read") as store:
        return [it.transcript for it in store.interactions()][number:]


def processes(pid: int) -> list[int]:
    """A process and its children."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
    return [pid, *map(int, children)]


def cpu_s(pid: int) -> float:
    """Processor time of a process and its children, seconds."""
    ticks = 0
    for each in processes(pid):
        fields = Path(f"/proc/{each}/stat").read_text(encoding="utf-8").rsplit(") ", 1)[1].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def memory(pid: int) -> int:
    """Proportional set size of a process and its children, bytes."""
    found = 0
    program = command_line(pid)
    for each in processes(pid):
        if each != pid and command_line(each) == program:
            # Not yet a program of its own: what it has is its parent's.
            continue
        for line in Path(f"/proc/{each}/smaps_rollup").read_text(encoding="ascii").splitlines():
            if line.startswith("Pss:"):
                found += int(line.split()[1]) * 1024
    return found


def command_line(pid: int) -> bytes:
    """What a process was started with."""
    return Path(f"/proc/{pid}/cmdline").read_bytes()


def main() -> None:
    """Print the rows."""
    with tempfile.TemporaryDirectory() as name:
        for what, figure in live(Path(name), int(sys.argv[1]) if sys.argv[1:] else 1):
            sys.stdout.write(f"| {what} | {figure} |\n")


if __name__ == "__main__":
    main()
