"""`pennyworth scenario`: what a whole system earns and costs in a year, and what would have to be true."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from assistant.cli.options import Settings, console, global_options, json_option
from assistant.economics.scenario.files import load_scenario, load_strategy, scenario_names, strategy_names
from assistant.reports.exports.files import written_whole

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from rich.console import RenderableType

    from assistant.economics.scenario.files import Scenario
    from assistant.economics.scenario.statement import ScenarioStatement

F = TypeVar("F", bound="Callable[..., Any]")


@click.group(name="scenario")
def command() -> None:
    """What a whole system earns and costs in a year, and what would have to be true.

    A scenario is a bundled name, a TOML file of your own, or either with strategies after a plus:
    alexa-2022+subscription. Everything earned is simulated.
    """


def _strategies(function: F) -> F:
    """Add --with and --without."""
    for option in (
        click.option("--without", multiple=True, metavar="STRATEGY", help="Switch off one that is on."),
        click.option(
            "--with",
            "with_",
            multiple=True,
            metavar="STRATEGY",
            help="Switch on a strategy, by name or path.",
        ),
    ):
        function = option(function)
    return function


def _drawing(function: F) -> F:
    """Add --svg."""
    option = click.option(
        "--svg",
        type=click.Path(path_type=Path),
        callback=lambda ctx, parameter, path: _as_svg(path),  # noqa: ARG005
        metavar="FILE",
        help="Write it as a drawing, too.",
    )
    return option(function)


def _paged(function: F) -> F:
    """Add --html."""
    option = click.option(
        "--html", type=click.Path(path_type=Path), metavar="FILE", help="Write a page to read, too."
    )
    return option(function)


def _as_svg(path: Path | None) -> Path | None:
    """An SVG under the name of another format is opened by nothing."""
    if path and path.suffix.lower() not in ("", ".svg"):
        raise click.BadParameter(f"{path} is not the name of an SVG; write {path.with_suffix('.svg')}")
    return path


def _write(path: Path, text: str, option: str) -> None:
    with written_whole(path, option=option) as out:
        out.write(text.encode())
    click.echo(f"Written: {path}", err=True)


def _print(parts: Iterable[RenderableType]) -> None:
    out = console()
    for part in parts:
        out.print(part, markup=False)


@command.command(name="list")
@json_option
@global_options
@click.pass_obj
def list_(settings: Settings, /, as_json: bool) -> int:  # noqa: ARG001
    """The bundled scenarios, strategies and timelines."""
    from assistant.economics.scenario.timeline import load_timeline, timeline_names

    scenarios = [load_scenario(name) for name in scenario_names()]
    strategies = [load_strategy(name) for name in strategy_names()]
    timelines = [load_timeline(name) for name in timeline_names()]
    if as_json:
        document = {
            "scenarios": [
                {
                    "name": each.name,
                    "title": each.title,
                    "year": each.year,
                    "currency": each.currency,
                    "facts": sum(figure.is_fact for figure in each.figures.values()),
                    "assumptions": sum(not figure.is_fact for figure in each.figures.values()),
                    "strategies": list(each.usual),
                }
                for each in scenarios
            ],
            "strategies": [
                {"name": each.name, "title": each.title, "about": each.about} for each in strategies
            ],
            "timelines": [{"name": each.name, "title": each.title} for each in timelines],
        }
        click.echo(json.dumps(document, indent=2))
    else:
        from assistant.reports.scenario.tables import listing

        _print(listing(scenarios, strategies, timelines))
    return 0


@command.command(name="show")
@click.argument("name")
@_strategies
@json_option
@global_options
@click.pass_obj
def show(
    settings: Settings,  # noqa: ARG001
    /,
    name: str,
    with_: tuple[str, ...],
    without: tuple[str, ...],
    as_json: bool,
) -> int:
    """Every figure of a scenario: its kind, its range, its source; facts and assumptions apart."""
    scenario = load_scenario(name, with_=with_, without=without)
    if as_json:
        click.echo(json.dumps(_scenario_json(scenario), indent=2))
    else:
        from assistant.reports.scenario.tables import showing

        _print(showing(scenario))
    return 0


def _scenario_json(scenario: Scenario) -> dict[str, Any]:
    return {
        "scenario": scenario.name,
        "title": scenario.title,
        "about": scenario.about,
        "year": scenario.year,
        "currency": scenario.currency,
        "strategies": [each.name for each in scenario.strategies],
        "figures": [each.to_json() for each in scenario.figures.values()],
    }


@command.command(name="run")
@click.argument("name")
@_strategies
@click.option("--seed", type=click.IntRange(min=0), default=2022, show_default=True, help="Of what is drawn.")
@_drawing
@_paged
@json_option
@global_options
@click.pass_obj
def run(
    settings: Settings,  # noqa: ARG001
    /,
    name: str,
    with_: tuple[str, ...],
    without: tuple[str, ...],
    seed: int,
    svg: Path | None,
    html: Path | None,
    as_json: bool,
) -> int:
    """The income statement of the year and of one interaction, with bands over the ranges of the figures."""
    from assistant.economics.scenario.statement import make_statement, statement_json

    statement = make_statement(load_scenario(name, with_=with_, without=without), seed=seed)
    if svg:
        from assistant.reports.scenario.drawings import alone, statement_drawing

        _write(svg, alone(statement_drawing(statement)), "--svg")
    if html:
        _write(html, _scenario_page(statement, name, with_, without), "--html")
    if as_json:
        click.echo(json.dumps(statement_json(statement), indent=2))
    else:
        from assistant.reports.scenario.tables import statement_parts

        _print(statement_parts(statement))
    return 0


def _scenario_page(
    statement: ScenarioStatement, name: str, with_: tuple[str, ...], without: tuple[str, ...]
) -> str:
    from assistant.economics.scenario.calibrate import LOSS, calibrate
    from assistant.economics.scenario.remedies import remedies
    from assistant.economics.scenario.tornado import tornado
    from assistant.reports.scenario.page import scenario_page

    scenario = statement.scenario
    return scenario_page(
        statement,
        tornado(scenario),
        remedies(name, with_=with_, without=without),
        calibrate(scenario) if LOSS in scenario.figures else None,
    )


@command.command(name="from-log")
@click.option("--name", default="mine", show_default=True, help="The name of the scenario.")
@click.option(
    "--extends",
    default="pennyworth-home",
    show_default=True,
    help="The scenario, by name or path, that says what no log does.",
)
@click.option(
    "--out", type=click.Path(path_type=Path), metavar="FILE", help="Write it there (default: print it)."
)
@json_option
@global_options
@click.pass_obj
def from_log(settings: Settings, /, name: str, extends: str, out: Path | None, as_json: bool) -> int:
    """Your own log as a scenario: use, mix, orders and times as measured, to run and to change."""
    from assistant.economics.scenario.from_log import log_scenario, log_scenario_json, scenario_text
    from assistant.store.store import Store

    base = load_scenario(extends)
    with Store.open(settings.db_path, mode="read") as store, store.snapshot():
        found = log_scenario(store, base)
    # A path is seen from the file that is written, wherever that is.
    is_path = "/" in extends or extends.endswith(".toml")
    text = scenario_text(found, name=name, extends=str(Path(extends).resolve()) if is_path else extends)
    if out:
        _write(out, text, "--out")
    if as_json:
        click.echo(json.dumps(log_scenario_json(found, name=name), indent=2))
    elif not out:
        click.echo(text, nl=False)
    return 0


@command.command(name="solve")
@click.argument("name")
@click.option(
    "--for", "figure", required=True, metavar="FIGURE", help="What is looked for, like pizza_share."
)
@click.option(
    "--target",
    default="break-even",
    show_default=True,
    help="What the year is to come to: break-even, margin=1e9, loss=5e9, revenue=…, cost=…, each=… (an interaction).",
)
@_strategies
@json_option
@global_options
@click.pass_obj
def solve(
    settings: Settings,  # noqa: ARG001
    /,
    name: str,
    figure: str,
    target: str,
    with_: tuple[str, ...],
    without: tuple[str, ...],
    as_json: bool,
) -> int:
    """What would have to be true: the value of one figure at which the year comes to a target.

    Exits with 1 when no value that the figure can have will do.
    """
    from assistant.cli.exits import NOT_SO
    from assistant.economics.scenario import solve as solving
    from assistant.economics.scenario.targets import Target

    scenario = load_scenario(name, with_=with_, without=without)
    found = solving.solve(scenario, figure, Target.parse(target))
    if as_json:
        click.echo(json.dumps(solving.solution_json(scenario, found), indent=2))
    else:
        from assistant.reports.scenario.answers import solution_sentences

        _print(solution_sentences(scenario, found))
    return 0 if found.value is not None else NOT_SO


@command.command(name="calibrate")
@click.argument("name")
@_strategies
@json_option
@global_options
@click.pass_obj
def calibrate(
    settings: Settings,  # noqa: ARG001
    /,
    name: str,
    with_: tuple[str, ...],
    without: tuple[str, ...],
    as_json: bool,
) -> int:
    """What an interaction must have cost for the reported loss: compute, people, devices, and what is unexplained."""
    from assistant.economics.scenario import calibrate as calibrating

    found = calibrating.calibrate(load_scenario(name, with_=with_, without=without))
    if as_json:
        click.echo(json.dumps(calibrating.calibration_json(found), indent=2))
    else:
        from assistant.reports.scenario.answers import calibration_parts

        _print(calibration_parts(found))
    return 0


@command.command(name="tornado")
@click.argument("name")
@_strategies
@_drawing
@json_option
@global_options
@click.pass_obj
def tornado(
    settings: Settings,  # noqa: ARG001
    /,
    name: str,
    with_: tuple[str, ...],
    without: tuple[str, ...],
    svg: Path | None,
    as_json: bool,
) -> int:
    """Which ranges matter: the margin with one figure at either end of its range."""
    from assistant.economics.scenario import tornado as swinging

    found = swinging.tornado(load_scenario(name, with_=with_, without=without))
    if svg:
        from assistant.reports.scenario.drawings import alone, tornado_drawing

        _write(svg, alone(tornado_drawing(found)), "--svg")
    if as_json:
        click.echo(json.dumps(swinging.tornado_json(found), indent=2))
    else:
        from assistant.reports.scenario.answers import tornado_parts

        _print(tornado_parts(found))
    return 0


@command.command(name="compare")
@click.argument("names", nargs=-1, required=True)
@click.option("--strategies", is_flag=True, help="One scenario: every strategy by itself.")
@_drawing
@_paged
@json_option
@global_options
@click.pass_obj
def compare(
    settings: Settings,  # noqa: ARG001
    /,
    names: tuple[str, ...],
    strategies: bool,
    svg: Path | None,
    html: Path | None,
    as_json: bool,
) -> int:
    """Scenarios side by side, with strategies after a plus: alexa-2022 alexa-2022+subscription."""
    from assistant.economics.scenario.remedies import remedies, remedies_json
    from assistant.economics.scenario.statement import make_statement, statement_json
    from assistant.reports.scenario.answers import comparison_parts, remedies_parts

    if strategies:
        if len(names) != 1:
            raise click.UsageError("--strategies goes with one scenario")
        if html:
            raise click.UsageError("`scenario run NAME --html FILE` has every strategy on its page")
        scenario, found = load_scenario(names[0]), remedies(names[0])
        if svg:
            from assistant.reports.scenario.drawings import alone, remedies_drawing

            _write(svg, alone(remedies_drawing(scenario, found)), "--svg")
        if as_json:
            click.echo(json.dumps(remedies_json(scenario, found), indent=2))
        else:
            _print(remedies_parts(scenario, found))
        return 0
    statements = [make_statement(load_scenario(name)) for name in names]
    if svg:
        from assistant.reports.scenario.drawings import alone, comparison_drawing

        _write(svg, alone(comparison_drawing(statements)), "--svg")
    if html:
        from assistant.reports.scenario.page import comparison_page

        _write(html, comparison_page(statements), "--html")
    if as_json:
        click.echo(json.dumps({"scenarios": [statement_json(each) for each in statements]}, indent=2))
    else:
        _print(comparison_parts(statements))
    return 0


@command.command(name="timeline")
@click.argument("name", default="alexa")
@_drawing
@_paged
@json_option
@global_options
@click.pass_obj
def timeline(
    settings: Settings,  # noqa: ARG001
    /,
    name: str,
    svg: Path | None,
    html: Path | None,
    as_json: bool,
) -> int:
    """A system over the years: users, interactions, loss, and what happened."""
    from assistant.economics.scenario.timeline import load_timeline, run_timeline, timeline_json

    found = load_timeline(name)
    years = run_timeline(found)
    if svg:
        from assistant.reports.scenario.drawings import alone, timeline_drawing

        _write(svg, alone(timeline_drawing(found, years)), "--svg")
    if html:
        from assistant.reports.scenario.page import timeline_page

        _write(html, timeline_page(found, years), "--html")
    if as_json:
        click.echo(json.dumps(timeline_json(found, years), indent=2))
    else:
        from assistant.reports.scenario.answers import timeline_parts

        _print(timeline_parts(found, years))
    return 0
