"""Downloads that survive what networks do: stalls, breaks, a changed file half-way."""

from __future__ import annotations

import fcntl
import hashlib
import logging
import re
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import requests

from assistant.errors import RecognitionError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

logger = logging.getLogger(__name__)

ATTEMPTS: Final = 6
"""Tries in a row that bring nothing new, before it is given up."""

CONNECT_S: Final = 10.0
STALL_S: Final = 30.0
"""Seconds without a byte after which a connection counts as dead."""

BLOCK: Final = 1 << 16

_LOOPBACK: Final = ("localhost", "127.0.0.1", "::1")


class _Retry(Exception):  # noqa: N818 - not an error yet
    """This try came to nothing or not to the end; the next one may."""


def download(
    address: str,
    part: Path,
    *,
    limit: int,
    progress: Callable[[int, int | None], None] = lambda _done, _total: None,
    stall_s: float = STALL_S,
    pause: Callable[[float], None] = time.sleep,
) -> None:
    """Download `address` to the file `part`, going on where an earlier download ended.

    A rest is only taken for the rest of the same file: what the server said of it (its ETag, or the date of its
    last change) is kept beside it, in a file of the same name and `.tag`. `progress` is told bytes done and in all
    (None where unknown). `limit` is the most bytes it may have.

    Raises:
        RecognitionError: it cannot be had: no such file, no network, larger than `limit`. What was downloaded
            stays, to be gone on with.
    """
    if urlsplit(address).scheme != "https" and urlsplit(address).hostname not in _LOOPBACK:
        raise RecognitionError(
            f"{address} is no https address; a model that anybody may change on its way is refused"
        )
    failures = 0
    while True:
        before = _size(part)
        try:
            _attempt(address, part, limit, progress, stall_s)
        except (_Retry, requests.RequestException) as error:
            failures = 0 if _size(part) > before else failures + 1
            if failures >= ATTEMPTS:
                raise RecognitionError(
                    f"{address} could not be downloaded ({_reason(error)}); {_size(part):,} bytes are kept, so try "
                    "again later, or download it elsewhere and give the file with --from"
                ) from error
            logger.info("%s: %s; trying again", address, _reason(error))
            pause(min(30.0, 0.5 * 2**failures))
        else:
            return


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file, hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def alone(lock: Path) -> Iterator[None]:
    """Hold a lock among processes; RecognitionError when another one holds it."""
    with lock.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise RecognitionError(
                f"another program is at work in {lock.parent}; wait until it is done"
            ) from None
        yield


def _attempt(
    address: str, part: Path, limit: int, progress: Callable[[int, int | None], None], stall_s: float
) -> None:
    done, tag = _size(part), _tag(part)
    headers = {"Accept-Encoding": "identity"}
    if done and tag:
        headers |= {"Range": f"bytes={done}-", "If-Range": tag}
    with requests.get(address, headers=headers, stream=True, timeout=(CONNECT_S, stall_s)) as answer:
        secure = urlsplit(answer.url)
        if secure.scheme != "https" and secure.hostname not in _LOOPBACK:
            raise RecognitionError(f"{address} leads to {answer.url}, which is no https address")
        total = _total(answer, done)
        if answer.status_code == requests.codes.requested_range_not_satisfiable:
            # All of it is there, or it is another file than it was.
            if total == done:
                return
            part.unlink(missing_ok=True)
            raise _Retry("the file has changed")
        if answer.status_code >= 500 or answer.status_code in (408, 429):
            raise _Retry(f"the server says {answer.status_code}")
        if answer.status_code not in (200, 206):
            raise RecognitionError(
                f"{address}: the server says {answer.status_code} {answer.reason}; check the name"
            )
        going_on = answer.status_code == requests.codes.partial_content
        if not going_on:
            done = 0
        if (total or 0) > limit:
            raise RecognitionError(
                f"{address} has {total:,} bytes, more than the {limit:,} that such a model may have"
            )
        _remember(part, answer)
        with part.open("ab" if going_on else "wb") as file:
            try:
                for block in answer.iter_content(BLOCK):
                    done += len(block)
                    if done > limit:
                        raise RecognitionError(
                            f"{address} goes on after {limit:,} bytes, more than a model may have"
                        )
                    file.write(block)
                    progress(done, total)
            except OSError as error:
                if isinstance(error, requests.RequestException):
                    raise
                raise RecognitionError(f"{part}: cannot be written: {error.strerror}") from error
    if total is not None and done < total:
        raise _Retry(f"the connection ended after {done:,} of {total:,} bytes")


def _total(answer: requests.Response, done: int) -> int | None:
    """Length of the whole file as far as the server tells; a rest must begin where ours ends."""
    range_ = re.fullmatch(r"bytes (?:(\d+)-\d+|\*)/(\d+|\*)", answer.headers.get("Content-Range", ""))
    if answer.status_code == requests.codes.partial_content and (not range_ or range_[1] != str(done)):
        raise RecognitionError(f"{answer.url}: the server sends another part than it was asked for")
    if range_:
        return int(range_[2]) if range_[2] != "*" else None
    length = answer.headers.get("Content-Length", "")
    return int(length) if length.isdigit() and answer.ok else None


def _remember(part: Path, answer: requests.Response) -> None:
    tag = answer.headers.get("ETag", "")
    # A weak tag does not promise the same bytes.
    strong = tag if tag and not tag.startswith("W/") else answer.headers.get("Last-Modified", "")
    part.with_name(f"{part.name}.tag").write_text(strong, encoding="latin-1")


def _tag(part: Path) -> str:
    try:
        return part.with_name(f"{part.name}.tag").read_text(encoding="latin-1")
    except OSError:
        return ""


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _reason(error: Exception) -> str:
    if isinstance(error, requests.Timeout):
        return "the server does not answer"
    if isinstance(error, requests.ConnectionError):
        return "there is no connection to the server"
    return str(error) or type(error).__name__
