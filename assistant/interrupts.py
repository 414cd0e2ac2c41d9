"""Ctrl-C and being told to stop: at once, but not between a write and what must follow it.

A signal handler belongs to the process, so this is the one place with state of its own.
"""

from __future__ import annotations

import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType


class _Gate:
    """Whether an interruption must wait, and whether one is waiting."""

    held = 0
    waiting = False


def install() -> None:
    """Make SIGINT and SIGTERM raise KeyboardInterrupt, later where they are held off; main thread only."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupt)


@contextmanager
def held_off() -> Iterator[None]:
    """An interruption within waits for the end of the block, and is raised there."""
    if not _Gate.held:
        _Gate.waiting = False
    _Gate.held += 1
    try:
        yield
    finally:
        _Gate.held -= 1
    if _Gate.waiting and not _Gate.held:
        _Gate.waiting = False
        raise KeyboardInterrupt


def _interrupt(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
    if _Gate.held:
        _Gate.waiting = True
    else:
        raise KeyboardInterrupt
