"""The books in other programs: what they read comes to what the log says, to the millionth."""

from __future__ import annotations

import csv
import io
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from beancount import loader
from beancount.core import data, realization

from assistant.errors import ExportError, LedgerError
from assistant.ledger.accounts import bundled_chart
from assistant.ledger.plan_file import load_plan
from assistant.ledger.rules import reverse
from assistant.ledger.transactions import Posting, Transaction
from assistant.money import MICROS_PER_UNIT, Money
from assistant.reports.exports.books import open_books
from assistant.reports.exports.columnar import SCHEMA
from assistant.reports.exports.files import FORMATS, export, written_whole
from assistant.store.journal import balances, journal
from assistant.store.store import Store
from tests.assistant.examples import NOW, interaction
from tests.assistant.random_log import euro_plan, fill
from tests.benchmarks.large import write_large_log

if TYPE_CHECKING:
    from collections.abc import Iterator

HLEDGER = shutil.which("hledger")


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two currencies, a settlement in another one, refunds, chargebacks, a correction, and words full of quotes."""
    path = tmp_path_factory.mktemp("books") / "log.db"
    with Store.open(path) as store:
        fill(store, seed=11, conversations=60, plans=[load_plan("maker"), load_plan("home"), euro_plan()])
        it = interaction(id="words", plan="home")
        words = 'a "quoted" word; a back\\slash | a bar, a\nline, ünïcode'
        pair = (("Expenses:Compute:Listening", 3), ("Liabilities:Payable:Electricity", -3))
        odd = Transaction(
            id="words:compute",
            at=NOW,
            kind="compute",
            interaction_id="words",
            order_id=None,
            plan="home",
            description=words,
            postings=tuple(
                Posting(account=account, amount=Money(currency="USD", micros=micros))
                for account, micros in pair
            ),
        )
        store.append(it, transactions=[odd])
        store.correct("words:compute", lambda t: reverse(t, reason="never said", at=NOW))
    return path


@pytest.fixture
def store(log: Path) -> Iterator[Store]:
    with Store.open(log, mode="read") as opened:
        yield opened


def written(store: Store, kind: str, folder: Path) -> Path:
    path = folder / f"books.{kind}"
    export(open_books(store, bundled_chart()), kind, path)
    return path


def ours(store: Store) -> dict[tuple[str, str], Decimal]:
    return {(b.account, b.amount.currency): Decimal(str(b.amount)) for b in balances(store)}


def test_the_balances_are_the_sums_of_the_transactions(store: Store) -> None:
    sums: Counter[tuple[str, str]] = Counter()
    for row in store.rows("SELECT account, currency, amount_micros FROM postings"):
        sums[row["account"], row["currency"]] += row["amount_micros"]
    assert {key: Decimal(micros) / MICROS_PER_UNIT for key, micros in sums.items()} == ours(store)
    ids = [transaction.id for transaction in journal(store)]
    assert ids == [row["id"] for row in store.rows("SELECT id FROM transactions ORDER BY number")]


def test_beancount_passes_its_check_and_comes_to_the_same(store: Store, tmp_path: Path) -> None:
    path = written(store, "beancount", tmp_path)
    check = subprocess.run(
        [Path(sys.executable).with_name("bean-check"), path], capture_output=True, text=True, check=False
    )
    assert (check.returncode, check.stdout + check.stderr) == (0, "")
    entries, errors, options = loader.load_file(str(path))
    assert errors == []
    assert sorted(options["operating_currency"]) == ["EUR", "USD"]
    assert "simulated" in options["title"]
    assert "euro, home, maker" in options["title"]
    theirs = {
        (account.account, position.units.currency): position.units.number
        for account in realization.iter_children(realization.realize(entries))  # type: ignore[no-untyped-call]
        for position in account.balance
    }
    # Beancount leaves out what comes to nothing.
    assert theirs == {key: amount for key, amount in ours(store).items() if amount}
    read = {e.meta["transaction"]: e for e in entries if isinstance(e, data.Transaction)}
    transactions = {transaction.id: transaction for transaction in journal(store)}
    assert read.keys() == transactions.keys()
    for id_, transaction in transactions.items():
        meta = read[id_].meta
        assert (meta["interaction"], meta["plan"]) == (transaction.interaction_id, transaction.plan)
        assert meta.get("order") == transaction.order_id
        assert read[id_].narration == " ".join(transaction.description.split())
    opened = {e.account: e.meta.get("purpose") for e in entries if isinstance(e, data.Open)}
    for account in bundled_chart().accounts:
        if "*" not in account.name:
            assert opened[account.name] == account.purpose
    asserted = [e for e in entries if isinstance(e, data.Balance)]
    assert {(e.account, e.amount.currency): e.amount.number for e in asserted} == ours(store)
    assert {e.tolerance for e in asserted} == {Decimal(0)}


@pytest.mark.parametrize("kind", ["beancount", "hledger"])
def test_a_millionth_too_much_is_found_by_the_other_program(store: Store, tmp_path: Path, kind: str) -> None:
    """So the assertions in the file are worth something."""
    if kind == "hledger" and HLEDGER is None:
        pytest.skip("hledger is not installed: apt install hledger")
    path = written(store, kind, tmp_path)
    text = path.read_text(encoding="utf-8")
    wrong = text.replace("  0.000003 USD\n", "  0.000004 USD\n", 1).replace(
        "  -0.000003 USD\n", "  -0.000004 USD\n", 1
    )
    assert wrong != text
    path.write_text(wrong, encoding="utf-8")
    if kind == "beancount":
        _, errors, _ = loader.load_file(str(path))
        assert any("Balance failed" in error.message for error in errors)
    else:
        check = subprocess.run(["hledger", "-f", path, "check"], capture_output=True, text=True, check=False)
        assert check.returncode != 0
        assert "balance assertion" in check.stderr


@pytest.mark.skipif(HLEDGER is None, reason="hledger is not installed: apt install hledger")
def test_hledger_passes_its_check_and_comes_to_the_same(store: Store, tmp_path: Path) -> None:
    path = written(store, "hledger", tmp_path)

    def hledger(*arguments: str) -> str:
        return subprocess.run(
            ["hledger", "-f", str(path), *arguments],
            capture_output=True,
            text=True,
            check=True,
            env=os.environ | {"LANG": "C.UTF-8", "LC_ALL": "C.UTF-8"},
        ).stdout

    hledger("check", "--strict")
    rows = csv.DictReader(
        io.StringIO(hledger("balance", "--flat", "--no-total", "--layout=tidy", "-O", "csv"))
    )
    theirs = {(row["account"], row["commodity"]): Decimal(row["value"]) for row in rows if row["commodity"]}
    expected = ours(store)
    assert {key: amount for key, amount in theirs.items() if amount} == {
        key: amount for key, amount in expected.items() if amount
    }
    (row, _) = store.rows("SELECT * FROM transactions WHERE interaction_id = 'words' ORDER BY number")
    found = json.loads(hledger("print", "tag:transaction=words.compute$", "-O", "json"))
    tags = dict(found[0]["ttags"])
    assert (tags["interaction"], tags["plan"], tags["transaction"]) == ("words", row["plan"], row["id"])


def postings(store: Store) -> list[dict[str, Any]]:
    """The books, read without the code that exports them."""
    return store.rows(
        """
        SELECT t.id AS "transaction", p.line, t.at, t.kind, p.account, p.amount_micros, p.currency,
            t.interaction_id AS interaction, t.order_id AS "order", t."plan", t.description
        FROM transactions AS t JOIN postings AS p ON p.transaction_id = t.id ORDER BY t.number, p.line
        """
    )


def test_csv_is_read_back_the_same(store: Store, tmp_path: Path) -> None:
    with written(store, "csv", tmp_path).open(encoding="utf-8", newline="") as file:
        found = list(csv.DictReader(file))
    expected = [
        {
            name: str(value) if value is not None else ""
            for name, value in row.items()
            if name != "amount_micros"
        }
        | {"simulated": "true"}
        for row in postings(store)
    ]
    amounts = [Decimal(row.pop("amount")) for row in found]
    assert found == expected
    assert amounts == [Decimal(row["amount_micros"]) / MICROS_PER_UNIT for row in postings(store)]


def test_jsonl_is_read_back_the_same(store: Store, tmp_path: Path) -> None:
    lines = written(store, "jsonl", tmp_path).read_text(encoding="utf-8").splitlines()
    found = []
    for line in lines:
        document = json.loads(line)
        assert document.pop("simulated") is True
        for number, posting in enumerate(document.pop("postings"), start=1):
            assert isinstance(posting["amount"], str)
            micros = int(Decimal(posting.pop("amount")) * MICROS_PER_UNIT)
            found.append({**document, **posting, "line": number, "amount_micros": micros})
    assert found == postings(store)


def test_parquet_is_read_back_the_same_with_real_types(store: Store, tmp_path: Path) -> None:
    table = pq.read_table(written(store, "parquet", tmp_path))
    assert table.schema.equals(SCHEMA)
    assert table.schema.field("amount_micros").type == pa.int64()
    assert table.schema.field("at").type == pa.timestamp("us", tz="UTC")
    assert table.schema.metadata[b"simulated"] == b"true"
    found = table.to_pylist()
    for row in found:
        assert row.pop("simulated") is True
        row["at"] = row["at"].isoformat(timespec="microseconds").replace("+00:00", "Z")
    assert found == postings(store)


@pytest.mark.parametrize("kind", FORMATS)
def test_empty_books(tmp_path: Path, kind: str) -> None:
    with Store.open(tmp_path / "empty.db") as empty:
        path = written(empty, kind, tmp_path)
    if kind == "beancount":
        assert loader.load_file(str(path))[1] == []
    elif kind == "parquet":
        assert pq.read_table(path).num_rows == 0
    elif kind == "hledger" and HLEDGER:
        subprocess.run(["hledger", "-f", path, "check", "--strict"], check=True)


def test_an_account_that_the_other_program_refuses_is_named(store: Store, tmp_path: Path) -> None:
    books = open_books(store, bundled_chart())
    object.__setattr__(books, "accounts", {"Income:rebates": ""})
    with pytest.raises(ExportError, match="'Income:rebates' cannot be exported"):
        export(books, "beancount", tmp_path / "x.beancount")
    assert list(tmp_path.iterdir()) == []


def test_books_that_do_not_balance_are_not_exported(log: Path, tmp_path: Path) -> None:
    copied = Path(shutil.copy(log, tmp_path / "copy.db"))
    with Store.open(copied) as writer:
        for row in writer.rows("SELECT name FROM sqlite_master WHERE type = 'trigger'"):
            writer.rows(f"DROP TRIGGER {row['name']}")
        writer.rows(
            "UPDATE postings SET amount_micros = amount_micros + 1 WHERE transaction_id = 'words:compute'"
        )
        target = tmp_path / "books.csv"
        target.write_text("as it was")
        with pytest.raises(LedgerError, match="words:compute is off by 2 millionths"):
            export(open_books(writer, bundled_chart()), "csv", target)
    assert target.read_text() == "as it was"


# ---- files


def command(db: Path, *arguments: str | Path) -> list[str]:
    return [
        sys.executable,
        "-W",
        "error",
        "-m",
        "assistant.cli",
        "--db",
        str(db),
        "ledger",
        "export",
        *map(str, arguments),
    ]


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_stopped_half_way_there_is_no_half_file(
    large: Path, tmp_path: Path, how: signal.Signals, kind: str
) -> None:
    target = tmp_path / "books"
    target.write_text("as it was")
    with subprocess.Popen(
        command(large, "--format", kind, "--output", target), stderr=subprocess.PIPE
    ) as process:
        deadline = time.monotonic() + 60
        while not any(kind == "parquet" or part.stat().st_size > 50_000 for part in tmp_path.glob(".*.part")):
            assert process.poll() is None, "it ended before it could be stopped"
            assert time.monotonic() < deadline
            time.sleep(0.002)
        process.send_signal(how)
        _, complaints = process.communicate(timeout=60)
    assert process.returncode != 0
    assert b"Traceback" not in complaints
    assert target.read_text() == "as it was"
    left = [path.suffix for path in tmp_path.iterdir() if path != target]
    # Only a kill, which no program can answer, leaves its unfinished part under a name of its own.
    assert left == ([".part"] if how == signal.SIGKILL else [])


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("large") / "log.db"
    write_large_log(path, 6_000)
    return path


def peak_of(arguments: list[str]) -> int:
    """Kilobytes of memory at most of a child process."""
    code = (
        "import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL); "
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    )
    run = subprocess.run([sys.executable, "-c", code, *arguments], check=True, capture_output=True, text=True)
    return int(run.stdout)


@pytest.mark.slow
@pytest.mark.parametrize("kind", FORMATS)
def test_memory_does_not_grow_with_the_books(log: Path, tmp_path: Path, kind: str) -> None:
    """Books of tens of megabytes take little more than books of some kilobytes: a batch."""
    target, large = tmp_path / "books", tmp_path / "large.db"
    write_large_log(large, 60_000)
    little, much = (peak_of(command(db, "--format", kind, "--output", target)) for db in (log, large))
    assert target.stat().st_size > 1_000_000 or kind == "parquet"
    assert much - little < (80_000 if kind == "parquet" else 25_000)


def test_standard_output_is_the_same_as_a_file(log: Path, store: Store, tmp_path: Path) -> None:
    for kind in ("jsonl", "parquet"):
        run = subprocess.run(command(log, "--format", kind), capture_output=True, check=True)
        assert run.stdout == written(store, kind, tmp_path).read_bytes()


def test_where_it_cannot_be_written_is_named(store: Store, tmp_path: Path) -> None:
    books = open_books(store, bundled_chart())
    with pytest.raises(ExportError, match="no ordinary file"):
        export(books, "csv", tmp_path)
    with pytest.raises(ExportError, match="cannot write .*No such file or directory"):
        export(books, "csv", tmp_path / "nowhere" / "books.csv")


def test_a_full_disk_leaves_the_file_as_it_was(store: Store, tmp_path: Path) -> None:
    target = tmp_path / "books.csv"
    target.write_text("as it was")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))
    try:
        with pytest.raises(ExportError, match="File too large"):
            export(open_books(store, bundled_chart()), "csv", target)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, ignored)
    assert target.read_text() == "as it was"
    assert [path.name for path in tmp_path.iterdir()] == ["books.csv"]


def test_a_file_takes_its_name_only_when_it_is_whole(tmp_path: Path) -> None:
    target = tmp_path / "x"
    with written_whole(target) as out:
        out.write(b"half")
        assert not target.exists()
    assert target.read_bytes() == b"half"
