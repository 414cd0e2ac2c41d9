"""Take the sounds of the most frequent words from PocketSphinx's language model and dictionary.

    python -m assistant.recognition.grammar.train_background

writes `background.json` beside this file, the same bytes every time.
"""

from __future__ import annotations

import json
import math
import re
import sys
from pathlib import Path
from typing import Final

from assistant.recognition.grammar.acoustic_model import bundled_model
from assistant.recognition.grammar.background import SOUNDS

WORDS: Final = 2_000
_BASE: Final = math.log(1.0001)
"""The library counts its logarithms in powers of this."""


def main() -> None:
    """Write the file."""
    from pocketsphinx import NGramModel

    place = bundled_model()
    model = NGramModel.readfile(str(place.folder.parent / "en-us.lm.bin"))
    variants: dict[str, list[str]] = {}
    for line in place.dictionary.read_text(encoding="utf-8").splitlines():
        head, phones = line.split(None, 1)
        if head[0].isalpha():
            variants.setdefault(re.sub(r"\(\d+\)$", "", head), []).append(" ".join(phones.split()))
    likely = {word: model.prob([word]) * _BASE for word in variants}
    sounds: dict[str, float] = {}
    for word in sorted(variants, key=lambda word: (-likely[word], word))[:WORDS]:
        for sound in variants[word]:
            # Words that sound alike are one, as likely as the likeliest.
            sounds.setdefault(sound, round(likely[word], 2))
    path = Path(__file__).with_name(SOUNDS)
    path.write_text(json.dumps(sounds, indent=0) + "\n", encoding="utf-8")
    sys.stdout.write(f"{len(sounds)} sounds of {WORDS} words, {path.stat().st_size} bytes\n")


if __name__ == "__main__":
    main()
