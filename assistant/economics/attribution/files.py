"""A user's own tables: CSV or Parquet."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from assistant.economics.attribution.tables import (
    ALIASES,
    HOUSEHOLDS,
    PURCHASES,
    TOUCHES,
    Table,
    make_history,
)
from assistant.errors import AttributionError

if TYPE_CHECKING:
    from pathlib import Path

    from assistant.economics.attribution.history import History


def read_history(touches: Path, purchases: Path, households: Path | None = None) -> History:
    """The history of two or three files, each CSV (UTF-8, commas, a header) or Parquet by its ending.

    Raises:
        AttributionError: a file cannot be read, or something in it is no good; see `make_history`.
    """
    paths = [touches, purchases, *([households] if households else [])]
    tables = [read_table(path) for path in paths]
    return make_history(*tables, source=" and ".join(path.name for path in paths[:2]), simulated=False)


def read_table(path: Path) -> Table:
    """One file; in CSV every column is kept as text, so that no amount passes through a float."""
    try:
        if path.suffix.lower() in {".parquet", ".pq"}:
            with path.open("rb") as file:
                return Table(data=pyarrow.parquet.ParquetFile(file).read(), name=path.name)
        if path.suffix.lower() == ".csv":
            return Table(data=_read_csv(path), name=path.name, lines=True)
    except OSError as error:
        raise AttributionError(f"{path} cannot be read: {error.strerror or error}") from error
    except (pa.ArrowInvalid, UnicodeDecodeError, csv.Error) as error:
        raise AttributionError(f"{path} cannot be read: {error}") from error
    raise AttributionError(f"{path} is neither .csv nor .parquet; give it the ending of what it is")


def _read_csv(path: Path) -> pa.Table:
    with path.open(encoding="utf-8-sig", newline="") as file:
        header = [name.strip() for name in next(csv.reader(file), [])]
    if not header:
        raise AttributionError(f"{path} is empty; its first line must name the columns")
    known = {name for columns in (TOUCHES, PURCHASES, HOUSEHOLDS) for part in columns for name in part} | set(
        ALIASES
    )
    return pyarrow.csv.read_csv(
        path,
        # One thread, so that an error can say in which row it is.
        read_options=pyarrow.csv.ReadOptions(column_names=header, skip_rows=1, use_threads=False),
        parse_options=pyarrow.csv.ParseOptions(ignore_empty_lines=False),
        convert_options=pyarrow.csv.ConvertOptions(
            column_types={name: pa.string() for name in header if name in known},
            include_columns=[name for name in header if name in known],
            strings_can_be_null=False,
        ),
    )
