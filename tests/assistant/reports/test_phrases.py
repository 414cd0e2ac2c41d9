"""What was reviewed becomes labelled sentences, and nothing that stands in the file is lost."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from assistant.clock import new_id
from assistant.errors import StoreError
from assistant.ledger.rules import book_interaction
from assistant.reports.phrases import add_phrases, phrases_from_log
from assistant.store.store import Store
from assistant.store.verdicts import add_verdict
from intents.cases import read_cases
from intents.errors import CorpusError
from tests.assistant.examples import NOW, interaction, plan
from tests.assistant.test_cli import document, pennyworth
from tests.assistant.test_privacy import said, verdict

if TYPE_CHECKING:
    from pathlib import Path


def test_each_has_what_was_really_said_and_meant(tmp_path: Path) -> None:
    right, wrong, foreign, unreviewed = (said(n) for n in range(4))
    verdicts = {
        right.id: verdict(right),
        wrong.id: verdict(
            wrong, verdict="wrong", said="order two pizzas", intent="pizza", slots={"quantity": 2}
        ),
        foreign.id: verdict(foreign, verdict="wrong", said="is it late", intent=None, slots={}),
    }
    path = tmp_path / "words.jsonl"
    assert add_phrases(path, phrases_from_log([right, wrong, foreign, unreviewed], verdicts)) == 3
    assert [(case.text, case.label, case.slots) for case in read_cases(path)] == [
        ("play some jazz", "music", {"genre": "jazz", "times": "two"}),
        ("order two pizzas", "pizza", {"quantity": "two"}),
        ("is it late", "none", {}),
    ]
    assert path.stat().st_mode & 0o777 == 0o600


def test_an_answer_to_a_question_is_left_out() -> None:
    asked = said(1, outcome="asked")
    answer, after = (
        interaction(id=new_id(NOW + timedelta(minutes=n)), session=asked.session) for n in (2, 3)
    )
    found = phrases_from_log([asked, answer, after], {it.id: verdict(it) for it in (asked, answer, after)})
    assert [each["id"] for each in found] == [asked.id, after.id]
    # An answer that was not understood leaves the question open.
    again = interaction(id=new_id(NOW + timedelta(minutes=4)), session=asked.session)
    found = phrases_from_log([asked, replace(answer, outcome="rejected"), again], {again.id: verdict(again)})
    assert list(found) == []
    # Though the question itself has no verdict.
    assert list(phrases_from_log([asked, answer], {answer.id: verdict(answer)})) == []


def test_what_is_in_the_file_stays(tmp_path: Path) -> None:
    path = tmp_path / "words.jsonl"
    one, two = said(1), said(2)
    mine = '{"text": "my own", "label": "none"}'
    edited = json.dumps({"text": "edited", "label": "weather", "id": one.id})
    path.write_text(f"{mine}\n\n{edited}")
    found = list(phrases_from_log([one, two], {it.id: verdict(it) for it in (one, two)}))
    assert add_phrases(path, found) == 1
    assert path.read_text().startswith(f"{mine}\n\n{edited}\n")
    assert [case.text for case in read_cases(path)] == ["my own", "edited", "play some jazz"]
    before = path.read_bytes()
    assert add_phrases(path, found) == 0
    assert path.read_bytes() == before


def test_a_file_of_something_else_is_refused_and_stays(tmp_path: Path) -> None:
    found = [{"text": "play some jazz", "label": "music", "id": "1"}]
    letter = tmp_path / "letter.txt"
    letter.write_text("Dear Ada\n")
    with pytest.raises(CorpusError, match=r"letter.txt:1: is no JSON"):
        add_phrases(letter, found)
    assert letter.read_text() == "Dear Ada\n"
    with pytest.raises(CorpusError, match="cannot be read"):
        add_phrases(tmp_path, found)
    with pytest.raises(StoreError, match="cannot write"):
        add_phrases(tmp_path / "missing" / "words.jsonl", found)


def test_half_written_is_not_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "words.jsonl"
    path.write_text('{"text": "my own", "label": "none"}\n')

    def full(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(StoreError, match="No space left"):
        add_phrases(path, [{"text": "x", "label": "none", "id": "1"}])
    assert [each.name for each in tmp_path.iterdir()] == ["words.jsonl"]
    assert [case.text for case in read_cases(path)] == ["my own"]


def test_from_the_log_to_a_figure_of_real_accuracy(tmp_path: Path) -> None:
    db, words = tmp_path / "log.db", tmp_path / "words.jsonl"
    with Store.open(db) as store:
        for n, (text, intent) in enumerate([("play some jazz", "music"), ("play some jazz", "weather")]):
            it = said(n, transcript="play some chess")
            store.append(it, transactions=book_interaction(it, plan()))
            add_verdict(store, verdict(it, verdict="wrong", said=text, intent=intent, slots={}))
    done = pennyworth(tmp_path, "--db", db, "intents", "from-log", words)
    assert done.returncode == 0, done.stderr
    assert "2 sentences added; 2 reviewed, 2 of them no answers" in done.stdout
    found = document(pennyworth(tmp_path, "intents", "eval", words, "--json"))
    assert found["cases"] == 2
    assert found["recall"] == {"music": 1.0, "weather": 0.0}
    missing = pennyworth(tmp_path, "--db", tmp_path / "no.db", "intents", "from-log", words)
    assert missing.returncode == 3
    assert "there is no log" in missing.stderr
