"""Where the metrics run: SQLite, DuckDB or Spark. Each gets the SQL that Ibis makes of one expression."""

from __future__ import annotations

import sqlite3
import tempfile
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol, TypeAlias

import ibis
import pyarrow as pa
import pyarrow.parquet as pq

from assistant.economics.fleet.columns import SCHEMAS
from assistant.economics.fleet.duck import connected
from assistant.economics.fleet.metrics import device_tables, lake_tables
from assistant.errors import FleetError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    import ibis.expr.types as ir

    from assistant.economics.fleet.lake import Lake
    from assistant.economics.fleet.metrics import Tables
    from assistant.store.store import Store

EngineName: TypeAlias = Literal["duckdb", "sqlite", "spark"]

_ROWS_AT_ONCE: Final = 50_000
_LONG: Final = frozenset(
    {"transcript", "words", "alternatives", "slots", "reply", "terms", "rebate_terms", "description"}
)
"""What no metric reads, and SQLite need not be given."""


class Engine(Protocol):
    """Answers queries on the tables of a lake."""

    @property
    def tables(self) -> Tables:
        """What queries are made of."""
        ...

    def rows(self, query: ir.Table) -> list[dict[str, Any]]:
        """The rows of a query; whole numbers as Python's."""
        ...


class OnLog:
    """SQLite, on one device's own database as it is."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.tables = device_tables()

    def rows(self, query: ir.Table) -> list[dict[str, Any]]:
        """The rows of a query."""
        return self._store.rows(ibis.to_sql(query, dialect="sqlite"))


class _OnSqlite:
    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self.tables = lake_tables()

    def rows(self, query: ir.Table) -> list[dict[str, Any]]:
        cursor = self._db.execute(ibis.to_sql(query, dialect="sqlite"))
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor]


class OnDuckDb:
    """DuckDB, on the files of a lake."""

    def __init__(self, connection: Any) -> None:
        self.connection = connection
        """Of DuckDB; the lake's tables are views."""
        self.tables = lake_tables()

    def rows(self, query: ir.Table) -> list[dict[str, Any]]:
        """The rows of a query."""
        cursor = self.connection.execute(ibis.to_sql(query, dialect="duckdb"))
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def arrow(self, query: ir.Table) -> pa.Table:
        """The rows of a query, as columns."""
        return self.connection.sql(str(ibis.to_sql(query, dialect="duckdb"))).to_arrow_table()


class _OnSpark:
    def __init__(self, session: Any) -> None:
        self._session = session
        self.tables = lake_tables()

    def rows(self, query: ir.Table) -> list[dict[str, Any]]:
        return [row.asDict() for row in self._session.sql(ibis.to_sql(query, dialect="pyspark")).collect()]


@contextmanager
def on_lake(lake: Lake, engine: EngineName = "duckdb") -> Iterator[Engine]:
    """An engine with the tables of `lake`.

    Raises:
        FleetError: the engine cannot be had here; the message says what it lacks.
    """
    opened: dict[str, Callable[[Lake], AbstractContextManager[Engine]]] = {
        "duckdb": on_duckdb,
        "sqlite": _on_sqlite,
        "spark": _on_spark,
    }
    with opened[engine](lake) as found:
        yield found


@contextmanager
def on_duckdb(lake: Lake) -> Iterator[OnDuckDb]:
    """DuckDB with a view for each table of `lake`."""
    with connected() as connection, tempfile.TemporaryDirectory(prefix="pennyworth-") as spill:
        connection.execute(f"SET temp_directory = '{spill}'")
        for table, schema in SCHEMAS.items():
            if files := lake.files(table):
                paths = ", ".join("'{}'".format(str(file).replace("'", "''")) for file in files)
                source = f"read_parquet([{paths}], hive_partitioning = false)"
                connection.execute(f'CREATE VIEW "{table}" AS SELECT * FROM {source}')
            else:
                connection.register(table, schema.empty_table())
        yield OnDuckDb(connection)


@contextmanager
def _on_sqlite(lake: Lake) -> Iterator[_OnSqlite]:
    """SQLite with a copy of what metrics read of `lake`, on the disk for as long as it takes."""
    with (
        tempfile.TemporaryDirectory(prefix="pennyworth-") as folder,
        closing(sqlite3.connect(Path(folder) / "lake.db", isolation_level=None)) as db,
    ):
        db.execute("PRAGMA journal_mode = OFF")
        db.execute("PRAGMA synchronous = OFF")
        for table, schema in SCHEMAS.items():
            names = [name for name in schema.names if name not in _LONG]
            columns = ", ".join(f'"{name}"' for name in names)
            db.execute(f'CREATE TABLE "{table}" ({columns})')
            insert = f'INSERT INTO "{table}" VALUES ({", ".join("?" * len(names))})'
            db.execute("BEGIN")
            for file in lake.files(table):
                with pq.ParquetFile(file) as opened:
                    for batch in opened.iter_batches(_ROWS_AT_ONCE, columns=names):
                        rows = zip(
                            *(column.to_pylist() for column in batch.select(names).columns), strict=True
                        )
                        db.executemany(insert, rows)
            db.execute("COMMIT")
        yield _OnSqlite(db)


def _plain(column: pa.Array) -> list[Any]:
    """Values that SQLite has types for."""
    values: list[Any] = (
        column.cast(pa.string()) if pa.types.is_timestamp(column.type) else column
    ).to_pylist()
    return values


@contextmanager
def _on_spark(lake: Lake) -> Iterator[_OnSpark]:
    """A Spark session of this machine, or the one that SPARK_REMOTE or spark-defaults.conf name."""
    try:
        from pyspark.sql import SparkSession
        from pyspark.sql.pandas.types import from_arrow_schema

        # Only looking at it registers the options that its compiler asks for.
        _ = ibis.pyspark
    except ImportError as error:
        raise FleetError(
            f"Spark is not installed ({error.name} is missing); install it with `pip install 'pennyworth[spark]'`, or "
            "leave --engine to DuckDB"
        ) from None
    try:
        session = (
            SparkSession.builder.appName("pennyworth")
            .config("spark.sql.session.timeZone", "UTC")
            .config("spark.ui.enabled", "false")
            .config("spark.sql.shuffle.partitions", "8")
            .getOrCreate()
        )
    except Exception as error:
        raise FleetError(
            f"Spark does not start: {str(error).splitlines()[0]}; it needs Java (Debian: default-jre-headless)"
        ) from error
    try:
        for table, schema in SCHEMAS.items():
            files = [str(file) for file in lake.files(table)]
            kind = from_arrow_schema(schema)
            frame = session.read.schema(kind).parquet(*files) if files else session.createDataFrame([], kind)
            frame.createOrReplaceTempView(table)
        yield _OnSpark(session)
    finally:
        session.stop()
