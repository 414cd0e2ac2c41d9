"""The page's figures are what the command prints, on tables that the script writes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from assistant.economics.attribution.files import read_history
from assistant.economics.attribution.models import MODELS, Parameters, compare
from tests.assistant.economics.attribution.example import (
    FILES,
    PAGE,
    ROOT,
    figures,
    page_with,
    tables,
    write,
)

if TYPE_CHECKING:
    from pathlib import Path

AGAIN = "run python -m tests.assistant.economics.attribution.example"


def test_the_page_is_up_to_date() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert text == page_with(text, figures()), AGAIN


def test_the_tables_are_what_the_script_writes(tmp_path: Path) -> None:
    write(tmp_path)
    for path in FILES.values():
        assert (tmp_path / path.name).read_bytes() == (ROOT / path).read_bytes(), AGAIN


def test_every_model_is_explained_in_its_own_paragraph() -> None:
    explained = re.findall(
        r"^\*\*([a-z-]+)\*\* · .*\?$", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE
    )
    assert tuple(explained) == MODELS


def test_the_holdout_covers_what_is_true_of_the_example_and_downstream_claims_many_times_as_much() -> None:
    _, caused = tables()
    comparison = compare(read_history(*(ROOT / path for path in FILES.values())), Parameters())
    incremental, downstream = comparison.of("incremental"), comparison.of("downstream")
    assert incremental is not None
    assert incremental.low is not None
    assert incremental.high is not None
    assert incremental.low < caused < incremental.high
    assert downstream is not None
    assert downstream.total.micros > 2 * caused.micros
