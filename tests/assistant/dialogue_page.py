# ruff: noqa: E501 - the lines of the page are as long as they are
"""Writes docs/dialogue.md anew: `python -m tests.assistant.dialogue_page`. What it shows comes from running the code."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Final

from assistant.clock import SimulatedClock
from assistant.dialogue import Limits, Pin
from assistant.pipeline import Pipeline
from assistant.records import Heard, Transcript
from assistant.resources import configs_dir
from assistant.store.store import Store
from intents.catalogue import load_catalogue
from intents.match import Matcher
from tests.assistant.examples import NOW, setting

PAGE: Final = Path(__file__).parents[2] / "docs" / "dialogue.md"

_CATALOGUE = load_catalogue("en")
_MATCHER = Matcher(_CATALOGUE, currency="USD")
_SETTING = setting(_CATALOGUE, pin_attempts=2)

# Each is one conversation; an entry of None lets the time-out pass.
_PLAIN: Final = (
    ("Asked for one by one, and corrected", ("order a pizza", "large", "make it two", "pepperoni", "yes")),
    (
        "Changed after it was read back",
        ("order a small ham pizza", "yes, but make it large", "add olives", "no onions", "how long", "yes"),
    ),
    ("Asked back", ("call me a taxi to the airport", "what was that", "how much is it", "no")),
    ("Only nearly a command", ("cab to the airport", "yes", "in a van", "sure")),
    ("Not a yes", ("order a large ham pizza", "yes don't order", "the cat sat on the mat")),
    ("Neither yes nor no", ("order a large ham pizza", "okay", "hang on", "okay go ahead")),
    (
        "When, and for how many",
        (
            "call me a taxi for two to the airport on friday",
            "nine",
            "no, saturday",
            "at ten",
            "make it three",
            "at three",
        ),
    ),
    ("Where to, and not when", ("order a large ham pizza", "deliver it to the office", "at seven", "no")),
    (
        "Where nobody knows, and in halves",
        ("order a large pizza to my mom's house", "to the office", "half ham half olives", "actually yes"),
    ),
    (
        "Where it is",
        ("where's my pizza", "order a large ham pizza", "yes", "where's my pizza", "same again", "no"),
    ),
    (
        "Another order, another command",
        ("order a large ham pizza", "get me a ride from work to work", "play some jazz", "yes"),
    ),
    (
        "With what it may cost at most",
        (
            "order a large ham pizza for at most fifteen dollars",
            "make it at most thirty",
            "under ten euros",
            "yes",
        ),
    ),
    ("No answer", ("order a pizza", None, "large")),
    ("A yes that was not meant", ("order a large ham pizza", "yes", "no wait", "cancel my order")),
    ("The same twice", ("order a large ham pizza", "yes", "order a large ham pizza", "no")),
)
_WITH_PIN: Final = (
    (
        "With a PIN",
        ("order a large ham pizza", "yes", "one two three five", "what was that", "one two three four"),
    ),
    ("With a PIN, and no good one", ("order a large ham pizza", "yes", "make it two", "yes", "1111", "2222")),
    ("With a PIN, and no answer", ("order a large ham pizza", "yes", None)),
)


def _run(
    line: Pipeline, clock: SimulatedClock, said: tuple[str | None, ...]
) -> tuple[list[str], set[tuple[str, str, str]]]:
    """The conversation as text, and its steps: state, what was said (by its outcome), state."""
    lines, steps = [], set()
    for text in said:
        before = type(line._state).__name__  # noqa: SLF001
        if text is None:
            clock.advance(timedelta(seconds=21))
            events = line.advance()
            lines.append(f"      (21 seconds of silence{': the order is cancelled' if events else ''})")
            steps.add((before, "no answer", type(line._state).__name__))  # noqa: SLF001
            continue
        it = line.handle(Heard(transcript=Transcript(text=text, engine="typed"), source="typed")).interaction
        lines += [f"you   {text}", f"it    {it.reply}"]
        steps.add((before, it.outcome, type(line._state).__name__))  # noqa: SLF001
        clock.advance(timedelta(seconds=2))
    return lines, steps


def page() -> str:
    """The whole page."""
    steps: set[tuple[str, str, str]] = set()
    examples: list[str] = []
    for pin, conversations in ((None, _PLAIN), (Pin.of("1234"), _WITH_PIN)):
        for title, said in conversations:
            with tempfile.TemporaryDirectory() as folder, Store.open(Path(folder) / "log.db") as store:
                clock = SimulatedClock(NOW)
                setting = replace(_SETTING, pin=pin, limits=Limits(orders_a_day=20))
                line = Pipeline(
                    matcher=_MATCHER,
                    setting=setting,
                    store=store,
                    clock=clock,
                    device="page",
                    timeout=timedelta(seconds=20),
                )
                lines, taken = _run(line, clock, said)
                steps |= taken
                examples += [f"### {title}", "", "```text", *lines, "```", ""]
    diagram = [f"    {before} --> {after}: {what}" for before, what, after in sorted(steps)]
    config = (configs_dir() / "pennyworth.toml").read_text(encoding="utf-8")
    keys = config[config.index("[dialogue]") :].split("\n\n")[0]
    return "\n".join(
        [
            "# The dialogue",
            "",
            "*Written by `python -m tests.assistant.dialogue_page`, which runs every conversation below; a test compares.*",
            "",
            "An order is placed by a clear yes to what was read back, and by nothing else. A yes is matched word for word,",
            "never by likeness; one with sound missing, one to another question, and one with a condition are none.",
            "“Okay”, “fine” and “I guess so” are no clear yes: a yes or a no is asked for, and what stays unclear is not ordered.",
            "Whatever is changed is read back anew: the old quote is cancelled (“changed”), and a new one is made.",
            "What is dearer than it was said that it may cost (the slot `budget`) is said to be, and by how much, before the",
            "question; an amount in another currency than the household's is asked for again.",
            "A whole new command while an order is read back is another order and takes nothing over from the first.",
            "What was placed can be called off for a while (`withdrawal_s`), if it has not been delivered by then; what the",
            "messages about it cost stays spent.",
            "",
            "## States",
            "",
            "Each arrow is labelled with the outcome of the utterance; it was taken by a conversation on this page.",
            "",
            "```mermaid",
            "stateDiagram-v2",
            "    [*] --> Idle",
            *diagram,
            "```",
            "",
            "`Asking` waits for a slot, `Confirming` for a yes, `Proving` for the PIN. `Offering` (a sentence that only",
            "resembles a command was asked about) leads where the command would.",
            "",
            "## Settings",
            "",
            "```toml",
            keys,
            "```",
            "",
            "The limit a day and the question before the same order twice are decided under the lock that places the order,",
            "so two programs on one log do not both slip under them. A day is that of `zone`.",
            "",
            "`pennyworth pin set` keeps a salted scrypt hash of 4 to 12 digits; `pin remove` ends it, `pin status` tells.",
            "What is said while the PIN is asked for stands in the log as `***`, its other hypotheses and words too; so do",
            "four or more digits that come at another moment, unless they belong to a command.",
            "",
            "`replies` names a file with wordings of your own, such as:",
            "",
            "```toml",
            "[pizza]",
            'ordered = "Very good: {description}. {timing}"',
            "```",
            "",
            "An unknown key or name in braces is an error that says which there are.",
            "",
            "## Conversations",
            "",
            *examples,
        ]
    )


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
