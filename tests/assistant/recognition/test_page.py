"""The page on recognition has a place for every table that its benchmark writes."""

from __future__ import annotations

import pytest

from tests.benchmarks.recognition import PAGE, with_table


@pytest.mark.parametrize("name", ["acceptance", "lists", "adaptation"])
def test_a_table_goes_between_its_marks_and_nothing_else_changes(name: str) -> None:
    page = PAGE.read_text(encoding="utf-8")
    changed = with_table(page, name, ["| a |", "|---|", "| \\1 |"])
    assert f"<!-- table {name} -->\n| a |\n|---|\n| \\1 |\n<!-- end -->" in changed
    (before, after) = (text.split(f"<!-- table {name} -->") for text in (page, changed))
    assert before[0] == after[0]
    assert before[1].split("<!-- end -->", 1)[1] == after[1].split("<!-- end -->", 1)[1]


def test_a_page_without_the_marks_is_refused() -> None:
    with pytest.raises(ValueError, match="0 tables 'lists'"):
        with_table("# A page", "lists", [])
