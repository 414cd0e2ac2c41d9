"""The intents of a language: read, checked and compiled once."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from intents.check import Definitions, check
from intents.compilation import choices_of, compile_answers, compile_commands, slots_of, times_of
from intents.errors import DefinitionError
from intents.read import bundled, read_files

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from hassil.intents import Intents

    from intents.open_slots import OpenSlot
    from intents.results import Kind


@dataclass(frozen=True, kw_only=True)
class IntentDefinition:
    """One intent as defined, its templates apart."""

    name: str
    """Name, unique in the catalogue."""
    kind: Kind
    """A label for reports; what an intent earns comes from the pricing plan."""
    required: tuple[str, ...]
    """Slots that must be known before it can be carried out, in the order to ask for them."""
    slots: frozenset[str]
    """Every slot its templates can fill."""
    choices: Mapping[str, tuple[str, ...]]
    """Slot to the values that its lists have, in their order; of times and numbers there are no lists."""
    times: Mapping[str, str]
    """Slot to what its words are (`intents.times.Resolve`), where its value is worked out relative to now."""
    answers: Mapping[str, tuple[str, ...]]
    """Slot to the templates of its answers; every required slot has some."""
    open: tuple[OpenSlot, ...]
    """Slots that take words no list has, in the order to look for them; none of an order."""
    last: tuple[str, ...]
    """Slots that are said last: behind the value of one seldom anything follows."""
    named: tuple[str, ...]
    """What can be ordered by it (normalised); an order of which only the model knows is asked about without one."""
    unless: tuple[str, ...]
    """Phrases (normalised) that make a text which only the model takes for it one about something else."""
    decoys: tuple[str, ...]
    """Phrases that sound like it and are not: for a recogniser to tell apart."""
    replies: tuple[str, ...]
    """What to say to it, slots in braces, where no program answers; the first that has all its slots is said."""
    source: str
    """Name of the file that defines it."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Catalogue:
    """A command language: what may be said, and what it means."""

    language: str
    """Language code of the definitions, such as "en"."""
    intents: Mapping[str, IntentDefinition]
    """Name to definition, in the order of the files."""
    commands: Intents
    """All intents, compiled by hassil; every text in it is normalised."""
    answers: Mapping[tuple[str, str], Intents]
    """(intent, slot) to the compiled answers to a question for that slot."""
    alike: Mapping[str, frozenset[frozenset[str]]]
    """List to the pairs of its values that sound alike and are meant to (`metadata: alike`)."""
    fillers: frozenset[str]
    """Words so light that a misheard sentence may have one too many or too few."""
    leads: tuple[str, ...]
    """Phrases (normalised) before a command or an answer that change nothing; before a yes or a no they may."""
    trails: tuple[str, ...]
    """Likewise behind one."""
    version: str
    """First 12 hex digits of the SHA-256 of the definition texts: names them in caches and in the log."""


def load_catalogue(
    language: str = "en", *, files: Sequence[Path] | None = None, extra: Sequence[Path] = ()
) -> Catalogue:
    """Read, check and compile the bundled definitions of `language`, or `files` in their place.

    `files` are in Home Assistant's sentence format and say their language themselves; the order of files carries no
    meaning but for ties. `extra` files are read after either: a list or an intent that exists already gains their
    values or sentences.

    Raises `DefinitionError` naming the file, the place in it and what to do: unknown language, unreadable or broken
    file, a template that does not parse, an unknown list, rule or key, an intent that is defined twice.
    """
    sources = bundled(language) if files is None else read_files(files)
    added = read_files(extra)
    if not sources and not added:
        raise DefinitionError("files: no definition files were given; name at least one YAML file")
    digest = hashlib.sha256()
    for source in (*sources, *added):
        digest.update(f"{source.name}\0{source.text}\0".encode())
    definitions = check(sources, added)
    commands = compile_commands(definitions)
    return Catalogue(
        language=definitions.language,
        intents={name: _definition(name, definitions, commands) for name in commands.intents},
        commands=commands,
        answers=compile_answers(definitions, commands),
        alike=definitions.alike,
        fillers=frozenset(definitions.fillers),
        leads=definitions.leads,
        trails=definitions.trails,
        version=digest.hexdigest()[:12],
    )


def _definition(name: str, definitions: Definitions, commands: Intents) -> IntentDefinition:
    metadata = definitions.metadata[name]
    return IntentDefinition(
        name=name,
        kind=metadata.kind,
        required=metadata.required,
        slots=slots_of(name, definitions, commands),
        choices=choices_of(name, commands),
        times=times_of(name, commands),
        answers=metadata.answers,
        open=metadata.open,
        last=metadata.last,
        named=metadata.named,
        unless=metadata.unless,
        decoys=metadata.decoys,
        replies=metadata.replies,
        source=metadata.source,
    )
