"""The line that matters is true in every corner."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from assistant.ledger.period import PeriodItem
from assistant.money import Money
from assistant.reports.sentence import plural, short, statement_sentence
from assistant.reports.statement import IncomeStatement, Loading, income_statement, load
from tests.assistant.examples import NOW


def statement(*rows: tuple[str, int, str, str], overhead: str = "") -> IncomeStatement:
    """By intent: (intent, interactions, revenue, cost) each, and what the time cost, shared out by interactions."""
    lines: list[dict[str, Any]] = [
        {
            "key": key,
            "kind": "all",
            "currency": "USD",
            "quarter": None,
            "interactions": said,
            "revenue_micros": Money.of(revenue, "USD").micros,
            "cost_micros": Money.of(cost, "USD").micros,
        }
        for key, said, revenue, cost in rows
    ]
    made = income_statement(lines, by="intent", plans=["home"], currency="USD")
    if not overhead:
        return made
    item = PeriodItem(account="Expenses:Overhead", amount=Money.of(overhead, "USD"), rate="", source="")
    return load(made, Loading(since=NOW, until=NOW, devices=1, items=(item,), by="interactions"))


END = " (simulated, plan home)."


@pytest.mark.parametrize(
    ("rows", "sold", "expected"),
    [
        # 0.1517 is left of 0.2517, and 0.41 was to be paid for.
        (
            [("music", 93, "0", "0.41"), ("pizza", 4, "0.2017", "0.05"), ("ride", 3, "0.05", "0.05")],
            {"pizza": 2, "ride": 1},
            "93 % of what was said earned 0.00 and cost 0.41 USD; 2 pizzas and 1 ride paid for 37 % of it",
        ),
        ([], {}, "Nothing was said, so nothing was earned and nothing spent"),
        (
            [("music", 3, "0", "0.5")],
            {},
            "100 % of what was said earned 0.00 and cost 0.50 USD; nothing was sold",
        ),
        (
            [("music", 3, "0", "0")],
            {},
            "100 % of what was said earned 0.00 and cost 0.00 USD; nothing was sold",
        ),
        (
            [("pizza", 3, "1", "0.1")],
            {"pizza": 1},
            "Everything that was said earned something; 1 pizza earned 1.00 USD",
        ),
        (
            [("music", 1, "0", "0.1"), ("pizza", 1, "1", "0")],
            {"pizza": 1},
            "50 % of what was said earned 0.00 and cost 0.10 USD; 1 pizza paid for 1,000 % of it",
        ),
        (
            [("music", 1, "0", "0.001"), ("pizza", 1, "1", "0")],
            {"pizza": 1},
            "50 % of what was said earned 0.00 and cost 0.001000 USD; 1 pizza paid for it 1,000 times over",
        ),
        (
            [("music", 1, "0", "0"), ("pizza", 1, "1", "0")],
            {"pizza": 1},
            "50 % of what was said earned 0.00 and cost 0.00 USD; 1 pizza earned 1.00 USD",
        ),
        (
            [("music", 1, "0", "0.1"), ("ride", 1, "0.02", "0.5")],
            {"ride": 1},
            (
                "50 % of what was said earned 0.00 and cost 0.10 USD; "
                "1 ride earned 0.02 USD and did not pay for itself"
            ),
        ),
        (
            [("music", 1, "0", "0.1"), ("ride", 1, "0.02", "0.5")],
            {"ride": 2},
            (
                "50 % of what was said earned 0.00 and cost 0.10 USD; "
                "2 rides earned 0.02 USD and did not pay for themselves"
            ),
        ),
        # Refunded: it earned nothing in the end, or in this time less than that.
        (
            [("pizza", 2, "0", "0.3")],
            {},
            "100 % of what was said earned 0.00 and cost 0.30 USD; nothing was sold",
        ),
        (
            [("music", 1, "0", "0.1"), ("pizza", 1, "-0.5", "0.3")],
            {},
            "50 % of what was said earned 0.00 and cost 0.10 USD; pizza gave back 0.50 USD more than was earned",
        ),
        # An order of yesterday completed today, and nothing was said.
        (
            [("pizza", 0, "1", "0")],
            {"pizza": 1},
            "Nothing was said in this time; 1 pizza earned 1.00 USD",
        ),
        # Adverts earn without an order.
        (
            [("weather", 1, "0", "0.01"), ("music", 1, "0.006", "0.001")],
            {},
            "50 % of what was said earned 0.00 and cost 0.01 USD; income from music paid for 50 % of it",
        ),
        (
            [
                ("weather", 1, "0", "1"),
                ("music", 1, "0.1", "0"),
                ("taxi", 1, "0.1", "0"),
                ("bus", 1, "0.1", "0"),
            ],
            {"taxi": 2, "bus": 2},
            (
                "25 % of what was said earned 0.00 and cost 1.00 USD; "
                "2 buses, 2 taxis and other income from music paid for 30 % of it"
            ),
        ),
        # Nearly all is not all, and a little is not nothing.
        (
            [("music", 997, "0", "1"), ("pizza", 3, "0.0011", "0")],
            {"pizza": 1},
            "99.7 % of what was said earned 0.00 and cost 1.00 USD; 1 pizza paid for 0.1 % of it",
        ),
        (
            [("music", 99_999, "0", "1"), ("pizza", 1, "0.0001", "0")],
            {"pizza": 1},
            (
                "More than 99.9 % of what was said earned 0.00 and cost 1.00 USD; "
                "1 pizza paid for less than 0.1 % of it"
            ),
        ),
    ],
)
def test_the_sentence(rows: list[Any], sold: dict[str, int], expected: str) -> None:
    assert statement_sentence(statement(*rows), sold) == expected + END


def test_costs_are_fully_loaded_where_the_statement_is() -> None:
    """Of 1.00 for ten things said, nine bear 0.90; the pizza is left with 1.00 - 0.10."""
    made = statement(("music", 9, "0", "0"), ("pizza", 1, "1", "0"), overhead="1")
    assert statement_sentence(made, {"pizza": 1}) == (
        "90 % of what was said earned 0.00 and cost 0.90 USD; 1 pizza paid for 100 % of it "
        "(simulated, plan home; costs with the device and overhead, shared out by interactions)."
    )


def test_a_what_if_says_so() -> None:
    made = replace(statement(("music", 1, "0", "1")), what_if="home", plan="maker")
    assert statement_sentence(made, {}).endswith(
        "(what if: nothing of this was booked; simulated, plan maker)."
    )


@pytest.mark.parametrize(
    ("noun", "expected"),
    [
        ("pizza", "pizzas"),
        ("taxi", "taxis"),
        ("bus", "buses"),
        ("grocery", "groceries"),
        ("day", "days"),
        ("box", "boxes"),
        ("lunch", "lunches"),
    ],
)
def test_plurals(noun: str, expected: str) -> None:
    assert plural(noun) == expected


@pytest.mark.parametrize(
    ("micros", "expected"),
    [
        (0, "0.00"),
        (1, "0.000001"),
        (-9_999, "-0.009999"),
        (10_000, "0.01"),
        (414_999, "0.41"),
        (415_001, "0.42"),
        (-1_234_567_890, "-1,234.57"),
    ],
)
def test_short_amounts_never_vanish(micros: int, expected: str) -> None:
    assert short(Money(currency="USD", micros=micros)) == expected
