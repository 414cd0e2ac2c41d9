"""What must not be possible, each tried by a request."""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from assistant.review.guard import Bucket, Guard, is_loopback
from assistant.store.store import Store
from tests.assistant.review.conftest import copied
from tests.assistant.review.household import Served, served, token_of
from tests.assistant.test_cli import pennyworth

if TYPE_CHECKING:
    from pathlib import Path

TOKEN = "a token of sixteen or more"  # noqa: S105
PAGES = ("/", "/interactions", "/interactions/70", "/better", "/what-if", "/privacy")


def verdicts(db: Path) -> int:
    with Store.open(db, mode="read") as store:
        return len(store.rows("SELECT * FROM verdicts"))


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example:80", "169.254.169.254", "", "localhost.evil.example"]
)
def test_a_name_that_was_made_to_point_here_is_refused(review: Served, host: str) -> None:
    with review.client() as client:
        for path in (*PAGES, "/log/interactions.json", "/-/static/app.css"):
            assert client.get(path, headers={"host": host}).status_code == 421


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1", "[::1]"])
def test_this_machine_is_called_by_its_own_names(review: Served, name: str) -> None:
    port = urlsplit(review.url).port
    with review.client() as client:
        assert client.get("/privacy", headers={"host": f"{name}:{port}"}).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"referer": "http://evil.example/page"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
)
def test_a_form_from_elsewhere_writes_nothing(review: Served, headers: dict[str, str]) -> None:
    with review.client() as client:
        token = token_of(client.get("/interactions/70").text)
        form = {"csrftoken": token, "verdict": "right"}
        assert client.post("/interactions/70/verdict", data=form, headers=headers).status_code == 403
    assert verdicts(review.db) == 0


@pytest.mark.parametrize(
    "path",
    [
        "/interactions/70/verdict",
        "/interactions/70/forget",
        "/interactions/66/refund",
        "/privacy/forget-day",
        "/privacy/forget-audio",
    ],
)
def test_every_form_needs_its_token(review: Served, path: str) -> None:
    form = {"verdict": "right", "day": "2026-01-05", "reason": "x"}
    before = review.db.read_bytes()
    with review.client() as client:
        # Without a cookie at all, without the field, with another one's field, as a bearer, as JSON, as multipart.
        assert client.post(path, data=form).status_code == 403
        token = token_of(client.get("/interactions/70").text)
        assert client.post(path, data=form).status_code == 403
        assert client.post(path, data={**form, "csrftoken": "x" * len(token)}).status_code == 403
        assert client.post(path, data=form, headers={"authorization": "Bearer x"}).status_code == 403
        assert client.post(path, json=form).status_code == 415
        assert client.post(path, files={"x": b"y"}).status_code == 415
        # And is no form when it is asked for by an address.
        assert client.get(path, params=form).status_code in {404, 405}
        for method in ("PUT", "DELETE", "PATCH", "OPTIONS"):
            assert client.request(method, path).status_code == 405
    with review.client() as client:
        assert client.post(path, data={**form, "csrftoken": token}).status_code == 403
    assert review.db.read_bytes() == before


def test_our_pages_run_no_script_but_our_files(review: Served) -> None:
    with review.client() as client:
        for path in PAGES:
            answer = client.get(path)
            policy = answer.headers["content-security-policy"]
            assert "unsafe" not in policy
            assert "default-src 'none'" in policy
            assert "frame-ancestors 'none'" in policy
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert answer.headers["cache-control"].count("no-store") == 1
            assert "<script>" not in answer.text
            assert "onclick" not in answer.text
            assert "access-control-allow-origin" not in answer.headers
            assert "http://" not in answer.text.replace("http://www.w3.org/2000/svg", "").replace(
                "http://www.w3.org/1999/xlink", ""
            ).replace("<!--http://pygal.org-->", "").replace("<!--http://github.com/Kozea/pygal-->", "")
        assert client.get("/log").headers["content-security-policy"].startswith("default-src 'none'")


@pytest.mark.parametrize(
    "path",
    [
        "/audio/../log.db",
        "/audio/%2e%2e%2flog.db",
        "/audio/log.db",
        "/audio/00000000-0000-7000-8000-000000000000",
        "/log.db",
    ],
)
def test_no_file_is_given_but_a_recording_by_its_id(review: Served, path: str) -> None:
    with socket.create_connection(("127.0.0.1", urlsplit(review.url).port or 0)) as raw:
        raw.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
        answer = b"".join(iter(lambda: raw.recv(65536), b""))
    assert b" 200 " not in answer.split(b"\r\n")[0]
    assert b"SQLite format 3" not in answer


@pytest.mark.parametrize(
    "sql",
    [
        "delete from interactions",
        "select 1; delete from verdicts",
        "with x as (select 1) insert into verdicts select * from verdicts",
        "pragma journal_mode = delete",
        "attach 'x.db' as x",
        "select load_extension('x')",
        "select writefile('x', 'y')",
        "vacuum into 'x.db'",
    ],
)
def test_sql_reads_and_nothing_else(review: Served, sql: str) -> None:
    before = review.db.read_bytes()
    with review.client() as client:
        answer = client.get("/log.json", params={"sql": sql, "_shape": "objects"})
        assert answer.status_code == 400 or answer.json()["ok"] is False
    assert review.db.read_bytes() == before
    assert not (review.db.parent / "x.db").exists()


def test_a_query_without_end_is_ended(review: Served) -> None:
    endless = "with recursive n(x) as (select 1 union all select x + 1 from n) select max(x) from n"
    with review.client() as client:
        assert client.get("/log.json", params={"sql": endless}).status_code == 400
        assert client.get("/privacy").status_code == 200


def test_too_many_requests_are_turned_away() -> None:
    async def app(_scope: Any, _receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async def ask(guard: Guard, method: str, client: str) -> int:
        sent: list[Any] = []

        async def send(message: Any) -> None:
            sent.append(message)

        async def receive() -> Any:
            return {"type": "http.request", "body": b"", "more_body": False}

        headers = [
            (b"host", b"localhost"),
            (b"cookie", b"ds_csrftoken=x"),
            (b"content-type", b"application/x-www-form-urlencoded"),
        ]
        scope = {"type": "http", "method": method, "path": "/", "headers": headers, "client": (client, 1)}
        await guard(scope, receive, send)
        return int(sent[0]["status"])

    async def many() -> None:
        guard = Guard(app, host="127.0.0.1", token="")
        assert [await ask(guard, "POST", "a") for _ in range(80)][-1] == 429
        answers = [await ask(guard, "GET", "a") for _ in range(400)]
        assert (answers[0], answers[-1]) == (200, 429)
        assert await ask(guard, "GET", "b") == 200

    asyncio.run(many())


def test_a_bucket_fills_again_with_time() -> None:
    now = [0.0]
    bucket = Bucket(2, 0.5, clock=lambda: now[0])
    assert [bucket.take("a"), bucket.take("a"), bucket.take("a"), bucket.take("b")] == [
        True,
        True,
        False,
        True,
    ]
    now[0] = 2.0
    assert [bucket.take("a"), bucket.take("a")] == [True, False]


def test_a_large_body_is_not_read(review: Served) -> None:
    with review.client() as client:
        token = token_of(client.get("/interactions/70").text)
        form = {"said": "x" * 1_000_000, "csrftoken": token, "verdict": "right"}
        assert client.post("/interactions/70/verdict", data=form).status_code == 403
    assert verdicts(review.db) == 0


def test_the_network_is_let_in_with_a_token_alone(household: Path, tmp_path: Path) -> None:
    db = copied(household, tmp_path)
    for arguments in (("--host", "0.0.0.0"), ("--host", "0.0.0.0", "--token", "short")):  # noqa: S104
        refused = pennyworth(tmp_path, "--db", db, "review", "--port", "0", *arguments)
        assert refused.returncode == 2
        assert "needs a token" in refused.stderr
    with served(db, "--host", "0.0.0.0", PENNYWORTH_REVIEW_TOKEN=TOKEN) as running:  # noqa: S104
        assert "open to the network" in (tmp_path / "review.err").read_text()
        with running.client() as client:
            for path in (
                *PAGES,
                "/log",
                "/log/interactions.json",
                "/privacy/takeout.zip",
                "/better/reviewed.yaml",
                "/better/reviewed.jsonl",
                "/-/databases.json",
            ):
                answer = client.get(path)
                assert answer.status_code == 401
                assert "jazz" not in answer.text
            assert client.get("/", headers={"cookie": "pennyworth_session=x"}).status_code == 401
            assert client.get("/", headers={"host": "evil.example"}).status_code == 421
            assert client.post("/sign-in", data={"token": "wrong"}).status_code == 401
            assert (
                client.post(
                    "/sign-in", data={"token": TOKEN}, headers={"origin": "http://evil.example"}
                ).status_code
                == 403
            )
            entered = client.post("/sign-in", data={"token": TOKEN})
            assert entered.status_code == 200
            assert "simulated, plan" in entered.text
            (cookie,) = (c for c in client.cookies.jar if c.name == "pennyworth_session")
            assert cookie.has_nonstandard_attr("HttpOnly")
            assert TOKEN not in str(cookie.value)
            token = token_of(client.get("/interactions/70").text)
            assert (
                client.post(
                    "/interactions/70/verdict", data={"csrftoken": token, "verdict": "right"}
                ).status_code
                == 200
            )
        assert verdicts(db) == 1
        with running.client() as client:
            assert client.get("/privacy", headers={"authorization": f"Bearer {TOKEN}"}).status_code == 200
            # Guessing is slowed down.
            guesses = [client.post("/sign-in", data={"token": f"guess {n}"}).status_code for n in range(8)]
            assert guesses[-1] == 429


def test_what_is_loopback() -> None:
    assert all(map(is_loopback, ("127.0.0.1", "localhost", "::1", "127.3.2.1")))
    assert not any(map(is_loopback, ("0.0.0.0", "::", "192.168.0.2", "example.org", "")))  # noqa: S104


def test_a_port_that_is_taken_is_said_so(household: Path, tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        refused = pennyworth(
            tmp_path, "--db", copied(household, tmp_path), "review", "--port", str(taken.getsockname()[1])
        )
    assert refused.returncode == 2
    assert "choose another --port" in refused.stderr
