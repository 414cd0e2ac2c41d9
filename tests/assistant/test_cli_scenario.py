"""`pennyworth scenario` as a user or another program calls it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from rich.cells import cell_len

from assistant.cli.main import command
from assistant.economics.scenario.files import scenario_names, strategy_names
from assistant.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))

    def call(*arguments: str, width: int = 80) -> str:
        monkeypatch.setenv("COLUMNS", str(width))
        command.main(["scenario", *arguments], prog_name="pennyworth", standalone_mode=False)
        return capsys.readouterr().out

    return call


def test_the_list_names_everything(run: Any) -> None:
    text, document = run("list"), json.loads(run("list", "--json"))
    for name in (*scenario_names(), *strategy_names()):
        assert name in text
    assert [each["name"] for each in document["scenarios"]] == scenario_names()
    assert [each["name"] for each in document["strategies"]] == strategy_names()


def test_facts_and_assumptions_are_shown_apart(run: Any) -> None:
    facts, _, assumptions = run("show", "alexa-2022").partition("Assumptions: ours")
    assert "compute.recognition" in facts
    assert "Amazon Lex" in facts
    assert "people.headcount" in assumptions
    document = json.loads(run("show", "alexa-2022", "--json"))
    kinds = {each["key"]: each["kind"] for each in document["figures"]}
    assert (kinds["compute.recognition"], kinds["people.headcount"]) == ("fact", "assumption")


def test_a_mix_of_ones_own_by_path(run: Any, tmp_path: Path) -> None:
    mine = tmp_path / "mine.toml"
    mine.write_text(
        'name = "mine"\nextends = "alexa-2022"\n[mix.music]\nvalue = 0.3\nlow = 0.2\nhigh = 0.4\n'
        'unit = "share"\nkind = "assumption"\nsource = "my guess"\n[mix.pizza]\nvalue = 0.052\nlow = 0.01\n'
        'high = 0.1\nunit = "share"\nkind = "assumption"\nsource = "my guess"\n'
    )
    mine_year, usual = (json.loads(run("run", name, "--json")) for name in (str(mine), "alexa-2022"))
    assert mine_year["orders"]["pizza"]["requests"] == 26 * usual["orders"]["pizza"]["requests"]


@pytest.mark.parametrize(
    "arguments", [("list",), ("show", "alexa-2022"), ("run", "alexa-2022"), ("run", "astro-2022")]
)
def test_everything_fits_80_columns(run: Any, arguments: tuple[str, ...]) -> None:
    text = run(*arguments)
    assert max(cell_len(line) for line in text.splitlines()) <= 80
    assert "…" not in text


def test_a_wrong_name_is_refused_with_the_nearest(run: Any) -> None:
    for arguments, message in (
        (("run", "alexa-2020"), r"there is no scenario 'alexa-2020' \(did you mean 'alexa-2022'\?\)"),
        (("run", "alexa-2022", "--with", "halloo"), r"did you mean 'halo'"),
        (("show", "./nothing.toml"), r"cannot read the configuration file nothing.toml"),
    ):
        with pytest.raises(ConfigError, match=message):
            run(*arguments)
