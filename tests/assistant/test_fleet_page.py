"""docs/fleet.md says what the code does."""

from __future__ import annotations

import pytest

from assistant.cli.fleet import command
from assistant.config import bundled_names
from tests.assistant.fleet_page import ECONOMICS, PAGE, render, render_claims, render_economics


def test_the_tables_are_those_of_the_code() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert render(page) == page, "run python -m tests.assistant.fleet_page"


@pytest.mark.slow
def test_the_example_is_what_comes_of_its_commands() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert render_claims(page) == page, "run python -m tests.assistant.fleet_page"
    economics = ECONOMICS.read_text(encoding="utf-8")
    assert render_economics(economics) == economics, "run python -m tests.assistant.fleet_page"


def test_every_command_with_its_options_is_named() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert command.commands
    for name, each in command.commands.items():
        assert f"pennyworth fleet {name}" in page
        shared = {"--db", "--config", "--lang", "-v", "--verbose"}
        options = {option for parameter in each.params for option in parameter.opts if option[0] == "-"}
        for option in options - shared:
            assert f"`{option}" in page or f" {option}" in page, option


def test_every_bundled_behaviour_is_named() -> None:
    page = PAGE.read_text(encoding="utf-8")
    for name in bundled_names("fleet"):
        assert f"`{name}`" in page
