"""The bundled week is whole, in order, and means by its words what its lines say."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from itertools import groupby, pairwise
from typing import TYPE_CHECKING, Any

import pytest
import soundfile

from intents.catalogue import load_catalogue
from intents.match import Matcher
from intents.results import Expected, IntentMatch, NoMatch
from tests.audio.make_household import HOUSEHOLD, MONDAY, cases

if TYPE_CHECKING:
    from intents.catalogue import Catalogue

WEEK: list[dict[str, Any]] = [
    json.loads(line) for line in (HOUSEHOLD / "cases.jsonl").read_text(encoding="utf-8").splitlines()
]
DIALOGUE = {"ordered": "confirm", "cancelled": "cancel"}


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load_catalogue("en")


@pytest.fixture(scope="module")
def matcher(catalogue: Catalogue) -> Matcher:
    return Matcher(catalogue)


def expected(case: dict[str, Any], catalogue: Catalogue) -> Expected | None:
    """What was asked just before: the first required slot that the conversation has not named yet."""
    said = [line for line in WEEK if line.get("conversation", "") == case.get("conversation")]
    before = said[: said.index(case)] if said else []
    if not before:
        return None
    known = {slot for line in before for slot in line["slots"]}
    missing = [slot for slot in catalogue.intents[case["intent"]].required if slot not in known]
    return Expected(intent=case["intent"], slot=missing[0]) if missing else None


def test_lines_are_those_of_the_script() -> None:
    assert list(cases()) == WEEK


def test_every_recording_is_there_and_nothing_else() -> None:
    named = [case["audio"] for case in WEEK]
    assert len(set(named)) == len(named)
    assert sorted(named) == sorted(path.name for path in HOUSEHOLD.glob("*.flac"))
    assert sum(path.stat().st_size for path in HOUSEHOLD.iterdir()) < 2_000_000


@pytest.mark.parametrize("case", WEEK, ids=lambda case: case["audio"])
def test_recordings_are_16_khz_mono_and_neither_clipped_nor_silent(case: dict[str, Any]) -> None:
    info = soundfile.info(HOUSEHOLD / case["audio"])
    assert (info.samplerate, info.channels, info.subtype) == (16_000, 1, "PCM_16")
    samples, _ = soundfile.read(HOUSEHOLD / case["audio"])
    assert 0.2 < abs(samples).max() < 0.6
    assert 5 < samples[:1600].std() * 32_768 < 15


def test_it_is_a_household_and_a_week() -> None:
    assert 40 <= len(WEEK) <= 50
    assert len({case["voice"] for case in WEEK}) >= 4
    assert {case["outcome"] for case in WEEK} == {"answered", "asked", "ordered", "cancelled", "rejected"}
    moments = [datetime.fromisoformat(case["at"]) for case in WEEK]
    assert all(before < after for before, after in pairwise(moments))
    assert moments[0] >= MONDAY
    assert moments[-1] < MONDAY + timedelta(days=7)


def test_conversations_are_in_one_piece_and_end() -> None:
    runs = [
        (name, list(lines)) for name, lines in groupby(WEEK, lambda case: case.get("conversation")) if name
    ]
    assert len({name for name, _ in runs}) == len(runs)
    for _, lines in runs:
        assert len({line["intent"] for line in lines}) == 1
        assert len({line["voice"] for line in lines}) == 1
        assert [line["outcome"] for line in lines[:-1]] == ["asked"] * (len(lines) - 1)
        assert lines[-1]["outcome"] in {"ordered", "cancelled"}
        moments = [datetime.fromisoformat(line["at"]) for line in lines]
        assert all(5 <= (after - before).total_seconds() <= 12 for before, after in pairwise(moments))


@pytest.mark.parametrize("case", WEEK, ids=lambda case: case["audio"])
def test_words_mean_what_the_line_says(case: dict[str, Any], catalogue: Catalogue, matcher: Matcher) -> None:
    found = matcher.match(
        case["text"], expected=expected(case, catalogue), now=datetime.fromisoformat(case["at"])
    )
    if case["intent"] is None:
        assert isinstance(found, NoMatch)
        return
    assert isinstance(found, IntentMatch)
    assert found.certain
    assert (found.intent, dict(found.slots)) == (
        DIALOGUE.get(case["outcome"], case["intent"]),
        case["slots"],
    )
