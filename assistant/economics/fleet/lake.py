"""A lake of event logs on disk: Parquet by week, of which only that counts which was committed whole.

A *part* is what one unit of work adds: a block of simulated households, or what one run gathered from devices. Its
files take their names when all of each is written, and belong to the lake from the moment at which the part's own
document under `_parts` takes its name. What a run that was killed left behind belongs to nothing and is not read.
"""

from __future__ import annotations

import json
import os
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import msgspec
import pyarrow.parquet as pq

from assistant.economics.fleet.columns import SCHEMAS
from assistant.errors import FleetError
from assistant.files import write_whole
from assistant.ledger.plan import PricingPlan

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    import pyarrow as pa

FORMAT: Final = 1
HEAD: Final = "lake.json"
TRUTH: Final = "truth.json"
PARTS: Final = "_parts"

_SORTED_IDS: Final = ("id", "session")
_SEARCHED: Final = ("household", "device", "at", "quoted_at", "quarter")
_COUNTED: Final = (
    "at",
    "quoted_at",
    "audio_us",
    "listening_cpu_us",
    "recognition_cpu_us",
    "understanding_cpu_us",
    "recognition_us",
    "understanding_us",
    "quarter",
)


@dataclass(frozen=True, kw_only=True)
class Part:
    """What one unit of work added."""

    name: str
    """Unique in the lake."""
    files: dict[str, dict[str, int]]
    """By table: path below the lake's folder, and its size in bytes."""
    rows: dict[str, int]
    """By table."""
    facts: dict[str, Any]
    """What else is known about it."""


@dataclass(frozen=True, kw_only=True)
class Lake:
    """A folder of committed parts."""

    path: Path
    """The folder."""
    head: dict[str, Any]
    """What it was made from."""
    parts: tuple[Part, ...]
    """Committed, by name."""

    @classmethod
    def open(cls, path: Path) -> Lake:
        """The lake at `path`.

        Raises:
            FleetError: there is none, it is of a newer version, its simulation was not finished, or a file of it is
                missing or not as it was written.
        """
        head = read_head(path)
        lake = cls(path=path, head=head, parts=committed(path))
        blocks = head.get("blocks")
        if blocks is not None and len(lake.parts) < blocks:
            raise FleetError(
                f"the simulation in {path} was not finished ({len(lake.parts)} of {blocks} blocks); run the same "
                "`pennyworth fleet simulate` again and it goes on from there"
            )
        for part in lake.parts:
            for files in part.files.values():
                for name, size in files.items():
                    file = path / name
                    if not file.is_file() or file.stat().st_size != size:
                        raise FleetError(
                            f"{file} is {'not as it was written' if file.is_file() else 'missing'}; the lake cannot be "
                            f"used without it: remove {path} and make it anew"
                        )
        return lake

    @property
    def simulated(self) -> bool:
        """True where households were simulated, and not gathered from devices."""
        return bool(self.head["made_by"] == "fleet simulate")

    @property
    def truth(self) -> dict[str, Any] | None:
        """What a simulation knows of itself; None where logs were gathered."""
        file = self.path / TRUTH
        truth: dict[str, Any] | None = json.loads(file.read_text(encoding="utf-8")) if file.exists() else None
        return truth

    @property
    def plan(self) -> PricingPlan | None:
        """The plan that it was simulated under; None where logs were gathered."""
        return msgspec.convert(self.head["plan"], PricingPlan, strict=False) if self.simulated else None

    def files(self, table: str) -> list[Path]:
        """The files of a table, in the order of parts."""
        return [self.path / name for part in self.parts for name in part.files.get(table, ())]

    def rows(self, table: str) -> int:
        """How many rows a table has."""
        return sum(part.rows.get(table, 0) for part in self.parts)


class PartWriter:
    """Writes the files of one part; nothing of it is in the lake before `commit`."""

    def __init__(self, path: Path, name: str, *, durable: bool = False) -> None:
        self._path = path
        self._name = name
        self._durable = durable
        self._files: dict[str, dict[str, int]] = {}
        self._rows: dict[str, int] = {}

    def write(self, table: str, rows: Iterable[pa.Table], week: str | None = None) -> None:
        """One file of a table, of a week where it is partitioned; each of `rows` becomes a row group."""
        folder = self._path / table / f"week={week}" if week else self._path / table
        file = folder / f"{self._name}.parquet"
        count = 0
        writer = None
        aside = file.with_name(f".{file.name}.{os.getpid()}.tmp")
        for group in rows:
            if not group.num_rows:
                continue
            if writer is None:
                folder.mkdir(parents=True, exist_ok=True)
                writer = pq.ParquetWriter(aside, group.schema, **_encoding(table))
            writer.write_table(group, row_group_size=1 << 20)
            count += group.num_rows
        if writer is None:
            return
        writer.close()
        if self._durable:
            _sync(aside)
        aside.replace(file)
        self._files.setdefault(table, {})[str(file.relative_to(self._path))] = file.stat().st_size
        self._rows[table] = self._rows.get(table, 0) + count

    def commit(self, **facts: Any) -> Part:
        """Make it a part of the lake."""
        part = Part(name=self._name, files=self._files, rows=self._rows, facts=facts)
        if self._durable:
            for folder in {(self._path / name).parent for files in self._files.values() for name in files}:
                _sync(folder)
        write_json(
            self._path / PARTS / f"{self._name}.json",
            {"files": part.files, "rows": part.rows, "facts": part.facts},
        )
        return part


def read_head(path: Path) -> dict[str, Any]:
    """What the lake at `path` was made from.

    Raises:
        FleetError: there is none, or it is of a newer version.
    """
    file = path / HEAD
    try:
        head: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise FleetError(
            f"there is no fleet in {path}; make one with `pennyworth fleet simulate --out {path}` or gather one with "
            f"`pennyworth fleet collect LOG... --out {path}`"
        ) from None
    except (OSError, ValueError) as error:
        raise FleetError(f"cannot read {file}: {error}") from None
    if head.get("format") != FORMAT:
        raise FleetError(
            f"{file} is of format {head.get('format')}, and this version reads {FORMAT}; update it"
        )
    return head


def committed(path: Path) -> tuple[Part, ...]:
    """The parts that were committed, by name."""
    found = []
    for file in sorted((path / PARTS).glob("*.json")):
        document = json.loads(file.read_text(encoding="utf-8"))
        found.append(Part(name=file.stem, **document))
    return tuple(found)


def write_json(path: Path, document: dict[str, Any]) -> None:
    """A document that is there whole or not at all, whatever happens to machine or process."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, json.dumps(document, indent=1).encode() + b"\n")
    _sync(path.parent)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Keep other programs from writing to the lake at `path` meanwhile.

    Raises:
        FleetError: another one is writing to it.
    """
    import fcntl

    path.mkdir(parents=True, exist_ok=True)
    lock = os.open(path / ".lock", os.O_CREAT | os.O_RDWR, 0o644)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise FleetError(
                f"another program is writing to {path}; wait for it, or name another folder"
            ) from None
        yield
    finally:
        os.close(lock)


def sweep(path: Path) -> None:
    """Remove what killed runs left: files that no part names. Only for who holds the lock."""
    known = {path / name for part in committed(path) for files in part.files.values() for name in files}
    for table in SCHEMAS:
        for file in (path / table).rglob("*"):
            if file.is_file() and file not in known:
                with suppress(OSError):
                    file.unlink()


def week_of(when: datetime) -> str:
    """The ISO week of a time in UTC: 2026-W02."""
    year, week, _ = when.isocalendar()
    return f"{year}-W{week:02d}"


def week_of_us(us: int) -> str:
    """The ISO week of microseconds since 1970 (UTC)."""
    return week_of(datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=us))


def _encoding(table: str) -> dict[str, Any]:
    """How the columns of a table are written: ids and times by their differences, the rest by dictionaries."""
    names = SCHEMAS[table].names
    encodings = {name: "DELTA_BYTE_ARRAY" for name in _SORTED_IDS if name in names}
    encodings |= {name: "DELTA_BINARY_PACKED" for name in _COUNTED if name in names}
    return {
        "compression": "zstd",
        "compression_level": 1,
        "use_dictionary": [name for name in names if name not in encodings],
        "column_encoding": encodings,
        # Else a reader of Arrow gets dictionaries where the table has text.
        "store_schema": False,
        "write_statistics": [name for name in _SEARCHED if name in names],
    }


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
