"""`pennyworth audio-test` whole: real libvosk on tones, worker processes, files, signals."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import time
from decimal import Decimal
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import numpy as np
import pytest
import soundfile
from click.testing import CliRunner

from assistant.audiotest.document import read_run
from assistant.cli.main import command
from assistant.resources import household_dir
from hardware.audio import SAMPLE_RATE
from hardware.errors import AudioFileError
from tests.assistant.audiotest.conftest import FOREIGN, JAZZ, PIZZA, YES
from tests.tone_model import HUM

if TYPE_CHECKING:
    from pathlib import Path

    from tests.assistant.audiotest.conftest import Bench

NOISE = ("--noise", "white", "--snr", "40,-20")


@pytest.fixture(scope="module")
def files(bench: Bench) -> Path:
    """One run with everything, and where its files are."""
    folder = bench.folder
    bench.run(
        *(bench.corpus, *NOISE, "--workers", "2"),
        *("--json", folder / "run.json", "--junit", folder / "run.xml", "--html", folder / "run.html"),
    )
    return folder


@pytest.fixture(scope="module")
def document(files: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((files / "run.json").read_text())
    return found


def heard(document: dict[str, Any]) -> list[Any]:
    """What was heard, without what a clock said."""
    measured = ("cpu_us", "recognition_cpu_us", "latency_us")
    return [{k: v for k, v in it.items() if k not in measured} for it in document["results"]]


def test_the_document_says_what_was_heard(document: dict[str, Any]) -> None:
    assert (document["engine"], document["corpus"], document["seed"]) == ("vosk", "corpus", 0)
    assert document["complete"] is True
    clean, faint, loud = document["conditions"]
    assert [(row["noise"], row["snr_db"]) for row in document["conditions"]] == [
        ("clean", None),
        ("white", 40.0),
        ("white", -20.0),
    ]
    for row in (clean, faint):
        assert (row["cases"], row["accepted"], row["command_acceptance"]) == (9, 7, 1.0)
        assert (row["false_accepts"], row["false_orders"], row["intent_accuracy"]) == (0, 0, 1.0)
        assert (row["slot_f1"], row["wer"], row["ci95"]) == (1.0, 0.0, [1.0, 1.0])
        assert row["real_time_factor"] > 0
        assert 500 < row["latency_ms"]["p50"] <= row["latency_ms"]["p95"]
    # 20 dB under the noise nothing is understood, and nothing is ordered.
    assert (loud["accepted"], loud["false_orders"], loud["revenue_booked"]) == (0, 0, "0.000000")
    assert loud["wer"] > 0.5


def test_money_is_what_the_books_would_say(bench: Bench, document: dict[str, Any]) -> None:
    """Two pizzas: one confirmed in its conversation, one whose speaker would say yes to the read-back."""
    clean = document["conditions"][0]
    assert clean["revenue_booked"] == clean["revenue_expected"]
    command = [*bench.command("--bundled")[:-1], "say", "--json", PIZZA["text"], "yes"]
    environment = {**bench.environment(), "PENNYWORTH_DB": str(bench.folder / "say.db")}
    # A partner may call an order off, which has nothing to do with ears.
    for _ in range(10):
        said = json.loads(subprocess.run(command, env=environment, capture_output=True, check=True).stdout)
        revenue = sum(Decimal(it["revenue"]) for it in said["interactions"])
        if revenue:
            break
    assert Decimal(clean["revenue_expected"]) == 2 * revenue


def test_a_run_repeats_exactly_whatever_the_number_of_workers(bench: Bench, document: dict[str, Any]) -> None:
    again = bench.folder / "again.json"
    bench.run(bench.corpus, *NOISE, "--workers", "1", "--json", again)
    assert heard(json.loads(again.read_text())) == heard(document)


def test_wrong_labels_are_counted_as_what_they_are(bench: Bench) -> None:
    """Speech against labels that are not its own: each kind of mistake in its place, and exit code 1."""
    wrong = bench.write(
        "wrong",
        [
            {**JAZZ, "said": "play some blues"},
            {**FOREIGN, "said": PIZZA["text"]},
            {**PIZZA, "said": HUM},
            {**FOREIGN, "said": "play some jazz"},
            {**PIZZA, "conversation": "x"},
            {**YES, "text": "no thanks", "outcome": "cancelled", "said": "yes", "conversation": "x"},
        ],
    )
    right = bench.write("right", [JAZZ, FOREIGN, PIZZA, FOREIGN, {**PIZZA, "conversation": "x"}])
    bench.run(right, "--workers", "1", "--json", bench.folder / "right.json")
    done = bench.run(
        *(
            wrong,
            "--workers",
            "1",
            "--json",
            bench.folder / "wrong.json",
            "--baseline",
            bench.folder / "right.json",
        ),
        code=1,
    )
    (row,) = json.loads((bench.folder / "wrong.json").read_text())["conditions"]
    assert (row["cases"], row["in_scope"], row["accepted"]) == (6, 4, 1)
    assert row["false_accepts"] == 2
    # A pizza that nobody wanted, and a yes that was a no.
    assert row["false_orders"] == 2
    assert row["wer"] > 0
    assert Decimal(row["revenue_booked"]) == Decimal(row["revenue_expected"])
    confusion = {(it["expected"], it["heard"]): it["cases"] for it in row["confusion"]}
    assert confusion[("none", "pizza")] == confusion[("pizza", "none")] == confusion[("none", "music")] == 1
    assert "4 broke, 0 mended, of 5" in done.stdout
    assert "worse" in done.stdout
    assert "heard “play some blues”" in done.stdout


@pytest.mark.slow
def test_the_same_run_is_not_worse_than_itself(bench: Bench, files: Path) -> None:
    done = bench.run(bench.corpus, *NOISE, "--workers", "2", "--baseline", files / "run.json")
    assert done.stdout.count("0 broke, 0 mended, of 9 (McNemar p = 1): not worse") == 3


@pytest.mark.slow
def test_the_recogniser_can_be_given_bare_recordings(bench: Bench) -> None:
    bench.run(bench.corpus, "--bare", "--workers", "1", "--json", bench.folder / "bare.json")
    found = json.loads((bench.folder / "bare.json").read_text())
    assert found["endpointing"] is False
    assert found["conditions"][0]["command_acceptance"] == 1.0
    assert {it["utterances"] for it in found["results"]} == {1}


def test_the_junit_report_counts_what_it_holds(files: Path) -> None:
    root = ET.fromstring((files / "run.xml").read_bytes())  # noqa: S314 - our own file
    assert root.tag == "testsuites"
    suites = root.findall("testsuite")
    assert [suite.get("name") for suite in suites] == [
        "vosk, clean",
        "vosk, white 40 dB",
        "vosk, white -20 dB",
    ]
    for suite in suites:
        cases = suite.findall("testcase")
        assert suite.get("tests") == str(len(cases)) == "9"
        assert suite.get("failures") == str(len(suite.findall("testcase/failure")))
        assert suite.get("errors") == "0"
        assert all(
            case.get("name") and case.get("classname") and float(case.get("time", "")) >= 0 for case in cases
        )
    assert root.get("failures") == suites[-1].get("failures") == "7"
    message = suites[-1].findall("testcase/failure")[0].get("message", "")
    assert message.startswith("expected music action=play genre=jazz; understood ")


class _Page(HTMLParser):
    """What a page refers to, and what it holds."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.tags: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value or "" for name, value in attrs if name in ("src", "href", "srcset", "data")]


def test_the_page_is_one_file_with_the_failures_to_hear(files: Path) -> None:
    text = (files / "run.html").read_text(encoding="utf-8")
    page = _Page()
    page.feed(text)
    assert page.links
    assert all(link.startswith("data:audio/flac;base64,") for link in page.links)
    assert page.tags.count("audio") == page.tags.count("article") == 7
    assert "svg" in page.tags
    assert "link" not in page.tags
    assert "prefers-color-scheme: dark" in text
    # Under every figure of each of the three conditions its interval.
    assert page.tags.count("small") == 3 * 11
    assert "<td>1.000<small>1.000-1.000</small></td>" in text
    drawings = [ET.fromstring(svg) for svg in re.findall(r"<svg.*?</svg>", text, re.DOTALL)]  # noqa: S314 - our own file
    # Acceptance, and what was taken for what under each condition.
    assert len(drawings) == 4
    matrix = drawings[-1]
    circles = [it for it in matrix.iter() if it.tag.endswith("circle")]
    counts = [it.text for it in matrix.iter() if it.tag.endswith("text") and (it.text or "").isdecimal()]
    assert len(circles) == len(counts)
    # Nothing is understood 20 dB under the noise: each label has its dot with "none".
    assert sum(map(int, filter(None, counts))) == 9


@pytest.mark.parametrize("how", ["interrupt", pytest.param("kill", marks=pytest.mark.slow)])
def test_what_was_heard_before_the_end_came_is_kept(bench: Bench, document: dict[str, Any], how: str) -> None:
    """Ctrl-C writes the document of what was done; a kill leaves the journal; both runs can be taken up again."""
    out = bench.folder / f"{how}.json"
    journal = out.with_name(f"{out.name}.part")
    arguments = (bench.corpus, *NOISE, "--workers", "2", "--json", out)
    # A group of its own, so that the signal reaches what Ctrl-C would: the workers, too.
    process = subprocess.Popen(
        bench.command(*arguments), env=bench.environment(), stderr=subprocess.PIPE, start_new_session=True
    )
    with process:
        while not journal.exists() or journal.read_text().count("\n") < 5:
            assert process.poll() is None
            time.sleep(0.02)
        if how == "interrupt":
            os.killpg(process.pid, signal.SIGINT)
        else:
            process.kill()
        process.wait(60)
    kept = sum(len(json.loads(line)) for line in journal.read_text().splitlines()[1:] if line.endswith("]"))
    assert kept >= 4
    if how == "interrupt":
        assert process.returncode == 130
        partial = json.loads(out.read_text())
        assert partial["complete"] is False
        assert len(partial["results"]) == kept < 27
    else:
        assert not out.exists()
        # As a write that was torn by a loss of power.
        with journal.open("a") as file:
            file.write('[{"engine": "vo')
    bench.run(*arguments, "--resume")
    whole = json.loads(out.read_text())
    assert whole["complete"] is True
    assert heard(whole) == heard(document)
    assert not journal.exists()


@pytest.mark.slow
def test_engines_stand_side_by_side(bench: Bench) -> None:
    bench.run(
        *(bench.corpus, "--engine", "vosk,pocketsphinx", "--limit", "2", "--workers", "1"),
        *("--json", bench.folder / "both.json", "--html", bench.folder / "both.html"),
    )
    found = json.loads((bench.folder / "both.json").read_text())
    assert (found["engine"], found["engines"]) == ("vosk", ["vosk", "pocketsphinx"])
    acceptance = {row["engine"]: row["command_acceptance"] for row in found["conditions"]}
    # PocketSphinx does not speak the language of tones.
    assert acceptance == {"vosk": 1.0, "pocketsphinx": 0.0}
    assert set(found["versions"]) == {"pennyworth", "intents", "vosk", "pocketsphinx"}
    assert read_run(bench.folder / "both.json").engines == ("vosk", "pocketsphinx")


def test_pocketsphinx_understands_the_bundled_week(bench: Bench) -> None:
    """Two conversations of recordings, the whole way."""
    out = bench.folder / "week.json"
    config = bench.folder / "plain.toml"
    config.write_text("")
    bench.run(
        *(
            "--bundled",
            "--config",
            config,
            household_dir(),
            "--engine",
            "pocketsphinx",
            "--limit",
            "3",
            "--workers",
            "1",
        ),
        *("--json", out),
    )
    (row,) = json.loads(out.read_text())["conditions"]
    assert row["command_acceptance"] == 1.0
    assert row["false_orders"] == 0


def test_bad_use_is_refused_before_anything_is_heard(bench: Bench) -> None:
    corpus = str(bench.corpus)
    quiet = str(bench.folder / "quiet.wav")
    soundfile.write(quiet, np.zeros(SAMPLE_RATE, np.int16), SAMPLE_RATE)
    words = f"{corpus}/cases.jsonl"
    refused = {
        ("nowhere",): "there is no corpus nowhere",
        (corpus, "--noise", "white"): "--noise and --snr go together",
        (corpus, "--snr", "loud", "--noise", "white"): "'loud' is not dB",
        (corpus, "--engine", "ears"): "'ears' is none of",
        (corpus, "--resume"): "give both",
        (corpus, "--baseline", f"{corpus}/cases.jsonl"): "is not JSON",
        (corpus, "--json", "no/such/folder.json"): "there is no folder",
        (corpus, "--html", corpus): "it is a folder",
        (corpus, "--junit", "/proc/run.xml"): "choose another place",
        (corpus, "--noise", words, "--snr", "6"): "not a sound file",
        (corpus, "--noise", quiet, "--snr", "6"): "is silent, so it is no noise",
        (corpus, "--reverb", quiet): "is silent, so it is no impulse response",
        (corpus, "--condition", "snr=6,noise=white,snr=7"): "snr is given twice",
    }
    for arguments, complaint in refused.items():
        done = CliRunner().invoke(command, ["audio-test", *bench.language, *arguments])
        assert complaint in f"{done.output} {done.exception}", arguments
        if not isinstance(done.exception, AudioFileError):
            assert getattr(done.exception, "exit_code", done.exit_code) == 2, arguments


def test_a_label_that_the_language_does_not_have_is_named(bench: Bench) -> None:
    drinks = bench.write("drinks", [{**JAZZ, "intent": "orderDrink", "slots": {}}])
    stderr = bench.run(drinks, code=2).stderr
    assert "0.flac is labelled 'orderDrink'" in stderr
    assert "--intents" in stderr
    slots = bench.write("slots", [{**PIZZA, "slots": {"sise": "large"}}])
    stderr = bench.run(slots, code=2).stderr
    assert "0.flac is labelled 'pizza' with a slot 'sise', and it has only size, topping" in stderr


def test_times_in_labels_are_those_of_when_it_was_said(bench: Bench) -> None:
    alarm = {"text": "wake me tonight at one", "intent": "alarm"}
    timer = {"text": "wake me in ten minutes", "intent": "timer", "slots": {"duration": "in ten minutes"}}
    wrong = {**timer, "slots": {"duration": 60}}
    corpus = bench.write("times", [{**alarm, "slots": {"time": "tonight at one"}}, timer, wrong])
    bench.run(corpus, "--workers", "1", "--json", bench.folder / "times.json")
    results = json.loads((bench.folder / "times.json").read_text())["results"]
    assert [it["accepted"] for it in results] == [True, True, False]
    assert [it["expected_slots"] for it in results] == [
        {"time": "2026-01-01T01:00"},
        {"duration": 600},
        {"duration": 60},
    ]


def test_a_label_that_names_no_time_is_refused_before_anything_is_heard(bench: Bench) -> None:
    label = {
        "text": "wake me tonight at one",
        "intent": "alarm",
        "slots": {"time": "when the cows come home"},
    }
    stderr = bench.run(bench.write("cows", [label]), code=2).stderr
    assert "0.flac is labelled time 'when the cows come home'" in stderr
    assert "leave time out of the label" in stderr


def test_another_command_language_takes_the_place_of_ours(bench: Bench) -> None:
    corpus = bench.write("lamps", [{"text": "turn it up", "intent": "lamp", "slots": {"way": "up"}}])
    definitions = bench.folder / "lamps.yaml"
    definitions.write_text(
        "language: en\nintents:\n  lamp:\n    data:\n      - sentences: ['turn it {way}']\n"
        "lists:\n  way:\n    values: [up, some]\n"
    )
    bench.run(corpus, "--intents", definitions, "--workers", "1", "--json", bench.folder / "lamps.json")
    (row,) = json.loads((bench.folder / "lamps.json").read_text())["conditions"]
    assert row["command_acceptance"] == 1.0


def test_a_broken_recording_is_a_failed_case(bench: Bench) -> None:
    corpus = bench.write("broken", [JAZZ, JAZZ])
    (corpus / "1.flac").write_bytes(b"nothing of the kind")
    soundfile.write(corpus / "2.flac", np.zeros(SAMPLE_RATE), SAMPLE_RATE)
    with (corpus / "cases.jsonl").open("a") as file:
        file.write(json.dumps({"audio": "2.flac", "intent": "music", "slots": {}}) + "\n")
    out, report = bench.folder / "broken.json", bench.folder / "broken.xml"
    page = bench.folder / "broken.html"
    done = bench.run(corpus, "--workers", "1", "--json", out, "--junit", report, "--html", page, code=3)
    assert "1 of 3 cases failed; the first, 1.flac: " in done.stderr
    found = json.loads(out.read_text())
    (row,) = found["conditions"]
    assert (row["cases"], row["failed"], row["accepted"]) == (3, 1, 1)
    assert "not a sound file" in found["results"][1]["error"]
    assert found["results"][2]["utterances"] == 0
    (error,) = ET.fromstring(report.read_bytes()).findall("testsuite/testcase/error")  # noqa: S314
    assert "not a sound file" in error.get("message", "")
