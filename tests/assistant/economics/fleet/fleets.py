"""Small fleets that several tests share."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq

from assistant.economics.fleet.behaviour import load_behaviour
from assistant.economics.fleet.columns import SCHEMAS
from assistant.economics.fleet.simulate import Simulation
from assistant.ledger.plan_file import load_plan

if TYPE_CHECKING:
    from assistant.economics.fleet.lake import Lake


def fleet(**changes: Any) -> Simulation:
    fields: dict[str, Any] = {
        "households": 240,
        "weeks": 2,
        "seed": 7,
        "behaviour": load_behaviour("household"),
        "plan": load_plan("maker"),
        "block_households": 100,
    }
    return Simulation(**{**fields, **changes})


def busy(**buying: Any) -> Any:
    """The bundled behaviour with a lot of buying, and everything else the same."""
    behaviour = load_behaviour("household")
    goods = {name: replace(good, a_week=2.0, caused=0.5) for name, good in behaviour.buying.goods.items()}
    goods["pizza"] = replace(goods["pizza"], refunded=0.2, charged_back=0.2)
    return replace(
        behaviour,
        # Nearly alike, so that no device is silent.
        talk=replace(behaviour.talk, shape=50.0, a_week=12.0),
        buying=replace(behaviour.buying, shape=50.0, goods=goods, settled_after_days=2.0, **buying),
    )


def rows(lake: Lake, table: str) -> list[dict[str, Any]]:
    """All rows of a table."""
    return [
        row
        for file in lake.files(table)
        for row in pq.read_table(file, schema=SCHEMAS[table], partitioning=None).to_pylist()
    ]
