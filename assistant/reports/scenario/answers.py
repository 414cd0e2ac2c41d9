"""What solving, calibrating, comparing, swings and years look like in a terminal. No arithmetic but that of layout."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rich.markup import escape
from rich.text import Text

from assistant.economics.scenario.groups import GROUPS, nets
from assistant.reports.scenario.amounts import Scale, large_text, number_text, percent_text, solved_text
from assistant.reports.scenario.tables import BASES, plain_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import RenderableType

    from assistant.economics.scenario.calibrate import Calibration, Part
    from assistant.economics.scenario.files import Scenario
    from assistant.economics.scenario.remedies import Remedy
    from assistant.economics.scenario.solve import Solution
    from assistant.economics.scenario.statement import ScenarioStatement
    from assistant.economics.scenario.timeline import Timeline, TimelineYear
    from assistant.economics.scenario.tornado import Tornado

_BAR: Final = 6
_FEW: Final = 15


def solution_sentences(scenario: Scenario, found: Solution) -> list[str]:
    """What would have to be true, how far that is from what is known, and how sure it is."""
    figure, currency = found.figure, scenario.currency
    what = f"{figure.key} ({figure.meaning[0].lower()}{figure.meaning[1:]})"
    now = (
        f"It is {number_text(figure.value)} {figure.unit} in {scenario.name} ({figure.kind}: {figure.source})"
    )
    target = found.target.words(currency)
    if not found.moves:
        return [f"No value of {what} helps {target}: nothing in {scenario.name} depends on it.", f"{now}."]
    if found.value is None:
        sentences = [
            (
                f"No value of {what} is enough {target}. The nearest is {solved_text(found.best)}, and it misses by "
                f"{large_text(abs(found.missed_by))} {currency}."
            )
        ]
        if found.beyond is not None:
            sentences.append(f"It would take {solved_text(found.beyond)} {figure.unit}, {_why_not(found)}.")
        sentences.append(f"{now}.")
    else:
        needed = f"{solved_text(found.value)} {figure.unit}"
        times = f": {_times(found.times)}" if found.times else ""
        span = f"{number_text(figure.low)} to {number_text(figure.high)}"
        where = "within" if found.within_range else "outside"
        within = "" if figure.is_known else f" That is {where} the range of {span}."
        sentences = [
            f"{target[0].upper()}{target[1:]}, {what} would have to be {needed}{times}.",
            f"{now}.{within}",
        ]
    if found.low is not None and found.high is not None:
        sentences.append(
            f"Over the ranges of all other figures there is such a value in {percent_text(found.possible)} "
            f"of the draws: {solved_text(found.low)} to {solved_text(found.high)} (5 % to 95 %)."
        )
    else:
        sentences.append("Nor is there one anywhere in the ranges of all other figures.")
    return sentences


def _why_not(found: Solution) -> str:
    if found.beyond is not None and found.beyond > found.most:
        return f"and there is no more than {number_text(found.most)}"
    return f"and there is no less than {number_text(found.least)}"


def _times(times: float) -> str:
    return f"{solved_text(times)} times what it is" if times >= 1 else f"{times:.2g} of what it is"


def calibration_parts(found: Calibration) -> list[RenderableType]:
    """The reported loss taken apart, and what each lever alone would have to be."""
    currency = found.scenario.currency
    scale = Scale.of(found.loss.value, currency)
    table = plain_table(
        f"{escape(found.scenario.name)} — the loss that was reported, taken apart; {scale.words}",
        ("cost of", "the year", "5 %", "95 %", "each", "of the loss", "basis"),
        right=(1, 2, 3, 4, 5),
        keep=range(7),
    )

    def add(part: Part, name: str, style: str = "") -> None:
        table.add_row(
            name,
            scale.text(part.cost),
            scale.text(part.low),
            scale.text(part.high),
            f"{float(found.each(part.cost)):.6f}",
            f"{100 * float(part.cost.units / found.loss.value):.1f} %",
            BASES[part.kind],
            style=style,
        )

    for part in found.parts:
        add(part, part.group)
    add(found.modelled, "all of these", "bold")
    add(found.unexplained, "unexplained", "yellow")
    loss = found.loss
    table.add_row(
        "reported",
        scale.text(loss.value),
        "",
        "",
        f"{float(loss.value / found.interactions):.6f}",
        "100.0 %",
        BASES["computed"] if loss.is_fact else BASES["assumption"],
        style="bold",
    )
    parts: list[RenderableType] = [table, Text(f"The loss ({loss.kind}): {loss.source}", style="dim")]
    parts.append(Text("\nFor the reported loss one of them alone would have to be:", style="bold"))
    for lever in found.levers:
        value = (
            "no value that there can be"
            if lever.value is None
            else f"{solved_text(lever.value)} {lever.figure.unit}"
        )
        times = f", {_times(lever.times)}" if lever.times and lever.value is not None else ""
        parts.append(
            Text(
                f"  {lever.figure.key}  {value}; it is {number_text(lever.figure.value)} ({lever.figure.kind}){times}"
            )
        )
    return parts


def tornado_parts(found: Tornado, *, most: int = _FEW) -> list[RenderableType]:
    """The widest swings of the margin."""
    currency = found.scenario.currency
    scale = Scale.of(max([abs(found.margin), *(each.width for each in found.swings)]), currency)
    table = plain_table(
        f"{escape(found.scenario.name)} — margin with one figure at either end of its range; {scale.words}",
        ("figure", "at low", "at high", "swing", "", "kind"),
        right=(1, 2, 3),
        keep=range(6),
    )
    widest = found.swings[0].width if found.swings else 0
    for each in found.swings[:most]:
        bar = "█" * round(_BAR * each.width / widest) if widest else ""
        table.add_row(
            each.figure.key,
            scale.text(each.at_low),
            scale.text(each.at_high),
            scale.text(each.width),
            bar,
            "fact" if each.figure.is_fact else "assumed",
        )
    rest = len(found.swings) - most
    notes = f"All others where they are: {scale.text(found.margin)}."
    if rest > 0:
        notes += f" {rest} more figures swing less than that (--json has all)."
    return [table, Text(notes, style="dim")]


def comparison_parts(statements: Sequence[ScenarioStatement]) -> list[RenderableType]:
    """Scenarios side by side, by groups of lines; each in its own currency."""
    scales = [
        Scale.of(max(each.revenue.value.units, each.cost.value.units), each.scenario.currency)
        for each in statements
    ]
    table = plain_table(
        "Scenarios side by side; simulated",
        ("", *(each.scenario.name for each in statements)),
        right=range(1, 9),
        keep=(0,),
    )
    table.add_row("amounts in", *(scale.words for scale in scales), style="dim")
    table.add_row("interactions", *(large_text(each.interactions) for each in statements))
    groups = [nets({line.account: line.value.units for line in each.lines}) for each in statements]
    for group in GROUPS:
        if any(each[group] for each in groups):
            table.add_row(
                group,
                *(
                    scale.text(each[group]) if each[group] else "-"
                    for scale, each in zip(scales, groups, strict=True)
                ),
            )
    for name in ("revenue", "cost", "margin"):
        lines = [getattr(each, name) for each in statements]
        table.add_row(
            name, *(scale.text(line.value) for scale, line in zip(scales, lines, strict=True)), style="bold"
        )
    margins = [each.margin for each in statements]
    for name, end in (("  5 %", "low"), ("  95 %", "high")):
        table.add_row(
            name,
            *(scale.text(getattr(line, end)) for scale, line in zip(scales, margins, strict=True)),
            style="dim",
        )
    table.add_row("an interaction", *(f"{float(each.each_micros) / 1e6:.6f}" for each in margins))
    table.add_row("no loss in", *(percent_text(each.likely_profit) for each in statements))
    table.add_row("facts", *(str(_facts(each.scenario)) for each in statements))
    table.add_row(
        "assumed", *(str(len(each.scenario.figures) - _facts(each.scenario)) for each in statements)
    )
    notes = "Groups are what they earn less what they cost. “No loss in”: of the draws over all ranges."
    return [table, Text(notes, style="dim")]


def _facts(scenario: Scenario) -> int:
    return sum(each.is_fact for each in scenario.figures.values())


def remedies_parts(scenario: Scenario, found: Sequence[Remedy]) -> list[RenderableType]:
    """Every strategy by itself."""
    scale = Scale.of(max(abs(each.margin) for each in found), scenario.currency)
    table = plain_table(
        f"{escape(scenario.name)} — every strategy by itself; {scale.words}",
        ("strategy", "adds", "5 %", "95 %", "margin", "helps", "enough"),
        right=range(1, 7),
        keep=range(7),
    )
    for each in found:
        table.add_row(
            f"{each.strategy.name}{' *' if each.usual else ''}",
            scale.text(each.gain),
            scale.text(each.low),
            scale.text(each.high),
            scale.text(each.margin),
            percent_text(each.helps),
            percent_text(each.enough),
            style="" if each.gain > 0 else "red",
        )
    notes = (
        "adds: to the margin of the year. helps, enough: share of the draws in which it adds anything, and in which "
        "nothing is lost with it. * is on in the scenario: counted from the scenario without it. What a strategy "
        "would bring is assumed: `scenario show` has its figures."
    )
    return [table, Text(notes, style="dim")]


def timeline_parts(timeline: Timeline, years: Sequence[TimelineYear]) -> list[RenderableType]:
    """The years, and what happened in them."""
    scale = Scale.of(
        max(each.statement.cost.value.units for each in years), years[0].statement.scenario.currency
    )
    table = plain_table(
        f"{escape(timeline.title)}; simulated, {scale.words}",
        ("year", "devices", "interactions", "loss", "5 %", "95 %", "reported", "use earned*"),
        right=range(1, 8),
        keep=range(8),
    )
    for each in years:
        margin, reported = each.statement.margin, each.reported_loss
        table.add_row(
            str(each.year),
            large_text(each.statement.scenario.figures["usage.devices"].value).replace("illion", ""),
            large_text(each.statement.interactions).replace("illion", ""),
            scale.text(-margin.value),
            scale.text(-margin.high),
            scale.text(-margin.low),
            scale.text(reported.value) if reported else "",
            scale.text(each.cumulative_continuing),
        )
    parts: list[RenderableType] = [
        table,
        Text(
            "* since the first year, without the price of devices: the continuing stream of revenue.",
            style="dim",
        ),
        Text(timeline.about, style="dim"),
        *(
            Text(f"{each.kind}: {each.source}: {large_text(each.value)} {each.unit}", style="dim")
            for each in timeline.reported.values()
        ),
        Text(),
    ]
    for event in (event for each in years for event in each.events):
        text = Text(f"{event.year}  ", style="bold")
        text.append(event.what, style="default")
        text.append(f"  ({event.kind}: {event.source})", style="dim")
        parts.append(text)
    return parts
