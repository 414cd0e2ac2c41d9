"""Exit codes."""

from typing import Final

NOT_SO: Final = 1
"""The thing asked for was not so: the ledger does not balance, a case did not end as it should, a run got worse."""
BAD_INPUT: Final = 2
"""Bad use or bad input."""
DEVICE_FAILED: Final = 3
"""A device or file failed: there is no microphone, a recording cannot be heard."""
INTERRUPTED: Final = 130
"""Ctrl-C, as shells have it."""
