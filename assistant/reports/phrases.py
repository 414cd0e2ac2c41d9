"""Sentences and templates out of the log: what was really said, with the intent and slots that a person gave it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeVar

import yaml

from assistant.errors import StoreError
from assistant.files import write_whole
from intents.cases import read_cases
from intents.induction import Labelled

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import tzinfo
    from pathlib import Path

    from assistant.records import Interaction, Verdict
    from intents.induction import Induced

HEADING: Final = """\
# Sentences that were reviewed, as templates: made by `pennyworth intents from-log`, which adds to this file.
# Change what you like; comments of your own are not kept. `pennyworth intents check` looks for what is wrong.
"""


class Turn(Protocol):
    """What of an interaction tells answers from commands."""

    @property
    def session(self) -> str:
        """The conversation that it is a turn of."""
        ...

    @property
    def outcome(self) -> str:
        """What became of it."""
        ...


T = TypeVar("T", bound=Turn)


def no_answers(turns: Iterable[T]) -> Iterator[T]:
    """Turns that did not follow a question; `turns` are all of each session that is in question, in the log's order.

    "The large one" means something only as an answer, and a PIN is one. A question stays open where the answer to it
    was not understood.
    """
    is_open: dict[str, bool] = {}
    for it in turns:
        answers = is_open.get(it.session, False)
        is_open[it.session] = it.outcome == "asked" or (answers and it.outcome == "rejected")
        if not answers:
            yield it


def by_themselves(
    turns: Iterable[Interaction], verdicts: Mapping[str, Verdict]
) -> Iterator[tuple[Interaction, Verdict]]:
    """What was reviewed and means something without what was said before it.

    Args:
        turns: Interactions in the order of the log, all turns of each session that is in question.
        verdicts: The newest verdict on each, by id.
    """
    for it in no_answers(turns):
        verdict = verdicts.get(it.id)
        if verdict and verdict.said:
            yield it, verdict


def phrases_from_log(
    turns: Iterable[Interaction], verdicts: Mapping[str, Verdict]
) -> Iterator[dict[str, Any]]:
    """Lines as `intents.cases.read_cases` reads them, each with the id of its interaction; arguments as above."""
    for it, verdict in by_themselves(turns, verdicts):
        yield {
            "text": verdict.said,
            "label": verdict.intent or "none",
            "slots": dict(verdict.slots),
            "id": it.id,
        }


def labelled_from_log(
    turns: Iterable[Interaction], verdicts: Mapping[str, Verdict], zone: tzinfo
) -> Iterator[Labelled]:
    """The same for `intents.induction.induce`, without what is none of ours; times are relative to when it was said."""
    for it, verdict in by_themselves(turns, verdicts):
        if verdict.intent:
            yield Labelled(
                id=str(it.number),
                text=verdict.said,
                intent=verdict.intent,
                slots=dict(verdict.slots),
                now=it.at.astimezone(zone),
            )


def definitions_text(language: str, templates: Iterable[Induced], before: str = "") -> str:
    """A definition file with `templates`, after what stands in `before`, a file that this made."""
    blocks: dict[str, list[dict[str, Any]]] = {}
    if before:
        for intent, body in yaml.safe_load(before)["intents"].items():
            blocks[intent] = body["data"]
    for each in templates:
        same = (b for b in blocks.setdefault(each.intent, []) if b.get("slots", {}) == dict(each.slots))
        block = next(same, None)
        if block is None:
            block = {"slots": dict(each.slots)} if each.slots else {}
            blocks[each.intent].append(block)
        sentences = block.setdefault("sentences", [])
        if each.template not in sentences:
            sentences.append(each.template)
    body = {"language": language, "intents": {intent: {"data": some} for intent, some in blocks.items()}}
    return HEADING + yaml.safe_dump(body, allow_unicode=True, sort_keys=False, width=120)


def add_templates(path: Path, language: str, templates: Sequence[Induced]) -> int:
    """Add to the definition file what is not in it yet, and return how many templates that were; the file as above.

    Raises:
        StoreError: there is such a file, and this did not make it; or it cannot be written.
    """
    before = ""
    if path.exists():
        try:
            before = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            raise StoreError(f"cannot read {path}; name another file") from None
        if not before.startswith(HEADING.splitlines()[0]):
            raise StoreError(
                f"{path} holds definitions of your own; name another file, which is laid beside it"
            )
    if not templates:
        return 0
    text = definitions_text(language, templates, before)
    if text != before:
        _write(path, text)
    return len(templates)


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
    if new:
        _write(path, before + "".join(new))
    return len(new)


def _write(path: Path, text: str) -> None:
    try:
        write_whole(path, text.encode(), private=True)
    except OSError as error:
        raise StoreError(f"cannot write {path}: {error.strerror}; choose another place") from None
