"""How well the grammar's recogniser hears, what it costs, and how that grows: the tables of docs/recognition.md.

    python -m tests.benchmarks.recognition CORPUS [--snr 24,15,6] [--every N] [--foreign] [--adapt] [--lists] [--write]

CORPUS is a folder with `labels.jsonl` ({audio, intent, slots}), `intents.yaml` and `noise-*.flac`. Noise is mixed at
places that follow from the recording's name and the ratio, so that every run hears the same. `--adapt` measures
`pennyworth adapt` on it instead. `--write` puts the tables into the page, between their marks.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import multiprocessing
import random
import re
import resource
import subprocess
import sys
import tempfile
import time
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import soundfile

from assistant.recognition.grammar.acoustic_model import bundled_model
from assistant.recognition.grammar.compiled import compile_grammar, open_grammar
from assistant.recognition.grammar.recogniser import GrammarRecogniser
from hardware.audio import SAMPLE_RATE, AudioChunk
from intents.catalogue import load_catalogue
from intents.match import Matcher
from intents.results import IntentMatch
from intents.word_graph import graph_of_phrases, word_graph
from tests.assistant.recognition.hearing import household, read

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

LIST_SIZES: Final = (100, 1_000, 10_000)
PAGE: Final = Path(__file__).parents[2] / "docs" / "recognition.md"
STRETCHES: Final = 4
"""Places of the noise that each recording is heard with: by a single one the same recordings differ by some points."""
_LOUDEST: Final = 2048
"""Samples of the frames whose largest energy counts as that of speech and noise."""


def main() -> None:
    """Print the tables asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("corpus", type=Path, nargs="?")
    parser.add_argument("--snr", default="24,15,6")
    parser.add_argument("--every", type=int, default=1, help="take every Nth recording only")
    parser.add_argument("--lists", action="store_true", help="measure how cost grows with the size of a list")
    parser.add_argument(
        "--foreign", action="store_true", help="hear the corpus under the bundled language too"
    )
    parser.add_argument("--adapt", action="store_true", help="measure `pennyworth adapt` on the corpus")
    parser.add_argument("--write", action="store_true", help=f"put the tables into {PAGE.name}")
    arguments = parser.parse_args()
    tables: dict[str, Iterator[str]] = {}
    if arguments.corpus and arguments.adapt:
        tables["adaptation"] = adaptation(arguments.corpus, arguments.snr, every=arguments.every)
    elif arguments.corpus:
        ratios = [None, *(float(snr) for snr in arguments.snr.split(",") if snr)]
        tables["acceptance"] = acceptance(
            arguments.corpus, ratios, every=arguments.every, foreign=arguments.foreign
        )
    if arguments.lists:
        tables["lists"] = growth()
    for name, lines in tables.items():
        kept = []
        for line in lines:
            kept.append(line)
            sys.stdout.write(f"{line}\n")
            sys.stdout.flush()
        if arguments.write:
            page = PAGE.read_text(encoding="utf-8")
            PAGE.write_text(with_table(page, name, kept), encoding="utf-8")


def with_table(page: str, name: str, lines: list[str]) -> str:
    """The page with a table between the marks of its name; ValueError where it has none."""
    table = "\n".join(lines)
    found, count = re.subn(
        rf"(<!-- table {name} -->\n).*?(\n<!-- end -->)",
        lambda marks: f"{marks[1]}{table}{marks[2]}",
        page,
        flags=re.DOTALL,
    )
    if count != 1:
        raise ValueError(f"the page has {count} tables {name!r}, not one; mark it with <!-- table {name} -->")
    return found


def adaptation(corpus: Path, snr: str, *, every: int) -> Iterator[str]:
    """Rows of what `pennyworth adapt` measures on a corpus; nothing is kept."""
    (noise,) = corpus.glob("noise-*.flac")
    cases = len((corpus / "labels.jsonl").read_text(encoding="utf-8").splitlines())
    command = [
        "adapt",
        str(corpus),
        "--limit",
        str(-(-cases // every)),
        "--intents",
        str(corpus / "intents.yaml"),
        "--dry-run",
        "--json",
    ]
    done = subprocess.run(
        [sys.executable, "-m", "assistant.cli", *command, "--noise", str(noise), "--snr", snr],
        stdout=subprocess.PIPE,
        check=False,
    )
    yield from adaptation_rows(json.loads(done.stdout))


def adaptation_rows(measured: dict[str, Any]) -> Iterator[str]:
    """The document of `pennyworth adapt --json` as rows."""
    yield "| condition | commands | before | adapted | gain, 95 % | broke | mended | McNemar p |"
    yield "|---|---|---|---|---|---|---|---|"
    for row in measured["conditions"]:
        low, high = row["gain_ci95"]
        yield (
            f"| {row['condition']} | {row['cases']} | {row['before']:.3f} | {row['after']:.3f} "
            f"| {low:+.3f} to {high:+.3f} | {row['broke']} | {row['mended']} | {row['p_value']:.2g} |"
        )


def acceptance(corpus: Path, ratios: list[float | None], *, every: int, foreign: bool) -> Iterator[str]:
    """Rows of command acceptance, real-time factor and, under a foreign language, false accepts."""
    cases = [json.loads(line) for line in (corpus / "labels.jsonl").read_text(encoding="utf-8").splitlines()]
    cases = cases[::every]
    (noise_file,) = corpus.glob("noise-*.flac")
    noise, _ = soundfile.read(noise_file)
    catalogue = load_catalogue(files=[corpus / "intents.yaml"])
    recogniser, matcher = GrammarRecogniser(compile_grammar(word_graph(catalogue))), Matcher(catalogue)
    bundled = load_catalogue()
    strange = (GrammarRecogniser(compile_grammar(word_graph(bundled))), Matcher(bundled)) if foreign else None
    more = " foreign accepted |" if foreign else ""
    yield f"| condition | heard | accepted | by stretch of the noise | turned down | wrong | real-time factor |{more}"
    yield f"|---|---|---|---|---|---|---|{'---|' if foreign else ''}"
    for snr in ratios:
        right = np.zeros(1 if snr is None else STRETCHES, dtype=int)
        empty = taken = 0
        audio_s = cpu_s = 0.0
        for stretch, case in product(range(len(right)), cases):
            samples = mixed(corpus / case["audio"], noise, snr, stretch)
            begun = time.process_time()
            recogniser.accept(AudioChunk(samples=samples, start_s=0.0))
            text = recogniser.finish().text
            cpu_s += time.process_time() - begun
            audio_s += len(samples) / SAMPLE_RATE
            match = matcher.match(text)
            right[stretch] += isinstance(match, IntentMatch) and accepted(match, case)
            empty += not text
            if strange:
                strange[0].accept(AudioChunk(samples=samples, start_s=0.0))
                taken += isinstance(strange[1].match(strange[0].finish().text), IntentMatch)
        n, each = len(right) * len(cases), right / len(cases)
        yield (
            f"| {'clean' if snr is None else f'{snr:g} dB'} | {n} | {right.sum() / n:.3f} "
            f"| {'-' if snr is None else f'{each.min():.3f} to {each.max():.3f}'} | {empty / n:.3f} "
            f"| {(n - right.sum() - empty) / n:.3f} | {cpu_s / audio_s:.3f} |{f' {taken / n:.3f} |' if strange else ''}"
        )


def accepted(match: IntentMatch, case: dict[str, Any]) -> bool:
    """Whether the intent and every labelled slot have exactly the labelled value."""
    return match.intent == case["intent"] and all(
        match.slots.get(slot) == value for slot, value in case["slots"].items()
    )


def mixed(path: Path, noise: NDArray[np.float64], snr: float | None, stretch: int = 0) -> NDArray[np.int16]:
    """A recording with noise at a ratio of the loudest frames' energies, scaled to half of full scale.

    Which part of the noise follows from the recording's name, the ratio and the number of the `stretch`.
    """
    speech, rate = soundfile.read(path)
    if rate != SAMPLE_RATE:
        raise ValueError(f"{path} has {rate} samples a second, expected {SAMPLE_RATE}")
    if snr is not None:
        digest = hashlib.md5(f"{path.name}{snr}{stretch or ''}".encode(), usedforsecurity=False).hexdigest()
        start = int(digest[:8], 16) % (len(noise) - len(speech))
        part = noise[start : start + len(speech)]
        speech = speech + np.sqrt(loudest(speech) / (loudest(part) * 10 ** (snr / 10))) * part
        speech = speech / (2 * np.abs(speech).max())
    return np.asarray(np.clip(np.rint(speech * 32767), -32768, 32767), dtype=np.int16)


def loudest(samples: NDArray[np.float64]) -> float:
    """The largest energy of a frame."""
    frames = samples[: len(samples) // _LOUDEST * _LOUDEST].reshape(-1, _LOUDEST)
    return float((frames**2).sum(axis=1).max())


def growth() -> Iterator[str]:
    """Rows of what a list of so many values costs, in a language like that of a music player.

    Each in a process of its own, whose memory is its own.
    """
    yield (
        "| list values | instances | s to compile | s to open again | memory of the network, MB "
        "| most of the process, MB | real-time factor |"
    )
    yield "|---|---|---|---|---|---|---|"
    for size in LIST_SIZES:
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            yield pool.apply(cost_of_list, (size,))


def cost_of_list(size: int) -> str:
    """The row of a list of about `size` values."""
    words = [
        line.split(None, 1)[0]
        for line in bundled_model().dictionary.read_text(encoding="utf-8").splitlines()
        if line[0].isalpha() and "(" not in line.split(None, 1)[0]
    ]
    recordings = [read(path) for path, text in household() if text.startswith("play")]
    audio_s = sum(len(samples) for samples in recordings) / SAMPLE_RATE
    rng = random.Random(size)
    artists = {" ".join(rng.choices(words, k=rng.choice((1, 2, 2, 3)))) for _ in range(size)}
    phrases = [f"{verb} {artist}" for verb in ("play", "put on") for artist in sorted(artists)]
    with tempfile.TemporaryDirectory() as folder:
        spent = []
        for _ in range(2):
            begun = time.process_time()
            recogniser = GrammarRecogniser(
                open_grammar(lambda: graph_of_phrases(phrases), key="list", cache_dir=Path(folder))
            )
            spent.append(time.process_time() - begun)
    begun = time.process_time()
    for samples in recordings:
        recogniser.accept(AudioChunk(samples=samples, start_s=0.0))
        recogniser.finish()
    factor = (time.process_time() - begun) / audio_s
    network = recogniser.network
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
    return (
        f"| {len(artists):,} | {network.size:,} | {spent[0]:.1f} | {spent[1]:.2f} | {network.bytes / 1e6:.0f} "
        f"| {most:.0f} | {factor:.3f} |"
    )


if __name__ == "__main__":
    main()
