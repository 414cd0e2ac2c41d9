"""The n-gram and the dictionary that PocketSphinx listens with, built from phrases and kept on disk.

Building reads the bundled dictionary (134 860 entries) and counts n-grams, a second or so on a small machine,
so the result is cached under the hash of all that goes into it.
"""

from __future__ import annotations

import hashlib
import io
import json
import logging
import math
import os
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from assistant.errors import RecognitionError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

logger = logging.getLogger(__name__)

FORMAT: Final = 1
"""Raised whenever the files below are made differently, so that old ones are not taken for new."""

DISCOUNT_MASS: Final = 0.03
"""Share of probability left to word sequences that no phrase holds.

The library's 0.5 is for texts; phrases sampled from templates hold nearly every sequence that means something.
"""

SHORT_WORDS: Final = 3
"""Phrases of so many words or fewer are short ones."""

SHORT_SHARE: Final = 0.1
"""Share of all phrases that the short ones of each length come to at least.

Templates with slots make thousands of long sentences for one "yes", yet people say "yes" as often; without this a
word from inside a sentence wins over it.
"""

_VARIANT: Final = re.compile(r"\(\d+\)$")


@dataclass(frozen=True, kw_only=True)
class LanguageFiles:
    """Two files that PocketSphinx reads when it is opened."""

    arpa: Path
    """The trigram in ARPA format."""
    dictionary: Path
    """The pronunciations of its words, one a line."""
    unknown: tuple[str, ...]
    """Words of the phrases that the bundled dictionary does not hold, sorted."""


def language_files(
    phrases: Sequence[str], folder: Path, *, bundled_dictionary: Path, version: str
) -> LanguageFiles:
    """The files for `phrases`, from `folder` where they are there and whole, else built and put there.

    `version` is the library's. Phrases with unknown words are left out. Raises `RecognitionError` when no
    phrase is left or `folder` cannot be written. A file is written aside and renamed; the manifest, which
    comes last, holds the checksums, so a half-written or damaged set is noticed and built anew.
    """
    key = _key(phrases, version)
    manifest_path = folder / f"{key}.json"
    arpa, dictionary = folder / f"{key}.arpa", folder / f"{key}.dict"
    unknown = _cached(manifest_path, arpa, dictionary)
    if unknown is None:
        entries = read_dictionary(bundled_dictionary, phrases)
        known, unknown = split_phrases(phrases, entries)
        texts = {arpa: arpa_text(weighted(known)), dictionary: dictionary_text(known, entries)}
        manifest = {
            "unknown": list(unknown),
            "sha256": {path.name: _digest(text.encode()) for path, text in texts.items()},
        }
        try:
            folder.mkdir(parents=True, exist_ok=True)
            for path, text in texts.items():
                _write(path, text)
            _write(manifest_path, json.dumps(manifest))
        except OSError as error:
            raise RecognitionError(
                f"the language model cannot be written to {folder} ({error.strerror}); "
                "make room there, or name another cache folder"
            ) from error
    return LanguageFiles(arpa=arpa, dictionary=dictionary, unknown=unknown)


def read_dictionary(bundled: Path, phrases: Iterable[str]) -> dict[str, list[str]]:
    """Of each of the phrases' words that `bundled` holds, its lines there: one for each pronunciation."""
    wanted = {word for phrase in phrases for word in phrase.split()}
    entries: dict[str, list[str]] = {}
    with bundled.open(encoding="utf-8") as lines:
        for line in lines:
            head = line.split(None, 1)[0]
            word = _VARIANT.sub("", head)
            if word in wanted:
                entries.setdefault(word, []).append(line)
    return entries


def pronunciations(words: Iterable[str]) -> dict[str, list[tuple[str, ...]]]:
    """Of each of `words` that PocketSphinx's bundled English dictionary holds, its pronunciations in phones."""
    import pocketsphinx

    bundled = Path(pocketsphinx.get_model_path("en-us/cmudict-en-us.dict"))
    return {
        word: [tuple(line.split()[1:]) for line in lines]
        for word, lines in read_dictionary(bundled, words).items()
    }


def split_phrases(
    phrases: Iterable[str], pronunciations: dict[str, list[str]]
) -> tuple[list[str], tuple[str, ...]]:
    """The phrases that can be heard, and the words that cannot; raises when no phrase is left."""
    known: list[str] = []
    unknown: set[str] = set()
    for phrase in phrases:
        words = phrase.split()
        missing = {word for word in words if word not in pronunciations}
        unknown |= missing
        if words and not missing:
            known.append(" ".join(words))
    if not known:
        raise RecognitionError(
            "PocketSphinx's English dictionary covers none of the phrases to listen for; without it: "
            f"{', '.join(sorted(unknown)[:20])}. Use Vosk with a model of the language"
        )
    return known, tuple(sorted(unknown))


def weighted(phrases: Sequence[str]) -> list[str]:
    """The phrases, with the short ones repeated until they are `SHORT_SHARE` of them, length by length."""
    wanted = math.ceil(SHORT_SHARE * len(phrases))
    result = list(phrases)
    for length in range(1, SHORT_WORDS + 1):
        short = [phrase for phrase in phrases if len(phrase.split()) == length]
        if short:
            result += short * (math.ceil(wanted / len(short)) - 1)
    return result


def arpa_text(phrases: Iterable[str]) -> str:
    """The trigram of the phrases in ARPA format; a phrase that comes twice counts twice."""
    from pocketsphinx.lm import ArpaBoLM

    model = ArpaBoLM(text="\n".join(phrases), add_start=True, discount_mass=DISCOUNT_MASS)
    model.compute()
    out = io.StringIO()
    model.write(out)
    return out.getvalue()


def dictionary_text(phrases: Iterable[str], pronunciations: dict[str, list[str]]) -> str:
    """The part of the dictionary that the phrases use; the search tree is built from it, and stays small."""
    used = sorted({word for phrase in phrases for word in phrase.split()})
    return "".join(line for word in used for line in pronunciations[word])


def _key(phrases: Sequence[str], version: str) -> str:
    return _digest(
        json.dumps([FORMAT, DISCOUNT_MASS, SHORT_WORDS, SHORT_SHARE, version, list(phrases)]).encode()
    )[:32]


def _cached(manifest_path: Path, arpa: Path, dictionary: Path) -> tuple[str, ...] | None:
    """The unknown words that the manifest names, or None unless the set is whole."""
    try:
        manifest = json.loads(manifest_path.read_text(encoding="utf-8"))
        sums, unknown = manifest["sha256"], manifest["unknown"]
        whole = all(sums[path.name] == _digest(path.read_bytes()) for path in (arpa, dictionary))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        logger.debug("the language model at %s is built anew: %s", manifest_path, error)
        return None
    return tuple(unknown) if whole else None


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _write(path: Path, text: str) -> None:
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=path.name, suffix=".part")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as out:
            out.write(text)
        Path(temporary).replace(path)
    finally:
        Path(temporary).unlink(missing_ok=True)
