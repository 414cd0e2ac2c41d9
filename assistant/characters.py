"""What characters of a text may be stored, and which may be shown: one answer for every place that asks."""

from __future__ import annotations

import re
from typing import Final

_CONTROLS: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def valid_unicode(text: str) -> str:
    """`text` with what is no valid Unicode replaced: a file name or a pipe may hold any bytes."""
    return text.encode("utf-8", "replace").decode("utf-8")


def printable(text: str) -> str:
    """Valid Unicode of `text` without what would move the cursor of a terminal, colour it, or turn the line round.

    � stands there. What was typed is kept as it is; it may come from another device's log.
    """
    return _CONTROLS.sub("\ufffd", valid_unicode(text))
