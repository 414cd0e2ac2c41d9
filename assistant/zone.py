"""The time zone of the one who speaks."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

import tzlocal
from rapidfuzz import process

from assistant.errors import ConfigError

if TYPE_CHECKING:
    from datetime import tzinfo

logger = logging.getLogger(__name__)


def time_zone(name: str) -> tzinfo:
    """The zone called `name` in the IANA database, or the system's own when that is empty.

    Raises:
        ConfigError: there is no such zone; the message names the nearest.
    """
    if not name:
        try:
            return tzlocal.get_localzone()
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            logger.warning("the system's time zone is not known (%s); taking UTC. Set `zone` to yours", error)
            return ZoneInfo("UTC")
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        nearest = process.extractOne(name, sorted(available_timezones()), score_cutoff=55)
        hint = f" (did you mean {nearest[0]!r}?)" if nearest else ""
        raise ConfigError(
            f"zone = {name!r}: there is no such time zone{hint}; write one like 'Europe/Berlin', or '' for the system's"
        ) from None
