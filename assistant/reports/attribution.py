"""Attribution models side by side: for a terminal, and for machines."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING, Any

from rich import box
from rich.cells import cell_len
from rich.markup import escape
from rich.table import Table

from assistant.economics.attribution.history import NO_TOUCH
from assistant.reports.sentence import counted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import RenderableType

    from assistant.economics.attribution.models import Attribution, Comparison

NO_HOLDOUT = "no estimate: nobody was held out; name every household in --households"


def comparison_json(comparison: Comparison) -> dict[str, Any]:
    """The machine-readable comparison; money as decimal strings in currency units."""
    sales = comparison.sales
    models = [_model_json(model) for model in comparison.models]
    if comparison.of("incremental") is None:
        models.append(
            {
                "model": "incremental",
                "parameters": {"confidence": comparison.parameters.confidence},
                "total": None,
                "by_kind": {},
                "low": None,
                "high": None,
                "note": NO_HOLDOUT,
            }
        )
    return {
        "simulated": comparison.simulated,
        "source": comparison.source,
        "currency": comparison.currency,
        "touches": comparison.touches,
        "households": comparison.households,
        "purchases": {
            "count": sales.count,
            "refunds": sales.refunds,
            "value": str(sales.total),
            "touched": str(sales.touched),
            "no_touch": str(sales.total - sales.touched),
        },
        "models": models,
    }


def _model_json(model: Attribution) -> dict[str, Any]:
    document: dict[str, Any] = {
        "model": model.model,
        "parameters": dict(model.parameters),
        "total": str(model.total),
        "by_kind": {kind: str(amount) for kind, amount in model.by_kind.items()},
        "low": str(model.low) if model.low is not None else None,
        "high": str(model.high) if model.high is not None else None,
        "note": model.note,
    }
    if model.standard_error:
        document["standard_error"] = {kind: str(error) for kind, error in model.standard_error.items()}
    if model.model == "downstream":
        document["multiple"] = float(model.multiple) if model.multiple is not None else None
    return document


def comparison_parts(comparison: Comparison, *, width: int) -> Iterator[RenderableType]:
    """What to print: tables of as many models as `width` columns hold, then what cannot stand in a table."""
    sales, currency = comparison.sales, comparison.currency
    origin = "simulated, " if comparison.simulated else ""
    yield (
        f"[bold]Who earned it: {origin}{escape(comparison.source)}[/bold]\n"
        f"{counted(comparison.touches, 'touch')}, {counted(sales.count, 'purchase')}, "
        f"{counted(sales.refunds, 'refund')}: {sales.total} "
        f"{currency}, of it {sales.touched} within {comparison.parameters.window_days:g} days of a touch"
    )
    columns = [model for model in comparison.models if model.by_kind]
    for group in _groups(columns, width):
        yield _table(group)
    for model in columns:
        if model.note:
            yield f"[bold]{model.model}[/bold]: {escape(model.note)}"
    incremental = comparison.of("incremental")
    if incremental is None:
        yield f"[bold]incremental[/bold]: {NO_HOLDOUT}"
    else:
        yield (
            f"[bold]incremental[/bold]: {incremental.total} {currency} ({incremental.low} to {incremental.high}); "
            f"{escape(incremental.note)}"
        )
    yield escape(comparison_sentence(comparison))


def comparison_sentence(comparison: Comparison) -> str:
    """The one thing to take from it."""
    sales, currency = comparison.sales, comparison.currency
    downstream, incremental = comparison.of("downstream"), comparison.of("incremental")
    if not sales.count:
        return "Nothing was bought, so there is nothing to credit."
    sharing = [model for model in comparison.models if model.by_kind and model is not downstream]
    spread = {
        kind: sorted((model.by_kind[kind].micros, model.model) for model in sharing)
        for kind in sharing[0].by_kind
        if kind != NO_TOUCH
    }
    how = "alike by every model here"
    if spread:
        kind, credits_ = max(spread.items(), key=lambda item: item[1][-1][0] - item[1][0][0])
        low, high = credits_[0], credits_[-1]
        if low[0] != high[0]:
            amounts = {model.model: model.by_kind[kind] for model in sharing}
            how = f"differently by each model ({kind}: {amounts[low[1]]} by {low[1]}, {amounts[high[1]]} by {high[1]})"
    sentence = f"The same {sales.total} {currency} of sales is handed out {how}"
    if downstream and downstream.multiple is not None:
        times = f"{float(downstream.multiple):.2f} times over"
        sentence += f", and downstream impact claims what was bought after a touch {times}"
    if incremental is None:
        return f"{sentence}; what of it would not have been bought anyway none of them knows: that takes a holdout."
    return (
        f"{sentence}; what would not have been bought anyway only the holdout tells: {incremental.total} "
        f"({incremental.low} to {incremental.high})."
    )


def _groups(models: list[Attribution], width: int) -> Iterator[list[Attribution]]:
    """Models in the order given, in as few tables as `width` columns allow, as even as they come."""
    if not models:
        return
    wide = max(len(cell) for model in models for cell in (model.model, str(model.total), *_cells(model)))
    # Two for the edges of a table, and two between columns.
    room = width - 2 - max(cell_len(kind) for kind in ("total", *models[0].by_kind))
    tables = ceil(len(models) / max(room // (wide + 2), 1))
    each = ceil(len(models) / tables)
    for begun in range(0, len(models), each):
        yield models[begun : begun + each]


def _table(models: list[Attribution]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, show_footer=True, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("kind", "total", overflow="fold")
    for model in models:
        table.add_column(model.model, str(model.total), justify="right", no_wrap=True)
    for kind, *cells in zip(models[0].by_kind, *(_cells(model) for model in models), strict=True):
        table.add_row(escape(kind), *cells)
    return table


def _cells(model: Attribution) -> list[str]:
    return [
        f"{amount} ±{model.standard_error[kind]}" if kind in model.standard_error else str(amount)
        for kind, amount in model.by_kind.items()
    ]
