"""Runs against runs."""

from __future__ import annotations

from dataclasses import replace

import pytest
from scipy.stats import binomtest

from assistant.audiotest.compare import check_comparable, compare, differences, mcnemar
from assistant.errors import ConfigError
from tests.assistant.audiotest.examples import foreign, missed, result, run


@pytest.mark.parametrize(("broke", "mended"), [(0, 0), (1, 0), (5, 0), (3, 8), (8, 3), (40, 60), (600, 500)])
def test_mcnemar_is_the_binomial_test_of_the_discordant_pairs(broke: int, mended: int) -> None:
    expected = binomtest(broke, broke + mended).pvalue if broke + mended else 1.0
    assert mcnemar(broke, mended) == pytest.approx(expected, rel=1e-9)


def test_what_broke_and_what_was_mended_is_listed_case_by_case() -> None:
    before = run(result("1"), missed("2"), result("3"), foreign("4"), result("gone"))
    now = run(result("1"), result("2"), missed("3"), foreign("4", intent="pizza"), result("new"))
    (found,) = compare(now, before)
    assert [it.audio for it in found.broke] == ["3", "4"]
    assert [it.audio for it in found.mended] == ["2"]
    assert (found.pairs, found.unpaired) == (4, 1)
    assert found.worse


def test_the_same_run_is_not_worse_and_a_better_one_neither() -> None:
    before = run(result("1"), missed("2"))
    for now in (before, run(result("1"), result("2"))):
        (found,) = compare(now, before)
        assert not found.worse


def test_one_more_false_order_is_worse_however_much_was_mended() -> None:
    before = run(missed("1"), missed("2"), missed("3"))
    now = run(result("1"), result("2"), missed("3", false_order=True))
    (found,) = compare(now, before)
    assert (len(found.mended), found.false_orders, found.worse) == (2, 1, True)


def test_each_engine_and_condition_is_compared_with_itself() -> None:
    noisy = replace(missed("1"), condition="white 6 dB")
    other = replace(missed("1"), engine="pocketsphinx")
    before = run(result("1"), noisy, replace(result("1"), engine="pocketsphinx"))
    found = compare(run(result("1"), noisy, other), before)
    assert [(each.engine, each.condition, len(each.broke)) for each in found] == [
        ("vosk", "clean", 0),
        ("vosk", "white 6 dB", 0),
        ("pocketsphinx", "clean", 1),
    ]


def test_one_engine_is_compared_with_another() -> None:
    (found,) = compare(run(missed("1")), run(replace(result("1"), engine="pocketsphinx")))
    assert len(found.broke) == 1


def test_runs_without_a_case_in_common_are_refused_before_anything_is_heard() -> None:
    before = run(result("2"))
    with pytest.raises(ConfigError, match="no case in common"):
        check_comparable([result("1").key], ["vosk"], before)
    check_comparable([result("1").key, result("2").key], ["vosk"], before)
    # Of one engine each, whichever it is.
    check_comparable([replace(result("2"), engine="pocketsphinx").key], ["pocketsphinx"], before)
    with pytest.raises(ConfigError, match="no case in common"):
        check_comparable([replace(result("2"), engine="pocketsphinx").key], ["pocketsphinx", "auto"], before)


def test_what_was_heard_until_an_interruption_may_have_no_pair() -> None:
    assert compare(run(result("1")), run(result("2"))) == []


def test_what_is_not_the_same_in_two_runs_is_said() -> None:
    before = run(result("1"))
    assert differences(before, before) == []
    now = replace(before, conditions=("clean", "white 6 dB"), seed=7, endpointing=not before.endpointing)
    conditions, seed, way = differences(now, before)
    assert conditions == "the baseline did not hear white 6 dB: nothing is said of that"
    assert "the seed 0, and this run 7" in seed
    assert "of bare recordings" in way
    (missing,) = differences(before, replace(before, conditions=("clean", "white 6 dB")))
    assert missing == "this run does not hear white 6 dB: nothing is said of that"
