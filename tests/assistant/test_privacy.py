"""What is kept of what was said: sound by choice and for a time, verdicts, and forgetting for good."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
import zipfile
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from assistant.audiotest.cases import load_cases
from assistant.audiotest.from_log import cases_from_log
from assistant.clock import new_id
from assistant.errors import StoreError
from assistant.ledger.rules import book_interaction, book_order_event
from assistant.records import Verdict
from assistant.reports.profit import Terms, make_profit
from assistant.store.audio import AudioShelf, said_at
from assistant.store.audit import audit
from assistant.store.forget import forget, ids_between
from assistant.store.history import OrderHistory
from assistant.store.store import Store
from assistant.store.takeout import write_takeout
from assistant.store.verdicts import add_verdict, reviewed, verdicts_on
from tests.assistant.examples import NOW, event, interaction, order, plan
from tests.assistant.test_cli import command, environment, pennyworth, recording

if TYPE_CHECKING:
    from pathlib import Path

    from assistant.records import Interaction, OrderState

SOUND = (np.sin(np.arange(8000) / 20) * 8000).astype(np.int16)
KEEP = '[privacy]\nkeep_audio = true\n[recognition]\nengine = "pocketsphinx"\n'


def said(n: int, **changes: Any) -> Interaction:
    at = NOW + timedelta(minutes=n)
    return interaction(id=new_id(at), session=f"session-{n}", at=at, **changes)


def verdict(it: Interaction, **changes: Any) -> Verdict:
    fields: dict[str, Any] = {
        "interaction_id": it.id,
        "verdict": "right",
        "said": it.transcript,
        "intent": it.intent,
        "slots": it.slots,
        "reviewer": "Ada",
        "at": NOW + timedelta(days=1),
    }
    return Verdict(**{**fields, **changes})


def write_order(store: Store, *, done: bool = True) -> Interaction:
    """An order that was quoted, placed and, if `done`, completed."""
    id_ = new_id(NOW)
    it = interaction(
        id=id_,
        intent="pizza",
        kind="commerce",
        outcome="ordered",
        order_id="order-1",
        transcript="zanzibar pizza",
    )
    bought = order(
        interaction_id=id_, description="one zanzibar pizza", slots={"topping": "zanzibar", "quantity": 2}
    )
    states: tuple[OrderState, ...] = ("quoted", "confirmed", "placed", *(("completed",) if done else ()))
    events = [event(state, interaction_id=id_) for state in states]
    booked = [*book_interaction(it, plan())]
    for place, each in enumerate(events):
        booked += book_order_event(bought, each, events[:place])
    store.append(it, orders=[bought], events=events, transactions=booked)
    return it


# ---- sound


def test_a_recording_is_found_by_id_only(tmp_path: Path) -> None:
    shelf = AudioShelf(tmp_path / "log.db")
    assert list(shelf.ids()) == []
    id_ = new_id(NOW)
    path = shelf.keep(id_, SOUND)
    assert shelf.find(id_) == path
    assert path.stat().st_mode & 0o77 == 0
    assert abs(said_at(id_) - NOW) < timedelta(milliseconds=1)
    (tmp_path / "secret.flac").write_bytes(b"x")
    (shelf.folder / f"{new_id(NOW)}.flac").symlink_to(tmp_path / "secret.flac")
    for name in ("../secret", "secret", "", f"{id_}/../{id_}", id_.upper()):
        assert shelf.find(name) is None
    with pytest.raises(ValueError, match="no id"):
        shelf.keep("../secret", SOUND)


def test_what_was_kept_too_long_is_deleted_and_nothing_else(tmp_path: Path) -> None:
    shelf = AudioShelf(tmp_path / "log.db")
    old, new = new_id(NOW - timedelta(days=31)), new_id(NOW - timedelta(days=29))
    shelf.keep(old, SOUND)
    shelf.keep(new, SOUND)
    (shelf.folder / "mine.flac").write_bytes(b"not ours")
    assert shelf.remove_older(NOW, 30) == 1
    assert list(shelf.ids()) == [new]
    assert (shelf.folder / "mine.flac").exists()


@pytest.fixture(scope="module")
def heard(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log of two spoken commands whose sound was to be kept; before them lay a recording that was too old."""
    folder = tmp_path_factory.mktemp("heard")
    (folder / "keep.toml").write_text(KEEP)
    AudioShelf(folder / "log.db").keep(new_id(datetime.now(UTC) - timedelta(days=31)), SOUND)
    spoken = recording("play some jazz")
    done = pennyworth(
        folder, "--config", folder / "keep.toml", "--db", folder / "log.db", "hear", spoken, spoken
    )
    assert done.returncode == 0, done.stderr
    return folder / "log.db"


def test_sound_is_kept_only_by_choice(tmp_path: Path, heard: Path) -> None:
    spoken = recording("play some jazz")
    assert pennyworth(tmp_path, "--db", tmp_path / "a.db", "hear", spoken).returncode == 0
    assert not list(tmp_path.glob("*-audio"))
    with Store.open(heard, mode="read") as store:
        ids = [it.id for it in store.interactions()]
    assert len(ids) == 2
    assert sorted(AudioShelf(heard).ids()) == sorted(ids)


# ---- verdicts


def test_verdicts_are_appended_and_the_newest_counts(tmp_path: Path) -> None:
    with Store.open(tmp_path / "log.db") as store:
        it = said(1)
        store.append(it, transactions=book_interaction(it, plan()))
        first = add_verdict(store, verdict(it))
        second = add_verdict(
            store, verdict(it, verdict="wrong", said="play some chess", intent=None, slots={})
        )
        assert [v.number for v in verdicts_on(store, it.id)] == [first.number, second.number] == [1, 2]
        assert [v for _, v in reviewed(store)] == [second]
        for sql in (
            "UPDATE verdicts SET verdict = 'wrong'",
            "UPDATE verdicts SET said = 'else'",
            "DELETE FROM verdicts",
            "REPLACE INTO verdicts SELECT * FROM verdicts",
        ):
            with pytest.raises(StoreError, match="append-only"):
                store.rows(sql)
        with pytest.raises(StoreError, match="no interaction"):
            add_verdict(store, verdict(said(2)))
        assert audit(store).problems == ()


# ---- forgetting


def test_what_is_forgotten_is_gone_and_the_money_stays(tmp_path: Path) -> None:
    path = tmp_path / "log.db"
    shelf = AudioShelf(path)
    with Store.open(path) as store:
        ordered, other = write_order(store), said(1)
        store.append(other, transactions=book_interaction(other, plan()))
        shelf.keep(ordered.id, SOUND)
        shelf.keep(other.id, SOUND)
        add_verdict(
            store, verdict(ordered, verdict="wrong", said="zanzibar pizzas", slots={"topping": "zanzibar"})
        )
        before = make_profit(store, "intent", Terms(plan=plan()))
        done = forget(store, shelf, [ordered.id], now=NOW)
        assert (done.interactions, done.recordings, done.kept) == (1, 1, 0)
        assert make_profit(store, "intent", Terms(plan=plan())) == before
        assert audit(store).problems == ()
        assert list(shelf.ids()) == [other.id]
        again = store.interaction(ordered.id)
        assert again
        assert (again.transcript, again.words, again.alternatives, again.reply) == ("", (), (), "")
        assert (again.intent, again.outcome, again.slots) == ("pizza", "ordered", {})
        assert store.order("order-1")[0].slots == {"quantity": 2}
        assert verdicts_on(store, ordered.id)[0].verdict == "wrong"
        assert list(reviewed(store)) == []
        assert OrderHistory(store, "test").last_ordered("pizza") is None
        with pytest.raises(StoreError, match="was forgotten"):
            add_verdict(store, verdict(ordered))
        assert store.rows("SELECT rowid FROM spoken WHERE spoken MATCH 'zanzibar'") == []
        assert store.rows("SELECT rowid FROM spoken WHERE spoken MATCH 'jazz'") == [{"rowid": 2}]
    # Nor does it lie about in what the file no longer uses, or in the index of words.
    for file in tmp_path.glob("log.db*"):
        assert b"zanz" not in file.read_bytes()


def test_an_order_on_its_way_keeps_its_words_until_it_ends(tmp_path: Path) -> None:
    path = tmp_path / "log.db"
    with Store.open(path) as store:
        ordered = write_order(store, done=False)
        done = forget(store, AudioShelf(path), [ordered.id], now=NOW)
        assert (done.interactions, done.kept) == (0, 1)
        assert store.order("order-1")[0].slots["topping"] == "zanzibar"


def test_the_database_lets_nothing_but_words_go(tmp_path: Path) -> None:
    with Store.open(tmp_path / "log.db") as store:
        write_order(store)
        for change in (
            "total_micros = 1, description = '', slots = '{}'",
            "description = 'another', slots = '{}'",
            """description = '', slots = '{"quantity":3}'""",
            "rebate_micros = 0",
        ):
            with pytest.raises(StoreError, match="append-only"):
                store.rows(f"UPDATE orders SET {change}")


def test_forgetting_that_is_killed_is_done_or_not(tmp_path: Path) -> None:
    path = tmp_path / "log.db"
    with Store.open(path) as store:
        for n in range(300):
            it = said(n, transcript=f"play zanzibar {n}")
            store.append(it, transactions=book_interaction(it, plan()))
    for delay in (0.05, 0.2, 0.35, 0.5, 0.65):
        copy = tmp_path / f"{delay}" / "log.db"
        copy.parent.mkdir()
        shutil.copy(path, copy)
        process = subprocess.Popen(
            command("--db", copy, "forget", "--day", "2026-01-05", "--tz", "UTC", "--yes"),
            env=environment(tmp_path),
            stdout=subprocess.DEVNULL,
        )
        time.sleep(delay)
        process.kill()
        process.wait()
        with Store.open(copy) as store:
            left = sum(bool(it.transcript) for it in store.interactions())
            marked = len(store.rows("SELECT * FROM forgotten"))
            found = len(store.rows("SELECT rowid FROM spoken WHERE spoken MATCH 'zanzibar'"))
            assert left + marked == 300
            assert left == found in (0, 300)
            assert audit(store).problems == ()


def test_the_command_forgets_one_a_day_and_all_recordings(tmp_path: Path) -> None:
    path = tmp_path / "log.db"
    shelf = AudioShelf(path)
    with Store.open(path) as store:
        for n in (0, 1, 24 * 60, 48 * 60):
            it = said(n)
            store.append(it, transactions=book_interaction(it, plan()))
            shelf.keep(it.id, SOUND)
        assert len(ids_between(store, NOW, NOW + timedelta(hours=1))) == 2

    def words() -> list[bool]:
        with Store.open(path, mode="read") as store:
            return [bool(it.transcript) for it in store.interactions()]

    def run(*arguments: str, **options: str) -> str:
        done = pennyworth(tmp_path, "--db", path, "forget", *arguments, **options)
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert "1 interaction forgotten, 1 recording deleted" in run("#3", "--yes")
    assert words() == [True, True, False, True]
    assert "2 interactions forgotten" in run("--day", "2026-01-05", "--tz", "UTC", input="y\n")
    assert words() == [False, False, False, True]
    assert "1 recording deleted" in run("--all-audio", "--yes")
    assert words() == [False, False, False, True]
    assert list(shelf.ids()) == []
    refused = pennyworth(tmp_path, "--db", path, "forget")
    assert refused.returncode == 2
    assert "--day" in refused.stderr
    assert pennyworth(tmp_path, "--db", path, "forget", "99", "--yes").returncode != 0


def test_all_that_is_stored_can_be_taken_away(tmp_path: Path) -> None:
    path, archive = tmp_path / "log.db", tmp_path / "mine.zip"
    shelf = AudioShelf(path)
    with Store.open(path) as store:
        it = write_order(store)
        shelf.keep(it.id, SOUND)
        add_verdict(store, verdict(it))
        write_takeout(store, shelf, archive)
        postings = store.rows("SELECT * FROM postings ORDER BY transaction_id, line")
    with zipfile.ZipFile(archive) as taken:
        assert taken.testzip() is None
        assert f"audio/{it.id}.flac" in taken.namelist()
        assert [json.loads(line) for line in taken.read("postings.jsonl").splitlines()] == postings
        assert json.loads(taken.read("interactions.jsonl"))["transcript"] == "zanzibar pizza"
        assert json.loads(taken.read("verdicts.jsonl"))["said"] == "zanzibar pizza"
    assert archive.stat().st_mode & 0o77 == 0
    with pytest.raises(StoreError, match="cannot write"), Store.open(path, mode="read") as store:
        write_takeout(store, shelf, tmp_path / "nowhere" / "mine.zip")


# ---- from review to audio tests


def test_a_conversation_is_a_case_as_far_as_it_can_be_played_again() -> None:
    one, two, three = (said(n) for n in (1, 2, 3))
    two, three = (interaction(id=it.id, session=one.session, at=it.at) for it in (two, three))
    verdicts = {it.id: verdict(it) for it in (one, two, three)}
    verdicts[two.id] = verdict(two, verdict="wrong", said="turn it up", slots={"action": "volume_up"})
    whole = [case for _, case in cases_from_log([one, two, three], verdicts, set(verdicts))]
    assert [case.conversation for case in whole] == [one.session] * 3
    assert [case.outcome for case in whole] == ["answered", None, "answered"]
    assert (whole[1].text, whole[1].slots) == ("turn it up", {"action": "volume_up"})
    # The second has no sound: the third would be said into another conversation.
    part = list(cases_from_log([one, two, three], verdicts, {one.id, three.id}))
    assert [(id_, case.conversation) for id_, case in part] == [(one.id, "")]
    assert list(cases_from_log([one, two, three], verdicts, {two.id, three.id})) == []
    del verdicts[one.id]
    assert list(cases_from_log([one, two, three], verdicts, set(verdicts))) == []


def test_what_was_heard_and_reviewed_becomes_a_test_that_passes(tmp_path: Path, heard: Path) -> None:
    corpus = tmp_path / "corpus"
    options = ("--config", heard.with_name("keep.toml"), "--db", heard)
    with Store.open(heard) as store:
        it, unreviewed = store.interactions()
        add_verdict(store, verdict(it, said="play some jazz"))
    done = pennyworth(tmp_path, *options, "audio-test", "from-log", corpus)
    assert done.returncode == 0, done.stderr
    assert "1 cases added" in done.stdout
    (case,) = load_cases(corpus)
    assert (case.intent, case.slots, case.outcome) == (it.intent, dict(it.slots), "answered")
    assert unreviewed.id not in case.audio
    assert "0 cases added" in pennyworth(tmp_path, *options, "audio-test", "from-log", corpus).stdout
    run = pennyworth(
        tmp_path, *options, "audio-test", corpus, "--workers", "1", "--json", tmp_path / "run.json"
    )
    assert run.returncode == 0, run.stderr
    assert json.loads((tmp_path / "run.json").read_text())["conditions"][0]["command_acceptance"] == 1.0


def test_a_log_of_before_is_brought_up_to_date_with_its_words(tmp_path: Path) -> None:
    from sqlite_utils import Database

    from assistant.store.schema import NAMES, migrations

    path = tmp_path / "old.db"
    with Database(path) as db:
        migrations.apply(db, stop_before=NAMES[3])
        it = said(1)
        columns = {column.name for column in db["interactions"].columns}
        row = {name: value for name, value in it.to_row().items() if name in columns}
        marks = ", ".join("?" * len(row))
        db.conn.execute(f"INSERT INTO interactions ({', '.join(row)}) VALUES ({marks})", list(row.values()))
        db.conn.commit()
    with Store.open(path) as store:
        assert store.rows("SELECT rowid FROM spoken WHERE spoken MATCH 'jazz'") == [{"rowid": 1}]
