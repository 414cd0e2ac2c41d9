"""Cases of our own format: a line of JSON a recording, and whether one ended as its line says."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import msgspec

from assistant.errors import ConfigError
from assistant.records import Interaction, Outcome


@dataclass(frozen=True, kw_only=True)
class Case:
    """One recording and what should become of it."""

    audio: str
    """Path relative to the corpus folder."""
    intent: str | None
    """What it is about; None when it is none of ours."""
    slots: dict[str, str | int] = field(default_factory=dict)
    """Slots that this very utterance fills."""
    text: str = ""
    """What is said, if known."""
    conversation: str = ""
    """Lines of one conversation follow each other and carry its name."""
    at: datetime | None = None
    """When it is said, if that matters."""
    outcome: Outcome | None = None
    """What becomes of it, if known."""
    voice: str = ""
    """Whose it is."""


def load_cases(folder: Path) -> list[Case]:
    """The cases of the `cases.jsonl` in `folder`, in order; raises what `read_cases` does."""
    return read_cases(folder / "cases.jsonl")


def read_cases(path: Path) -> list[Case]:
    """The cases of a list, in order; recordings are relative to it.

    Raises:
        ConfigError: it cannot be read, or a line is not a case, or its recording is missing.
    """
    folder = path.parent
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise ConfigError(f"cannot read the corpus {path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{path} is not UTF-8 text, so it is no list of cases") from None
    cases = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            case = msgspec.json.decode(line, type=Case)
        except msgspec.DecodeError as error:
            raise ConfigError(f"{path}, line {number}: {error}") from None
        if not (folder / case.audio).is_file():
            raise ConfigError(f"{path}, line {number}: there is no recording {folder / case.audio}")
        cases.append(case)
    return cases


def ended_as_said(case: Case, interactions: Sequence[Interaction]) -> bool:
    """Whether what was made of a recording is what its case says: intent, every slot, and outcome.

    Speech or noise that is none of ours may be split, or not be taken for speech at all.
    """
    if case.intent is None:
        return all(it.intent is None for it in interactions)
    if len(interactions) != 1:
        return False
    it = interactions[0]
    return it.intent == case.intent and dict(it.slots) == case.slots and case.outcome in (None, it.outcome)
