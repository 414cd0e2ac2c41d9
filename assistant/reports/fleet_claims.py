"""Attribution on a fleet beside the truth: for a terminal, and for machines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich import box
from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import RenderableType

    from assistant.economics.fleet.effect import Claim, Claims


def claims_json(found: Claims) -> dict[str, Any]:
    """The machine-readable comparison; money as decimal strings in currency units."""
    return {
        "simulated": found.simulated,
        "currency": found.currency,
        "truth": str(found.truth) if found.truth is not None else None,
        "truth_by_kind": {kind: str(amount) for kind, amount in found.truth_by_kind.items()},
        "bought": str(found.bought),
        "touches": found.touches,
        "treated": found.treated,
        "held_out": found.held_out,
        "covered": found.covered,
        "parameters": {
            "window_days": found.parameters.window_days,
            "half_life_days": found.parameters.half_life_days,
            "confidence": found.parameters.confidence,
        },
        "models": [
            {
                "model": claim.model,
                "estimate": str(claim.estimate),
                "low": str(claim.low) if claim.low is not None else None,
                "high": str(claim.high) if claim.high is not None else None,
                "ratio_to_truth": _rounded(claim.ratio_to(found.truth), 6),
                "misplaced": _rounded(claim.misplaced(found.truth_by_kind), 6),
                "by_kind": {kind: str(amount) for kind, amount in claim.by_kind.items()},
            }
            for claim in found.models
        ],
    }


def claims_parts(found: Claims) -> Iterator[RenderableType]:
    """What to print: the table and what to take from it."""
    origin = "simulated" if found.simulated else "of gathered logs, whose earnings are simulated"
    yield (
        f"[bold]What the devices brought about: {origin}[/bold]\n"
        f"{found.treated:,} households with a device, {found.held_out:,} held out; {found.touches:,} things said; "
        f"{found.bought} {found.currency} bought in all"
    )
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("model")
    for name in ("estimate", "low", "high", "by the truth", "misplaced"):
        table.add_column(name, justify="right", no_wrap=True)
    for claim in found.models:
        ratio, misplaced = claim.ratio_to(found.truth), claim.misplaced(found.truth_by_kind)
        table.add_row(
            claim.model,
            str(claim.estimate),
            str(claim.low) if claim.low is not None else "",
            str(claim.high) if claim.high is not None else "",
            f"{ratio:,.2f}" if ratio is not None else "",
            f"{misplaced:.0%}".replace("%", " %") if misplaced is not None else "",
        )
    if found.truth is not None:
        table.add_row("truth", str(found.truth), "", "", "1.00", "0 %", style="bold")
    yield table
    yield claims_sentence(found)


def claims_sentence(found: Claims) -> str:
    """The one thing to take from it."""
    if found.truth is None:
        why = (
            "truth.json is missing"
            if found.simulated
            else "these are real logs, and nobody was held out in them"
        )
        return f"What the devices truly caused is not known: {why}."
    downstream, held_out = found.of("downstream"), found.of("incremental")
    text = f"The devices truly caused {found.truth} {found.currency}"
    if downstream is not None and (times := downstream.ratio_to(found.truth)) is not None:
        text += f"; downstream impact claims {times:,.1f} times that"
    if held_out is None:
        few = "Nobody was" if not found.held_out else "Too few were"
        return f"{text}. {few} held out, so no model can tell."
    return f"{text}, and the holdout says {_interval(held_out)}, which {'holds' if found.covered else 'misses'} it."


def _interval(claim: Claim) -> str:
    return f"{claim.estimate} ({claim.low} to {claim.high})"


def _rounded(value: float | None, places: int) -> float | None:
    return None if value is None else round(value, places)
