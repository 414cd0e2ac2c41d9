"""Identifiers of simulated rows: UUIDs of version 8, made of what they identify, so that none is ever drawn twice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import pyarrow as pa

if TYPE_CHECKING:
    from assistant.economics.attribution.history import Integers

MOST: Final = 1 << 28
"""Things of one sort that a household may have in a week."""

_LENGTH: Final = 36
# Every field but the week lies in whole words of four characters.
_HEX: Final = np.frombuffer(b"".join(b"%04x" % n for n in range(1 << 16)), np.uint32)
_HEX_BYTES: Final = _HEX.view(np.uint8).reshape(-1, 4)


def uuids(
    *, household: Integers, first: int, count: int, week: int, sort: int, number: Integers, seed: int
) -> pa.Array:
    """`hhhhhhhh-wwww-8ttt-8nnn-ssssssssnnnn`: household, week, sort of thing, number within those, and the seed's last
    32 bits. RFC 9562 leaves all but version and variant of version 8 to whoever makes them.

    Args:
        household: (rows,) index of the household in its block.
        first: Number of the block's first household.
        count: Households of the block.
        week: Of the fleet, from 0; or 0 where numbers run through all weeks.
        sort: Of thing, below 4096.
        number: (rows,) below `MOST`; no two alike of one household, week and sort.
        seed: Of the fleet.
    """
    pattern = f"00000000-{week:04x}-8{sort:03x}-8000-{seed & 0xFFFFFFFF:08x}0000"
    of_household = np.tile(np.frombuffer(pattern.encode(), np.uint32), (count, 1))
    numbers = first + np.arange(count)
    of_household[:, 0] = _HEX[numbers >> 16]
    of_household[:, 1] = _HEX[numbers & 0xFFFF]
    text = of_household[household]
    text[:, 8] = _HEX[number & 0xFFFF]
    if len(number) and int(number.max()) > 0xFFFF:
        text.view(np.uint8)[:, 20:23] = _HEX_BYTES[number >> 16][:, 1:]
    offsets = np.arange(0, _LENGTH * (len(household) + 1), _LENGTH, dtype=np.int32)
    return pa.StringArray.from_buffers(len(household), pa.py_buffer(offsets), pa.py_buffer(text))


def numbered_within(groups: Integers, count: int) -> Integers:
    """(rows,) 0, 1, 2 … within each group; `groups` are sorted and below `count`."""
    sizes = np.bincount(groups, minlength=count)
    first = np.cumsum(sizes) - sizes
    within: Integers = np.arange(len(groups)) - first[groups]
    return within
