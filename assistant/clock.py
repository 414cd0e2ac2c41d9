"""Time and identity, injected so that a week can pass in seconds and a test can repeat exactly."""

from __future__ import annotations

import secrets
import time
import uuid
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Where the time comes from."""

    def now(self) -> datetime:
        """The date and time, aware, in UTC."""
        ...

    def monotonic_us(self) -> int:
        """Microseconds of a clock that never goes back, for durations."""
        ...

    def cpu_us(self) -> int:
        """Microseconds of processor time that this process has used."""
        ...

    def passed_us(self) -> int:
        """Microseconds of the time that conversations live in; it never goes back, whatever the calendar does."""
        ...


class SystemClock:
    """The machine's own time."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic_us(self) -> int:
        return time.monotonic_ns() // 1000

    def cpu_us(self) -> int:
        return time.process_time_ns() // 1000

    def passed_us(self) -> int:
        return self.monotonic_us()


class SimulatedClock(SystemClock):
    """A calendar that stands still until it is moved; durations and processor time stay real."""

    def __init__(self, start: datetime) -> None:
        self._start = self._now = start.astimezone(UTC)

    def now(self) -> datetime:
        return self._now

    def passed_us(self) -> int:
        return (self._now - self._start) // timedelta(microseconds=1)

    def move_to(self, when: datetime) -> None:
        """Set the date forward; the past is left alone (ValueError)."""
        if when < self._now:
            raise ValueError(f"the clock stands at {self._now}, it does not go back to {when}")
        self._now = when.astimezone(UTC)

    def advance(self, span: timedelta) -> None:
        """Move the date forward by `span`."""
        self.move_to(self._now + span)


def new_id(now: datetime) -> str:
    """A UUID of version 7 (RFC 9562): unique across devices, and sorted by time."""
    millis = int(now.timestamp() * 1000)
    value = (millis << 80) | (7 << 76) | (secrets.randbits(12) << 64) | (2 << 62) | secrets.randbits(62)
    return str(uuid.UUID(int=value))
