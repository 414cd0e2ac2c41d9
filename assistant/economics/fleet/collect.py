"""Gathering the logs of devices into a lake, each row once, however often and however interruptedly it is done.

A log is known by the hash of its first transaction, which no later one changes: copies of a log are one household, and
two devices of the same name are two. What a row is one of a kind by stands in `KEYS`.
"""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import ibis
import pyarrow as pa

from assistant.economics.fleet.columns import KEYS, SCHEMAS, TIME_OF
from assistant.economics.fleet.duck import connected
from assistant.economics.fleet.lake import (
    FORMAT,
    HEAD,
    Lake,
    PartWriter,
    committed,
    locked,
    read_head,
    sweep,
    write_json,
)
from assistant.economics.fleet.metrics import device_tables
from assistant.errors import FleetError
from assistant.store.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

MADE_BY: Final = "fleet collect"
WORDS: Final = {
    "transcript": "",
    "words": "[]",
    "alternatives": "[]",
    "slots": "{}",
    "reply": "",
    "description": "",
    "rebate_terms": "",
    "terms": "{}",
    "reason": "",
}
"""What people said and were told, and what stands for it where it is left on the device."""

_TABLES: Final = ("interactions", "orders", "order_events", "postings", "devices")
_AT_ONCE: Final = 20_000
# What cannot differ between two readings of one row.
_FIGURES: Final = {
    "interactions": ("at", "audio_us", "listening_micros", "recognition_micros", "understanding_micros"),
    "orders": ("total_micros", "currency", "quoted_at"),
    "order_events": ("at", "interaction_id"),
    "postings": ("account", "amount_micros", "currency", "at"),
    "devices": (),
}


@dataclass(frozen=True, kw_only=True)
class Gathered:
    """What came of one log."""

    log: Path
    """Its file."""
    household: str
    """As it is called in the lake; empty for a log in which nothing is."""
    new: dict[str, int]
    """Rows that were not in the lake before, by table."""
    known: int
    """Interactions of the log that were there already."""


def collect(logs: Sequence[Path], out: Path, *, words: bool = True) -> list[Gathered]:
    """Add what is new in `logs` to the lake `out`. Doing it again adds nothing; a run that was killed is repeated.

    Args:
        logs: Databases of devices; they are only read, each at one moment.
        out: The lake; made if need be.
        words: Gather what was said and answered, too.

    Raises:
        FleetError: `out` holds a simulated fleet or something else, another program writes to it, or a row is in it
            already with other figures.
        StoreError: a log cannot be read. The logs before it are gathered.
    """
    _check_place(out)
    with locked(out):
        if not (out / HEAD).exists():
            # What was earned on a device is simulated, too.
            write_json(out / HEAD, {"format": FORMAT, "made_by": MADE_BY, "simulated": True})
        sweep(out)
        return [_gather(log, out, words=words) for log in logs]


def _check_place(out: Path) -> None:
    if out.exists() and not out.is_dir():
        raise FleetError(f"{out} is a file; name a folder with --out")
    if (out / HEAD).exists():
        if read_head(out)["made_by"] != MADE_BY:
            raise FleetError(
                f"{out} holds a simulated fleet; real logs do not belong in it: name another folder with --out"
            )
    elif out.exists() and any(each.name != ".lock" for each in out.iterdir()):
        raise FleetError(f"{out} has other things in it; name a new folder with --out")


def _gather(log: Path, out: Path, *, words: bool) -> Gathered:
    with Store.open(log, mode="read") as store, store.snapshot(), _staging() as staged:
        head = store.rows(
            "SELECT hash, (SELECT max(number) FROM transactions) AS last FROM transactions WHERE number = 1"
        )
        if not head:
            return Gathered(log=log, household="", new={}, known=0)
        household = f"log-{head[0]['hash'][:16]}"
        tables = device_tables(household)
        for table in _TABLES:
            staged.execute(f'CREATE TABLE "{table}" AS SELECT * FROM empty_{table}')
            for batch in _read(
                store, table, ibis.to_sql(getattr(tables, table), dialect="sqlite"), words=words
            ):
                staged.register("batch", batch)
                staged.execute(f'INSERT INTO "{table}" SELECT * FROM batch')
                staged.unregister("batch")
        said = staged.execute("SELECT count(*) FROM interactions").fetchone()
        name = f"{household}-{head[0]['last']:09d}-{len(committed(out)):06d}"
        writer = PartWriter(out, name, durable=True)
        new = {
            table: _add(staged, writer, Lake(path=out, head={}, parts=committed(out)), table)
            for table in _TABLES
        }
        if any(new.values()):
            writer.commit(log=log.name, household=household, transactions=head[0]["last"])
        return Gathered(
            log=log, household=household, new=new, known=(said[0] if said else 0) - new["interactions"]
        )


@contextmanager
def _staging() -> Iterator[Any]:
    """DuckDB on the disk, where a log of any length has room, with an empty table for each of the lake's."""
    with (
        tempfile.TemporaryDirectory(prefix="pennyworth-") as folder,
        connected(str(Path(folder) / "staging.db")) as staged,
    ):
        for table in _TABLES:
            staged.register(f"empty_{table}", SCHEMAS[table].empty_table())
        yield staged


def _read(store: Store, table: str, sql: str, *, words: bool) -> Iterator[pa.Table]:
    """The rows of a table of the lake, as a device's database has them."""
    schema = SCHEMAS[table]
    rows = store.stream(sql)
    while some := list(islice(rows, _AT_ONCE)):
        columns = []
        for field, values in zip(schema, zip(*some, strict=True), strict=True):
            if not words and field.name in WORDS:
                columns.append(pa.array([WORDS[field.name]] * len(some), field.type))
            elif pa.types.is_timestamp(field.type):
                columns.append(pa.array(values, pa.string()).cast(field.type))
            elif pa.types.is_boolean(field.type):
                columns.append(pa.array([bool(value) for value in values]))
            else:
                columns.append(pa.array(values, field.type))
        yield pa.Table.from_arrays(columns, schema=schema)


def _add(staged: Any, writer: PartWriter, lake: Lake, table: str) -> int:
    """Write the rows of `table` that the lake has not, week by week; how many."""
    same = " AND ".join(f'l."{key}" IS NOT DISTINCT FROM s."{key}"' for key in KEYS[table])
    there = f"empty_{table}"
    if files := lake.files(table):
        paths = ", ".join("'{}'".format(str(file).replace("'", "''")) for file in files)
        there = f"read_parquet([{paths}], hive_partitioning = false)"
        # The lake may hold many logs; this one needs only its own rows.
        there = f'(SELECT * FROM {there} WHERE household IN (SELECT DISTINCT household FROM "{table}"))'
    if differs := " OR ".join(f'l."{name}" IS DISTINCT FROM s."{name}"' for name in _FIGURES[table]):
        keys = ", ".join(f's."{key}"' for key in KEYS[table])
        clash = staged.execute(
            f'SELECT {keys} FROM "{table}" AS s JOIN {there} AS l ON {same} WHERE {differs} LIMIT 1'
        ).fetchone()
        if clash:
            raise FleetError(
                f"{table} of {lake.path} hold {', '.join(map(str, clash))} already with other figures, so the logs are "
                "no copies of one another; gather them into separate folders, and find out which one was changed "
                "(`pennyworth ledger check`)"
            )
    staged.execute(
        f'CREATE TABLE "new_{table}" AS SELECT s.* FROM "{table}" AS s ANTI JOIN {there} AS l ON {same}'
    )
    if table not in TIME_OF:
        writer.write(table, [_arrow(staged, table, "true")])
    else:
        week = f"strftime(\"{TIME_OF[table]}\" AT TIME ZONE 'UTC', '%G-W%V')"
        for (name,) in staged.execute(f'SELECT DISTINCT {week} FROM "new_{table}" ORDER BY 1').fetchall():
            writer.write(table, [_arrow(staged, table, f"{week} = '{name}'")], name)
    counted = staged.execute(f'SELECT count(*) FROM "new_{table}"').fetchone()
    return int(counted[0])


def _arrow(staged: Any, table: str, where: str) -> pa.Table:
    order = ", ".join(f'"{key}"' for key in KEYS[table])
    found = staged.sql(f'SELECT * FROM "new_{table}" WHERE {where} ORDER BY {order}').to_arrow_table()
    return found.cast(SCHEMAS[table])
