"""The device writes while the review reads, and writes verdicts: nobody is turned away by a lock."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from assistant.store.audit import audit
from assistant.store.store import Store
from tests.assistant.review.household import ROOT, token_of

if TYPE_CHECKING:
    from tests.assistant.review.household import Served

PAGES = ("/", "/interactions", "/interactions/70", "/log/interactions.json", "/privacy")
MANY_WINDOWS_S = 0.6
"""Between two rounds through the pages: a person with many windows; what is faster the guard would turn away."""


def write_and_read(review: Served, seconds: float, *, every_s: float, pause_s: float) -> tuple[int, int]:
    """A device in a process of its own, and a browser that looks at every page and gives verdicts.

    Args:
        review: What is looked at.
        seconds: For so long.
        every_s: The device says something so often; 0: as fast as it can.
        pause_s: Between two rounds through the pages. New rows are asked for meanwhile, as the page does.

    Returns:
        How much was written, and how many pages were read.
    """
    command = [sys.executable, "-m", "tests.assistant.review.device", str(review.db), str(every_s)]
    device = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**os.environ, "HOME": str(review.db.parent / "home")},
    )
    read, before = 0, told(review)
    with device, review.client() as client:
        try:
            assert device.stdout
            assert device.stdout.readline() == "begun\n"
            until = time.monotonic() + seconds
            token = token_of(client.get("/interactions/70").text)
            newest = 70
            while time.monotonic() < until:
                for path in PAGES:
                    assert client.get(path).status_code == 200
                    read += 1
                form = {"csrftoken": token, "verdict": "right"}
                noted = client.post("/interactions/70/verdict", data=form, follow_redirects=False)
                assert noted.status_code == 302
                rested = time.monotonic()
                while time.monotonic() < min(rested + pause_s, until):
                    come = client.get(f"/interactions/new?after={newest}")
                    assert come.status_code == 200
                    newest = int(come.headers["x-newest"])
                    read += 1
                    time.sleep(min(2.0, pause_s))
                assert device.poll() is None
        finally:
            said, errors = device.communicate("end\n", timeout=60)
    assert device.returncode == 0, errors
    assert errors == ""
    # What fails in a page stands there.
    assert (review.db.parent / "review.err").read_text() == ""
    with Store.open(review.db) as store:
        assert audit(store).problems == ()
    assert told(review) == before + int(said)
    return int(said), read


def told(review: Served) -> int:
    """How much devices of tests have written."""
    with Store.open(review.db, mode="read") as store:
        (row,) = store.rows("SELECT count(*) AS n FROM interactions WHERE origin = 'test'")
    return int(row["n"])


def test_writing_and_reading_at_once(own_review: Served) -> None:
    written, read = write_and_read(own_review, 2.0, every_s=0, pause_s=MANY_WINDOWS_S)
    assert written > len(PAGES)
    assert read >= len(PAGES)


@pytest.mark.slow
def test_a_minute_of_it_or_an_hour(own_review: Served) -> None:
    """A minute as fast as both can, or as docs/review.md says: PENNYWORTH_LIVE_S=3600 for an hour of a busy household.

    Then something is said every PENNYWORTH_LIVE_EVERY_S seconds, and somebody goes through all pages every
    PENNYWORTH_LIVE_PAUSE_S.
    """
    seconds, every_s, pause_s = (
        float(os.environ.get(f"PENNYWORTH_LIVE_{name}", default))
        for name, default in (("S", 60), ("EVERY_S", 0), ("PAUSE_S", MANY_WINDOWS_S))
    )
    written, read = write_and_read(own_review, seconds, every_s=every_s, pause_s=pause_s)
    print(f"{seconds:.0f} s: {written} interactions written, {read} pages read, no lock error")
