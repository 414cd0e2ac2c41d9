"""Scenarios in a terminal of 80 columns. No arithmetic here but that of layout."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rich import box
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from assistant.economics.scenario.statement import money_text
from assistant.reports.scenario.amounts import Scale, large_text, number_text, percent_text, range_text

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Sequence

    from rich.console import RenderableType

    from assistant.economics.scenario.files import Scenario, Strategy
    from assistant.economics.scenario.statement import Line, ScenarioStatement
    from assistant.economics.scenario.timeline import Timeline

BASES: Final = {"computed": "facts", "assumption": "assumed"}
"""What a line rests on: published figures alone, or one assumption at least."""


def listing(
    scenarios: Iterable[Scenario], strategies: Iterable[Strategy], timelines: Iterable[Timeline]
) -> list[RenderableType]:
    """All scenarios, all strategies, and all timelines."""
    found = plain_table(
        "Scenarios", ("name", "year", "facts", "assumed", "what it is"), right=(1, 2, 3), keep=(0,)
    )
    for each in scenarios:
        facts = sum(figure.is_fact for figure in each.figures.values())
        found.add_row(
            each.name, str(each.year), str(facts), str(len(each.figures) - facts), escape(each.title)
        )
    ways = plain_table("Strategies, to switch on with --with", ("name", "what it is"), keep=(0,))
    for strategy in strategies:
        ways.add_row(strategy.name, escape(strategy.title))
    years = plain_table("Timelines", ("name", "what it is"), keep=(0,))
    for timeline in timelines:
        years.add_row(timeline.name, escape(timeline.title))
    return [found, Text(), ways, Text(), years]


def showing(scenario: Scenario) -> list[RenderableType]:
    """Every figure with its kind, its range and its source; facts and assumptions apart."""
    parts: list[RenderableType] = [
        Text(f"{scenario.name} — {scenario.title}, {scenario.year}", style="bold"),
        Text(scenario.about),
        Text(
            f"Strategies that are on: {', '.join(each.name for each in scenario.strategies) or 'none'}.",
            style="dim",
        ),
    ]
    for title, wanted in (
        ("Facts: published by somebody, or measured", True),
        ("Assumptions: ours, to be changed", False),
    ):
        figures = [each for each in scenario.figures.values() if each.is_fact is wanted]
        text = Text(f"\n{title} ({len(figures)})\n", style="bold")
        for each in figures:
            text.append(f"{each.key}", style="bold cyan" if wanted else "bold yellow")
            text.append(f"  {number_text(each.value)} {each.unit}", style="default")
            spread = range_text(each)
            if spread:
                text.append(f"  ({spread})", style="dim")
            if each.strategy:
                text.append(f"  by {each.strategy}", style="dim")
            text.append(f"\n    {each.kind}: {each.source}\n", style="dim")
        parts.append(text)
    return parts


def statement_parts(statement: ScenarioStatement) -> list[RenderableType]:
    """The statement of the year and of one interaction, and what has to be known of it."""
    scenario, currency = statement.scenario, statement.scenario.currency
    # The widest must leave the last column its place, too.
    widest = max(abs(end.units) for line in statement.totals for end in (line.value, line.low, line.high))
    scale = Scale.of(widest, currency)
    table = Table(
        title=f"{escape(scenario.name)} — {escape(scenario.title)}, {scenario.year}; simulated, {scale.words}",
        title_style="bold",
        title_justify="left",
        box=box.SIMPLE_HEAD,
        show_edge=False,
        padding=(0, 1, 0, 0),
    )
    table.add_column("account", no_wrap=True)
    for name in ("the year", "5 %", "95 %", "each"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("basis", no_wrap=True)
    for prefix, summed in (("Income:", statement.revenue), ("Expenses:", statement.cost)):
        for line in statement.lines:
            if line.account.startswith(prefix):
                _row(table, line, scale, currency)
        _row(table, summed, scale, currency, style="bold")
    _row(
        table,
        statement.margin,
        scale,
        currency,
        style="bold red" if statement.margin.value.micros < 0 else "bold green",
    )
    return [table, *(Text(note, style="dim") for note in statement_notes(statement))]


def _row(table: Table, line: Line, scale: Scale, currency: str, style: str = "") -> None:
    table.add_row(
        line.account,
        scale.text(line.value),
        scale.text(line.low),
        scale.text(line.high),
        money_text(line.each_micros, currency),
        BASES[line.kind],
        style=style,
    )


def statement_notes(statement: ScenarioStatement) -> list[str]:
    """What stands under the table."""
    scenario, currency = statement.scenario, statement.scenario.currency
    figures = scenario.figures.values()
    facts = sum(each.is_fact for each in figures)
    notes = [
        (
            f"{large_text(statement.interactions)} interactions ({large_text(statement.interactions_low)} to "
            f"{large_text(statement.interactions_high)}); each: {currency} an interaction."
        ),
        (
            f"5 % and 95 %: of {statement.draws:,} draws over the ranges of {facts} facts and "
            f"{len(figures) - facts} assumptions; {percent_text(statement.likely_profit)} of them show no loss."
        ),
    ]
    if any(key.startswith("mix.") and not each.is_fact for key, each in scenario.figures.items()):
        notes.append(
            "The mix of commands is an assumption: change it in a file of your own that extends this one."
        )
    notes += [
        f"{intent}: {large_text(asked)} requests, {large_text(placed)} ordered, {large_text(kept)} completed and kept."
        for intent, (asked, placed, kept) in statement.orders.items()
    ]
    if scenario.strategies:
        notes.append(f"On: {', '.join(each.name for each in scenario.strategies)}.")
    notes += [
        f"{each.kind}: {each.source} ({large_text(each.value)} {each.unit})."
        for key, each in scenario.figures.items()
        if key.startswith("reported.")
    ]
    return notes


def plain_table(
    title: str, names: Sequence[str], *, right: Container[int] = (), keep: Container[int] = ()
) -> Table:
    """A table of this house; columns of `right` are numbers, those of `keep` are never folded."""
    table = Table(
        title=title,
        title_style="bold",
        title_justify="left",
        box=box.SIMPLE_HEAD,
        show_edge=False,
        padding=(0, 1, 0, 0),
    )
    for place, name in enumerate(names):
        table.add_column(name, justify="right" if place in right else "left", no_wrap=place in keep)
    return table
