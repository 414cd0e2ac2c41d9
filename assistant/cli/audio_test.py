"""`pennyworth audio-test`: recordings through the real assistant, counted against their labels."""

from __future__ import annotations

import dataclasses
import json
import os
import tempfile
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, get_args

import click
import numpy as np
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

import assistant
from assistant.audiotest.cases import Case
from assistant.audiotest.compare import check_comparable, compare, differences
from assistant.audiotest.conditions import check_files, conditions
from assistant.audiotest.corpora import add_case, free_name, load_corpus, load_label_map
from assistant.audiotest.document import Journal, read_run, to_document, write_report
from assistant.audiotest.from_log import reviewed_cases
from assistant.audiotest.hearing import Ears
from assistant.audiotest.junit import to_junit
from assistant.audiotest.labels import said_at
from assistant.audiotest.results import Run
from assistant.audiotest.score import score
from assistant.audiotest.table import comparison_lines, score_table
from assistant.audiotest.workers import Job, Task, hear_all
from assistant.cli.exits import DEVICE_FAILED, INTERRUPTED, NOT_SO
from assistant.cli.hear import with_engine
from assistant.cli.models import used_model
from assistant.cli.options import Settings, console, global_options, no_adapt_option
from assistant.cli.session import activity, endpointing, open_session
from assistant.clock import SimulatedClock
from assistant.errors import ConfigError
from assistant.ledger.plan_file import load_plan
from assistant.records import Outcome
from assistant.store.audio import AudioShelf
from assistant.store.store import Store
from hardware.audio import Utterance
from hardware.audiofile import read_chunks
from hardware.microphone import MicrophoneSettings, microphone_chunks
from hardware.segmenter import segment
from intents.catalogue import load_catalogue

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from assistant.audiotest.corpora import Corpus
    from assistant.audiotest.results import CaseResult
    from assistant.config import Config
    from intents.catalogue import IntentDefinition

ENGINES: Final = ("auto", "vosk", "pocketsphinx")

BEGIN: Final = datetime(2026, 1, 1, tzinfo=UTC)
"""When a run takes place, whenever it is made."""

PATH: Final = click.Path(path_type=Path)


class _RunByDefault(click.Group):
    """`audio-test CORPUS` is `audio-test run CORPUS`: what is no command of its own is a corpus."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if not args or args[0] not in self.commands:
            args = ["run", *args]
        return super().parse_args(ctx, args)

    def format_usage(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        formatter.write_usage(ctx.command_path, "CORPUS [OPTIONS]")


@click.group(name="audio-test", cls=_RunByDefault)
def command() -> None:
    """Offline audio tests: how well recordings are understood, under noise and against a baseline."""


def numbers(what: str) -> Callable[[click.Context, click.Parameter, str | None], list[float]]:
    """A callback for an option that takes numbers with commas in between."""

    def parse(_ctx: click.Context, _parameter: click.Parameter, value: str | None) -> list[float]:
        try:
            return [float(part) for part in value.split(",")] if value else []
        except ValueError:
            raise click.BadParameter(f"{value!r} is not {what}, such as 24,15,6") from None

    return parse


def engines(_ctx: click.Context, _parameter: click.Parameter, value: str | None) -> list[str]:
    """A callback for engines with commas in between."""
    names = list(dict.fromkeys(part.strip() for part in value.split(","))) if value else []
    for name in names:
        if name not in ENGINES:
            raise click.BadParameter(f"{name!r} is none of {', '.join(ENGINES)}")
    return names


@command.command(
    name="run",
    epilog="`pennyworth audio-test record CORPUS` makes a case from the microphone; see its --help.",
)
@click.argument("corpus", type=PATH)
@click.option("--intents", multiple=True, type=PATH, help="Definitions of another command language.")
@click.option("--map", "label_map", type=PATH, help="TOML file: their intents and slots to ours.")
@click.option("--engine", callback=engines, help="Recognisers, with commas in between.")
@click.option("--noise", multiple=True, help="white, pink, babble, or a sound file; may be repeated.")
@click.option("--snr", callback=numbers("dB"), help="Speech over noise in dB, such as 24,15,6.")
@click.option("--reverb", multiple=True, help="Reverberation time in seconds, or an impulse response.")
@click.option("--rate", callback=numbers("speaking rates"), help="Speaking rates, such as 0.8,1.25.")
@click.option("--level", callback=numbers("dB"), help="Gains in dB, such as -30,20.")
@click.option("--telephone", is_flag=True, help="Through the telephone network.")
@click.option("--condition", "mixed", multiple=True, help="Several at once: noise=babble,snr=12,reverb=0.5")
@click.option("--bare", is_flag=True, help="Give the recogniser each recording whole: no endpointing.")
@no_adapt_option
@click.option("--limit", type=click.IntRange(min=1), help="Only so many conversations, evenly spread.")
@click.option("--seed", type=int, default=0, show_default=True, help="Of everything random.")
@click.option("--workers", type=click.IntRange(1, 256), help="Processes (default: one a core).")
@click.option("--json", "json_file", type=PATH, help="Write the results as JSON.")
@click.option("--resume", is_flag=True, help="Go on with the run that the --json file was begun for.")
@click.option("--junit", "junit_file", type=PATH, help="Write a JUnit report.")
@click.option("--html", "html_file", type=PATH, help="Write a report to read, with the failures to hear.")
@click.option("--baseline", type=PATH, help="An earlier --json; exit 1 when this run is worse.")
@global_options
@click.pass_obj
def run(
    settings: Settings,
    /,
    corpus: Path,
    intents: tuple[Path, ...],
    label_map: Path | None,
    engine: list[str],
    noise: tuple[str, ...],
    snr: list[float],
    reverb: tuple[str, ...],
    rate: list[float],
    level: list[float],
    telephone: bool,
    mixed: tuple[str, ...],
    bare: bool,
    no_adapt: bool,
    limit: int | None,
    seed: int,
    workers: int | None,
    json_file: Path | None,
    resume: bool,
    junit_file: Path | None,
    html_file: Path | None,
    baseline: Path | None,
) -> int:
    """Hear every recording of CORPUS under each condition, and say how much of it was understood.

    CORPUS is a folder with cases.jsonl or labels.jsonl, or a public corpus as it is published. The same seed gives
    the same sound, whatever the number of workers. Exits 1 when the run is worse than its --baseline, and else
    3 when a recording could not be heard.
    """
    if resume and json_file is None:
        raise click.UsageError("--resume goes on with what --json FILE has kept; give both")
    config = with_engine(settings.load(), None, adapted=not no_adapt)
    names = list(dict.fromkeys(which(name, config) for name in engine or [config.recognition.engine]))
    chosen = conditions(
        noises=noise, snrs_db=snr, reverbs=reverb, rates=rate, levels_db=level, phone=telephone, mixed=mixed
    )
    found = load_corpus(corpus, label_map=load_label_map(label_map) if label_map else None)
    catalogue = load_catalogue(config.language, files=intents or None)
    check_labels(found, catalogue.intents)
    before = read_run(baseline) if baseline else None
    # Before anything is heard: an hour later it would be too late to say so.
    check_files(chosen)
    for file in filter(None, (json_file, junit_file, html_file)):
        check_writable(file)
    conversations = spread(found, limit)
    plan = load_plan(config.books.plan)
    nothing = Run(
        corpus=found.name,
        cases=sum(len(cases) for _, cases in conversations),
        seed=seed,
        endpointing=not bare,
        currency=plan.currency,
        plan=plan.name,
        versions={"pennyworth": assistant.__version__, "intents": catalogue.version},
        conditions=tuple(condition.label for condition in chosen),
        engines=tuple(names),
        results=(),
    )
    tasks = [
        Task(engine=name, condition=condition, number=number, cases=cases)
        for condition in chosen
        for name in names
        for number, cases in conversations
    ]
    if before:
        check_comparable(
            (
                (task.engine, task.condition.label, case.audio, task.number)
                for task in tasks
                for case in task.cases
            ),
            names,
            before,
        )
    job = Job(
        open_ears=partial(open_ears, config, tuple(path.absolute() for path in intents)),
        folder=found.folder.absolute(),
        seed=seed,
        endpointing=not bare,
    )
    finished, done = _hear(nothing, tasks, job, workers or os.cpu_count() or 1, json_file, resume=resume)
    if not done.results:
        click.echo("pennyworth: interrupted before anything was heard", err=True)
        return INTERRUPTED
    by_label = {condition.label: condition for condition in chosen}
    scores = [
        score(results, seed=seed)
        for name in names
        for condition in chosen
        if (results := done.of(name, condition.label))
    ]
    comparisons = compare(done, before) if before else []
    differs = differences(done, before) if before else []
    if json_file:
        document = to_document(done, scores, by_label, comparisons)
        write_report(json_file, json.dumps(document, indent=1, ensure_ascii=False).encode())
    if junit_file:
        write_report(junit_file, to_junit(done, scores))
    if html_file:
        from assistant.audiotest.page import to_page

        page = to_page(done, scores, by_label, comparisons, folder=found.folder, differences=differs)
        write_report(html_file, page.encode())
    out = console()
    way = "the whole way from sound to books" if done.endpointing else "recogniser on bare recordings"
    out.print(f"{done.corpus}: {done.cases} cases, {way}, seed {seed}; revenue simulated, plan {done.plan}\n")
    out.print(score_table(scores, done.currency))
    for line in comparison_lines(comparisons, differs):
        out.print(line, soft_wrap=True)
    failures = [result for result in done.results if result.error]
    if failures:
        first = failures[0]
        click.echo(
            f"pennyworth: {len(failures)} of {len(done.results)} cases failed; the first, {first.audio}: {first.error}",
            err=True,
        )
    if not finished:
        heard = len(done.results)
        click.echo(
            f"pennyworth: interrupted after {heard} of {len(names) * len(chosen) * done.cases} cases",
            err=True,
        )
        return INTERRUPTED
    if any(each.worse for each in comparisons):
        return NOT_SO
    return DEVICE_FAILED if failures else 0


@command.command(name="record")
@click.argument("corpus", type=PATH)
@click.option("--intent", help="What the command is; leave it out for speech that is none.")
@click.option(
    "--slot", "slots", multiple=True, metavar="NAME=VALUE", help="A slot that it fills; may be repeated."
)
@click.option("--text", default="", help="What is said, word for word.")
@click.option("--conversation", default="", help="Its conversation; its lines are recorded in order.")
@click.option("--outcome", type=click.Choice(get_args(Outcome)), help="What becomes of it; a yes is ordered.")
@click.option("--intents", multiple=True, type=PATH, help="Definitions of another command language.")
@global_options
@click.pass_obj
def record(
    settings: Settings,
    /,
    corpus: Path,
    intent: str | None,
    slots: tuple[str, ...],
    text: str,
    conversation: str,
    outcome: Outcome | None,
    intents: tuple[Path, ...],
) -> None:
    """Record what is said next, and add it to the folder CORPUS as a case (made if it is not there).

    The sound stays on this machine: in that folder, where you asked for it.
    """
    config = settings.load()
    known = load_catalogue(config.language, files=intents or None).intents
    if intent is not None and intent not in known:
        raise ConfigError(f"there is no intent {intent!r}; there are: {', '.join(known)}")
    filled = dict(map(slot, slots))
    check_slots(intent, filled, known, what="the case")
    case = Case(
        audio=free_name(corpus, text or intent or "foreign speech"),
        intent=intent,
        slots=filled,
        text=text,
        conversation=conversation,
        outcome=outcome,
    )
    device = config.microphone.device
    with microphone_chunks(MicrophoneSettings(device=None if device == "" else device)) as microphone:
        console(stderr=True).print(f"Say it now{f': “{text}”' if text else ''}. Ctrl-C ends.", markup=False)
        utterance = next(
            piece
            for piece in segment(microphone, activity(config), endpointing(config))
            if isinstance(piece, Utterance)
        )
    add_case(corpus, case, utterance.samples)
    console().print(f"{corpus / case.audio}: {utterance.duration_s:.1f} s", markup=False, soft_wrap=True)


@command.command(name="from-log")
@click.argument("corpus", type=PATH)
@global_options
@click.pass_obj
def from_log(settings: Settings, /, corpus: Path) -> int:
    """Add what was reviewed and has kept sound to the folder CORPUS as cases (made if it is not there).

    Each gets the label of its newest verdict: what was really said, and what it should have been taken for. What is
    in the folder already is left as it is. The recordings are copied, and forgetting them later leaves the copies.
    """
    with Store.open(settings.db_path, mode="read") as store:
        shelf = AudioShelf(settings.db_path)
        found, verdicts = reviewed_cases(store, shelf)
        added = 0
        for id_, case in found:
            recording = shelf.find(id_)
            if recording and not (corpus / case.audio).exists():
                samples = np.concatenate([chunk.samples for chunk in read_chunks(recording)])
                add_case(corpus, case, samples)
                added += 1
    with_sound = f"{verdicts} reviewed, {len(found)} of them with sound and with all turns before them"
    console().print(f"{corpus}: {added} cases added; {with_sound}", markup=False, soft_wrap=True)
    return 0


def slot(text: str) -> tuple[str, str | int]:
    """A slot as it is spelt in --slot; whole numbers are numbers."""
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise click.BadParameter(f"{text!r} is no NAME=VALUE, such as size=large")
    return name, int(value) if value.isdecimal() else value


def which(engine: str, config: Config) -> str:
    """The engine that "auto" comes to on this machine: results go under the name of what was really heard with."""
    if engine != "auto":
        return engine
    return "pocketsphinx" if used_model(config) is None else "vosk"


def check_writable(file: Path) -> None:
    """Raise `ConfigError` where no file can be written."""
    folder = file.absolute().parent
    if not folder.is_dir():
        raise ConfigError(f"cannot write {file}: there is no folder {folder}; make it first")
    if file.is_dir():
        raise ConfigError(f"cannot write {file}: it is a folder; name a file in it")
    try:
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise ConfigError(f"cannot write {file}: {error.strerror}; choose another place") from None


def check_slots(
    intent: str | None, slots: Mapping[str, object], known: Mapping[str, IntentDefinition], *, what: str
) -> None:
    """Raise `ConfigError` for a slot that the `intent` never fills, nor a correction of it."""
    if intent is None:
        return
    corrections = (each.slots for each in known.values() if each.kind == "dialogue")
    fillable = known[intent].slots.union(*corrections)
    for name in sorted(slots.keys() - fillable):
        raise ConfigError(
            f"{what} is labelled {intent!r} with a slot {name!r}, and it has only "
            f"{', '.join(sorted(known[intent].slots)) or 'none'}; correct the label, or leave the slot out"
        )


def check_labels(corpus: Corpus, known: Mapping[str, IntentDefinition]) -> None:
    """Raise `ConfigError` for a label that could never be right.

    That is an intent or a slot that the command language does not have, or a time that is none.
    """
    for case in corpus.cases:
        if case.intent is not None and case.intent not in known:
            raise ConfigError(
                f"{corpus.name}: {case.audio} is labelled {case.intent!r}, and the command language has only "
                f"{', '.join(known)}; bring its definitions with --intents, or a --map of its labels"
            )
        check_slots(case.intent, case.slots, known, what=f"{corpus.name}: {case.audio}")
        try:
            said_at(case, BEGIN, known)
        except ConfigError as error:
            raise ConfigError(f"{corpus.name}: {error}") from None


def spread(corpus: Corpus, limit: int | None) -> list[tuple[int, tuple[Any, ...]]]:
    """The conversations with their numbers; with `limit`, so many of them, evenly spread."""
    numbered = list(enumerate(corpus.conversations()))
    if limit is None or limit >= len(numbered):
        return numbered
    return [numbered[index * len(numbered) // limit] for index in range(limit)]


@contextmanager
def open_ears(config: Config, intents: tuple[Path, ...], engine: str) -> Iterator[Ears]:
    """An assistant with `engine` over a log that is thrown away; what every worker opens."""
    config = dataclasses.replace(
        config,
        recognition=dataclasses.replace(config.recognition, engine=engine),  # type: ignore[arg-type]
    )
    clock = SimulatedClock(BEGIN)
    with (
        tempfile.TemporaryDirectory(prefix="pennyworth-audio-test-") as folder,
        open_session(config, db=Path(folder) / "log.db", clock=clock, quiet=True, intents=intents) as session,
    ):
        recogniser = session.recogniser()
        yield Ears(
            engine=engine,
            listener=session.listener(recogniser),
            recogniser=recogniser,
            pipeline=session.pipeline,
            matcher=session.matcher,
            setting=session.setting,
            store=session.store,
            clock=clock,
        )


def _hear(
    nothing: Run, tasks: Sequence[Task], job: Job, workers: int, json_file: Path | None, *, resume: bool
) -> tuple[bool, Run]:
    """Hear the tasks with a progress bar; whether that was finished, and what was heard."""
    journal = None
    if json_file is not None:
        path = json_file.with_name(f"{json_file.name}.part")
        if not resume:
            path.unlink(missing_ok=True)
        journal = Journal(path, nothing)
    results: list[CaseResult] = list(journal.kept) if journal else []
    done = {(it.engine, it.condition, it.conversation) for it in results}
    left = [task for task in tasks if (task.engine, task.condition.label, task.number) not in done]
    models: dict[str, str] = {}
    finished = True
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=console(stderr=True),
    )
    try:
        with bar, closing(hear_all(left, job, workers=workers)) as stream:
            ticker = bar.add_task("loading", total=len(tasks), completed=len(tasks) - len(left))
            for heard in stream:
                results += heard.results
                models[heard.task.engine] = heard.model
                if journal:
                    journal.add(heard.results)
                bar.update(
                    ticker, advance=1, description=f"{heard.task.engine}, {heard.task.condition.label}"
                )
    except KeyboardInterrupt:
        finished = False
    if journal:
        journal.close(done=finished)
    order = {(task.engine, task.condition.label, task.number): index for index, task in enumerate(tasks)}
    # Stable: the lines of a conversation stay in their order.
    results.sort(key=lambda it: order[it.engine, it.condition, it.conversation])
    return finished, dataclasses.replace(
        nothing, results=tuple(results), versions={**nothing.versions, **models}
    )
