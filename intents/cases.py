"""Labelled sentences in JSON lines: what understanding is trained and measured on."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import msgspec

from intents.errors import CorpusError
from intents.normalise import normalise

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from pathlib import Path

_KEYS: Final = "text (words), label (an intent, or none), and, if you like, slots, hard and intent"
# The slots of SLURP by their names here; by intent, since a place is where it rains or where a ride goes.
# What has no counterpart (a player's settings, the price range of a restaurant) is left out.
_SLURP_SLOTS: Final[Mapping[str, Mapping[str, str]]] = {
    "music": {
        "artist_name": "artist",
        "music_genre": "genre",
        "playlist_name": "playlist",
        "song_name": "song",
    },
    "weather": {"place_name": "place", "date": "day"},
    # The parts of a time ("tomorrow", "eight", "morning") are one slot of ours.
    "ride": {"place_name": "destination", "date": "time", "time": "time", "timeofday": "time"},
}


@dataclass(frozen=True, kw_only=True)
class Case:
    """One labelled sentence."""

    text: str
    """As it was said or written."""
    label: str
    """The intent that is right, or "none"."""
    slots: Mapping[str, str] | None = None
    """Slot name to the value that is right, as words; None where nothing is known of slots."""
    hard: bool = False
    """Near the boundary: of another subject, or another command about the same thing."""
    fine: str = ""
    """A finer label, if the corpus has one; only training looks at it."""
    line: int = field(default=0, compare=False)
    """Number of its line in the file, from 1."""


def read_cases(path: Path) -> list[Case]:
    """The cases of a JSON lines file; blank lines are skipped.

    A line is an object with `text`, `label` (null is "none"), and optionally `slots` ({name: value}, or SLURP's list of
    {"type", "value"}, whose types are given our names), `hard` and `intent` (the finer label); other keys are let be.

    Raises `CorpusError` naming the file, the line, what was found and what was expected.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise CorpusError(f"{path}: cannot be read ({error.strerror}); give a file of JSON lines") from error
    except UnicodeDecodeError as error:
        raise CorpusError(f"{path}: is not UTF-8 text ({error.reason}); save it as UTF-8") from error
    cases = [_case(line, f"{path}:{n}", n) for n, line in enumerate(lines, start=1) if line.strip()]
    if not cases:
        raise CorpusError(f"{path}: holds no case; give one JSON object a line with {_KEYS}")
    return cases


def require_labels(cases: Sequence[Case], labels: Collection[str], source: object) -> None:
    """Raises `CorpusError`, naming `source`, line and label, for the first case of a label not in `labels`."""
    for case in cases:
        if case.label not in labels:
            raise CorpusError(
                f"{source}:{case.line}: label {case.label!r} is none of {', '.join(labels)}; map it to one of them"
            )


def _case(line: str, place: str, number: int) -> Case:
    try:
        data = msgspec.json.decode(line.encode())
    except (msgspec.DecodeError, UnicodeEncodeError) as error:
        raise CorpusError(f"{place}: is no JSON ({error}); expected an object with {_KEYS}") from error
    if not isinstance(data, dict):
        raise CorpusError(f"{place}: found {_shown(data)}; expected an object with {_KEYS}")
    text = data.get("text")
    if not isinstance(text, str):
        raise CorpusError(f"{place}: text is {_shown(text)}; expected the words that were said")
    label = data.get("label", "") or ("none" if "label" in data else "")
    if not isinstance(label, str) or not label:
        raise CorpusError(
            f"{place}: label is {_shown(data.get('label'))}; expected an intent such as pizza, or none"
        )
    hard = data.get("hard", False)
    if not isinstance(hard, bool):
        raise CorpusError(f"{place}: hard is {_shown(hard)}; expected true or false")
    fine = data.get("intent") or ""
    if not isinstance(fine, str):
        raise CorpusError(f"{place}: intent is {_shown(fine)}; expected a finer label, as text")
    return Case(
        text=text,
        label=label,
        slots=_slots(data["slots"], label, text, place) if data.get("slots") is not None else None,
        hard=hard,
        fine=fine,
        line=number,
    )


def _slots(slots: Any, label: str, text: str, place: str) -> dict[str, str]:
    if isinstance(slots, dict):
        if all(isinstance(value, str | int) for value in slots.values()):
            return {name: normalise(str(value)) for name, value in slots.items()}
    elif isinstance(slots, list) and all(
        isinstance(slot, dict) and isinstance(slot.get("type"), str) and isinstance(slot.get("value"), str)
        for slot in slots
    ):
        return _by_our_names(slots, _SLURP_SLOTS.get(label, {}), text)
    raise CorpusError(
        f'{place}: slots is {_shown(slots)}; expected {{"size": "large"}} or [{{"type": "size", "value": "large"}}]'
    )


def _by_our_names(slots: Sequence[Mapping[str, str]], names: Mapping[str, str], text: str) -> dict[str, str]:
    """SLURP's slots by our `names`; those that are parts of one of ours in the order in which they were said."""
    found: dict[str, str] = {}
    for slot in sorted(slots, key=lambda slot: text.find(slot["value"])):
        if name := names.get(slot["type"]):
            # "this week 's" is of "this week's weather", and a playlist is named without saying what it is.
            value = normalise(slot["value"].removesuffix("'s"))
            if name == "playlist":
                value = value.removesuffix(" playlist")
            found[name] = f"{found[name]} {value}" if name in found else value
    return found


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
