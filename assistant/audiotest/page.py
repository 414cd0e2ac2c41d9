"""A run as one HTML page to read and to listen to: no network, no other file, light or dark as the reader likes."""

from __future__ import annotations

import base64
import io
import re
from datetime import UTC, datetime
from html import escape
from importlib.resources import files
from math import sqrt
from string import Template
from typing import TYPE_CHECKING, Any, Final

import pygal
import soundfile

from assistant.audiotest.conditions import heard_as
from assistant.audiotest.junit import expected, understood
from assistant.audiotest.noise import read_samples
from assistant.audiotest.score import NONE
from assistant.audiotest.table import interval, money, share
from assistant.reports.chart_style import page_style
from hardware.audio import SAMPLE_RATE
from hardware.errors import HardwareError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from assistant.audiotest.compare import Comparison
    from assistant.audiotest.conditions import Condition
    from assistant.audiotest.results import CaseResult, Run
    from assistant.audiotest.score import Interval, Score

MOST_PLAYERS: Final = 150
"""Failures with their sound in the page, about 80 KB each; the others are listed without."""

_COLOURS: Final = tuple(f"var(--line-{number})" for number in range(1, 7))


def to_page(
    run: Run,
    scores: Sequence[Score],
    conditions: Mapping[str, Condition],
    comparisons: Sequence[Comparison],
    *,
    folder: Path,
    differences: Sequence[str] = (),
) -> str:
    """The page.

    `folder` holds the recordings; the sound of a failure is made again as it was heard. `differences` are those of the
    run and its baseline.
    """
    template = Template((files("assistant.audiotest") / "page.html").read_text(encoding="utf-8"))
    return template.substitute(
        title=escape(run.corpus),
        about=_about(run),
        cards="".join(_card(score, run) for score in scores if score.condition == run.conditions[0]),
        chart=_chart(run, scores, conditions),
        scores=_scores(scores, run.currency),
        comparison=_comparison(comparisons, differences),
        confusion="".join(_confusion(score, shown=place == 0) for place, score in enumerate(scores)),
        failures=_failures(run, conditions, folder),
    )


def _about(run: Run) -> str:
    way = (
        "the whole way, from voice activity to the books"
        if run.endpointing
        else "the recogniser on each recording whole, without endpointing"
    )
    # An engine's version names the engine already.
    versions = ", ".join(
        version if name in run.engines else f"{name} {version}" for name, version in run.versions.items()
    )
    unfinished = "" if run.complete else " <strong>Interrupted: this is what was done until then.</strong>"
    return (
        f"{run.cases} cases, {way}, seed {run.seed}. {escape(versions)}. "
        f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC. Revenue is simulated, plan {escape(run.plan)}.{unfinished}"
    )


def _card(score: Score, run: Run) -> str:
    big = "-" if score.command_acceptance is None else f"{100 * score.command_acceptance:.1f} %"
    return (
        f'<div class="card"><h3>{escape(score.engine)}, {escape(score.condition)}</h3><p class="big">{big}</p>'
        f"<p>of {score.in_scope} commands accepted"
        f" ({interval(score.intervals['command_acceptance'])})</p>"
        f"<p>{score.false_accepts} false accepts, <b>{score.false_orders} false orders</b></p>"
        f"<p>{money(score.booked_micros)} of {money(score.due_micros)} {run.currency} booked</p></div>"
    )


def _chart(run: Run, scores: Sequence[Score], conditions: Mapping[str, Condition]) -> str:
    """Acceptance over the signal-to-noise ratio, a line a noise and engine; without noise, a bar a condition."""
    by_name = {(score.engine, score.condition): score for score in scores}
    noisy = [condition for condition in conditions.values() if condition.snr_db is not None]
    if not noisy:
        chart = _styled(pygal.Bar(), "Command acceptance")
        chart.x_labels = list(run.conditions)
        for engine in run.engines:
            chart.add(engine, [_point(by_name.get((engine, label))) for label in run.conditions])
        return _svg(chart)
    ratios = sorted({condition.snr_db for condition in noisy if condition.snr_db is not None}, reverse=True)
    chart = _styled(pygal.Line(interpolate=None), "Command acceptance over the signal-to-noise ratio")
    chart.x_labels = ["clean", *(f"{ratio:g} dB" for ratio in ratios)]
    for engine in run.engines:
        for noise in dict.fromkeys(condition.noise_name for condition in noisy):
            at = {c.snr_db: by_name.get((engine, c.label)) for c in noisy if c.noise_name == noise}
            line = [by_name.get((engine, "clean")), *(at.get(ratio) for ratio in ratios)]
            chart.add(f"{engine}, {noise}", [_point(score) for score in line])
    return _svg(chart)


def _point(score: Score | None) -> dict[str, Any] | None:
    if score is None or score.command_acceptance is None:
        return None
    ends = score.intervals["command_acceptance"] or (score.command_acceptance,) * 2
    return {"value": score.command_acceptance, "ci": {"low": ends[0], "high": ends[1]}}


def _styled(chart: Any, title: str) -> Any:
    chart.title = title
    # Fixed, so that the same run gives the same page; the library would draw one at random.
    chart.uuid = "acceptance"
    chart.config.style = page_style(_COLOURS, title_size=18, label_size=14)
    chart.config.js = []
    chart.config.width, chart.config.height = 860, 400
    chart.config.range = (0, 1)
    chart.config.y_labels = [0, 0.2, 0.4, 0.6, 0.8, 1]
    chart.config.formatter = lambda value: f"{value:.2f}"
    chart.config.legend_at_bottom = True
    chart.config.dots_size = 4
    chart.config.show_minor_x_labels = True
    return chart


def _svg(chart: Any) -> str:
    return str(chart.render(is_unicode=True, disable_xml_declaration=True))


def _scores(scores: Sequence[Score], currency: str) -> str:
    """Every figure with its 95 % interval below."""
    several = len({score.engine for score in scores}) > 1
    heads = (
        *(["engine"] if several else []),
        *("condition", "cases", "accepted", "intent", "slot F1", "WER"),
        *("false accepts", "false orders", "real-time factor", "latency p50, ms", "p95, ms"),
        *(f"booked, {currency}", f"due, {currency}"),
    )
    figures: tuple[tuple[str, Callable[[float], str]], ...] = (
        *((name, share) for name in ("command_acceptance", "intent_accuracy", "slot_f1", "wer")),
        *((name, _whole) for name in ("false_accepts", "false_orders")),
        ("real_time_factor", share),
        *((name, _whole) for name in ("latency_p50_ms", "latency_p95_ms")),
        *((name, lambda micros: money(round(micros))) for name in ("booked_micros", "due_micros")),
    )
    rows = [
        (
            *([score.engine] if several else []),
            score.condition,
            str(score.cases),
            *(_with_interval(getattr(score, name), score.intervals[name], text) for name, text in figures),
        )
        for score in scores
    ]
    return _table(heads, rows) + '<p class="quiet">Small: 95 % intervals, a bootstrap over conversations.</p>'


def _whole(value: float) -> str:
    return f"{value:.0f}"


def _with_interval(value: float | None, ends: Interval | None, text: Callable[[float], str]) -> str:
    if value is None:
        return "-"
    return text(value) if ends is None else f"{text(value)}\n{text(ends[0])}-{text(ends[1])}"


def _table(heads: Iterable[str], rows: Iterable[Iterable[str]], *, words: bool = False) -> str:
    """A second line of a cell is small; cells of `words` are as wide as there is room."""
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in heads)
    body = "".join("<tr>" + "".join(map(_cell, row)) + "</tr>" for row in rows)
    kind = ' class="words"' if words else ""
    return (
        f'<div class="scroll"><table{kind}><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'
    )


def _cell(text: str) -> str:
    first, _, second = text.partition("\n")
    return f"<td>{escape(first)}{f'<small>{escape(second)}</small>' if second else ''}</td>"


def _comparison(comparisons: Sequence[Comparison], differences: Sequence[str]) -> str:
    if not comparisons:
        return ""
    parts = ["<h2>Against the baseline</h2>"]
    parts += [f"<p>Note: {escape(difference)}.</p>" for difference in differences]
    for each in comparisons:
        parts.append(
            f'<h3 class="{"worse" if each.worse else "well"}">{escape(each.engine)}, {escape(each.condition)}: '
            f"{len(each.broke)} broke, {len(each.mended)} mended of {each.pairs}, "
            f"McNemar p = {each.p_value:.3g}</h3>"
        )
        rows = [
            (what, it.audio, it.expected_text, it.text, expected(it), understood(it))
            for what, cases in (("broke", each.broke), ("mended", each.mended))
            for it in cases
        ]
        if rows:
            heads = ("", "recording", "said", "recognised", "expected", "understood")
            parts.append(_table(heads, rows, words=True))
    return "".join(parts)


def _confusion(score: Score, *, shown: bool) -> str:
    """What was taken for what, as a drawing and as a table."""
    labels = sorted({label for pair in score.confusion for label in pair}, key=lambda it: (it == NONE, it))
    totals = {label: sum(n for (row, _), n in score.confusion.items() if row == label) for label in labels}
    head = "".join(f'<th scope="col">{escape(label)}</th>' for label in labels)
    body = []
    for row in labels:
        cells = []
        for column in labels:
            count = score.confusion.get((row, column), 0)
            weight = round(100 * count / totals[row]) if totals[row] else 0
            kind = "right" if row == column else "wrong"
            cells.append(f'<td class="{kind}" style="--weight:{weight}%">{count or ""}</td>')
        body.append(f'<tr><th scope="row">{escape(row)}</th>{"".join(cells)}</tr>')
    name = f"{score.engine}, {score.condition}"
    return (
        f"<details{' open' if shown else ''}><summary>{escape(name)}</summary>"
        f'<div class="scroll"><div class="matrix-chart" style="width: {_width(labels)}px">'
        f"{_matrix(score, labels, totals, name)}</div></div>"
        '<details><summary class="quiet">The same as a table</summary>'
        '<div class="scroll"><table class="matrix"><thead><tr><th>labelled \\ taken for</th>'
        f"{head}</tr></thead><tbody>{''.join(body)}</tbody></table></div></details></details>"
    )


def _matrix(score: Score, labels: Sequence[str], totals: Mapping[str, int], name: str) -> str:
    """A dot a cell, its area the share of the cases of its label, with their number in it."""
    chart = pygal.Dot()
    # It names the chart in its own style sheet, where points and commas would mean something.
    chart.uuid = re.sub(r"\W+", "-", f"confusion-{name}")
    # As many colours as rows, else the library works one out of a colour that it cannot read.
    chart.config.style = page_style(
        (_COLOURS[0],) * len(labels),
        title_size=15,
        label_size=13,
        value_font_size=12,
        value_colors=("var(--ink)",) * len(labels),
    )
    chart.config.js = []
    chart.title = "Rows: labelled; columns: taken for"
    chart.config.width, chart.config.height = _width(labels), 170 + 40 * len(labels)
    chart.config.show_legend = False
    chart.config.print_values = True
    chart.config.range = (0, 1)
    chart.config.x_label_rotation = 40
    chart.x_labels = list(labels)
    for row in labels:
        chart.add(row, [_dot(score.confusion.get((row, it), 0), totals[row], row == it) for it in labels])
    return _svg(chart)


def _width(labels: Sequence[str]) -> int:
    """Of the drawing, in pixels: a narrow screen scrolls it, so that its numbers stay to be read."""
    return 260 + 46 * len(labels)


def _dot(count: int, total: int, right: bool) -> dict[str, Any] | None:
    if not count:
        return None
    colour = "var(--good)" if right else "var(--bad)"
    return {
        "value": sqrt(count / total),
        "formatter": lambda _value: str(count),
        "node": {"style": f"fill: {colour}; fill-opacity: .45; stroke: {colour}"},
    }


def _failures(run: Run, conditions: Mapping[str, Condition], folder: Path) -> str:
    failures = [it for it in run.results if not it.right]
    if not failures:
        return "<p>None: every case ended as its label says.</p>"
    parts = []
    if len(failures) > MOST_PLAYERS:
        parts.append(f"<p>{len(failures)}; the first {MOST_PLAYERS} with their sound.</p>")
    parts += [
        _failure(it, _sound(it, conditions[it.condition], run.seed, folder) if place < MOST_PLAYERS else None)
        for place, it in enumerate(failures)
    ]
    return "".join(parts)


def _failure(it: CaseResult, sound: str | None) -> str:
    player = f'<audio controls preload="none" src="{sound}"></audio>' if sound else ""
    mark = ' <b class="worse">false order</b>' if it.false_order else ""
    return (
        f'<article data-of="{escape(f"{it.engine}, {it.condition}")}"><h4>{escape(it.audio)}{mark}</h4>'
        f'<p class="of">{escape(it.engine)}, {escape(it.condition)}</p>{player}<dl>'
        f"<dt>said</dt><dd>{escape(it.expected_text) or '<i>not known</i>'}</dd>"
        f"<dt>recognised</dt><dd>{escape(it.text) or '<i>nothing</i>'}</dd>"
        f"<dt>expected</dt><dd>{escape(expected(it))}</dd>"
        f"<dt>understood</dt><dd>{escape(understood(it))}</dd></dl></article>"
    )


def _sound(it: CaseResult, condition: Condition, seed: int, folder: Path) -> str | None:
    try:
        samples = heard_as(read_samples(folder / it.audio), condition, seed=seed, recording=it.audio)
    except HardwareError:
        return None
    encoded = io.BytesIO()
    soundfile.write(encoded, samples, SAMPLE_RATE, format="FLAC", subtype="PCM_16")
    return f"data:audio/flac;base64,{base64.b64encode(encoded.getvalue()).decode()}"
