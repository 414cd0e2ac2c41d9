"""Measure `attribution compare` over a million touches."""

from __future__ import annotations

import subprocess
import sys
import time
from statistics import median
from typing import TYPE_CHECKING, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet

if TYPE_CHECKING:
    from pathlib import Path

TOUCHES: Final = 1_000_000
PURCHASES: Final = 100_000
HOUSEHOLDS: Final = 20_000
KINDS: Final = ("alarm", "light", "music", "news", "pizza", "ride", "timer", "weather")
DAYS: Final = 60
ROUNDS: Final = 3


def attribution(folder: Path) -> list[tuple[str, str]]:
    """All ten models as a whole process, reading Parquet; households have 50 touches and 5 purchases in 60 days."""
    files = {name: folder / f"{name}.parquet" for name in ("touches", "purchases", "households")}
    for path, table in zip(files.values(), _tables(), strict=True):
        pyarrow.parquet.write_table(table, path)
    command = [sys.executable, "-m", "assistant.cli", "attribution", "compare", "--json"]
    command += [part for name, path in files.items() for part in (f"--{name}", str(path))]
    seconds = []
    for _ in range(ROUNDS):
        begun = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True)
        seconds.append(time.perf_counter() - begun)
    return [
        (
            f"attribution compare, ten models, {TOUCHES:,} touches and {PURCHASES:,} purchases, start to exit",
            f"{median(seconds):.1f} s",
        )
    ]


def _tables() -> tuple[pa.Table, pa.Table, pa.Table]:
    random = np.random.default_rng(1)

    def moments(n: int) -> pa.Array:
        return pa.array(random.integers(0, DAYS * 86_400_000_000, n), pa.timestamp("us", "UTC"))

    def names(n: int) -> pa.Array:
        return pa.array(random.integers(0, HOUSEHOLDS, n)).cast(pa.string())

    touches = pa.table(
        {
            "household": names(TOUCHES),
            "time": moments(TOUCHES),
            "kind": pa.array(np.array(KINDS)[random.integers(0, len(KINDS), TOUCHES)]),
        }
    )
    purchases = pa.table(
        {
            "id": pa.array(np.arange(PURCHASES)).cast(pa.string()),
            "household": names(PURCHASES),
            "time": moments(PURCHASES),
            "value_micros": random.integers(1, 50_000_000, PURCHASES),
            "currency": pa.array(["USD"] * PURCHASES),
        }
    )
    households = pa.table(
        {
            "household": pa.array(np.arange(HOUSEHOLDS)).cast(pa.string()),
            "holdout": random.random(HOUSEHOLDS) < 0.1,
        }
    )
    return touches, purchases, households
