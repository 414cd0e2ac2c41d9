"""Definition files made into one checked whole, before hassil compiles it."""

from __future__ import annotations

import copy
import difflib
import math
import string
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast, get_args

import yaml

from intents.errors import DefinitionError
from intents.normalise import normalise
from intents.open_slots import OpenSlot
from intents.results import Kind
from intents.templates import Scope, check_lists, check_rules, check_template
from intents.times import LANGUAGES, RESOLVES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from intents.read import Source

_FILE_KEYS = (
    "language",
    "intents",
    "lists",
    "expansion_rules",
    "skip_words",
    "settings",
    "responses",
    "pennyworth",
)
_BLOCK_KEYS = (
    "sentences",
    "slots",
    "response",
    "requires_context",
    "excludes_context",
    "expansion_rules",
    "lists",
    "metadata",
    "required_keywords",
    "inferred_domain",
    "name_domains",
    "settings",
)
_INTENT_METADATA = ("kind", "required", "answers", "open", "last", "named", "unless", "decoys", "replies")
_SHARED_METADATA = ("fillers", "leads", "trails")
_DEEPEST = 12
_RANGE_KEYS = (
    "type",
    "from",
    "to",
    "step",
    "multiplier",
    "fractions",
    "digits",
    "words",
    "words_language",
    "words_ruleset",
)
_LIST_SHAPES = ("values", "range", "wildcard")
_QUOTE = "put it in quotes (unquoted, YAML reads yes, no, on and off as true and false)"


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


@dataclass(frozen=True, kw_only=True)
class Definitions:
    """All files of a language as one."""

    language: str
    """Language code."""
    merged: Mapping[str, Any]
    """The whole in the shape that hassil compiles."""
    metadata: Mapping[str, Metadata]
    """Intent to what we know of it."""
    fillers: tuple[str, ...]
    """Words that carry no meaning."""
    leads: tuple[str, ...]
    """Phrases (normalised) before a command or an answer that change nothing."""
    trails: tuple[str, ...]
    """Likewise behind one."""
    alike: Mapping[str, frozenset[frozenset[str]]]
    """List to the pairs of its values that sound alike and are meant to."""


def check(sources: Sequence[Source], extra: Sequence[Source] = ()) -> Definitions:
    """Parse, check and merge `sources` (at least one), then `extra`. Raises `DefinitionError`.

    An intent that is there already gains the sentences that an extra file has for it, and nothing else: what it is
    stays where it was said.
    """
    files = [(source.name, _parse(source)) for source in (*sources, *extra)]
    merged: dict[str, Any] = {
        "language": _language(files),
        "intents": {},
        "lists": {},
        "expansion_rules": {},
        "skip_words": [],
        "settings": {},
    }
    owners: dict[str, str] = {}
    places: dict[str, list[str]] = {}
    rule_owners: dict[str, str] = {}
    for number, (name, data) in enumerate(files):
        _merge_lists(merged["lists"], name, _mapping(data.get("lists", {}), f"{name}: lists"))
        _merge_rules(merged["expansion_rules"], rule_owners, name, data.get("expansion_rules", {}))
        merged["skip_words"] += _texts(data.get("skip_words", []), f"{name}: skip_words")
        merged["settings"].update(_mapping(data.get("settings", {}), f"{name}: settings"))
        for intent, body in _mapping(data.get("intents", {}), f"{name}: intents").items():
            place = f"{name}: intents.{intent}"
            checked = _intent(body, place)
            if intent not in owners:
                owners[intent] = name
                merged["intents"][intent] = checked
            elif number >= len(sources):
                merged["intents"][intent]["data"] += checked["data"]
            else:
                raise DefinitionError(f"{place}: {owners[intent]} defines it too; rename one of them")
            places.setdefault(intent, []).extend(f"{place}.data[{i}]" for i in range(len(checked["data"])))
    if not owners:
        raise DefinitionError(
            f"{', '.join(name for name, _ in files)}: no intents; define one under `intents:`"
        )
    _check_resolves(merged)
    scope = Scope(lists=merged["lists"], rules=merged["expansion_rules"])
    check_rules(scope, rule_owners)
    check_lists(scope.lists, scope)
    slots = {intent: _check_intent(intent, places[intent], merged, scope) for intent in owners}
    bundled = {source.name for source in sources}
    metadata, shared = _metadata(
        files,
        slots,
        {intent: _said_about(intent, slots, merged) for intent in owners},
        scope,
        {intent: name for intent, name in owners.items() if name in bundled},
    )
    described = {intent: metadata.get(intent, Metadata(source=owners[intent])) for intent in owners}
    for intent, body in described.items():
        _check_follow_ups(intent, body.kind, places[intent], merged)
    return Definitions(
        language=merged["language"],
        merged=merged,
        metadata=described,
        fillers=tuple(shared["fillers"]),
        leads=tuple(map(normalise, shared["leads"])),
        trails=tuple(map(normalise, shared["trails"])),
        alike={
            name: _alike(body, name)
            for name, body in merged["lists"].items()
            if body["metadata"].get("alike")
        },
    )


def _check_follow_ups(intent: str, kind: Kind, places: Sequence[str], merged: Mapping[str, Any]) -> None:
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


def _said_about(
    about: str, slots: Mapping[str, Mapping[str, str]], merged: Mapping[str, Any]
) -> dict[str, str]:
    """The slots of an intent, and those of what may be said of it while it is talked about."""
    others = [
        slots[intent]
        for intent, body in merged["intents"].items()
        if any(block.get("requires_context", {}).get("about") == about for block in body["data"])
    ]
    return {slot: values for some in (*others, slots[about]) for slot, values in some.items()}


def _alike(body: Mapping[str, Any], name: str) -> frozenset[frozenset[str]]:
    pairs = []
    for i, pair in enumerate(_sequence(body["metadata"]["alike"], f"lists.{name}.metadata.alike")):
        place = f"lists.{name}.metadata.alike[{i}]"
        pairs.append(frozenset(_texts(pair, place)))
        if len(pairs[-1]) != 2:
            raise DefinitionError(f"{place}: expected two values of the list, found {_shown(pair)}")
    return frozenset(pairs)


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """PyYAML's safe loader, its fast one where there is one, with a key that comes twice for an error."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        # YAML forbids it, and PyYAML lets the later value win without a word.
        seen: set[object] = set()
        for key_node, _ in node.value:
            key = key_node.value
            if isinstance(key, str) and key in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key!r} comes twice; keep one of them", key_node.start_mark
                )
            if isinstance(key, str):
                seen.add(key)
        mapping: dict[Any, Any] = super().construct_mapping(node, deep=deep)
        return mapping


def _check_resolves(merged: Mapping[str, Any]) -> None:
    for name, body in merged["lists"].items():
        if "resolve" in body["metadata"] and merged["language"] not in LANGUAGES:
            raise DefinitionError(
                f"lists.{name}.metadata.resolve: spoken times of the language {merged['language']!r} are not "
                f"understood, only those of {', '.join(LANGUAGES)}; give the values an `out` instead"
            )


def _parse(source: Source) -> Mapping[str, Any]:
    try:
        data = yaml.load(source.text, _Loader)  # noqa: S506 - a safe loader
    except (yaml.YAMLError, ValueError, TypeError, OverflowError) as error:
        # Beside its own errors, PyYAML lets through what Python makes of a date that is none, or of an odd key.
        reason = " ".join(str(error).split())
        raise DefinitionError(f"{source.name}: is not valid YAML: {reason}") from error
    except RecursionError as error:
        raise DefinitionError(f"{source.name}: is nested too deeply; flatten it") from error
    mapping = _mapping(data, source.name)
    _plain(mapping, source.name)
    _known(mapping, _FILE_KEYS, source.name)
    return mapping


def _plain(value: Any, place: str, depth: int = 0) -> None:
    """Texts, whole numbers, truth values, lists and mappings are all there is in a definition."""
    if depth > _DEEPEST:
        raise DefinitionError(f"{place}: is nested too deeply; flatten it")
    if isinstance(value, dict):
        for key, inner in _mapping(value, place).items():
            _plain(inner, f"{place}: {key}" if not depth else f"{place}.{key}", depth + 1)
    elif isinstance(value, list):
        for i, inner in enumerate(value):
            _plain(inner, f"{place}[{i}]", depth + 1)
    elif value is not None and (
        not isinstance(value, (str, int, float)) or (isinstance(value, float) and not math.isfinite(value))
    ):
        raise DefinitionError(
            f"{place}: expected text or a whole number, found {type(value).__name__} {_shown(value)}; {_QUOTE}"
        )


def _language(files: Iterable[tuple[str, Mapping[str, Any]]]) -> str:
    found: dict[str, str] = {}
    for name, data in files:
        language = data.get("language")
        if not isinstance(language, str) or not language:
            raise DefinitionError(
                f"{name}: language: expected a language code, found {language!r}; write `language: en`"
            )
        found.setdefault(language, name)
    if len(found) > 1:
        several = ", ".join(f"{language} ({name})" for language, name in found.items())
        raise DefinitionError(
            f"language: the files are of several languages: {several}; give files of one language"
        )
    return next(iter(found))


def _merge_lists(lists: dict[str, Any], name: str, new: Mapping[str, Any]) -> None:
    for list_name, body in new.items():
        checked = _list(body, f"{name}: lists.{list_name}")
        if list_name not in lists:
            lists[list_name] = checked
        elif "values" in lists[list_name] and "values" in checked:
            resolve = lists[list_name]["metadata"].get("resolve")
            lists[list_name]["values"] += [
                _resolved(value, resolve, f"{name}: lists.{list_name}") if resolve else value
                for value in checked["values"]
            ]
        else:
            raise DefinitionError(
                f"{name}: lists.{list_name}: another file defines it too, and only `values` can be added to"
            )


def _merge_rules(rules: dict[str, str], owners: dict[str, str], name: str, new: Any) -> None:
    for rule, body in _mapping(new, f"{name}: expansion_rules").items():
        text = _text(body, f"{name}: expansion_rules.{rule}")
        if rules.get(rule, text) != text:
            raise DefinitionError(
                f"{name}: expansion_rules.{rule}: {owners[rule]} defines it otherwise; rename one of them"
            )
        rules[rule] = text
        owners.setdefault(rule, name)


def _list(body: Any, place: str) -> dict[str, Any]:
    mapping = dict(_mapping(body, place))
    _known(mapping, (*_LIST_SHAPES, "metadata"), place)
    mapping["metadata"] = _list_metadata(mapping.get("metadata", {}), f"{place}.metadata")
    if sum(shape in mapping for shape in _LIST_SHAPES) != 1:
        raise DefinitionError(f"{place}: expected exactly one of values, range and wildcard")
    if "range" in mapping:
        _check_range(_mapping(mapping["range"], f"{place}.range"), f"{place}.range")
    if "values" in mapping:
        values = _sequence(mapping["values"], f"{place}.values")
        if not values:
            raise DefinitionError(f"{place}.values: is empty; give at least one value")
        mapping["values"] = [_value(value, f"{place}.values[{i}]") for i, value in enumerate(values)]
        if resolve := mapping["metadata"].get("resolve"):
            mapping["values"] = [
                _resolved(value, resolve, f"{place}.values[{i}]") for i, value in enumerate(mapping["values"])
            ]
    return mapping


def _list_metadata(value: Any, place: str) -> dict[str, Any]:
    metadata = dict(_mapping(value, place))
    resolve = metadata.get("resolve", RESOLVES[0])
    if resolve not in RESOLVES:
        raise DefinitionError(
            f"{place}.resolve: {resolve!r} is none of {', '.join(RESOLVES)}{_nearest(resolve, RESOLVES)}"
        )
    return metadata


def _check_range(body: Mapping[str, Any], place: str) -> None:
    _known(body, _RANGE_KEYS, place)
    bounds = (body.get("from"), body.get("to"), body.get("step", 1))
    if any(not isinstance(bound, int) or isinstance(bound, bool) for bound in bounds):
        raise DefinitionError(f"{place}: from, to and step must be whole numbers, found {bounds}")
    start, stop, step = cast("tuple[int, int, int]", bounds)
    if start > stop or step < 1:
        raise DefinitionError(
            f"{place}: from {start} to {stop} by {step} has no numbers; write the smaller one first"
        )


def _value(value: Any, place: str) -> str | dict[str, Any]:
    if isinstance(value, dict):
        _known(value, ("in", "out", "context", "metadata"), place)
        _text(value.get("in"), f"{place}.in")
        _slot_value(value.get("out", ""), f"{place}.out")
        for key in ("context", "metadata"):
            _mapping(value.get(key, {}), f"{place}.{key}")
        return copy.deepcopy(value)
    return _text(value, place)


def _resolved(value: str | dict[str, Any], resolve: str, place: str) -> dict[str, Any]:
    """A list value whose words are worked out (`intents.times`), so that it has no `out` of its own."""
    body: dict[str, Any] = {"in": value} if isinstance(value, str) else value
    if "out" in body:
        raise DefinitionError(
            f"{place}.out: the list says `resolve: {resolve}`, which gives the value; leave it out"
        )
    return {**body, "metadata": {**body.get("metadata", {}), "resolve": resolve}}


def _intent(body: Any, place: str) -> dict[str, Any]:
    mapping = _mapping(body, place)
    blocks = _sequence(mapping.get("data"), f"{place}.data")
    if not blocks:
        raise DefinitionError(f"{place}.data: is empty; give at least one block of sentences")
    return {"data": [_block(block, f"{place}.data[{i}]") for i, block in enumerate(blocks)]}


def _block(body: Any, place: str) -> dict[str, Any]:
    block = copy.deepcopy(dict(_mapping(body, place)))
    _known(block, _BLOCK_KEYS, place)
    if not _texts(block.get("sentences"), f"{place}.sentences"):
        raise DefinitionError(f"{place}.sentences: is empty; give at least one sentence")
    for slot, value in _mapping(block.get("slots", {}), f"{place}.slots").items():
        _slot_value(value, f"{place}.slots.{slot}")
    for key in ("requires_context", "excludes_context", "metadata", "settings"):
        _mapping(block.get(key, {}), f"{place}.{key}")
    for key in ("required_keywords", "name_domains"):
        _texts(block.get(key, []), f"{place}.{key}")
    for key in ("response", "inferred_domain"):
        _text(block.get(key, "default"), f"{place}.{key}")
    block["lists"] = {
        name: _list(value, f"{place}.lists.{name}")
        for name, value in _mapping(block.get("lists", {}), f"{place}.lists").items()
    }
    for rule, text in _mapping(block.get("expansion_rules", {}), f"{place}.expansion_rules").items():
        _text(text, f"{place}.expansion_rules.{rule}")
    return block


def _check_intent(
    intent: str, places: Sequence[str], merged: Mapping[str, Any], scope: Scope
) -> dict[str, str]:
    """Slot to the list that fills it ("" for a fixed slot), every template checked; the blocks stand at `places`."""
    slots: dict[str, str] = {}
    for place, block in zip(places, merged["intents"][intent]["data"], strict=True):
        inner = scope.with_local(block["lists"], block.get("expansion_rules", {}))
        check_rules(inner, dict.fromkeys(block.get("expansion_rules", {}), place))
        check_lists(block["lists"], inner)
        for j, sentence in enumerate(block["sentences"]):
            slots.update(check_template(sentence, inner, f"{place}.sentences[{j}]"))
        for slot in block.get("slots", {}):
            slots.setdefault(slot, "")
    return slots


def _metadata(
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
        body = _mapping(data.get("pennyworth", {}), place)
        _known(body, (*_INTENT_METADATA, *_SHARED_METADATA), place)
        for key in _SHARED_METADATA:
            shared[key] += _texts(body.get(key, []), f"{place}.{key}")
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
            f"{place}.kind: {kind!r} is none of {', '.join(get_args(Kind))}{_nearest(kind, get_args(Kind))}"
        )
    required = tuple(_texts(body.get("required", []), f"{place}.required"))
    for slot in required:
        if slot not in slots:
            raise DefinitionError(
                f"{place}.required: no sentence has the slot {slot!r}{_nearest(slot, slots)}; put {{{slot}}} into one"
            )
    answers: dict[str, tuple[str, ...]] = {}
    for slot, templates in _mapping(body.get("answers", {}), f"{place}.answers").items():
        if slot not in said_about:
            raise DefinitionError(
                f"{place}.answers.{slot}: no sentence has that slot{_nearest(slot, said_about)}"
            )
        answers[slot] = tuple(_texts(templates, f"{place}.answers.{slot}"))
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
    last = tuple(_texts(body.get("last", []), f"{place}.last"))
    for slot in last:
        if slot not in slots:
            raise DefinitionError(f"{place}.last: no sentence has the slot {slot!r}{_nearest(slot, slots)}")
    return Metadata(
        source=name,
        kind=cast("Kind", kind),
        required=required,
        answers=answers,
        open=_open_slots(body.get("open", {}), slots, kind, f"{place}.open"),
        last=last,
        named=tuple(map(normalise, _texts(body.get("named", []), f"{place}.named"))),
        unless=tuple(map(normalise, _texts(body.get("unless", []), f"{place}.unless"))),
        decoys=tuple(_texts(body.get("decoys", []), f"{place}.decoys")),
        replies=tuple(
            _reply(reply, slots, place) for reply in _texts(body.get("replies", []), f"{place}.replies")
        ),
    )


def _open_slots(body: Any, slots: Mapping[str, str], kind: str, place: str) -> tuple[OpenSlot, ...]:
    found = _mapping(body, place)
    if found and kind == "commerce":
        raise DefinitionError(f"{place}: an order takes no words that no list has; give the values in a list")
    return tuple(
        _open_slot(slot, _mapping(keys, f"{place}.{slot}"), slots, place) for slot, keys in found.items()
    )


def _open_slot(slot: str, keys: Mapping[str, Any], slots: Mapping[str, str], place: str) -> OpenSlot:
    if slot not in slots:
        raise DefinitionError(f"{place}: no sentence has the slot {slot!r}{_nearest(slot, slots)}")
    place = f"{place}.{slot}"
    _known(keys, ("after", "skip", "stop", "never", "longest", "alone"), place)
    after, *lists = (
        [normalise(text) for text in _texts(keys.get(key, []), f"{place}.{key}")]
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
                f"{place}.replies: {reply!r} names the slot {name!r}, which no sentence has{_nearest(name, slots)}"
            )
    return reply


def _known(mapping: Mapping[Any, Any], known: Sequence[str], place: str) -> None:
    for key in mapping:
        if key not in known:
            raise DefinitionError(
                f"{place}: unknown key {key!r}{_nearest(key, known)}; the keys are {', '.join(known)}"
            )


def _nearest(word: object, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(str(word), list(known), n=1)
    return f" (did you mean {near[0]!r}?)" if near else ""


def _mapping(value: Any, place: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise DefinitionError(f"{place}: expected keys and values, found {_shown(value)}")
    for key in value:
        if not isinstance(key, str) or not key:
            raise DefinitionError(f"{place}: the key {key!r} is not text; {_QUOTE}")
    return value


def _sequence(value: Any, place: str) -> list[Any]:
    if not isinstance(value, list):
        raise DefinitionError(f"{place}: expected a list, found {_shown(value)}")
    return value


def _texts(value: Any, place: str) -> list[str]:
    return [_text(item, f"{place}[{i}]") for i, item in enumerate(_sequence(value, place))]


def _text(value: Any, place: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise DefinitionError(f"{place}: expected text, found {_shown(value)}; {_QUOTE}")
    return value


def _slot_value(value: Any, place: str) -> None:
    if not isinstance(value, (str, int)) or isinstance(value, bool):
        raise DefinitionError(f"{place}: expected text or a whole number, found {_shown(value)}; {_QUOTE}")


def _shown(value: Any) -> str:
    return "nothing" if value is None else repr(value)[:60]
