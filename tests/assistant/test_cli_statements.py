"""`pnl`, `log` and `ledger export` as a user or another program calls them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import click
import pytest
from rich.cells import cell_len

from assistant.cli.main import command
from assistant.errors import LedgerError, StoreError
from assistant.ledger.plan_file import load_plan
from assistant.ledger.rules import book_interaction
from assistant.store.store import Store
from assistant.store.totals import GROUPINGS
from tests.assistant.examples import NOW, interaction, plan
from tests.assistant.random_log import fill

if TYPE_CHECKING:
    from pathlib import Path

WIDTHS = (60, 80, 100, 160)


@pytest.fixture(scope="module")
def db(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("cli") / "log.db"
    with Store.open(path) as store:
        fill(store, seed=5, conversations=40, plans=[load_plan("home")])
        long = interaction(
            id="long",
            transcript="play "
            + "a song with a very long name " * 6
            + "Donaudampfschifffahrtsgesellschaftskapitän",
            reply="Playing " + "that " * 60,
            at=NOW,
        )
        store.append(long, transactions=book_interaction(long, plan()))
    return path


@pytest.fixture
def run(db: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))

    def call(*arguments: str, width: int = 100) -> str:
        monkeypatch.setenv("COLUMNS", str(width))
        command.main(["--db", str(db), *arguments], prog_name="pennyworth", standalone_mode=False)
        return capsys.readouterr().out

    return call


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize(
    "arguments",
    [
        ("pnl",),
        ("pnl", "--by", "day", "--tz", "Europe/Berlin"),
        ("pnl", "--plan", "maker"),
        ("pnl", "--currency", "EUR", "--rates", "example"),
        ("pnl", "--funnel"),
        ("pnl", "--attribution", "linear"),
        ("ledger", "orders"),
        ("ledger", "balances"),
        ("attribution", "compare"),
        ("log",),
        ("log", "show", "3"),
        ("log", "show", "long"),
    ],
)
def test_pages_fit_the_terminal_and_say_simulated_and_the_plan(
    run: Any, arguments: tuple[str, ...], width: int
) -> None:
    page = run(*arguments, width=width)
    assert "simulated" in page
    assert all(cell_len(line.rstrip()) <= width for line in page.splitlines())
    plan_of_page = "plan maker" if "maker" in arguments else "plan home"
    assert plan_of_page in " ".join(page.split())
    if "maker" in arguments:
        assert "what if, nothing of it was booked" in " ".join(page.split())


@pytest.mark.parametrize("width", WIDTHS)
def test_amounts_are_never_cut(run: Any, width: int) -> None:
    """Each is on one line and whole, whatever the width."""
    totals = json.loads(run("pnl", "--json"))["totals"]
    page = run("pnl", width=width)
    for name in ("revenue", "cost", "margin", "loaded_margin"):
        assert totals[name] in page
    receipt = run("log", "show", "3", width=width)
    for transaction in json.loads(run("log", "show", "3", "--json"))["transactions"]:
        for posting in transaction["postings"]:
            assert any(
                posting["account"] in line and posting["amount"] in line for line in receipt.splitlines()
            )


@pytest.mark.parametrize("by", GROUPINGS)
def test_every_grouping_is_a_document_that_adds_up(run: Any, by: str) -> None:
    document = json.loads(run("pnl", "--by", by, "--json"))
    assert (document["simulated"], document["plan"], document["by"]) == (True, "home", by)
    totals, rows = document["totals"], document["rows"]
    for name in ("revenue", "cost", "margin", "period_cost", "period_income", "loaded_margin"):
        assert sum(Decimal(row[name]) for row in rows) == Decimal(totals[name])
    for name in ("interactions", "orders_completed"):
        assert sum(row[name] for row in rows) == totals[name]
    assert sum(row["share"] for row in rows) == pytest.approx(1, abs=1e-5)
    assert document["period"]["allocated_by"] == "interactions"
    assert all(item["rate"] and item["source"] for item in document["period"]["items"])


def test_the_funnel_is_a_document(run: Any) -> None:
    document = json.loads(run("pnl", "--funnel", "--json"))
    assert document["simulated"] is True
    for each in document["intents"]:
        assert [stage["stage"] for stage in each["stages"]] == [
            "asked",
            "understood",
            "confirmed",
            "placed",
            "completed",
            "kept",
        ]


def test_the_log_is_a_document_with_every_posting_and_its_source(run: Any) -> None:
    found = json.loads(run("log", "--json", "--limit", "1000"))["interactions"]
    assert found[-1]["id"] == "long"
    assert [it["number"] for it in found] == list(range(1, len(found) + 1))
    for it in found:
        postings = [posting for t in it["transactions"] for posting in t["postings"]]
        assert sum(Decimal(posting["amount"]) for posting in postings) == 0
        spent = [p for p in postings if p["account"].startswith("Expenses:")]
        assert Decimal(it["cost"]) == sum(Decimal(posting["amount"]) for posting in spent)
        assert all(posting["source"] for posting in spent)


def test_the_log_has_a_line_an_interaction_in_any_number_of_them(db: Path, run: Any) -> None:
    everything = run("log", "--limit", "9223372036854775807", width=160)
    with Store.open(db, mode="read") as store:
        (count,) = next(store.stream("SELECT count(*) FROM interactions"))
    assert sum(line[:6].strip().isdigit() for line in everything.splitlines()) == count
    assert "Nothing in the log fits." in run("log", "--since", "2999-01-01")


@pytest.mark.parametrize("limit", ["100000000000000000000", "1e20", "0", "-5"])
def test_a_limit_that_is_none_is_refused(run: Any, limit: str) -> None:
    with pytest.raises(click.BadParameter, match=r"range|integer"):
        run("log", "--limit", limit)


def test_other_bad_input_is_named(run: Any, tmp_path: Path) -> None:
    with pytest.raises(click.BadParameter, match="there is no such time zone"):
        run("pnl", "--tz", "Mars/Olympus")
    with pytest.raises(StoreError, match="statements are kept by quarters of an hour"):
        run("pnl", "--since", "2026-01-05T10:01")
    with pytest.raises(LedgerError, match="name a table of exchange rates"):
        run("pnl", "--currency", "EUR")
    with pytest.raises(click.UsageError, match="does not go with --plan"):
        run("pnl", "--funnel", "--plan", "maker")
    with pytest.raises(StoreError, match="is a folder"):
        run("--db", str(tmp_path), "pnl")


def test_a_time_is_of_the_zone_that_was_named(run: Any) -> None:
    """Two in the afternoon in Kathmandu is a quarter past eight in Greenwich."""
    local = run(
        "pnl", "--json", "--tz", "Asia/Kathmandu", "--since", "2025-12-01T14:00", "--until", "2026-01-01"
    )
    utc = run("pnl", "--json", "--since", "2025-12-01T08:15", "--until", "2025-12-31T18:15")
    assert json.loads(local)["totals"] == json.loads(utc)["totals"]


def test_a_statement_of_a_time_names_it(run: Any) -> None:
    page = " ".join(run("pnl", "--tz", "Europe/Berlin", "--since", "2025-12-01T14:00").split())
    assert "USD, from 2025-12-01 14:00, times of Europe/Berlin" in page
    assert "from 2025" not in run("pnl")
    document = json.loads(run("pnl", "--json", "--until", "2026-01-01"))
    assert (document["since"], document["until"]) == (None, "2026-01-01T00:00:00+00:00")


def test_following_for_other_programs_is_an_object_a_line(tmp_path: Path) -> None:
    path = tmp_path / "log.db"
    with (
        Store.open(path) as store,
        subprocess.Popen(
            [
                sys.executable,
                "-W",
                "error",
                "-m",
                "assistant.cli",
                "--db",
                str(path),
                "log",
                "follow",
                "--json",
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | {"XDG_CONFIG_HOME": str(tmp_path)},
        ) as follower,
    ):
        assert follower.stdout
        assert follower.stderr
        assert "Following" in follower.stderr.readline()
        for n in range(3):
            it = interaction(id=f"i{n}")
            store.append(it, transactions=book_interaction(it, plan()))
            time.sleep(0.01)
        lines = [json.loads(follower.stdout.readline()) for _ in range(3)]
        follower.send_signal(signal.SIGINT)
        assert follower.wait(30) == 130
    assert [line["id"] for line in lines] == ["i0", "i1", "i2"]
    assert all(line["simulated"] and line["transactions"] for line in lines)


def test_the_log_asks_the_database_a_few_times_however_long_it_is(
    run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    stream, rows = Store.stream, Store.rows

    def counted(original: Any) -> Any:
        def ask(store: Store, sql: str, parameters: Any = ()) -> Any:
            asked.append(sql)
            return original(store, sql, parameters)

        return ask

    monkeypatch.setattr(Store, "stream", counted(stream))
    monkeypatch.setattr(Store, "rows", counted(rows))
    run("log", "--limit", "1000")
    run("log", "--limit", "1000", "--json")
    assert 2 <= len(asked) < 8
