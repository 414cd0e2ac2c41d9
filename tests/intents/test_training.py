"""Training on a small corpus of our own: what it learns, and that it learns the same again."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from scipy.sparse import csr_matrix
from sklearn.metrics import f1_score

from intents.cases import Case
from intents.errors import CorpusError
from intents.model import read_model
from intents.training.folds import deal, group_alike
from intents.training.network import Recipe, train
from intents.training.sentences import draw_sentences, read_classes
from intents.training.thresholds import choose_thresholds
from intents.training.train import LABELS, read_examples, train_model
from intents.training.validation import cross_validate

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
    train_model("en", sources, first, recipe=QUICK)
    train_model("en", sources, second, recipe=QUICK)
    assert first.read_bytes() == second.read_bytes()
    with first.open("rb") as file:
        model = read_model(file, "first")
    assert model.header.trained_on["mine"] == len(sources["mine"])
    assert model.believe("call me a taxi to the airport").best == "ride"


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
    (ask, accept) = choose_thresholds(labels, [False] * 100, ["mine"] * 100, [probabilities], names)["pizza"]
    assert 0.55 <= ask <= 0.6
    assert accept >= 0.9


def test_all_labels_are_asked_about_from_one_probability_and_accepted_from_their_own() -> None:
    names = ("music", "pizza", "none")
    labels = ["music"] * 100 + ["pizza"] * 4 + ["none"] * 104
    # By its four cases alone, pizza would be asked about from 0.3.
    music = [*np.linspace(0.6, 1.0, 100), *[0.0] * 4, *np.linspace(0.2, 0.58, 100), *[0.0] * 4]
    pizza = [*[0.0] * 100, *[0.35, 0.8, 0.9, 0.95], *[0.0] * 100, *[0.1] * 4]
    rest = 1 - np.array(music) - np.array(pizza)
    probabilities = np.stack([music, pizza, rest], axis=1).astype(np.float32)
    chosen = choose_thresholds(labels, [False] * 208, ["mine"] * 208, [probabilities], names)
    assert chosen["music"][0] == chosen["pizza"][0]
    assert chosen["music"][1] < 0.9 <= chosen["pizza"][1]


def test_the_threshold_next_to_which_all_is_as_good_is_taken_before_one_that_is_best_by_chance() -> None:
    # Three of "none" stand together above 0.4, so that alone it would be best to ask from 0.45; yet there it is steep.
    labels = ["pizza"] * 40 + ["none"] * 43
    scores = np.array([*[0.46] * 2, *[0.9] * 38, *[0.44] * 3, *[0.1] * 40])
    probabilities = np.stack([scores, 1 - scores], axis=1).astype(np.float32)
    (ask, _) = choose_thresholds(labels, [False] * 83, ["mine"] * 83, [probabilities], ("pizza", "none"))[
        "pizza"
    ]
    assert ask >= 0.5


def test_what_stands_in_misheard_copies_alone_is_learnt_from_them() -> None:
    # "taxi" is a ride; "tacky" stands in its misheard copies alone. The third example, of another label, has no copy.
    eye = np.eye(3, dtype=np.float32)
    taxi, tacky, other = eye
    x = csr_matrix(np.array([taxi] * 20 + [other] * 40))
    fine = np.array([0] * 20 + [1] * 40)
    weights = np.ones(60, np.float32)
    recipe = Recipe(hidden=16, batch=10, dropout=0.1, epochs=20)
    copies = [csr_matrix(np.array([tacky] * 20)), csr_matrix(np.array([taxi] * 20))]
    only = csr_matrix(tacky[None])
    without = train(x, fine, [1, 1], weights, recipe).probabilities(only)[0, 0]
    learnt = train(x, fine, [1, 1], weights, recipe, copies).probabilities(only)[0, 0]
    assert without < 0.5 < 0.8 < learnt
    none = train(x, fine, [1, 1], weights, replace(recipe, misheard=0.0), copies).probabilities(only)[0, 0]
    assert none == pytest.approx(without, abs=0.2)


def test_texts_that_are_alike_are_one_group_and_stay_in_one_part() -> None:
    texts = [
        "play some smooth jazz",
        "please play some smooth jazz",
        "will it rain",
        "order a pizza",
        "will it rain",
    ]
    groups = group_alike(texts)
    assert groups[0] == groups[1]
    assert groups[2] == groups[4]
    assert len(set(groups.tolist())) == 3
    many = np.repeat(np.arange(60), 2)
    kinds = ["music"] * 30 + ["none"] * 90
    parts = deal(many, kinds, 3, seed=1)
    assert (parts[::2] == parts[1::2]).all()
    assert np.bincount(parts[:30]).tolist() == [10, 10, 10]
    assert np.bincount(parts).tolist() == [40, 40, 40]
    assert (parts == deal(many, kinds, 3, seed=1)).all()


@pytest.mark.slow
def test_cross_validation_judges_every_case_unseen() -> None:
    some = cases()
    # A sentence with a label of its own kind can only be got right by having seen it.
    odd = Case(text="colourless green ideas sleep furiously", label="pizza")
    judged = cross_validate(read_examples("en", {"mine": [*some, odd]}), asr_noise=0.15, recipe=QUICK)["mine"]
    assert len(judged.decisions) == len(judged.noisy) == len(some) + 1
    assert judged.decisions[-1].label == "none"
    plain, noisy = judged.macro_f1(hard=True), judged.macro_f1(hard=True, noisy=True)
    assert 0.5 < plain.low < plain.value < plain.high <= 1
    assert noisy.value < plain.value
    assert plain.value == pytest.approx(
        f1_score(
            judged.labels, [decision.label for decision in judged.decisions], labels=LABELS, average="macro"
        )
    )
    wrong, of = judged.false_orders()
    assert 0 <= wrong <= of == judged.labels.count("none")
