"""`pennyworth ledger` as a user calls it: the life of an order after it completed, corrections, balances, the head."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from assistant.resources import configs_dir
from tests.assistant.test_chain import rehash
from tests.assistant.test_cli import ORDER, document, pennyworth

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def db(tmp_path: Path) -> Path:
    """A log with one pizza that completed."""
    path = tmp_path / "a.db"
    assert pennyworth(tmp_path, "--db", path, *ORDER).returncode == 0
    return path


def order_id(folder: Path, db: Path, *arguments: str) -> str:
    (found,) = document(pennyworth(folder, "--db", db, "ledger", "orders", "--json", *arguments))["orders"]
    return str(found["id"])


def balances(folder: Path, db: Path) -> dict[str, str]:
    found = document(pennyworth(folder, "--db", db, "ledger", "balances", "--json"))
    assert found["simulated"] is True
    assert set(found["totals"].values()) == {"0.000000"}
    return {row["account"]: row["balance"] for row in found["accounts"]}


def test_settled_and_then_refunded(tmp_path: Path, db: Path) -> None:
    assert balances(tmp_path, db)["Assets:Receivable:Pizza"] == "0.999000"
    settled = document(pennyworth(tmp_path, "--db", db, "ledger", "settle", "--all", "--json"))
    assert [order["state"] for order in settled["orders"]] == ["settled"]
    assert [t["kind"] for t in settled["transactions"]] == ["settlement"]
    paid = balances(tmp_path, db)
    assert (paid["Assets:Cash"], paid["Assets:Receivable:Pizza"]) == ("0.999000", "0.000000")
    refund = pennyworth(
        tmp_path, "--db", db, "ledger", "refund", order_id(tmp_path, db), "--reason", "it was cold"
    )
    assert "refund of the pizza order: it was cold (simulated)" in refund.stdout
    back = balances(tmp_path, db)
    assert (back["Assets:Cash"], back["Income:Rebates:Pizza"]) == ("0.000000", "0.000000")
    assert order_id(tmp_path, db, "--state", "refunded") == order_id(tmp_path, db)
    statement = document(pennyworth(tmp_path, "--db", db, "pnl", "--json"))
    assert statement["totals"]["revenue"] == "0.000000"
    assert document(pennyworth(tmp_path, "--db", db, "ledger", "check", "--json"))["ok"] is True


def test_what_is_ahead_of_the_clock_can_be_gone_on_with(tmp_path: Path, db: Path) -> None:
    """A step without a time of its own is not before the one that it follows; one with a time may not be."""
    ledger = ("--db", db, "ledger")
    pennyworth(tmp_path, *ledger, "settle", "--all", "--at", "2099-01-01")
    refund = "refund", order_id(tmp_path, db), "--reason", "cold"
    early = pennyworth(tmp_path, *ledger, *refund, "--at", "2098-12-31")
    assert "cannot be refunded before that" in early.stderr
    done = document(pennyworth(tmp_path, *ledger, *refund, "--json"))
    assert [t["at"] for t in done["transactions"]] == ["2099-01-01T00:00:00.000000Z"]
    took_back = done["transactions"][0]["id"]
    run = pennyworth(tmp_path, *ledger, "correct", took_back, "--reason", "it was warm")
    assert "1 transaction reversed (simulated, plan home)." in run.stdout
    assert document(pennyworth(tmp_path, *ledger, "check", "--json"))["ok"] is True


def test_a_chargeback_under_a_plan_with_fees(tmp_path: Path) -> None:
    db = tmp_path / "a.db"
    mine = tmp_path / "mine.toml"
    mine.write_text('[books]\nplan = "maker"\n')
    pennyworth(tmp_path, "--db", db, "--config", mine, *ORDER)
    run = pennyworth(
        tmp_path, "--db", db, "ledger", "chargeback", order_id(tmp_path, db), "--reason", "not mine", "--json"
    )
    assert [t["kind"] for t in document(run)["transactions"]] == ["chargeback", "handling", "support"]
    assert balances(tmp_path, db)["Expenses:Chargebacks:Pizza"] == "15.000000"
    assert document(pennyworth(tmp_path, "--db", db, "ledger", "check", "--json"))["ok"] is True


def test_a_correction_is_booked_and_stands_in_the_way_of_a_refund(tmp_path: Path, db: Path) -> None:
    accrual = f"{order_id(tmp_path, db)}:accrual"
    run = pennyworth(tmp_path, "--db", db, "ledger", "correct", accrual, "--reason", "booked twice", "--json")
    (correction,) = document(run)["transactions"]
    assert (correction["kind"], correction["reverses"]) == ("correction", accrual)
    refused = pennyworth(tmp_path, "--db", db, "ledger", "refund", order_id(tmp_path, db), "--reason", "cold")
    assert refused.returncode == 1
    assert "reverse the correction first" in refused.stderr
    pennyworth(tmp_path, "--db", db, "ledger", "correct", f"{accrual}:reversed", "--reason", "it was right")
    assert (
        pennyworth(
            tmp_path, "--db", db, "ledger", "refund", order_id(tmp_path, db), "--reason", "cold"
        ).returncode
        == 0
    )
    assert document(pennyworth(tmp_path, "--db", db, "ledger", "check", "--json"))["ok"] is True


def test_a_head_that_was_noted_finds_a_log_that_was_cut_short(tmp_path: Path, db: Path) -> None:
    noted = document(pennyworth(tmp_path, "--db", db, "ledger", "check", "--json"))["head"]
    assert f"head: {noted}" in pennyworth(tmp_path, "--db", db, "ledger", "check").stdout
    pennyworth(tmp_path, "--db", db, "say", "play some jazz")
    assert pennyworth(tmp_path, "--db", db, "ledger", "check", "--head", noted).returncode == 0
    rehash(
        db,
        "DELETE FROM postings WHERE transaction_id IN (SELECT id FROM transactions WHERE number > 1)",
        "DELETE FROM transactions WHERE number > 1",
        "DELETE FROM order_events",
        "DELETE FROM orders",
        "UPDATE interactions SET order_id = NULL",
        "DELETE FROM interactions WHERE number > 1",
    )
    assert pennyworth(tmp_path, "--db", db, "ledger", "check").returncode == 0
    found = pennyworth(tmp_path, "--db", db, "ledger", "check", "--head", noted)
    assert found.returncode == 1
    assert "rewritten or cut short" in found.stdout


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("settle",), 2, "name the orders to settle, or --all"),
        (("settle", "nothing"), 1, "there is no order 'nothing'"),
        (("refund", "nothing"), 2, "Missing option '--reason'"),
        (("refund", "ORDER", "--reason", " "), 1, "needs a reason"),
        (("settle", "ORDER", "--at", "2020-01-01"), 1, "cannot be settled before that"),
        (
            ("settle", "ORDER", "ORDER"),
            1,
            "is settled and cannot be settled; expected: charged_back, refunded",
        ),
        (("correct", "nothing", "--reason", "x"), 1, "there is no transaction 'nothing'"),
        (("orders", "--state", "eaten"), 2, "is not one of"),
        (("check", "--head", "abc"), 2, "64 hexadecimal digits"),
    ],
)
def test_bad_use_says_what_was_expected(
    tmp_path: Path, db: Path, arguments: tuple[str, ...], code: int, message: str
) -> None:
    id_ = order_id(tmp_path, db)
    run = pennyworth(
        tmp_path, "--db", db, "ledger", *(id_ if each == "ORDER" else each for each in arguments)
    )
    assert (run.returncode, "Traceback" in run.stderr) == (code, False)
    assert message in run.stderr


def test_a_settlement_in_another_currency_by_the_command(tmp_path: Path) -> None:
    db, plan, mine = tmp_path / "a.db", tmp_path / "plan.toml", tmp_path / "mine.toml"
    text = (configs_dir() / "pricing" / "cloud.toml").read_text()
    plan.write_text(f'{text}\n[settlement]\ncurrency = "USD"\n')
    mine.write_text(f'[books]\nplan = "{plan}"\n')
    assert pennyworth(tmp_path, "--db", db, "--config", mine, *ORDER).returncode == 0
    run = document(pennyworth(tmp_path, "--db", db, "ledger", "settle", "--all", "--json"))
    (settlement,) = run["transactions"]
    assert {posting["currency"] for posting in settlement["postings"]} == {"EUR", "USD"}
    checked = document(pennyworth(tmp_path, "--db", db, "ledger", "check", "--json"))
    assert checked["problems"] == []
