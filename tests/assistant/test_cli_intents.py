"""`pennyworth intents`, as it is called."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from assistant.cli.main import run

if TYPE_CHECKING:
    from pathlib import Path

LINES = [
    {
        "text": "order a large pepperoni pizza",
        "label": "pizza",
        "slots": {"size": "large", "topping": "pepperoni"},
    },
    {"text": "call me a taxi to the airport", "label": "ride", "slots": {"destination": "airport"}},
    {"text": "what's the weather in paris", "label": "weather"},
    {"text": "play some jazz", "label": "music"},
    {"text": "what is the capital of austria", "label": "none"},
    {"text": "next song", "label": "none", "hard": True},
]


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    file = tmp_path / "some.jsonl"
    file.write_text("\n".join(map(json.dumps, LINES)))
    return file


def pennyworth(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as leaving:
        run(list(arguments))
    out, err = capsys.readouterr()
    return int(leaving.value.code or 0), out, err


def test_eval_prints_one_document(corpus: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = pennyworth(capsys, "intents", "eval", str(corpus), "--json")
    body = json.loads(out)
    assert code == 0
    assert (body["cases"], body["none_cases"], body["false_orders"]) == (6, 2, 0)
    assert body["macro_f1"] == body["macro_f1_hard"] == 1.0
    assert body["recall"] == dict.fromkeys(["music", "none", "pizza", "ride", "weather"], 1.0)
    assert body["slots"]["f1"] == 1.0


def test_eval_prints_for_people(corpus: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with corpus.open("a") as file:
        file.write('\n{"text": "order a small pizza", "label": "none"}\n')
    code, out, _ = pennyworth(capsys, "intents", "eval", str(corpus))
    assert code == 0
    assert "line 7: none taken for pizza (exact 1.00): order a small pizza" in out
    assert "false orders 1 of 3 none cases" in out


def test_eval_with_simulated_errors_is_the_same_for_the_same_seed(
    corpus: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["intents", "eval", str(corpus), "--asr-noise", "0.5", "--json", "--seed"]
    first, again, other = (json.loads(pennyworth(capsys, *options, seed)[1]) for seed in ("1", "1", "2"))
    for body in (first, again, other):
        del body["us_per_utterance"]
    assert first == again
    assert first["errors"] != other["errors"]
    assert first["asr_noise"] == 0.5


def test_a_bad_line_is_bad_input(corpus: Path, capsys: pytest.CaptureFixture[str]) -> None:
    corpus.write_text('{"text": "hi"}')
    code, out, err = pennyworth(capsys, "intents", "eval", str(corpus), "--json")
    assert (code, out) == (2, "")
    assert "some.jsonl:1: label is None; expected an intent such as pizza, or none" in err


def test_explain_shows_every_step(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = pennyworth(capsys, "intents", "explain", "could you have some chinese food sent over")
    assert code == 0
    assert "no template says this word for word" in out
    assert "asks from" in out
    _, out, _ = pennyworth(capsys, "intents", "explain", "order me a large piza with chease")
    names = [line.split()[0] for line in out.splitlines() if not line.startswith(" ")]
    assert names == ["text", "exact", "model", "likeness", "slot", "slot", "result"]
    assert "“piza” taken for “pizza”" in out
    assert "slot      topping: cheese, by the spelling of “chease”" in out
    _, out, _ = pennyworth(capsys, "intents", "explain", "order a large pepperoni pizza", "--json")
    body = json.loads(out)
    assert body["exact"][0]["slots"] == {"size": "large", "topping": "pepperoni"}
    assert body["result"]["step"] == "exact"
    assert [decision["step"] for decision in body["decisions"]] == ["exact"]
    assert {origin["slot"]: origin["how"] for origin in body["slots"]} == {
        "size": "template",
        "topping": "template",
    }
    _, out, _ = pennyworth(capsys, "intents", "explain", "who wrote the history of taxis", "--json")
    body = json.loads(out)
    assert sum(body["model"]["probabilities"].values()) == pytest.approx(1.0)
    assert body["model"]["features"]
    assert body["result"]["match"] is False


def test_a_label_that_is_no_intent_is_bad_input(corpus: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with corpus.open("a") as file:
        file.write('\n{"text": "order a small pizza", "label": "piza"}\n')
    code, out, err = pennyworth(capsys, "intents", "eval", str(corpus), "--json")
    assert (code, out) == (2, "")
    assert "some.jsonl:7: label 'piza' is none of alarm, " in err


def test_explain_says_that_a_text_is_too_long_to_be_read(capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = pennyworth(capsys, "intents", "explain", "pizza " * 10_000)
    assert out.splitlines()[0] == "text      (longer than any command)"
    assert len(out) < 500


def test_nothing_is_said_of_false_orders_where_nothing_could_be_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "cases.jsonl"
    file.write_text('{"text": "play some jazz", "label": "music"}\n')
    _, out, _ = pennyworth(capsys, "intents", "eval", str(file))
    assert "confidence" not in out
    file.write_text('{"text": "how are you", "label": "none"}\n')
    _, out, _ = pennyworth(capsys, "intents", "eval", str(file))
    assert "with 95 % confidence fewer than 1 in 1" in " ".join(out.split())


def test_training_needs_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = pennyworth(capsys, "intents", "train", str(tmp_path))
    assert code == 2
    assert "holds no file named *.jsonl" in err
