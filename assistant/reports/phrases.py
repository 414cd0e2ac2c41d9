"""Labelled sentences out of the log: what was really said, with the intent and slots that a person gave it."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

from assistant.errors import StoreError
from intents.cases import read_cases

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from assistant.records import Interaction, Verdict


def phrases_from_log(
    turns: Iterable[Interaction], verdicts: Mapping[str, Verdict]
) -> Iterator[dict[str, Any]]:
    """Lines as `intents.cases.read_cases` reads them, each with the id of its interaction.

    What followed a question is left out: "the large one" means something only as an answer to it, and a PIN is one.

    Args:
        turns: Interactions in the order of the log, all turns of each session that is in question.
        verdicts: The newest verdict on each, by id.
    """
    before: dict[str, str] = {}
    for it in turns:
        answers = before.get(it.session) == "asked"
        before[it.session] = it.outcome
        verdict = verdicts.get(it.id)
        if verdict and verdict.said and not answers:
            yield {
                "text": verdict.said,
                "label": verdict.intent or "none",
                "slots": dict(verdict.slots),
                "id": it.id,
            }


def add_phrases(path: Path, phrases: Iterable[Mapping[str, Any]]) -> int:
    """Add to the file what is not in it yet, by the interaction's id, and return how many lines that were.

    What is there stays as it is, also where its verdict has changed since or somebody has edited the line. The file
    appears whole or stays as it was, and is readable by the owner only.

    Raises:
        CorpusError: there is such a file, and it holds something other than labelled sentences.
        StoreError: it cannot be written.
    """
    known: set[str] = set()
    before = ""
    if path.exists() and (path.is_dir() or path.stat().st_size):
        read_cases(path)
        before = path.read_text(encoding="utf-8").rstrip("\n") + "\n"
        known = {str(json.loads(line).get("id", "")) for line in before.splitlines() if line.strip()}
    new = [json.dumps(each, ensure_ascii=False) + "\n" for each in phrases if each["id"] not in known]
    if not new:
        return 0
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        handle = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(before + "".join(new))
            file.flush()
            os.fsync(file.fileno())
        aside.replace(path)
    except OSError as error:
        raise StoreError(f"cannot write {path}: {error.strerror}; choose another place") from None
    finally:
        aside.unlink(missing_ok=True)
    return len(new)
