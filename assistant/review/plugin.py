"""The hooks by which Datasette is ours: where our pages are, what stands before all pages, and the way back to ours."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from datasette import hookimpl
from datasette.utils.asgi import Base400, Response
from datasette.views.base import DatasetteError

from assistant.review import pages
from assistant.review.guard import Guard

if TYPE_CHECKING:
    from collections.abc import Callable

    from datasette.app import Datasette

    from assistant.review.guard import App
    from assistant.review.settings import Review

logger = logging.getLogger(__name__)

_reviews: WeakKeyDictionary[Datasette, Review] = WeakKeyDictionary()


def attach(datasette: Datasette, review: Review) -> None:
    """Let `datasette` be the review of a log; others in the same process stay what they are."""
    _reviews[datasette] = review


@hookimpl
def register_routes(datasette: Datasette) -> list[tuple[str, Callable[..., Any]]]:
    review = _reviews.get(datasette)
    return pages.routes(review) if review else []


@hookimpl
def asgi_wrapper(datasette: Datasette) -> Callable[[App], App]:
    def wrap(app: App) -> App:
        review = _reviews.get(datasette)
        if review is None:
            return app
        return Guard(app, host=review.host, token=review.token, names=review.names)

    return wrap


@hookimpl
def handle_exception(datasette: Datasette, request: Any, exception: Exception) -> Callable[[], Any] | None:
    """A page that says what is wrong; what is our fault stands in the terminal as well."""
    if datasette not in _reviews:
        return None

    async def answer() -> Any:
        known = isinstance(exception, Base400 | DatasetteError)
        status = int(getattr(exception, "status", 500)) if known else 500
        words = str(exception) if known else "This page failed; the terminal of `pennyworth review` says why."
        if not known:
            logger.error("%s failed", request.path, exc_info=exception)
        if request.path.endswith(".json"):
            return Response.json({"ok": False, "error": words, "status": status}, status=status)
        body = await datasette.render_template(
            "pennyworth_error.html", {"status": status, "words": words}, request
        )
        return Response.html(body, status=status)

    return answer


@hookimpl
def menu_links(datasette: Datasette) -> list[dict[str, str]]:
    return [{"href": "/", "label": "Pennyworth review"}] if datasette in _reviews else []


@hookimpl
def extra_js_urls(datasette: Datasette) -> list[str]:
    return ["/pennyworth/tables.js"] if datasette in _reviews else []


@hookimpl
def extra_css_urls(datasette: Datasette) -> list[str]:
    return ["/pennyworth/tables.css"] if datasette in _reviews else []


@hookimpl
def prepare_jinja2_environment(env: Any, datasette: Datasette) -> None:
    if datasette in _reviews:
        env.filters |= {
            "as_text": pages.as_text,
            "shown_time": pages.shown_time,
            "units": pages.units,
        }
