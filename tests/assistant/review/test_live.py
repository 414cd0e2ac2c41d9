"""The device writes while the review reads, and writes verdicts: nobody is turned away by a lock."""

from __future__ import annotations

import os
import threading
import time
from typing import TYPE_CHECKING

import pytest

from assistant.store.audit import audit
from assistant.store.store import Store
from tests.assistant.review.household import say, token_of

if TYPE_CHECKING:
    from tests.assistant.review.household import Served


def write_and_read(review: Served, seconds: float) -> tuple[int, int]:
    """A device that writes as fast as it can, and a browser that looks at every page; how often each did."""
    wrong: list[BaseException] = []
    written = 0
    done = threading.Event()

    def write() -> None:
        nonlocal written
        try:
            with Store.open(review.db) as store:
                while not done.is_set():
                    say(store, 100 + written / 3600, transcript=f"play some jazz {written}")
                    written += 1
        except BaseException as error:  # noqa: BLE001 - whatever it is, the test has to know
            wrong.append(error)

    writer = threading.Thread(target=write)
    writer.start()
    read = 0
    until = time.monotonic() + seconds
    try:
        with review.client() as client:
            token = token_of(client.get("/interactions/70").text)
            while time.monotonic() < until:
                for path in (
                    "/",
                    "/interactions",
                    "/interactions/new?after=70",
                    "/interactions/70",
                    "/log/interactions.json",
                ):
                    assert client.get(path).status_code == 200
                    read += 1
                verdict = {"csrftoken": token, "verdict": "right"}
                assert (
                    client.post("/interactions/70/verdict", data=verdict, follow_redirects=False).status_code
                    == 302
                )
                # As fast as a person with many windows, and no faster: the guard would turn it away.
                time.sleep(0.6)
    finally:
        done.set()
        writer.join(30)
    assert wrong == []
    with Store.open(review.db) as store:
        assert audit(store).problems == ()
    return written, read


def test_writing_and_reading_at_once(own_review: Served) -> None:
    written, read = write_and_read(own_review, 4.0)
    assert written > 10
    assert read >= 10


@pytest.mark.slow
def test_a_minute_of_it_or_an_hour(own_review: Served) -> None:
    """A minute, or as many seconds as PENNYWORTH_LIVE_S says: 3600 for an hour."""
    write_and_read(own_review, float(os.environ.get("PENNYWORTH_LIVE_S", "60")))
