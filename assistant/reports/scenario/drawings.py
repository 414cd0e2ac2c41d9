"""Scenarios drawn, as SVG that is light or dark as the reader likes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

import pygal

from assistant.economics.scenario.groups import GROUPS, nets
from assistant.reports.chart_style import page_style
from assistant.reports.scenario.amounts import Scale

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pygal.style import Style

    from assistant.economics.scenario.files import Scenario
    from assistant.economics.scenario.remedies import Remedy
    from assistant.economics.scenario.statement import ScenarioStatement
    from assistant.economics.scenario.timeline import Timeline, TimelineYear
    from assistant.economics.scenario.tornado import Tornado

MOST: Final = 12
"""Lines and swings that are drawn; tables have all."""
_WIDTH: Final = 900
_ROW: Final = 34
_LEVEL: Final = 5
"""So many names stand beside each other."""

PALETTE: Final = """
:root { color-scheme: light dark; --paper: #fcfcfa; --sheet: #fff; --ink: #22262b; --quiet: #68707a; --rule: #dcdfe3;
  --good: #1a7f4b; --bad: #b3261e; --line-1: #2a6fbb; --line-2: #c2571a; --line-3: #2e8b57; --line-4: #8a4fb0;
  --line-5: #a8870b; --line-6: #b03060; }
@media (prefers-color-scheme: dark) { :root { --paper: #16181b; --sheet: #1e2125; --ink: #e4e6e9; --quiet: #98a0aa;
  --rule: #363b42; --good: #5fcf93; --bad: #ff8a80; --line-1: #72b1f2; --line-2: #f29a61; --line-3: #6fd39b;
  --line-4: #c79ae6; --line-5: #e3c552; --line-6: #f08fb0; } }
"""
"""The colours of the house, as the page of the audio tests has them."""

_EARNED: Final = "var(--good)"
_SPENT: Final = "var(--line-2)"
_LOST: Final = "var(--bad)"


def statement_drawing(statement: ScenarioStatement) -> str:
    """What each line earns and costs, a row each, with the band of each."""
    scale = Scale.of(statement.cost.value.units, statement.scenario.currency)
    rows = sorted(statement.lines, key=lambda line: abs(float(line.value.units)))[-MOST:]
    bars = []
    for line in [statement.margin, *rows]:
        # A cost goes to the left.
        sign = -1 if line.account.startswith("Expenses:") else 1
        low, high = sorted(sign * float(end.units) for end in (line.low, line.high))
        colour = (
            _LOST if line is statement.margin and line.value.micros < 0 else _EARNED if sign > 0 else _SPENT
        )
        bars.append(_Bar(line.account, sign * float(line.value.units), low, high, colour))
    return _bars(f"The year by account, {scale.words}; thin lines are 5 % to 95 %", "lines", bars, scale)


def tornado_drawing(found: Tornado) -> str:
    """How far the margin swings with each figure, from what it is."""
    scale = Scale.of(
        max([abs(found.margin), *(each.width for each in found.swings)]), found.scenario.currency
    )
    swings = list(reversed(found.swings[:MOST]))
    chart = _horizontal(
        f"Margin with one figure at either end of its range, from {scale.text(found.margin)} {scale.words}",
        "tornado",
        rows=len(swings),
        scale=scale,
        kind=pygal.HorizontalStackedBar,
    )
    chart.x_labels = [each.figure.key for each in swings]
    chart.add("at its low", [(each.at_low - found.margin) / scale.divisor for each in swings])
    chart.add("at its high", [(each.at_high - found.margin) / scale.divisor for each in swings])
    chart.config.style = _style(("var(--line-1)", "var(--line-2)"))
    return _svg(chart)


def remedies_drawing(scenario: Scenario, found: Sequence[Remedy]) -> str:
    """What each strategy adds by itself."""
    scale = Scale.of(max(abs(each.margin) for each in found), scenario.currency)
    bars = [
        _Bar(each.strategy.name, each.gain, each.low, each.high, _EARNED if each.gain > 0 else _LOST)
        for each in reversed(found)
    ]
    return _bars(
        f"What each strategy adds, {scale.words}; thin lines are 5 % to 95 %",
        "remedies",
        bars,
        scale,
    )


def comparison_drawing(statements: Sequence[ScenarioStatement]) -> str:
    """Where the margin of each scenario comes from, in groups of lines, by interaction."""
    chart = pygal.StackedBar()
    chart.title = "Margin of an interaction by what it comes from, thousandths of a currency unit"
    _settle(chart, "comparison", height=460)
    chart.x_labels = [each.scenario.name for each in statements]
    groups = [nets({line.account: line.value.units for line in each.lines}) for each in statements]
    for group in GROUPS:
        if any(each[group] for each in groups):
            chart.add(
                group,
                [
                    1000 * float(each[group]) / max(statement.interactions, 1)
                    for each, statement in zip(groups, statements, strict=True)
                ],
            )
    chart.config.formatter = lambda value: f"{value:,.1f}"
    chart.config.x_label_rotation = 0 if len(statements) <= _LEVEL else 20
    chart.config.style = _style(
        (*(f"var(--line-{number})" for number in range(1, 7)), "var(--quiet)", "var(--ink)")
    )
    return _svg(chart)


def timeline_drawing(timeline: Timeline, years: Sequence[TimelineYear]) -> str:
    """The loss of each year with its band, beside what was reported."""
    scale = Scale.of(
        max(each.statement.cost.value.units for each in years), years[0].statement.scenario.currency
    )
    chart = pygal.Line(interpolate=None)
    chart.title = f"{timeline.title}: the loss of each year, {scale.words}"
    _settle(chart, "timeline", height=420)
    chart.x_labels = [str(each.year) for each in years]

    def of(name: str) -> list[float]:
        return [-float(getattr(each.statement.margin, name).units) / scale.divisor for each in years]

    chart.add("reckoned", of("value"), stroke_style={"width": 3})
    chart.add("95 %", of("low"), stroke_style={"width": 1, "dasharray": "4, 4"}, show_dots=False)
    chart.add("5 %", of("high"), stroke_style={"width": 1, "dasharray": "4, 4"}, show_dots=False)
    chart.add(
        "reported",
        [float(each.reported_loss.value) / scale.divisor if each.reported_loss else None for each in years],
        stroke=False,
        dots_size=7,
    )
    chart.config.formatter = lambda value: f"{value:,.0f}"
    chart.config.style = _style(("var(--line-1)", "var(--quiet)", "var(--quiet)", "var(--bad)"))
    return _svg(chart)


def stream_drawing(years: Sequence[TimelineYear]) -> str:
    """What use has earned since the beginning, beside what everything has cost."""
    scale = Scale.of(max(each.cumulative_cost.units for each in years), years[0].statement.scenario.currency)
    chart = pygal.Line(interpolate=None, fill=True)
    chart.title = f"Since the beginning, {scale.words}"
    _settle(chart, "stream", height=380)
    chart.x_labels = [str(each.year) for each in years]
    for name, key in (
        ("cost", "cumulative_cost"),
        ("revenue, devices included", "cumulative_revenue"),
        ("what use earned", "cumulative_continuing"),
    ):
        chart.add(name, [float(getattr(each, key).units) / scale.divisor for each in years])
    chart.config.formatter = lambda value: f"{value:,.0f}"
    chart.config.style = _style(("var(--line-2)", "var(--line-1)", "var(--good)"))
    return _svg(chart)


class _Bar(NamedTuple):
    name: str
    value: float
    low: float
    high: float
    colour: str


def _bars(title: str, name: str, bars: Sequence[_Bar], scale: Scale) -> str:
    """A row for each bar, in currency units; the axis holds the whole of every band."""
    chart = _horizontal(title, name, rows=len(bars), scale=scale)
    chart.x_labels = [bar.name for bar in bars]
    chart.config.show_legend = False
    ends = [0.0, *(end for bar in bars for end in (bar.low, bar.high, bar.value))]
    chart.config.range = (min(ends) / scale.divisor, max(ends) / scale.divisor)
    chart.add(
        "",
        [
            {
                "value": bar.value / scale.divisor,
                "ci": {"low": bar.low / scale.divisor, "high": bar.high / scale.divisor},
                "color": bar.colour,
            }
            for bar in bars
        ],
    )
    chart.config.style = _style((_EARNED,))
    return _svg(chart)


def _horizontal(title: str, name: str, *, rows: int, scale: Scale, kind: Any = None) -> Any:
    chart = (kind or pygal.HorizontalBar)()
    chart.title = title
    _settle(chart, name, height=130 + _ROW * rows)
    digits = 0 if scale.divisor > 1 else 2
    chart.config.formatter = lambda value: f"{value:,.{digits}f}"
    return chart


def _settle(chart: Any, name: str, *, height: int) -> None:
    # Fixed, so that the same scenario gives the same drawing; the library would draw one at random.
    chart.uuid = name
    chart.config.js = []
    chart.config.width, chart.config.height = _WIDTH, height
    chart.config.legend_at_bottom = True
    chart.config.dots_size = 4
    chart.config.legend_box_size = 14
    chart.config.margin = 12
    chart.config.truncate_label = -1
    chart.config.truncate_legend = -1
    chart.config.show_minor_x_labels = True


def _style(colours: tuple[str, ...]) -> Style:
    return page_style(colours, title_size=17, label_size=13, opacity_hover=".7")


def _svg(chart: Any) -> str:
    chart.add_xml_filter(_without_scripts)
    return str(chart.render(is_unicode=True, disable_xml_declaration=True))


def _without_scripts(root: Any) -> Any:
    """The library's settings for its own script, which is not loaded."""
    for parent in list(root.iter()):
        for child in [each for each in parent if str(each.tag).endswith("script")]:
            parent.remove(child)
    return root


def alone(svg: str) -> str:
    """A drawing as a file of its own: with its colours, its ground and a font."""
    head, tag, rest = svg.partition(">")
    look = f"<style>{PALETTE} svg {{ background: var(--paper); font-family: system-ui, sans-serif; }}</style>"
    return f"{head}{tag}{look}{rest}"
