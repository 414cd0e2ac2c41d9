"""A device's log as a scenario of one's own: what was measured, over a scenario that says the rest."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, replace
from datetime import timedelta
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Final

from assistant.economics.scenario.economy import EFFORT, MICROSECONDS
from assistant.economics.scenario.figures import Figure
from assistant.economics.scenario.log import log_volume
from assistant.errors import ConfigError
from assistant.records import from_stamp, stamp

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from assistant.economics.scenario.files import Scenario
    from assistant.ledger.volume import OrderVolume
    from assistant.store.store import Store

CONFIDENCE: Final = 0.95
"""Of the ranges: how far off a share may be that was counted so few times."""
_PLACES: Final = 12
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class LogScenario:
    """What a log says, in figures."""

    base: Scenario
    """What says all else."""
    interactions: int
    since: datetime
    """The first of them."""
    until: datetime
    """The last."""
    figures: tuple[Figure, ...]
    """Each with the strategy of the base that it belongs to, if any."""


def log_scenario(store: Store, base: Scenario) -> LogScenario:
    """The figures of a log: use, mix, orders, and what an interaction takes of the machine.

    Shares have the range that so few cases leave (Wilson's interval of 95 per cent), use that of a Poisson count. What
    was never said has the share 0, and a range above it.

    Args:
        store: The log, to be read within one snapshot.
        base: Says what no log does: prices, rebates, the life of the machine.

    Raises:
        ConfigError: nothing was said yet, or its orders are in another currency than the base.
    """
    rows = store.rows(
        "SELECT coalesce(intent, 'none') AS intent, count(*) AS number, min(at) AS first, max(at) AS last "
        "FROM interactions GROUP BY 1 ORDER BY 1"
    )
    if not rows:
        raise ConfigError('nothing was said yet in this log; begin with `pennyworth say "play some jazz"`')
    said: Counter[str] = Counter({row["intent"]: row["number"] for row in rows})
    since, until = (
        from_stamp(min(row["first"] for row in rows)),
        from_stamp(max(row["last"] for row in rows)),
    )
    number = said.total()
    days = Fraction(max(until - since, _DAY) // timedelta(microseconds=1), _DAY // timedelta(microseconds=1))
    volume = log_volume(store, None)
    source = f"a log of {number:,} interactions, {since.date()} to {until.date()}"

    def measured(key: str, value: Fraction, unit: str, ends: tuple[float, float] | None = None) -> Figure:
        low, high = ends or (value, value)
        return Figure(
            key=key,
            value=_rounded(value),
            low=min(_rounded(Fraction(low)), _rounded(value)),
            high=max(_rounded(Fraction(high)), _rounded(value)),
            unit=unit,
            kind="measured",
            source=source,
        )

    def share(key: str, part: int, whole: int, unit: str) -> Figure:
        return measured(key, Fraction(part, whole), unit, _wilson(part, whole))

    least, most = _poisson(number)
    figures = [
        measured(
            "usage.interactions_per_device_day",
            number / days,
            "interactions a device and day",
            (least / float(days), most / float(days)),
        )
    ]
    in_base = (key.removeprefix("mix.") for key in base.figures if key.startswith("mix."))
    figures += [
        share(f"mix.{intent}", said[intent], number, "share of interactions")
        for intent in dict.fromkeys([*in_base, *said])
    ]
    for intent, sizes in volume.orders.items():
        figures += _orders(intent, said[intent], sizes, base, share, measured)
    sums = {name: getattr(volume, name) for name in EFFORT}
    sums["audio_us"] += volume.recognition_us + volume.understanding_us  # as long as the machine is occupied
    for name, key in EFFORT.items():
        mean = Fraction(sums[name], number * MICROSECONDS)
        figures.append(measured(key, mean, "seconds an interaction"))
    known = base.figures
    return LogScenario(
        base=base,
        interactions=number,
        since=since,
        until=until,
        figures=tuple(
            replace(each, strategy=known[each.key].strategy if each.key in known else "") for each in figures
        ),
    )


def _orders(
    intent: str, said: int, sizes: tuple[OrderVolume, ...], base: Scenario, share: Any, measured: Any
) -> Iterator[Figure]:
    """How far orders came; shares of nothing are left to the base."""
    other = {size.total.currency for size in sizes} - {base.currency}
    if other:
        raise ConfigError(
            f"the log has orders in {', '.join(sorted(other))} and {base.name} is in {base.currency}; name a scenario "
            "in that currency with --extends"
        )
    placed, completed, refunded, charged_back = (
        sum(getattr(size, step) for size in sizes)
        for step in ("placed", "completed", "refunded", "charged_back")
    )
    steps = (
        ("placed", placed, said, "share of requests"),
        ("completed", completed, placed, "share of orders"),
        ("refunded", refunded, completed, "share of completed orders"),
        (
            "charged_back",
            charged_back,
            completed - refunded,
            "share of completed orders that were not refunded",
        ),
    )
    for name, part, whole, unit in steps:
        if whole:
            yield share(f"orders.{intent}.{name}", part, whole, unit)
    if placed:
        mean = sum((size.total.units * size.placed for size in sizes), Fraction(0)) / placed
        yield measured(f"orders.{intent}.total", mean, f"{base.currency} an order")


def _rounded(value: Fraction) -> Fraction:
    return Fraction(round(value * 10**_PLACES), 10**_PLACES)


def _wilson(part: int, whole: int) -> tuple[float, float]:
    from scipy.stats import binomtest  # takes most of a second to load

    found = binomtest(part, whole).proportion_ci(CONFIDENCE, method="wilson")
    return float(found.low), float(found.high)


def _poisson(number: int) -> tuple[float, float]:
    """Of a count: its exact interval (Garwood)."""
    from scipy.stats import chi2

    tail = (1 - CONFIDENCE) / 2
    return float(chi2.ppf(tail, 2 * number)) / 2, float(chi2.ppf(1 - tail, 2 * number + 2)) / 2


def scenario_text(found: LogScenario, *, name: str, extends: str) -> str:
    """The scenario as a TOML file that extends its base."""
    about = (
        f"{found.interactions:,} interactions from {found.since.date()} to {found.until.date()}, as if a year were "
        "like that. What a log does not say is as in the scenario that this one extends."
    )
    head: dict[str, str | int] = {
        "name": name,
        "title": "What a log says",
        "about": about,
        "year": found.until.year,
        "extends": extends,
    }
    lines = [
        "# Made by `pennyworth scenario from-log`; ranges are what so few cases leave open (95 per cent)."
    ]
    lines += [f"{key} = {_toml(value)}" for key, value in head.items()]
    for each in found.figures:
        of = f"strategy.{_bare(each.strategy)}." if each.strategy else ""
        table = (
            {"value": each.value}
            if each.is_known
            else {"value": each.value, "low": each.low, "high": each.high}
        )
        words = {"unit": each.unit, "kind": each.kind, "source": each.source}
        lines += ["", f"[{of}{'.'.join(map(_bare, each.key.split('.')))}]"]
        lines += [f"{key} = {_decimal(number)}" for key, number in table.items()]
        lines += [f"{key} = {_toml(text)}" for key, text in words.items()]
    return "\n".join(lines) + "\n"


def _decimal(value: Fraction) -> str:
    whole, rest = divmod(round(value * 10**_PLACES), 10**_PLACES)
    return f"{whole}.{rest:0{_PLACES}d}".rstrip("0").removesuffix(".")


def _toml(value: str | int) -> str:
    return json.dumps(value, ensure_ascii=False)


def _bare(name: str) -> str:
    return name if name.replace("-", "").replace("_", "").isalnum() and name.isascii() else _toml(name)


def log_scenario_json(found: LogScenario, *, name: str) -> dict[str, Any]:
    """The machine-readable figures."""
    return {
        "simulated": True,
        "scenario": name,
        "extends": found.base.name,
        "currency": found.base.currency,
        "interactions": found.interactions,
        "since": stamp(found.since),
        "until": stamp(found.until),
        "figures": [each.to_json() for each in found.figures],
    }
