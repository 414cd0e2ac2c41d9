"""What values of slots are worth resolving by sound: names as PocketSphinx mishears them from synthetic voices.

PocketSphinx listens with its own open dictionary and language model, so that a name comes out as other words ("lincoln
park"). The name alone is said, and what was heard of it stands in a sentence that is otherwise right: of a whole
sentence it mishears far more than the name. Each transcript that is not the name as it is spelt is understood twice: as
shipped, and by a matcher whose language has no rules of pronunciation. Writes the table into docs/understanding.md,
between its marks. Needs flite and espeak-ng; takes some minutes.
"""

from __future__ import annotations

import shutil
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
import pocketsphinx

from intents.catalogue import load_catalogue
from intents.match import Matcher
from intents.model import load_model
from intents.normalise import normalise
from intents.results import IntentMatch
from tests.audio.make_household import LEAD_S, ROOM_TONE, SAMPLE_RATE, synthesise
from tests.benchmarks.hearing import VOICES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.audio.make_household import Voice

PAGE: Final = Path(__file__).resolve().parents[2] / "docs" / "understanding.md"
BEGIN: Final = "<!-- sounds: made by python -m tests.benchmarks.sounds -->"
END: Final = "<!-- end of sounds -->"
SENTENCES: Final = {
    "artist": ("music", "artist", "play some music by {}"),
    "city": ("weather", "place", "what's the weather in {}"),
    "place": ("ride", "destination", "call me a taxi to the {}"),
}
"""List to the intent, the slot, and a sentence with a value of it."""
VALUES: Final = 60
"""Values of each list, evenly spread over it; each is said by one voice."""


def main() -> None:
    """Listen, understand, and write the page."""
    missing = [name for name in ("flite", "espeak-ng") if shutil.which(name) is None]
    if missing:
        sys.exit(f"{' and '.join(missing)} missing: install them to measure")
    catalogue = load_catalogue()
    # The rules of pronunciation are those of English; the model does not ask for the language.
    deaf = replace(catalogue, language="none")
    model = load_model("en")
    matchers = {"with sound": Matcher(catalogue, model=model), "without": Matcher(deaf, model=model)}
    lines = [
        "| names of | said | misheard | right, with sound | without | wrong, with sound | without |",
        "|---|---|---|---|---|---|---|",
    ]
    total: Counter[str] = Counter()
    for name, (intent, slot, sentence) in SENTENCES.items():
        counts = count(
            matchers, intent, slot, list(transcripts(catalogue.intents[intent].choices[slot], sentence))
        )
        total += counts
        lines.append(_row(name, counts))
    lines.append(_row("all", total))
    text = PAGE.read_text(encoding="utf-8")
    before, after = text.split(BEGIN)[0], text.split(END)[1]
    PAGE.write_text(f"{before}{BEGIN}\n\n{chr(10).join(lines)}\n\n{END}{after}", encoding="utf-8")


def transcripts(values: tuple[str, ...], sentence: str) -> Iterator[tuple[str, str]]:
    """The values that were said, and the sentence with what was heard in its place."""
    decoder = pocketsphinx.Decoder(samprate=SAMPLE_RATE, loglevel="ERROR")
    chosen = values[:: max(1, len(values) // VALUES)][:VALUES]
    for number, value in enumerate(chosen):
        decoder.start_utt()
        decoder.process_raw(_sound(VOICES[number % len(VOICES)], value, number), full_utt=True)
        decoder.end_utt()
        heard = decoder.hyp()
        yield value, sentence.format(heard.hypstr if heard else "")


def count(matchers: dict[str, Matcher], intent: str, slot: str, heard: list[tuple[str, str]]) -> Counter[str]:
    """How many names were said and misheard, and what each matcher made of those: the right value, or another."""
    counts = Counter(said=len(heard))
    for value, text in heard:
        if f" {normalise(value)} " in f" {normalise(text)} ":
            continue
        counts["misheard"] += 1
        found = {}
        for name, matcher in matchers.items():
            match = matcher.match(text)
            found[name] = str(match.slots.get(slot, "")) if isinstance(match, IntentMatch) else ""
            counts[f"right, {name}"] += found[name] == value
            counts[f"wrong, {name}"] += found[name] not in ("", value)
        sys.stderr.write(f"{intent}: {value!r} heard as {text!r}: {found}\n")
    return counts


def _sound(voice: Voice, text: str, seed: int) -> bytes:
    speech = np.pad(synthesise(voice, text) * 0.4, round(LEAD_S * SAMPLE_RATE)) * 32768
    speech += np.random.default_rng(seed).normal(0, ROOM_TONE, len(speech))
    return np.clip(np.rint(speech), -32768, 32767).astype(np.int16).tobytes()


def _row(name: str, counts: Counter[str]) -> str:
    keys = ("said", "misheard", "right, with sound", "right, without", "wrong, with sound", "wrong, without")
    return f"| {name} | {' | '.join(str(counts[key]) for key in keys)} |"


if __name__ == "__main__":
    main()
