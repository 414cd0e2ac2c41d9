"""The catalogue as a table, for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from intents.catalogue import Catalogue


def markdown_table(catalogue: Catalogue) -> str:
    """A row an intent in Markdown: its kind and its slots, required ones in bold."""
    return "\n".join(_rows(catalogue))


def _rows(catalogue: Catalogue) -> Iterator[str]:
    yield "| intent | kind | slots |"
    yield "|---|---|---|"
    for name, intent in sorted(catalogue.intents.items()):
        slots = [f"**{slot}**" for slot in intent.required] + sorted(intent.slots - set(intent.required))
        yield f"| {name} | {intent.kind} | {', '.join(slots) or 'none'} |"
