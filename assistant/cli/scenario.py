"""`pennyworth scenario`: what a whole system earns and costs in a year, and what would have to be true."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, TypeVar

import click

from assistant.cli.options import Settings, console, global_options
from assistant.economics.scenario.files import load_scenario, load_strategy, scenario_names, strategy_names

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from rich.console import RenderableType

    from assistant.economics.scenario.files import Scenario

F = TypeVar("F", bound="Callable[..., Any]")

_json = click.option("--json", "as_json", is_flag=True, help="One JSON document on standard output.")


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


def _print(parts: Iterable[RenderableType]) -> None:
    out = console()
    for part in parts:
        out.print(part)


@command.command(name="list")
@_json
@global_options
@click.pass_obj
def list_(settings: Settings, /, as_json: bool) -> int:  # noqa: ARG001
    """The bundled scenarios and strategies."""
    scenarios = [load_scenario(name) for name in scenario_names()]
    strategies = [load_strategy(name) for name in strategy_names()]
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
        }
        click.echo(json.dumps(document, indent=2))
    else:
        from assistant.reports.scenario.tables import listing

        _print(listing(scenarios, strategies))
    return 0


@command.command(name="show")
@click.argument("name")
@_strategies
@_json
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
@click.option("--seed", type=int, default=2022, show_default=True, help="Of what is drawn.")
@_json
@global_options
@click.pass_obj
def run(
    settings: Settings,  # noqa: ARG001
    /,
    name: str,
    with_: tuple[str, ...],
    without: tuple[str, ...],
    seed: int,
    as_json: bool,
) -> int:
    """The income statement of the year and of one interaction, with bands over the ranges of the figures."""
    from assistant.economics.scenario.statement import make_statement, statement_json

    statement = make_statement(load_scenario(name, with_=with_, without=without), seed=seed)
    if as_json:
        click.echo(json.dumps(statement_json(statement), indent=2))
    else:
        from assistant.reports.scenario.tables import statement_parts

        _print(statement_parts(statement))
    return 0
