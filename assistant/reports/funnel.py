"""The funnel of each thing that can be bought: how far requests came, how the others were lost, what each cost.

A request is one conversation about one intent: turns of one session that belong together. A turn that was not
understood belongs to what the conversation was about; outside a conversation it is a request for the nearest intent,
if that can be bought, and else for nothing. Everything that was booked on a turn, whenever it was, goes with it.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from assistant.money import Money
from assistant.reports.statement import to_millionths

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from assistant.store.turns import Step

STAGES: Final = ("asked", "understood", "confirmed", "placed", "completed", "kept")
"""asked: it was said, or something near it. understood: all that is needed was known, and the order was read back
with its price, or was refused. confirmed: a clear yes. placed: the partner has it. completed: the partner has carried
it out. kept: neither refunded nor charged back, so far."""


@dataclass(frozen=True, kw_only=True)
class Loss:
    """Requests that came to one stage and no further, in one way."""

    how: str
    """"misheard", "cancelled", "no answer", "changed", "refused", "called off", "refunded", "charged back", or "open":
    not at its end yet."""
    requests: int
    """How many."""
    interactions: int
    """Their turns."""
    revenue: Money
    """What they earned all the same (simulated)."""
    cost: Money
    """What they cost directly."""


@dataclass(frozen=True, kw_only=True)
class Stage:
    """One stage."""

    name: str
    """One of `STAGES`."""
    requests: int
    """How many came so far."""
    losses: tuple[Loss, ...]
    """Those of them that came no further, most first; at the last stage there are none."""


@dataclass(frozen=True, kw_only=True)
class IntentFunnel:
    """The funnel of one intent."""

    intent: str
    """What can be bought."""
    stages: tuple[Stage, ...]
    """In the order of `STAGES`."""
    kept: Loss
    """The requests that came to the end."""

    @property
    def asked(self) -> int:
        """All requests."""
        return self.stages[0].requests


@dataclass(frozen=True, kw_only=True)
class Funnel:
    """All of them, and the rest of the log."""

    plan: str
    """The pricing plan, or several with commas."""
    currency: str
    """ISO 4217 code."""
    intents: tuple[IntentFunnel, ...]
    """Most asked for first."""
    outside: Loss
    """What was said and is no request to buy anything: the whole log less the funnels, exactly."""

    def to_json(self) -> dict[str, Any]:
        """The machine-readable funnel; money as decimal strings in currency units."""
        return {
            "simulated": True,
            "plan": self.plan,
            "currency": self.currency,
            "intents": [
                {
                    "intent": each.intent,
                    "stages": [
                        {
                            "stage": stage.name,
                            "requests": stage.requests,
                            "share": round(stage.requests / each.asked, 6) if each.asked else 0.0,
                            "losses": [_document(loss) for loss in stage.losses],
                        }
                        for stage in each.stages
                    ],
                    "kept": _document(each.kept),
                }
                for each in self.intents
            ],
            "outside": _document(self.outside),
        }


@dataclass(kw_only=True)
class _Request:
    intent: str
    turns: list[Mapping[str, Any]] = field(default_factory=list)
    lives: list[Sequence[Step]] = field(default_factory=list)


@dataclass(kw_only=True)
class Sums:
    """What is added up, exactly, in millionths of the currency of the statement."""

    requests: int = 0
    interactions: int = 0
    revenue: Fraction = Fraction(0)
    cost: Fraction = Fraction(0)
    booked: dict[tuple[str, str], tuple[int, int]] = field(default_factory=dict)
    """What is still to be exchanged: currency and day to revenue and cost in millionths of that currency."""

    def exchanged(self, exchange: Exchange) -> Sums:
        """The same with everything in the currency of the statement; a day and a currency at once, which is exact."""
        booked = self.booked.items()
        return Sums(
            requests=self.requests,
            interactions=self.interactions,
            revenue=sum((exchange(revenue, *of) for of, (revenue, _) in booked), self.revenue),
            cost=sum((exchange(cost, *of) for of, (_, cost) in booked), self.cost),
        )


Exchange: TypeAlias = "Callable[[int, str, str], Fraction]"
"""From millionths, their currency and a day to millionths in the currency of the statement."""


def make_funnel(
    turns: Iterable[Mapping[str, Any]],
    orders: Iterable[tuple[str, Sequence[Step]]],
    *,
    trivial: Sums,
    plans: Sequence[str],
    currency: str,
    exchange: Exchange,
) -> Funnel:
    """The funnel over turns and orders as the store yields them.

    Args:
        turns: As `assistant.store.turns.commerce_turns` yields them.
        orders: As `assistant.store.turns.order_lives` yields them.
        trivial: What the rest of the log comes to.
        plans: The pricing plans behind them.
        currency: What to state it in.
        exchange: Into that currency.
    """
    requests, stray = _requests(turns, orders)
    outside = replace(trivial, booked=dict(trivial.booked))
    for turn in stray:
        _add(outside, turn)
    cells: dict[tuple[str, int, str], Sums] = {}
    for request in requests:
        sums = cells.setdefault((request.intent, *_end(request)), Sums())
        sums.requests += 1
        for turn in request.turns:
            _add(sums, turn)
    every = [sums.exchanged(exchange) for sums in (*cells.values(), outside)]
    # Rounded together, so that the parts are exactly the whole.
    revenues, costs = (to_millionths([getattr(sums, name) for sums in every]) for name in ("revenue", "cost"))
    losses = [
        Loss(
            how=how,
            requests=sums.requests,
            interactions=sums.interactions,
            revenue=Money(currency=currency, micros=revenue),
            cost=Money(currency=currency, micros=cost),
        )
        for how, sums, revenue, cost in zip(
            [*(how for _, _, how in cells), "nothing to buy"], every, revenues, costs, strict=True
        )
    ]
    ends: dict[str, dict[tuple[int, str], Loss]] = {}
    for (intent, stage, how), loss in zip(cells, losses, strict=False):
        ends.setdefault(intent, {})[stage, how] = loss
    funnels = [_funnel(intent, of_intent, currency) for intent, of_intent in ends.items()]
    return Funnel(
        plan=", ".join(plans),
        currency=currency,
        intents=tuple(sorted(funnels, key=lambda each: (-each.asked, each.intent))),
        outside=losses[-1],
    )


def _add(sums: Sums, turn: Mapping[str, Any]) -> None:
    sums.interactions += 1
    for held, day, revenue, cost in turn["booked"]:
        earned, spent = sums.booked.get((held, day), (0, 0))
        sums.booked[held, day] = earned + revenue, spent + cost


def _requests(
    turns: Iterable[Mapping[str, Any]], orders: Iterable[tuple[str, Sequence[Step]]]
) -> tuple[list[_Request], list[Mapping[str, Any]]]:
    """The requests, and the turns that were not understood and belong to none."""
    turns = list(turns)
    buyable = {turn["intent"] for turn in turns if turn["kind"] == "commerce"}
    by_session: dict[tuple[str, str], _Request] = {}
    about: dict[str, str] = {}
    of_turn: dict[str, _Request] = {}
    requests: list[_Request] = []
    stray: list[Mapping[str, Any]] = []
    for turn in turns:
        session = turn["session"]
        if turn["kind"] == "commerce":
            about[session] = turn["intent"]
        elif session not in about:
            if turn["runner_up"] not in buyable:
                stray.append(turn)
                continue
            requests.append(_Request(intent=turn["runner_up"], turns=[turn]))
            continue
        key = session, about[session]
        if key not in by_session:
            by_session[key] = _Request(intent=about[session])
            requests.append(by_session[key])
        by_session[key].turns.append(turn)
        of_turn[turn["id"]] = by_session[key]
    for interaction_id, life in orders:
        if interaction_id in of_turn:
            of_turn[interaction_id].lives.append(life)
    return requests, stray


_REACHED: Final = {"quoted": 1, "confirmed": 2, "placed": 3, "completed": 4}
_REASONS: Final = {"no answer": "no answer", "not understood": "misheard", "changed": "changed"}
_OUTCOMES: Final = {
    "rejected": "misheard",
    "cancelled": "cancelled",
    "failed": "refused",
    "asked": "no answer",
}


def _end(request: _Request) -> tuple[int, str]:
    """The furthest stage that a request came to, by its number, and how it was lost there ("kept" at the last)."""
    last = request.turns[-1]
    if not request.lives:
        # A refusal comes after everything was understood; one that could not be understood often enough is over.
        how = _OUTCOMES.get(last["outcome"], "changed")
        if last["outcome"] == "cancelled" and last["kind"] == "none":
            how = "misheard"
        return (1 if how == "refused" else 0), how
    reached = max(max(_REACHED.get(event.state, 0) for event in life) for life in request.lives)
    life = next(
        life
        for life in reversed(request.lives)
        if max(_REACHED.get(event.state, 0) for event in life) == reached
    )
    states = {event.state: event for event in life}
    if reached == 4:
        for state, how in (("refunded", "refunded"), ("charged_back", "charged back")):
            if state in states:
                return 4, how
        return 5, "kept"
    if "cancelled" not in states:
        return reached, "open"
    if reached == 3:
        return 3, "called off"
    if last["outcome"] == "failed":
        return reached, "refused"
    return reached, _REASONS.get(states["cancelled"].reason, "cancelled")


def _funnel(intent: str, ends: Mapping[tuple[int, str], Loss], currency: str) -> IntentFunnel:
    nothing = Loss(
        how="kept", requests=0, interactions=0, revenue=Money.zero(currency), cost=Money.zero(currency)
    )
    return IntentFunnel(
        intent=intent,
        stages=tuple(
            Stage(
                name=name,
                requests=sum(loss.requests for (stage, _), loss in ends.items() if stage >= number),
                losses=tuple(
                    sorted(
                        (loss for (stage, how), loss in ends.items() if stage == number and how != "kept"),
                        key=lambda loss: (-loss.requests, loss.how),
                    )
                ),
            )
            for number, name in enumerate(STAGES)
        ),
        kept=ends.get((len(STAGES) - 1, "kept"), nothing),
    )


def _document(loss: Loss) -> dict[str, Any]:
    return {
        "how": loss.how,
        "requests": loss.requests,
        "interactions": loss.interactions,
        "revenue": str(loss.revenue),
        "cost": str(loss.cost),
    }
