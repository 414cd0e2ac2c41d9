"""Simulating a fleet into a lake: block by block, in several processes, and going on where a killed run ended."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import as_completed
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, Final

import msgspec
import numpy as np

from assistant.economics.fleet.block import Block, Tally
from assistant.economics.fleet.draw import MOST_KINDS, WEEK_US
from assistant.economics.fleet.lake import (
    FORMAT,
    HEAD,
    TRUTH,
    Lake,
    PartWriter,
    committed,
    locked,
    read_head,
    sweep,
    week_of_us,
    write_json,
)
from assistant.economics.fleet.pricing import check_plan
from assistant.economics.fleet.workers import pool
from assistant.errors import FleetError
from assistant.money import Money

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from assistant.economics.fleet.behaviour import Behaviour
    from assistant.ledger.plan import PricingPlan

FIRST_MONDAY: Final = date(2026, 1, 5)
"""When a fleet begins where nothing else is said."""

_BLOCK_ROWS: Final = 1 << 20
"""A block has so many households that it says or buys about so much at a time at most: memory is bounded by it."""
_MOST_WEEKS: Final = 2_000


@dataclass(frozen=True, kw_only=True)
class Simulation:
    """A fleet: the same one always makes the same lake, with the same version of NumPy."""

    households: int
    """How many, those that are held out among them; at least 1."""
    weeks: int
    """How long; at least 1."""
    seed: int = 0
    """Of all that is drawn; at least 0."""
    behaviour: Behaviour
    """How households behave."""
    plan: PricingPlan
    """What things cost and earn."""
    start: date = FIRST_MONDAY
    """The Monday on which it begins."""
    block_households: int = 1 << 15
    """Households that are drawn together, at most; the result depends on it, as it does on the seed."""

    def __post_init__(self) -> None:
        for name, good, expected in (
            ("households", 1 <= self.households <= 4_000_000_000, "1 to 4,000,000,000"),
            ("weeks", 1 <= self.weeks <= _MOST_WEEKS, f"1 to {_MOST_WEEKS:,}"),
            ("seed", self.seed >= 0, "0 or more"),
            ("block_households", 1 <= self.block_households <= 1 << 17, "1 to 131,072"),
            ("start", self.start.weekday() == 0, f"a Monday, such as {FIRST_MONDAY}"),
        ):
            if not good:
                raise FleetError(f"{name} {getattr(self, name)} cannot be; expected {expected}")
        if len(self.behaviour.talk.mix) > MOST_KINDS:
            raise FleetError(
                f"{self.behaviour.name} has {len(self.behaviour.talk.mix)} intents in its mix; "
                f"expected up to {MOST_KINDS}"
            )
        check_plan(self.plan)

    @property
    def block(self) -> int:
        """Households of a block."""
        behaviour = self.behaviour
        said = max(behaviour.talk.a_week, 1.0)
        bought = max(
            self.weeks * sum(good.a_week * (1 + good.caused) for good in behaviour.buying.goods.values()), 1.0
        )
        return max(1, min(self.block_households, int(_BLOCK_ROWS / max(said, bought))))

    @property
    def blocks(self) -> int:
        """How many blocks there are."""
        return -(-self.households // self.block)

    @property
    def start_us(self) -> int:
        """Microseconds since 1970."""
        return (
            round(datetime(self.start.year, self.start.month, self.start.day, tzinfo=UTC).timestamp())
            * 1_000_000
        )

    def make_block(self, number: int) -> Block:
        """One block; what it draws does not depend on any other."""
        first = number * self.block
        return Block(
            random=np.random.default_rng(np.random.SeedSequence(self.seed, spawn_key=(number,))),
            first=first,
            count=min(self.block, self.households - first),
            weeks=self.weeks,
            start_us=self.start_us,
            seed=self.seed,
            behaviour=self.behaviour,
            plan=self.plan,
        )

    def to_json(self) -> dict[str, Any]:
        """Everything that the lake depends on."""
        plan = {key: value for key, value in msgspec.to_builtins(self.plan).items() if key != "exchange"}
        return {
            "format": FORMAT,
            "made_by": "fleet simulate",
            "simulated": True,
            "households": self.households,
            "weeks": self.weeks,
            "seed": self.seed,
            "start": self.start.isoformat(),
            "block": self.block,
            "blocks": self.blocks,
            "numpy": np.__version__,
            "behaviour": self.behaviour.to_json(),
            "plan": plan,
        }


def simulate(
    simulation: Simulation, out: Path, *, workers: int = 2, progress: Callable[[int, int], None] | None = None
) -> Lake:
    """Write the event logs of `simulation` to the lake `out`, and the truth beside them.

    A run that was killed is gone on with: blocks that were committed stay. The result does not depend on `workers`.

    Args:
        simulation: What to simulate.
        out: The folder; made if need be.
        workers: Processes.
        progress: Told how many blocks are done, of how many.

    Raises:
        FleetError: something else is in `out`, or another program writes to it.
    """
    _check_place(simulation, out)
    with locked(out):
        if not (out / HEAD).exists():
            write_json(out / HEAD, simulation.to_json())
        sweep(out)
        done = {part.name for part in committed(out)}
        left = [number for number in range(simulation.blocks) if _name(number) not in done]
        for count, _ in enumerate(_run(simulation, out, left, workers), start=len(done) + 1):
            if progress:
                progress(count, simulation.blocks)
        lake = Lake.open(out)
        write_json(out / TRUTH, _truth(simulation, lake))
    return lake


def _name(number: int) -> str:
    return f"block-{number:06d}"


def _check_place(simulation: Simulation, out: Path) -> None:
    if out.exists() and not out.is_dir():
        raise FleetError(f"{out} is a file; name a folder with --out")
    if not (out / HEAD).exists():
        if out.exists() and any(each.name != ".lock" for each in out.iterdir()):
            raise FleetError(f"{out} has other things in it; name a new folder with --out")
        return
    there, wanted = read_head(out), simulation.to_json()
    # As it comes back from a file.
    wanted = msgspec.json.decode(msgspec.json.encode(wanted))
    different = [key for key in {**there, **wanted} if there.get(key) != wanted.get(key)]
    if different:
        raise FleetError(
            f"{out} holds another fleet (other {', '.join(different)}); name another folder with --out, or remove it"
        )


def _run(simulation: Simulation, out: Path, blocks: list[int], workers: int) -> Iterator[int]:
    if workers <= 1 or len(blocks) <= 1:
        for number in blocks:
            _write_block(simulation, out, number)
            yield number
        return
    with pool(min(workers, len(blocks))) as staff:
        running = [staff.submit(_write_block, simulation, out, number) for number in blocks]
        try:
            for future in as_completed(running):
                yield future.result()
        except BaseException:
            staff.shutdown(wait=True, cancel_futures=True)
            raise


def _write_block(simulation: Simulation, out: Path, number: int) -> int:
    block = simulation.make_block(number)
    writer = PartWriter(out, _name(number))
    for week, table, groups in block.simulate():
        name = None if week < 0 else week_of_us(simulation.start_us + week * WEEK_US)
        writer.write(table, groups, name)
    writer.commit(tally=msgspec.to_builtins(block.tally))
    return number


def _truth(simulation: Simulation, lake: Lake) -> dict[str, Any]:
    tallies = [msgspec.convert(part.facts["tally"], Tally) for part in lake.parts]
    caused: Counter[str] = Counter()
    micros: Counter[str] = Counter()
    for tally in tallies:
        caused.update(tally.caused)
        micros.update(tally.caused_micros)
    currency = simulation.plan.currency
    held_out = sum(tally.held_out for tally in tallies)
    return {
        "simulated": True,
        "what": "what households bought only because they have the device, less what of it was given back in the time",
        "currency": currency,
        "effect": str(Money(currency=currency, micros=sum(micros.values()))),
        "by_kind": {kind: str(Money(currency=currency, micros=value)) for kind, value in micros.items()},
        "purchases_caused": dict(caused),
        "bought_anyway_by_voice": sum(tally.anyway_by_voice for tally in tallies),
        "treated": simulation.households - held_out,
        "held_out": held_out,
        **{
            key: value
            for key, value in simulation.to_json().items()
            if key not in {"format", "made_by", "simulated"}
        },
    }
