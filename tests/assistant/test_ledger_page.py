"""docs/ledger.md says what the code does."""

from __future__ import annotations

import re

from assistant.config import bundled_names
from tests.assistant.ledger_page import PAGE, keys, render


def test_the_tables_are_those_of_the_code() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert render(page) == page, "run python -m tests.assistant.ledger_page"


def test_every_bundled_plan_and_table_of_rates_is_named() -> None:
    page = PAGE.read_text(encoding="utf-8")
    for name in (*bundled_names("pricing"), *bundled_names("rates")):
        assert f"`{name}`" in page


def test_every_table_of_a_plan_is_there() -> None:
    tables = {match[1] for row in keys() if (match := re.match(r"\| `(\w+)[.`]", row))}
    assert {"machine", "recognition", "rebates", "advertising", "device", "overhead"} <= tables
