"""How reports look in a terminal: rich tables and receipts. No arithmetic here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rich import box
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from assistant.ledger.transactions import cost, revenue
from assistant.money import Money

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rich.console import RenderableType

    from assistant.ledger.transactions import Transaction
    from assistant.pipeline import Receipt
    from assistant.records import Interaction, Order, OrderEvent
    from assistant.reports.statement import IncomeStatement

_COLOURS = {
    "answered": "green",
    "ordered": "bold green",
    "asked": "cyan",
    "cancelled": "yellow",
    "rejected": "red",
    "failed": "red",
}


def receipt_text(receipt: Receipt, currency: str) -> Text:
    """One interaction as it happens: heard, understood, done, earned, cost."""
    it = receipt.interaction
    text = Text()
    text.append(f"#{it.number}", style="bold")
    text.append(f"  {it.at:%a %H:%M} UTC  ", style="dim")
    text.append(it.intent or "no match", style="bold" if it.intent else "red")
    text.append(f" · {it.outcome}", style=_COLOURS[it.outcome])
    rows = (
        ("heard", f"“{it.transcript}”" if it.transcript else "nothing intelligible", _engine(it)),
        ("understood", _understood(it), f"{it.step} {it.score:.2f}"),
        ("done", it.reply, ""),
        (
            "earned",
            f"{revenue(receipt.transactions, currency)} {currency}",
            f"cost {cost(receipt.transactions, currency)}",
        ),
    )
    for name, what, aside in rows:
        text.append(f"\n   {name:<10} ", style="dim")
        text.append(what)
        if aside:
            text.append(f"   {aside}", style="dim")
    return text


def order_event_text(order: Order, event: OrderEvent) -> Text:
    """What happened to an order after the conversation."""
    text = Text("      ↳ ", style="dim")
    text.append(f"{event.at:%a %H:%M} UTC  ", style="dim")
    text.append(f"{order.description} ", style="default")
    if event.state == "completed":
        text.append("completed", style="bold green")
        text.append(f", earned {order.rebate} {order.rebate.currency} (simulated)")
    else:
        text.append(event.state, style="yellow")
        text.append(f": {event.reason}; earned nothing")
    return text


WIDE: Final = 100
"""Columns of a terminal from which there is room for what can be left out."""


def statement_table(statement: IncomeStatement, *, width: int = WIDE) -> Table:
    """The income statement, for a terminal of `width` columns; amounts are never cut, whatever its width."""
    kinds = statement.by == "intent" and width >= WIDE
    table = Table(
        title=f"Income statement by {statement.by} — simulated, plan {escape(statement.plan) or 'none'}, "
        f"{statement.currency}",
        title_style="bold",
        box=box.SIMPLE_HEAD,
        show_footer=True,
        pad_edge=False,
        padding=(0, 1) if width >= WIDE else (0, 1, 0, 0),
    )
    total = statement.total
    table.add_column(statement.by, "total", no_wrap=True)
    if kinds:
        table.add_column("kind", "")
    columns = (
        ("said", f"{total.interactions:,}"),
        ("share", "100.0 %" if total.interactions else "-"),
        ("orders", f"{total.orders_completed:,}"),
        ("revenue", str(total.revenue)),
        ("cost", str(total.cost)),
        ("margin", str(total.margin)),
        ("margin each", str(total.margin_per_interaction)),
    )
    for name, footer in columns:
        table.add_column(name, footer, justify="right", overflow="fold")
    for row in statement.rows:
        kind = [row.kind] if kinds else []
        table.add_row(
            escape(row.key),
            *kind,
            f"{row.interactions:,}",
            f"{statement.share(row):.1%}".replace("%", " %"),
            f"{row.orders_completed:,}",
            str(row.revenue),
            str(row.cost),
            Text(str(row.margin), style="red" if row.margin.micros < 0 else "green"),
            str(row.margin_per_interaction),
        )
    return table


def statement_sentence(statement: IncomeStatement) -> str:
    """The line that matters."""
    if not statement.total.interactions:
        return "Nothing was said yet, so nothing was earned and nothing spent."
    idle = [row for row in statement.rows if not row.revenue]
    earning = [row for row in statement.rows if row.revenue]
    said = sum(row.interactions for row in idle)
    idle_cost = sum((row.cost for row in idle), Money.zero(statement.currency))
    share = said / statement.total.interactions
    sentence = f"{share:.0%} of what was said earned 0.000000 and cost {idle_cost}".replace("%", " %")
    if not earning:
        return f"{sentence} {statement.currency}; nothing was sold."
    sold = _listed(
        [f"{row.orders_completed} {row.key}{'s' if row.orders_completed != 1 else ''}" for row in earning]
    )
    return f"{sentence}; {sold} earned {statement.total.revenue} {statement.currency} (simulated)."


def log_table(interactions: Iterable[Interaction], money: dict[str, tuple[Money, Money]]) -> Table:
    """Interactions with what each earned and cost."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("#", justify="right", no_wrap=True)
    table.add_column("when (UTC)", no_wrap=True)
    table.add_column("heard", overflow="fold", ratio=3)
    table.add_column("intent", no_wrap=True)
    table.add_column("outcome", no_wrap=True)
    table.add_column("earned", justify="right", no_wrap=True)
    table.add_column("cost", justify="right", no_wrap=True)
    for it in interactions:
        earned, spent = money[it.id]
        table.add_row(
            str(it.number),
            f"{it.at:%Y-%m-%d %H:%M}",
            escape(it.transcript) or "[dim]-[/dim]",
            it.intent or "[dim]none[/dim]",
            Text(it.outcome, style=_COLOURS[it.outcome]),
            str(earned),
            str(spent),
        )
    return table


def interaction_receipt(
    it: Interaction, transactions: Sequence[Transaction], order: tuple[Order, list[OrderEvent]] | None
) -> list[RenderableType]:
    """Everything about one interaction: what was heard, every posting with its rate, the order's life."""
    facts = Table(box=None, show_header=False, pad_edge=False)
    facts.add_column(style="dim", no_wrap=True)
    facts.add_column(overflow="fold")
    for name, value in _facts(it):
        facts.add_row(name, escape(value))
    parts: list[RenderableType] = [Text(f"Interaction {it.number}", style="bold"), facts]
    if order:
        parts.append(_life_table(*order))
    parts.append(_postings_table(transactions))
    return parts


def _facts(it: Interaction) -> list[tuple[str, str]]:
    effort = it.effort
    return [
        ("id", it.id),
        ("session", it.session),
        ("at", f"{it.at:%Y-%m-%d %H:%M:%S} UTC"),
        ("source", f"{it.source} {it.origin}".strip()),
        ("engine", f"{it.engine} {it.model}".strip()),
        ("heard", it.transcript or "nothing intelligible"),
        ("alternatives", "; ".join(it.alternatives) or "-"),
        ("understood", _understood(it)),
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


def _life_table(order: Order, life: Iterable[OrderEvent]) -> Table:
    table = Table(
        title=f"Order: {escape(order.description)}, {order.total} {order.total.currency} (simulated)",
        box=box.SIMPLE_HEAD,
    )
    for name in ("state", "at (UTC)", "why"):
        table.add_column(name)
    for event in life:
        table.add_row(event.state, f"{event.at:%Y-%m-%d %H:%M:%S}", escape(event.reason))
    return table


def _postings_table(transactions: Iterable[Transaction]) -> Table:
    table = Table(title="Postings — simulated; debit positive, credit negative", box=box.SIMPLE_HEAD)
    table.add_column("transaction")
    table.add_column("account", no_wrap=True)
    table.add_column("amount", justify="right", no_wrap=True)
    table.add_column("rate and plan", overflow="fold")
    for transaction in transactions:
        for line, posting in enumerate(transaction.postings):
            table.add_row(
                transaction.kind if line == 0 else "",
                posting.account,
                f"{posting.amount} {posting.amount.currency}",
                escape(f"{transaction.description}; plan {transaction.plan}") if line == 0 else "",
            )
    return table


def _understood(it: Interaction) -> str:
    slots = ", ".join(f"{name} {value}" for name, value in it.slots.items())
    if it.intent is None:
        return "none of mine"
    return f"{it.intent}: {slots}" if slots else it.intent


def _engine(it: Interaction) -> str:
    if it.source == "typed":
        return "typed"
    return f"{it.engine}, {it.effort.audio_us / 1e6:.1f} s{f', {it.origin}' if it.origin else ''}"


def _listed(things: Sequence[str]) -> str:
    return " and ".join(filter(None, [", ".join(things[:-1]), things[-1]])) if things else ""
