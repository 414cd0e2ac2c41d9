"""Every page, by requests: what stands on it, and what its forms write."""

from __future__ import annotations

import html
import io
import json
import re
import sqlite3
import zipfile
from contextlib import closing
from datetime import UTC
from typing import TYPE_CHECKING

import numpy as np
import pytest
import yaml

from assistant.ledger.plan_file import load_plan
from assistant.reports.profit import Terms, make_profit
from assistant.reports.sentence import statement_sentence
from assistant.store.audio import AudioShelf
from assistant.store.audit import audit
from assistant.store.search import newest
from assistant.store.store import Store
from assistant.store.verdicts import verdicts_on
from tests.assistant.review.household import SCRIPT, say, token_of, turns

if TYPE_CHECKING:
    from tests.assistant.review.household import Served


def test_the_first_page_is_the_statement_at_a_glance(review: Served) -> None:
    with review.client() as client:
        page = client.get("/?time=all")
        assert page.status_code == 200
        for words in (
            "simulated, plan home",
            "pizza",
            "What was said",
            "How far requests came",
            "p95",
            "Of all 67 spoken.",
            "Nothing of the time was reviewed",
            "orders given back",
        ):
            assert words in page.text
        assert page.text.count("<svg") == 3
        assert "<style" not in page.text
        assert 'style="' not in page.text
        for key in ("day", "week", "month", "nonsense"):
            assert client.get("/", params={"time": key}).status_code == 200


def test_everything_is_the_statement_without_bounds_to_the_last_figure(review: Served) -> None:
    with Store.open(review.db, mode="read") as store:
        profit = make_profit(store, "intent", Terms(plan=load_plan("home"), zone=UTC))
    assert profit.statement.loading, "nothing is shared out: the test would see nothing"
    with review.client() as client:
        page = html.unescape(client.get("/?time=all").text)
    assert statement_sentence(profit.by_intent, profit.sold) in page
    assert f"{profit.statement.total.loaded_cost} with the device" in page


def drawn(page: str, name: str) -> list[tuple[str, float]]:
    """What the bars of a plot stand for: label and value, without those of nothing."""
    plot = page.split(f'id="chart-{name}"')[1].split("</svg>")[0]
    bars = re.findall(
        r'<desc class="value">([^<]*)</desc>.*?<desc class="x_label">([^<]*)</desc>', plot, re.DOTALL
    )
    return sorted(
        (label, float(value.replace(",", ""))) for value, label in bars if float(value.replace(",", ""))
    )


def test_plots_and_alerts_are_of_what_was_logged_and_booked(review: Served) -> None:
    with Store.open(review.db, mode="read") as store:
        said = store.rows(
            "SELECT coalesce(intent, 'none') AS intent, count(*) AS n FROM interactions GROUP BY 1"
        )
        money = """
            SELECT {} AS "key", sum(CASE WHEN account GLOB 'Income:*' OR account GLOB 'Expenses:*'
                THEN -amount_micros END) / 1e6 AS margin, sum(CASE WHEN account GLOB 'Expenses:*'
                THEN amount_micros END) / 1e6 AS cost
            FROM postings AS p JOIN transactions AS t ON t.id = p.transaction_id
            JOIN interactions AS i ON i.id = p.interaction_id GROUP BY 1
        """
        margins = store.rows(money.format("coalesce(i.intent, 'none')"))
        days = store.rows(money.format("substr(t.at, 6, 5)"))
    with review.client() as client:
        page = client.get("/?time=all").text
    assert drawn(page, "said") == sorted((row["intent"], row["n"]) for row in said)
    shown = dict(drawn(page, "margin"))
    for row in margins:
        assert shown.get(row["key"], 0) == pytest.approx(row["margin"], abs=5.1e-5)
    shown = dict(drawn(page, "days"))
    assert shown.keys() <= {row["key"] for row in days}
    for row in days:
        assert shown.get(row["key"], 0) == pytest.approx(row["cost"], abs=5.1e-5)
    assert max(shown.values()) > 0.02
    for alert in (
        "<b>0</b> false orders",
        "<b>1</b> orders given back",
        '<b>0</b> <a href="/interactions?outcome=failed">failed',
        "<b>0</b> cut off, or with sound lost",
        '<b>5</b> <a href="/interactions?outcome=rejected">turned down',
    ):
        assert alert in page


def test_how_long_it_took_is_drawn_by_stage(review: Served) -> None:
    with Store.open(review.db, mode="read") as store:
        it = store.interaction("70")
    assert it
    took = (it.effort.endpoint_us, it.effort.recognition_us, it.effort.understanding_us)
    with review.client() as client:
        page = client.get("/interactions/70").text
    plot = page.split('aria-label="Latency by stage')[1].split("</svg>")[0]
    values = [int(each) for each in re.findall(r'<desc class="value">(\d+) ms</desc>', plot)]
    assert values == [round(each / 1000) for each in took]


def test_interactions_are_found_by_words_and_filters(review: Served) -> None:
    def numbers(**choice: str) -> list[int]:
        with review.client() as client:
            page = client.get("/interactions", params=choice)
            assert page.status_code == 200
            return [int(part.split('"')[0]) for part in page.text.split('data-number="')[1:]]

    assert numbers()[:3] == [70, 69, 68]
    assert len(numbers()) == 50
    assert numbers(q="jazz 59") == [60]
    assert numbers(q="PAR 57") == []
    assert numbers(q="57 par") == [58]
    assert numbers(intent="none") == [65, 64, 63, 62, 61]
    assert numbers(intent="pizza", outcome="ordered", device="test") == [68, 67, 66]
    assert numbers(intent="pizza", outcome="rejected") == []
    assert numbers(below="0.5") == [65, 64, 63, 62, 61]
    assert numbers(unsure="0.85") == [70]
    assert numbers(unsure="0.8") == []
    assert numbers(verdict="any") == []
    assert numbers(**{"from": "2026-01-07", "to": "2026-01-07"})[-1] == 38
    assert numbers(q='"; DROP TABLE interactions; -- NEAR(*') == []
    with review.client() as client:
        page = client.get("/interactions")
        older = page.text.split('id="older" href="')[1].split('"')[0].replace("&amp;", "&")
        assert 'data-number="20"' in client.get(older).text
        assert 'data-number="21"' not in client.get(older).text
        assert "left out" in client.get("/interactions", params={"below": "x"}).text


def test_an_interaction_is_shown_whole(review: Served) -> None:
    with review.client() as client:
        page = client.get("/interactions/70").text
        for words in (
            "play some chess",
            "<audio",
            'class="wave"',
            "characters are the template",
            "Expenses:Compute",
            "source:",
            "endpoint",
            "pennyworth",
        ):
            assert words in page
        ordered = client.get("/interactions/66").text
        for words in ("confirmed", "settled", "Income:Rebates:Pizza", "0.05 of 19.980000"):
            assert words in ordered
        assert client.get("/interactions/999").status_code == 404


def test_why_knows_what_was_asked_then(own_review: Served) -> None:
    with Store.open(own_review.db) as store:
        first = newest(store) + 1
        turns("order a pizza", "large", "pepperoni", store=store)
    with own_review.client() as client:
        asked, size, topping = (client.get(f"/interactions/{first + n}").text for n in range(3))
        assert "Asked for before" not in asked
        for page, slot in ((size, "size"), (topping, "topping")):
            assert f"Asked for before: {slot}, about pizza. Worked out again by the definitions that" in page
            assert "It came to the same then." in page
            assert "(answer)" in page
        # A log that an older version wrote does not say what was asked; the turns before tell most of it.
        with closing(sqlite3.connect(own_review.db)) as db, db:
            db.execute(
                "UPDATE interactions SET expected = NULL, catalogue = 'older' WHERE number >= ?", [first]
            )
        page = client.get(f"/interactions/{first + 2}").text
        assert "Asked for before: topping, about pizza, as far as the turns before tell." in page
        assert "they have changed since (then older)" in page


def test_what_was_said_stays_text(review: Served) -> None:
    with review.client() as client:
        for path in (
            "/interactions/69",
            "/interactions",
            "/interactions/new?after=60",
            "/log/interactions/69",
            "/log/interactions?number=69",
        ):
            page = client.get(path)
            assert page.status_code == 200
            assert "owned" in page.text
            assert SCRIPT not in page.text


def test_new_interactions_come_alone(own_review: Served) -> None:
    with own_review.client() as client:
        newest = int(client.get("/interactions/new?after=70").headers["x-newest"])
        assert client.get(f"/interactions/new?after={newest}").text.strip() == ""
        with Store.open(own_review.db) as store:
            say(store, 60, transcript="turn it up")
            say(store, 61, intent="weather")
        come = client.get(f"/interactions/new?after={newest}&intent=music")
        assert come.headers["x-newest"] == str(newest + 2)
        assert f'data-number="{newest + 1}"' in come.text
        assert f'data-number="{newest + 2}"' not in come.text


def test_sound_is_given_by_id_whole_and_in_part(review: Served) -> None:
    with Store.open(review.db, mode="read") as store:
        it = store.interaction("70")
    assert it
    path = AudioShelf(review.db).find(it.id)
    assert path
    with review.client() as client:
        whole = client.get(f"/audio/{it.id}")
        assert (whole.status_code, whole.headers["content-type"]) == (200, "audio/flac")
        assert whole.content == path.read_bytes()
        part = client.get(f"/audio/{it.id}", headers={"range": "bytes=10-19"})
        assert (part.status_code, part.content) == (206, whole.content[10:20])
        assert client.get(f"/audio/{it.id}", headers={"range": "bytes=-5"}).content == whole.content[-5:]


def test_verdicts_are_appended_and_counted(own_review: Served) -> None:
    with own_review.client() as client:
        token = token_of(client.get("/interactions/70").text)
        page = client.post(
            "/interactions/70/verdict",
            data={"csrftoken": token, "verdict": "right", "said": "play some jazz"},
        )
        assert "Noted: it was understood" in page.text
        wrong = {"csrftoken": token, "verdict": "wrong", "said": "order a small ham pizza", "intent": "pizza"}
        slots = {"slot.size": "small", "slot.quantity": "2", "slot.topping": " "}
        client.post("/interactions/70/verdict", data={**wrong, **slots})
        client.post(
            "/interactions/68/verdict", data={"csrftoken": token, "verdict": "wrong", "intent": "nonsense"}
        )
        with Store.open(own_review.db, mode="read") as store:
            it = store.interaction("70")
            assert it
            first, second = verdicts_on(store, it.id)
            assert (first.verdict, first.slots) == ("right", it.slots)
            assert (second.verdict, second.intent, second.slots) == (
                "wrong",
                "pizza",
                {"size": "small", "quantity": 2},
            )
            ordered = store.interaction("68")
            assert ordered
            assert verdicts_on(store, ordered.id)[0].intent is None
        today = client.get("/?time=all").text
        assert "0 of 2 reviewed" in today
        assert "<b>1</b> false orders" in today


def test_a_wrong_order_is_refunded_in_the_books(own_review: Served) -> None:
    with own_review.client() as client:
        token = token_of(client.get("/interactions/66").text)
        page = client.post("/interactions/66/refund", data={"csrftoken": token, "reason": "not mine"})
        assert "refunded in the books" in page.text
        again = client.post("/interactions/66/refund", data={"csrftoken": token, "reason": "not mine"})
        assert again.status_code == 409
        assert "cannot be refunded" in again.text
    with Store.open(own_review.db) as store:
        assert store.order("order-1")[1][-1].reason == "not mine"
        assert audit(store).problems == ()


def test_what_is_forgotten_leaves_its_money(own_review: Served) -> None:
    with Store.open(own_review.db, mode="read") as store:
        it = store.interaction("60")
    assert it
    shelf = AudioShelf(own_review.db)
    shelf.keep(it.id, np.ones(1600, np.int16))
    with own_review.client() as client:
        token = token_of(client.get("/interactions/60").text)
        page = client.post("/interactions/60/forget", data={"csrftoken": token})
        assert "the money stays" in page.text
        assert "jazz" not in page.text
        assert "Expenses:Compute" in page.text
        assert (
            "keeps its words until" in client.post("/interactions/68/forget", data={"csrftoken": token}).text
        )
        client.post("/privacy/forget-day", data={"csrftoken": token, "day": "2026-01-05"})
        assert (
            "Choose a day" in client.post("/privacy/forget-day", data={"csrftoken": token, "day": "x"}).text
        )
        assert client.get("/interactions?q=weather+0").text.count("data-number=") == 0
        taken = zipfile.ZipFile(io.BytesIO(client.get("/privacy/takeout.zip").content))
        rows = [json.loads(line) for line in taken.read("interactions.jsonl").splitlines()]
        assert [row["transcript"] for row in rows[:7]] == [""] * 7
        assert rows[20]["transcript"]
    assert shelf.find(it.id) is None
    with Store.open(own_review.db) as store:
        assert audit(store).problems == ()


def test_nonsense_in_forms_is_no_failure_of_ours(own_review: Served) -> None:
    with own_review.client() as client:
        token = token_of(client.get("/interactions/55").text)
        for day in ("9999-12-31", "0001-01-01", "2026-02-30", "\0"):
            answer = client.post("/privacy/forget-day", data={"csrftoken": token, "day": day})
            assert answer.status_code == 200
        wrong = {"csrftoken": token, "verdict": "wrong", "intent": "pizza", "said": "a\0 pizza\n"}
        slots = {
            "slot.quantity": "9" * 5000,
            "slot.size": "²",
            "slot.<b>": "x",
            "slot.": "y",
            "slot.action": "play",
        }
        assert client.post("/interactions/55/verdict", data={**wrong, **slots}).status_code == 200
    with Store.open(own_review.db, mode="read") as store:
        it = store.interaction("55")
        assert it
        noted = verdicts_on(store, it.id)[-1]
    assert (noted.said, dict(noted.slots)) == ("a pizza", {"quantity": "9" * 200, "size": "²"})
    assert (own_review.db.parent / "review.err").read_text() == ""


def test_all_sound_is_forgotten_at_once(own_review: Served) -> None:
    with own_review.client() as client:
        token = token_of(client.get("/privacy").text)
        assert (
            "All recordings were deleted"
            in client.post("/privacy/forget-audio", data={"csrftoken": token}).text
        )
    assert list(AudioShelf(own_review.db).ids()) == []


def test_what_was_reviewed_becomes_figures_sentences_and_phrases(own_review: Served) -> None:
    with Store.open(own_review.db) as store:
        number = newest(store) + 1
        said = [
            say(store, 80 + n, transcript=text)
            for n, text in enumerate(("spin me up some jazz", SCRIPT, "a pizza for me"))
        ]
    with own_review.client() as client:
        token = token_of(client.get(f"/interactions/{number}").text)
        meant = (
            {"intent": "music", "slot.genre": "jazz"},
            {"intent": "light", "slot.action": "on"},
            {"intent": "pizza"},
        )
        for it, form in zip(said, meant, strict=True):
            wrong = {"csrftoken": token, "verdict": "wrong", "said": it.transcript, **form}
            assert client.post(f"/interactions/{it.number}/verdict", data=wrong).status_code == 200
        page = client.get("/better").text
        assert "Work them out" in page
        assert "words were heard wrong" in page
        page = client.get("/better?phrases=yes").text
        assert "<code>spin me up some {genre}</code>" in page
        assert f"#{number + 2}</a> “a pizza for me”: an order needs an ordering verb" in page
        assert SCRIPT not in page
        definitions = yaml.safe_load(client.get("/better/reviewed.yaml").text)
        assert {"sentences": ["spin me up some {genre}"]} in definitions["intents"]["music"]["data"]
        lines = [json.loads(line) for line in client.get("/better/reviewed.jsonl").text.splitlines()]
        assert {"text": SCRIPT, "label": "light", "slots": {"action": "on"}, "id": said[1].id} in lines
        shown = client.get("/?time=all").text
        assert "words heard wrong" in shown
        assert "and every slot right" in shown


def test_a_plan_and_a_rate_are_tried_without_writing(review: Served) -> None:
    before = review.db.read_bytes()
    with review.client() as client:
        assert "move a rate" in client.get("/what-if?time=all").text
        doubled = client.get("/what-if", params={"time": "all", "rebate.pizza": "0.10"}).text
        # Two orders completed, 0.999 each at five per cent; one of them was given back.
        assert "0.999000" in doubled
        assert "1.998000" in doubled
        assert "nothing of this was booked" in doubled
        assert "What if: maker" in client.get("/what-if", params={"time": "all", "plan": "maker"}).text
        for value in ("1.5", "x", "nan", "-1"):
            assert 'role="alert"' in client.get("/what-if", params={"rebate.pizza": value}).text
    assert review.db.read_bytes() == before


@pytest.mark.parametrize(
    "path", ["/log", "/log/interactions.json?_size=1", "/log/postings.csv?_size=1", "/log?sql=select+1"]
)
def test_everything_is_there_as_tables(review: Served, path: str) -> None:
    with review.client() as client:
        assert client.get(path).status_code == 200
