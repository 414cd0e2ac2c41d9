"""Labelled sentences: what is read, and what is refused with a reason."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from intents.cases import Case, read_cases
from intents.errors import CorpusError

if TYPE_CHECKING:
    from pathlib import Path


def test_lines_become_cases(tmp_path: Path) -> None:
    file = tmp_path / "some.jsonl"
    lines = [
        {"text": "order a pizza", "label": "pizza", "slots": {"size": "large", "quantity": 2}},
        {
            "text": "play jazz",
            "label": "music",
            "slots": [{"type": "music_genre", "value": "Jazz"}],
            "extra": 1,
        },
        {"text": "is it late", "label": None, "hard": True, "intent": "datetime_query"},
        {
            "text": "will it rain in rome",
            "label": "weather",
            "slots": [{"type": "weather_descriptor", "value": "rain"}],
        },
    ]
    file.write_text("\n\n".join(map(json.dumps, lines)) + "\n")
    assert read_cases(file) == [
        Case(text="order a pizza", label="pizza", slots={"size": "large", "quantity": "two"}),
        Case(text="play jazz", label="music", slots={"genre": "jazz"}),
        Case(text="is it late", label="none", hard=True, fine="datetime_query"),
        Case(text="will it rain in rome", label="weather", slots={}),
    ]
    assert [case.line for case in read_cases(file)] == [1, 3, 5, 7]


@pytest.mark.parametrize(
    ("label", "text", "given", "slots"),
    [
        (
            "ride",
            "a taxi to the zoo at eight tomorrow morning",
            [("place_name", "zoo"), ("timeofday", "morning"), ("date", "tomorrow"), ("time", "eight")],
            {"destination": "zoo", "time": "eight tomorrow morning"},
        ),
        ("weather", "this week's weather", [("date", "this week 's")], {"day": "this week"}),
        ("music", "play my gym playlist", [("playlist_name", "gym playlist")], {"playlist": "gym"}),
        ("none", "play my gym playlist", [("playlist_name", "gym playlist")], {}),
    ],
)
def test_the_slots_of_slurp_have_our_names(
    tmp_path: Path, label: str, text: str, given: list[tuple[str, str]], slots: dict[str, str]
) -> None:
    file = tmp_path / "slurp.jsonl"
    types = [{"type": type_, "value": value} for type_, value in given]
    file.write_text(json.dumps({"text": text, "label": label, "slots": types}))
    assert read_cases(file)[0].slots == slots


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("order a pizza", r"bad.jsonl:2: is no JSON"),
        ("[1]", r"bad.jsonl:2: found \[1\]; expected an object with text"),
        ('{"label": "pizza"}', r"bad.jsonl:2: text is None"),
        ('{"text": 7, "label": "pizza"}', r"bad.jsonl:2: text is 7"),
        ('{"text": "hi"}', r"bad.jsonl:2: label is None; expected an intent such as pizza"),
        ('{"text": "hi", "label": 3}', r"bad.jsonl:2: label is 3"),
        (
            '{"text": "hi", "label": "none", "hard": "yes"}',
            r"bad.jsonl:2: hard is 'yes'; expected true or false",
        ),
        ('{"text": "hi", "label": "none", "intent": 1}', r"bad.jsonl:2: intent is 1"),
        ('{"text": "hi", "label": "none", "slots": "large"}', r"bad.jsonl:2: slots is 'large'"),
        ('{"text": "hi", "label": "none", "slots": [{"type": "size"}]}', r"bad.jsonl:2: slots is"),
        ('{"text": "hi", "label": "none", "slots": {"size": null}}', r"bad.jsonl:2: slots is"),
    ],
)
def test_a_line_that_makes_no_sense_is_named(tmp_path: Path, line: str, complaint: str) -> None:
    file = tmp_path / "bad.jsonl"
    file.write_text('{"text": "play jazz", "label": "music"}\n' + line + "\n")
    with pytest.raises(CorpusError, match=complaint):
        read_cases(file)


def test_a_file_that_is_none_is_named(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match=r"none.jsonl: cannot be read \(No such file"):
        read_cases(tmp_path / "none.jsonl")
    (tmp_path / "latin.jsonl").write_bytes(b"\xe9")
    with pytest.raises(CorpusError, match="is not UTF-8"):
        read_cases(tmp_path / "latin.jsonl")
    (tmp_path / "empty.jsonl").write_text("\n \n")
    with pytest.raises(CorpusError, match="holds no case"):
        read_cases(tmp_path / "empty.jsonl")
