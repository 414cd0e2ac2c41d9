"""The proof of a large log, as a whole process: how long it takes, and how much memory."""

from __future__ import annotations

import subprocess
import sys
import time
from typing import TYPE_CHECKING, Final

from assistant.store.store import Store

if TYPE_CHECKING:
    from pathlib import Path


# The high-water mark of this very image: the kernel would report of a child that of the process it was forked from.
CHECK: Final = """
import atexit, re, sys, time
from pathlib import Path
from assistant.cli.main import run

def report():
    peak = re.search(r"VmHWM:\\s+([0-9]+)", Path("/proc/self/status").read_text())[1]
    print(time.process_time(), peak, file=sys.stderr)

atexit.register(report)
run(["--db", sys.argv[1], "ledger", "check", "--json"])
"""


def auditing(path: Path) -> list[tuple[str, str]]:
    """`pennyworth ledger check` over the log at `path`."""
    with Store.open(path, mode="read") as store:
        transactions, _ = store.head()
    begun = time.perf_counter()
    run = subprocess.run([sys.executable, "-c", CHECK, str(path)], capture_output=True, text=True, check=True)
    seconds = time.perf_counter() - begun
    cpu, peak = run.stderr.split()
    return [
        (f"`ledger check` over {transactions:,} transactions", f"{seconds:.0f} s"),
        ("processor time of that", f"{float(cpu):.0f} s"),
        ("memory at its most", f"{int(peak) / 1024:.0f} MB"),
    ]
