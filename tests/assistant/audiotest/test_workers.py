"""Workers that die, hang or cannot begin."""

from __future__ import annotations

import os
import signal
import time
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest

from assistant.audiotest import workers
from assistant.audiotest.cases import Case
from assistant.audiotest.conditions import Condition
from assistant.audiotest.workers import Job, Task, hear_all
from assistant.errors import RecognitionError
from tests.assistant.audiotest.examples import result

if TYPE_CHECKING:
    from collections.abc import Iterator

    from assistant.audiotest.hearing import Ears
    from assistant.audiotest.results import CaseResult

# What the workers of these tests hold in the place of an engine: it does at a recording what its name says.


class Faulty:
    """Ears that end their own process at some recordings."""

    model = "faulty 1"

    def __init__(self) -> None:
        self.recogniser = self

    def hear(self, cases: tuple[Case, ...], number: int, *_: Any, **__: Any) -> list[CaseResult]:
        for case in cases:
            if case.audio.startswith("kill"):
                os.kill(os.getpid(), signal.SIGSEGV)
            if case.audio.startswith("exit"):
                os._exit(7)
            if case.audio.startswith("hang"):
                time.sleep(600)
        return [result(case.audio, conversation=number) for case in cases]


@contextmanager
def open_faulty(trouble: str, engine: str) -> Iterator[Ears]:
    if trouble == "refuses":
        raise RecognitionError(f"no model for {engine}")
    if trouble == "dies":
        os.kill(os.getpid(), signal.SIGKILL)
    yield cast("Ears", Faulty())


def job(trouble: str = "") -> Job:
    return Job(open_ears=partial(open_faulty, trouble), folder=Path(), seed=0, endpointing=True)


def tasks(*names: str) -> list[Task]:
    return [
        Task(engine="vosk", condition=Condition(), number=number, cases=(Case(audio=name, intent=None),))
        for number, name in enumerate(names)
    ]


def test_a_worker_that_dies_is_a_failed_case_and_not_a_lost_run() -> None:
    names = ["a", "kill", "b", "exit", "c", "d", "kill2", "e"]
    heard = {each.task.cases[0].audio: each.results[0] for each in hear_all(tasks(*names), job(), workers=2)}
    assert sorted(heard) == sorted(names)
    for name, it in heard.items():
        assert bool(it.error) == name.startswith(("kill", "exit")), name
    assert "SIGSEGV" in heard["kill"].error
    assert "exit code 7" in heard["exit"].error
    assert not heard["kill"].right


@pytest.mark.slow
def test_a_worker_that_hangs_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    # Long enough for a worker to start; a hanging one is silent for ever.
    monkeypatch.setattr(workers, "PATIENCE_S", 30.0)
    results = [each.results[0] for each in hear_all(tasks("a", "hang", "b"), job(), workers=2)]
    assert sorted(it.audio for it in results if it.error) == ["hang"]
    assert "it was silent" in next(it.error for it in results if it.error)


def test_an_engine_that_cannot_be_opened_ends_the_run_with_its_reason() -> None:
    with pytest.raises(RecognitionError, match="no model for vosk"):
        list(hear_all(tasks("a", "b"), job("refuses"), workers=2))


def test_an_engine_that_dies_while_it_opens_ends_the_run() -> None:
    with pytest.raises(RecognitionError, match="vosk cannot be opened: it was ended by SIGKILL"):
        list(hear_all(tasks("a", "b"), job("dies"), workers=1))


def test_closing_early_ends_the_workers() -> None:
    stream = hear_all(tasks("a", "hang"), job(), workers=2)
    assert next(stream).results[0].audio == "a"
    stream.close()
    children = {int(pid) for pid in Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()}
    states = [Path(f"/proc/{pid}/cmdline").read_text() for pid in children if Path(f"/proc/{pid}").exists()]
    assert not any("spawn_main" in line for line in states)


def test_nothing_to_do_is_done_at_once() -> None:
    assert list(hear_all([], job(), workers=4)) == []
