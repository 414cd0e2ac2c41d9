"""What stands before every page: whose name was asked for, who asks, how often, and what a browser may do with it.

A page on the network can make the browser of somebody who visits it ask a server on this machine, too. It cannot read
the answer, unless its name is made to point here (rebinding): so a request that calls us by a strange name is refused.
It can send forms: so what writes needs our own origin and a token that only our own pages hold.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import socket
import time
from collections import OrderedDict
from http.cookies import CookieError, SimpleCookie
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qs, urlsplit

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, MutableMapping

    Scope = MutableMapping[str, Any]
    Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
    Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
    App = Callable[[Scope, Receive, Send], Awaitable[None]]

SESSION: Final = "pennyworth_session"
CSRF: Final = "ds_csrftoken"
SHORTEST_TOKEN: Final = 16
"""Characters of a token."""
LARGEST_FORM: Final = 64 * 1024
"""Bytes that a request may bring."""

OURS: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; media-src 'self'; "
    "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
"""For pages of our own: no script and no style but from our files."""
DATASETTES: Final = (
    "default-src 'none'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
"""Datasette writes script into its tables of rows."""
_THEIRS: Final = ("/log", "/-/")

_READS: Final = frozenset({"GET", "HEAD"})


class Bucket:
    """So many requests at once, and so many a second after that, for each client."""

    def __init__(self, most: int, a_second: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._most, self._rate, self._clock = most, a_second, clock
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, client: str) -> bool:
        """Whether `client` may have another one."""
        now = self._clock()
        left, when = self._left.pop(client, (float(self._most), now))
        left = min(float(self._most), left + (now - when) * self._rate)
        allowed = left >= 1
        self._left[client] = (left - allowed, now)
        # What has not been seen for longest is full again, or nearly.
        while len(self._left) > 1000:
            self._left.popitem(last=False)
        return allowed


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach `host`."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class Guard:
    """Wraps the application."""

    def __init__(self, app: App, *, host: str, token: str, names: frozenset[str] = frozenset()) -> None:
        self._app = app
        self._token = token
        self._local = is_loopback(host)
        mine = {"localhost", host, *names}
        if not self._local:
            name = socket.gethostname().lower()
            mine |= {name, f"{name}.local"}
        self._names = frozenset(each.lower() for each in mine)
        self._requests = Bucket(240, 40)
        self._writes = Bucket(60, 1)
        self._knocks = Bucket(5, 0.1)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or answer it with what is wrong with it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = {key.decode("latin-1").lower(): value.decode("latin-1") for key, value in scope["headers"]}
        client = (scope.get("client") or ("", 0))[0]
        method, path = scope["method"], scope["path"]
        send = _with_headers(send, OURS if not path.startswith(_THEIRS) else DATASETTES)
        if not self._requests.take(client):
            await _answer(send, 429, "Too many requests; wait a little.", {"retry-after": "2"})
            return
        if not self._is_mine(headers.get("host", "")):
            await _answer(
                send,
                421,
                "This is not the name of this machine: open the address that `pennyworth review` printed.",
            )
            return
        if method not in _READS:
            if method != "POST":
                await _answer(send, 405, "Pages are read and forms are sent here; nothing else.")
                return
            if not self._writes.take(client):
                await _answer(send, 429, "Too many changes at once; wait a little.", {"retry-after": "5"})
                return
            if (
                headers.get("content-type", "").split(";")[0].strip().lower()
                != "application/x-www-form-urlencoded"
            ):
                await _answer(send, 415, "Forms of our pages are sent here; nothing else.")
                return
            if not _same_origin(headers):
                await _answer(send, 403, "This form was not sent from a page of ours.")
                return
        if self._token and not self._may_enter(headers):
            await self._door(scope, receive, send, headers, client)
            return
        cookies = _cookies(headers)
        # The library behind us lets through what has no cookie: nobody is signed in then. Here nobody needs to be.
        if method not in _READS and CSRF not in cookies:
            await _answer(send, 403, "The form has no token: open the page again, and send it from there.")
            return
        # Nor is a bearer's word taken for a form's token.
        kept = [(key, value) for key, value in scope["headers"] if key.lower() != b"authorization"]
        await self._app({**scope, "headers": kept}, _no_longer_than(receive, LARGEST_FORM), send)

    def _is_mine(self, host: str) -> bool:
        try:
            name = urlsplit(f"//{host}").hostname or ""
        except ValueError:
            return False
        if name in self._names:
            return True
        try:
            address = ipaddress.ip_address(name)
        except ValueError:
            return False
        # An address is nobody's name, so nobody can make it point elsewhere.
        return address.is_loopback if self._local else True

    def _session(self) -> str:
        return hmac.new(self._token.encode(), b"pennyworth review", hashlib.sha256).hexdigest()

    def _may_enter(self, headers: Mapping[str, str]) -> bool:
        bearer = headers.get("authorization", "")
        if bearer.startswith("Bearer ") and hmac.compare_digest(bearer[7:].encode(), self._token.encode()):
            return True
        return hmac.compare_digest(_cookies(headers).get(SESSION, "").encode(), self._session().encode())

    async def _door(
        self, scope: Scope, receive: Receive, send: Send, headers: Mapping[str, str], client: str
    ) -> None:
        """Ask for the token, and take it."""
        if scope["path"] == "/sign-in" and scope["method"] == "POST":
            if not self._knocks.take(client):
                await _answer(send, 429, "Too many wrong tokens; wait a minute.", {"retry-after": "60"})
                return
            body = await _body(_no_longer_than(receive, LARGEST_FORM))
            given = parse_qs(body.decode("utf-8", "replace")).get("token", [""])[0].strip()
            if hmac.compare_digest(given.encode(), self._token.encode()):
                cookie = f"{SESSION}={self._session()}; Path=/; HttpOnly; SameSite=Strict"
                await _answer(send, 303, "", {"location": "/", "set-cookie": cookie})
                return
            await _answer(send, 401, _door_page("That is not the token."), kind="text/html; charset=utf-8")
            return
        if headers.get("authorization") and not self._knocks.take(client):
            await _answer(send, 429, "Too many wrong tokens; wait a minute.", {"retry-after": "60"})
            return
        if scope["path"].startswith("/pennyworth/") and scope["method"] in _READS:
            # The door has the same style as the house.
            await self._app(scope, receive, send)
            return
        await _answer(send, 401, _door_page(""), kind="text/html; charset=utf-8")


def _same_origin(headers: Mapping[str, str]) -> bool:
    """Whether a form comes from a page of ours, as far as the browser tells; one that tells nothing is no browser."""
    if headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
        return False
    origin = headers.get("origin") or headers.get("referer")
    if not origin:
        return True
    return urlsplit(origin).netloc == headers.get("host", "") and urlsplit(origin).scheme in {"http", "https"}


def _cookies(headers: Mapping[str, str]) -> dict[str, str]:
    jar: SimpleCookie = SimpleCookie()
    try:
        jar.load(headers.get("cookie", ""))
    except CookieError:
        return {}
    return {name: morsel.value for name, morsel in jar.items()}


def _with_headers(send: Send, policy: str) -> Send:
    fixed = {
        b"content-security-policy": policy.encode(),
        b"x-content-type-options": b"nosniff",
        b"referrer-policy": b"same-origin",
        b"cross-origin-resource-policy": b"same-origin",
        b"cross-origin-opener-policy": b"same-origin",
        b"x-frame-options": b"DENY",
    }

    async def sending(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            others = [(key, value) for key, value in message.get("headers", []) if key.lower() not in fixed]
            message = {**message, "headers": [*others, *fixed.items()]}
        await send(message)

    return sending


def _no_longer_than(receive: Receive, most: int) -> Receive:
    taken = 0

    async def receiving() -> MutableMapping[str, Any]:
        nonlocal taken
        message = await receive()
        taken += len(message.get("body", b""))
        if taken > most:
            # What is cut is no form of ours, and its token is missing or wrong.
            return {"type": "http.request", "body": b"", "more_body": False}
        return message

    return receiving


async def _body(receive: Receive) -> bytes:
    parts, more = [], True
    while more:
        message = await receive()
        parts.append(message.get("body", b""))
        more = message.get("more_body", False)
    return b"".join(parts)


async def _answer(
    send: Send,
    status: int,
    text: str,
    headers: Mapping[str, str] | None = None,
    kind: str = "text/plain; charset=utf-8",
) -> None:
    all_headers = {"content-type": kind, "cache-control": "no-store", **(headers or {})}
    await send(
        {
            "type": "http.response.start",
            "status": status,
            "headers": [(key.encode(), value.encode()) for key, value in all_headers.items()],
        }
    )
    await send({"type": "http.response.body", "body": text.encode()})


def _door_page(complaint: str) -> str:
    said = f'<p role="alert" class="bad">{complaint}</p>' if complaint else ""
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Pennyworth review</title>
<link rel="stylesheet" href="/pennyworth/review.css"></head>
<body><main class="door"><h1>Pennyworth review</h1><p>This review is open to the network, so it asks for its token.</p>
{said}
<form method="post" action="/sign-in"><label for="token">Token</label>
<input id="token" name="token" type="password" autocomplete="current-password" required autofocus>
<button>Enter</button></form></main></body></html>"""
