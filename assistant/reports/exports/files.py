"""Files that are there whole or not at all."""

from __future__ import annotations

import io
import sys
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Final

from assistant.errors import ExportError
from assistant.files import whole_file
from assistant.interrupts import held_off
from assistant.reports.exports.plaintext import write_beancount, write_hledger
from assistant.reports.exports.tables import write_csv, write_jsonl

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from assistant.reports.exports.books import Books

_TEXT: Final[dict[str, Callable[[Books, IO[str]], None]]] = {
    "beancount": write_beancount,
    "hledger": write_hledger,
    "csv": write_csv,
    "jsonl": write_jsonl,
}
FORMATS: Final = (*_TEXT, "parquet")
"""What the books can be exported as."""


def export(books: Books, kind: str, path: Path | None) -> None:
    """Write `books` as `kind`, one of `FORMATS`, to `path`, or to standard output.

    Raises:
        ExportError: the file cannot be written, or an account has a name that the format refuses; the file that
            was there before still is.
    """
    if path is not None:
        with written_whole(path) as out:
            _write(books, kind, out)
    elif kind == "parquet" and sys.stdout.isatty():
        raise ExportError("Parquet is no text to be read on a terminal; name a file with --output")
    else:
        _write(books, kind, sys.stdout.buffer)
        sys.stdout.buffer.flush()


def _write(books: Books, kind: str, out: IO[bytes]) -> None:
    if kind == "parquet":
        # Arrow takes a moment to load, which the text formats need not wait for.
        # An interruption in the midst of loading an extension would be printed by it.
        with held_off():
            from assistant.reports.exports.columnar import write_parquet

        write_parquet(books, out)
        return
    text = io.TextIOWrapper(out, encoding="utf-8", newline="", write_through=False)
    try:
        _TEXT[kind](books, text)
    finally:
        # Flushes, and leaves the stream itself open.
        text.detach()


@contextmanager
def written_whole(path: Path, *, option: str = "--output") -> Iterator[IO[bytes]]:
    """A file to write into that takes its name only when all of it is on the disk.

    Args:
        path: Its name.
        option: Where the user named it; messages say so.

    Raises:
        ExportError: it cannot be written.
    """
    if path.exists() and not path.is_file():
        raise ExportError(f"{path} is no ordinary file; name one with {option}")
    try:
        with whole_file(path) as out:
            yield out
    except OSError as error:
        raise ExportError(
            f"cannot write {path}: {error.strerror}; name another file with {option}"
        ) from error
