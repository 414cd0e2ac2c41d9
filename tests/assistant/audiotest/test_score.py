"""Scores against figures worked out by hand, and intervals against theory."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom

from assistant.audiotest.score import score
from tests.assistant.audiotest.examples import foreign, missed, result


def test_every_metric_by_hand() -> None:
    scored = score(
        [
            result("1", conversation=0),
            result(
                "2", conversation=1, slots={"genre": "blues", "action": "play"}, accepted=False, word_errors=1
            ),
            missed("3", conversation=2),
            foreign("4", conversation=3),
            foreign("5", conversation=4, intent="pizza", slots={"size": "large"}, false_order=True),
            foreign(
                "6", conversation=5, utterances=0, latency_us=None, error="unreadable", audio_us=0, cpu_us=0
            ),
        ],
        seed=0,
    )
    assert (scored.cases, scored.in_scope, scored.failed) == (6, 3, 1)
    assert scored.accepted == 1
    assert scored.command_acceptance == pytest.approx(1 / 3)
    # Right: 1 and 2 as music, 4 as none; what could not be heard is not right.
    assert scored.intent_accuracy == pytest.approx(3 / 6)
    # One slot right; labelled 3, understood 1 + 2 + 1.
    assert scored.slot_f1 == pytest.approx(2 * 1 / (3 + 4))
    assert scored.wer == pytest.approx((0 + 1 + 3) / 9)
    assert (scored.false_accepts, scored.false_orders) == (1, 1)
    assert scored.false_accept_rate == pytest.approx(1 / 3)
    assert scored.false_order_rate == pytest.approx(1 / 6)
    assert scored.real_time_factor == pytest.approx(0.1 * 5 / 5)
    assert scored.latency_p50_ms == pytest.approx(800)
    assert scored.confusion == {
        ("music", "music"): 2,
        ("music", "none"): 1,
        ("none", "none"): 1,
        ("none", "pizza"): 1,
    }


def test_what_there_is_none_of_has_no_share() -> None:
    scored = score([foreign(audio_us=0, cpu_us=0, latency_us=None)], seed=0)
    for name in (
        "command_acceptance",
        "slot_f1",
        "wer",
        "real_time_factor",
        "latency_p50_ms",
        "latency_p95_ms",
    ):
        assert getattr(scored, name) is None, name
        assert scored.intervals[name] is None, name


def test_intervals_are_as_wide_as_the_binomial_says() -> None:
    results = [(result if index < 160 else missed)(str(index), conversation=index) for index in range(200)]
    low, high = score(results, seed=3).intervals["command_acceptance"] or (0.0, 0.0)
    assert low == pytest.approx(binom.ppf(0.025, 200, 0.8) / 200, abs=0.015)
    assert high == pytest.approx(binom.ppf(0.975, 200, 0.8) / 200, abs=0.015)


def test_lines_of_a_conversation_are_drawn_together() -> None:
    """Ten conversations of twenty alike lines are worth ten cases, not two hundred."""
    lines = [
        (result if number < 8 else missed)(f"{number}-{line}", conversation=number)
        for number in range(10)
        for line in range(20)
    ]
    low, high = score(lines, seed=3).intervals["command_acceptance"] or (0.0, 0.0)
    assert high - low > 0.35


@pytest.mark.slow
def test_the_interval_covers_the_truth_as_often_as_it_says() -> None:
    rng = np.random.default_rng(11)
    covered = 0
    for trial in range(60):
        results = [
            (result if hit else missed)(str(index), conversation=index)
            for index, hit in enumerate(rng.random(120) < 0.7)
        ]
        low, high = score(results, seed=trial).intervals["command_acceptance"] or (0.0, 0.0)
        covered += low <= 0.7 <= high
    # 95 % of 60 is 57; fewer than 51 has a chance below one in a thousand.
    assert covered >= 51


def test_the_same_seed_gives_the_same_intervals() -> None:
    results = [
        result(
            str(index),
            conversation=index,
            latency_us=700_000 + 997 * index * index,
            cpu_us=1000 * index * index,
        )
        for index in range(30)
    ]
    assert score(results, seed=1).intervals == score(results, seed=1).intervals
    assert score(results, seed=1).intervals != score(results, seed=2).intervals


def test_money_is_summed_in_whole_millionths() -> None:
    scored = score([result(booked_micros=350_001, due_micros=1_000_003)] * 3, seed=0)
    assert (scored.booked_micros, scored.due_micros) == (1_050_003, 3_000_009)
