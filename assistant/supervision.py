"""Telling systemd that the assistant is ready and alive; without systemd nobody is told anything.

The protocol is one datagram of text to the socket named in the environment: sd_notify(3).
"""

from __future__ import annotations

import os
import socket
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Final, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

T = TypeVar("T")

_BEATS: Final = 4
"""So many signs of life in the time after which the watchdog bites."""


class Supervisor:
    """The service manager that started us, or nobody."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        """As the environment says: NOTIFY_SOCKET, WATCHDOG_USEC, WATCHDOG_PID."""
        self._address = environ.get("NOTIFY_SOCKET", "")
        meant = environ.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
        microseconds = environ.get("WATCHDOG_USEC", "")
        self._every_s = int(microseconds) / 1e6 / _BEATS if meant and microseconds.isdecimal() else None
        self._next = 0.0

    def ready(self, status: str) -> None:
        """We hear from now on."""
        self._tell("READY=1", f"STATUS={status}", "WATCHDOG=1")

    def stopping(self) -> None:
        """We are about to end."""
        self._tell("STOPPING=1")

    def alive(self) -> None:
        """We go on; cheap enough to be called for every chunk of sound."""
        now = time.monotonic()
        if self._every_s is not None and now >= self._next:
            self._next = now + self._every_s
            self._tell("WATCHDOG=1")

    def overseeing(self, things: Iterable[T]) -> Iterator[T]:
        """The things themselves, with a sign of life for each: whoever hangs over one gives none."""
        for thing in things:
            self.alive()
            yield thing

    def _tell(self, *lines: str) -> None:
        if not self._address:
            return
        # A leading @ stands for the zero byte of a name that is in no file system.
        address = "\0" + self._address[1:] if self._address.startswith("@") else self._address
        # Not to be heard is no reason to end; if it lasts, the manager ends us.
        with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
            channel.settimeout(1.0)
            channel.sendto("\n".join(lines).encode(), address)
