"""Archives of models unpacked without trust: nothing outside the folder, no links, no more than was announced."""

from __future__ import annotations

import shutil
import stat
import zipfile
import zlib
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Final

from assistant.errors import RecognitionError

if TYPE_CHECKING:
    from pathlib import Path

MOST_FILES: Final = 10_000
MOST_RATIO: Final = 100
"""Unpacked by packed size of the whole; a model reaches about 2, and a bomb thousands."""
MOST_BYTES: Final = 12_000_000_000
"""Unpacked; the largest published model has about a third."""
BLOCK: Final = 1 << 20


def unpack(archive: Path, into: Path) -> Path:
    """Unpack a ZIP archive into the empty folder `into`; returns the one folder that it holds.

    Every name, size and kind is checked before anything is written; every file's CRC while it is.

    Raises:
        RecognitionError: it is no archive, is damaged, is encrypted, would write outside the folder, holds links
            or devices or the same name twice, is much larger than it looks, or does not fit on the disk.
    """
    try:
        with zipfile.ZipFile(archive) as opened:
            members = [info for info in opened.infolist() if not info.is_dir()]
            top = _check(archive, members)
            free = shutil.disk_usage(into).free
            needed = sum(info.file_size for info in members)
            if needed > free:
                raise RecognitionError(
                    f"{archive.name} takes {needed:,} bytes unpacked, and {into} has {free:,} free; make room first"
                )
            for info in members:
                _write(opened, info, into / PurePosixPath(info.filename))
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, UnicodeDecodeError) as error:
        raise RecognitionError(
            f"{archive.name} is damaged or no ZIP archive ({error}); fetch it again"
        ) from error
    except OSError as error:
        raise RecognitionError(f"{archive.name} cannot be unpacked into {into}: {error.strerror}") from error
    return into / top


def _check(archive: Path, members: list[zipfile.ZipInfo]) -> str:
    """The name of the one folder that everything is in."""
    if not members:
        raise RecognitionError(f"{archive.name} is an archive of nothing; fetch it again")
    if len(members) > MOST_FILES:
        raise _refused(archive, f"it holds {len(members):,} files")
    seen: set[str] = set()
    tops: set[str] = set()
    for info in members:
        name = info.filename
        path = PurePosixPath(name)
        if path.is_absolute() or ".." in path.parts or "\\" in name or "\0" in name or ":" in path.parts[0]:
            raise _refused(archive, f"{name!r} lies outside its folder")
        if len(path.parts) < 2:
            raise _refused(archive, f"{name!r} lies in no folder")
        # The upper half holds the Unix mode, 0 where the archive was not made on Unix.
        mode = info.external_attr >> 16
        if stat.S_IFMT(mode) not in (0, stat.S_IFREG):
            raise _refused(archive, f"{name!r} is a link or a device")
        if info.flag_bits & 0x1:
            raise _refused(archive, f"{name!r} is encrypted")
        if str(path) in seen:
            raise _refused(archive, f"{name!r} is in it twice")
        seen.add(str(path))
        tops.add(path.parts[0])
    if len(tops) != 1:
        raise _refused(archive, f"it holds {len(tops)} folders, not one")
    for path in map(PurePosixPath, seen):
        if any(str(parent) in seen for parent in path.parents):
            raise _refused(archive, f"{str(path)!r} lies in a file")
    unpacked = sum(info.file_size for info in members)
    if unpacked > MOST_BYTES or unpacked > MOST_RATIO * max(1, archive.stat().st_size):
        raise _refused(archive, f"it would take {unpacked:,} bytes unpacked")
    return tops.pop()


def _write(opened: zipfile.ZipFile, info: zipfile.ZipInfo, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    left = info.file_size
    with opened.open(info) as source, target.open("xb") as file:
        while block := source.read(BLOCK):
            left -= len(block)
            if left < 0:
                raise zipfile.BadZipFile(f"{info.filename} is larger than announced")
            file.write(block)
    if left:
        raise zipfile.BadZipFile(f"{info.filename} is smaller than announced")


def _refused(archive: Path, why: str) -> RecognitionError:
    return RecognitionError(f"{archive.name} is refused: {why}; no published model is like that")
