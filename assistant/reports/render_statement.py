"""How statements look in a terminal. No arithmetic here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rich import box
from rich.cells import cell_len
from rich.markup import escape
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rich.console import RenderableType

    from assistant.money import Money
    from assistant.reports.funnel import Funnel
    from assistant.reports.statement import IncomeStatement, Loading

WIDE: Final = 100
"""Columns of a terminal from which there is room for everything."""

_FUNNEL: Final = 72
"""Columns from which the funnel has room to breathe."""

_LEFT_OUT: Final = ("kind", "each", "share", "orders")
"""Columns that are left out where there is no room for them, in this order."""


def statement_table(statement: IncomeStatement, *, width: int = WIDE) -> Table:
    """The income statement, for a terminal of `width` columns; amounts are never cut, whatever its width."""
    rows = [*statement.rows, statement.total]
    columns = {
        statement.by: [row.key for row in rows],
        "kind": [row.kind for row in rows],
        "said": [f"{row.interactions:,}" for row in rows],
        "share": [f"{statement.share(row):.1%}".replace("%", " %") for row in rows],
        "orders": [f"{row.orders_completed:,}" for row in rows],
        "revenue": [str(row.revenue) for row in rows],
        "cost": [str(row.cost) for row in rows],
        "margin": [str(row.margin) for row in rows],
        "each": [str(row.margin_per_interaction) for row in rows],
        "loaded": [str(row.loaded_margin) for row in rows],
    }
    if statement.by != "intent":
        del columns["kind"]
    if statement.loading is None:
        del columns["loaded"]
    for name in _LEFT_OUT:
        if _width(columns) > width:
            columns.pop(name, None)
    if "kind" in columns:
        columns["kind"][-1] = ""
    table = Table(
        title=f"Income statement by {statement.by} — {_basis(statement)}",
        title_style="bold",
        title_justify="left",
        box=box.SIMPLE_HEAD,
        show_edge=False,
        show_footer=True,
        padding=(0, 1, 0, 0) if _width(columns) + len(columns) <= width else 0,
    )
    for number, (name, cells) in enumerate(columns.items()):
        left = number == 0 or name == "kind"
        table.add_column(
            name,
            escape(cells[-1]),
            justify="left" if left else "right",
            no_wrap=number == 0,
            overflow="fold",
        )
    coloured = {"margin": "margin", "loaded": "loaded_margin"}
    for number, row in enumerate(statement.rows):
        table.add_row(
            *(
                Text(cells[number], style=_colour(getattr(row, coloured[name])) if name in coloured else "")
                for name, cells in columns.items()
            )
        )
    return table


def _width(columns: Mapping[str, Sequence[str]]) -> int:
    """Columns of the terminal that the table needs: its cells, and a space between them."""
    return sum(max(map(cell_len, (name, *cells))) for name, cells in columns.items()) + len(columns) - 1


def _basis(statement: IncomeStatement) -> str:
    plan = escape(statement.plan) or "none"
    basis = f"simulated, plan {plan}, {statement.currency}"
    if statement.what_if:
        basis = (
            f"what if, nothing of it was booked: {basis}; the log is under plan {escape(statement.what_if)}"
        )
    if statement.attribution:
        basis = f"{basis}, income from orders by {statement.attribution}"
    for word, time in (("from", statement.since), ("until", statement.until)):
        if time:
            basis = f"{basis}, {word} {time:%Y-%m-%d %H:%M}"
    if statement.zone != "UTC":
        basis = f"{basis}, times of {statement.zone}"
    return basis


def _colour(money: Money) -> str:
    return "red" if money.micros < 0 else "green"


def statement_notes(statement: IncomeStatement) -> list[str]:
    """What stands under the table: what the columns mean, what was loaded on, what was exchanged."""
    notes = list(statement.notes)
    if statement.loading:
        notes += _loading(statement.loading)
    if statement.exchanged:
        notes.append(
            f"Amounts in {', '.join(statement.exchanged)} are stated at the rates of their days ({statement.rates})."
        )
    return notes


def _loading(loading: Loading) -> list[str]:
    days = (loading.until - loading.since).total_seconds() / 86_400
    machines = f"{loading.devices} {'device' if loading.devices == 1 else 'devices'}"
    return [
        (
            f"loaded: the margin with each line's part of what {days:.2f} days of {machines} bring and cost, "
            f"shared out by {loading.by}{':' if loading.items else '; that is nothing under this plan.'}"
        ),
        *(
            f"  {item.account} {item.amount} {item.amount.currency}: {item.rate} ({item.source})"
            for item in loading.items
        ),
    ]


def funnel_tables(funnel: Funnel, *, width: int = WIDE) -> list[RenderableType]:
    """The funnel of each commerce intent, one below the other."""
    parts: list[RenderableType] = [
        Text(
            f"Funnel — simulated, plan {funnel.plan or 'none'}, {funnel.currency}; "
            "a request is one conversation about one thing",
            style="bold",
        )
    ]
    for intent in funnel.intents:
        table = Table(
            title=escape(intent.intent),
            title_justify="left",
            title_style="bold",
            box=box.SIMPLE_HEAD,
            show_edge=False,
            padding=(0, 1, 0, 0) if width >= _FUNNEL else 0,
        )
        table.add_column("stage", no_wrap=True)
        for name in ("came", "share", "lost"):
            table.add_column(name, justify="right", no_wrap=True)
        table.add_column("how", no_wrap=True)
        for name in ("revenue", "cost"):
            table.add_column(name, justify="right", no_wrap=True)
        for stage in intent.stages:
            share = f"{stage.requests / intent.asked:.0%}".replace("%", " %") if intent.asked else "-"
            table.add_row(stage.name, f"{stage.requests:,}", share, "", "", "", "")
            for loss in stage.losses:
                table.add_row("", "", "", f"{loss.requests:,}", loss.how, str(loss.revenue), str(loss.cost))
        kept = intent.kept
        table.add_row("", "", "", "", "kept", str(kept.revenue), str(kept.cost), style="green")
        parts += [Text(), table]
    if not funnel.intents:
        parts.append(Text("Nobody asked for anything that can be bought."))
    outside = funnel.outside
    parts.append(
        Text(
            f"\nNot in it: {outside.interactions:,} {'thing' if outside.interactions == 1 else 'things'} said that "
            f"asked for nothing to buy; revenue {outside.revenue}, cost {outside.cost} {funnel.currency}."
        )
    )
    return parts
