"""A scenario, a comparison or a timeline as one HTML page: no network, no script, light or dark as the reader likes."""

from __future__ import annotations

from html import escape
from importlib.resources import files
from string import Template
from typing import TYPE_CHECKING, Final

from assistant.economics.scenario.statement import money_text
from assistant.reports.scenario.amounts import (
    Scale,
    large_text,
    number_text,
    percent_text,
    range_text,
    solved_text,
)
from assistant.reports.scenario.drawings import (
    PALETTE,
    comparison_drawing,
    remedies_drawing,
    statement_drawing,
    stream_drawing,
    timeline_drawing,
    tornado_drawing,
)
from assistant.reports.scenario.tables import BASES

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from assistant.economics.scenario.calibrate import Calibration
    from assistant.economics.scenario.figures import Figure
    from assistant.economics.scenario.remedies import Remedy
    from assistant.economics.scenario.statement import Line, ScenarioStatement
    from assistant.economics.scenario.timeline import Timeline, TimelineYear
    from assistant.economics.scenario.tornado import Tornado

_TAGS: Final = {True: '<span class="tag fact">fact</span>', False: '<span class="tag assumed">assumed</span>'}
_SIMULATED: Final = "Everything earned is simulated."


def scenario_page(
    statement: ScenarioStatement,
    swings: Tornado,
    remedies: Sequence[Remedy],
    calibration: Calibration | None,
) -> str:
    """The year of one scenario, what it depends on, what would help, and every figure behind it."""
    scenario = statement.scenario
    scale = Scale.of(statement.cost.value.units, scenario.currency)
    on = ", ".join(each.title for each in scenario.strategies) or "none"
    sections = [
        _section(
            "The year",
            f"In {scale.words}. 5 % and 95 % are of {statement.draws:,} draws over the ranges of all figures. "
            "A line is marked assumed if one figure behind it is.",
            _chart(statement_drawing(statement)),
            _statement(statement, scale),
        ),
        _section(
            "What it depends on",
            "The margin with one figure at either end of its range and all others where they are.",
            _chart(tornado_drawing(swings)),
        ),
    ]
    if remedies:
        sections.append(
            _section(
                "Would it have helped?",
                "Every strategy by itself, drawn side by side with the scenario without it. * is on in the scenario.",
                _chart(remedies_drawing(scenario, remedies)),
                _remedies(remedies, scale),
            )
        )
    if calibration:
        sections.append(_calibration(calibration))
    for title, note, wanted in (
        (
            "Facts",
            "Published by somebody, or measured; each as it was said. A range is ours where no other is named.",
            True,
        ),
        ("Assumptions", "Ours, the mix of commands among them: change them in a file of your own.", False),
    ):
        chosen = [each for each in scenario.figures.values() if each.is_fact is wanted]
        sections.append(_section(title, note, _figures(chosen)))
    return _page(
        f"{scenario.title}, {scenario.year}",
        f"{scenario.about} Strategies that are on: {on}. {_SIMULATED}",
        [
            _money_card("Margin of the year", statement.margin, scenario.currency),
            _card(
                f"Margin of an interaction, {scenario.currency}",
                money_text(statement.margin.each_micros, scenario.currency),
                f"{money_text(statement.margin.each_low_micros, scenario.currency)} to "
                f"{money_text(statement.margin.each_high_micros, scenario.currency)}",
            ),
            _card(
                "Interactions",
                large_text(statement.interactions),
                f"{large_text(statement.interactions_low)} to {large_text(statement.interactions_high)}",
            ),
            _card("No loss", percent_text(statement.likely_profit), f"of {statement.draws:,} draws"),
        ],
        sections,
    )


def comparison_page(statements: Sequence[ScenarioStatement]) -> str:
    """Scenarios side by side."""
    rows = [
        (
            each.scenario.name,
            str(each.scenario.year),
            large_text(each.interactions),
            *(
                f"{large_text(amount.units)} {each.scenario.currency}"
                for amount in (
                    each.revenue.value,
                    each.cost.value,
                    each.margin.value,
                    each.margin.low,
                    each.margin.high,
                )
            ),
            money_text(each.margin.each_micros, each.scenario.currency),
            percent_text(each.likely_profit),
            f"{sum(figure.is_fact for figure in each.scenario.figures.values())} of {len(each.scenario.figures)}",
        )
        for each in statements
    ]
    heads = (
        "scenario",
        "year",
        "interactions",
        "revenue",
        "cost",
        "margin",
        "5 %",
        "95 %",
        "an interaction",
        "no loss",
        "facts of figures",
    )
    return _page(
        "Scenarios side by side",
        _SIMULATED,
        [_money_card(each.scenario.name, each.margin, each.scenario.currency) for each in statements],
        [
            _section(
                "The margin of an interaction",
                "Each in its own currency.",
                _chart(comparison_drawing(statements)),
            ),
            _section("The years", "", _table(heads, rows, words=(0,))),
        ],
    )


def timeline_page(timeline: Timeline, years: Sequence[TimelineYear]) -> str:
    """The years of a system, and what happened."""
    last = years[-1]
    currency = last.statement.scenario.currency
    rows = [
        (
            str(each.year),
            large_text(each.statement.scenario.figures["usage.devices"].value),
            large_text(each.statement.interactions),
            large_text(each.statement.scenario.figures["people.headcount"].value),
            large_text(-each.statement.margin.value.units),
            f"{large_text(-each.statement.margin.high.units)} to {large_text(-each.statement.margin.low.units)}",
            large_text(each.reported_loss.value) if each.reported_loss else "",
            large_text(each.cumulative_continuing.units),
        )
        for each in years
    ]
    heads = (
        "year",
        "devices",
        "interactions",
        "people",
        "loss",
        "5 % to 95 %",
        "reported",
        "use earned so far",
    )
    events = "".join(
        f"<li><b>{event.year}</b><span>{escape(event.what)}<small>{escape(event.kind)}: {escape(event.source)}</small>"
        "</span></li>"
        for each in years
        for event in each.events
    )
    figures = [figure for year in timeline.years.values() for figure in year.values()]
    return _page(
        timeline.title,
        f"{timeline.about} {_SIMULATED}",
        [
            _card("Cost since the beginning", large_text(last.cumulative_cost.units), currency),
            _card(
                "Use has earned",
                large_text(last.cumulative_continuing.units),
                f"{currency}, devices not counted",
            ),
            _card(
                "Devices have earned", large_text(_devices(last)), f"{currency}, sold at or below their parts"
            ),
        ],
        [
            _section(
                "Loss by year", "Dots are what was reported.", _chart(timeline_drawing(timeline, years))
            ),
            _section("A continuing stream of revenue?", "", _chart(stream_drawing(years))),
            _section("The years", f"Amounts in {currency}.", _table(heads, rows, words=(0,))),
            f'<h2>What happened</h2><ol class="events">{events}</ol>',
            _section(
                "Facts and assumptions by year",
                f"All else is as in the scenario {timeline.scenario}.",
                _figures([*timeline.reported.values(), *(each for each in figures if each.is_fact)]),
                _figures([each for each in figures if not each.is_fact]),
            ),
        ],
    )


def _devices(year: TimelineYear) -> float:
    return float((year.cumulative_revenue - year.cumulative_continuing).units)


def _statement(statement: ScenarioStatement, scale: Scale) -> str:
    currency = statement.scenario.currency

    def row(line: Line, *, summed: bool = False) -> str:
        cells = [scale.text(line.value), scale.text(line.low), scale.text(line.high)]
        cells.append(money_text(line.each_micros, currency))
        numbers = "".join(f'<td class="number">{escape(cell)}</td>' for cell in cells)
        name = escape(line.account) if summed else f"<code>{escape(line.account)}</code>"
        return (
            f'<tr{" class=sum" if summed else ""}><td class="words">{name}</td>{numbers}'
            f'<td class="words">{_TAGS[line.kind == "computed"]}</td></tr>'
        )

    body = "".join(
        "".join(row(line) for line in statement.lines if line.account.startswith(prefix))
        + row(total, summed=True)
        for prefix, total in (("Income:", statement.revenue), ("Expenses:", statement.cost))
    )
    body += row(statement.margin, summed=True)
    heads = ("account", "the year", "5 %", "95 %", "an interaction", "rests on")
    return _framed(heads, body, words=(0, 5))


def _remedies(found: Sequence[Remedy], scale: Scale) -> str:
    rows = [
        (
            f"{each.strategy.title}{' *' if each.usual else ''}",
            each.strategy.about,
            scale.text(each.gain),
            f"{scale.text(each.low)} to {scale.text(each.high)}",
            scale.text(each.margin),
            percent_text(each.enough),
        )
        for each in found
    ]
    heads = ("strategy", "what it is", "adds", "5 % to 95 %", "margin with it", "no loss in")
    return _table(heads, rows, words=(0, 1))


def _calibration(found: Calibration) -> str:
    currency = found.scenario.currency
    rows = [
        (
            name,
            f"{large_text(part.cost.units)}",
            f"{large_text(part.low)} to {large_text(part.high)}",
            f"{float(found.each(part.cost)):.4f}",
            f"{100 * float(part.cost.units / found.loss.value):.1f} %",
            BASES[part.kind],
        )
        for name, part in (
            *((each.group, each) for each in found.parts),
            ("all of these", found.modelled),
            ("unexplained", found.unexplained),
        )
    ]
    levers = [
        (
            lever.figure.key,
            number_text(lever.figure.value),
            solved_text(lever.value) if lever.value is not None else "none will do",
            lever.figure.unit,
            lever.figure.kind,
        )
        for lever in found.levers
    ]
    return _section(
        "The reported loss, taken apart",
        f"{large_text(found.loss.value)} {currency}, {float(found.loss.value / max(found.interactions, 1)):.4f} an "
        f"interaction ({found.loss.kind}: {found.loss.source}).",
        _table(
            ("cost of", "the year", "5 % to 95 %", "an interaction", "of the loss", "rests on"),
            rows,
            words=(0, 5),
        ),
        "<p class=note>What one of them alone would have to be for that loss:</p>",
        _table(("figure", "it is", "it would be", "unit", "kind"), levers, words=(0, 3, 4)),
    )


def _figures(figures: Sequence[Figure]) -> str:
    rows = "".join(
        f'<tr><td class="words"><code>{escape(each.key)}</code><br>{escape(each.meaning)}</td>'
        f'<td class="number">{escape(number_text(each.value))}</td><td class="number">{escape(range_text(each))}</td>'
        f'<td class="words">{escape(each.unit)}</td><td class="words">{_TAGS[each.is_fact]} {escape(each.kind)}</td>'
        f'<td class="words">{escape(each.source)}</td></tr>'
        for each in figures
    )
    return _framed(("figure", "value", "range", "unit", "kind", "source"), rows, words=(0, 3, 4, 5))


def _money_card(title: str, line: Line, currency: str) -> str:
    low, high = large_text(line.low.units), large_text(line.high.units)
    mood = "worse" if line.value.micros < 0 else "well"
    return _card(f"{title}, {currency}", large_text(line.value.units), f"{low} to {high}", mood)


def _card(title: str, big: str, small: str, mood: str = "") -> str:
    body = f'<p class="big {mood}">{escape(big)}</p><p>{escape(small)}</p>'
    return f'<div class="card"><h3>{escape(title)}</h3>{body}</div>'


def _section(title: str, note: str, *parts: str) -> str:
    return f'<h2>{escape(title)}</h2><p class="note">{escape(note)}</p>{"".join(parts)}'


def _chart(svg: str) -> str:
    return f'<div class="chart">{svg}</div>'


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]], *, words: Sequence[int]) -> str:
    body = "".join(
        "<tr>"
        + "".join(
            f'<td class="{"words" if place in words else "number"}">{escape(cell)}</td>'
            for place, cell in enumerate(row)
        )
        + "</tr>"
        for row in rows
    )
    return _framed(heads, body, words=words)


def _framed(heads: Sequence[str], body: str, *, words: Sequence[int]) -> str:
    head = "".join(
        f'<th scope="col"{" class=words" if place in words else ""}>{escape(name)}</th>'
        for place, name in enumerate(heads)
    )
    return f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def _page(title: str, about: str, cards: Iterable[str], sections: Iterable[str]) -> str:
    template = Template((files("assistant.reports.scenario") / "page.html").read_text(encoding="utf-8"))
    return template.substitute(
        title=escape(title),
        about=escape(about),
        cards="".join(cards),
        sections="".join(sections),
        palette=PALETTE,
    )
