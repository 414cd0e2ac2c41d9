"""Training on a small corpus of our own: what it learns, and that it learns the same again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from intents.cases import Case
from intents.errors import CorpusError
from intents.model import read_model
from intents.training.network import Recipe
from intents.training.sentences import draw_sentences, read_classes
from intents.training.thresholds import choose_thresholds
from intents.training.train import LABELS, train_model

if TYPE_CHECKING:
    from pathlib import Path

import numpy as np

QUICK = Recipe(epochs=2, hidden=8)


def cases() -> list[Case]:
    return [Case(text=text, label=label) for text, label in draw_sentences("en", limit=15, seed=5)]


@pytest.mark.slow
def test_the_same_cases_give_the_same_file_and_a_model_that_learnt(tmp_path: Path) -> None:
    sources = {"mine": cases()}
    first, second = tmp_path / "first.npz", tmp_path / "second.npz"
    held = train_model("en", sources, first, recipe=QUICK)
    train_model("en", sources, second, recipe=QUICK)
    assert first.read_bytes() == second.read_bytes()
    with first.open("rb") as file:
        model = read_model(file, "first")
    assert model.header.trained_on["mine"] == len(sources["mine"])
    assert model.believe("call me a taxi to the airport").best == "ride"
    assert len(held) == len(sources["mine"])
    right = sum(LABELS[int(each.probabilities.argmax())] == each.case.label for each in held)
    assert right > 0.6 * len(held)


def test_a_label_that_the_model_does_not_have_is_named(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match=r"mine:3: label 'tea' is none of music"):
        train_model("en", {"mine": [Case(text="tea", label="tea", line=3)]}, tmp_path / "no.npz")


def test_own_sentences_are_many_and_of_every_label() -> None:
    drawn = draw_sentences("en", limit=20, seed=1)
    assert drawn == draw_sentences("en", limit=20, seed=1)
    assert {label for _, label in drawn} == set(LABELS)
    assert len({text for text, _ in drawn}) > 150
    assert all(phrases for phrases in read_classes("en").values())


def test_thresholds_ask_where_it_pays_and_accept_where_it_is_safe() -> None:
    names = ("pizza", "none")
    labels = ["pizza"] * 50 + ["none"] * 50
    scores = np.concatenate([np.linspace(0.6, 1.0, 50), np.linspace(0.0, 0.55, 50)])
    probabilities = np.stack([scores, 1 - scores], axis=1).astype(np.float32)
    (ask, accept) = choose_thresholds(labels, [False] * 100, ["mine"] * 100, probabilities, names)["pizza"]
    assert 0.55 <= ask <= 0.6
    assert accept >= 0.9
