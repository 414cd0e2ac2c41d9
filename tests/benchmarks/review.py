"""The review over a log of a million interactions: how long its server takes for each page, and its memory."""

from __future__ import annotations

import time
from pathlib import Path
from statistics import median
from typing import Final

from tests.assistant.review.household import served

PAGES: Final = {
    "first screen": "/",
    "everything": "/?time=all",
    "interactions": "/interactions",
    "interactions, the rarest outcome of an intent": "/interactions?intent=none&outcome=rejected&device=speaker+1",
    "interactions, a search": "/interactions?q=jazz",
    "interactions, unlikely ones": "/interactions?below=0.5",
    "one interaction": "/interactions/999999",
    "better": "/better",
    "what if, the last day": "/what-if?rebate.pizza=0.10",
    "privacy": "/privacy",
    "the table of interactions": "/log/interactions",
}
"""What it is called, and its address."""
ROUNDS: Final = 5


def review(db: Path) -> list[tuple[str, str]]:
    """Each page as a browser on the same machine gets it, from the request to the last byte; the median of a few."""
    rows = []
    with served(db) as running, running.client() as client:
        for name, path in PAGES.items():
            seconds = []
            for _ in range(ROUNDS + 1):
                begun = time.perf_counter()
                answer = client.get(path)
                seconds.append(time.perf_counter() - begun)
                if answer.status_code != 200:
                    raise RuntimeError(f"{path}: {answer.status_code}")
            # The first is the one that reads the pages from the disk.
            rows.append((f"review of a million interactions: {name}", f"{1000 * median(seconds[1:]):.0f} ms"))
        status = Path(f"/proc/{running.pid}/status").read_text(encoding="utf-8")
        (most,) = (line.split()[1] for line in status.splitlines() if line.startswith("VmHWM"))
    return [*rows, ("its process, most memory", f"{int(most) / 1024:.0f} MB")]
