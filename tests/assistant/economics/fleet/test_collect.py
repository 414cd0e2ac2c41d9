"""Logs of devices gathered: each row once, whatever is repeated, killed, copied, late or named alike."""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from assistant.cli.main import command
from assistant.economics.attribution.models import Parameters
from assistant.economics.fleet.collect import collect
from assistant.economics.fleet.columns import KEYS, SCHEMAS
from assistant.economics.fleet.effect import claims
from assistant.economics.fleet.engines import OnLog, on_lake
from assistant.economics.fleet.lake import Lake, committed
from assistant.economics.fleet.simulate import simulate
from assistant.errors import FleetError, StoreError
from assistant.ledger.exchange import load_rates
from assistant.ledger.plan_file import load_plan
from assistant.ledger.rules import book_interaction, book_order_event
from assistant.records import Order, OrderEvent
from assistant.reports.fleet import fleet_profit
from assistant.reports.fleet_claims import claims_sentence
from assistant.reports.profit import Terms
from assistant.store.store import Store
from tests.assistant.economics.fleet.fleets import fleet, rows
from tests.assistant.examples import NOW, interaction
from tests.assistant.random_log import euro_plan, fill

if TYPE_CHECKING:
    from pathlib import Path

    from assistant.reports.profit import Profit

CONVERSATIONS = 60


def write(path: Path, seed: int, conversations: int = CONVERSATIONS) -> Path:
    """A log in which ids and names of devices are those of every other one of these."""
    with Store.open(path) as store:
        fill(store, seed=seed, conversations=conversations, plans=[load_plan("home"), euro_plan()])
    return path


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("logs")
    return [write(folder / f"{seed}.db", seed) for seed in (1, 2, 3)]


def settle_one(store: Store) -> str:
    """The partner pays for an order that has only completed so far; its id."""
    (row, *_) = store.rows(
        """
        SELECT * FROM orders AS o WHERE (
            SELECT state FROM order_events WHERE order_id = o.id ORDER BY rowid DESC LIMIT 1
        ) = 'completed'
        """
    )
    order = Order.from_row(row)
    life = [
        OrderEvent.from_row(each)
        for each in store.rows("SELECT * FROM order_events WHERE order_id = ? ORDER BY rowid", [order.id])
    ]
    event = OrderEvent(order_id=order.id, state="settled", at=NOW, interaction_id=life[-1].interaction_id)
    booked = book_order_event(order, event, life, load_rates("example"))
    store.step_order(order.id, lambda *_: (event, booked))
    return order.id


def stated(lake: Lake, by: str = "intent") -> Profit:
    with on_lake(lake) as engine:
        return fleet_profit(
            engine, by, Terms(plan=None, rates=load_rates("example"), currency="USD"), lambda _: None
        )


def everything(lake: Lake) -> dict[str, Counter[str]]:
    """The rows of each table, whatever files they are in."""
    return {
        table: Counter(json.dumps(row, default=str, sort_keys=True) for row in rows(lake, table))
        for table in SCHEMAS
    }


def test_one_log_has_its_figures_in_the_lake(logs: list[Path], tmp_path: Path) -> None:
    collect(logs[:1], tmp_path / "lake")
    lake = Lake.open(tmp_path / "lake")
    terms = Terms(plan=load_plan("home"), rates=load_rates("example"), allocate="speech")
    with Store.open(logs[0], mode="read") as store, on_lake(lake) as engine:
        for by in ("intent", "device", "partner", "plan", "day"):
            assert fleet_profit(engine, by, terms, lambda _: terms.plan) == fleet_profit(
                OnLog(store), by, terms, lambda _: terms.plan
            )


def test_many_logs_are_added_up_and_alike_ids_and_names_kept_apart(logs: list[Path], tmp_path: Path) -> None:
    gathered = collect(logs, tmp_path / "lake")
    lake = Lake.open(tmp_path / "lake")
    ids = [
        Counter(row["id"] for row in rows(Lake(path=lake.path, head={}, parts=(part,)), "interactions"))
        for part in lake.parts
    ]
    assert ids[0].keys() & ids[1].keys()
    assert (
        sum(each.new["interactions"] for each in gathered) == lake.rows("interactions") == sum(map(len, ids))
    )
    for table in ("interactions", "orders", "order_events", "postings", "devices"):
        keys = Counter(tuple(row[name] for name in KEYS[table]) for row in rows(lake, table))
        assert max(keys.values()) == 1
    assert len({row["household"] for row in rows(lake, "devices")}) == 3
    one_by_one = []
    for number, log in enumerate(logs):
        collect([log], tmp_path / str(number))
        one_by_one.append(stated(Lake.open(tmp_path / str(number))).statement.total)
    total = stated(lake).statement.total
    assert total.interactions == sum(each.interactions for each in one_by_one)
    assert total.orders_completed == sum(each.orders_completed for each in one_by_one)
    # Each was exchanged and rounded by itself.
    assert abs(total.revenue.micros - sum(each.revenue.micros for each in one_by_one)) <= 2


def test_doing_it_again_adds_nothing_and_late_rows_are_added(tmp_path: Path) -> None:
    log, out = write(tmp_path / "log.db", 4, conversations=160), tmp_path / "lake"
    collect([log], out)
    first = everything(Lake.open(out))
    assert [each.new["interactions"] for each in collect([log, log], out)] == [0, 0]
    assert everything(Lake.open(out)) == first
    # An interaction that comes to the log months after it was said, and orders that go on.
    it = interaction(id="late", at=NOW.replace(year=2025), intent="weather")
    with Store.open(log) as store:
        store.append(it, transactions=book_interaction(it, load_plan("home")))
        settled = settle_one(store)
    (again,) = collect([log], out)
    assert again.new["interactions"] == 1
    lake = Lake.open(out)
    assert any("week=2025-W01" in str(file) for file in lake.files("interactions"))
    assert again.new["order_events"] == 1
    assert settled in {row["order_id"] for row in rows(lake, "order_events") if row["state"] == "settled"}
    collect([log], tmp_path / "whole")
    assert everything(lake) == everything(Lake.open(tmp_path / "whole"))


def test_copies_of_a_log_are_one_household(tmp_path: Path) -> None:
    log = write(tmp_path / "log.db", 5)
    copy = tmp_path / "copy.db"
    shutil.copy(log, copy)
    for path, ident in ((log, "here"), (copy, "there")):
        it = interaction(id=ident)
        with Store.open(path) as store:
            store.append(it, transactions=book_interaction(it, load_plan("home")))
    first, second = collect([log, copy], tmp_path / "lake")
    assert first.household == second.household
    assert (second.new["interactions"], second.known) == (1, first.new["interactions"] - 1)


def test_a_copy_with_other_figures_is_refused(tmp_path: Path) -> None:
    log = write(tmp_path / "log.db", 6)
    forged = tmp_path / "forged.db"
    shutil.copy(log, forged)
    with closing(sqlite3.connect(forged)) as db:
        for name, sql in db.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall():
            assert sql
            db.execute(f"DROP TRIGGER {name}")
        db.execute(
            "UPDATE postings SET amount_micros = amount_micros + 1 WHERE account LIKE 'Income:Rebates%'"
        )
        db.commit()
    collect([log], tmp_path / "lake")
    before = everything(Lake.open(tmp_path / "lake"))
    with pytest.raises(FleetError, match="already with other figures"):
        collect([forged], tmp_path / "lake")
    assert everything(Lake.open(tmp_path / "lake")) == before


def test_words_may_stay_on_the_device(logs: list[Path], tmp_path: Path) -> None:
    collect(logs[:1], tmp_path / "with")
    collect(logs[:1], tmp_path / "without", words=False)
    lake = Lake.open(tmp_path / "without")
    for row in rows(lake, "interactions"):
        assert (row["transcript"], row["words"], row["slots"], row["reply"]) == ("", "[]", "{}", "")
    assert all(row["description"] == "" for row in rows(lake, "orders"))
    assert stated(lake) == stated(Lake.open(tmp_path / "with"))


def test_an_empty_log_adds_nothing(tmp_path: Path) -> None:
    Store.open(tmp_path / "log.db").close()
    (gathered,) = collect([tmp_path / "log.db"], tmp_path / "lake")
    assert gathered.household == ""
    assert Lake.open(tmp_path / "lake").rows("interactions") == 0


def test_what_is_no_place_or_no_log_is_refused(logs: list[Path], tmp_path: Path) -> None:
    simulated = simulate(fleet(households=5, weeks=1), tmp_path / "simulated", workers=1)
    with pytest.raises(FleetError, match="holds a simulated fleet"):
        collect(logs, simulated.path)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("mine")
    with pytest.raises(FleetError, match="other things in it"):
        collect(logs, tmp_path / "mine")
    with pytest.raises(FleetError, match="is a file"):
        collect(logs, tmp_path / "mine" / "notes.txt")
    with pytest.raises(StoreError):
        collect([logs[0], tmp_path / "mine" / "notes.txt"], tmp_path / "lake")
    assert Lake.open(tmp_path / "lake").rows("interactions") > 0


def test_nobody_was_held_out_of_real_logs(tmp_path: Path) -> None:
    with Store.open(tmp_path / "log.db") as store:
        fill(store, seed=9, conversations=CONVERSATIONS, plans=[load_plan("home")])
    collect([tmp_path / "log.db"], tmp_path / "lake")
    found = claims(Lake.open(tmp_path / "lake"), Parameters())
    assert found.truth is None
    assert found.of("incremental") is None
    direct = found.of("direct")
    assert direct is not None
    assert direct.estimate.micros > 0
    assert "is not known" in claims_sentence(found)


PROGRAM = """
from pathlib import Path
import sys
from assistant.economics.fleet.collect import collect
collect([Path(each) for each in sys.argv[2:]], Path(sys.argv[1]))
"""


def test_killed_half_way_and_repeated(logs: list[Path], tmp_path: Path) -> None:
    out = tmp_path / "lake"
    collect(logs, tmp_path / "whole")
    whole = everything(Lake.open(tmp_path / "whole"))
    kills = 0
    for moment in ("first file", "first part", "second log"):
        process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, str(out), *map(str, logs)], env={"PYTHONPATH": "."}
        )
        begun = len(committed(out))
        while process.poll() is None:
            parts = len(committed(out))
            files = sum(1 for _ in out.rglob("*.parquet*")) if out.exists() else 0
            known = sum(len(files_) for part in committed(out) for files_ in part.files.values())
            reached = {
                "first file": files > known,
                "first part": parts > begun,
                "second log": parts > 0 and files > known + 1,
            }
            if reached[moment]:
                break
            time.sleep(0.002)
        process.kill()
        kills += process.wait() != 0
        if (out / "lake.json").exists():
            lake = Lake.open(out)
            for table, found in everything(lake).items():
                assert max(found.values(), default=1) == 1
                assert not found - whole[table]
    assert kills >= 2
    collect(logs, out)
    assert everything(Lake.open(out)) == whole


def test_the_command_tells_what_was_new(
    logs: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["fleet", "collect", *map(str, logs), "--out", str(tmp_path / "lake")]
    command.main([*arguments, "--json"], prog_name="pennyworth", standalone_mode=False)
    document: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert [each["log"] for each in document["logs"]] == [str(log) for log in logs]
    assert all(each["new"]["interactions"] > 50 for each in document["logs"])
    command.main([*arguments, "--no-words"], prog_name="pennyworth", standalone_mode=False)
    assert "0 new in" in capsys.readouterr().out
