"""Journeys: the touches within the window before a purchase, and those that no purchase followed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from assistant.economics.attribution.history import Booleans, History, Integers

DAY_US: Final = 86_400_000_000
BLOCK: Final = 1 << 21
"""Touches of journeys worked on at a time, so that memory does not grow with overlapping windows."""

_LIMIT: Final = 2**62


@dataclass(frozen=True, kw_only=True, eq=False)
class Journeys:
    """Ranges of the history's touches."""

    start: Integers
    """(journeys,) the first touch."""
    stop: Integers
    """(journeys,) one past the last touch; equal to `start` where there is none."""

    @property
    def length(self) -> Integers:
        """(journeys,) how many touches."""
        length: Integers = self.stop - self.start
        return length

    def only(self, which: Booleans) -> Journeys:
        """The same journeys, those not in `which` emptied of touches."""
        return Journeys(start=self.start, stop=np.where(which, self.stop, self.start))


@dataclass(frozen=True, kw_only=True, eq=False)
class Block:
    """Some journeys with their touches one by one."""

    journeys: Integers
    """(journeys here,) which ones."""
    length: Integers
    """(journeys here,) touches of each, at least one."""
    segment: Integers
    """(touches here,) index into `journeys`."""
    position: Integers
    """(touches here,) 0 for the first of its journey."""
    touch: Integers
    """(touches here,) index into the history's touches."""


def before_purchases(history: History, window_us: int) -> Journeys:
    """One journey a purchase: the household's touches from `window_us` before it up to the purchase, both included.

    A refund that names its purchase has that purchase's journey, so that it takes back what was credited.
    """
    opens = history.us - window_us
    times_of_all = [times for times in (history.touch_us, opens, history.us) if len(times)]
    first = min((int(times.min()) for times in times_of_all), default=0)
    last = max((int(times.max()) for times in times_of_all), default=0)
    # Household and time in one number, by which the touches are sorted.
    if (span := last - first + 2) * max(history.households, 1) < _LIMIT:
        places = history.touch_us - first, opens - first, history.us - first + 1
    else:
        times = np.unique(history.touch_us)
        span = len(times) + 1
        places = (
            np.searchsorted(times, history.touch_us),
            np.searchsorted(times, opens, side="left"),
            np.searchsorted(times, history.us, side="right"),
        )
    key = history.touch_household * span + places[0]
    own = history.household * span
    start = np.searchsorted(key, own + places[1])
    stop = np.searchsorted(key, own + places[2])
    return Journeys(start=start[history.refund_of], stop=stop[history.refund_of])


def without_purchase(history: History, journeys: Journeys, window_us: int) -> Journeys:
    """Journeys that ended in nothing: runs of touches outside every purchase's window, each no longer than a window."""
    touches = len(history.touch_us)
    change = np.zeros(touches + 1, dtype=np.int64)
    np.add.at(change, journeys.start, 1)
    np.add.at(change, journeys.stop, -1)
    left = np.flatnonzero(np.cumsum(change[:-1]) == 0)
    if not len(left):
        return Journeys(start=left, stop=left)
    household = history.touch_household[left]
    begins = np.ones(len(left), dtype=bool)
    begins[1:] = (np.diff(left) > 1) | (np.diff(household) != 0)
    run = np.maximum.accumulate(np.where(begins, np.arange(len(left)), 0))
    lap = (history.touch_us[left] - history.touch_us[left[run]]) // max(window_us, 1)
    begins[1:] |= np.diff(lap) != 0
    first = np.flatnonzero(begins)
    last = np.append(first[1:], len(left)) - 1
    return Journeys(start=left[first], stop=left[last] + 1)


def blocks(journeys: Journeys, which: Booleans | None = None, limit: int = BLOCK) -> Iterator[Block]:
    """The journeys that have touches (and are in `which`), unrolled, about `limit` touches at a time."""
    length = journeys.length
    chosen = np.flatnonzero(length > 0 if which is None else (length > 0) & which)
    ends = np.cumsum(length[chosen])
    begun = 0
    while begun < len(chosen):
        done = ends[begun - 1] if begun else 0
        stop = max(int(np.searchsorted(ends, done + limit, side="right")), begun + 1)
        part = chosen[begun:stop]
        count = length[part]
        segment = np.repeat(np.arange(len(part)), count)
        position = np.arange(len(segment)) - np.repeat(np.cumsum(count) - count, count)
        yield Block(
            journeys=part,
            length=count,
            segment=segment,
            position=position,
            touch=journeys.start[part][segment] + position,
        )
        begun = stop
