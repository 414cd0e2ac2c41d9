"""Times and time zones on the command line."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
from typing import Any

import click

from assistant.errors import ConfigError
from assistant.zone import time_zone


class When(click.ParamType[datetime]):
    """A date or a time: ISO 8601, of the time zone `zone` unless it says otherwise; None leaves it without one."""

    name = "time"

    def __init__(self, zone: tzinfo | None = UTC) -> None:
        self.zone = zone

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        try:
            when = value if isinstance(value, datetime) else datetime.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is no date or time; write 2026-01-31 or 2026-01-31T18:30", param, ctx)
        return when if when.tzinfo else when.replace(tzinfo=self.zone)


class Zone(click.ParamType[tzinfo]):
    """A time zone: "UTC", "local" (the system's), or a name like Europe/Berlin."""

    name = "zone"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tzinfo:
        if isinstance(value, tzinfo):
            return value
        try:
            return UTC if value.upper() == "UTC" else time_zone("" if value == "local" else value)
        except ConfigError as error:
            self.fail(str(error).removeprefix("zone = "), param, ctx)


def aware(when: datetime | None, zone: tzinfo) -> datetime | None:
    """`when` with its time zone; `zone` where it names none."""
    if when is None or when.tzinfo:
        return when
    return when.replace(tzinfo=zone)
