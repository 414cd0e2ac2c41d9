"""How an interaction looks as it happens. No arithmetic here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from rich.text import Text

from assistant.characters import printable
from assistant.dialogue.slots import for_people
from assistant.ledger.transactions import cost, revenue

if TYPE_CHECKING:
    from assistant.pipeline import Receipt
    from assistant.records import Interaction, Order, OrderEvent

OUTCOME_STYLES: Final[dict[str, dict[str, Any]]] = {
    "answered": {"fg": "green"},
    "ordered": {"fg": "green", "bold": True},
    "asked": {"fg": "cyan"},
    "cancelled": {"fg": "yellow"},
    "rejected": {"fg": "red"},
    "failed": {"fg": "red"},
}
"""How outcomes are shown, as click has it."""


def receipt_text(receipt: Receipt, currency: str) -> Text:
    """One interaction as it happens: heard, understood, done, earned, cost."""
    it = receipt.interaction
    text = Text()
    text.append(f"#{it.number}", style="bold")
    text.append(f"  {it.at:%a %H:%M} UTC  ", style="dim")
    text.append(printable(it.intent or "no match"), style="bold" if it.intent else "red")
    text.append(f" · {it.outcome}", style=_style(it.outcome))
    rows = (
        (
            "heard",
            f"“{it.transcript}”" if it.transcript else "nothing intelligible",
            _engine(it),
        ),
        ("understood", understood(it), f"{it.step} {it.score:.2f}"),
        ("done", it.reply, ""),
        (
            "earned",
            f"{revenue(receipt.transactions, currency)} {currency}",
            f"cost {cost(receipt.transactions, currency)}",
        ),
    )
    for name, what, aside in rows:
        text.append(f"\n   {name:<10} ", style="dim")
        text.append(printable(what))
        if aside:
            text.append(f"   {printable(aside)}", style="dim")
    return text


def order_event_text(order: Order, event: OrderEvent) -> Text:
    """What happened to an order after the conversation."""
    text = Text("      ↳ ", style="dim")
    text.append(f"{event.at:%a %H:%M} UTC  ", style="dim")
    text.append(f"{printable(order.description)} ", style="default")
    if event.state == "completed":
        text.append("completed", style="bold green")
        text.append(f", earned {order.rebate} {order.rebate.currency} (simulated)")
        return text
    text.append(event.state.replace("_", " "), style="yellow")
    if event.reason:
        text.append(f": {printable(event.reason)}")
    if event.state == "cancelled":
        text.append("; earned nothing")
    elif event.state in {"refunded", "charged_back"}:
        text.append("; what it had earned was taken back (simulated)")
    return text


def understood(it: Interaction) -> str:
    """The intent and its slots, in words."""
    slots = ", ".join(f"{name} {value}" for name, value in for_people(it.slots).items())
    if it.intent is None:
        return "none of mine"
    return f"{it.intent}: {slots}" if slots else it.intent


def _engine(it: Interaction) -> str:
    if it.source == "typed":
        return "typed"
    return f"{it.engine}, {it.effort.audio_us / 1e6:.1f} s{f', {it.origin}' if it.origin else ''}"


def _style(outcome: str) -> str:
    style = OUTCOME_STYLES[outcome]
    return f"{'bold ' if style.get('bold') else ''}{style['fg']}"
