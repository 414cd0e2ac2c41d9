"""Corpora of recordings with labels: our own, and three public ones read as they are published.

Formats, with their sources:

- ours: `cases.jsonl` or `labels.jsonl`, a line a recording (`assistant.audiotest.cases.Case`);
- the Picovoice speech-to-intent benchmark: `label.json`, file name to {intent, slots}, the recordings in
  `speech/clean` (github.com/Picovoice/speech-to-intent-benchmark);
- Fluent Speech Commands: a CSV with the columns path, transcription, action, object, location
  (fluent.ai; paths from the dataset's root);
- SLURP: JSON lines with sentence, intent, tokens, entities and recordings (github.com/pswietojanski/slurp).
"""

from __future__ import annotations

import csv
import json
import logging
import re
from dataclasses import dataclass, field, replace
from itertools import count
from typing import TYPE_CHECKING, Any, Final

import msgspec

from assistant.audiotest.cases import Case, read_cases
from assistant.config import load_strict
from assistant.errors import ConfigError
from hardware.audiofile import write_flac
from intents.normalise import clean

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

logger = logging.getLogger(__name__)

OWN: Final = ("cases.jsonl", "labels.jsonl")
"""Names of our own lists of cases."""

PICOVOICE: Final = ("label.json", "label/label.json", "data/label/label.json")
FLUENT: Final = ("data/test_data.csv", "test_data.csv")
SLURP: Final = ("test.jsonl", "dataset/slurp/test.jsonl")

_PICOVOICE_AUDIO: Final = (".", "speech/clean", "../speech/clean")
_SLURP_AUDIO: Final = (".", "slurp_real", "audio/slurp_real", "audio", "scripts/audio/slurp_real")


@dataclass(frozen=True, kw_only=True)
class Corpus:
    """Recordings, with what should become of each."""

    name: str
    """The folder's or list's name."""
    folder: Path
    """What the cases' paths are relative to."""
    cases: tuple[Case, ...]
    """In order; the lines of one conversation follow each other."""

    def conversations(self) -> list[tuple[Case, ...]]:
        """The cases, those of one conversation together; a case without one stands alone."""
        found: list[list[Case]] = []
        for case in self.cases:
            if case.conversation and found and found[-1][0].conversation == case.conversation:
                found[-1].append(case)
            else:
                found.append([case])
        return [tuple(cases) for cases in found]


@dataclass(frozen=True, kw_only=True)
class LabelMap:
    """How the labels of a foreign corpus are called in the command language that is tested."""

    intents: dict[str, str]
    """Their intent to ours; every other one is out of scope."""
    slots: dict[str, str] = field(default_factory=dict)
    """Their slot to ours; every other one is not compared."""

    def applied(self, case: Case) -> Case:
        """The case in our words."""
        intent = self.intents.get(case.intent or "")
        slots = {self.slots[name]: value for name, value in case.slots.items() if name in self.slots}
        return replace(case, intent=intent, slots=slots if intent else {})


def load_label_map(path: Path) -> LabelMap:
    """A TOML file with the tables [intents] and [slots]; ConfigError when it is none."""
    return load_strict(path, LabelMap)


def load_corpus(path: Path, *, label_map: LabelMap | None = None) -> Corpus:
    """The corpus in a folder, or the one that a list of cases (jsonl, label.json, csv) describes.

    Raises:
        ConfigError: there is no corpus, a line of it is not one, it is empty, or a recording is missing.
    """
    listing = path if path.is_file() else _listing(path)
    if listing.suffix == ".csv":
        folder, cases = _fluent(listing)
    elif listing.suffix == ".json":
        folder, cases = _picovoice(listing)
    elif _is_slurp(listing):
        folder, cases = _slurp(listing)
    else:
        folder, cases = listing.parent, read_cases(listing)
    if not cases:
        raise ConfigError(f"{listing} names no recordings; a corpus has at least one")
    _check_conversations(cases, listing)
    if label_map is not None:
        cases = [label_map.applied(case) for case in cases]
    name = listing.stem if path.is_file() and listing.name not in OWN else listing.resolve().parent.name
    return Corpus(name=name, folder=folder, cases=tuple(cases))


def _listing(folder: Path) -> Path:
    if not folder.exists():
        raise ConfigError(f"there is no corpus {folder}; name a folder of recordings or its list of cases")
    for name in (*OWN, *PICOVOICE, *FLUENT, *SLURP):
        if (folder / name).is_file():
            return folder / name
    raise ConfigError(
        f"{folder} holds no corpus: there is no {' or '.join(OWN)} in it (and none of "
        f"{', '.join((*PICOVOICE, *FLUENT, *SLURP))}); name the list of cases itself if it is called otherwise"
    )


def _picovoice(listing: Path) -> tuple[Path, list[Case]]:
    labels = _json(listing.read_bytes(), listing)
    if not isinstance(labels, dict):
        raise ConfigError(f"{listing}: expected an object of file name to intent and slots")
    root = listing.parent
    folder = _first_with(root, _PICOVOICE_AUDIO, labels)
    if folder is None:
        raise ConfigError(
            f"none of the {len(labels)} recordings that {listing} names is in {', '.join(_PICOVOICE_AUDIO)} from there"
        )
    cases = []
    for name, label in labels.items():
        if not (folder / name).is_file():
            continue
        try:
            # As published, some values begin with a space.
            slots: dict[str, str | int] = {slot: str(value).strip() for slot, value in label["slots"].items()}
            cases.append(Case(audio=name, intent=label["intent"], slots=slots))
        except (KeyError, TypeError, AttributeError):
            raise ConfigError(f"{listing}: {name!r} has not the keys intent and slots") from None
    # The labels cover more than one set of recordings.
    _mention_missing(len(labels) - len(cases), listing)
    return folder, cases


def _fluent(listing: Path) -> tuple[Path, list[Case]]:
    with listing.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    needed = {"path", "transcription", "action", "object", "location"}
    if not rows or not needed <= set(rows[0]):
        raise ConfigError(f"{listing}: expected a CSV file with the columns {', '.join(sorted(needed))}")
    folder = _first_with(listing.parent, ("..", "."), [row["path"] for row in rows])
    if folder is None:
        raise ConfigError(f"{listing}: {rows[0]['path']} is neither beside it nor in the folder above")
    cases = [
        Case(
            audio=row["path"],
            intent=row["action"],
            slots={name: row[name] for name in ("object", "location") if row[name] != "none"},
            text=row["transcription"],
            voice=row.get("speakerId") or "",
        )
        for row in rows
    ]
    return folder, _all_there(cases, folder, listing)


def _is_slurp(listing: Path) -> bool:
    try:
        with listing.open(encoding="utf-8") as file:
            return '"slurp_id"' in file.readline()
    except (OSError, UnicodeDecodeError):
        return False


def _slurp(listing: Path) -> tuple[Path, list[Case]]:
    items = [
        _json(line, listing, number)
        for number, line in enumerate(listing.read_text(encoding="utf-8").splitlines(), start=1)
        if line.strip()
    ]
    try:
        cases = [
            Case(
                audio=recording["file"],
                intent=item["intent"],
                slots={entity["type"]: _span(item, entity) for entity in item["entities"]},
                text=item["sentence"],
            )
            for item in items
            for recording in item["recordings"]
        ]
    except (KeyError, TypeError, IndexError) as error:
        raise ConfigError(f"{listing}: a line is not one of SLURP's ({error})") from None
    # The list may lie far from the recordings: in a checkout, or beside them.
    places = [place for root in listing.resolve().parents[:3] for place in (root / p for p in _SLURP_AUDIO)]
    folder = _first_with(listing.parent, places, [case.audio for case in cases])
    if folder is None:
        raise ConfigError(
            f"{listing}: its recordings are in none of {', '.join(_SLURP_AUDIO)}, from there or up to two folders above"
        )
    there = [case for case in cases if (folder / case.audio).is_file()]
    _mention_missing(len(cases) - len(there), listing)
    return folder, there


def _span(item: Mapping[str, Any], entity: Mapping[str, Any]) -> str:
    return " ".join(item["tokens"][index]["surface"] for index in entity["span"])


def _first_with(root: Path, places: Iterable[str | Path], names: Iterable[str]) -> Path | None:
    """The first place that holds one of the recordings."""
    names = list(names)
    for folder in (root / place for place in places):
        if folder.is_dir() and any((folder / name).is_file() for name in names):
            return folder
    return None


def _all_there(cases: list[Case], folder: Path, listing: Path) -> list[Case]:
    for case in cases:
        if not (folder / case.audio).is_file():
            raise ConfigError(f"{listing}: there is no recording {folder / case.audio}")
    return cases


def _mention_missing(count: int, listing: Path) -> None:
    if count:
        logger.warning("%s names %d recording(s) that are not here; they are left out", listing, count)


def _check_conversations(cases: Iterable[Case], listing: Path) -> None:
    ended: set[str] = set()
    running = ""
    for case in cases:
        if case.conversation != running:
            ended.add(running)
            running = case.conversation
            if running and running in ended:
                raise ConfigError(
                    f"{listing}: the conversation {running!r} is interrupted at {case.audio}; put its lines together"
                )


def _json(data: str | bytes, listing: Path, number: int | None = None) -> Any:
    try:
        return json.loads(data)
    except ValueError as error:
        raise ConfigError(f"{listing}{f', line {number}' if number else ''}: {error}") from None


def to_lines(cases: Iterable[Case]) -> Iterator[str]:
    """Cases as lines of our own format, without what they leave open."""
    for case in cases:
        fields = msgspec.to_builtins(case)
        kept = {key: value for key, value in fields.items() if key in ("audio", "intent", "slots") or value}
        yield json.dumps(kept, ensure_ascii=False)


def free_name(folder: Path, words: str) -> str:
    """A name for a recording of `words` that no file in `folder` has."""
    stem = re.sub(r"[^a-z0-9]+", "-", clean(words)).strip("-")[:60] or "recording"
    names = (f"{stem}.flac" if number == 1 else f"{stem}-{number}.flac" for number in count(1))
    return next(name for name in names if not (folder / name).exists())


def add_case(folder: Path, case: Case, samples: NDArray[np.int16]) -> None:
    """Add a recording, shape (n,) at 16 kHz, and its case to the list in `folder`: the sound first, so that a list
    never names what is not there.

    Raises:
        ConfigError: the folder or its list cannot be written.
        AudioFileError: the recording cannot be written.
    """
    listing = folder / OWN[0]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_flac(folder / case.audio, samples)
        before = listing.read_bytes() if listing.exists() else b""
        (line,) = to_lines([case])
        with listing.open("ab") as file:
            # A list that somebody wrote by hand may end without a line's end.
            file.write((b"\n" if before and not before.endswith(b"\n") else b"") + line.encode() + b"\n")
    except OSError as error:
        raise ConfigError(f"cannot write {listing}: {error.strerror}; choose another folder") from None
