"""`pennyworth adapt`: PocketSphinx's model adapted to a speaker's own reviewed recordings, and what that brings."""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from assistant.audiotest.adapting import FOLDS, Language, adapt, to_document
from assistant.audiotest.conditions import check_files, conditions
from assistant.audiotest.corpora import Corpus, load_corpus
from assistant.audiotest.from_log import reviewed_cases
from assistant.cli.audio_test import check_labels, numbers, spread
from assistant.cli.exits import NOT_SO
from assistant.cli.options import Settings, cache_dir, console, data_dir, global_options, json_option
from assistant.cli.session import read_catalogue
from assistant.errors import ConfigError
from assistant.recognition.choose import FILE
from assistant.recognition.grammar.adaptation import read_adaptation, remove_adaptation, save_adaptation
from assistant.recognition.grammar.compiled import open_grammar
from assistant.store.audio import AudioShelf
from assistant.store.store import Store
from assistant.zone import time_zone
from intents.match import Matcher, MatchSettings
from intents.word_graph import word_graph

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from assistant.audiotest.adapting import Gain, Measure
    from assistant.config import Config

PATH: Final = click.Path(path_type=Path)


@click.command(name="adapt")
@click.argument("corpus", type=PATH, required=False)
@click.option("--intents", multiple=True, type=PATH, help="Definitions of another command language.")
@click.option("--noise", multiple=True, help="white, pink, babble, or a sound file; may be repeated.")
@click.option("--snr", callback=numbers("dB"), help="Speech over noise in dB, such as 24,15,6.")
@click.option("--folds", type=click.IntRange(2, 20), default=FOLDS, show_default=True, help="Of the measure.")
@click.option("--limit", type=click.IntRange(min=1), help="Only so many conversations, evenly spread.")
@click.option("--seed", type=int, default=0, show_default=True, help="Of everything random.")
@click.option("--dry-run", is_flag=True, help="Measure, and keep nothing.")
@click.option("--show", is_flag=True, help="Say what is kept, and do nothing else.")
@click.option("--remove", is_flag=True, help="Forget the adaptation.")
@json_option
@global_options
@click.pass_obj
def command(
    settings: Settings,
    /,
    corpus: Path | None,
    intents: tuple[Path, ...],
    noise: tuple[str, ...],
    snr: list[float],
    folds: int,
    limit: int | None,
    seed: int,
    dry_run: bool,
    show: bool,
    remove: bool,
    as_json: bool,
) -> int:
    """Adapt PocketSphinx's model to its user, and measure what that brings on recordings it was not adapted to.

    CORPUS is a corpus of audio tests; without it, what was reviewed in the log and has kept sound. It is kept if it
    loses nothing, and used from then on, until --remove. Exits 1 when it is not kept. Nothing leaves this machine.
    """
    if show + remove > 1 or ((show or remove) and (corpus or noise or dry_run)):
        raise click.UsageError("--show and --remove go alone")
    path = data_dir() / FILE
    if remove:
        said = "is removed" if remove_adaptation(path) else "is not there: nothing to remove"
        _say(as_json, {"removed": str(path)}, f"{path} {said}")
        return 0
    if show:
        return _show(path, as_json=as_json)
    config = settings.load()
    if config.language != "en":
        raise ConfigError(
            f"PocketSphinx's model is of English, and the language is {config.language!r}; there is nothing to adapt"
        )
    chosen = conditions(noises=noise, snrs_db=snr)
    catalogue = read_catalogue(config, files=intents)
    found = load_corpus(corpus) if corpus else _from_log(settings)
    check_labels(found, catalogue.intents)
    check_files(chosen)
    if limit is not None:
        found = replace(found, cases=tuple(case for _, cases in spread(found, limit) for case in cases))
    language = Language(
        grammar=open_grammar(
            lambda: word_graph(catalogue), key=f"{catalogue.version} ", cache_dir=cache_dir()
        ),
        matcher=Matcher(catalogue, _thresholds(config)),
        known=catalogue.intents,
        now=datetime.now(UTC).astimezone(time_zone(config.zone)),
    )
    with _progress() as progress:
        result = adapt(
            found,
            language,
            chosen,
            seed=seed,
            made=datetime.now(UTC),
            folds=folds,
            progress=progress,
        )
    keep = not dry_run and not result.measure.loses
    if keep:
        save_adaptation(result.adaptation, path)
    document = to_document(result.measure, corpus=found.name, seed=seed, kept=str(path) if keep else None)
    _say(as_json, document, None)
    if not as_json:
        _print(result.measure, found.name, path if keep else None)
    return NOT_SO if result.measure.loses else 0


def _from_log(settings: Settings) -> Corpus:
    """What was reviewed and has sound; each by itself, since nothing of a conversation is heard here."""
    shelf = AudioShelf(settings.db_path)
    with Store.open(settings.db_path, mode="read") as store:
        cases = tuple(case for _, case in reviewed_cases(store, shelf)[0])
    if not cases:
        raise ConfigError(
            f"nothing in {settings.db_path} is reviewed and has kept sound; set `privacy.keep_audio`, talk to it, and "
            "review what it heard (`pennyworth review`), or name a corpus"
        )
    return Corpus(name=settings.db_path.name, folder=shelf.folder, cases=cases)


def _thresholds(config: Config) -> MatchSettings:
    return MatchSettings(accept=config.understanding.accept, ask=config.understanding.ask)


def _show(path: Path, *, as_json: bool) -> int:
    if not path.exists():
        _say(as_json, {"file": None}, f"There is no adaptation. `pennyworth adapt` makes {path}.")
        return 0
    kept = read_adaptation(path)
    if kept is None:
        return NOT_SO
    _say(
        as_json,
        {"file": str(path), "name": kept.name, "recordings": kept.recordings, "made": kept.made},
        f"{path}: {kept.name}, of {kept.recordings} recordings, made {kept.made}",
    )
    return 0


@contextmanager
def _progress() -> Iterator[Callable[[int, int], None]]:
    bar = Progress(
        TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn(), console=console(stderr=True)
    )
    with bar:
        ticker = bar.add_task("adapting", total=None)
        yield lambda done, total: bar.update(ticker, completed=done, total=total)


def _say(as_json: bool, document: object, text: str | None) -> None:
    if as_json:
        click.echo(json.dumps(document, indent=2))
    elif text:
        console().print(text, markup=False, soft_wrap=True)


def _print(found: Measure, name: str, kept: Path | None) -> None:
    out = console()
    out.print(
        f"{name}: {found.used} of {found.recordings} recordings adapted to; each was heard by a model adapted to the "
        f"others ({found.folds} parts, none of them shares a {found.held_out})\n",
        markup=False,
        soft_wrap=True,
    )
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("condition")
    for head in (
        "commands",
        "before",
        "adapted",
        "gain, 95 %",
        "broke",
        "mended",
        "McNemar p",
        "false accepts",
    ):
        table.add_column(head, justify="right", no_wrap=True)
    for each in found.gains:
        table.add_row(escape(each.condition), *_cells(each))
    out.print(table)
    if kept:
        said = f"Kept in {kept}, and used from now on; `pennyworth adapt --remove` forgets it."
    elif found.loses:
        said = "Not kept: it loses more than it mends."
    else:
        said = "Not kept, as was asked."
    out.print(f"\n{said}", markup=False, soft_wrap=True)


def _cells(each: Gain) -> tuple[str, ...]:
    low, high = each.gain_ci95 or (0.0, 0.0)
    return (
        str(each.cases),
        "-" if each.before is None else f"{each.before:.3f}",
        "-" if each.after is None else f"{each.after:.3f}",
        "-" if each.gain_ci95 is None else f"{low:+.3f} to {high:+.3f}",
        str(each.broke),
        str(each.mended),
        f"{each.p_value:.3g}",
        f"{each.false_accepts[0]} → {each.false_accepts[1]}",
    )
