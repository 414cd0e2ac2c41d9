"""How a chart looks on a page of ours: in the page's own colours, by its custom properties."""

from __future__ import annotations

from typing import Any

from pygal.style import Style


def page_style(colours: tuple[str, ...], *, title_size: int, label_size: int, **more: Any) -> Style:
    """A chart's style.

    Args:
        colours: Of its series, as CSS has them.
        title_size: Of its title, pixels.
        label_size: Of all other words, pixels.
        more: Other settings of the library's style.
    """
    return Style(
        background="transparent",
        plot_background="transparent",
        foreground="var(--ink)",
        foreground_strong="var(--ink)",
        foreground_subtle="var(--rule)",
        guide_stroke_color="var(--rule)",
        major_guide_stroke_color="var(--rule)",
        ci_colors=("var(--quiet)",),
        colors=colours,
        font_family="inherit",
        title_font_size=title_size,
        label_font_size=label_size,
        major_label_font_size=label_size,
        legend_font_size=label_size,
        opacity=".9",
        **more,
    )
