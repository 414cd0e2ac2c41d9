"""The tables of docs/fleet.md, made from the code.

`python -m tests.assistant.fleet_page` writes them into the page again.
"""

from __future__ import annotations

from dataclasses import is_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, get_args, get_type_hints

from assistant.economics.fleet import behaviour as behaviour_module
from assistant.economics.fleet.behaviour import Behaviour, load_behaviour
from assistant.economics.fleet.columns import ADDED, KEYS, SCHEMAS
from assistant.records import Effort, Interaction, Order, OrderEvent
from tests.assistant.documented import described

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE: Final = Path(__file__).resolve().parents[2] / "docs" / "fleet.md"


def render(page: str) -> str:
    """The page with every table made anew."""
    for name, lines in {"keys": keys(), "tables": tables()}.items():
        begin, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
        before, _, rest = page.partition(begin)
        text = "\n".join(lines)
        page = f"{before}{begin}\n{text}\n{end}{rest.partition(end)[2]}"
    return page


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
    PAGE.write_text(render(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
