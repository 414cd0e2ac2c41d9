"""One set of metrics: on a device's log the figures of `pnl`, and on every engine the same."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, timedelta
from typing import TYPE_CHECKING, Any

import click
import pytest

from assistant.cli.main import command
from assistant.economics.attribution.models import Parameters
from assistant.economics.fleet.collect import collect
from assistant.economics.fleet.effect import claims
from assistant.economics.fleet.engines import OnLog, on_duckdb
from assistant.economics.fleet.simulate import simulate
from assistant.errors import FleetError, LedgerError, StoreError
from assistant.ledger.exchange import load_rates
from assistant.ledger.plan_file import load_plan
from assistant.reports.fleet import fleet_profit
from assistant.reports.profit import Terms, make_profit
from assistant.store.store import Store
from assistant.store.totals import GROUPINGS
from assistant.zone import time_zone
from tests.assistant.economics.fleet.fleets import busy, fleet
from tests.assistant.examples import NOW
from tests.assistant.random_log import euro_plan, fill

if TYPE_CHECKING:
    from pathlib import Path

    from assistant.economics.fleet.lake import Lake


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Several devices, plans and currencies, and bookings that were corrected."""
    path = tmp_path_factory.mktemp("log") / "log.db"
    with Store.open(path) as store:
        fill(store, seed=11, conversations=80, plans=[load_plan("home"), load_plan("maker"), euro_plan()])
    return path


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    return simulate(fleet(behaviour=busy()), tmp_path_factory.mktemp("fleet") / "lake", workers=1)


def day(days: int) -> Any:
    return (NOW - timedelta(days=days)).astimezone(UTC).replace(minute=15, second=0, microsecond=0)


@pytest.mark.parametrize(
    ("by", "bounds"),
    [
        *((by, (30, 12)) for by in GROUPINGS),
        *(("intent", bounds) for bounds in ((None, None), (None, 20), (25, None), (900, 800))),
    ],
)
def test_a_log_has_the_figures_of_pnl(log: Path, by: str, bounds: tuple[int | None, int | None]) -> None:
    since, until = (None if each is None else day(each) for each in bounds)
    terms = Terms(
        plan=load_plan("home"),
        since=since,
        until=until,
        zone=time_zone("Asia/Kathmandu"),
        rates=load_rates("example"),
        allocate="cpu",
    )
    with Store.open(log, mode="read") as store:
        assert fleet_profit(OnLog(store), by, terms, lambda _: terms.plan) == make_profit(store, by, terms)


def test_what_pnl_refuses_is_refused(log: Path) -> None:
    with Store.open(log, mode="read") as store:
        with pytest.raises(LedgerError, match="--rates"):
            fleet_profit(OnLog(store), "intent", Terms(plan=None, currency="USD"), lambda _: None)
        with pytest.raises(StoreError, match="quarters of an hour"):
            fleet_profit(OnLog(store), "intent", Terms(plan=None, since=NOW), lambda _: None)


def run(*arguments: str) -> None:
    command.main(list(arguments), prog_name="pennyworth", standalone_mode=False)


def answer(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    run(*arguments, "--json")
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_the_command_says_what_pnl_says(log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for options in ((), ("--by", "device", "--currency", "eur"), ("--by", "hour", "--tz", "Europe/Berlin")):
        more = (*options, "--rates", "example")
        assert answer(capsys, "fleet", "pnl", str(log), *more) == answer(
            capsys, "--db", str(log), "pnl", *more
        )


@pytest.mark.parametrize("by", ["intent", "device", "week"])
def test_duckdb_and_sqlite_say_the_same(lake: Lake, by: str, capsys: pytest.CaptureFixture[str]) -> None:
    said = [
        answer(
            capsys, "fleet", "pnl", str(lake.path), "--by", by, "--engine", engine, "--since", "2026-01-06"
        )
        for engine in ("duckdb", "sqlite")
    ]
    assert said[0] == said[1]
    assert said[0]["simulated"] is True
    assert said[0]["totals"]["interactions"] > 1000


def test_no_progress_bar_is_written_into_a_report(lake: Lake) -> None:
    with on_duckdb(lake) as engine:
        found = engine.connection.execute(
            "SELECT current_setting('enable_progress_bar'), current_setting('enable_progress_bar_print')"
        ).fetchone()
    assert found == (False, False)


@pytest.mark.slow
def test_spark_says_the_same(
    lake: Lake, log: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of a simulated fleet what DuckDB says, and of a device's log what SQLite says on its own database."""
    pytest.importorskip("pyspark", reason="Spark is not installed: pip install 'pennyworth[spark]'")
    if shutil.which("java") is None:
        pytest.skip("Spark needs Java: sudo apt install default-jre-headless")
    collect([log], tmp_path / "gathered")
    options = ("--by", "intent", "--rates", "example", "--currency", "EUR", "--since", day(30).isoformat())
    spark, duckdb, sqlite = (
        answer(capsys, "fleet", "pnl", str(place), *options, "--engine", engine)
        for place, engine in (
            (tmp_path / "gathered", "spark"),
            (tmp_path / "gathered", "duckdb"),
            (log, "sqlite"),
        )
    )
    assert spark == duckdb == sqlite
    parameters = Parameters()
    assert claims(lake, parameters, "spark") == claims(lake, parameters)
    for by in ("intent", "device", "week"):
        spark, duckdb = (
            answer(capsys, "fleet", "pnl", str(lake.path), "--by", by, "--engine", engine)
            for engine in ("spark", "duckdb")
        )
        assert spark == duckdb


def test_without_spark_it_says_what_to_do(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pyspark", None)
    with pytest.raises(FleetError, match=r"pip install 'pennyworth\[spark\]'"):
        run("fleet", "pnl", str(lake.path), "--engine", "spark")


def test_a_folder_that_is_no_fleet_is_refused(tmp_path: Path, log: Path) -> None:
    with pytest.raises(FleetError, match="there is no fleet in"):
        run("fleet", "pnl", str(tmp_path))
    with pytest.raises(click.UsageError, match="gather it first"):
        run("fleet", "pnl", str(log), "--engine", "spark")
    (tmp_path / "lake.json").write_text('{"format": 99}')
    with pytest.raises(FleetError, match="of format 99"):
        run("fleet", "pnl", str(tmp_path))


def test_the_tables_are_printed(lake: Lake, capsys: pytest.CaptureFixture[str]) -> None:
    run("fleet", "pnl", str(lake.path))
    out = capsys.readouterr().out
    assert "simulated, plan maker" in out
    assert "pizzas" in out


def test_simulating_by_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "fleet"
    run("fleet", "simulate", "--households", "50", "--weeks", "1", "--seed", "4", "--out", str(out))
    text = capsys.readouterr().out
    assert "of 50 households in 1 weeks, simulated" in text
    assert "truly caused purchases of" in text
    again = answer(
        capsys, "fleet", "simulate", "--households", "50", "--weeks", "1", "--seed", "4", "--out", str(out)
    )
    assert again["simulated"] is True
    assert again["truth"] == json.loads((out / "truth.json").read_text())
    assert again["rows"]["interactions"] > 100
