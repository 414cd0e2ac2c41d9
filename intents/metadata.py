"""What files say of their intents under `pennyworth:`, beyond Home Assistant's keys."""

from __future__ import annotations

import string
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast, get_args

from intents.errors import DefinitionError
from intents.normalise import normalise
from intents.open_slots import OpenSlot
from intents.results import Kind
from intents.shapes import as_mapping, as_texts, check_keys, nearest
from intents.templates import Scope, check_template

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

_INTENT_METADATA = ("kind", "required", "answers", "open", "last", "named", "unless", "decoys", "replies")
_SHARED_METADATA = ("fillers", "leads", "trails")


@dataclass(frozen=True, kw_only=True)
class Metadata:
    """What we know of an intent beyond Home Assistant's keys."""

    source: str
    """Name of the file that defines the intent."""
    kind: Kind = "trivial"
    """A label for reports."""
    required: tuple[str, ...] = ()
    """Slots that must be known, in the order to ask for them."""
    answers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Slot to answer templates as written."""
    open: tuple[OpenSlot, ...] = ()
    """Slots that take words no list has."""
    last: tuple[str, ...] = ()
    """Slots behind whose values seldom anything follows."""
    named: tuple[str, ...] = ()
    """What can be ordered (normalised)."""
    unless: tuple[str, ...] = ()
    """Phrases (normalised) that make a text one about something else."""
    decoys: tuple[str, ...] = ()
    """Phrases that sound like it and are not."""
    replies: tuple[str, ...] = ()
    """What to say to it, slots in braces; the first that has all its slots is said."""


def read_metadata(
    files: Iterable[tuple[str, Mapping[str, Any]]],
    slots: Mapping[str, Mapping[str, str]],
    said_about: Mapping[str, Mapping[str, str]],
    scope: Scope,
    owners: Mapping[str, str],
) -> tuple[dict[str, Metadata], dict[str, list[str]]]:
    """What files say of their intents; of one of the `owners` nobody else may."""
    metadata: dict[str, Metadata] = {}
    shared: dict[str, list[str]] = {key: [] for key in _SHARED_METADATA}
    for name, data in files:
        place = f"{name}: pennyworth"
        body = as_mapping(data.get("pennyworth", {}), place)
        check_keys(body, (*_INTENT_METADATA, *_SHARED_METADATA), place)
        for key in _SHARED_METADATA:
            shared[key] += as_texts(body.get(key, []), f"{place}.{key}")
        if not any(key in body for key in _INTENT_METADATA):
            continue
        intents = list(data.get("intents", {}))
        if len(intents) != 1:
            raise DefinitionError(
                f"{place}: {', '.join(_INTENT_METADATA)} describe one intent, and the file "
                f"has {len(intents)}; put each intent into a file of its own"
            )
        owner = metadata[intents[0]].source if intents[0] in metadata else owners.get(intents[0], name)
        if owner != name:
            raise DefinitionError(
                f"{place}: {owner} says what the intent {intents[0]!r} is; only sentences can be added to it: "
                "take this out"
            )
        metadata[intents[0]] = _intent_metadata(body, slots[intents[0]], said_about[intents[0]], scope, name)
    return metadata, shared


def _intent_metadata(
    body: Mapping[str, Any], slots: Mapping[str, str], said_about: Mapping[str, str], scope: Scope, name: str
) -> Metadata:
    place = f"{name}: pennyworth"
    kind = body.get("kind", "trivial")
    if kind not in get_args(Kind):
        raise DefinitionError(
            f"{place}.kind: {kind!r} is none of {', '.join(get_args(Kind))}{nearest(kind, get_args(Kind))}"
        )
    required = tuple(as_texts(body.get("required", []), f"{place}.required"))
    for slot in required:
        if slot not in slots:
            raise DefinitionError(
                f"{place}.required: no sentence has the slot {slot!r}{nearest(slot, slots)}; put {{{slot}}} into one"
            )
    answers: dict[str, tuple[str, ...]] = {}
    for slot, templates in as_mapping(body.get("answers", {}), f"{place}.answers").items():
        if slot not in said_about:
            raise DefinitionError(
                f"{place}.answers.{slot}: no sentence has that slot{nearest(slot, said_about)}"
            )
        answers[slot] = tuple(as_texts(templates, f"{place}.answers.{slot}"))
        for i, template in enumerate(answers[slot]):
            check_template(template, scope, f"{place}.answers.{slot}[{i}]")
        if not answers[slot]:
            raise DefinitionError(f"{place}.answers.{slot}: is empty; give at least one answer")
    for slot in required:
        # Without answers of its own, a slot that may be asked for is answered by a bare value of its list.
        if slots[slot] in scope.lists:
            answers.setdefault(slot, (f"{{{slots[slot]}:{slot}}}",))
        elif slot not in answers:
            raise DefinitionError(f"{place}.answers: the required slot {slot!r} has no answers; give it some")
    last = tuple(as_texts(body.get("last", []), f"{place}.last"))
    for slot in last:
        if slot not in slots:
            raise DefinitionError(f"{place}.last: no sentence has the slot {slot!r}{nearest(slot, slots)}")
    return Metadata(
        source=name,
        kind=cast("Kind", kind),
        required=required,
        answers=answers,
        open=_open_slots(body.get("open", {}), slots, kind, f"{place}.open"),
        last=last,
        named=tuple(map(normalise, as_texts(body.get("named", []), f"{place}.named"))),
        unless=tuple(map(normalise, as_texts(body.get("unless", []), f"{place}.unless"))),
        decoys=tuple(as_texts(body.get("decoys", []), f"{place}.decoys")),
        replies=tuple(
            _reply(reply, slots, place) for reply in as_texts(body.get("replies", []), f"{place}.replies")
        ),
    )


def _open_slots(body: Any, slots: Mapping[str, str], kind: str, place: str) -> tuple[OpenSlot, ...]:
    found = as_mapping(body, place)
    if found and kind == "commerce":
        raise DefinitionError(f"{place}: an order takes no words that no list has; give the values in a list")
    return tuple(
        _open_slot(slot, as_mapping(keys, f"{place}.{slot}"), slots, place) for slot, keys in found.items()
    )


def _open_slot(slot: str, keys: Mapping[str, Any], slots: Mapping[str, str], place: str) -> OpenSlot:
    if slot not in slots:
        raise DefinitionError(f"{place}: no sentence has the slot {slot!r}{nearest(slot, slots)}")
    place = f"{place}.{slot}"
    check_keys(keys, ("after", "skip", "stop", "never", "longest", "alone"), place)
    after, *lists = (
        [normalise(text) for text in as_texts(keys.get(key, []), f"{place}.{key}")]
        for key in ("after", "skip", "stop", "never")
    )
    longest, alone = keys.get("longest", OpenSlot.longest), keys.get("alone", OpenSlot.alone)
    if not all(after) or not after:
        raise DefinitionError(f"{place}.after: found {after}; give the phrases that its words follow")
    if type(longest) is not int or longest < 1:
        raise DefinitionError(
            f"{place}.longest: found {longest!r}; expected a whole number of words from 1 on"
        )
    if type(alone) is not bool:
        raise DefinitionError(f"{place}.alone: found {alone!r}; expected true or false")
    skip, stop, never = (frozenset(word for text in texts for word in text.split()) for texts in lists)
    return OpenSlot(
        slot=slot, after=tuple(after), skip=skip, stop=stop, never=never, longest=longest, alone=alone
    )


def _reply(reply: str, slots: Mapping[str, str], place: str) -> str:
    try:
        named = [name for _, name, _, _ in string.Formatter().parse(reply) if name is not None]
    except ValueError as error:
        raise DefinitionError(
            f"{place}.replies: {reply!r} is no template: {error}; write slots as {{slot}}"
        ) from None
    for name in named:
        if name not in slots:
            raise DefinitionError(
                f"{place}.replies: {reply!r} names the slot {name!r}, which no sentence has{nearest(name, slots)}"
            )
    return reply


def said_about(
    about: str, slots: Mapping[str, Mapping[str, str]], merged: Mapping[str, Any]
) -> dict[str, str]:
    """The slots of an intent, and those of what may be said of it while it is talked about."""
    others = [
        slots[intent]
        for intent, body in merged["intents"].items()
        if any(block.get("requires_context", {}).get("about") == about for block in body["data"])
    ]
    return {slot: values for some in (*others, slots[about]) for slot, values in some.items()}


def check_follow_ups(intent: str, kind: Kind, places: Sequence[str], merged: Mapping[str, Any]) -> None:
    """Raises `DefinitionError` where something follows up on an intent that is not trivial, or on another one."""
    for place, block in zip(places, merged["intents"][intent]["data"], strict=True):
        after = block.get("requires_context", {}).get("after", intent)
        if after != intent:
            raise DefinitionError(
                f"{place}.requires_context.after: {after!r} is another intent; what follows up on a command is of the "
                f"same one: write {intent}"
            )
        if "after" in block.get("requires_context", {}) and kind != "trivial":
            raise DefinitionError(
                f"{place}.requires_context.after: {intent} is {kind}, and only a trivial intent is followed up; "
                "take it out"
            )
