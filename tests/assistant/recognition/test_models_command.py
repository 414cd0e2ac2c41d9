"""`pennyworth models` whole, in a home of its own."""

from __future__ import annotations

import json
import zipfile
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from assistant.cli.main import command
from assistant.errors import PennyworthError
from tests.assistant.recognition.conftest import WORDS
from tests.tone_model import write_tone_model

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result

NAME = "vosk-model-small-en-us-tones"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user without models."""
    for name in ("XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "HOME"):
        monkeypatch.setenv(name, str(tmp_path))
    monkeypatch.delenv("VOSK_MODEL_PATH", raising=False)
    return tmp_path


def run(*arguments: str) -> Result:
    """Run the command line; an error of ours is its result, anything else is raised."""
    done = CliRunner().invoke(command, ["models", *arguments], standalone_mode=False)
    if done.exception is not None and not isinstance(done.exception, PennyworthError):
        raise done.exception
    return done


def test_the_list_names_what_can_be_had_and_what_is_used(home: Path) -> None:
    document = json.loads(run("list", "--json").stdout)
    first = document["models"][0]
    assert first["name"] == "vosk-model-small-en-us-0.15"
    assert len(first["sha256"]) == 64
    assert (first["licence"], first["language"], first["used"], first["folder"]) == (
        "Apache-2.0",
        "en",
        False,
        None,
    )
    korean = next(row for row in document["models"] if row["language"] == "ko")
    assert korean["sha256"] is None
    mine = home / "pennyworth" / "models" / "vosk-model-small-en-us-0.15"
    write_tone_model(mine, WORDS)
    first = json.loads(run("list", "--json").stdout)["models"][0]
    assert (first["used"], first["folder"]) == (True, str(mine))
    table = run("list").stdout
    assert "not published" in table
    assert "[unk]" in table


def test_a_model_from_a_file_is_installed_verified_damaged_and_removed(home: Path) -> None:
    write_tone_model(home / "packed" / NAME, WORDS)
    with zipfile.ZipFile(home / f"{NAME}.zip", "w") as made:
        for path in sorted((home / "packed").rglob("*")):
            made.write(path, path.relative_to(home / "packed"))
    said = " ".join(run("fetch", "--from", str(home / f"{NAME}.zip")).stdout.split())
    assert "is installed" in said
    assert "No SHA-256 is published for it" in said
    assert ": well; 8 files are as they were installed" in run("verify").stdout
    assert (
        next(row for row in json.loads(run("list", "--json").stdout)["models"] if row["used"])["name"] == NAME
    )
    graph = home / "pennyworth" / "models" / NAME / "graph" / "HCLr.fst"
    graph.write_bytes(graph.read_bytes()[:100])
    done = run("verify", NAME)
    assert done.return_value == 1
    assert "HCLr.fst has changed since it was installed" in done.stdout
    assert run("remove", NAME).exit_code == 0
    assert not graph.exists()
    assert run("verify").return_value == 1


def test_an_archive_that_would_not_be_found_again_is_refused(home: Path) -> None:
    for name in ("mine.zip", "vosk-model-.zip", "vosk-model-small-en us.zip"):
        (home / name).write_bytes(b"whatever is in it")
        done = run("fetch", "--from", str(home / name))
        assert f"{name!r} would not be found again as a model" in str(done.exception)
    assert list((home / "pennyworth" / "models").iterdir()) == []


def test_a_name_that_is_not_in_the_list_is_answered_with_those_that_are() -> None:
    assert "there are: vosk-model-small-en-us-0.15" in str(run("fetch", "vosk-model-xx").exception)
    assert "there is no model" in str(run("remove", "vosk-model-xx").exception)
