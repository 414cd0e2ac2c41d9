"""The log's health is found out without writing to it."""

from __future__ import annotations

import hashlib
import sqlite3
from typing import TYPE_CHECKING

import pytest

from assistant.doctor.mend import make_private
from assistant.ledger.plan_file import load_plan
from assistant.store.health import log_health
from assistant.store.store import Store
from tests.assistant.random_log import fill

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "log.db"
    with Store.open(path) as store:
        fill(store, seed=1, conversations=9, plans=[load_plan("home")])
    return path


def test_a_healthy_log_is_not_touched(log: Path) -> None:
    before = hashlib.sha256(log.read_bytes()).digest()
    health = log_health(log)
    assert (health.exists, health.problem, health.interactions > 9) == (True, "", True)
    with Store.open(log, mode="read") as store:
        assert health.newest == max(it.at for it in store.interactions())
    assert hashlib.sha256(log.read_bytes()).digest() == before


def test_a_log_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    path = tmp_path / "not" / "yet" / "log.db"
    assert (log_health(path).exists, log_health(path).problem) == (False, "")
    assert not path.parent.exists()
    (tmp_path / "file").touch()
    assert "choose another --db" in log_health(tmp_path / "file" / "log.db").problem


def test_a_log_that_is_being_written_is_well(log: Path) -> None:
    writer = sqlite3.connect(log, isolation_level=None)
    writer.execute("BEGIN IMMEDIATE")
    assert log_health(log).problem == ""
    writer.execute("ROLLBACK")
    writer.close()


def test_what_is_no_log_or_is_damaged_is_told(log: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.db"
    other.write_bytes(b"no database at all" * 100)
    assert "it is no SQLite database" in log_health(other).problem
    with Store.open(log) as store:
        pages = store.rows("PRAGMA page_count")[0]["page_count"]
    data = bytearray(log.read_bytes())
    size = len(data) // pages
    # Any page behind the schema's, but not that of the newest interaction.
    for number in range(pages // 2, pages // 2 + 4):
        data[number * size : (number + 1) * size] = b"\xff" * size
    log.write_bytes(data)
    assert "damaged" in log_health(log).problem


def test_a_log_that_others_can_read_is_made_private(log: Path) -> None:
    log.chmod(0o644)
    for folder in (log.parent, *log.parents):
        if not folder.stat().st_mode & 0o001:
            # Behind a closed door it is nobody's business.
            assert not log_health(log).open_to_others
            break
    else:
        assert log_health(log).open_to_others
    log.with_name("log.db-wal").touch(mode=0o644)
    make_private(log)
    assert {path.stat().st_mode & 0o777 for path in log.parent.glob("log.db*")} == {0o600}
    assert not log_health(log).open_to_others
