"""What attribution models claim for a fleet's devices, beside what these truly caused.

The models that share out sales work on journeys, which never leave a household: they are added up part by part, so that
memory does not grow with the fleet, and come to what they would on all of it at once. The incremental effect is of what
each household spent in all, which the engine adds up.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from assistant.economics.attribution import heuristics
from assistant.economics.attribution.apportion import by_shares, to_total
from assistant.economics.attribution.downstream import downstream
from assistant.economics.attribution.history import History
from assistant.economics.attribution.incremental import FEWEST, incremental
from assistant.economics.attribution.journeys import DAY_US, before_purchases, without_purchase
from assistant.economics.attribution.markov import removal_effects, transitions
from assistant.economics.attribution.models import MODELS, Parameters
from assistant.economics.attribution.shapley import sales_values
from assistant.economics.fleet.engines import on_duckdb, on_lake
from assistant.economics.fleet.metrics import bought, spending, touches
from assistant.economics.fleet.workers import pool
from assistant.errors import FleetError
from assistant.money import Money

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from assistant.economics.attribution.history import Booleans, Integers
    from assistant.economics.attribution.incremental import Effect
    from assistant.economics.attribution.journeys import Journeys
    from assistant.economics.attribution.models import ModelName
    from assistant.economics.fleet.engines import EngineName
    from assistant.economics.fleet.lake import Lake

_Rule: TypeAlias = "Callable[[History, Journeys], Integers]"


@dataclass(frozen=True, kw_only=True)
class Claim:
    """What one model says that the devices brought about."""

    model: ModelName
    """Its name."""
    estimate: Money
    """All that it credits to anything said; for the incremental model, its estimate."""
    by_kind: dict[str, Money] = field(default_factory=dict)
    """By intent; empty for the incremental model."""
    low: Money | None = None
    """Lower end of the confidence interval, where there is one."""
    high: Money | None = None
    """Upper end."""

    def ratio_to(self, truth: Money | None) -> float | None:
        """How many times the truth it is; None where that is not known, or nothing."""
        return float(Fraction(self.estimate.micros, truth.micros)) if truth else None

    def misplaced(self, truth: dict[str, Money]) -> float | None:
        """The share of its estimate that is with other kinds than those which caused anything, in [0, 1].

        Half the sum of the differences between its shares by kind and the true ones (total variation distance); None
        where either is not known.
        """
        whole, real = (
            sum(each.micros for each in self.by_kind.values()),
            sum(each.micros for each in truth.values()),
        )
        if not whole or not real:
            return None
        kinds = {*self.by_kind, *truth}
        nothing = Money.zero(self.estimate.currency)
        apart = sum(
            abs(
                Fraction(self.by_kind.get(kind, nothing).micros, whole)
                - Fraction(truth.get(kind, nothing).micros, real)
            )
            for kind in kinds
        )
        return float(apart / 2)


@dataclass(frozen=True, kw_only=True)
class Claims:
    """All models on one fleet."""

    currency: str
    """ISO 4217 code."""
    simulated: bool
    """True where households were simulated."""
    truth: Money | None
    """What the devices truly caused; None where that is not known."""
    truth_by_kind: dict[str, Money]
    """The same by intent."""
    bought: Money
    """All that households bought, less what was given back, those held out among them."""
    treated: int
    """Households with a device."""
    held_out: int
    """Households without one."""
    touches: int
    """Things said."""
    parameters: Parameters
    """What the models were told."""
    models: tuple[Claim, ...]
    """In the order of `MODELS`; incremental is missing where fewer than two were held out, or had a device."""

    def of(self, model: ModelName) -> Claim | None:
        """One model's claim; None where it could not be had."""
        return next((each for each in self.models if each.model == model), None)

    @property
    def covered(self) -> bool | None:
        """Whether the interval of the incremental model holds the truth; None where one of them is not known."""
        found = self.of("incremental")
        if found is None or found.low is None or found.high is None or self.truth is None:
            return None
        return found.low.micros <= self.truth.micros <= found.high.micros


def claims(lake: Lake, parameters: Parameters, engine: EngineName = "duckdb", *, workers: int = 1) -> Claims:
    """Every model on the fleet in `lake`, and the truth where it was simulated.

    Args:
        lake: The fleet.
        parameters: For the models; `worth` must be "sales".
        engine: Adds up what households spent. Journeys are read by DuckDB.
        workers: Processes; the result does not depend on it.

    Raises:
        FleetError: nothing was bought in it, or in several currencies.
    """
    if parameters.worth != "sales":
        raise FleetError("on a fleet Shapley values are of sales; leave worth at sales")
    currency, kinds = _currency(lake), _kinds(lake)
    sums = _Sums.none(len(kinds))
    for each in _sums_of_shards(lake, kinds, currency, parameters, workers):
        sums = sums + each
    effect = _incremental(lake, currency, parameters, engine)
    truth = lake.truth

    def money(micros: int) -> Money:
        return Money(currency=currency, micros=micros)

    models = []
    for model in MODELS:
        if model != "incremental":
            credited = sums.credited(model)
            models.append(
                Claim(
                    model=model,
                    estimate=money(sum(credited)),
                    by_kind={kind: money(micros) for kind, micros in zip(kinds, credited, strict=True)},
                )
            )
        elif not isinstance(effect, _Arms):
            models.append(
                Claim(
                    model=model,
                    estimate=money(effect.micros),
                    low=money(effect.low),
                    high=money(effect.high),
                )
            )
    treated, held_out = effect.treated, effect.held_out
    return Claims(
        currency=currency,
        simulated=lake.simulated,
        truth=Money.of(truth["effect"], currency) if truth else None,
        truth_by_kind={kind: Money.of(text, currency) for kind, text in truth["by_kind"].items()}
        if truth
        else {},
        bought=money(sums.bought),
        treated=treated,
        held_out=held_out,
        touches=sums.touches,
        parameters=parameters,
        models=tuple(models),
    )


@dataclass(frozen=True, kw_only=True)
class _Arms:
    """How many there are, where there is no effect to be had."""

    treated: int
    held_out: int


def _shards(lake: Lake) -> list[Lake]:
    """The lake in pieces that no household is in two of."""
    if not lake.simulated:
        return [lake]
    return [replace(lake, parts=(part,)) for part in lake.parts]


def _sums_of_shards(
    lake: Lake, kinds: list[str], currency: str, parameters: Parameters, workers: int
) -> Iterator[_Sums]:
    """In the order of the shards."""
    shards = _shards(lake)
    if workers <= 1 or len(shards) <= 1:
        for shard in shards:
            yield _sums_of(shard, kinds, currency, parameters)
        return
    with pool(min(workers, len(shards))) as staff:
        running = [staff.submit(_sums_of, shard, kinds, currency, parameters) for shard in shards]
        try:
            for future in running:
                yield future.result()
        except BaseException:
            staff.shutdown(wait=True, cancel_futures=True)
            raise


def _sums_of(lake: Lake, kinds: list[str], currency: str, parameters: Parameters) -> _Sums:
    return _Sums.of(read_history(lake, kinds, currency), parameters)


def _currency(lake: Lake) -> str:
    with on_duckdb(lake) as engine:
        each = bought(engine.tables)
        found = sorted(row["currency"] for row in engine.rows(each.select("currency").distinct()))
    if len(found) != 1:
        raise FleetError(
            f"what was bought in {lake.path} is in {', '.join(found)}, which cannot be added; gather one currency"
            if found
            else f"nothing was bought in {lake.path}, so there is nothing to credit"
        )
    return str(found[0])


def _kinds(lake: Lake) -> list[str]:
    with on_duckdb(lake) as engine:
        each = touches(engine.tables)
        return sorted(row["kind"] for row in engine.rows(each.select("kind").distinct()))


def read_history(lake: Lake, kinds: Sequence[str], currency: str) -> History:
    """Touches and purchases of all households of `lake`, as the models want them."""
    with on_duckdb(lake) as engine:
        said = engine.arrow(touches(engine.tables))
        sold = engine.arrow(bought(engine.tables))
        names = engine.arrow(engine.tables.devices.select("household").distinct()).column("household")
        names = names.take(pc.sort_indices(names))
    household = _places(said.column("household"), names)
    us = _whole(said.column("at").cast(pa.int64()))
    order = np.lexsort((us, household))
    buyer = _places(sold.column("household"), names)
    made = pc.index_in(sold.column("id"), value_set=_flat(said.column("made")), skip_nulls=True)
    now_at = np.empty(len(order), dtype=np.int64)
    now_at[order] = np.arange(len(order))
    made_by = _whole(pc.fill_null(made, -1))
    made_by = np.where(made_by >= 0, now_at[made_by], -1) if len(order) else made_by
    refund = _whole(
        pc.fill_null(pc.index_in(sold.column("refund_of"), value_set=_flat(sold.column("id"))), -1)
    )
    return History(
        source=str(lake.path),
        simulated=lake.simulated,
        currency=currency,
        households=len(names),
        kinds=tuple(kinds),
        touch_household=household[order],
        touch_us=us[order],
        touch_kind=_places(said.column("kind"), pa.array(kinds, pa.string()))[order],
        household=buyer,
        us=_whole(sold.column("at").cast(pa.int64())),
        micros=_whole(sold.column("value_micros")),
        made_by=made_by,
        kind=None,
        refund_of=np.where(refund >= 0, refund, np.arange(len(refund))),
        holdout=None,
    )


def _incremental(lake: Lake, currency: str, parameters: Parameters, engine: EngineName) -> Effect | _Arms:
    with on_lake(lake, engine) as opened:
        found = opened.rows(spending(opened.tables))
    micros = np.array([row["micros"] for row in found], dtype=np.int64)
    holdout: Booleans = np.array([bool(row["holdout"]) for row in found])
    treated, held_out = int((~holdout).sum()), int(holdout.sum())
    if min(treated, held_out) < FEWEST:
        return _Arms(treated=treated, held_out=held_out)
    nobody = np.zeros(0, dtype=np.int64)
    everyone = np.arange(len(found))
    # What each household spent is one purchase: the model asks for no more.
    return incremental(
        History(
            source=str(lake.path),
            simulated=lake.simulated,
            currency=currency,
            households=len(found),
            kinds=(),
            touch_household=nobody,
            touch_us=nobody,
            touch_kind=nobody,
            household=everyone,
            us=np.zeros(len(found), dtype=np.int64),
            micros=micros,
            made_by=None,
            kind=None,
            refund_of=everyone,
            holdout=holdout,
        ),
        parameters.confidence,
    )


_RULES: Final[dict[ModelName, _Rule]] = {
    "direct": heuristics.direct,
    "first-touch": heuristics.first_touch,
    "last-touch": heuristics.last_touch,
    "linear": heuristics.linear,
    "position": heuristics.position,
    "downstream": downstream,
}


@dataclass(frozen=True, kw_only=True, eq=False)
class _Sums:
    """What the models need of the journeys, in numbers that add from household to household."""

    touches: int
    bought: int
    """Millionths."""
    touched: int
    """Of those, what some touch precedes within the window."""
    credits: dict[ModelName, Integers]
    """(kinds,) millionths by model."""
    transitions: Integers
    """Of the Markov model."""
    shapley: list[Fraction]
    """(kinds,) exact values."""

    @classmethod
    def none(cls, kinds: int) -> _Sums:
        return cls(
            touches=0,
            bought=0,
            touched=0,
            credits={model: np.zeros(kinds, dtype=np.int64) for model in (*_RULES, "time-decay")},
            transitions=np.zeros((kinds + 1, kinds + 2), dtype=np.int64),
            shapley=[Fraction(0)] * kinds,
        )

    @classmethod
    def of(cls, history: History, parameters: Parameters) -> _Sums:
        window_us = round(parameters.window_days * DAY_US)
        journeys = before_purchases(history, window_us)
        credited = {model: rule(history, journeys) for model, rule in _RULES.items()}
        credited["time-decay"] = heuristics.time_decay(history, journeys, parameters.half_life_days)
        nothing = without_purchase(history, journeys.only(~history.is_refund), window_us)
        sold: Booleans = (history.micros > 0) & ~history.is_refund
        return cls(
            touches=len(history.touch_us),
            bought=int(history.micros.sum()),
            touched=int(history.micros[journeys.length > 0].sum()),
            credits=credited,
            transitions=transitions(history, journeys.only(sold), nothing),
            shapley=sales_values(history, journeys),
        )

    def __add__(self, other: _Sums) -> _Sums:
        return _Sums(
            touches=self.touches + other.touches,
            bought=self.bought + other.bought,
            touched=self.touched + other.touched,
            credits={model: mine + other.credits[model] for model, mine in self.credits.items()},
            transitions=self.transitions + other.transitions,
            shapley=[mine + theirs for mine, theirs in zip(self.shapley, other.shapley, strict=True)],
        )

    def credited(self, model: ModelName) -> list[int]:
        """(kinds,) what a model credits, millionths."""
        if model == "shapley":
            return to_total(self.touched, self.shapley)
        if model == "markov":
            effects = removal_effects(self.transitions)
            if not effects.any():
                return [0] * len(effects)
            return by_shares(self.touched, [float(effect) for effect in effects])
        credited: list[int] = self.credits[model].tolist()
        return credited


def _places(column: Any, values: Any) -> Integers:
    """Where each text stands among `values`, which hold them all."""
    encoded = _flat(column).dictionary_encode()
    place = _whole(pc.index_in(encoded.dictionary, value_set=_flat(values)))
    return place[_whole(encoded.indices)]


def _flat(column: Any) -> Any:
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column


def _whole(column: Any) -> Integers:
    return np.asarray(column).astype(np.int64)
