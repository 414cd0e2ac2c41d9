"""Whether the log can be read and written, without changing anything in it."""

from __future__ import annotations

import os
import sqlite3
import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from assistant.errors import StoreError
from assistant.records import from_stamp
from assistant.store.store import Store

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

_CHECKED_UP_TO: Final = 200 << 20
"""Bytes of a log whose every page is read; a larger one would take minutes on a card."""


@dataclass(frozen=True, kw_only=True)
class LogHealth:
    """How the log is."""

    path: Path
    exists: bool
    """A log that does not exist yet is begun by the first command."""
    problem: str
    """What keeps it from being written or read, and what to do; empty for nothing."""
    interactions: int
    size: int
    """Bytes."""
    newest: datetime | None
    """When its last interaction was."""
    open_to_others: bool
    """Whether other users of this machine may read what was said."""


def log_health(path: Path) -> LogHealth:
    """Examine the log at `path`: try its lock and every page, and write nothing."""
    if not path.exists():
        folder = next(parent for parent in path.absolute().parents if parent.exists())
        problem = ""
        if not folder.is_dir() or not os.access(folder, os.W_OK | os.X_OK):
            problem = f"the log {path} cannot be made: {folder} cannot be written to; choose another --db"
        return LogHealth(
            path=path,
            exists=False,
            problem=problem,
            interactions=0,
            size=0,
            newest=None,
            open_to_others=False,
        )
    status = path.stat()
    problem, interactions, newest = "", 0, None
    try:
        with Store.open(path, mode="read") as store:
            row = store.rows("SELECT count(*) AS n, max(at) AS newest FROM interactions")[0]
        interactions = row["n"]
        newest = from_stamp(row["newest"]) if row["newest"] else None
        problem = _try_lock(path)
        if not problem and status.st_size <= _CHECKED_UP_TO:
            problem = _try_pages(path)
    except StoreError as error:
        problem = str(error)
    return LogHealth(
        path=path,
        exists=True,
        problem=problem,
        interactions=interactions,
        size=status.st_size,
        newest=newest,
        open_to_others=_open_to_others(path),
    )


def _open_to_others(path: Path) -> bool:
    """Whether any user may read the file, and go through every folder above it."""
    folders = path.resolve().parents
    return bool(path.stat().st_mode & stat.S_IROTH) and all(
        folder.stat().st_mode & stat.S_IXOTH for folder in folders
    )


def _try_lock(path: Path) -> str:
    """Take the lock that a write takes, and give it back."""
    if not os.access(path, os.W_OK) or not os.access(path.parent, os.W_OK):
        return f"the log {path}: it is read-only; check its permissions and those of its folder, or choose another --db"
    connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=rw", uri=True, timeout=1)
    try:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("ROLLBACK")
    except sqlite3.Error as error:
        name = getattr(error, "sqlite_errorname", "")
        # Somebody is writing, so that it can be written.
        return "" if name.startswith("SQLITE_BUSY") else f"the log {path}: {error}; choose another --db"
    finally:
        connection.close()
    return ""


def _try_pages(path: Path) -> str:
    connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=1)
    try:
        (answer,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.Error as error:
        answer = str(error)
    finally:
        connection.close()
    return (
        ""
        if answer == "ok"
        else (f"the log {path} is damaged ({answer}); keep a copy, then try `sqlite3 DB .recover`")
    )
