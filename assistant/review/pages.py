"""The pages. Each reads the log by a connection of its own, in a thread, so that none waits for another."""

from __future__ import annotations

import asyncio
import json
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from datasette.utils.asgi import Base400, NotFound, Response

from assistant.errors import PennyworthError
from assistant.money import Money
from assistant.records import Verdict
from assistant.review import charts
from assistant.review.better import as_definitions, as_sentences, make_better, make_phrases
from assistant.review.detail import make_detail, slots_text
from assistant.review.periods import NAMES, midnight, period_of
from assistant.review.today import make_today
from assistant.review.whatif import make_what_if
from assistant.review.writing import refund
from assistant.store.audio import AudioShelf
from assistant.store.forget import forget, ids_between
from assistant.store.search import Filters, choices, find, newest
from assistant.store.store import Store
from assistant.store.takeout import write_takeout
from assistant.store.totals import plans
from assistant.store.verdicts import add_verdict

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from assistant.review.settings import Review

    View = Callable[..., Awaitable[Any]]

PAGE: Final = 50
"""Interactions on a page."""


def as_text(value: object) -> str:
    """Slots as a person reads them: "size: large, topping: ham"."""
    found = json.loads(value) if isinstance(value, str) else value
    return slots_text(found) if isinstance(found, Mapping) else str(found)


def routes(review: Review) -> list[tuple[str, View]]:
    """The addresses of our pages, each with what answers."""
    view = _Views(review)
    return [
        (r"^/$", view.today),
        (r"^/interactions$", view.interactions),
        (r"^/interactions/new$", view.new),
        (r"^/interactions/(?P<number>\d{1,18})$", view.interaction),
        (r"^/interactions/(?P<number>\d{1,18})/verdict$", view.verdict),
        (r"^/interactions/(?P<number>\d{1,18})/forget$", view.forget_one),
        (r"^/interactions/(?P<number>\d{1,18})/refund$", view.refund),
        (r"^/audio/(?P<id>[0-9a-f-]{36})$", view.audio),
        (r"^/better$", view.better),
        (r"^/better/reviewed\.(?P<kind>yaml|jsonl)$", view.reviewed),
        (r"^/what-if$", view.what_if),
        (r"^/privacy$", view.privacy),
        (r"^/privacy/forget-day$", view.forget_day),
        (r"^/privacy/forget-audio$", view.forget_audio),
        (r"^/privacy/takeout\.zip$", view.takeout),
        (r"^/sign-in$", view.signed_in),
    ]


class MethodNotAllowed(Base400):  # type: ignore[misc]
    """An address that takes forms was read."""

    status = 405


class _Views:
    def __init__(self, review: Review) -> None:
        self._review = review
        self._shelf = AudioShelf(review.db)
        # Templates take seconds of the processor: one asks for them at a time.
        self._inducing = asyncio.Lock()

    # ---- reading

    async def today(self, datasette: Any, request: Any) -> Response:
        key = request.args.get("time") or "week"

        def read(store: Store) -> dict[str, Any]:
            when = period_of(store, key, self._review.zone)
            if when is None:
                return {"when": None}
            found = make_today(store, self._review, when)
            rows = found.statement.rows
            currency = found.statement.currency
            return {
                "when": when,
                "today": found,
                "said": charts.bars_by_kind(
                    [(row.key.replace("_", " "), row.kind, row.interactions) for row in rows],
                    name="said",
                    title="Interactions by intent",
                    formatter=lambda value: f"{value:,.0f}",
                ),
                "margin": charts.bars_by_kind(
                    [(row.key.replace("_", " "), row.kind, row.margin.micros / 1e6) for row in rows],
                    name="margin",
                    title=f"Margin by intent, {currency}",
                    formatter=lambda value: f"{value:,.4f}" if abs(value) < 1 else f"{value:,.2f}",
                ),
                "days": charts.bars_by_day(
                    [(row.key, row.cost.micros / 1e6) for row in found.days.rows],
                    name="days",
                    title=f"Cost a day, {currency}",
                    formatter=lambda value: f"{value:,.4f}" if abs(value) < 1 else f"{value:,.2f}",
                ),
            }

        context = await self._read(read)
        return await self._page(datasette, request, "pennyworth_today.html", {**context, "periods": NAMES})

    async def interactions(self, datasette: Any, request: Any) -> Response:
        filters, complaint = self._filters(request.args)

        def read(store: Store) -> dict[str, Any]:
            return {
                "page": find(store, filters, before=request.args.get("before") or "", limit=PAGE),
                "choices": choices(store),
                "newest": newest(store),
                "plans": plans(store),
            }

        context = await self._read(read)
        given = {name: request.args.get(name) or "" for name in (*_FILTERS, "from", "to", "below", "unsure")}
        query = "&".join(f"{name}={_quoted(value)}" for name, value in given.items() if value)
        return await self._page(
            datasette,
            request,
            "pennyworth_interactions.html",
            {
                **context,
                "given": given,
                "query": query,
                "complaint": complaint,
                "first": not request.args.get("before"),
            },
        )

    async def new(self, datasette: Any, request: Any) -> Response:
        """The rows that have come in since, as they stand on the page: newest first."""
        after = request.args.get("after") or ""
        filters, _ = self._filters(request.args)

        def read(store: Store) -> dict[str, Any]:
            number = int(after) if after.isdecimal() and len(after) < 19 else 0
            last = newest(store)
            found = find(store, filters, after=number, limit=PAGE) if last > number else None
            return {"rows": found.rows if found else [], "newest": last}

        context = await self._read(read)
        body = await datasette.render_template(
            "pennyworth_rows.html", {**context, "zone": self._review.zone}, request
        )
        return Response.html(body, headers={"x-newest": str(context["newest"]), "cache-control": "no-store"})

    async def interaction(self, datasette: Any, request: Any) -> Response:
        number = request.url_vars["number"]
        context = await self._read(lambda store: make_detail(store, self._review, self._shelf, number))
        if context is None:
            raise NotFound(f"There is no interaction {number}.")
        said = request.args.get("said") or ""
        return await self._page(
            datasette, request, "pennyworth_interaction.html", {**context, "notice": _SAID.get(said, "")}
        )

    async def better(self, datasette: Any, request: Any) -> Response:
        context = await self._read(lambda store: make_better(store, self._review, self._shelf))
        context["induction"] = None
        if request.args.get("phrases"):
            async with self._inducing:
                context["induction"] = await self._read(lambda store: make_phrases(store, self._review))
        return await self._page(datasette, request, "pennyworth_better.html", context)

    async def reviewed(self, request: Any) -> Response:
        """What was reviewed, to take along: as definitions or as labelled sentences."""
        kind = request.url_vars["kind"]
        if kind == "yaml":
            async with self._inducing:
                text = await self._read(lambda store: as_definitions(store, self._review))
        else:
            text = await self._read(as_sentences)
        headers = {
            "content-disposition": f'attachment; filename="reviewed.{kind}"',
            "cache-control": "no-store",
        }
        return Response(text, headers=headers, content_type="text/plain; charset=utf-8")

    async def what_if(self, datasette: Any, request: Any) -> Response:
        asked = {name: request.args.get(name) or "" for name in request.args}
        context = await self._read(lambda store: make_what_if(store, self._review, asked))
        return await self._page(
            datasette, request, "pennyworth_what_if.html", {**context, "asked": asked, "periods": NAMES}
        )

    async def privacy(self, datasette: Any, request: Any) -> Response:
        def read(store: Store) -> dict[str, Any]:
            recordings, size = self._shelf.size()
            (row,) = store.rows(
                """
                SELECT (SELECT count(*) FROM interactions) AS interactions,
                    (SELECT count(*) FROM forgotten) AS forgotten,
                    (SELECT count(DISTINCT interaction_id) FROM verdicts) AS reviewed,
                    (SELECT min(at) FROM interactions) AS first
                """
            )
            return {**row, "recordings": recordings, "audio_mb": size / 1e6}

        said = request.args.get("said") or ""
        context = await self._read(read)
        context |= {"privacy": self._review.privacy, "db": self._review.db, "notice": _SAID.get(said, "")}
        context["db_mb"] = self._review.db.stat().st_size / 1e6
        return await self._page(datasette, request, "pennyworth_privacy.html", context)

    async def audio(self, request: Any) -> Response:
        """A recording, whole or the part that was asked for."""
        path = self._shelf.find(request.url_vars["id"])
        if path is None:
            raise NotFound("There is no recording of that interaction.")
        data = await asyncio.to_thread(path.read_bytes)
        headers = {"accept-ranges": "bytes", "cache-control": "no-store"}
        part = _range(request.headers.get("range", ""), len(data))
        if part:
            first, last = part
            headers["content-range"] = f"bytes {first}-{last}/{len(data)}"
            data = data[first : last + 1]
        return Response(data, status=206 if part else 200, headers=headers, content_type="audio/flac")

    async def takeout(self, request: Any) -> Response:  # noqa: ARG002
        def write() -> bytes:
            with tempfile.TemporaryDirectory(prefix="pennyworth-") as folder:
                path = Path(folder) / "takeout.zip"
                with Store.open(self._review.db, mode="read") as store:
                    write_takeout(store, self._shelf, path)
                return path.read_bytes()

        headers = {
            "content-disposition": 'attachment; filename="pennyworth-takeout.zip"',
            "cache-control": "no-store",
        }
        return Response(await asyncio.to_thread(write), headers=headers, content_type="application/zip")

    async def signed_in(self, request: Any) -> Response:  # noqa: ARG002
        return Response.redirect("/")

    # ---- writing: by forms alone, which the guard and Datasette's token have let through

    async def verdict(self, request: Any) -> Response:
        form, number = await self._form(request), request.url_vars["number"]

        def write(store: Store) -> str:
            it = store.interaction(number)
            if it is None:
                raise NotFound(f"There is no interaction {number}.")
            right = form.get("verdict") == "right"
            given = form.get("intent", "")
            slots = (
                dict(it.slots)
                if right
                else {
                    name: int(value) if value.isascii() and value.isdecimal() and len(value) < 10 else value
                    for name in self._review.intents.get(given, ())
                    if (value := form.get(f"slot.{name}", "").strip()[:200])
                }
            )
            add_verdict(
                store,
                Verdict(
                    interaction_id=it.id,
                    verdict="right" if right else "wrong",
                    said=(form.get("said") or it.transcript).strip()[:1000],
                    intent=it.intent if right else (given if given in self._review.intents else None),
                    slots=slots,
                    reviewer=self._review.reviewer,
                    at=self._review.now(),
                ),
            )
            return "right" if right else "wrong"

        return await self._write(write, f"/interactions/{number}")

    async def refund(self, request: Any) -> Response:
        form, number = await self._form(request), request.url_vars["number"]
        reason = form.get("reason", "").strip()[:200]
        return await self._write(
            lambda store: refund(store, number, reason, now=self._review.now()), f"/interactions/{number}"
        )

    async def forget_one(self, request: Any) -> Response:
        await self._form(request)
        number = request.url_vars["number"]

        def write(store: Store) -> str:
            it = store.interaction(number)
            if it is None:
                raise NotFound(f"There is no interaction {number}.")
            done = forget(store, self._shelf, [it.id], now=self._review.now())
            return "open" if done.kept else "forgotten"

        return await self._write(write, f"/interactions/{number}")

    async def forget_day(self, request: Any) -> Response:
        form = await self._form(request)
        zone = self._review.zone
        try:
            day = date.fromisoformat(form.get("day", ""))
            since, until = midnight(day, zone), midnight(day + timedelta(days=1), zone)
        except (ValueError, OverflowError):
            return Response.redirect("/privacy?said=no-day")

        def write(store: Store) -> str:
            ids = ids_between(store, since, until)
            done = forget(store, self._shelf, ids, now=self._review.now())
            return "open" if done.kept else "forgotten"

        return await self._write(write, "/privacy")

    async def forget_audio(self, request: Any) -> Response:
        await self._form(request)

        def remove() -> None:
            for id_ in list(self._shelf.ids()):
                self._shelf.remove(id_)

        await asyncio.to_thread(remove)
        return Response.redirect("/privacy?said=silent")

    # ---- what they have in common

    async def _read(self, read: Callable[[Store], Any]) -> Any:
        def run() -> Any:
            with Store.open(self._review.db, mode="read") as store:
                return read(store)

        return await asyncio.to_thread(run)

    async def _write(self, write: Callable[[Store], str], then: str) -> Response:
        def run() -> str:
            with Store.open(self._review.db) as store:
                return write(store)

        try:
            said = await asyncio.to_thread(run)
        except PennyworthError as error:
            return Response.text(str(error), status=409)
        return Response.redirect(f"{then}?said={said}")

    async def _form(self, request: Any) -> dict[str, str]:
        if request.method != "POST":
            raise MethodNotAllowed("This address takes forms, and nothing else.")
        given = dict(await request.post_vars())
        # What nobody can see has nothing to do in a line of text.
        return {name: "".join(filter(str.isprintable, text)) for name, text in given.items()}

    async def _page(self, datasette: Any, request: Any, template: str, context: dict[str, Any]) -> Response:
        body = await datasette.render_template(
            template, {**context, "zone": self._review.zone, "here": request.path}, request
        )
        return Response.html(body, headers={"cache-control": "no-store"})

    def _filters(self, arguments: Any) -> tuple[Filters, str]:
        """What was asked for; what makes no sense is left out, and said."""
        complaint = ""
        chosen: dict[str, Any] = {name: (arguments.get(name) or "")[:200] for name in _FILTERS}
        filters = Filters(words=chosen.pop("q"), **chosen)
        try:
            if arguments.get("below"):
                filters = replace(filters, below=float(arguments.get("below")))
            if arguments.get("unsure"):
                filters = replace(filters, unsure=float(arguments.get("unsure")))
            if arguments.get("from"):
                filters = replace(
                    filters, since=midnight(date.fromisoformat(arguments.get("from")), self._review.zone)
                )
            if arguments.get("to"):
                day = date.fromisoformat(arguments.get("to")) + timedelta(days=1)
                filters = replace(filters, until=midnight(day, self._review.zone))
        except (ValueError, OverflowError):
            complaint = (
                "A likeness and a confidence are numbers from 0 to 1, and a date is like 2026-01-31; "
                "what was none is left out."
            )
        return filters, complaint


_FILTERS: Final = ("q", "intent", "outcome", "device", "engine", "source", "verdict")

_SAID: Final = {
    "right": "Noted: it was understood.",
    "wrong": "Noted: it was misunderstood.",
    "refunded": "The order was refunded in the books (simulated).",
    "forgotten": "Forgotten: words and sound are gone; the money stays.",
    "open": "What belongs to an order that has not ended keeps its words until it has; everything else was forgotten.",
    "silent": "All recordings were deleted.",
    "no-day": "Choose a day first.",
}


def _quoted(value: str) -> str:
    return quote(value, safe="")


def _range(header: str, size: int) -> tuple[int, int] | None:
    """The first and the last byte of a range, if one was asked for that is there."""
    unit, _, spec = header.partition("=")
    first, dash, last = spec.partition("-")
    if (
        unit.strip() != "bytes"
        or not dash
        or not (first or last)
        or not (first + last).isdecimal()
        or len(spec) > 24
    ):
        return None
    begin = int(first) if first else max(0, size - int(last))
    end = min(int(last), size - 1) if first and last else size - 1
    return (begin, end) if begin <= end else None


def units(micros: int) -> str:
    """Millionths as currency units."""
    return str(Money(currency="XXX", micros=micros))


def shown_time(at: str | datetime, zone: Any) -> str:
    """A time as it stands in a row."""
    when = datetime.fromisoformat(at) if isinstance(at, str) else at
    return f"{when.astimezone(zone):%Y-%m-%d %H:%M:%S}"
