"""`pennyworth attribution`: whom a sale is credited to, model by model."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import click

from assistant.cli.options import Settings, console, global_options, json_option
from assistant.cli.shared_options import confidence_option, weighing_options
from assistant.economics.attribution.files import read_history
from assistant.economics.attribution.log import log_history
from assistant.economics.attribution.models import Parameters, Worth, compare
from assistant.reports.attribution import comparison_json, comparison_parts
from assistant.store.store import Store

if TYPE_CHECKING:
    from assistant.economics.attribution.history import History

_DEFAULTS = Parameters()
_FILE = click.Path(path_type=Path, exists=True, dir_okay=False)


@click.group(name="attribution")
def command() -> None:
    """Whom a sale is credited to: ten models on the same touches and purchases."""


@command.command(name="compare")
@click.option("--touches", type=_FILE, help="Touches of your own: household, time, kind (CSV or Parquet).")
@click.option(
    "--purchases",
    type=_FILE,
    help="Purchases of your own: id, household, time, value, currency (CSV or Parquet).",
)
@click.option("--households", type=_FILE, help="All households, with holdout true or false (CSV or Parquet).")
@weighing_options
@click.option(
    "--worth",
    type=click.Choice(get_args(Worth)),
    default=_DEFAULTS.worth,
    show_default=True,
    help="What a set of kinds is worth (shapley): its sales, or its journeys at their rate.",
)
@click.option(
    "--samples",
    type=int,
    default=_DEFAULTS.samples,
    show_default=True,
    help="Orders drawn where Shapley values cannot be exact.",
)
@click.option("--seed", type=int, default=_DEFAULTS.seed, show_default=True, help="Of what is drawn.")
@confidence_option
@json_option
@global_options
@click.pass_obj
def compare_models(
    settings: Settings,
    /,
    touches: Path | None,
    purchases: Path | None,
    households: Path | None,
    window: float,
    half_life: float,
    worth: Worth,
    samples: int,
    seed: int,
    confidence: float,
    as_json: bool,
) -> int:
    """All models side by side, on the log (its rebates are simulated) or on tables of your own."""
    parameters = Parameters(
        window_days=window,
        half_life_days=half_life,
        worth=worth,
        samples=samples,
        seed=seed,
        confidence=confidence,
    )
    comparison = compare(_history(settings, touches, purchases, households), parameters)
    if as_json:
        click.echo(json.dumps(comparison_json(comparison), indent=2))
    else:
        out = console()
        for part in comparison_parts(comparison, width=out.width):
            out.print(part)
    return 0


def _history(
    settings: Settings, touches: Path | None, purchases: Path | None, households: Path | None
) -> History:
    if touches and purchases:
        return read_history(touches, purchases, households)
    if touches or purchases or households:
        raise click.UsageError("--touches and --purchases go together (and --households with both)")
    with Store.open(settings.db_path, mode="read") as store:
        return log_history(store)
