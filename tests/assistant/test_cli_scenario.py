"""`pennyworth scenario` as a user or another program calls it."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import click
import pytest
from rich.cells import cell_len

from assistant.cli.main import command
from assistant.economics.scenario.files import scenario_names, strategy_names
from assistant.economics.scenario.timeline import timeline_names
from assistant.errors import ConfigError, ExportError

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
    for name in (*scenario_names(), *strategy_names(), *timeline_names()):
        assert name in text
    assert [each["name"] for each in document["scenarios"]] == scenario_names()
    assert [each["name"] for each in document["strategies"]] == strategy_names()
    assert [each["name"] for each in document["timelines"]] == timeline_names()


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


ALL = (
    ("list",),
    ("show", "alexa-2022"),
    ("run", "alexa-2022"),
    ("run", "pennyworth-home"),
    ("run", "korean-speaker-2022"),
    ("solve", "alexa-2022", "--for", "pizza_share"),
    ("calibrate", "alexa-2022"),
    ("tornado", "alexa-2022"),
    ("compare", "alexa-2018", "alexa-2022", "homepod-2018"),
    ("compare", "alexa-2022", "--strategies"),
    ("timeline", "alexa"),
)


@pytest.mark.parametrize("arguments", ALL, ids=" ".join)
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


@pytest.mark.parametrize("arguments", ALL, ids=" ".join)
def test_every_answer_is_one_document(run: Any, arguments: tuple[str, ...]) -> None:
    document = json.loads(run(*arguments, "--json"))
    assert isinstance(document, dict)
    assert "NaN" not in json.dumps(document)
    assert "Infinity" not in json.dumps(document)


def test_what_cannot_be_exits_with_1_and_what_can_be_with_0(
    run: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    for figure, expected in (("pizza_share", 0), ("rebates.pizza.share", 1)):
        given = ["scenario", "solve", "alexa-2022", "--for", figure]
        assert command.main(given, prog_name="pennyworth", standalone_mode=False) == expected
    said = " ".join(capsys.readouterr().out.split())
    assert "182 times what it is" in said
    assert "It would take 8.49 share of an order, and there is no more than 1." in said
    assert run


def test_drawings_and_pages_stand_alone(run: Any, tmp_path: Path) -> None:
    drawing, page = tmp_path / "it.svg", tmp_path / "it.html"
    for arguments in (
        ("run", "alexa-2022"),
        ("run", "pennyworth-home", "--with", "subscription"),
        ("compare", "alexa-2018", "alexa-2022"),
        ("timeline",),
    ):
        run(*arguments, "--svg", str(drawing), "--html", str(page))
        root = ET.parse(drawing).getroot()  # noqa: S314
        assert root.tag == "{http://www.w3.org/2000/svg}svg"
        text = page.read_text(encoding="utf-8")
        # Nothing is fetched, and nothing is run.
        assert not re.search(r"(src|href)=[\"']?(https?:|//)|<script|@import|url\(http", text)
        assert "simulated" in text
        assert "$" not in re.sub(r"\$ ?\d", "", text)
    run("tornado", "alexa-2022", "--svg", str(drawing))
    assert "people.headcount" in drawing.read_text(encoding="utf-8")
    run("compare", "alexa-2022", "--strategies", "--svg", str(drawing))
    assert "price-war" in drawing.read_text(encoding="utf-8")


def test_the_page_says_what_is_fact_and_what_is_assumed(run: Any, tmp_path: Path) -> None:
    page = tmp_path / "it.html"
    run("run", "alexa-2022", "--html", str(page))
    facts, _, assumptions = page.read_text(encoding="utf-8").partition("<h2>Assumptions</h2>")
    assert "Amazon Lex" in facts.partition("<h2>Facts</h2>")[2]
    assert "people.headcount" in assumptions
    assert '<span class="tag fact">' not in assumptions


def test_the_same_scenario_is_drawn_the_same(run: Any, tmp_path: Path) -> None:
    pages = [tmp_path / "one.html", tmp_path / "two.html"]
    for page in pages:
        run("run", "homepod-2018", "--html", str(page))
    assert pages[0].read_bytes() == pages[1].read_bytes()


def test_a_drawing_that_cannot_be_written_leaves_what_was_there(run: Any, tmp_path: Path) -> None:
    for option, path in (("--html", tmp_path / "folder"), ("--svg", tmp_path / "nowhere" / "it.svg")):
        (tmp_path / "folder").mkdir(exist_ok=True)
        with pytest.raises(ExportError, match=option):
            run("timeline", option, str(path))
    page = tmp_path / "it.html"
    page.write_text("before", encoding="utf-8")
    with pytest.raises(ConfigError):
        run("run", "nothing", "--html", str(page))
    assert page.read_text(encoding="utf-8") == "before"


def test_every_comparison_says_what_is_fact_and_what_is_assumed(run: Any) -> None:
    rows = {
        line.split()[0]: line.split() for line in run("calibrate", "alexa-2022").splitlines() if line.strip()
    }
    assert (rows["compute"][-1], rows["people"][-1], rows["unexplained"][-1]) == (
        "facts",
        "assumed",
        "assumed",
    )
    document = json.loads(run("calibrate", "alexa-2022", "--json"))
    kinds = {each["part"]: each["kind"] for each in (*document["parts"], document["modelled"])}
    assert (kinds["compute"], kinds["people"], kinds["modelled"]) == ("computed", "assumption", "assumption")
    shown = json.loads(run("show", "homepod-2018", "--json"))["figures"]
    facts = sum(each["kind"] == "fact" for each in shown)
    rows = {
        line.split()[0]: line.split() for line in run("compare", "homepod-2018").splitlines() if line.strip()
    }
    assert (rows["facts"][1], rows["assumed"][1]) == (str(facts), str(len(shown) - facts))


def test_a_seed_below_nothing_and_a_drawing_named_otherwise_are_refused(run: Any, tmp_path: Path) -> None:
    with pytest.raises(click.BadParameter, match="-3 is not in the range"):
        run("run", "homepod-2018", "--seed", "-3")
    with pytest.raises(click.BadParameter, match=r"no.* the name of an SVG; write .*year\.svg"):
        run("run", "homepod-2018", "--svg", str(tmp_path / "year.png"))
    assert not list(tmp_path.iterdir())


def test_a_year_of_the_timeline_has_the_band_of_its_scenario(run: Any) -> None:
    """The figures of 2022 are those of the scenario, so the draws are too."""
    (margin,) = (
        each
        for each in json.loads(run("run", "alexa-2022", "--json"))["lines"]
        if each["account"] == "margin"
    )
    last = json.loads(run("timeline", "--json"))["years"][-1]
    assert (last["loss_low"], last["loss_high"]) == tuple(margin[end].lstrip("-") for end in ("high", "low"))


def test_a_file_may_have_a_plus_in_its_path(run: Any, tmp_path: Path) -> None:
    mine = tmp_path / "a+b.toml"
    mine.write_text('name = "mine"\nextends = "homepod-2018"\n')
    assert json.loads(run("show", str(mine), "--json"))["scenario"] == "mine"
    assert json.loads(run("show", f"{mine}+halo", "--json"))["strategies"] == ["halo"]


def test_amounts_of_any_size_leave_every_column_its_place(run: Any, tmp_path: Path) -> None:
    mine = tmp_path / "mine.toml"
    mine.write_text(
        'name = "mine"\nextends = "alexa-2022"\n[people.headcount]\nvalue = 90_000\nlow = 10_000\nhigh = 900_000\n'
        'unit = "people"\nkind = "assumption"\nsource = "my guess"\n'
    )
    text = run("run", str(mine))
    assert "billions of USD" in text.replace("\n", " ")
    assert max(cell_len(line) for line in text.splitlines()) <= 80
    assert "…" not in text
