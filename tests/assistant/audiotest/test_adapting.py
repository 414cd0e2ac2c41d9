"""`pennyworth adapt`: the household's voices, each heard by a model adapted to the others."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner, Result

from assistant.audiotest.adapting import Pair, gain
from assistant.cli.main import command
from assistant.errors import PennyworthError
from assistant.resources import household_dir

if TYPE_CHECKING:
    from pathlib import Path


def pair(recording: int, before: bool, after: bool, *, in_scope: bool = True) -> Pair:
    return Pair(recording=recording, condition="clean", in_scope=in_scope, before=before, after=after)


def test_a_gain_is_counted_pair_by_pair_and_its_interval_goes_by_recording() -> None:
    pairs = [pair(n, n < 10, n < 16 and n != 3) for n in range(20)]
    pairs += [pair(20, True, True, in_scope=False), pair(21, True, False, in_scope=False)]
    found = gain("clean", pairs, seed=0)
    assert (found.cases, found.before, found.after) == (20, 0.5, 0.75)
    assert (found.broke, found.mended, found.false_accepts) == (1, 6, (0, 1))
    # Of seven that differ, six or more on one side: 16 of 128.
    assert found.p_value == pytest.approx(16 / 128)
    assert found.gain_ci95 is not None
    low, high = found.gain_ci95
    assert low < 0.25 < high
    assert low == pytest.approx(0.25 - 1.96 * (0.2875 / 20) ** 0.5, abs=0.05)
    twice = gain("all", [*pairs, *pairs], seed=0)
    # The same recordings once more say nothing new.
    assert twice.gain_ci95 == found.gain_ci95


def test_without_commands_there_is_no_share() -> None:
    found = gain("clean", [pair(0, True, True, in_scope=False)], seed=0)
    assert (found.before, found.after, found.gain_ci95, found.p_value) == (None, None, None, 1.0)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user of no adaptation."""
    for name in ("XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "HOME"):
        monkeypatch.setenv(name, str(tmp_path))
    monkeypatch.delenv("VOSK_MODEL_PATH", raising=False)
    monkeypatch.delenv("PENNYWORTH_DB", raising=False)
    return tmp_path


def run(*arguments: str | Path) -> Result:
    done = CliRunner().invoke(command, list(map(str, arguments)), standalone_mode=False)
    if done.exception is not None and not isinstance(done.exception, PennyworthError):
        raise done.exception
    return done


def corpus(folder: Path) -> list[dict[str, Any]]:
    """The household's recordings, with one intent of all commands, and what is none."""
    folder.mkdir()
    lines = [
        json.loads(line)
        for line in (household_dir() / "cases.jsonl").read_text(encoding="utf-8").splitlines()
    ]
    cases = [
        {"audio": line["audio"], "intent": line["intent"] and "said", "voice": line["voice"]}
        | ({"text": line["text"]} if line["intent"] else {})
        for line in lines[::2]
    ]
    texts = sorted({case["text"] for case in cases if case["intent"]})
    for case in cases:
        shutil.copy(household_dir() / case["audio"], folder)
    (folder / "cases.jsonl").write_text("".join(json.dumps(case) + "\n" for case in cases), encoding="utf-8")
    (folder / "said.yaml").write_text(
        "language: en\nintents:\n  said:\n    data:\n      - sentences:\n"
        + "".join(f"          - {json.dumps(text)}\n" for text in texts),
        encoding="utf-8",
    )
    return cases


@pytest.mark.slow
def test_it_is_measured_on_other_voices_kept_used_shown_and_removed(home: Path) -> None:
    cases = corpus(home / "corpus")
    intents = ("--intents", home / "corpus" / "said.yaml")
    file = home / "pennyworth" / "adaptation-en-us.npz"
    assert json.loads(run("adapt", "--show", "--json").stdout) == {"file": None}
    dry = run("adapt", home / "corpus", *intents, "--dry-run", "--json")
    found = json.loads(dry.stdout)
    assert not file.exists()
    assert found["kept"] is None
    assert (found["held_out_by"], found["recordings"]) == ("voice", len(cases))
    commands = sum(case["intent"] is not None for case in cases)
    assert 0.9 * commands <= found["used"] <= commands
    clean, together = found["conditions"]
    assert (clean["condition"], together["condition"]) == ("clean", "all")
    assert clean["cases"] == together["cases"] == commands
    assert clean["before"] >= 0.9
    assert clean["after"] - clean["before"] == pytest.approx((clean["mended"] - clean["broke"]) / commands)
    done = run("adapt", home / "corpus", *intents)
    # The same seed, the same recordings: the same figures.
    assert f"{clean['after']:.3f}" in done.stdout
    assert ("Kept in" in done.stdout) == file.exists() == (not found["loses"])
    assert done.return_value == int(found["loses"])
    if found["loses"]:
        pytest.skip("adapting to these voices loses, so there is nothing to use")
    shown = json.loads(run("adapt", "--show", "--json").stdout)
    assert shown["recordings"] == found["used"]
    options = ("audio-test", home / "corpus", *intents, "--engine", "pocketsphinx", "--limit", "2")
    for extra, name in (((), f", adapted {shown['name']}"), (("--no-adapt",), "")):
        run(*options, "--workers", "1", "--bare", "--json", home / "run.json", *extra)
        versions = json.loads((home / "run.json").read_text())["versions"]
        assert versions["pocketsphinx"].endswith(f"en-us{name}")
    assert "is removed" in run("adapt", "--remove").stdout
    assert "nothing to remove" in run("adapt", "--remove").stdout
    assert not file.exists()


def test_bad_use_and_bad_input_are_refused(home: Path) -> None:
    corpus(home / "corpus")
    lines = (home / "corpus" / "cases.jsonl").read_text().splitlines(keepends=True)
    (home / "few").mkdir()
    (home / "few" / "cases.jsonl").write_text("".join(lines[:5]))
    for line in lines[:5]:
        shutil.copy(home / "corpus" / json.loads(line)["audio"], home / "few")
    intents = ("--intents", home / "corpus" / "said.yaml")
    refused: dict[tuple[str | Path, ...], str] = {
        (home / "few", *intents): "few has 5 recordings",
        (home / "nowhere",): "there is no corpus",
        (home / "corpus",): "is labelled 'said', and the command language has only",
        (home / "corpus", "--noise", "pink"): "--noise and --snr go together",
        ("--db", home / "none.db"): "none.db",
        ("--lang", "ko", home / "corpus"): "'ko'",
    }
    for arguments, complaint in refused.items():
        assert complaint in str(run("adapt", *arguments).exception), arguments
    done = CliRunner().invoke(command, ["adapt", "--show", "--remove"])
    assert done.exit_code == 2
    assert "go alone" in done.output
