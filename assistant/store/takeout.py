"""All that is stored, to take away: one ZIP archive with the log as JSON lines and the recordings as they are."""

from __future__ import annotations

import json
import zipfile
from typing import TYPE_CHECKING, Final

from assistant.errors import StoreError
from assistant.files import whole_file

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from assistant.store.audio import AudioShelf
    from assistant.store.store import Store

TABLES: Final = {
    "interactions": "number",
    "replies": "interaction_id",
    "verdicts": "number",
    "forgotten": "interaction_id",
    "orders": "rowid",
    "order_events": "rowid",
    "transactions": "number",
    "postings": "transaction_id, line",
}
"""What is taken, and in which order its rows come."""

README: Final = """\
Everything that Pennyworth stores about what was said. Earnings are simulated.
TABLE.jsonl: the rows of that table of the log, a JSON object each. audio/ID.flac: the sound of the interaction ID.
"""


def write_takeout(store: Store, shelf: AudioShelf, path: Path) -> None:
    """Write the archive to `path`, which appears whole or not at all, readable by the owner only.

    Raises:
        StoreError: the log cannot be read, or the archive not be written.
    """
    try:
        with (
            whole_file(path, private=True) as file,
            zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive,
        ):
            archive.writestr("README.txt", README)
            with store.snapshot():
                for table, order in TABLES.items():
                    with archive.open(f"{table}.jsonl", "w", force_zip64=True) as lines:
                        for line in _lines(store, table, order):
                            lines.write(line)
            for id_ in shelf.ids():
                recording = shelf.find(id_)
                if recording:
                    archive.write(recording, f"audio/{id_}.flac", zipfile.ZIP_STORED)
    except OSError as error:
        raise StoreError(f"cannot write {path}: {error.strerror}; choose another place") from None


def _lines(store: Store, table: str, order: str) -> Iterator[bytes]:
    columns = [name for (name,) in store.stream("SELECT name FROM pragma_table_info(?)", [table])]
    for row in store.stream(f"SELECT * FROM {table} ORDER BY {order}"):
        yield json.dumps(dict(zip(columns, row, strict=True)), ensure_ascii=False).encode() + b"\n"
