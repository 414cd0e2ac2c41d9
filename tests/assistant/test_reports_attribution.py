"""How a comparison looks where amounts have an error."""

from __future__ import annotations

import io

import numpy as np
import pytest
from rich.cells import cell_len
from rich.console import Console

from assistant.economics.attribution.models import Parameters, compare
from assistant.reports.attribution import comparison_parts, comparison_sentence
from tests.assistant.economics.attribution.histories import history, journeys_of, purchase


@pytest.mark.parametrize("width", [60, 80, 132])
def test_sampled_amounts_stand_with_their_error_and_fit(width: int) -> None:
    random = np.random.default_rng(4)
    paths = [
        (" > ".join(f"kind {kind:02}" for kind in random.permutation(14)[:4]), int(random.integers(3)), 1)
        for _ in range(30)
    ]
    comparison = compare(journeys_of(paths), Parameters(worth="rate", samples=20))
    console = Console(file=io.StringIO(), width=width)
    for part in comparison_parts(comparison, width=width):
        console.print(part)
    assert isinstance(console.file, io.StringIO)
    text = console.file.getvalue()
    assert max(map(len, text.splitlines())) <= width
    shapley = comparison.of("shapley")
    assert shapley is not None
    for kind, error in shapley.standard_error.items():
        assert f"{shapley.by_kind[kind]} ±{error}" in text, kind


def test_kinds_of_a_users_own_are_printed_as_they_are() -> None:
    paths = [("[red]音楽[/red] > [/b]", 2, 0)]
    comparison = compare(journeys_of(paths), Parameters())
    console = Console(file=io.StringIO(), width=80)
    for part in comparison_parts(comparison, width=80):
        console.print(part)
    assert isinstance(console.file, io.StringIO)
    text = console.file.getvalue()
    assert "[red]音楽[/red]" in text
    assert text.count("[/b]") == 4
    assert max(map(cell_len, text.splitlines())) <= 80


def test_the_sentence_says_when_there_is_nothing() -> None:
    assert comparison_sentence(compare(history([("h", 0.0, "a")], []), Parameters())).startswith(
        "Nothing was bought"
    )


def test_models_that_agree_are_not_said_to_differ() -> None:
    agreed = history([("a", 0.0, "music")], [purchase("a", 0, "5", touch="t0", kind="music")])
    assert "handed out alike by every model here" in comparison_sentence(compare(agreed, Parameters()))
    kinds = history([("a", 0.0, "music"), ("a", 0.5, "pizza")], [purchase("a", 1, "5")])
    sentence = comparison_sentence(compare(kinds, Parameters()))
    assert "differently by each model (music: 0.000000 by" in sentence


def test_the_sentence_gives_the_holdout_the_last_word() -> None:
    given = history(
        [("a", 0.0, "music")],
        [purchase("a", 1, "5"), purchase("b", 1, "3"), purchase("c", 1, "1")],
        {"a": False, "b": False, "c": True, "d": True},
    )
    sentence = comparison_sentence(compare(given, Parameters()))
    assert "only the holdout tells: 7.000000 (" in sentence
    assert sentence.count(". ") == 0
