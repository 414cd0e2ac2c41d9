"""Work that is done once and kept in a file of a cache folder: read back where that is whole, and else done again."""

from __future__ import annotations

import hashlib
import logging
import os
import secrets
import time
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable

logger = logging.getLogger(__name__)

KEPT: Final = 4
"""Files of a kind at most, the newest: every change of the definitions makes one."""
# So old is what a process that was killed had begun to write, in seconds; nobody writes for so long.
_LEFT_BEHIND_S: Final = 3600

T = TypeVar("T")


def kept(folder: Path | None, kind: str, key: str, type_: type[T], make: Callable[[], T]) -> T:
    """What `make` makes, which `key` and the program determine; from a file of that `kind` in `folder` where it is.

    The file begins with the digest of the rest, so one that is cut short or damaged is known and made anew. It is
    written aside and renamed: nobody reads half of it, and of two who write it the last wins, with the same. A folder
    that cannot be written to costs time at the next start, no more. Without one nothing is kept.
    """
    if folder is None:
        return make()
    digest = hashlib.sha256(f"{key}\0{_program()}".encode()).hexdigest()[:16]
    path = folder / f"{kind}-{digest}.json"
    found = _read(path, type_)
    if found is None:
        found = make()
        _write(path, kind, msgspec.json.encode(found))
    return found


def _read(path: Path, type_: type[T]) -> T | None:
    try:
        digest, _, body = path.read_bytes().partition(b"\n")
        whole = digest == _digest(body)
        found = msgspec.json.decode(body, type=type_) if whole else None
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, msgspec.DecodeError) as error:
        logger.warning("%s cannot be read (%s); it is made anew", path, error)
        return None
    if not whole:
        logger.warning("%s is damaged; it is made anew", path)
    return found


def _write(path: Path, kind: str, body: bytes) -> None:
    aside = path.with_suffix(f".{os.getpid()}-{secrets.token_hex(4)}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        aside.write_bytes(_digest(body) + b"\n" + body)
        aside.replace(path)
        _tidy(path.parent, kind)
    except OSError as error:
        logger.warning("cannot keep %s (%s); starting will take longer each time", path, error.strerror)
    finally:
        with suppress(OSError):
            aside.unlink(missing_ok=True)


def _tidy(folder: Path, kind: str) -> None:
    """Remove all but the newest files of a kind, and what was left behind half written."""
    written: dict[Path, float] = {}
    for path in folder.glob(f"{kind}-*"):
        # Another process may tidy, too.
        with suppress(FileNotFoundError):
            written[path] = path.stat().st_mtime
    whole = sorted((path for path in written if path.suffix == ".json"), key=written.__getitem__)
    half = [
        path for path, at in written.items() if path.suffix != ".json" and time.time() - at > _LEFT_BEHIND_S
    ]
    for path in (*whole[:-KEPT], *half):
        path.unlink(missing_ok=True)


def _digest(body: bytes) -> bytes:
    return hashlib.sha256(body).hexdigest().encode()


@cache
def _program() -> str:
    """Changes whenever the code of this package does: no number that somebody forgets to raise."""
    digest = hashlib.sha256()
    for source in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(source.read_bytes())
    return digest.hexdigest()
