"""A run over worker processes: each holds its own engines, and one that dies costs one conversation, not the run."""

from __future__ import annotations

import logging
import multiprocessing
import signal
import time
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from multiprocessing.connection import wait
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from assistant.audiotest.results import CaseResult
from assistant.errors import PennyworthError, RecognitionError
from hardware.environment import defaults
from hardware.errors import HardwareError
from intents.errors import IntentsError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence
    from contextlib import AbstractContextManager
    from multiprocessing.connection import Connection
    from multiprocessing.process import BaseProcess
    from pathlib import Path

    from assistant.audiotest.cases import Case
    from assistant.audiotest.conditions import Condition
    from assistant.audiotest.hearing import Ears

logger = logging.getLogger(__name__)

OpenEars: TypeAlias = "Callable[[str], AbstractContextManager[Ears]]"
"""Opens an assistant with the named engine; it is pickled, so a function of a module or a partial of one."""

PATIENCE_S: Final = 600.0
"""A worker that is silent for so long hangs: no conversation takes a tenth of it, even on a busy machine."""

OPENING_S: Final = 3600.0
"""The same while it opens an engine: compiling a large language on a small, busy machine takes minutes."""

_ONE_THREAD: Final = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


@dataclass(frozen=True, kw_only=True)
class Task:
    """One conversation, to be heard by one engine under one condition."""

    engine: str
    """Short name of the engine."""
    condition: Condition
    """What is done to the sound."""
    number: int
    """Number of the conversation in the corpus."""
    cases: tuple[Case, ...]
    """Its lines."""


@dataclass(frozen=True, kw_only=True)
class Job:
    """What every worker needs to know."""

    open_ears: OpenEars
    """Opens an engine."""
    folder: Path
    """Of the corpus."""
    seed: int
    """Of everything random."""
    endpointing: bool
    """The whole way, or the recogniser on the recording as it is."""


@dataclass(frozen=True, kw_only=True)
class Heard:
    """What came of a task."""

    task: Task
    """The task."""
    model: str
    """Name and version of the engine and its model; empty when the worker died."""
    results: list[CaseResult]
    """One for each case."""


@dataclass(kw_only=True)
class _Worker:
    process: BaseProcess
    connection: Connection
    opened: dict[str, str] = field(default_factory=dict)
    task: Task | None = None
    since: float = 0.0


def hear_all(tasks: Sequence[Task], job: Job, *, workers: int) -> Generator[Heard]:
    """Hear the tasks on `workers` processes (at least 1), and give what came of each as soon as it is there.

    The order is that of their ends. A worker that dies or hangs makes its task's cases failures that say so.
    Closing the iterator, or an exception in it, ends the workers at once.

    Raises:
        RecognitionError: an engine cannot be opened.
    """
    context = multiprocessing.get_context("spawn")
    waiting = list(reversed(tasks))
    staff: list[_Worker] = []
    try:
        while len(staff) < workers and waiting:
            staff.append(_engage(context, job, waiting.pop()))
        while staff:
            ready = wait([worker.connection for worker in staff], timeout=1.0)
            for worker in list(staff):
                if worker.connection in ready:
                    done = _receive(worker)
                elif (silent_s := time.monotonic() - worker.since) > _patience_s(worker):
                    worker.process.kill()
                    done = _lost(worker, f"it was silent for {silent_s:.0f} s")
                else:
                    continue
                if done is None:
                    continue
                alive = worker.process.is_alive() and not worker.connection.closed
                if not alive:
                    staff.remove(worker)
                if waiting:
                    if alive:
                        _assign(worker, waiting.pop())
                    else:
                        staff.append(_engage(context, job, waiting.pop()))
                elif alive:
                    staff.remove(worker)
                    _dismiss(worker)
                yield done
    finally:
        for worker in staff:
            worker.process.kill()
            worker.process.join()
            worker.connection.close()


def _patience_s(worker: _Worker) -> float:
    opened = worker.task is None or worker.task.engine in worker.opened
    return PATIENCE_S if opened else OPENING_S


def _engage(context: Any, job: Job, task: Task) -> _Worker:
    ours, theirs = context.Pipe()
    process = context.Process(target=_work, args=(theirs, job), daemon=True)
    # One worker a core: libraries that start a thread a core each would only get in each other's way.
    with defaults(**dict.fromkeys(_ONE_THREAD, "1")):
        process.start()
    # The worker's end must be closed here, or its death would not be seen.
    theirs.close()
    worker = _Worker(process=process, connection=ours)
    _assign(worker, task)
    return worker


def _assign(worker: _Worker, task: Task) -> None:
    worker.task, worker.since = task, time.monotonic()
    # A worker that has died since is noticed when it is listened to.
    with suppress(OSError):
        worker.connection.send(task)


def _dismiss(worker: _Worker) -> None:
    with suppress(OSError):
        worker.connection.send(None)
    worker.process.join(5)
    if worker.process.is_alive():
        worker.process.kill()
        worker.process.join()
    worker.connection.close()


def _receive(worker: _Worker) -> Heard | None:
    """What a worker has to say; None when it only says that it has opened an engine."""
    task = worker.task
    assert task is not None  # noqa: S101 - our own bookkeeping: only workers with a task are listened to
    try:
        message = worker.connection.recv()
    except (EOFError, OSError):
        worker.process.join()
        return _lost(worker, _ending(worker.process.exitcode))
    worker.since = time.monotonic()
    if isinstance(message, str):
        raise RecognitionError(message)
    if isinstance(message, dict):
        worker.opened |= message
        return None
    return Heard(task=task, model=worker.opened[task.engine], results=message)


def _lost(worker: _Worker, why: str) -> Heard:
    """The cases of a worker that is gone, each a failure."""
    worker.process.join()
    worker.connection.close()
    task = worker.task
    assert task is not None  # noqa: S101 - as above
    if task.engine not in worker.opened:
        raise RecognitionError(
            f"the engine {task.engine} cannot be opened: {why}; if it is Vosk, see `pennyworth models verify`"
        )
    logger.warning("%s under %s: the worker is gone: %s", task.cases[0].audio, task.condition.label, why)
    failed = [
        CaseResult(
            engine=task.engine,
            condition=task.condition.label,
            audio=case.audio,
            conversation=task.number,
            expected_intent=case.intent,
            expected_slots=case.slots,
            expected_text=case.text,
            error=f"the process that heard it is gone: {why}",
        )
        for case in task.cases
    ]
    return Heard(task=task, model=worker.opened[task.engine], results=failed)


def _ending(exitcode: int | None) -> str:
    if exitcode is not None and exitcode < 0:
        return f"it was ended by {signal.Signals(-exitcode).name}"
    return f"it ended with exit code {exitcode}"


def _work(connection: Connection, job: Job) -> None:
    """A worker's life: tasks in, results out, until there are no more, or nobody to tell."""
    # Ctrl-C reaches the whole group; the one who engaged us decides what it means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with ExitStack() as stack, suppress(EOFError, BrokenPipeError, ConnectionResetError):
        ears: dict[str, Ears] = {}
        while (task := connection.recv()) is not None:
            if task.engine not in ears:
                try:
                    ears[task.engine] = stack.enter_context(job.open_ears(task.engine))
                except (PennyworthError, HardwareError, IntentsError) as error:
                    connection.send(str(error))
                    return
                connection.send({task.engine: ears[task.engine].recogniser.model})
            connection.send(
                ears[task.engine].hear(
                    task.cases,
                    task.number,
                    task.condition,
                    folder=job.folder,
                    seed=job.seed,
                    endpointing=job.endpointing,
                )
            )
