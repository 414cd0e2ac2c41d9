"""How well speech is understood, by `pennyworth audio-test` itself: the section on hearing of docs/benchmarks.md.

Three corpora: recordings of people, which are not in the repository (`PENNYWORTH_PEOPLE` names their folder:
`labels.jsonl`, `intents.yaml`, `noise-*.flac`); the bundled recordings; and synthetic voices that say sentences of
the bundled language and sentences that are none (flite and espeak-ng). Where a corpus is not to be had, its last table
is kept.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from itertools import product
from pathlib import Path
from typing import Any, Final

import numpy as np
import soundfile

from assistant.resources import household_dir
from intents.catalogue import load_catalogue
from intents.match import Matcher
from intents.results import IntentMatch
from intents.sample import sample_sentences
from tests.audio.make_household import LEAD_S, ROOM_TONE, SAMPLE_RATE, Voice, synthesise
from tests.benchmarks.rejection import is_command, trade

PEOPLE: Final = "PENNYWORTH_PEOPLE"
SNR: Final = "24,15,6"
FOREIGN: Final = Path(__file__).parents[1] / "audio" / "foreign.txt"
SENTENCES: Final = 12
"""Commands of each intent."""
SPOKEN_TIMES: Final = frozenset({"time", "duration"})
"""Slots whose value hangs on the clock: sentences with them have no label that lasts."""

VOICES: Final = (
    Voice(engine="flite", name="rms", peak_db=-7.0),
    Voice(engine="flite", name="awb", peak_db=-7.0),
    Voice(engine="espeak-ng", name="en-us+f2", peak_db=-7.0),
    Voice(engine="espeak-ng", name="en-us+m7", peak_db=-7.0),
)
"""None of those that anything was tuned on; and not chosen for being understood."""


def hearing(folder: Path, page: Path) -> str:
    """The section; `page` is the last one, which tables are kept from."""
    known = page.read_text(encoding="utf-8") if page.is_file() else ""
    return "\n\n".join(
        ["## Hearing with PocketSphinx's model", _ABOUT, people(known), bundled(), voices(folder, known)]
    )


_ABOUT: Final = """By `pennyworth audio-test --engine pocketsphinx`, the whole way from the sound to the books; in
brackets the 95 % interval. Accepted: commands with intent and every labelled slot exactly right. False accepts: speech
out of scope that was taken for any command, asked about or not. False orders: what was read back as an order or
ordered, and nobody gave."""


def people(known: str) -> str:
    """Coffee orders, where the recordings are at hand."""
    title = "### Coffee orders by people, kitchen noise"
    folder = os.environ.get(PEOPLE)
    if not folder:
        sys.stderr.write(
            f"set {PEOPLE} to the folder of the recordings to measure them; their table is kept\n"
        )
        return kept(known, title, f"Not measured: `{PEOPLE}` named no folder.")
    corpus = Path(folder)
    (noise,) = corpus.glob("noise-*.flac")
    about = (
        "The development part of the barista corpus of the Picovoice speech-to-intent benchmark: 200 recordings of "
        "more than 50 people. The limit of rejection was set on these same people; expect a little less of others."
    )
    rows = table(corpus, "--intents", str(corpus / "intents.yaml"), "--noise", str(noise), "--snr", SNR)
    return f"{title}\n\n{about}\n\n{rows}"


def bundled() -> str:
    """The household's week."""
    return "### The bundled recordings, babble\n\n" + table(
        household_dir(), "--noise", "babble", "--snr", SNR
    )


def voices(folder: Path, known: str) -> str:
    """Synthetic voices, where there are any."""
    title = "### Synthetic voices"
    missing = [name for name in ("flite", "espeak-ng") if shutil.which(name) is None]
    if missing:
        sys.stderr.write(f"{' and '.join(missing)} missing: the table of synthetic voices is kept\n")
        return kept(known, title, f"Not measured: {' and '.join(missing)} missing.")
    corpus = speak(folder / "voices")
    foreign = len(FOREIGN.read_text(encoding="utf-8").splitlines())
    about = (
        f"{', '.join(map(str, VOICES))}: up to {SENTENCES} sentences of each intent, and the {foreign} sentences of "
        "`tests/audio/foreign.txt`, none of them a command, all by each of the voices. flite's are made of recordings "
        "of people; eSpeak NG computes its own, which are unlike anybody's. No weight or limit was set on these; which "
        "evidence turns speech down was chosen after mistakes on some of them had been looked at."
    )
    named = os.environ.get(PEOPLE)
    turned_down = trade(corpus, Path(named) if named else None)
    return f"{title}\n\n{about}\n\n{table(corpus)}\n\n{_TRADE}\n\n{turned_down}"


_TRADE: Final = """What the limit of rejection costs these voices and saves, by the recogniser alone: at the limit as it
is, and at higher ones that take so many points of acceptance more; none of them was chosen by this. Under the bundled
language each engine's voices stand alone, too. A small language is given the same speech out of scope, but for what is
a command of its own ("can i get a large latte"): that of the coffee orders, with the people's commands in the quiet, or
else that of the lights alone. As an order: beyond doubt, so that it would be read back without being asked about."""


def speak(folder: Path) -> Path:
    """Let the voices say commands and others; the folder is a corpus then."""
    folder.mkdir()
    catalogue = load_catalogue()
    matcher = Matcher(catalogue)
    drawn = [
        sentence
        for name, intent in catalogue.intents.items()
        if intent.kind != "dialogue"
        for sentence in sample_sentences(catalogue, name, limit=SENTENCES, seed=41)
        if not SPOKEN_TIMES & set(sentence.slots)
    ]
    # The label is what the sentence means when it is typed: a template says "twenty dollars" where a budget is 20.
    typed = [(sentence.text, sentence.intent, matcher.match(sentence.text)) for sentence in drawn]
    commands = [
        (text, intent, dict(match.slots))
        for text, intent, match in typed
        if isinstance(match, IntentMatch) and match.intent == intent
    ]
    others = FOREIGN.read_text(encoding="utf-8").splitlines()
    if ours := [text for text in others if is_command(text, matcher)]:
        raise ValueError(
            f"{FOREIGN} holds commands of the bundled language: {', '.join(ours)}; take them out"
        )
    said: list[tuple[str, str | None, dict[str, Any]]] = [*commands, *((text, None, {}) for text in others)]
    lines = []
    for number, (voice, (text, intent, slots)) in enumerate(product(VOICES, said)):
        speech = synthesise(voice, text) * 0.4
        lead = round(LEAD_S * SAMPLE_RATE)
        samples = np.pad(speech, lead) * 32768
        samples += np.random.default_rng(number).normal(0, ROOM_TONE, len(samples))
        audio = f"{number:04}.flac"
        soundfile.write(
            folder / audio, np.clip(np.rint(samples), -32768, 32767).astype(np.int16), SAMPLE_RATE
        )
        line = {"audio": audio, "text": text, "intent": intent, "slots": slots, "voice": str(voice)}
        lines.append(json.dumps(line))
    (folder / "labels.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


def table(corpus: Path, *options: str) -> str:
    """A row a condition."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        command = ["audio-test", str(corpus), "--engine", "pocketsphinx", "--json", str(report), *options]
        subprocess.run(
            [sys.executable, "-m", "assistant.cli", *command], check=True, stdout=subprocess.DEVNULL
        )
        rows = json.loads(report.read_text(encoding="utf-8"))["conditions"]
    lines = [
        "| condition | commands | accepted | false accepts | false orders | real-time factor (recogniser) | p95, s |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        others = row["cases"] - row["in_scope"]
        low, high = row["ci95"] or (0, 0)
        taken = f"{row['false_accepts']} of {others}" if others else "-"
        lines.append(
            f"| {row['condition']} | {row['in_scope']} | {row['command_acceptance']:.3f} ({low:.3f} to {high:.3f}) "
            f"| {taken} | {row['false_orders']} "
            f"| {row['real_time_factor']:.3f} ({row['recognition_real_time_factor']:.3f}) "
            f"| {row['latency_ms']['p95'] / 1000:.2f} |"
        )
    return "\n".join(lines)


def kept(known: str, title: str, otherwise: str) -> str:
    """The subsection that the last page has under `title`."""
    found = re.search(rf"{re.escape(title)}\n.*?(?=\n\n##|\Z)", known, re.DOTALL)
    return found[0].rstrip() if found else f"{title}\n\n{otherwise}"
