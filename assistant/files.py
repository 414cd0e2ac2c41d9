"""Files that are there whole or not at all, whatever happens to the process or the machine."""

from __future__ import annotations

import os
import secrets
from contextlib import contextmanager, suppress
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def whole_file(path: Path, *, private: bool = False) -> Iterator[IO[bytes]]:
    """A file to write into that takes its name, and replaces what had it, only when all of it is on the disk.

    Until then it lies beside as `.NAME.….part`; only a loss of power or a kill leaves that behind. Its folder must be
    there.

    Args:
        path: Its name.
        private: Only its owner may read it; else whoever the process lets read its files.

    Raises:
        OSError: it cannot be written. What was there before still is.
    """
    # In the same folder, since a rename is atomic only within a file system; short, since a name may have 255 bytes, of
    # which a character takes up to four.
    aside = path.with_name(f".{path.name[:50]}.{os.getpid()}-{secrets.token_hex(4)}.part")
    try:
        handle = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600 if private else 0o666)
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        aside.replace(path)
    finally:
        with suppress(OSError):
            aside.unlink(missing_ok=True)


def write_whole(path: Path, data: bytes, *, private: bool = False) -> None:
    """Write a file as `whole_file` does; raises OSError likewise."""
    with whole_file(path, private=private) as file:
        file.write(data)
