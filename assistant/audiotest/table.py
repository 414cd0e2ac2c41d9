"""A run as tables for the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.markup import escape
from rich.table import Table

from assistant.audiotest.junit import expected, understood
from assistant.money import Money

if TYPE_CHECKING:
    from collections.abc import Sequence

    from assistant.audiotest.compare import Comparison
    from assistant.audiotest.score import Interval, Score


def score_table(scores: Sequence[Score], currency: str) -> Table:
    """One row a condition and engine, 95 % intervals under the shares."""
    table = Table(box=None, pad_edge=False, header_style="bold", expand=False)
    several = len({score.engine for score in scores}) > 1
    if several:
        table.add_column("engine")
    table.add_column("condition")
    heads = ("cases", "accepted", "intent", "slot F1", "WER", "false\naccepts", "false\norders")
    for name in (*heads, "real-time\nfactor", "latency\nms", f"booked\n{currency}"):
        table.add_column(name, justify="right", no_wrap=True)
    for score in scores:
        latency = score.latency_p50_ms, score.latency_p95_ms
        table.add_row(
            *([score.engine] if several else []),
            escape(score.condition),
            str(score.cases) + (f"\n{score.failed} failed" if score.failed else ""),
            f"{share(score.command_acceptance)}\n[dim]{interval(score.intervals['command_acceptance'])}[/dim]",
            share(score.intent_accuracy),
            share(score.slot_f1),
            share(score.wer),
            str(score.false_accepts),
            f"[red]{score.false_orders}[/red]" if score.false_orders else "0",
            share(score.real_time_factor),
            "-" if None in latency else "p50 {:.0f}\n[dim]p95 {:.0f}[/dim]".format(*latency),
            f"{money(score.booked_micros)}\n[dim]of {money(score.due_micros)}[/dim]",
        )
    return table


def comparison_lines(comparisons: Sequence[Comparison], differences: Sequence[str] = ()) -> list[str]:
    """What broke and what was mended, and in what the runs differ, as rich markup."""
    lines = [f"[yellow]note[/yellow]: {escape(difference)}" for difference in differences]
    for each in comparisons:
        verdict = "[red]worse[/red]" if each.worse else "not worse"
        lines.append(
            f"{each.engine}, {escape(each.condition)}: {len(each.broke)} broke, {len(each.mended)} mended, "
            f"of {each.pairs} (McNemar p = {each.p_value:.3g}): {verdict}"
            + (f"; {each.false_orders:+d} false orders" if each.false_orders else "")
            + (f"; {each.unpaired} not in the baseline" if each.unpaired else "")
        )
        lines += [
            f"  [red]broke[/red]  {escape(it.audio)}: expected {escape(expected(it))}; "
            f"heard “{escape(it.text)}”, {escape(understood(it))}"
            for it in each.broke
        ]
        lines += [f"  [green]mended[/green] {escape(it.audio)}" for it in each.mended]
    return lines


def share(value: float | None) -> str:
    """A share or ratio with three digits."""
    return "-" if value is None else f"{value:.3f}"


def interval(ends: Interval | None) -> str:
    """An interval of shares."""
    return "-" if ends is None else f"{ends[0]:.2f}-{ends[1]:.2f}"


def money(micros: int) -> str:
    """An amount to the cent; the documents keep the millionths."""
    whole = Money(currency="XXX", micros=micros)
    return f"{str(whole)[:-4]}"
