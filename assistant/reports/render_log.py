"""How the log looks in a terminal: a line an interaction, and the receipt of one. No arithmetic here.

The lines are made without rich, which lays out a table only when it has all of it: a log may have a million lines.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import click
from rich.cells import cell_len, chop_cells, set_cell_size
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from assistant.characters import printable
from assistant.money import Money
from assistant.reports.render import OUTCOME_STYLES, understood
from assistant.reports.render_statement import WIDE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from rich.console import RenderableType

    from assistant.ledger.transactions import Posting, Transaction
    from assistant.records import Alternative, Interaction, Order, OrderEvent, Reply

NARROW: Final = 80
"""Columns of a terminal under which an interaction takes two lines."""

_AMOUNT: Final = 9
"""Columns of an amount; a larger one pushes its line apart and is never cut."""


def log_lines(lines: Iterable[Mapping[str, Any]], *, plans: Sequence[str], width: int) -> Iterator[str]:
    """The log as lines of at most `width` columns, one interaction after another as they come.

    Args:
        lines: As `assistant.store.journal.money_of` yields them.
        plans: The pricing plans behind them.
        width: Columns of the terminal.
    """
    when_width = 16 if width >= WIDE else 11
    narrow = width < NARROW
    fixed = 6 + 1 + when_width + 1 + (0 if narrow else 10 + 1 + 9 + 1) + 2 * (_AMOUNT + 1)
    heard_width = max(width - fixed, 12)
    for part in _folded(f"Log — what was earned is simulated, plan {', '.join(plans)}", width):
        yield click.style(part, bold=True)
    head = f"{'#':>6} {'when (UTC)':{when_width}} {'heard':{heard_width}}"
    kinds = "" if narrow else f" {'intent':10} {'outcome':9}"
    yield click.style(f"{head}{kinds} {'earned':>{_AMOUNT}} {'cost':>{_AMOUNT}}", dim=True)
    for line in lines:
        when = line["at"].replace("T", " ")[:16] if width >= WIDE else line["at"].replace("T", " ")[5:16]
        heard = _folded(printable(line["transcript"]) or "-", heard_width)
        intent, outcome = printable(line["intent"] or "none"), line["outcome"]
        # Several currencies are told apart; a log of one need not repeat it.
        earned, cost = (
            Money(currency=line["currency"] or "XXX", micros=line[name]) for name in ("revenue", "cost")
        )
        what = (
            ""
            if narrow
            else f" {set_cell_size(intent, 10)} {click.style(f'{outcome:9}', **OUTCOME_STYLES[outcome])}"
        )
        amounts = f"{earned!s:>{_AMOUNT}} {cost!s:>{_AMOUNT}}"
        yield f"{line['number']:>6} {when} {set_cell_size(heard[0], heard_width)}{what} {amounts}"
        indent = " " * (6 + 1 + when_width + 1)
        yield from (f"{indent}{rest}" for rest in heard[1:])
        if narrow:
            yield f"{indent}{click.style(intent, dim=True)} · {click.style(outcome, **OUTCOME_STYLES[outcome])}"


def _folded(text: str, width: int) -> list[str]:
    """`text` in lines of at most `width` columns, between words where that can be."""
    if cell_len(text) <= width:
        return [text]
    lines = [""]
    for word in text.split():
        for piece in chop_cells(word, width):
            if lines[-1] and cell_len(lines[-1]) + 1 + cell_len(piece) > width:
                lines.append("")
            lines[-1] = f"{lines[-1]} {piece}".strip()
    return lines


def interaction_receipt(
    it: Interaction,
    transactions: Sequence[Transaction],
    order: tuple[Order, list[OrderEvent]] | None,
    source: Callable[[Transaction, Posting], str],
    spoken: Reply | None = None,
) -> list[RenderableType]:
    """Everything about one interaction: what was heard, every posting with its rate and the source of it, every
    latency, the order's life, and how the reply was `spoken`, if it was. `source` says where the rate behind a posting
    comes from; empty: it has none."""
    parts: list[RenderableType] = [
        Text(printable(f"Interaction {it.number} — simulated, plan {it.plan}"), style="bold"),
        _grid([*_facts(it), *(_spoken(spoken) if spoken else [])]),
    ]
    if order:
        parts += _life(*order)
    parts.append(Text("\nPostings — debit positive, credit negative", style="bold"))
    for transaction in transactions:
        parts.append(
            Text.assemble(
                (transaction.kind, "bold"),
                (f"  {transaction.at:%Y-%m-%d %H:%M:%S} UTC, plan {transaction.plan}", "dim"),
            )
        )
        sources = dict.fromkeys(filter(None, (source(transaction, p) for p in transaction.postings)))
        rows = [("rate", transaction.description), *(("source", text) for text in sources)]
        parts.append(Padding(_grid(rows), (0, 0, 0, 2)))
        lines = Table.grid(padding=(0, 2, 0, 0))
        lines.add_column(overflow="fold")
        lines.add_column(justify="right", no_wrap=True)
        for posting in transaction.postings:
            amount = posting.amount
            lines.add_row(Text(printable(posting.account)), Text(f"{amount} {amount.currency}"))
        parts.append(Padding(lines, (0, 0, 0, 4)))
    return parts


def _grid(rows: Iterable[tuple[str, str]]) -> Table:
    """Names, and beside them what may need several lines, whatever it holds."""
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(overflow="fold")
    for name, value in rows:
        grid.add_row(printable(name), Text(printable(value)))
    return grid


def _alternative(each: Alternative) -> str:
    return each.text if each.behind is None else f"{each.text} ({each.behind:.1f} behind)"


def _facts(it: Interaction) -> list[tuple[str, str]]:
    effort = it.effort
    return [
        ("id", it.id),
        ("session", it.session),
        ("at", f"{it.at:%Y-%m-%d %H:%M:%S} UTC"),
        ("source", f"{it.source} {it.origin}".strip()),
        ("engine", f"{it.engine} {it.model}".strip()),
        ("heard", it.transcript or "nothing intelligible"),
        ("alternatives", "; ".join(map(_alternative, it.alternatives)) or "-"),
        ("understood", understood(it)),
        (
            "decided by",
            f"{it.step}, likeness {it.score:.3f}; runner-up {it.runner_up or 'none'} {it.runner_up_score:.3f}",
        ),
        ("outcome", it.outcome),
        ("reply", it.reply),
        (
            "audio",
            f"{effort.audio_us / 1e6:.3f} s, {effort.lost_frames} frames lost{', cut off' if it.truncated else ''}",
        ),
        (
            "latency",
            (
                f"endpoint {effort.endpoint_us / 1e3:.1f} ms, recognition {effort.recognition_us / 1e3:.1f} ms, "
                f"understanding {effort.understanding_us / 1e3:.1f} ms"
            ),
        ),
        (
            "processor",
            (
                f"listening {effort.listening_cpu_us / 1e3:.1f} ms, "
                f"recognition {effort.recognition_cpu_us / 1e3:.1f} ms, "
                f"understanding {effort.understanding_cpu_us / 1e3:.1f} ms"
            ),
        ),
        ("versions", f"pennyworth {it.software}, intents {it.catalogue}, plan {it.plan}"),
    ]


def _spoken(reply: Reply) -> list[tuple[str, str]]:
    whole = f"{reply.length_us / 1e6:.1f} s by {reply.voice}{', broken off' if reply.stopped else ''}"
    stages = [f"synthesis {reply.synthesis_us / 1e3:.1f} ms"]
    if reply.start_us is not None:
        stages.append(f"loudspeaker {reply.start_us / 1e3:.1f} ms")
    if reply.silence_us is not None:
        stages.append(f"first sound {reply.silence_us / 1e3:.1f} ms after the end of speech")
    return [("spoken", whole), ("", ", ".join(stages))]


def _life(order: Order, life: Iterable[OrderEvent]) -> list[RenderableType]:
    """What was ordered, and what became of it."""
    rows = [
        (
            event.state.replace("_", " "),
            f"{event.at:%Y-%m-%d %H:%M:%S} UTC{f', {event.reason}' if event.reason else ''}",
        )
        for event in life
    ]
    title = f"\nOrder — {printable(order.description)}, {order.total} {order.total.currency} (simulated)"
    return [Text(title, style="bold"), _grid(rows)]
