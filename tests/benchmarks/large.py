"""A large log, as a household of talkers would leave it after years: every row as the pipeline writes it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from assistant.ledger.rules import book_interaction, book_order_event
from assistant.records import Effort
from assistant.store.store import Store
from tests.assistant.examples import NOW, event, interaction, order, plan

if TYPE_CHECKING:
    from pathlib import Path

    from assistant.records import Interaction, OrderState

INTENTS: Final = ("music", "weather", None, "music", "music", "weather", "music", None, "music", "weather")
ORDERS_EVERY: Final = 50
"""One interaction in so many is an order; of those one in ten is called off, one refunded, eight settled."""
AT_ONCE: Final = 10_000
"""So many interactions are committed together: nobody waits for them to be durable one by one."""
LIFE: Final[tuple[OrderState, ...]] = ("quoted", "confirmed", "placed", "completed", "settled", "refunded")


def write_large_log(path: Path, interactions: int) -> None:
    """Write a log of so many interactions to `path`."""
    rates = plan()
    with Store.open(path) as store:
        for first in range(0, interactions, AT_ONCE):
            with store._writing():  # noqa: SLF001
                for n in range(first, min(first + AT_ONCE, interactions)):
                    it = _interaction(n)
                    store.put("interactions", it.to_row())
                    store._insert((), (), book_interaction(it, rates))  # noqa: SLF001
                    if it.order_id:
                        _live(store, it, n // ORDERS_EVERY)


def effort(n: int) -> Effort:
    """What hearing the `n`th took: speech of one to three seconds."""
    return Effort(
        audio_us=1_200_000 + n % 7 * 300_000,
        listening_cpu_us=40_000 + n % 11 * 5_000,
        recognition_cpu_us=300_000 + n % 13 * 80_000,
        understanding_cpu_us=900 + n % 5 * 100,
        recognition_us=320_000 + n % 13 * 80_000,
        understanding_us=1_000 + n % 5 * 100,
    )


def _interaction(n: int) -> Interaction:
    ordered = n % ORDERS_EVERY == 0
    intent = "pizza" if ordered else INTENTS[n % len(INTENTS)]
    return interaction(
        id=f"01980000-{n:08x}-7000-8000-000000000000",
        session=f"01980000-{n:08x}-7000-8000-000000000001",
        at=NOW + timedelta(seconds=30 * n),
        intent=intent,
        kind="commerce" if ordered else "trivial" if intent else "none",
        outcome="ordered" if ordered else "answered" if intent else "rejected",
        order_id=f"01980000-{n:08x}-7000-8000-000000000002" if ordered else None,
        device=f"speaker {n % 3}",
        effort=effort(n),
    )


def _live(store: Store, it: Interaction, number: int) -> None:
    bought = order(id=it.order_id, interaction_id=it.id, quoted_at=it.at)
    states: tuple[OrderState, ...] = (*LIFE[:3], "cancelled") if number % 10 == 0 else LIFE[:5]
    states = LIFE if number % 10 == 1 else states
    life = [
        event(state, order_id=bought.id, interaction_id=it.id, at=it.at + timedelta(minutes=minutes))
        for minutes, state in enumerate(states)
    ]
    store.put("orders", bought.to_row())
    for place, step in enumerate(life):
        store._insert((), [step], book_order_event(bought, step, life[:place]))  # noqa: SLF001
