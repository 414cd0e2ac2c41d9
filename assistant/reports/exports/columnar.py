"""The books as Parquet, with real types."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING, Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from assistant.ledger.transactions import Transaction
    from assistant.reports.exports.books import Books

BATCH: Final = 20_000
"""Postings of a row group of Parquet: what is held at once."""

SCHEMA: Final = pa.schema(
    [
        pa.field("transaction", pa.string(), nullable=False),
        pa.field("line", pa.int32(), nullable=False),
        pa.field("at", pa.timestamp("us", tz="UTC"), nullable=False),
        pa.field("kind", pa.string(), nullable=False),
        pa.field("account", pa.string(), nullable=False),
        pa.field("amount_micros", pa.int64(), nullable=False),
        pa.field("currency", pa.string(), nullable=False),
        pa.field("interaction", pa.string(), nullable=False),
        pa.field("order", pa.string()),
        pa.field("plan", pa.string(), nullable=False),
        pa.field("description", pa.string(), nullable=False),
        pa.field("simulated", pa.bool_(), nullable=False),
    ]
)
"""A line of Parquet is a posting; amounts are whole millionths of the currency unit, debit positive."""


def write_parquet(books: Books, out: IO[bytes]) -> None:
    """A row a posting, as `SCHEMA` says; the title stands in the metadata of the file."""
    schema = SCHEMA.with_metadata({"title": books.title, "simulated": "true"})
    with pq.ParquetWriter(pa.PythonFile(out, mode="w"), schema, compression="zstd") as writer:
        for columns in _batches(books.transactions):
            writer.write_batch(pa.RecordBatch.from_pydict(columns, schema=schema))


def _batches(transactions: Iterable[Transaction]) -> Iterator[dict[str, list[Any]]]:
    """Columns of about `BATCH` postings at a time."""
    columns: dict[str, list[Any]] = {name: [] for name in SCHEMA.names}
    for transaction in transactions:
        for number, posting in enumerate(transaction.postings, start=1):
            values = (
                transaction.id,
                number,
                transaction.at,
                transaction.kind,
                posting.account,
                posting.amount.micros,
                posting.amount.currency,
                transaction.interaction_id,
                transaction.order_id,
                transaction.plan,
                transaction.description,
                True,
            )
            for column, value in zip(columns.values(), values, strict=True):
                column.append(value)
        if len(columns["line"]) >= BATCH:
            yield columns
            columns = {name: [] for name in SCHEMA.names}
    if columns["line"]:
        yield columns
