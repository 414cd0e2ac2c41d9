"""The tables of docs/fleet.md, made from the code, and what attribution claims for a fleet, there and in economics.md.

`python -m tests.assistant.fleet_page` writes them into the page again.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import is_dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final, get_args, get_type_hints

from assistant.economics.fleet import behaviour as behaviour_module
from assistant.economics.fleet.behaviour import Behaviour, load_behaviour
from assistant.economics.fleet.columns import ADDED, KEYS, SCHEMAS
from assistant.records import Effort, Interaction, Order, OrderEvent
from tests.assistant.documented import described

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

SIMULATE: Final = [
    *("pennyworth", "fleet", "simulate", "--households", "200000", "--weeks", "4"),
    *("--seed", "1", "--out", "fleet"),
]
ATTRIBUTION: Final = ["pennyworth", "fleet", "attribution", "fleet"]
PAGE: Final = Path(__file__).resolve().parents[2] / "docs" / "fleet.md"
ECONOMICS: Final = PAGE.with_name("economics.md")


def render(page: str) -> str:
    """The page with every table made anew."""
    return _with(page, {"keys": keys(), "tables": tables()})


def render_claims(page: str) -> str:
    """The page with its example run anew."""
    return _with(page, {"claims": claims()})


def render_economics(page: str) -> str:
    """The page on economics with what the models claim for the same example."""
    return _with(page, {"fleet: attribution against the truth": against_the_truth()})


def _with(page: str, sections: Mapping[str, Iterable[str]]) -> str:
    for name, lines in sections.items():
        begin, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
        before, _, rest = page.partition(begin)
        text = "\n".join(lines)
        page = f"{before}{begin}\n{text}\n{end}{rest.partition(end)[2]}"
    return page


def claims() -> Iterator[str]:
    """A fleet and what is claimed for it, as the commands print it."""
    for arguments in (SIMULATE, ATTRIBUTION):
        yield "```console"
        yield f"$ {' '.join(arguments)}"
        yield from (line.rstrip() for line in output(*arguments).rstrip().splitlines())
        yield "```"


def against_the_truth() -> Iterator[str]:
    """Each model's estimate beside the truth."""
    output(*SIMULATE)
    found = json.loads(output(*ATTRIBUTION, "--json"))
    currency, truth = found["currency"], found["truth"]
    by_model = {claim["model"]: claim for claim in found["models"]}
    holdout = by_model["incremental"]
    verdict = "covers" if found["covered"] else "misses"
    interval = f"{_units(holdout['low'])} to {_units(holdout['high'])}"
    yield (
        f"{found['treated'] + found['held_out']:,} invented households, four weeks, {found['touches']:,} things said, "
        f"**simulated**: their devices truly caused purchases of {_units(truth)} {currency}. Downstream impact claims "
        f"{by_model['downstream']['ratio_to_truth']:.0f} times as much. The {found['held_out']:,} that were held out "
        f"by lot say {_units(holdout['estimate'])}, at 95 % {interval}, which {verdict} it."
    )
    yield ""
    yield "| model | credits to what was said | times the truth | with the wrong intents |"
    yield "|---|---:|---:|---:|"
    for name, claim in by_model.items():
        wrong = "" if claim["misplaced"] is None else f"{claim['misplaced']:.0%}".replace("%", " %")
        yield f"| {name} | {_units(claim['estimate'])} {currency} | {claim['ratio_to_truth']:.2f} | {wrong} |"
    yield f"| **truth** | **{_units(truth)} {currency}** | **1.00** | **0 %** |"
    yield ""
    yield f"`{' '.join(SIMULATE)}`, then `{' '.join(ATTRIBUTION)}`; what is assumed is in [fleet.md](fleet.md)."


def _units(amount: str) -> str:
    return f"{round(Decimal(amount)):,}"


@cache
def output(*arguments: str) -> str:
    """What a command prints in a folder of this run."""
    return subprocess.run(
        [sys.executable, "-m", "assistant.cli", *arguments[1:]],
        cwd=_folder().name,
        env={**os.environ, "PYTHONPATH": str(PAGE.parents[1]), "COLUMNS": "100"},
        check=True,
        capture_output=True,
        text=True,
    ).stdout


@cache
def _folder() -> TemporaryDirectory[str]:
    """Removed when the program ends."""
    return TemporaryDirectory()


def keys() -> Iterator[str]:
    """Every number of the behaviour of households, and its value in the bundled file."""
    yield "| key | what it is | `household` |"
    yield "|---|---|---|"
    for name, what, value in _keys(Behaviour, load_behaviour("household")):
        yield f"| `{name}` | {what} | {value} |"


def _keys(kind: type, example: Any, prefix: str = "") -> Iterator[tuple[str, str, str]]:
    words = described(behaviour_module, kind)
    for name, hint in get_type_hints(kind, include_extras=True).items():
        value = getattr(example, name)
        key = f"{prefix}{name}"
        inner = next((each for each in (hint, *get_args(hint)) if is_dataclass(each)), None)
        if inner is None:
            if name not in {"source", "name", "description", "said"}:
                text = (
                    ", ".join(f"{k} {v:g}" for k, v in value.items())
                    if isinstance(value, dict)
                    else f"{value:g}"
                )
            else:
                text = ""
            yield key, words[name], text
        elif isinstance(value, dict):
            yield key, words[name], ", ".join(value)
            yield from _keys(inner, next(iter(value.values())), f"{key}.INTENT.")  # type: ignore[arg-type]
        elif isinstance(value, tuple):
            yield from _keys(inner, value[0], f"{key}[].")  # type: ignore[arg-type]
        else:
            yield from _keys(inner, value, f"{key}.")  # type: ignore[arg-type]


def tables() -> Iterator[str]:
    """Every column of every table."""
    from assistant import records

    words = {
        "interactions": described(records, Interaction) | described(records, Effort),
        "orders": described(records, Order),
        "order_events": described(records, OrderEvent),
    }
    other = {
        "total_micros": "what the customer pays the partner, millionths",
        "rebate_micros": "what the partner grants when it completes, millionths",
        "notification_micros": "what telling partner and customer costs, millionths",
        "transaction_id": "the transaction",
        "line": "of the transaction, from 1",
        "interaction_id": "the interaction that it goes back to",
        "account": "of the chart",
        "amount_micros": "millionths, debit positive",
        "value_micros": "millionths; a refund is negative",
        "refund_of": "the purchase that a refund takes back",
        "holdout": "kept without a device by lot",
    }
    own = {
        ("purchases", "id"): "of the purchase",
        ("purchases", "at"): "when it was made",
        ("purchases", "kind"): "what was bought: a commerce intent",
        ("devices", "device"): "one of its machines; empty for a household that was held out",
        ("devices", "household"): "every household is there",
    }
    for table, schema in SCHEMAS.items():
        yield f"**{table}** · a row is one of a kind by {', '.join(f'`{each}`' for each in KEYS[table])}"
        yield ""
        yield "| column | type | what it holds |"
        yield "|---|---|---|"
        for column in schema:
            told = own.get((table, column.name)) or words.get(table, {}).get(column.name)
            told = told or other.get(column.name) or ADDED[column.name]
            yield f"| `{column.name}` | {column.type} | {told} |"
        yield ""


if __name__ == "__main__":
    ECONOMICS.write_text(render_economics(ECONOMICS.read_text(encoding="utf-8")), encoding="utf-8")
    PAGE.write_text(render_claims(render(PAGE.read_text(encoding="utf-8"))), encoding="utf-8")
