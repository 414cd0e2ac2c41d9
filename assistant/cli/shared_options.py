"""Options that stand alike at several commands: what a statement covers, and how attribution models weigh."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from assistant.cli.when import When, Zone
from assistant.economics.attribution.models import Parameters
from assistant.reports.statement import ALLOCATION_KEYS
from assistant.store.totals import GROUPINGS

if TYPE_CHECKING:
    from collections.abc import Callable

F = TypeVar("F", bound="Callable[..., Any]")

_DEFAULTS: Final = Parameters()

confidence_option: Final = click.option(
    "--confidence",
    type=float,
    default=_DEFAULTS.confidence,
    show_default=True,
    help="Of the interval (incremental).",
)


def weighing_options(function: F) -> F:
    """Add --window and --half-life: which touches count for an attribution model, and how much; days."""
    for option in (
        click.option(
            "--half-life",
            type=float,
            default=_DEFAULTS.half_life_days,
            show_default=True,
            help="Days in which a touch loses half its weight (time-decay).",
        ),
        click.option(
            "--window",
            type=float,
            default=_DEFAULTS.window_days,
            show_default=True,
            help="Days before a purchase in which touches count.",
        ),
    ):
        function = option(function)
    return function


def period_options(function: F) -> F:
    """Add --by, --since, --until and --tz: the lines of a statement, and the time that it covers."""
    for option in (
        click.option(
            "--tz",
            "zone",
            type=Zone(),
            default="UTC",
            show_default=True,
            help="Time zone: UTC, local, or a name.",
        ),
        click.option("--until", type=When(None), help="Only up to this date or time, without it."),
        click.option(
            "--since", type=When(None), help="Only from this date or time on, to the quarter of an hour."
        ),
        click.option(
            "--by", type=click.Choice(GROUPINGS), default="intent", show_default=True, help="What a line is."
        ),
    ):
        function = option(function)
    return function


def amounts_options(function: F) -> F:
    """Add --allocate, --currency and --rates: how a statement shares out the device, and its currency."""
    for option in (
        click.option(
            "--rates", help="Exchange rates: a bundled name or a TOML file (default: those of the plan)."
        ),
        click.option("--currency", help="State it in this currency, at the rates of the days."),
        click.option(
            "--allocate",
            type=click.Choice(tuple(ALLOCATION_KEYS)),
            default="interactions",
            show_default=True,
            help="What the device and overhead are shared out by.",
        ),
    ):
        function = option(function)
    return function
