"""`pennyworth intents`, and definitions of the user's own, through the real command."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner
from hassil.intents import TextSlotList

from assistant.cli.main import command
from assistant.config import load_strict
from assistant.partners.clock import Zones
from assistant.partners.information import Facts
from assistant.records import Verdict
from assistant.resources import configs_dir
from assistant.store.store import Store
from assistant.store.verdicts import add_verdict
from intents.catalogue import load_catalogue
from intents.errors import DefinitionError
from intents.listing import markdown_table

if TYPE_CHECKING:
    from collections.abc import Mapping

    from click.testing import Result

BLINDS = """
language: en
intents:
  blinds:
    data:
      - slots: {action: open}
        sentences: ["(open|raise) the [{room}] blinds"]
      - slots: {action: close}
        sentences: ["(close|lower) the [{room}] blinds"]
pennyworth:
  replies: ["The blinds in the {room} would {action}.", "All blinds would {action}."]
"""


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("CONFIG", "DATA", "CACHE"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(tmp_path / name.lower()))
    monkeypatch.delenv("PENNYWORTH_DB", raising=False)
    return tmp_path


def own(home: Path, **files: str) -> None:
    folder = home / "config" / "pennyworth" / "intents"
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / f"{name}.yaml").write_text(text)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(command, arguments, standalone_mode=False)


def said(*texts: str) -> list[dict[str, object]]:
    result = run("say", *texts, "--json")
    assert result.exception is None, result.output
    interactions: list[dict[str, object]] = json.loads(result.stdout)["interactions"]
    return interactions


def test_an_intent_is_a_file_and_answers_with_its_replies(home: Path) -> None:
    own(home, blinds=BLINDS)
    kitchen, everywhere = said("close the kitchen blinds", "open the blinds")
    assert (kitchen["intent"], kitchen["slots"]) == ("blinds", {"action": "close", "room": "kitchen"})
    assert (kitchen["reply"], everywhere["reply"]) == (
        "The blinds in the kitchen would close.",
        "All blinds would open.",
    )


def test_a_list_gains_values_from_files_that_the_configuration_names(home: Path) -> None:
    (home / "mine.yaml").write_text("language: en\nlists: {artist: {values: [hildegard of bingen]}}\n")
    config = home / "config" / "pennyworth" / "pennyworth.toml"
    config.parent.mkdir(parents=True)
    config.write_text(f'[intents]\nfiles = ["{home / "mine.yaml"}"]\n')
    assert said("play hildegard of bingen")[0]["slots"] == {"action": "play", "artist": "hildegard of bingen"}
    config.write_text('[intents]\nfiles = ["/nowhere/at.yaml"]\n')
    assert "intents.files: there is no /nowhere/at.yaml" in str(run("say", "pause").exception)


def test_something_to_buy_that_nobody_sells_is_refused(home: Path) -> None:
    own(home, blinds=BLINDS.replace("pennyworth:\n", "pennyworth:\n  kind: commerce\n"))
    result = run("say", "pause")
    assert "the intent 'blinds' is of kind commerce, and no partner sells it" in str(result.exception)


def test_check_says_what_is_wrong_and_exits_with_1(home: Path) -> None:
    own(home, blinds=BLINDS.replace('"(open|raise) the [{room}] blinds"', '"[please] next song"'))
    result = run("intents", "check", "--json")
    document = json.loads(result.stdout)
    assert (result.return_value, document["ok"]) == (1, False)
    assert [(finding["kind"], finding["where"]) for finding in document["findings"]] == [
        ("two intents", "music, blinds")
    ]
    assert "'next song'" in document["findings"][0]["what"]


@pytest.mark.slow
def test_check_finds_nothing_in_what_is_bundled() -> None:
    result = run("intents", "check")
    assert (result.return_value, result.exception) == (0, None)
    assert "nothing to mend" in result.stdout


def test_sample_prints_sentences_with_their_slots() -> None:
    document = json.loads(run("intents", "sample", "--intent", "pizza", "--limit", "5", "--json").stdout)
    assert len(document["sentences"]) == 5
    assert {sentence["intent"] for sentence in document["sentences"]} == {"pizza"}
    assert any(sentence["slots"] for sentence in document["sentences"])
    assert run("intents", "sample", "--seed", "1").stdout != run("intents", "sample", "--seed", "2").stdout
    assert "expected one of" in str(run("intents", "sample", "--intent", "tea").exception)


def test_the_documented_table_is_that_of_the_catalogue() -> None:
    text = (Path(__file__).parents[2] / "docs" / "intents.md").read_text(encoding="utf-8")
    table = text.partition("<!-- pennyworth intents list -->\n")[2].partition("\n<!-- end -->")[0]
    assert table == markdown_table(load_catalogue()), (
        "put what `pennyworth intents list` prints into docs/intents.md"
    )


def test_every_city_has_a_clock_every_country_and_question_an_answer() -> None:
    lists = load_catalogue().commands.slot_lists
    partners = configs_dir() / "partners"
    facts = load_strict(partners / "information.toml", Facts)

    def outputs(name: str) -> set[object]:
        slot_list = lists[name]
        assert isinstance(slot_list, TextSlotList)
        return {value.value_out for value in slot_list.values}

    assert outputs("city") == load_strict(partners / "time.toml", Zones).zones.keys()
    assert outputs("country") == facts.countries.keys()
    assert outputs("question") == facts.facts.keys()


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("set a timer for ten minutes", "A timer for 10 minutes would ring at"),
        ("set a timer", "For how long?"),
        ("what is seventeen times twenty three", "17 times 23 is 391."),
        ("what is ten divided by three", "10 divided by 3 is about 3.333."),
        ("what is ten divided by zero", "Nothing can be divided by zero."),
        ("what's the capital of new zealand", "The capital of New Zealand is Wellington."),
        ("how tall is mount everest", "8,849 metres"),
        ("what time is it in tokyo", "In Tokyo it is"),
        ("how's the traffic to the airport", "(made up)"),
        ("turn on the kitchen lights", "Lights, kitchen: on."),
        ("set the lights to thirty percent", "Lights: 30 percent."),
        ("set an alarm for seven", "simulated and stays silent"),
        ("what song is this", "simulated"),
        ("what time is sunset", "the sun sets at"),
    ],
)
def test_answers(text: str, part: str) -> None:
    reply = said(text)[0]["reply"]
    assert isinstance(reply, str)
    assert part in reply


@pytest.mark.parametrize(
    ("text", "part"),
    [
        (
            "language: en\nintents: {a: {data: [{sentences: [b]}]}, a: {data: [{sentences: [c]}]}}",
            "comes twice",
        ),
        ("language: en\nintents: {a: {data: [{sentences: [b], requires_context: 5}]}}", "requires_context"),
        ("language: en\nintents: {a: {data: [{sentences: [b], metadata: [x]}]}}", "metadata"),
        ("language: en\nlists: {a: {values: [{in: b, context: c}]}}", "context"),
        ("language: en\nlists: {a: {values: [2026-01-01]}}", "date"),
        ("language: en\nlists: {a: {values: [.inf]}}", "found float"),
        ("language: en\n? [a, b]\n: c", "bad.yaml"),
        ("language: en\nlists: &l {a: {values: [b], metadata: *l}}", "nested too deeply"),
        ("language: en\nlists: {a: {metadata: {resolve: tim}, values: [b]}}", "did you mean 'time'"),
        ("language: en\nlists: {a: {metadata: {resolve: time}, values: [{in: b, out: c}]}}", "leave it out"),
        (
            (
                "language: de\nlists: {a: {metadata: {resolve: time}, values: [b]}}\n"
                "intents: {a: {data: [{sentences: [b]}]}}"
            ),
            "'de'",
        ),
        ("language: en\nintents: {a: {data: [{sentences: [b]}]}}\npennyworth: {replies: ['{x}']}", "'x'"),
        (
            "language: en\nintents: {a: {data: [{sentences: [b]}]}}\npennyworth: {replies: ['{']}",
            "no template",
        ),
    ],
)
def test_odd_definitions_are_refused_by_a_clear_error(tmp_path: Path, text: str, part: str) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text(text)
    with pytest.raises(DefinitionError) as caught:
        load_catalogue(files=[path])
    assert part in str(caught.value)


def review_as(home: Path, *reviews: tuple[str, str, Mapping[str, str | int]]) -> list[dict[str, object]]:
    """Say things, and have a person say what each means; what they were taken for."""
    found = said(*(text for text, _, _ in reviews))
    with Store.open(home / "data" / "pennyworth" / "pennyworth.db") as store:
        for it, (text, intent, slots) in zip(found, reviews, strict=True):
            fields = {
                "said": text,
                "intent": intent,
                "slots": slots,
                "reviewer": "me",
                "at": datetime.now(UTC),
            }
            add_verdict(store, Verdict(interaction_id=str(it["id"]), verdict="wrong", **fields))  # type: ignore[arg-type]
    return found


GLOOM = ("banish the gloom from the kitchen", "light", {"action": "on", "room": "kitchen"})


def test_what_was_not_understood_is_once_it_was_reviewed(home: Path) -> None:
    own(home)
    ham: dict[str, str | int] = {"size": "large", "topping": "ham"}
    down = ("turn it up", "music", {"action": "volume_down"})
    before = review_as(home, GLOOM, down, ("get us a large pie with ham", "pizza", ham))
    assert before[0]["intent"] is None
    path = home / "config" / "pennyworth" / "intents" / "reviewed.yaml"
    done = run("intents", "from-log", str(path))
    assert done.exception is None, done.output
    assert "2 templates added; of 3 reviewed sentences of ours 0 were understood" in done.stdout
    assert "“turn it up”: a template says it already, and means music action: volume_up" in done.stdout
    assert "Move it" not in done.stdout
    assert path.stat().st_mode & 0o777 == 0o600
    written = path.read_bytes()
    # The same of another room, exactly; and an order is read back as ever.
    more = ("evict the gloom", "light", {"action": "on"})
    dark, _, order = review_as(
        home,
        ("banish the gloom from the bedroom", "light", {"action": "on", "room": "bedroom"}),
        more,
        ("get us a small pie with mushrooms", "pizza", {"size": "small", "topping": "mushrooms"}),
    )
    assert (dark["intent"], dark["slots"], dark["score"]) == (
        "light",
        {"action": "on", "room": "bedroom"},
        1.0,
    )
    assert (order["intent"], order["outcome"]) == ("pizza", "asked")
    # What is there stays, and is added to.
    done = run("intents", "from-log", str(path))
    assert "1 templates added; of 6 reviewed sentences of ours 4 were understood" in done.stdout
    assert path.read_bytes().startswith(written[:300])
    assert said("evict the gloom")[0]["intent"] == "light"


@pytest.mark.slow
def test_what_was_made_of_reviews_has_nothing_to_mend_and_own_files_stay(home: Path) -> None:
    own(home, blinds=BLINDS)
    review_as(home, GLOOM)
    folder = home / "config" / "pennyworth" / "intents"
    assert "holds definitions of your own" in str(
        run("intents", "from-log", str(folder / "blinds.yaml")).exception
    )
    assert (folder / "blinds.yaml").read_text() == BLINDS
    assert "cannot write" in str(run("intents", "from-log", str(home / "no" / "such.yaml")).exception)
    assert "Move it to" in run("intents", "from-log", "--yaml", str(home / "elsewhere")).stdout
    run("intents", "from-log", str(folder / "reviewed.yaml"))
    assert (folder / "reviewed.yaml").read_bytes() == (home / "elsewhere").read_bytes()
    assert run("intents", "check").return_value == 0
