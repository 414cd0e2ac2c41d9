"""DuckDB, as the fleet uses it."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def connected(database: str = ":memory:") -> Iterator[Any]:
    """A connection to a database of its own, in a file or in memory; times are UTC, and nothing is printed."""
    # It takes a while to load.
    import duckdb

    with duckdb.connect(database) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        # It would be written between the lines of a report, or of JSON, where a query takes more than two seconds.
        connection.execute("SET enable_progress_bar = false")
        connection.execute("SET enable_progress_bar_print = false")
        yield connection
