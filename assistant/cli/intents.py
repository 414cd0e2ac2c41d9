"""`pennyworth intents`: what is understood, how well, and why."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click
import platformdirs
from rich.table import Table

from assistant.cli.definitions import COMMANDS
from assistant.cli.options import Settings, cache_dir, console, global_options, json_option
from assistant.cli.session import own_definitions, read_catalogue
from assistant.ledger.plan_file import load_plan
from assistant.reports.phrases import add_phrases, add_templates, labelled_from_log, phrases_from_log
from assistant.store.store import Store
from assistant.store.verdicts import reviewed_turns
from assistant.zone import time_zone
from intents.account import decisions, repairs
from intents.cases import read_cases, require_labels
from intents.errors import CorpusError
from intents.evaluation import NONE, evaluate
from intents.induction import induce
from intents.match import Matcher, MatchSettings
from intents.results import IntentMatch

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from assistant.config import Config
    from assistant.records import Interaction, Verdict
    from intents.catalogue import Catalogue
    from intents.evaluation import Evaluation
    from intents.explanation import Decision, Explanation, Origin
    from intents.model import Weight

_HOW: Final = {
    "template": "by template",
    "intent": "by the intent itself",
    "as said": "as said",
    "spelling": "by the spelling",
    "sound": "by the sound",
    "open": "by where the words stand",
}
_PATH = click.Path(path_type=Path)


@click.group(name="intents")
@global_options
def command() -> None:
    """Understanding: what sentences are taken for, how well that goes, and how it is trained."""


for each in COMMANDS:
    command.add_command(each)


@command.command(name="eval")
@click.argument("file", type=_PATH)
@click.option(
    "--asr-noise", type=click.FloatRange(0, 1), default=0.0, help="Mishear this share of the words first."
)
@click.option("--seed", type=int, default=0, show_default=True, help="Of the simulated errors.")
@json_option
@global_options
@click.pass_obj
def eval_(settings: Settings, /, file: Path, asr_noise: float, seed: int, as_json: bool) -> None:
    """Measure understanding on FILE, labelled sentences as JSON lines: text, label, and if known slots and hard.

    Labels are music (to play it), weather, pizza, ride, none, or other intents. Example line:
    {"text": "order me a large pizza", "label": "pizza", "slots": {"size": "large"}}
    """
    cases = read_cases(file)
    catalogue, matcher = _understanding(settings)
    require_labels(cases, [*catalogue.intents, NONE], file)
    orders = frozenset(name for name, intent in catalogue.intents.items() if intent.kind == "commerce")
    evaluation = evaluate(matcher, cases, orders=orders, asr_noise=asr_noise, seed=seed)
    if as_json:
        click.echo(json.dumps(evaluation.to_json(), ensure_ascii=False, indent=2))
    else:
        _print_evaluation(evaluation)


@command.command(name="from-log")
@click.argument("file", type=_PATH)
@click.option("--yaml", "as_yaml", is_flag=True, help="As definitions; so is a FILE named *.yaml.")
@global_options
@click.pass_obj
def from_log(settings: Settings, /, file: Path, as_yaml: bool) -> None:
    """Add what was reviewed to FILE as labelled sentences (made if it is not there), for `eval` and `train`.

    Each is what was really said, with the intent and slots of its newest verdict; answers to a question are left out,
    since they mean nothing by themselves. What is in the file already is left as it is. Forgetting an interaction
    later leaves its line.

    As definitions (a FILE named *.yaml, or --yaml), sentences become templates that say them word for word, with {slot}
    where a list has the value. What would be a sentence of anything else as well, what decides over orders and
    orders without an ordering verb are left out and named. In ~/.config/pennyworth/intents/ it is understood at once.

    \b
    Examples:
      pennyworth intents from-log my-words.jsonl && pennyworth intents eval my-words.jsonl
      pennyworth intents from-log ~/.config/pennyworth/intents/reviewed.yaml && pennyworth intents check
    """
    with Store.open(settings.db_path, mode="read") as store, store.snapshot():
        verdicts, turns = reviewed_turns(store)
    if as_yaml or file.suffix == ".yaml":
        _add_templates(settings, file, turns, verdicts)
        return
    found = list(phrases_from_log(turns, verdicts))
    added = add_phrases(file, found)
    by_themselves = f"{len(verdicts)} reviewed, {len(found)} of them no answers to a question"
    console().print(f"{file}: {added} sentences added; {by_themselves}", markup=False, soft_wrap=True)


def _add_templates(
    settings: Settings, file: Path, turns: Sequence[Interaction], verdicts: Mapping[str, Verdict]
) -> None:
    config = settings.load()
    # What the file has already is understood, whether or not it stands where definitions are read.
    catalogue = read_catalogue(config, more=[file] if file.exists() else [])
    sentences = list(labelled_from_log(turns, verdicts, time_zone(config.zone)))
    found = induce(catalogue, _matcher(config, catalogue), sentences)
    added = add_templates(file, catalogue.language, found.templates)
    out = console()
    out.print(
        f"{file}: {added} templates added; of {len(sentences)} reviewed sentences of ours {len(found.known)} were "
        f"understood word for word already, and {len(found.left_out)} are left out",
        markup=False,
        soft_wrap=True,
    )
    for each in found.left_out:
        out.print(f"  #{each.sentence.id} “{each.sentence.text}”: {each.why}", markup=False, soft_wrap=True)
    if added and file.resolve() not in {path.resolve() for path in own_definitions(config)}:
        folder = platformdirs.user_config_path("pennyworth") / "intents"
        out.print(f"Move it to {folder}{os.sep} to have them understood.", markup=False, soft_wrap=True)


@command.command()
@click.argument("text")
@json_option
@global_options
@click.pass_obj
def explain(settings: Settings, /, text: str, as_json: bool) -> None:
    """Show what each step decides about TEXT, in the order taken, with scores, thresholds and reasons.

    Then how each slot came by its value: by a template, as said, by its spelling or by its sound; and the result.

    Example: pennyworth intents explain "could you get me some chinese food"
    """
    _, matcher = _understanding(settings)
    explanation = matcher.explain(text)
    label = explanation.model.belief.best if explanation.model else ""
    weights = matcher.weights(text, label) if label else []
    if as_json:
        body = _explanation_json(explanation, weights, matcher.origins(explanation))
        click.echo(json.dumps(body, ensure_ascii=False, indent=2))
    else:
        _print_explanation(explanation, weights, matcher.origins(explanation))


@command.command()
@click.argument("folder", type=_PATH)
@click.option("--out", type=_PATH, help="Where to write the model (default: into the package).")
@click.option(
    "--leave-out", multiple=True, metavar="NAME", help="Do not train on NAME.jsonl; may be repeated."
)
@global_options
@click.pass_obj
def train(settings: Settings, /, folder: Path, out: Path | None, leave_out: tuple[str, ...]) -> None:
    """Train the model on every JSON lines file in FOLDER and on sentences of Pennyworth's own.

    Takes minutes on one core. The same files give the same model, byte for byte on the same kind of processor with the
    same libraries. Needs the extra: pip install 'pennyworth[train]'
    """
    from threadpoolctl import threadpool_limits

    from intents.training.train import train_model

    paths = [path for path in sorted(folder.glob("*.jsonl")) if path.stem not in leave_out]
    if not paths:
        raise CorpusError(
            f"{folder}: holds no file named *.jsonl to train on; name the folder of the corpora"
        )
    language = settings.load().language
    path = out or Path(__file__).parents[2] / "intents" / "models" / f"{language}.npz"
    with threadpool_limits(1):
        train_model(
            language,
            {path.stem: read_cases(path) for path in paths},
            path,
            progress=lambda step: click.echo(step, err=True),
        )
    click.echo(f"{path}: {path.stat().st_size:,} bytes", err=True)


def _understanding(settings: Settings) -> tuple[Catalogue, Matcher]:
    config = settings.load()
    catalogue = read_catalogue(config)
    return catalogue, _matcher(config, catalogue)


def _matcher(config: Config, catalogue: Catalogue) -> Matcher:
    return Matcher(
        catalogue,
        MatchSettings(accept=config.understanding.accept, ask=config.understanding.ask),
        currency=load_plan(config.books.plan).currency,
        cache_dir=cache_dir(),
    )


def _print_evaluation(evaluation: Evaluation) -> None:
    out = console()
    labels = list(
        dict.fromkeys([*evaluation.confusion, *(x for row in evaluation.confusion.values() for x in row)])
    )
    table = Table(title="Label (down) and what it was taken for (across)", title_justify="left")
    table.add_column("label")
    for label in labels:
        table.add_column(label, justify="right")
    table.add_column("recall", justify="right")
    table.add_column("F1", justify="right")
    for label, row in evaluation.confusion.items():
        counts = [str(row.get(other, 0)) for other in labels]
        table.add_row(label, *counts, f"{evaluation.recall[label]:.3f}", f"{evaluation.f1[label]:.3f}")
    for mistake in evaluation.mistakes:
        asked = "" if mistake.certain else ", asked"
        hard = " (hard)" if mistake.case.hard else ""
        out.print(
            f"line {mistake.case.line}: {mistake.case.label}{hard} taken for {mistake.decided} "
            f"({mistake.step} {mistake.score:.2f}{asked}): {mistake.said}",
            markup=False,
            soft_wrap=True,
        )
    out.print(table)
    slots = evaluation.slots
    # Without a case that is none of ours nothing is known of false orders.
    confidence = (
        f"; with 95 % confidence fewer than 1 in {1 / evaluation.false_orders_bound:,.0f}"
        if evaluation.none_cases
        else ""
    )
    out.print(
        f"macro-F1 {evaluation.macro_f1:.3f}, with the hard cases {evaluation.macro_f1_hard:.3f}\n"
        f"false orders {evaluation.false_orders} of {evaluation.none_cases} none cases, "
        f"{evaluation.false_orders_asked} more asked about{confidence}\n"
        f"slots: precision {slots['precision']:.3f}, recall {slots['recall']:.3f}, F1 {slots['f1']:.3f}\n"
        f"{evaluation.cases} cases, {evaluation.asked} asked about, {evaluation.us_per_utterance:.0f} us each",
        markup=False,
    )


def _result_json(result: object) -> dict[str, Any]:
    body = asdict(result)  # type: ignore[call-overload]
    return {"match": isinstance(result, IntentMatch), **body}


def _explanation_json(
    explanation: Explanation, weights: list[Weight], origins: list[Origin]
) -> dict[str, Any]:
    model = explanation.model
    return {
        "text": explanation.text,
        "note": explanation.note,
        "decisions": [asdict(decision) for decision in decisions(explanation)],
        "exact": [asdict(reading) for reading in explanation.exact],
        "fuzzy": _result_json(explanation.fuzzy) if explanation.fuzzy else None,
        "model": None
        if model is None
        else {
            "probabilities": dict(model.belief.probabilities),
            "best": model.belief.best,
            "ask": model.belief.ask,
            "accept": model.belief.accept,
            "evidence": asdict(model.evidence) if model.evidence else None,
            "features": {weight.feature: round(weight.weight, 3) for weight in weights},
        },
        "slots": [asdict(origin) for origin in origins],
        "result": _result_json(explanation.result),
    }


def _print_explanation(explanation: Explanation, weights: list[Weight], origins: list[Origin]) -> None:
    lines = [f"text      {explanation.text or f'({explanation.note})'}"]
    for decision in decisions(explanation):
        lines.append(f"{decision.step:<9} {_decision(decision)}")
        if decision.step in ("exact", "answer"):
            lines += [f"          {reading.intent} {_slots(reading.slots)}" for reading in explanation.exact]
        if decision.step == "likeness" and isinstance(explanation.fuzzy, IntentMatch):
            changed = repairs(explanation.text, explanation.fuzzy.sentence)
            lines += [f"          “{heard}” taken for “{ours}”" for heard, ours in changed]
        if decision.step == "model" and explanation.model:
            shares = sorted(explanation.model.belief.probabilities.items(), key=lambda item: -item[1])
            lines.append("          " + ", ".join(f"{label} {share:.3f}" for label, share in shares))
            lines += [f"          {weight.weight:+.2f}  {weight.feature}" for weight in weights]
    lines += [
        f"slot      {origin.slot}: {origin.value}, {_HOW[origin.how]}"
        + (f" of “{origin.heard}”" if origin.heard else "")
        for origin in origins
    ]
    lines.append(f"result    {_outcome(explanation.result)}")
    console().print("\n".join(lines), markup=False, soft_wrap=True)


def _decision(decision: Decision) -> str:
    about = decision.intent or ""
    score = "" if decision.score is None else f"{decision.score:.3f}"
    return " ".join(filter(None, [decision.outcome, about, score])) + f": {decision.why}"


def _outcome(result: object) -> str:
    if isinstance(result, IntentMatch):
        how = "accepted" if result.certain else "to be asked about"
        return f"{result.intent} {_slots(result.slots)} {how} by {result.step}, {result.score:.3f}"
    reason, score, nearest = result.reason, result.score, result.runner_up  # type: ignore[attr-defined]
    return f"no match: {reason}" + (f"; nearest {nearest}, {score:.3f}" if nearest else "")


def _slots(slots: Any) -> str:
    return "{" + ", ".join(f"{name}: {value}" for name, value in slots.items()) + "}"
