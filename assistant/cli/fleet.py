"""`pennyworth fleet`: many devices, simulated or gathered."""

from __future__ import annotations

import json
from datetime import UTC
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import click

from assistant.cli.options import Settings, console, global_options, json_option
from assistant.cli.plans import PlanShelf
from assistant.cli.pnl import print_profit
from assistant.cli.shared_options import (
    amounts_options,
    confidence_option,
    period_options,
    weighing_options,
)
from assistant.cli.when import When, aware
from assistant.economics.attribution.models import Parameters
from assistant.economics.fleet.behaviour import load_behaviour
from assistant.economics.fleet.collect import collect
from assistant.economics.fleet.effect import claims
from assistant.economics.fleet.engines import EngineName, OnLog, on_lake
from assistant.economics.fleet.lake import Lake
from assistant.economics.fleet.simulate import FIRST_MONDAY, Simulation, simulate
from assistant.ledger.exchange import load_rates
from assistant.ledger.plan_file import load_plan
from assistant.reports.fleet import fleet_profit
from assistant.reports.fleet_claims import claims_json, claims_parts
from assistant.reports.profit import Terms
from assistant.reports.sentence import statement_sentence
from assistant.store.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime, tzinfo

    from assistant.ledger.plan import PricingPlan

_ENGINE = click.option(
    "--engine",
    type=click.Choice(get_args(EngineName)),
    help="Where it is added up (default: DuckDB; SQLite for a log).",
)
_WORKERS = click.option(
    "--workers", type=click.IntRange(1, 64), default=2, show_default=True, help="Processes."
)
_FOLDER = click.Path(path_type=Path, file_okay=False)


@click.group(name="fleet")
def command() -> None:
    """Many devices: simulate them or gather their logs, and state what they earn and cost."""


@command.command(name="simulate")
@click.option("--households", type=int, required=True, help="How many, those held out among them.")
@click.option("--weeks", type=int, required=True, help="How long.")
@click.option("--seed", type=int, default=0, show_default=True, help="Of all that is drawn.")
@click.option("--out", type=_FOLDER, required=True, help="Folder for the event logs.")
@click.option(
    "--behaviour",
    default="household",
    show_default=True,
    help="How households behave: a bundled name or a TOML file.",
)
@click.option(
    "--plan", default="home", show_default=True, help="Pricing plan: a bundled name or a TOML file."
)
@click.option(
    "--start",
    type=When(UTC),
    default=FIRST_MONDAY.isoformat(),
    show_default=True,
    help="The Monday on which it begins.",
)
@_WORKERS
@json_option
@global_options
def simulate_fleet(
    *,
    households: int,
    weeks: int,
    seed: int,
    out: Path,
    behaviour: str,
    plan: str,
    start: datetime,
    workers: int,
    as_json: bool,
) -> int:
    """Write the event logs of invented households, and beside them what their devices truly caused.

    The columns are those of a device's log, as Parquet by week. A run that was interrupted goes on where it ended.
    """
    simulation = Simulation(
        households=households,
        weeks=weeks,
        seed=seed,
        behaviour=load_behaviour(behaviour),
        plan=load_plan(plan),
        start=start.date(),
    )

    def progress(done: int, of: int) -> None:
        click.echo(f"\r{done} of {of} blocks", nl=done == of, err=True)

    lake = simulate(simulation, out, workers=workers, progress=progress)
    rows = {table: lake.rows(table) for table in ("interactions", "order_events", "postings", "purchases")}
    if as_json:
        click.echo(
            json.dumps({"simulated": True, "out": str(out), "rows": rows, "truth": lake.truth}, indent=2)
        )
        return 0
    truth = lake.truth or {}
    click.echo(
        f"{rows['interactions']:,} interactions and {rows['order_events']:,} steps of orders of {households:,} "
        f"households in {weeks:,} weeks, simulated: {out}"
    )
    click.echo(
        f"{truth['held_out']:,} households held out; the others' devices truly caused purchases of {truth['effect']} "
        f"{truth['currency']} (truth.json)"
    )
    return 0


@command.command(name="collect")
@click.argument(
    "logs",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    nargs=-1,
    required=True,
    metavar="LOG...",
)
@click.option("--out", type=_FOLDER, required=True, help="Folder that the logs are gathered in.")
@click.option("--no-words", is_flag=True, help="Leave what was said and answered on the devices.")
@json_option
@global_options
def collect_logs(*, logs: tuple[Path, ...], out: Path, no_words: bool, as_json: bool) -> int:
    """Gather the logs of devices, each row once: repeat it as often as you like.

    The logs are only read. Two devices of one name are told apart by their logs.
    """
    gathered = collect(logs, out, words=not no_words)
    if as_json:
        found = [
            {"log": str(each.log), "household": each.household, "new": each.new, "known": each.known}
            for each in gathered
        ]
        click.echo(json.dumps({"out": str(out), "logs": found}, indent=2))
        return 0
    for each in gathered:
        new = each.new.get("interactions", 0)
        click.echo(f"{each.log}: {new:,} new interactions, {each.known:,} there already")
    click.echo(f"{sum(each.new.get('interactions', 0) for each in gathered):,} new in {out}")
    return 0


@command.command(name="pnl")
@click.argument("place", type=click.Path(path_type=Path, exists=True))
@period_options
@amounts_options
@_ENGINE
@json_option
@global_options
@click.pass_obj
def pnl(
    settings: Settings,
    /,
    place: Path,
    by: str,
    since: datetime | None,
    until: datetime | None,
    zone: tzinfo,
    allocate: str,
    currency: str | None,
    rates: str | None,
    engine: EngineName | None,
    as_json: bool,
) -> int:
    """The income statement of a fleet's folder, or of one device's log: the figures of `pennyworth pnl`."""
    terms = Terms(
        plan=None,
        since=aware(since, zone),
        until=aware(until, zone),
        zone=zone,
        currency=(currency or "").upper(),
        rates=load_rates(rates) if rates else None,
        allocate=allocate,
    )
    shelf = PlanShelf(settings)
    if place.is_dir():
        lake = Lake.open(place)
        with on_lake(lake, engine or "duckdb") as opened:
            profit = fleet_profit(opened, by, terms, _plans(shelf, lake))
    elif engine in (None, "sqlite"):
        with Store.open(place, mode="read") as store, store.snapshot():
            profit = fleet_profit(OnLog(store), by, terms, shelf.plan_of)
    else:
        raise click.UsageError(
            f"a log is read by SQLite; for {engine} gather it first: pennyworth fleet collect {place} --out FOLDER"
        )
    if as_json:
        sentence = statement_sentence(profit.by_intent, profit.sold)
        click.echo(json.dumps({**profit.statement.to_json(), "sentence": sentence}, indent=2))
    else:
        print_profit(console(), profit)
    return 0


@command.command(name="attribution")
@click.argument("place", type=click.Path(path_type=Path, exists=True, file_okay=False))
@weighing_options
@confidence_option
@_WORKERS
@_ENGINE
@json_option
@global_options
def attribution(
    *,
    place: Path,
    window: float,
    half_life: float,
    confidence: float,
    workers: int,
    engine: EngineName | None,
    as_json: bool,
) -> int:
    """What each attribution model claims for the devices of a fleet, beside what they truly caused."""
    parameters = Parameters(window_days=window, half_life_days=half_life, confidence=confidence)
    found = claims(Lake.open(place), parameters, engine or "duckdb", workers=workers)
    if as_json:
        click.echo(json.dumps(claims_json(found), indent=2))
    else:
        out = console()
        for part in claims_parts(found):
            out.print(part)
    return 0


def _plans(shelf: PlanShelf, lake: Lake) -> Callable[[Sequence[str]], PricingPlan | None]:
    """Plans by name: the one that a lake was simulated under stands in it."""
    own = lake.plan

    def plan_of(names: Sequence[str]) -> PricingPlan | None:
        return own if own and list(names) in ([], [own.name]) else shelf.plan_of(names)

    return plan_of
