"""The measure, against figures worked out by hand and a plain count of our own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import jiwer
import pytest
from sklearn.metrics import f1_score

from intents.cases import Case
from intents.evaluation import Evaluation, evaluate
from intents.noise import Noise

if TYPE_CHECKING:
    from intents.match import Matcher

ORDERS = frozenset({"pizza", "ride"})
CASES = [
    Case(text="play some jazz", label="music", slots={"genre": "jazz"}),
    Case(text="next song", label="none", hard=True),
    Case(text="next song", label="music"),
    Case(text="will it rain in boston", label="weather", slots={"place": "chicago"}),
    Case(
        text="order a large pepperoni pizza", label="pizza", slots={"size": "large", "topping": "pepperoni"}
    ),
    Case(text="order a small pizza", label="none"),
    Case(text="asdf qwer", label="pizza", slots={"size": "large"}),
    Case(text="what is the capital of austria", label="none"),
]


@pytest.fixture(scope="module")
def evaluation(literal: Matcher) -> Evaluation:
    return evaluate(literal, CASES, orders=ORDERS)


def test_f1_is_that_of_scikit_learn(evaluation: Evaluation) -> None:
    truth = [case.label for case in CASES]
    decided = ["music", "none", "none", "weather", "pizza", "pizza", "none", "none"]
    labels = sorted(set(truth))
    assert evaluation.macro_f1_hard == pytest.approx(f1_score(truth, decided, labels=labels, average="macro"))
    easy = [i for i, case in enumerate(CASES) if not case.hard]
    expected = f1_score([truth[i] for i in easy], [decided[i] for i in easy], labels=labels, average="macro")
    assert evaluation.macro_f1 == pytest.approx(expected)


def test_counts_are_right(evaluation: Evaluation) -> None:
    assert evaluation.cases == 8
    assert (evaluation.none_cases, evaluation.false_orders) == (3, 1)
    assert evaluation.recall == {"music": 0.5, "weather": 1.0, "pizza": 0.5, "none": pytest.approx(2 / 3)}
    assert evaluation.confusion["pizza"] == {"pizza": 1, "none": 1}
    # Wanted: genre, place, size and topping, size. Found: genre, place (another), size and topping.
    assert evaluation.slots == {
        "precision": pytest.approx(3 / 4),
        "recall": pytest.approx(3 / 5),
        "f1": pytest.approx(2 / 3),
    }
    assert [mistake.case.label for mistake in evaluation.mistakes] == ["music", "none", "pizza"]
    assert evaluation.us_per_utterance > 0


def test_slots_are_compared_without_articles_and_prepositions(literal: Matcher) -> None:
    wanted = {"destination": "the zoo", "time": "eight tomorrow morning"}
    case = Case(text="call a taxi to the zoo at eight tomorrow morning", label="ride", slots=wanted)
    assert evaluate(literal, [case], orders=ORDERS).slots == {"precision": 1.0, "recall": 1.0, "f1": 1.0}


def test_none_in_n_is_bounded_by_about_three_in_n(literal: Matcher) -> None:
    cases = [Case(text="what is the capital of austria", label="none")] * 300
    bound = evaluate(literal, cases, orders=ORDERS).false_orders_bound
    assert bound == pytest.approx(3 / 300, rel=0.01)
    worst = [Case(text="order a small pizza", label="none")] * 3
    assert evaluate(literal, worst, orders=ORDERS).false_orders_bound == 1.0


def test_what_is_asked_about_is_no_order(matcher: Matcher) -> None:
    asked = evaluate(matcher, [Case(text="a large pepperoni pizza", label="none")], orders=ORDERS)
    assert asked.false_orders == 0
    assert asked.asked == asked.false_orders_asked


def test_json_has_the_names_that_others_rely_on(evaluation: Evaluation) -> None:
    body = evaluation.to_json()
    assert {
        "cases",
        "macro_f1",
        "macro_f1_hard",
        "none_cases",
        "false_orders",
        "recall",
        "slots",
    } <= body.keys()
    assert body["slots"].keys() == {"precision", "recall", "f1"}
    assert body["us_per_utterance"] == evaluation.us_per_utterance


def test_noise_spoils_about_the_share_of_words_it_was_told_to() -> None:
    vocabulary = ["a", "order", "large", "pepperoni", "pizza", "taxi", "airport", "paper", "daughter"]
    text = "order a large pepperoni pizza"
    assert Noise(vocabulary, rate=0.0, seed=1).mishear(text) == text
    noise, again = (Noise(vocabulary, rate=0.15, seed=1) for _ in range(2))
    heard = [noise.mishear(text) for _ in range(2000)]
    assert heard == [again.mishear(text) for _ in range(2000)]
    unharmed = sum(each == text for each in heard) / len(heard)
    assert unharmed == pytest.approx(0.85**5, abs=0.03)
    assert all(each.split() and set(each.split()) <= set(vocabulary) for each in heard)
    assert {len(each.split()) for each in heard} >= {4, 5, 6}


def test_noise_is_the_word_error_rate_that_was_asked_for_and_mostly_substitutes() -> None:
    texts = [
        "could you play some quiet jazz in the kitchen",
        "order a large pepperoni pizza for tonight",
    ] * 500
    noise = Noise({word for text in texts for word in text.split()}, rate=0.15, seed=3)
    found = jiwer.process_words(texts, [noise.mishear(text) for text in texts])
    assert found.wer == pytest.approx(0.15, abs=0.01)
    errors = found.substitutions + found.deletions + found.insertions
    assert found.substitutions / errors == pytest.approx(0.65, abs=0.05)
    assert found.deletions / errors == pytest.approx(0.20, abs=0.05)


def test_noise_never_leaves_nothing() -> None:
    noise = Noise(["a"], rate=1.0, seed=0)
    assert all(noise.mishear("yes") for _ in range(100))
