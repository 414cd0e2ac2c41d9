"""Plots, drawn on the server as SVG that takes its colours from the page: no script and no style within."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pygal
from markupsafe import Markup

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from assistant.records import Word

KINDS: Final = ("trivial", "commerce", "none")
"""In the order of their colours."""
_WIDTH: Final = 640


def bars_by_kind(
    rows: Sequence[tuple[str, str, float]], *, name: str, title: str, formatter: Callable[[float], str]
) -> Markup:
    """Horizontal bars, one a row of (label, kind, value), in the colour of its kind; the first on top."""
    chart: Any = pygal.HorizontalStackedBar()
    chart.x_labels = [label for label, _, _ in reversed(rows)]
    for kind in KINDS:
        values = [value if each == kind else None for _, each, value in reversed(rows)]
        chart.add(kind if kind != "none" else "not understood", values, formatter=formatter)
    return _svg(chart, name=name, title=title, height=80 + 34 * max(len(rows), 1), formatter=formatter)


def bars_by_day(
    rows: Sequence[tuple[str, float]], *, name: str, title: str, formatter: Callable[[float], str]
) -> Markup:
    """Upright bars, one a day (ISO 8601), under its month and day; at most a year of them."""
    chart: Any = pygal.Bar()
    labels = [day[5:] for day, _ in rows]
    chart.x_labels = labels
    chart.x_labels_major = labels[:: max(1, len(rows) // 6)]
    chart.config.truncate_label = -1
    chart.config.show_minor_x_labels = False
    chart.add("cost", [value for _, value in rows], formatter=formatter)
    return _svg(chart, name=name, title=title, height=260, formatter=formatter, legend=False)


def stages(parts: Mapping[str, float], *, name: str, title: str) -> Markup:
    """One bar of the stages of a latency, milliseconds."""
    chart: Any = pygal.HorizontalStackedBar()
    chart.x_labels = [""]
    for label, value in parts.items():
        chart.add(label, [value])
    return _svg(chart, name=name, title=title, height=150, formatter=lambda value: f"{value:,.0f} ms")


def _svg(
    chart: Any, *, name: str, title: str, height: int, formatter: Callable[[float], str], legend: bool = True
) -> Markup:
    chart.uuid = name
    chart.config.css, chart.config.js = [], []
    chart.config.width, chart.config.height = _WIDTH, height
    chart.config.margin = 8
    chart.config.formatter = formatter
    chart.config.show_legend = legend
    chart.config.legend_at_bottom = True
    chart.config.legend_at_bottom_columns = 3
    chart.config.print_values = False
    # The sizes that labels are laid out by; the page sets them in its style.
    chart.config.style = pygal.style.Style(
        label_font_size=14, major_label_font_size=14, legend_font_size=14, title_font_size=16
    )
    chart.add_xml_filter(_plain)
    drawn = str(chart.render(is_unicode=True, disable_xml_declaration=True))
    # A picture to those who see it, and its title to those who do not: the figures stand in a table beside it.
    return Markup(drawn.replace("<svg ", f'<svg role="img" aria-label="{escape(title, quote=True)}" ', 1))  # noqa: S704


def _plain(root: Any) -> Any:
    """Without script and style of the library's own; those of the page hold."""
    for defs in list(root.iter("defs")):
        for child in list(defs):
            if child.tag in {"script", "style"}:
                defs.remove(child)
    for element in root.iter():
        element.attrib.pop("style", None)
    return root


def waveform(samples: NDArray[np.int16], rate: int, words: Sequence[Word]) -> Markup:
    """The loudness of a recording over time, with its words where they were heard.

    Args:
        samples: Mono, shape (n,).
        rate: Samples a second.
        words: With their times in seconds.
    """
    width, height, middle = 1000, 150, 60
    seconds = max(len(samples) / rate, 1e-3)
    columns = np.array_split(np.abs(samples.astype(np.int32)), min(400, max(len(samples), 1)))
    peaks = np.array([column.max() if len(column) else 0 for column in columns], dtype=float)
    heights = 55 * np.sqrt(peaks / max(float(peaks.max()), 1.0))
    step = width / len(peaks)
    path = "".join(
        f"M{place * step:.1f} {middle - each:.1f}V{middle + each:.1f}" for place, each in enumerate(heights)
    )
    marks = []
    for number, word in enumerate(words):
        left, right = (1000 * min(at / seconds, 1.0) for at in (word.start_s, word.end_s))
        # Long words in a short time must not be written over each other: two lines take turns.
        baseline = 128 if number % 2 == 0 else 146
        marks.append(
            f'<rect class="word" x="{left:.1f}" y="0" width="{max(right - left, 1):.1f}" height="116"></rect>'
            f'<text x="{(left + right) / 2:.1f}" y="{baseline}">{escape(word.text)}</text>'
        )
    said = " ".join(word.text for word in words)
    label = f"Waveform of {seconds:.1f} seconds{f', with the words: {said}' if said else ''}"
    return Markup(  # noqa: S704
        f'<svg class="wave" id="wave" viewBox="0 0 {width} {height}" role="img" '
        f'aria-label="{escape(label, quote=True)}" '
        f'data-seconds="{seconds:.3f}">{"".join(marks)}<path d="{path}"></path>'
        f'<line id="playhead" x1="0" x2="0" y1="0" y2="116"></line></svg>'
    )
