"""The commands as a user or another program calls them: in a process of their own."""

from __future__ import annotations

import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from assistant.audiotest.cases import load_cases
from assistant.resources import configs_dir, household_dir
from assistant.store.audit import audit
from assistant.store.store import Store

ORDER = ("say", "order a large pepperoni pizza", "yes")


def environment(folder: Path) -> dict[str, str]:
    """A user who has nothing of ours yet, and whose caches are shared by the tests of one run."""
    home = folder / "home"
    home.mkdir(exist_ok=True)
    return {"HOME": str(home), "PATH": os.environ["PATH"], "LANG": "C.UTF-8", "XDG_CACHE_HOME": str(_CACHE)}


_CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "pennyworth-tests"


def command(*arguments: str | Path) -> list[str]:
    return [sys.executable, "-W", "error", "-m", "assistant.cli", *map(str, arguments)]


def pennyworth(folder: Path, *arguments: str | Path, **options: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(*arguments),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env=environment(folder),
        cwd=folder,
        **options,
    )


def document(run: subprocess.CompletedProcess[str]) -> Any:
    """The one JSON document on standard output of a run that went well."""
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)


def recording(text: str) -> Path:
    case = next(case for case in load_cases(household_dir()) if case.text == text)
    return household_dir() / case.audio


# ---- say, pnl, ledger, log


def test_an_order_by_text_from_the_first_word_to_the_statement(tmp_path: Path) -> None:
    db = tmp_path / "a.db"
    said = document(pennyworth(tmp_path, "--db", db, *ORDER, "--json"))["interactions"]
    assert [it["outcome"] for it in said] == ["asked", "ordered"]
    assert [it["intent"] for it in said] == ["pizza", "pizza"]
    assert said[0]["slots"] == {"size": "large", "topping": "pepperoni"}
    assert said[1]["order"]["state"] == "completed"
    assert said[1]["order"]["total"] == "19.980000"
    assert said[1]["revenue"] == "0.999000"
    assert Decimal(said[0]["cost"]) > 0

    trivial = document(
        pennyworth(tmp_path, "say", "play some jazz", "is it going to rain", "--json", "--db", db)
    )
    assert [(it["intent"], it["revenue"]) for it in trivial["interactions"]] == [
        ("music", "0.000000"),
        ("weather", "0.000000"),
    ]

    statement = document(pennyworth(tmp_path, "--db", db, "pnl", "--json"))
    assert statement["simulated"] is True
    assert (statement["plan"], statement["currency"]) == ("home", "USD")
    rows = {row["key"]: row for row in statement["rows"]}
    assert set(rows) == {"pizza", "music", "weather"}
    for key in ("music", "weather"):
        assert rows[key]["kind"] == "trivial"
        assert rows[key]["revenue"] == "0.000000"
        assert Decimal(rows[key]["cost"]) > 0
        assert Decimal(rows[key]["margin"]) == -Decimal(rows[key]["cost"])
    assert rows["pizza"]["orders_completed"] == 1
    totals = statement["totals"]
    assert totals["interactions"] == 4
    for key in ("revenue", "cost", "margin"):
        assert Decimal(totals[key]) == sum(Decimal(row[key]) for row in statement["rows"])

    checked = document(pennyworth(tmp_path, "ledger", "check", "--json", "--db", db))
    assert checked["ok"] is True
    assert checked["problems"] == []
    assert checked["postings"] >= 2 * checked["transactions"] > 0

    logged = document(pennyworth(tmp_path, "--db", db, "log", "--json"))["interactions"]
    assert [it["transcript"] for it in logged][:2] == ["order a large pepperoni pizza", "yes"]
    shown = document(pennyworth(tmp_path, "--db", db, "log", "show", "2", "--json"))
    assert shown["id"] == said[1]["id"]
    assert [t["kind"] for t in shown["transactions"]] == ["compute", "notification", "accrual"]
    assert shown["order"]["life"][-1]["state"] == "completed"


def test_receipts_tables_and_sentences_say_simulated(tmp_path: Path) -> None:
    db = tmp_path / "a.db"
    receipts = pennyworth(tmp_path, "--db", db, *ORDER).stdout
    for part in ("heard", "understood", "done", "earned", "cost", "completed", "(simulated, plan home)"):
        assert part in receipts
    for arguments in (("pnl",), ("pnl", "--by", "day"), ("log", "show", "1")):
        assert "simulated" in pennyworth(tmp_path, "--db", db, *arguments).stdout
    # There is nothing else that it could have paid for.
    statement = pennyworth(tmp_path, "--db", db, "pnl").stdout
    assert "Everything that was said earned something; 1 pizza earned 1.00 USD" in statement
    assert "(simulated, plan home" in statement
    assert "order a large pepperoni pizza" in pennyworth(tmp_path, "--db", db, "log").stdout


def test_the_log_is_filtered(tmp_path: Path) -> None:
    db = tmp_path / "a.db"
    pennyworth(tmp_path, "--db", db, "say", "play some jazz", "tell me a joke", "play some blues")

    def log(*arguments: str) -> list[int]:
        found = document(pennyworth(tmp_path, "--db", db, "log", "--json", *arguments))["interactions"]
        return [it["number"] for it in found]

    assert log("--intent", "music") == [1, 3]
    assert log("--intent", "none") == [2]
    assert log("--limit", "1") == [3]
    assert log("--since", "2999-01-01") == []
    assert len(log("--since", "2020-01-01T00:00")) == 3


def test_lines_from_standard_input_are_turns(tmp_path: Path) -> None:
    run = pennyworth(tmp_path, "say", "--json", input="order a pizza\n\nlarge\npepperoni\nyes\n")
    assert [it["outcome"] for it in document(run)["interactions"]] == ["asked", "asked", "asked", "ordered"]


def test_the_log_of_a_user_lies_in_the_data_folder_or_where_the_environment_says(tmp_path: Path) -> None:
    pennyworth(tmp_path, "say", "play some jazz")
    assert (tmp_path / "home/.local/share/pennyworth/pennyworth.db").exists()
    subprocess.run(
        command("say", "play some jazz"),
        env=environment(tmp_path) | {"PENNYWORTH_DB": str(tmp_path / "env.db")},
        check=True,
        capture_output=True,
        cwd=tmp_path,
    )
    assert (tmp_path / "env.db").exists()


def test_an_option_beats_the_environment_on_either_side_of_the_command(tmp_path: Path) -> None:
    env = environment(tmp_path) | {"PENNYWORTH_DB": str(tmp_path / "env.db")}
    for arguments in (
        ("--db", tmp_path / "1.db", "say", "pause"),
        ("say", "pause", "--db", tmp_path / "2.db"),
    ):
        subprocess.run(command(*arguments), env=env, check=True, capture_output=True, cwd=tmp_path)
    assert sorted(path.name for path in tmp_path.glob("*.db")) == ["1.db", "2.db"]


# ---- bad use


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("pnl",), 3, "there is no log at"),
        (("log",), 3, "there is no log at"),
        (("frobnicate",), 2, "No such command"),
        (("pnl", "--by", "moon"), 2, "is not one of"),
        (("--config", "nowhere.toml", "say", "x"), 2, "nowhere.toml"),
        (("--lang", "xx", "say", "x"), 2, "xx"),
        (("log", "--since", "yesterdayish"), 2, "is no date or time"),
        (("listen", "--profile", "laptpo"), 2, "did you mean 'laptop'"),
        (("hear",), 2, "Missing argument"),
        (("hear", "--engine", "ears", "x.wav"), 2, "is not one of"),
        (("hear", "--engine", "vosk", "x.wav"), 3, "model"),
    ],
)
def test_bad_use_is_one_clear_message_and_no_traceback(
    tmp_path: Path, arguments: tuple[str, ...], code: int, message: str
) -> None:
    run = pennyworth(tmp_path, *arguments)
    assert run.returncode == code, run.stderr
    assert message in run.stderr
    assert "Traceback" not in run.stderr
    assert run.stdout == ""


def test_an_unknown_configuration_key_names_the_nearest(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text("[hearing]\ntrailing_silense_s = 1\n")
    run = pennyworth(tmp_path, "--config", "mine.toml", "say", "pause")
    assert run.returncode == 2
    assert "'hearing.trailing_silense_s' (did you mean 'hearing.trailing_silence_s'?)" in run.stderr


def test_an_interaction_that_is_not_there(tmp_path: Path) -> None:
    pennyworth(tmp_path, "say", "pause")
    run = pennyworth(tmp_path, "log", "show", "99")
    assert (run.returncode, run.stdout) == (2, "")
    assert "no interaction 99" in run.stderr


def test_books_that_were_tampered_with_exit_with_1(tmp_path: Path) -> None:
    db = tmp_path / "a.db"
    pennyworth(tmp_path, "--db", db, *ORDER)
    with sqlite3.connect(db) as shell:
        shell.execute("DROP TRIGGER postings_no_update")
        shell.execute("UPDATE postings SET amount_micros = 5 WHERE account LIKE 'Income:%'")
    shell.close()
    run = pennyworth(tmp_path, "--db", db, "ledger", "check", "--json")
    assert run.returncode == 1
    assert json.loads(run.stdout)["ok"] is False
    assert "accrual" in run.stdout


# ---- hear


def test_files_go_through_the_loop(tmp_path: Path) -> None:
    db = tmp_path / "a.db"
    heard = document(pennyworth(tmp_path, "--db", db, "hear", recording("play some jazz"), "--json"))[
        "interactions"
    ]
    assert [(it["transcript"], it["intent"], it["outcome"]) for it in heard] == [
        ("play some jazz", "music", "answered")
    ]
    shown = document(pennyworth(tmp_path, "--db", db, "log", "show", "1", "--json"))
    assert shown["engine"] == "pocketsphinx"
    assert shown["source"] == "file"
    assert shown["recognition_cpu_us"] > 0
    assert shown["listening_cpu_us"] > 0
    assert shown["audio_us"] > 1_000_000
    assert Decimal(shown["cost"]) > 0


def test_what_can_be_read_is_heard_and_what_cannot_is_named(tmp_path: Path) -> None:
    """Every kind of file a user may name by mistake, between two that are fine."""
    good = recording("play some jazz")
    samples, rate = soundfile.read(good)
    stereo = np.stack([samples, samples], axis=1)
    soundfile.write(tmp_path / "stereo48.wav", np.repeat(stereo, 3, axis=0), 3 * rate, subtype="FLOAT")
    soundfile.write(tmp_path / "voice.ogg", samples, rate)
    whole = tmp_path / "whole.wav"
    soundfile.write(whole, samples, rate)
    (tmp_path / "cut.wav").write_bytes(whole.read_bytes()[: -len(samples) // 8])
    (tmp_path / "text.wav").write_text("this is text")
    (tmp_path / "empty.wav").write_bytes(b"")
    (tmp_path / "folder.wav").mkdir()
    bad = ["missing.wav", "text.wav", "empty.wav", "folder.wav"]
    run = pennyworth(tmp_path, "hear", good, *bad, "stereo48.wav", "voice.ogg", "cut.wav", "--json")
    assert run.returncode == 3
    assert [it["intent"] for it in json.loads(run.stdout)["interactions"]] == ["music"] * 4
    complaints = run.stderr.splitlines()
    for name in bad:
        assert sum(name in line for line in complaints) == 1, run.stderr
    assert any("cut.wav" in line for line in complaints)
    assert "Traceback" not in run.stderr


def test_silence_is_said_to_hold_no_speech(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "silence.wav", np.zeros(32_000), 16_000)
    run = pennyworth(tmp_path, "hear", "silence.wav", "--json")
    assert document(run) == {"interactions": []}
    assert "no speech in silence.wav" in run.stderr


# ---- being stopped


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_being_stopped_prints_the_summary_and_loses_nothing(tmp_path: Path, how: signal.Signals) -> None:
    db = tmp_path / "a.db"
    files = [recording("play some jazz")] * 500
    process = subprocess.Popen(
        command("--db", db, "hear", *files),
        stdout=subprocess.PIPE,
        text=True,
        env=environment(tmp_path),
        cwd=tmp_path,
    )
    try:
        assert process.stdout
        acknowledged = []
        for line in process.stdout:
            if line.startswith("#"):
                acknowledged.append(line)
                if len(acknowledged) == 3:
                    process.send_signal(how)
                    break
        rest, _ = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 130
    count = len(acknowledged) + sum(line.startswith("#") for line in rest.splitlines())
    assert f"{count} commands: earned 0.000000" in rest
    assert (
        len(document(pennyworth(tmp_path, "--db", db, "log", "--limit", "1000", "--json"))["interactions"])
        == count
    )


def test_stopped_at_random_moments_the_summary_and_every_order_agree_with_the_log(tmp_path: Path) -> None:
    chance = random.Random(5)
    turns = ["play some jazz"] + [
        "order a large pepperoni pizza",
        "yes",
        "order a small ham pizza",
        "no",
    ] * 20
    for attempt in range(12):
        db = tmp_path / f"{attempt}.db"
        with subprocess.Popen(
            command("--db", db, "say", *turns),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment(tmp_path),
            cwd=tmp_path,
        ) as process:
            assert process.stdout
            first = process.stdout.readline()
            time.sleep(chance.uniform(0, 0.35))
            process.send_signal(chance.choice([signal.SIGINT, signal.SIGTERM]))
            rest, err = process.communicate(timeout=60)
        assert "Traceback" not in err
        shown = sum(line.startswith("#") for line in [first, *rest.splitlines()])
        with Store.open(db, mode="read") as store:
            assert len(store.interactions()) == shown
            assert f"{shown} command" in rest, err
            assert audit(store).problems == ()
            assert store.unfinished_orders() == []


def test_a_plan_in_another_currency_needs_a_log_of_its_own(tmp_path: Path) -> None:
    db = tmp_path / "a.db"
    pennyworth(tmp_path, "--db", db, "say", "play some jazz")
    plan = (
        (configs_dir() / "pricing/home.toml")
        .read_text()
        .replace('"USD"', '"EUR"')
        .replace('"home"', '"euro"')
    )
    (tmp_path / "euro.toml").write_text(plan)
    (tmp_path / "mine.toml").write_text(f'[books]\nplan = "{tmp_path / "euro.toml"}"\n')
    run = pennyworth(tmp_path, "--config", "mine.toml", "--db", db, "say", "play some jazz")
    assert run.returncode == 2
    assert "is kept in USD and the plan 'euro' is in EUR" in run.stderr
    assert document(pennyworth(tmp_path, "--db", db, "pnl", "--json"))["totals"]["interactions"] == 1


def test_a_question_in_a_recording_is_open_as_long_as_it_was_for_the_speaker(tmp_path: Path) -> None:
    order, rate = soundfile.read(recording("order two medium mushroom pizzas"))
    yes, _ = soundfile.read(
        household_dir()
        / next(c.audio for c in load_cases(household_dir()) if c.outcome == "ordered" and c.intent == "pizza")
    )
    soundfile.write(tmp_path / "late.wav", np.concatenate([order, np.zeros(25 * rate), yes]), rate)
    soundfile.write(tmp_path / "prompt.wav", np.concatenate([order, np.zeros(5 * rate), yes]), rate)
    outcomes = [
        [it["outcome"] for it in document(pennyworth(tmp_path, "hear", name, "--json"))["interactions"]]
        for name in ("late.wav", "prompt.wav")
    ]
    assert outcomes == [["asked", "rejected"], ["asked", "ordered"]]


def test_bytes_that_are_no_text_do_no_harm(tmp_path: Path) -> None:
    run = subprocess.run(
        [*command("say", "--json"), b"play \xff"],
        env=environment(tmp_path),
        cwd=tmp_path,
        capture_output=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    run = subprocess.run(
        [*command("hear"), b"bad\xff.flac"],
        env=environment(tmp_path),
        cwd=tmp_path,
        capture_output=True,
        check=False,
    )
    assert run.returncode == 3
    assert b"Traceback" not in run.stderr


def test_what_was_typed_does_not_reach_the_terminal_as_a_command(tmp_path: Path) -> None:
    said = "\x1b[31mred\x07 \u202eright to left"
    shown = [
        pennyworth(tmp_path, "say", said).stdout,
        pennyworth(tmp_path, "log").stdout,
        pennyworth(tmp_path, "log", "show", "1").stdout,
    ]
    for text in shown:
        assert "red" in text
        assert not set(text) & set("\x1b\x07\u202e")
    (kept,) = document(pennyworth(tmp_path, "log", "--json"))["interactions"]
    assert kept["transcript"] == said


def test_following_the_log_shows_what_comes_in(tmp_path: Path) -> None:
    db = tmp_path / "a.db"
    pennyworth(tmp_path, "--db", db, "say", "pause")
    follower = subprocess.Popen(
        command("--db", db, "log", "follow"),
        stdout=subprocess.PIPE,
        text=True,
        env=environment(tmp_path) | {"PYTHONUNBUFFERED": "1"},
        cwd=tmp_path,
    )
    try:
        assert follower.stdout
        assert "Following" in follower.stdout.readline()
        pennyworth(tmp_path, "--db", db, "say", "play some jazz")
        line = follower.stdout.readline()
        follower.send_signal(signal.SIGINT)
        follower.communicate(timeout=30)
    finally:
        follower.kill()
    assert "play some jazz" in line
    assert follower.returncode == 130


def test_a_reader_that_has_seen_enough_is_no_error(tmp_path: Path) -> None:
    db = tmp_path / "a.db"
    pennyworth(tmp_path, "--db", db, "say", *["pause"] * 40)
    with subprocess.Popen(
        command("--db", db, "log"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(tmp_path),
        cwd=tmp_path,
    ) as process:
        assert process.stdout
        assert process.stderr
        process.stdout.close()
        assert process.stderr.read() == ""
        assert process.wait(30) in (0, 1)


# ---- the demo


def test_the_demo_ends_as_it_should(tmp_path: Path) -> None:
    """The whole way: at least 95 % of the bundled recordings end as their case says, and the books balance."""
    db = tmp_path / "demo.db"
    run = pennyworth(tmp_path, "demo", "--db", db)
    assert run.returncode == 0, run.stdout + run.stderr
    cases = load_cases(household_dir())
    verdict = next(line for line in run.stdout.splitlines() if "recordings ended as they should" in line)
    as_said, _, of = verdict.partition(" of ")
    assert int(of.split()[0]) == len(cases) >= 40
    assert int(as_said) / len(cases) >= 0.95, run.stdout
    assert "balanced" in verdict
    rows = {row["key"]: row for row in document(pennyworth(tmp_path, "--db", db, "pnl", "--json"))["rows"]}
    for key in ("music", "weather", "none"):
        assert rows[key]["revenue"] == "0.000000"
        assert Decimal(rows[key]["cost"]) > 0
    for key in ("pizza", "ride"):
        assert rows[key]["orders_completed"] > 0
        assert Decimal(rows[key]["margin"]) > 0
    assert sum(row["orders_completed"] for row in rows.values()) == sum(
        case.outcome == "ordered" for case in cases
    )
    assert document(pennyworth(tmp_path, "--db", db, "ledger", "check", "--json"))["ok"]


def test_the_demo_never_writes_into_the_users_log(tmp_path: Path) -> None:
    process = subprocess.Popen(
        command("demo"), stdout=subprocess.PIPE, text=True, env=environment(tmp_path), cwd=tmp_path
    )
    try:
        assert process.stdout
        next(line for line in process.stdout if line.startswith("#1 "))
        process.send_signal(signal.SIGINT)
        rest, _ = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 130
    assert "pennyworth-demo-" in rest
    assert not (tmp_path / "home/.local/share/pennyworth/pennyworth.db").exists()
