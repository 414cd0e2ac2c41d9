"""Labels that hang on the clock, and recordings that say when they were made."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from assistant.audiotest.cases import Case
from assistant.audiotest.labels import WEEK, as_of, said_at
from assistant.cli.main import command
from assistant.errors import ConfigError
from assistant.resources import household_dir
from intents.catalogue import load_catalogue

if TYPE_CHECKING:
    from pathlib import Path

ALARM = "wake me up at seven tomorrow morning"
SUNDAY = datetime(2026, 1, 11, 22, 10, tzinfo=UTC)
KNOWN = load_catalogue().intents


def alarm(time: str, at: datetime | None) -> Case:
    return Case(audio="a.flac", text=ALARM, intent="alarm", slots={"action": "set", "time": time}, at=at)


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (SUNDAY, SUNDAY),
        (SUNDAY + timedelta(minutes=1), SUNDAY + WEEK),
        (SUNDAY + timedelta(days=31), SUNDAY + 5 * WEEK),
        (SUNDAY - timedelta(days=31), SUNDAY - 4 * WEEK),
    ],
)
def test_the_same_weekday_and_time_of_day_comes_within_a_week(now: datetime, expected: datetime) -> None:
    assert as_of(SUNDAY, now) == expected


MOMENTS = st.integers(1_577_836_800, 1_893_456_000).map(lambda second: datetime.fromtimestamp(second, UTC))


@given(at=MOMENTS, now=MOMENTS)
def test_it_is_never_over_where_clocks_change(at: datetime, now: datetime) -> None:
    found = as_of(at, now.astimezone(ZoneInfo("Europe/Berlin")))
    assert timedelta() <= found.astimezone(UTC) - now <= WEEK + timedelta(hours=1)


def test_a_time_that_was_worked_out_moves_with_the_recording_and_another_one_stays() -> None:
    later = SUNDAY + 5 * WEEK + timedelta(seconds=3)
    assert said_at(alarm("2026-01-12T07:00", SUNDAY), later, KNOWN).slots["time"] == "2026-02-16T07:00"
    assert said_at(alarm("2026-01-12T07:00", None), later, KNOWN).slots["time"] == "2026-01-12T07:00"
    assert said_at(alarm("seven tomorrow morning", SUNDAY), later, KNOWN).slots["time"] == "2026-02-16T07:00"
    # Without a zone it is the machine's.
    local = SUNDAY.astimezone().replace(tzinfo=None)
    assert said_at(alarm("2026-01-12T07:00", local), later, KNOWN).slots["time"] == "2026-02-16T07:00"
    # However it is spelled, where nothing says when it was recorded.
    assert said_at(alarm("20260112T0700", None), later, KNOWN).slots["time"] == "20260112T0700"
    assert said_at(alarm("20260112T0700", SUNDAY), later, KNOWN).slots["time"] == "2026-02-16T07:00"
    timer = Case(audio="a.flac", text="", intent="timer", slots={"action": "set", "duration": 600}, at=SUNDAY)
    assert said_at(timer, later, KNOWN).slots["duration"] == 600
    with pytest.raises(ConfigError, match="labelled time 'whenever'"):
        said_at(alarm("whenever", SUNDAY), later, KNOWN)


def test_a_recording_of_a_sunday_evening_is_heard_as_of_one(tmp_path: Path) -> None:
    lines = (household_dir() / "cases.jsonl").read_text(encoding="utf-8").splitlines()
    (line,) = [line for line in lines if json.loads(line)["text"] == ALARM]
    (tmp_path / "cases.jsonl").write_text(f"{line}\n", encoding="utf-8")
    audio = json.loads(line)["audio"]
    (tmp_path / audio).write_bytes((household_dir() / audio).read_bytes())
    out = tmp_path / "run.json"
    done = CliRunner().invoke(
        command, ["audio-test", str(tmp_path), "--engine", "pocketsphinx", "--bare", "--json", str(out)]
    )
    assert done.exit_code == 0, done.output
    (result,) = json.loads(out.read_text(encoding="utf-8"))["results"]
    assert result["accepted"], result
    # On a Monday, as it was meant.
    assert datetime.fromisoformat(result["slots"]["time"]).strftime("%a %H:%M") == "Mon 07:00"
