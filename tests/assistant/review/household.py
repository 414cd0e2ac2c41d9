"""A small log with something of everything, and the real command that shows it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import httpx
import numpy as np

from assistant.clock import SimulatedClock, new_id
from assistant.ledger.rules import book_interaction, book_order_event
from assistant.records import Alternative, Word
from assistant.store.audio import AudioShelf
from assistant.store.store import Store
from hardware.audiofile import read_chunks
from tests.assistant.examples import NOW, event, interaction, order, plan
from tests.assistant.test_cli import recording

if TYPE_CHECKING:
    from collections.abc import Iterator

    from assistant.records import Interaction, OrderState

ROOT: Final = Path(__file__).parents[3]
SCRIPT: Final = "<script>alert('owned')</script>"
HOUR: Final = timedelta(hours=1)


def say(store: Store, hours: float, **changes: Any) -> Interaction:
    """Something that was said so many hours after the log began."""
    at = NOW + hours * HOUR
    fields = {"id": new_id(at), "session": new_id(at), "at": at, **changes}
    it = interaction(**fields)
    number = store.append(it, transactions=book_interaction(it, plan()))
    found = store.interaction(str(number))
    assert found
    return found


def turns(*texts: str, store: Store) -> None:
    """A conversation, through the pipeline that `listen` has."""
    # Made at its first use: it takes a second.
    from tests.assistant.test_pipeline import heard, pipeline

    # Before the order that is on its way is delivered.
    line = pipeline(store, SimulatedClock(NOW + 49.3 * HOUR))
    for text in texts:
        line.handle(heard(text))
    line.hang_up()


def order_it(store: Store, hours: float, states: tuple[OrderState, ...], name: str) -> Interaction:
    """An order that came so far."""
    at = NOW + hours * HOUR
    it = interaction(
        id=new_id(at),
        session=new_id(at),
        at=at,
        transcript="order a large pepperoni pizza",
        alternatives=(Alternative(text="order a large pepperoni piazza", behind=4.2),),
        words=(),
        source="typed",
        origin="",
        engine="typed",
        intent="pizza",
        kind="commerce",
        slots={"size": "large", "topping": "pepperoni"},
        outcome="ordered",
        reply="Ordered: one large pepperoni pizza.",
        order_id=name,
    )
    bought = order(id=name, interaction_id=it.id, quoted_at=at)
    life = [event(state, order_id=name, interaction_id=it.id, at=at) for state in states]
    booked = [*book_interaction(it, plan())]
    for place, step in enumerate(life):
        booked += book_order_event(bought, step, life[:place])
    store.append(it, orders=[bought], events=life, transactions=booked)
    return it


def write_household(path: Path) -> None:
    """Seventy interactions over three days; number 70 is a spoken one with its sound, 69 holds markup."""
    with Store.open(path) as store:
        for n in range(60):
            weather = n % 3 == 0
            say(
                store,
                n * 0.8,
                intent="weather" if weather else "music",
                transcript=f"what's the weather in paris {n}" if weather else f"play some jazz {n}",
                slots={"place": "paris"} if weather else {"action": "play", "genre": "jazz"},
                device="kitchen" if n % 2 else "hall",
                score=1.0 if n % 4 else 0.62,
            )
        for n in range(5):
            say(
                store,
                48 + n / 10,
                intent=None,
                kind="none",
                slots={},
                outcome="rejected",
                transcript="blue green",
                score=0.3,
            )
        placed: tuple[OrderState, ...] = ("quoted", "confirmed", "placed")
        order_it(store, 49, (*placed, "completed", "settled"), "order-1")
        order_it(store, 49.1, (*placed, "completed", "refunded"), "order-2")
        order_it(store, 49.2, placed, "order-3")
        say(
            store,
            50,
            transcript=SCRIPT,
            alternatives=(Alternative(text=SCRIPT),),
            reply=SCRIPT,
            slots={"x": SCRIPT},
            origin=SCRIPT,
        )
        samples = np.concatenate([chunk.samples for chunk in read_chunks(recording("play some jazz"))])
        words = (
            Word(text="play", start_s=0.3, end_s=0.6, confidence=0.9),
            Word(text="some", start_s=0.6, end_s=0.8, confidence=0.8),
            Word(text="jazz", start_s=0.8, end_s=1.3),
        )
        it = say(
            store,
            51,
            words=words,
            alternatives=(Alternative(text="play some chess", behind=2.5),),
            slots={"action": "play", "genre": "jazz"},
        )
    AudioShelf(path).keep(it.id, samples)


@dataclass(frozen=True, kw_only=True)
class Served:
    """A review that runs."""

    url: str
    """With no slash at its end."""
    db: Path
    """The log."""
    pid: int
    """The process."""

    def client(self) -> httpx.Client:
        """A browser of a kind: it keeps cookies, and follows where a form leads."""
        return httpx.Client(base_url=self.url, follow_redirects=True, timeout=30)


@contextmanager
def served(db: Path, *options: str, **environment: str) -> Iterator[Served]:
    """`pennyworth review` over a log, in a process of its own."""
    home = db.parent / "home"
    home.mkdir(exist_ok=True)
    (home / "review.toml").write_text('zone = "UTC"\n[privacy]\nkeep_audio = true\naudio_days = 3650\n')
    errors = (db.parent / "review.err").open("w")
    process = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "assistant.cli",
            "--config",
            str(home / "review.toml"),
            "--db",
            str(db),
            "review",
            "--port",
            "0",
            *options,
        ],
        stdout=subprocess.PIPE,
        stderr=errors,
        text=True,
        cwd=ROOT,
        env={**os.environ, "HOME": str(home), **environment},
    )
    with errors, process:
        assert process.stdout
        line = process.stdout.readline()
        found = re.search(r"http://\S+:(\d+)/", line)
        assert found, line + (db.parent / "review.err").read_text()
        try:
            yield Served(url=f"http://127.0.0.1:{found[1]}", db=db, pid=process.pid)
        finally:
            process.terminate()
            process.wait(10)


def token_of(page: str) -> str:
    """The token that a page's forms hold."""
    found = re.search(r'name="csrftoken" value="([^"]+)"', page)
    assert found
    return found[1]
