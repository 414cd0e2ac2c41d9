"""The pages on economics are what the scenarios come to, and know every command, scenario, strategy and figure."""

from __future__ import annotations

import re

import pytest

from assistant.cli.scenario import command
from assistant.economics.scenario.files import scenario_names, strategy_names
from assistant.economics.scenario.keys import KEYS
from tests.docs.accounting import page_with
from tests.docs.economics import ECONOMICS, SCENARIOS, economics, scenarios


@pytest.mark.parametrize("path", [ECONOMICS, SCENARIOS], ids=lambda path: path.name)
def test_the_page_is_up_to_date(path: object) -> None:
    page = ECONOMICS if path == ECONOMICS else SCENARIOS
    text = page.read_text(encoding="utf-8")
    made = page_with(text, economics() if page == ECONOMICS else scenarios())
    assert text == made, "run `make docs`"


def test_everything_that_there_is_is_documented() -> None:
    page = SCENARIOS.read_text(encoding="utf-8")
    for name in command.commands:
        assert f"pennyworth scenario {name}" in page
    for name in (*scenario_names(), *strategy_names()):
        assert f"`{name}`" in page
    for key in KEYS:
        assert f"`{key.pattern.replace('*', 'NAME')}`" in page


def test_every_claim_names_a_command_that_there_is() -> None:
    page = ECONOMICS.read_text(encoding="utf-8")
    rows = [line for line in page.splitlines() if re.search(r"\| `scenario \w", line)]
    assert len(rows) >= 22
    for row in rows:
        found = re.search(r"`scenario (\w+) ([^ `]+)", row)
        assert found
        assert found[1] in command.commands
        assert found[2].split("+")[0] in (*scenario_names(), "alexa")
