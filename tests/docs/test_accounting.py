"""The page on accounting is what a real run comes to, in everything but what is measured."""

from __future__ import annotations

import difflib

import pytest

from tests.docs.accounting import PAGE, masked, page_with, parts


def test_the_page_is_up_to_date() -> None:
    page = PAGE.read_text(encoding="utf-8")
    made = page_with(page, parts())
    before, after = (masked(text).split(". ") for text in (page, made))
    assert before == after, "run `make docs`:\n" + "\n".join(
        difflib.unified_diff(before, after, lineterm="", n=0)
    )


def test_the_mask_hides_what_is_measured_and_nothing_else() -> None:
    first = "at 2026-11-24 16:52:25 UTC 0.169 s of processor; earned 0.999000 USD   cost 0.007502"
    second = "at 2027-01-01 06:00:01 UTC 1.003 s of processor; earned 0.999000 USD   cost 0.007511"
    assert masked(first) == masked(second)
    assert masked(first) != masked(second.replace("0.999000", "0.999001"))
    assert masked(first) != masked(second.replace("0.007511", "0.008511"))


def test_a_part_that_is_missing_is_named() -> None:
    with pytest.raises(ValueError, match="the page has the parts"):
        page_with("<!-- generated: one -->\n<!-- end -->", {"another": ""})
