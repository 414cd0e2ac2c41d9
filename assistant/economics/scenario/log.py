"""A device's log as the quantities of a scenario, priced by the same rules as its books."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from assistant.ledger.volume import OrderVolume, Volume
from assistant.store.journal import orders, said

if TYPE_CHECKING:
    from assistant.ledger.plan import PricingPlan
    from assistant.money import Money
    from assistant.store.store import Store

_STEPS = ("placed", "completed", "settled", "refunded", "charged_back")


def log_volume(store: Store, plan: PricingPlan | None) -> Volume:
    """What happened in the log, in numbers; orders of each size are a volume of their own.

    Args:
        store: The log, to be read within one snapshot.
        plan: Says which answers have a place for an advert; without one, none has.
    """
    sums: Counter[str] = Counter()
    advertised = set(plan.advertising.intents) if plan and plan.advertising else set()
    for it in said(store):
        effort = it.effort
        sums["typed" if it.source == "typed" else "heard"] += 1
        sums["places"] += it.outcome == "answered" and it.intent in advertised
        for name in ("audio_us", "listening_cpu_us", "recognition_cpu_us", "understanding_cpu_us"):
            sums[name] += getattr(effort, name)
        for name in ("recognition_us", "understanding_us"):
            sums[name] += getattr(effort, name)
    sizes: dict[tuple[str, Money], Counter[str]] = {}
    for order, life in orders(store):
        reached = sizes.setdefault((order.intent, order.total), Counter())
        reached.update(event.state for event in life)
    by_intent: dict[str, tuple[OrderVolume, ...]] = {}
    for (intent, total), reached in sizes.items():
        volume = OrderVolume(total=total, **{step: reached[step] for step in _STEPS})
        by_intent[intent] = (*by_intent.get(intent, ()), volume)
    quantities: Any = {**sums, "orders": by_intent}
    return Volume(**quantities)
