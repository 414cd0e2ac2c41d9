"""Datasette over one log, with our pages and our guard."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from datasette.app import Datasette
from datasette.database import Database
from datasette.plugins import pm

from assistant.review import plugin

if TYPE_CHECKING:
    from assistant.review.settings import Review

_HERE = Path(__file__).parent

SETTINGS = {
    "allow_download": False,
    "default_cache_ttl": 0,
    "default_page_size": 50,
    "facet_time_limit_ms": 200,
    "max_returned_rows": 1000,
    "num_sql_threads": 3,
    "sql_time_limit_ms": 1000,
    "suggest_facets": False,
}
METADATA = {
    "title": "Pennyworth",
    "description": "The log and the books as tables. Earnings are simulated.",
    "databases": {"log": {"description": "Read-only. What is earned is simulated."}},
}


def make_datasette(review: Review) -> Datasette:
    """The application; its database is opened for reading alone, as `log`."""
    if not pm.has_plugin("pennyworth"):
        pm.register(plugin, "pennyworth")
        # It prints what was said to the terminal, with every local variable, and holds up everybody meanwhile.
        pm.unregister(name="datasette.handle_exception")
    datasette = Datasette(
        [],
        settings=SETTINGS,
        metadata=METADATA,
        template_dir=str(_HERE / "templates"),
        static_mounts=[("pennyworth", str(_HERE / "static"))],
    )
    # Of no file it makes an empty database of its own, which nobody needs here.
    datasette.remove_database("_memory")
    datasette.add_database(Database(datasette, path=str(review.db), is_mutable=True), name="log")
    plugin.attach(datasette, review)
    return datasette
