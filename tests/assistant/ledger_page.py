"""The tables of docs/ledger.md, made from the code.

`python -m tests.assistant.ledger_page` writes them into the page again.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import MISSING, fields, is_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, get_args, get_origin, get_type_hints

from assistant.ledger import plan as plan_module
from assistant.ledger.accounts import bundled_chart
from assistant.ledger.chain import GENESIS
from assistant.ledger.plan import PricingPlan
from assistant.ledger.plan_file import load_plan
from assistant.ledger.rules import book_order_event
from assistant.money import Money
from assistant.records import LIFE, OrderState
from tests.assistant.documented import described
from tests.assistant.test_books import live, order_under

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE: Final = Path(__file__).resolve().parents[2] / "docs" / "ledger.md"
TOTAL_MICROS: Final = 19_980_000


def render(page: str) -> str:
    """The page with every table made anew."""
    for name, lines in tables().items():
        begin, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
        if begin not in page or end not in page:
            raise ValueError(f"the page has no place for {name}: expected {begin} and {end}")
        text = "\n".join(lines)
        before, _, rest = page.partition(begin)
        page = f"{before}{begin}\n{text}\n{end}{rest.partition(end)[2]}"
    return page


def tables() -> dict[str, list[str]]:
    """Each table by the name of its place."""
    return {
        "chart": chart(),
        "life": life(),
        "postings": postings(),
        "keys": list(keys()),
        "genesis": [f"`{GENESIS}`"],
    }


def chart() -> list[str]:
    """The chart of accounts."""
    rows = [
        f"| `{line.name}` | {line.type} | {line.normal} | {line.booked} | {line.purpose} |"
        for line in bundled_chart().accounts
    ]
    return ["| account | type | normal side | booked by | what it is for |", "|---|---|---|---|---|", *rows]


def life() -> list[str]:
    """What may follow each state of an order."""
    rows = [
        f"| {before.replace('_', ' ') if before else '(nothing yet)'} | "
        f"{', '.join(sorted(after)).replace('_', ' ') or 'nothing: this is the end'} |"
        for before, after in LIFE.items()
    ]
    return ["| an order that is | may next be |", "|---|---|", *rows]


def postings() -> list[str]:
    """What each step of an order books under the plan `maker`, and what is left in the end."""
    maker = load_plan("maker")
    bought = order_under(maker, TOTAL_MICROS)
    states: tuple[OrderState, ...] = ("quoted", "confirmed", "placed", "completed", "settled", "charged_back")
    events, _ = live(bought, states, maker)
    rows: list[str] = []
    balance: Counter[str] = Counter()
    for number, event in enumerate(events):
        booked = book_order_event(bought, event, events[:number])
        if not booked:
            rows.append(f"| {event.state} | nothing | | |")
        for transaction in booked:
            for posting in transaction.postings:
                balance[posting.account] += posting.amount.micros
                rows.append(
                    f"| {event.state.replace('_', ' ')} | {transaction.kind} | `{posting.account}` | {posting.amount} |"
                )
    rows += [
        f"| in the end | balance | `{account}` | {Money(currency='USD', micros=micros)} |"
        for account, micros in sorted(balance.items())
    ]
    return ["| step | transaction | account | USD |", "|---|---|---|---:|", *rows]


def keys() -> Iterator[str]:
    """Every key of a plan, with what its docstring says of it."""
    yield "| key | what it is | without it |"
    yield "|---|---|---|"
    yield from _keys(PricingPlan, "")


def _keys(kind: type, prefix: str) -> Iterator[str]:
    told = described(plan_module, kind)
    hints = get_type_hints(kind)
    for each in fields(kind):
        if each.name == "exchange":
            continue
        inner = _table(hints[each.name])
        name = f"{prefix}{each.name}"
        if inner:
            many = ".INTENT" if get_origin(hints[each.name]) is dict else ""
            many = "[]" if get_origin(hints[each.name]) is tuple else many
            yield from _keys(inner, f"{name}{many}.")
            continue
        if each.default is MISSING and each.default_factory is MISSING:
            without = "required"
        else:
            default = each.default if each.default is not MISSING else None
            without = "none" if default is None else "empty" if default in ("", ()) else f"`{default}`"
        choice = ", ".join(f"`{word}`" for word in get_args(hints[each.name]) if isinstance(word, str))
        yield f"| `{name}` | {told[each.name]}{f': {choice}' if choice else ''} | {without} |"


def _table(hint: Any) -> type | None:
    """The dataclass of a table of the file, whether it is there once, many times or not at all."""
    for kind in (hint, *get_args(hint)):
        if isinstance(kind, type) and is_dataclass(kind):
            return kind
    return None


def main() -> None:
    """Write the page."""
    PAGE.write_text(render(PAGE.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
