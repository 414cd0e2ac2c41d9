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
from typing import IO, TYPE_CHECKING, Any, ClassVar, Final, Generic, Protocol, TypeVar

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

logger = logging.getLogger(__name__)

KEPT: Final = 4
"""Files of a kind at most, the newest: every change of the definitions makes one, of up to 20 MB."""
# Nobody writes for so long, in seconds.
_LEFT_BEHIND_S: Final = 3600

T = TypeVar("T")


class Form(Protocol[T]):
    """How something is written down."""

    suffix: ClassVar[str]
    """Of the file's name, with its dot."""
    broken: ClassVar[tuple[type[Exception], ...]]
    """What reading raises where a file is cut short or damaged."""

    def read(self, file: IO[bytes]) -> T:
        """Read it back; raises one of `broken`."""
        ...

    def write(self, made: T, file: IO[bytes]) -> None:
        """Write it down."""
        ...


class DamagedError(Exception):
    """A file is not what was written."""


class Json(Generic[T]):
    """As JSON behind the digest of it."""

    suffix: ClassVar = ".json"
    broken: ClassVar[tuple[type[Exception], ...]] = (DamagedError, msgspec.DecodeError)

    def __init__(self, type_: type[T]) -> None:
        self._type = type_

    def read(self, file: IO[bytes]) -> T:
        digest, _, body = file.read().partition(b"\n")
        if digest != _digest(body):
            raise DamagedError("its digest is another")
        return msgspec.json.decode(body, type=self._type)

    def write(self, made: T, file: IO[bytes]) -> None:
        body = msgspec.json.encode(made)
        file.write(_digest(body) + b"\n" + body)


def kept(folder: Path | None, kind: str, key: str, type_: type[T], make: Callable[[], T]) -> T:
    """What `make` makes, which `key` and the code of this package determine, as `kept_as` JSON."""
    return kept_as(Json(type_), folder, kind, f"{key}\0{_program()}", make)


def kept_as(form: Form[T], folder: Path | None, kind: str, key: str, make: Callable[[], T]) -> T:
    """What `make` makes, which `key` determines; from a file of that `kind` in `folder` where it is.

    One that is cut short or damaged is known and made anew. It is written aside and renamed: nobody reads half of it,
    and of two who write it the last wins, with the same. A folder that cannot be written to costs time at the next
    start, no more. Without one nothing is kept.
    """
    if folder is None:
        return make()
    path = place(form, folder, kind, key)
    found = _read(form, path)
    if found is None:
        found = make()
        _write(form, path, found)
    return found


def place(form: Form[Any], folder: Path, kind: str, key: str) -> Path:
    """Where it is kept."""
    return folder / f"{kind}-{hashlib.sha256(key.encode()).hexdigest()[:16]}{form.suffix}"


def digest_of(sources: Iterable[Path]) -> str:
    """Changes whenever these files do: no number that somebody forgets to raise."""
    digest = hashlib.sha256()
    for source in sorted(sources):
        digest.update(source.read_bytes())
    return digest.hexdigest()


def _read(form: Form[T], path: Path) -> T | None:
    try:
        with path.open("rb") as file:
            return form.read(file)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        logger.warning("%s cannot be read (%s); it is made anew", path, error.strerror or error)
        return None
    except form.broken as error:
        logger.warning("%s is damaged (%s); it is made anew", path, error)
        return None


def _write(form: Form[T], path: Path, made: T) -> None:
    aside = path.with_suffix(f".{os.getpid()}-{secrets.token_hex(4)}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with aside.open("wb") as file:
            form.write(made, file)
        aside.replace(path)
        _tidy(path)
    except OSError as error:
        logger.warning(
            "cannot keep %s (%s); starting will take longer each time", path, error.strerror or error
        )
    finally:
        with suppress(OSError):
            aside.unlink(missing_ok=True)


def _tidy(newest: Path) -> None:
    """Remove all but the newest files of its kind, and what was left behind half written."""
    written: dict[Path, float] = {}
    for path in newest.parent.glob(f"{newest.stem.rpartition('-')[0]}-*"):
        # Another process may tidy, too.
        with suppress(FileNotFoundError):
            written[path] = path.stat().st_mtime
    whole = sorted((path for path in written if path.suffix == newest.suffix), key=written.__getitem__)
    half = [path for path, at in written.items() if path.suffix != newest.suffix and _left_behind(path, at)]
    for path in (*whole[:-KEPT], *half):
        path.unlink(missing_ok=True)


def _left_behind(half: Path, at: float) -> bool:
    """Whether nobody writes it any more: its process is gone, or another one has its number by now."""
    number = half.suffix[1:].partition("-")[0]
    if not number.isdecimal() or time.time() - at > _LEFT_BEHIND_S:
        return True
    try:
        os.kill(int(number), 0)
    except ProcessLookupError:
        return True
    except OSError:
        # It lives, and is somebody else's.
        pass
    return False


def _digest(body: bytes) -> bytes:
    return hashlib.sha256(body).hexdigest().encode()


@cache
def _program() -> str:
    return digest_of(Path(__file__).parent.glob("*.py"))
