"""Our own corpora and the public ones, read as they are published."""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import soundfile

from assistant.audiotest.cases import Case
from assistant.audiotest.corpora import add_case, free_name, load_corpus, load_label_map, to_lines
from assistant.errors import ConfigError
from assistant.resources import household_dir

if TYPE_CHECKING:
    from pathlib import Path


def record(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, np.zeros(1600), 16_000)


def write_lines(path: Path, *lines: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")


def test_the_bundled_week_is_a_corpus_with_its_conversations() -> None:
    corpus = load_corpus(household_dir())
    assert corpus.name == household_dir().name
    conversations = corpus.conversations()
    assert sum(map(len, conversations)) == len(corpus.cases)
    assert max(map(len, conversations)) == 4
    assert len({cases[0].conversation for cases in conversations if len(cases) > 1}) == sum(
        len(cases) > 1 for cases in conversations
    )


@pytest.mark.parametrize("name", ["cases.jsonl", "labels.jsonl"])
def test_our_own_lists(tmp_path: Path, name: str) -> None:
    record(tmp_path / "a.wav")
    write_lines(tmp_path / name, {"audio": "a.wav", "intent": None, "slots": {}})
    assert load_corpus(tmp_path).cases == (Case(audio="a.wav", intent=None),)
    assert load_corpus(tmp_path / name) == load_corpus(tmp_path)


def test_lines_written_are_lines_read(tmp_path: Path) -> None:
    record(tmp_path / "a.wav")
    cases = [
        Case(audio="a.wav", intent=None),
        Case(
            audio="a.wav",
            intent="pizza",
            slots={"size": "large", "quantity": 2},
            text="zwei große",
            conversation="x",
        ),
    ]
    (tmp_path / "cases.jsonl").write_text("\n".join(to_lines(cases)), encoding="utf-8")
    assert list(load_corpus(tmp_path).cases) == cases


def test_cases_are_added_to_a_list_whatever_it_ends_with(tmp_path: Path) -> None:
    sound = np.ones(1600, np.int16)
    first = Case(audio=free_name(tmp_path, "Play some jazz!"), intent="music", text="Play some jazz!")
    add_case(tmp_path, first, sound)
    listing = tmp_path / "cases.jsonl"
    listing.write_text(listing.read_text().rstrip("\n"))
    second = Case(audio=free_name(tmp_path, "play some jazz"), intent="music")
    add_case(tmp_path, second, sound)
    assert (first.audio, second.audio) == ("play-some-jazz.flac", "play-some-jazz-2.flac")
    assert load_corpus(tmp_path).cases == (first, second)
    with pytest.raises(ConfigError, match="cannot write"):
        add_case(tmp_path / "cases.jsonl" / "under a file", first, sound)


@pytest.mark.parametrize("inside", ["", "label", "data/label"])
def test_the_picovoice_benchmark(tmp_path: Path, inside: str, caplog: pytest.LogCaptureFixture) -> None:
    labels = {
        "a.wav": {"intent": "orderDrink", "slots": {"coffeeDrink": "latte", "milkAmount": " soy milk"}},
        "elsewhere.wav": {"intent": "orderDrink", "slots": {}},
    }
    root = tmp_path / "data" if inside == "data/label" else tmp_path
    record(root / ("speech/clean" if inside else "") / "a.wav")
    (tmp_path / inside).mkdir(parents=True, exist_ok=True)
    (tmp_path / inside / "label.json").write_text(json.dumps(labels))
    corpus = load_corpus(tmp_path)
    assert corpus.cases == (
        Case(audio="a.wav", intent="orderDrink", slots={"coffeeDrink": "latte", "milkAmount": "soy milk"}),
    )
    assert (corpus.folder / "a.wav").is_file()
    assert "1 recording(s) that are not here" in caplog.text


def test_fluent_speech_commands(tmp_path: Path) -> None:
    record(tmp_path / "wavs/speakers/s1/a.wav")
    (tmp_path / "data").mkdir()
    with (tmp_path / "data/test_data.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["", "path", "speakerId", "transcription", "action", "object", "location"])
        writer.writerow(
            ["0", "wavs/speakers/s1/a.wav", "s1", "Turn the lights on", "activate", "lights", "none"]
        )
    for path in (tmp_path, tmp_path / "data/test_data.csv"):
        corpus = load_corpus(path)
        assert corpus.cases == (
            Case(
                audio="wavs/speakers/s1/a.wav",
                intent="activate",
                slots={"object": "lights"},
                text="Turn the lights on",
                voice="s1",
            ),
        )
        assert (corpus.folder / corpus.cases[0].audio).is_file()


SLURP = {
    "slurp_id": 1,
    "sentence": "wake me up at ten thirty",
    "intent": "alarm_set",
    "tokens": [
        {"surface": word, "id": index}
        for index, word in enumerate(["wake", "me", "up", "at", "ten", "thirty"])
    ],
    "recordings": [{"file": "a.flac", "wer": 0.0}, {"file": "not-here.flac", "wer": 0.5}],
    "entities": [{"span": [4, 5], "type": "time"}],
}


@pytest.mark.parametrize(
    ("listing", "audio"),
    [("test.jsonl", "slurp_real"), ("dataset/slurp/test.jsonl", "audio/slurp_real"), ("devel.jsonl", "")],
)
def test_slurp(tmp_path: Path, listing: str, audio: str) -> None:
    write_lines(tmp_path / listing, SLURP)
    record(tmp_path / audio / "a.flac")
    corpus = load_corpus(tmp_path / listing)
    assert corpus.cases == (
        Case(
            audio="a.flac", intent="alarm_set", slots={"time": "ten thirty"}, text="wake me up at ten thirty"
        ),
    )
    assert (corpus.folder / "a.flac").is_file()


def test_a_map_brings_foreign_labels_into_our_words(tmp_path: Path) -> None:
    other = SLURP | {"slurp_id": 2, "intent": "play_music", "recordings": [{"file": "a.flac"}]}
    write_lines(tmp_path / "devel.jsonl", SLURP, other)
    record(tmp_path / "a.flac")
    (tmp_path / "map.toml").write_text('[intents]\nplay_music = "music"\n[slots]\ntime = "day"\n')
    corpus = load_corpus(tmp_path / "devel.jsonl", label_map=load_label_map(tmp_path / "map.toml"))
    assert [(case.intent, case.slots) for case in corpus.cases] == [
        (None, {}),
        ("music", {"day": "ten thirty"}),
    ]


def test_what_is_no_corpus_is_refused_and_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="there is no corpus .*nowhere"):
        load_corpus(tmp_path / "nowhere")
    with pytest.raises(ConfigError, match=r"holds no corpus: there is no cases\.jsonl or labels\.jsonl"):
        load_corpus(tmp_path)
    (tmp_path / "cases.jsonl").write_text("")
    with pytest.raises(ConfigError, match="names no recordings"):
        load_corpus(tmp_path)
    write_lines(tmp_path / "cases.jsonl", {"audio": "gone.wav", "intent": None})
    with pytest.raises(ConfigError, match=r"line 1: there is no recording .*gone\.wav"):
        load_corpus(tmp_path)
    (tmp_path / "cases.jsonl").write_text('{"audio": "x.wav"}\n')
    with pytest.raises(ConfigError, match="line 1: .*intent"):
        load_corpus(tmp_path)
    (tmp_path / "cases.jsonl").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match="not UTF-8"):
        load_corpus(tmp_path)
    (tmp_path / "x.csv").write_text("path,text\na,b\n")
    with pytest.raises(ConfigError, match="columns action, location, object"):
        load_corpus(tmp_path / "x.csv")
    (tmp_path / "label.json").write_text('{"a.wav": 3}')
    record(tmp_path / "a.wav")
    with pytest.raises(ConfigError, match="'a.wav' has not the keys"):
        load_corpus(tmp_path / "label.json")


def test_a_conversation_in_two_pieces_is_refused(tmp_path: Path) -> None:
    record(tmp_path / "a.wav")
    line = {"audio": "a.wav", "intent": None}
    write_lines(tmp_path / "cases.jsonl", {**line, "conversation": "x"}, line, {**line, "conversation": "x"})
    with pytest.raises(ConfigError, match="the conversation 'x' is interrupted"):
        load_corpus(tmp_path)
