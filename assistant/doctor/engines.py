"""Judging recognition: which engine and model there are, and how fast a bundled sentence is heard on this machine."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from assistant.doctor.findings import Finding
from assistant.errors import RecognitionError
from assistant.store.store import Store

if TYPE_CHECKING:
    from collections.abc import Sequence

DECODE_S: Final = 300.0
"""Seconds that the whole trial may take: on a small machine the first start alone takes a minute."""


@dataclass(frozen=True, kw_only=True)
class Model:
    """What recognition has to work with."""

    engine: str
    """As the configuration asks for it."""
    folder: Path | None
    """The Vosk model that would be used; None where there is none."""


def check_model(model: Model) -> Finding:
    """With a Vosk model one is understood better; without, PocketSphinx does."""
    facts = {"engine": model.engine, "vosk_model": None if model.folder is None else str(model.folder)}
    if model.engine in ("auto", "vosk") and model.folder is None:
        return Finding(
            name="model",
            verdict="wrong" if model.engine == "vosk" else "note",
            what="there is no Vosk model"
            + (", so PocketSphinx listens" if model.engine == "auto" else ", and the engine is vosk"),
            advice="to be understood better: `pennyworth models fetch` (once, 40 MB)",
            facts=facts,
        )
    named = "none needed" if model.engine == "pocketsphinx" else str(model.folder)
    return Finding(name="model", verdict="well", what=f"{named}; the engine is {model.engine}", facts=facts)


@dataclass(frozen=True, kw_only=True)
class Decoded:
    """What became of a sentence that this machine heard through the whole loop."""

    model: str
    """Engine and model, with their versions."""
    text: str
    """What was understood; empty for nothing."""
    intent: str | None
    expected: str
    """The intent it should have been."""
    audio_s: float
    """Length of the utterance."""
    cpu_s: float
    """Processor time for hearing and recognising it."""
    latency_s: float
    """From its end to the transcript."""


def decode(recording: Path, *, expected: str, options: Sequence[str]) -> Decoded:
    """Let `pennyworth OPTIONS hear` hear a recording in a process of its own, into a log that is thrown away.

    A process of its own, since a damaged model can end it. Raises RecognitionError where nothing was heard.
    """
    with tempfile.TemporaryDirectory(prefix="pennyworth-") as folder:
        log = Path(folder) / "trial.db"
        command = ["hear", str(recording), "--json", "--db", str(log), *options]
        try:
            done = subprocess.run(  # noqa: S603 — our own interpreter
                [sys.executable, "-P", "-m", "assistant.cli", *command],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                check=False,
                timeout=DECODE_S,
            )
        except subprocess.TimeoutExpired:
            raise RecognitionError(f"a bundled sentence was not heard within {DECODE_S:.0f} s") from None
        if done.returncode:
            last = done.stderr.strip().splitlines()[-1:] or [f"it ended with {done.returncode}"]
            raise RecognitionError(last[0].removeprefix("pennyworth: "))
        heard = json.loads(done.stdout)["interactions"]
        if not heard:
            raise RecognitionError("no speech was found in a bundled sentence")
        with Store.open(log, mode="read") as store:
            it = store.interaction(heard[0]["id"])
    if it is None:
        raise RecognitionError("the trial's own log does not hold what was heard")
    return Decoded(
        model=it.model,
        text=it.transcript,
        intent=it.intent,
        expected=expected,
        audio_s=it.effort.audio_us / 1e6,
        cpu_s=(it.effort.listening_cpu_us + it.effort.recognition_cpu_us) / 1e6,
        latency_s=it.effort.recognition_us / 1e6,
    )


def check_decoded(decoded: Decoded) -> Finding:
    """It must be understood, and take less time than it lasts, or the microphone runs ahead of the recogniser."""
    factor = decoded.cpu_s / decoded.audio_s
    facts = {
        "model": decoded.model,
        "text": decoded.text,
        "intent": decoded.intent,
        "real_time_factor": round(factor, 3),
        "latency_ms": round(decoded.latency_s * 1000),
        "audio_s": round(decoded.audio_s, 2),
    }
    what = f"{decoded.model}: “{decoded.text}”, real-time factor {factor:.2f}, {decoded.latency_s * 1000:.0f} ms behind"
    if decoded.intent != decoded.expected:
        return Finding(
            name="recognition",
            verdict="wrong",
            what=f"{what}; a bundled sentence about {decoded.expected} was not understood",
            advice="try another engine: `pennyworth doctor --engine pocketsphinx`; or `pennyworth models verify`",
            facts=facts,
        )
    if factor >= 1:
        return Finding(
            name="recognition",
            verdict="wrong",
            what=f"{what}: slower than speech",
            advice='take a smaller model, `engine = "pocketsphinx"`, or `activity = "energy"`; end other programs',
            facts=facts,
        )
    if factor >= 0.7:
        return Finding(
            name="recognition",
            verdict="note",
            what=f"{what}: hardly faster than speech",
            advice="end other programs, or take a smaller model",
            facts=facts,
        )
    return Finding(name="recognition", verdict="well", what=what, facts=facts)
