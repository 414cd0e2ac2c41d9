"""Messages between this program and the processes in which PortAudio runs: a kind, a length, and bytes."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

_HEADER: Final = struct.Struct("<cI")


class Frame(NamedTuple):
    """One message."""

    kind: bytes
    """One byte that says what it is."""
    payload: bytes = b""
    """What it carries."""


def packed(frame: Frame) -> bytes:
    """A frame as it goes through a pipe."""
    return _HEADER.pack(frame.kind, len(frame.payload)) + frame.payload


class FrameReader:
    """Puts frames together again from the pieces in which a pipe delivers them."""

    def __init__(self) -> None:
        self._data = bytearray()

    def feed(self, data: bytes) -> Iterator[Frame]:
        """Take what has come; give the frames that are whole."""
        self._data += data
        while len(self._data) >= _HEADER.size:
            kind, length = _HEADER.unpack_from(self._data)
            end = _HEADER.size + length
            if len(self._data) < end:
                return
            payload = bytes(self._data[_HEADER.size : end])
            del self._data[:end]
            yield Frame(kind, payload)
