"""A system over the years: a scenario with the figures of each year, beside what was reported and what happened."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from assistant.config import bundled_names, named_file, nearest, read_toml
from assistant.economics.scenario.draws import SEED
from assistant.economics.scenario.figures import KINDS
from assistant.economics.scenario.files import load_scenario, read_figures, text_in
from assistant.economics.scenario.statement import make_statement
from assistant.errors import ConfigError
from assistant.money import Money

if TYPE_CHECKING:
    from pathlib import Path

    from assistant.economics.scenario.figures import Figure, Figures
    from assistant.economics.scenario.statement import ScenarioStatement

FOLDER = "timelines"
_EVENT_KEYS = ("year", "what", "kind", "source")


@dataclass(frozen=True, kw_only=True)
class Event:
    """Something that happened."""

    year: int
    what: str
    """In a sentence."""
    kind: str
    """Who says so: a kind of figure."""
    source: str


@dataclass(frozen=True, kw_only=True)
class Timeline:
    """The years of a system, as the file has them."""

    name: str
    title: str
    about: str
    scenario: str
    """The one that every year starts from."""
    years: dict[int, Figures]
    """What differs, by year."""
    events: tuple[Event, ...]
    reported: Figures
    """What was published of several years together."""


@dataclass(frozen=True, kw_only=True)
class TimelineYear:
    """One year."""

    statement: ScenarioStatement
    events: tuple[Event, ...]
    cumulative_revenue: Money
    """Since the first year, the price of devices included."""
    cumulative_continuing: Money
    """The part of it that use brings, and not the sale of a device."""
    cumulative_cost: Money

    @property
    def year(self) -> int:
        """Of the calendar."""
        return self.statement.scenario.year

    @property
    def reported_loss(self) -> Figure | None:
        """What was published for this year."""
        return self.statement.scenario.figures.get("reported.loss")


def timeline_names() -> list[str]:
    """The bundled timelines."""
    return bundled_names(FOLDER)


def load_timeline(name_or_path: str) -> Timeline:
    """A bundled timeline, or one from a TOML file.

    Raises:
        ConfigError: it is missing or wrong.
    """
    from pathlib import Path

    is_path = "/" in name_or_path or name_or_path.endswith(".toml")
    path = Path(name_or_path) if is_path else named_file(FOLDER, name_or_path, what="timeline")
    data = read_toml(path)
    known = ("name", "title", "about", "scenario", "years", "events", "reported")
    for key in data:
        if key not in known:
            raise ConfigError(f"{path}: unknown key {key!r}{nearest(key, known)}; known: {', '.join(known)}")
    years: dict[int, Figures] = {}
    for year, tables in _table(data, "years", path).items():
        if not year.isdecimal():
            raise ConfigError(f"{path}: years.{year}: expected a year, like 2018")
        years[int(year)] = read_figures(tables, path, f"years.{year}.")
    reported = {"reported": data["reported"]} if "reported" in data else {}
    return Timeline(
        name=text_in(data, "name", path),
        title=text_in(data, "title", path),
        about=text_in(data, "about", path),
        scenario=text_in(data, "scenario", path),
        years=dict(sorted(years.items())),
        events=tuple(sorted(_events(data, path), key=lambda each: each.year)),
        reported=read_figures(reported, path, ""),
    )


def _table(data: dict[str, Any], key: str, path: Path) -> dict[str, Any]:
    value = data.get(key)
    if not isinstance(value, dict) or not value:
        raise ConfigError(f"{path}: {key} is missing; expected tables of figures by year")
    return value


def _events(data: dict[str, Any], path: Path) -> list[Event]:
    events = []
    for place, each in enumerate(data.get("events", ())):
        where = f"events.{place}"
        for key in each:
            if key not in _EVENT_KEYS:
                raise ConfigError(f"{path}: {where}: unknown key {key!r}{nearest(key, _EVENT_KEYS)}")
        year = each.get("year")
        if type(year) is not int:
            raise ConfigError(f"{path}: {where}.year is {year!r}; expected a year")
        kind = text_in(each, "kind", path, where=where)
        if kind not in KINDS:
            raise ConfigError(f"{path}: {where}.kind is {kind!r}; expected one of {', '.join(KINDS)}")
        events.append(
            Event(
                year=year,
                what=text_in(each, "what", path, where=where),
                kind=kind,
                source=text_in(each, "source", path, where=where),
            )
        )
    return events


def run_timeline(timeline: Timeline, *, seed: int = SEED) -> tuple[TimelineYear, ...]:
    """Every year evaluated; what a year does not say is as in the scenario."""
    base = load_scenario(timeline.scenario)
    found: list[TimelineYear] = []
    zero = Money.zero(base.currency)
    revenue = continuing = cost = zero
    for year, figures in timeline.years.items():
        own = {key: each for key, each in base.own.items() if not key.startswith("reported.")} | dict(figures)
        scenario = replace(base, name=f"{timeline.name}-{year}", year=year, own=own)
        statement = make_statement(scenario, seed=seed)
        by_account = {line.account: line.value for line in statement.lines}
        revenue += statement.revenue.value
        continuing += statement.revenue.value - by_account.get("Income:Devices", zero)
        cost += statement.cost.value
        found.append(
            TimelineYear(
                statement=statement,
                events=tuple(each for each in timeline.events if each.year == year),
                cumulative_revenue=revenue,
                cumulative_continuing=continuing,
                cumulative_cost=cost,
            )
        )
    return tuple(found)


def timeline_json(timeline: Timeline, years: tuple[TimelineYear, ...]) -> dict[str, Any]:
    """The machine-readable years."""

    def figures(year: TimelineYear) -> list[dict[str, Any]]:
        return [each.to_json() for each in timeline.years[year.year].values()]

    return {
        "simulated": True,
        "timeline": timeline.name,
        "scenario": timeline.scenario,
        "currency": years[0].statement.scenario.currency if years else None,
        "years": [
            {
                "year": each.year,
                "interactions": each.statement.interactions,
                "devices": float(each.statement.scenario.figures["usage.devices"].value),
                "revenue": str(each.statement.revenue.value),
                "cost": str(each.statement.cost.value),
                "loss": str(-each.statement.margin.value),
                "loss_low": str(-each.statement.margin.high),
                "loss_high": str(-each.statement.margin.low),
                "reported_loss": each.reported_loss.to_json() if each.reported_loss else None,
                "cumulative_revenue": str(each.cumulative_revenue),
                "cumulative_continuing_revenue": str(each.cumulative_continuing),
                "cumulative_cost": str(each.cumulative_cost),
                "events": [
                    {"what": event.what, "kind": event.kind, "source": event.source} for event in each.events
                ],
                "figures": figures(each),
            }
            for each in years
        ],
        "reported": [each.to_json() for each in timeline.reported.values()],
    }
