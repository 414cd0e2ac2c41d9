"""The page about the dialogue is what the code does, and shows every state there is."""

from __future__ import annotations

from typing import get_args

from assistant.dialogue.states import Pending
from tests.assistant.dialogue_page import PAGE, page


def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run python -m tests.assistant.dialogue_page"


def test_every_state_is_on_the_page() -> None:
    text = PAGE.read_text(encoding="utf-8")
    for state in get_args(Pending):
        assert f"`{state.__name__}`" in text
