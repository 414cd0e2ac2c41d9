"""A log becomes a scenario whose year is the log's own, as often as it goes into a year."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from assistant.cli.main import command
from assistant.economics.scenario.counts import Expected
from assistant.economics.scenario.draws import ZERO, point_values
from assistant.economics.scenario.economy import evaluate
from assistant.economics.scenario.files import load_scenario
from assistant.economics.scenario.from_log import log_scenario, scenario_text
from assistant.economics.scenario.log import log_volume
from assistant.errors import ConfigError
from assistant.ledger.period import DAYS_PER_YEAR
from assistant.ledger.plan_file import load_plan
from assistant.ledger.volume import volume_amounts
from assistant.store.store import Store
from tests.assistant.examples import NOW
from tests.assistant.random_log import euro_plan, fill

if TYPE_CHECKING:
    from pathlib import Path

BASE = "pennyworth-home"


def test_the_year_of_a_log_is_the_log_as_often_as_it_goes_into_a_year(tmp_path: Path) -> None:
    plan = load_plan("home")
    with Store.open(tmp_path / "log.db") as store:
        fill(store, seed=3, conversations=200, plans=[plan])
        found = log_scenario(store, load_scenario(BASE))
        volume = log_volume(store, plan)
        priced = {account: amount for account, amount, _ in volume_amounts(volume, plan, on=NOW.date())}
    times = float(DAYS_PER_YEAR) / ((found.until - found.since).total_seconds() / 86400)
    mine = tmp_path / "mine.toml"
    mine.write_text(scenario_text(found, name="mine", extends=BASE), encoding="utf-8")
    scenario = load_scenario(str(mine))
    assert scenario.figures["usage.interactions_per_device_day"].kind == "measured"
    values = point_values(scenario.figures)
    year = evaluate(values, Expected(), currency="USD", zero=ZERO)
    assert year.interactions == pytest.approx(times * (volume.heard + volume.typed))
    # Each stage by the rules of the books.
    for stage in ("Listening", "Recognition", "Understanding"):
        account = f"Expenses:Compute:{stage}"
        assert float(year.amounts[account]) == pytest.approx(times * float(priced[account]), rel=1e-6)
    for intent, sizes in volume.orders.items():
        for step in ("placed", "completed", "refunded", "charged_back"):
            happened = sum(getattr(size, step) for size in sizes)
            assert getattr(year.orders[intent], step) == pytest.approx(times * happened, rel=1e-6)
        spent = sum(float(size.total.units) * size.placed for size in sizes)
        ordered: Any = year.orders[intent]
        assert ordered.placed * ordered.total == pytest.approx(times * spent)
    assert {"pizza", "ride"} <= set(volume.orders)


def test_the_range_of_a_share_is_what_so_few_cases_leave_open(tmp_path: Path) -> None:
    widths = []
    for conversations in (20, 400):
        with Store.open(tmp_path / f"{conversations}.db") as store:
            fill(store, seed=5, conversations=conversations, plans=[load_plan("home")])
            figures = {each.key: each for each in log_scenario(store, load_scenario(BASE)).figures}
        said, never = figures["mix.pizza"], figures["mix.traffic"]
        assert said.low < said.value < said.high
        assert never.value == never.low == 0 < never.high
        widths.append(float(said.high - said.low))
    assert widths[1] < widths[0] / 2
    assert np.isclose(float(sum(each.value for key, each in figures.items() if key.startswith("mix."))), 1)


def test_nothing_said_and_another_currency_are_refused(tmp_path: Path) -> None:
    base = load_scenario(BASE)
    with Store.open(tmp_path / "log.db") as store:
        with pytest.raises(ConfigError, match="nothing was said yet"):
            log_scenario(store, base)
        fill(store, seed=1, conversations=60, plans=[euro_plan()])
        with pytest.raises(ConfigError, match=r"orders in EUR .* pennyworth-home is in USD.*--extends"):
            log_scenario(store, base)


def test_what_was_said_becomes_a_file_that_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    db, mine = tmp_path / "log.db", tmp_path / "mine.toml"

    def run(*arguments: str) -> str:
        command.main(["--db", str(db), *arguments], prog_name="pennyworth", standalone_mode=False)
        return capsys.readouterr().out

    run("say", "play some jazz", "order a large pepperoni pizza", "yes", "gibberish at large")
    printed = run("scenario", "from-log")
    assert run("scenario", "from-log", "--out", str(mine)) == ""
    assert mine.read_text(encoding="utf-8") == printed
    document = json.loads(run("scenario", "from-log", "--json"))
    assert (document["extends"], document["interactions"]) == (BASE, 4)
    year = json.loads(run("scenario", "run", str(mine), "--json"))
    assert year["interactions"] == 4 * 365
    assert year["orders"]["pizza"] == {"requests": 730, "placed": 365, "kept": 365}
    assert "assumption: change it" not in run("scenario", "run", str(mine))
