"""`pennyworth intents check`, `sample` and `list`: the definitions of what is understood."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING, Final

import click
from rich.markup import escape

from assistant.cli.exits import NOT_SO
from assistant.cli.options import Settings, console, global_options, json_option
from assistant.cli.session import read_catalogue
from assistant.recognition.grammar.acoustic_model import bundled_model
from assistant.recognition.grammar.lexicon import read_dictionary
from intents.lint import lint
from intents.listing import markdown_table
from intents.sample import sample_sentences
from intents.template_graph import TemplateGraph

if TYPE_CHECKING:
    from collections.abc import Sequence


@click.command(name="check")
@json_option
@global_options
@click.pass_obj
def check(settings: Settings, /, as_json: bool) -> int:
    """Look for what is wrong with the definitions; exits with 1 when something is.

    Finds sentences that belong to two intents, templates that another one makes needless, list values that sound
    alike or that the bundled recogniser cannot hear, required slots that no answer fills, lists and rules that
    nothing refers to. Files that do not hold together at all are refused with 2.
    """
    catalogue = read_catalogue(settings.load())
    words = TemplateGraph(catalogue.commands, catalogue.intents, spoken=True).words()
    known = read_dictionary(bundled_model().dictionary, words) if catalogue.language == "en" else None
    found = lint(catalogue, None if known is None else _Dictionary(known))
    if as_json:
        findings = [dataclasses.asdict(finding) for finding in found]
        click.echo(
            json.dumps({"ok": not found, "intents": list(catalogue.intents), "findings": findings}, indent=2)
        )
    else:
        out = console()
        for finding in found:
            out.print(
                f"[red]✗[/red] {escape(f'{finding.kind}, {finding.where}: {finding.what}')}", soft_wrap=True
            )
        lists = len(catalogue.commands.slot_lists)
        verdict = f"{len(found)} finding(s)" if found else "nothing to mend"
        out.print(f"{len(catalogue.intents)} intents, {lists} lists: {verdict}.")
    return NOT_SO if found else 0


@click.command(name="sample")
@click.option("--intent", help="Only of this intent.")
@click.option(
    "--limit", type=click.IntRange(min=1), default=10, show_default=True, help="So many of each intent."
)
@click.option("--seed", type=int, default=0, show_default=True, help="Another seed, other sentences.")
@json_option
@global_options
@click.pass_obj
def sample(settings: Settings, /, intent: str | None, limit: int, seed: int, as_json: bool) -> None:
    """Print sentences that are understood, each with its intent and slots."""
    catalogue = read_catalogue(settings.load())
    if intent is not None and intent not in catalogue.intents:
        raise click.BadParameter(f"expected one of {', '.join(catalogue.intents)}", param_hint="--intent")
    sentences = [
        sentence
        for name in ([intent] if intent else catalogue.intents)
        for sentence in sample_sentences(catalogue, name, limit=limit, seed=seed)
    ]
    if as_json:
        click.echo(
            json.dumps({"sentences": [dataclasses.asdict(sentence) for sentence in sentences]}, indent=2)
        )
        return
    for sentence in sentences:
        slots = ", ".join(f"{slot} {value}" for slot, value in sentence.slots.items())
        click.echo(f"{sentence.intent:<12} {sentence.text}{f'   ({slots})' if slots else ''}")


@click.command(name="list")
@global_options
@click.pass_obj
def list_(settings: Settings, /) -> None:
    """Print the table of intents and their slots, in Markdown; required slots are in bold."""
    click.echo(markdown_table(read_catalogue(settings.load())))


COMMANDS: Final = (check, sample, list_)


class _Dictionary:
    """Word to its pronunciations, none for an unknown one."""

    def __init__(self, known: dict[str, list[tuple[str, ...]]]) -> None:
        self._known = known

    def __call__(self, word: str) -> Sequence[Sequence[str]]:
        return self._known.get(word, ())
