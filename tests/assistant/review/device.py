"""A device of the tests, in a process of its own: commands through the pipeline that `listen` has, into the log.

    python -m tests.assistant.review.device LOG EVERY_S

says one after another, so many seconds apart (0: as fast as it can), until its standard input is closed; then it says
how many that were. What goes wrong ends it with a traceback.
"""

from __future__ import annotations

import select
import sys
from itertools import cycle
from pathlib import Path
from typing import Final

from assistant.cli.session import open_session
from assistant.clock import SystemClock
from assistant.config import load_config
from assistant.records import Effort, Heard, Transcript

SAID: Final = (
    "play some jazz",
    "what's the weather in paris",
    "order a large pepperoni pizza",
    "yes",
    "blue green seven",
    "turn it up",
    "call me a taxi to the airport",
    "no",
)


def main() -> None:
    """Say things until nobody listens any more."""
    db, every_s = Path(sys.argv[1]), float(sys.argv[2])
    with open_session(load_config(), db=db, clock=SystemClock(), quiet=True) as session:
        written = 0
        for text in cycle(SAID):
            session.pipeline.handle(
                Heard(
                    transcript=Transcript(text=text, engine="pocketsphinx", model="test"),
                    source="microphone",
                    origin="test",
                    effort=Effort(audio_us=1_500_000, endpoint_us=200_000, recognition_us=90_000),
                )
            )
            written += 1
            if written == 1:
                # From now on the log is being written.
                print("begun", flush=True)
            if select.select([sys.stdin], [], [], every_s)[0]:
                break
        session.pipeline.hang_up()
    print(written)


if __name__ == "__main__":
    main()
