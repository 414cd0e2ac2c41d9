"""Every model by its name, on one history, with money exact to the millionth."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Final, Literal, TypeAlias, get_args

from assistant.economics.attribution import heuristics
from assistant.economics.attribution.apportion import by_shares, to_total
from assistant.economics.attribution.downstream import downstream
from assistant.economics.attribution.history import NO_TOUCH
from assistant.economics.attribution.incremental import incremental
from assistant.economics.attribution.journeys import DAY_US, before_purchases, without_purchase
from assistant.economics.attribution.markov import removal_effects, transitions
from assistant.economics.attribution.shapley import (
    EXACT_KINDS,
    exact_values,
    rate_game,
    sales_values,
    sampled_values,
)
from assistant.errors import AttributionError
from assistant.money import Money

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from assistant.economics.attribution.history import Booleans, History, Integers
    from assistant.economics.attribution.journeys import Journeys

Worth: TypeAlias = Literal["sales", "rate"]
ModelName: TypeAlias = Literal[
    "direct",
    "first-touch",
    "last-touch",
    "linear",
    "time-decay",
    "position",
    "markov",
    "shapley",
    "downstream",
    "incremental",
]
MODELS: Final[tuple[ModelName, ...]] = get_args(ModelName)


@dataclass(frozen=True, kw_only=True)
class Parameters:
    """What the models may be told."""

    window_days: float = 30.0
    """How far before a purchase touches count, in days; above 0."""
    half_life_days: float = 7.0
    """Days in which a touch loses half its weight, for time decay; above 0."""
    worth: Worth = "sales"
    """The game that Shapley values are of: see `shapley`."""
    samples: int = 500
    """Orders drawn for sampled Shapley values; at least 2."""
    seed: int = 0
    """Of the random numbers."""
    confidence: float = 0.95
    """Of intervals, in (0, 1)."""

    def __post_init__(self) -> None:
        for name, good, expected in (
            ("window_days", 0 < self.window_days <= 36_500, "days above 0 and up to 36,500"),
            ("half_life_days", 0 < self.half_life_days < float("inf"), "days above 0"),
            ("samples", self.samples >= 2, "at least 2"),
            ("seed", self.seed >= 0, "0 or more"),
            ("confidence", 0 < self.confidence < 1, "between 0 and 1"),
        ):
            if not good:
                raise AttributionError(f"{name} {getattr(self, name)} cannot be; expected {expected}")


@dataclass(frozen=True, kw_only=True)
class Attribution:
    """What one model makes of a history."""

    model: ModelName
    """Its name."""
    parameters: Mapping[str, float | int | str]
    """What it was told."""
    total: Money
    """All that it hands out; for the incremental model, its estimate."""
    by_kind: Mapping[str, Money]
    """By kind of touch, and under `NO_TOUCH` what was bought with none before it; empty for the incremental model."""
    low: Money | None = None
    """Lower end of the confidence interval of the total, where there is one."""
    high: Money | None = None
    """Upper end."""
    standard_error: Mapping[str, Money] = field(default_factory=dict)
    """By kind, where the model was sampled."""
    multiple: Fraction | None = None
    """For `downstream`: how many times the sales after a touch are claimed; None when there were none."""
    note: str = ""
    """What a reader has to know."""


@dataclass(frozen=True, kw_only=True)
class Sales:
    """What was bought, as it is."""

    count: int
    """Purchases, refunds not counted."""
    refunds: int
    """Purchases of a negative value."""
    total: Money
    """Sum of all values, refunds taken off."""
    touched: Money
    """The part that some touch precedes within the window."""


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """All models on one history."""

    source: str
    """Where it is from."""
    simulated: bool
    """True when the purchases are simulated."""
    currency: str
    """ISO 4217 code."""
    touches: int
    """How many."""
    households: int
    """How many."""
    sales: Sales
    """The truth of what was bought."""
    parameters: Parameters
    """What the models were told."""
    models: tuple[Attribution, ...]
    """In the order of `MODELS`; incremental is missing where nobody was held out."""

    def of(self, model: ModelName) -> Attribution | None:
        """One model's result; None when it could not be had."""
        return next((each for each in self.models if each.model == model), None)


def compare(history: History, parameters: Parameters) -> Comparison:
    """All models on one history, but for the incremental one where nobody was held out."""
    wanted = [name for name in MODELS if name != "incremental" or history.holdout is not None]
    prepared = _Prepared.of(history, parameters)
    touched = prepared.journeys.length > 0
    return Comparison(
        source=history.source,
        simulated=history.simulated,
        currency=history.currency,
        touches=len(history.touch_us),
        households=history.households,
        sales=Sales(
            count=int((history.micros >= 0).sum()),
            refunds=int((history.micros < 0).sum()),
            total=history.money(_sum(history.micros)),
            touched=history.money(_sum(history.micros[touched])),
        ),
        parameters=parameters,
        models=tuple(_ATTRIBUTE[name](prepared) for name in wanted),
    )


def attribute(history: History, model: ModelName, parameters: Parameters) -> Attribution:
    """One model on one history.

    All but `downstream` and `incremental` conserve: their rows sum to what was bought, to the millionth.

    Raises:
        AttributionError: the model cannot be had from this history; the message says why.
    """
    return _ATTRIBUTE[model](_Prepared.of(history, parameters))


@dataclass(frozen=True, kw_only=True, eq=False)
class _Prepared:
    """What several models need, made once."""

    history: History
    parameters: Parameters
    journeys: Journeys

    @classmethod
    def of(cls, history: History, parameters: Parameters) -> _Prepared:
        window_us = round(parameters.window_days * DAY_US)
        return cls(history=history, parameters=parameters, journeys=before_purchases(history, window_us))

    @property
    def nothing(self) -> Journeys:
        """Journeys that no purchase followed; a refund is no end of one."""
        sold = self.journeys.only(~self.history.is_refund)
        return without_purchase(self.history, sold, round(self.parameters.window_days * DAY_US))

    @property
    def touched(self) -> int:
        """Millionths that some touch precedes."""
        return _sum(self.history.micros[self.journeys.length > 0])


def _sum(micros: Integers) -> int:
    # A history's values are known to add up within 64 bits.
    return int(micros.sum())


def _result(
    prepared: _Prepared,
    model: ModelName,
    credited: Sequence[int],
    *,
    parameters: Mapping[str, float | int | str] | None = None,
    note: str = "",
    standard_error: Mapping[str, Money] | None = None,
) -> Attribution:
    """A conserving model's result: what no kind is credited with goes to the row of no touch."""
    history = prepared.history
    by_kind = {kind: history.money(micros) for kind, micros in zip(history.kinds, credited, strict=True)}
    everything = _sum(history.micros)
    by_kind[NO_TOUCH] = history.money(everything - sum(credited))
    return Attribution(
        model=model,
        parameters={"window_days": prepared.parameters.window_days, **(parameters or {})},
        total=history.money(everything),
        by_kind=by_kind,
        note=note,
        standard_error=standard_error or {},
    )


def _direct(prepared: _Prepared) -> Attribution:
    history = prepared.history
    if history.made_by is not None:
        note = "to the touch that made the purchase; bought in any other way is no touch"
    elif history.kind is not None:
        note = "purchases name no touch, so to their own kind where the household touched it in the window"
    else:
        note = "purchases name neither touch nor kind, so nothing is known to be direct"
    return _result(prepared, "direct", heuristics.direct(history, prepared.journeys).tolist(), note=note)


def _rule(
    model: ModelName, rule: Callable[[History, Journeys], Integers]
) -> Callable[[_Prepared], Attribution]:
    return lambda prepared: _result(prepared, model, rule(prepared.history, prepared.journeys).tolist())


def _time_decay(prepared: _Prepared) -> Attribution:
    half_life = prepared.parameters.half_life_days
    credited = heuristics.time_decay(prepared.history, prepared.journeys, half_life)
    return _result(prepared, "time-decay", credited.tolist(), parameters={"half_life_days": half_life})


def _markov(prepared: _Prepared) -> Attribution:
    history = prepared.history
    sold: Booleans = (history.micros > 0) & ~history.is_refund
    effects = removal_effects(transitions(history, prepared.journeys.only(sold), prepared.nothing))
    if not effects.any():
        # Only refunds have touches, if anything has: there is no journey to learn from.
        return _result(prepared, "markov", [0] * len(history.kinds), note="no journey ended in a purchase")
    shares = [float(effect) for effect in effects]
    return _result(prepared, "markov", by_shares(prepared.touched, shares), parameters={"order": 1})


def _shapley(prepared: _Prepared) -> Attribution:
    history, parameters = prepared.history, prepared.parameters
    told: dict[str, float | int | str] = {"worth": parameters.worth}
    kinds = len(history.kinds)
    if parameters.worth == "sales":
        credited = to_total(prepared.touched, sales_values(history, prepared.journeys))
        return _result(prepared, "shapley", credited, parameters=told, note="exact")
    game = rate_game(history, prepared.journeys, prepared.nothing)
    if kinds <= EXACT_KINDS:
        values = exact_values(game.worth(), kinds)
        credited = to_total(prepared.touched, values.tolist())
        return _result(prepared, "shapley", credited, parameters=told, note="exact")
    values, errors = sampled_values(game, samples=parameters.samples, seed=parameters.seed)
    told |= {"samples": parameters.samples, "seed": parameters.seed}
    return _result(
        prepared,
        "shapley",
        to_total(prepared.touched, values.tolist()),
        parameters=told,
        standard_error={
            kind: Money.rounded_up(Fraction(float(error)) / 1_000_000, history.currency)
            for kind, error in zip(history.kinds, errors, strict=True)
        },
        note=f"sampled: {kinds} kinds are more than {EXACT_KINDS}",
    )


def _downstream(prepared: _Prepared) -> Attribution:
    history, touched = prepared.history, prepared.touched
    claimed = downstream(history, prepared.journeys).tolist()
    by_kind = {kind: history.money(micros) for kind, micros in zip(history.kinds, claimed, strict=True)}
    # Nobody claims it: a claim needs a touch.
    by_kind[NO_TOUCH] = history.money(0)
    claims = history.money(sum(claimed))
    multiple = Fraction(claims.micros, touched) if touched > 0 else None
    note = "what was bought after a touch comes to nothing, so there is no multiple"
    if multiple is not None:
        note = (
            f"claims {claims} of {history.money(touched)} {history.currency} bought after a touch: the same sales "
            f"{float(multiple):.2f} times, {claims - history.money(touched)} more than there is"
        )
    return Attribution(
        model="downstream",
        parameters={"window_days": prepared.parameters.window_days},
        total=claims,
        by_kind=by_kind,
        multiple=multiple,
        note=note,
    )


def _incremental(prepared: _Prepared) -> Attribution:
    history, confidence = prepared.history, prepared.parameters.confidence
    effect = incremental(history, confidence)
    note = (
        f"{effect.treated:,} households treated, {effect.held_out:,} held out; Welch's t at {confidence * 100:g} %; "
        f"holds if they were assigned at random, do not affect each other, and are many"
    )
    if effect.exposed:
        note += f"; {effect.exposed:,} held out were touched all the same: an effect of intention to treat"
    return Attribution(
        model="incremental",
        parameters={"confidence": confidence},
        total=history.money(effect.micros),
        by_kind={},
        low=history.money(effect.low),
        high=history.money(effect.high),
        note=note,
    )


_ATTRIBUTE: Final[Mapping[ModelName, Callable[[_Prepared], Attribution]]] = {
    "direct": _direct,
    "first-touch": _rule("first-touch", heuristics.first_touch),
    "last-touch": _rule("last-touch", heuristics.last_touch),
    "linear": _rule("linear", heuristics.linear),
    "time-decay": _time_decay,
    "position": _rule("position", heuristics.position),
    "markov": _markov,
    "shapley": _shapley,
    "downstream": _downstream,
    "incremental": _incremental,
}
