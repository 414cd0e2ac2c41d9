"""Definition files made into one checked whole, before hassil compiles it."""

from __future__ import annotations

import copy
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import yaml

from intents.errors import DefinitionError
from intents.metadata import Metadata, check_follow_ups, read_metadata, said_about
from intents.normalise import normalise
from intents.shapes import (
    QUOTE,
    as_list,
    as_mapping,
    as_text,
    as_texts,
    check_keys,
    check_slot_value,
    nearest,
    shown,
)
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
        _merge_lists(merged["lists"], name, as_mapping(data.get("lists", {}), f"{name}: lists"))
        _merge_rules(merged["expansion_rules"], rule_owners, name, data.get("expansion_rules", {}))
        merged["skip_words"] += as_texts(data.get("skip_words", []), f"{name}: skip_words")
        merged["settings"].update(as_mapping(data.get("settings", {}), f"{name}: settings"))
        for intent, body in as_mapping(data.get("intents", {}), f"{name}: intents").items():
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
    metadata, shared = read_metadata(
        files,
        slots,
        {intent: said_about(intent, slots, merged) for intent in owners},
        scope,
        {intent: name for intent, name in owners.items() if name in bundled},
    )
    described = {intent: metadata.get(intent, Metadata(source=owners[intent])) for intent in owners}
    for intent, body in described.items():
        check_follow_ups(intent, body.kind, places[intent], merged)
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


def _alike(body: Mapping[str, Any], name: str) -> frozenset[frozenset[str]]:
    pairs = []
    for i, pair in enumerate(as_list(body["metadata"]["alike"], f"lists.{name}.metadata.alike")):
        place = f"lists.{name}.metadata.alike[{i}]"
        pairs.append(frozenset(as_texts(pair, place)))
        if len(pairs[-1]) != 2:
            raise DefinitionError(f"{place}: expected two values of the list, found {shown(pair)}")
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
    mapping = as_mapping(data, source.name)
    _plain(mapping, source.name)
    check_keys(mapping, _FILE_KEYS, source.name)
    return mapping


def _plain(value: Any, place: str, depth: int = 0) -> None:
    """Texts, whole numbers, truth values, lists and mappings are all there is in a definition."""
    if depth > _DEEPEST:
        raise DefinitionError(f"{place}: is nested too deeply; flatten it")
    if isinstance(value, dict):
        for key, inner in as_mapping(value, place).items():
            _plain(inner, f"{place}: {key}" if not depth else f"{place}.{key}", depth + 1)
    elif isinstance(value, list):
        for i, inner in enumerate(value):
            _plain(inner, f"{place}[{i}]", depth + 1)
    elif value is not None and (
        not isinstance(value, (str, int, float)) or (isinstance(value, float) and not math.isfinite(value))
    ):
        raise DefinitionError(
            f"{place}: expected text or a whole number, found {type(value).__name__} {shown(value)}; {QUOTE}"
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
    for rule, body in as_mapping(new, f"{name}: expansion_rules").items():
        text = as_text(body, f"{name}: expansion_rules.{rule}")
        if rules.get(rule, text) != text:
            raise DefinitionError(
                f"{name}: expansion_rules.{rule}: {owners[rule]} defines it otherwise; rename one of them"
            )
        rules[rule] = text
        owners.setdefault(rule, name)


def _list(body: Any, place: str) -> dict[str, Any]:
    mapping = dict(as_mapping(body, place))
    check_keys(mapping, (*_LIST_SHAPES, "metadata"), place)
    mapping["metadata"] = _list_metadata(mapping.get("metadata", {}), f"{place}.metadata")
    if sum(shape in mapping for shape in _LIST_SHAPES) != 1:
        raise DefinitionError(f"{place}: expected exactly one of values, range and wildcard")
    if "range" in mapping:
        _check_range(as_mapping(mapping["range"], f"{place}.range"), f"{place}.range")
    if "values" in mapping:
        values = as_list(mapping["values"], f"{place}.values")
        if not values:
            raise DefinitionError(f"{place}.values: is empty; give at least one value")
        mapping["values"] = [_value(value, f"{place}.values[{i}]") for i, value in enumerate(values)]
        if resolve := mapping["metadata"].get("resolve"):
            mapping["values"] = [
                _resolved(value, resolve, f"{place}.values[{i}]") for i, value in enumerate(mapping["values"])
            ]
    return mapping


def _list_metadata(value: Any, place: str) -> dict[str, Any]:
    metadata = dict(as_mapping(value, place))
    resolve = metadata.get("resolve", RESOLVES[0])
    if resolve not in RESOLVES:
        raise DefinitionError(
            f"{place}.resolve: {resolve!r} is none of {', '.join(RESOLVES)}{nearest(resolve, RESOLVES)}"
        )
    return metadata


def _check_range(body: Mapping[str, Any], place: str) -> None:
    check_keys(body, _RANGE_KEYS, place)
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
        check_keys(value, ("in", "out", "context", "metadata"), place)
        as_text(value.get("in"), f"{place}.in")
        check_slot_value(value.get("out", ""), f"{place}.out")
        for key in ("context", "metadata"):
            as_mapping(value.get(key, {}), f"{place}.{key}")
        return copy.deepcopy(value)
    return as_text(value, place)


def _resolved(value: str | dict[str, Any], resolve: str, place: str) -> dict[str, Any]:
    """A list value whose words are worked out (`intents.times`), so that it has no `out` of its own."""
    body: dict[str, Any] = {"in": value} if isinstance(value, str) else value
    if "out" in body:
        raise DefinitionError(
            f"{place}.out: the list says `resolve: {resolve}`, which gives the value; leave it out"
        )
    return {**body, "metadata": {**body.get("metadata", {}), "resolve": resolve}}


def _intent(body: Any, place: str) -> dict[str, Any]:
    mapping = as_mapping(body, place)
    blocks = as_list(mapping.get("data"), f"{place}.data")
    if not blocks:
        raise DefinitionError(f"{place}.data: is empty; give at least one block of sentences")
    return {"data": [_block(block, f"{place}.data[{i}]") for i, block in enumerate(blocks)]}


def _block(body: Any, place: str) -> dict[str, Any]:
    block = copy.deepcopy(dict(as_mapping(body, place)))
    check_keys(block, _BLOCK_KEYS, place)
    if not as_texts(block.get("sentences"), f"{place}.sentences"):
        raise DefinitionError(f"{place}.sentences: is empty; give at least one sentence")
    for slot, value in as_mapping(block.get("slots", {}), f"{place}.slots").items():
        check_slot_value(value, f"{place}.slots.{slot}")
    for key in ("requires_context", "excludes_context", "metadata", "settings"):
        as_mapping(block.get(key, {}), f"{place}.{key}")
    if not isinstance(block.get("metadata", {}).get("ask", False), bool):
        raise DefinitionError(
            f"{place}.metadata.ask: found {shown(block['metadata']['ask'])}; expected true or false"
        )
    for key in ("required_keywords", "name_domains"):
        as_texts(block.get(key, []), f"{place}.{key}")
    for key in ("response", "inferred_domain"):
        as_text(block.get(key, "default"), f"{place}.{key}")
    block["lists"] = {
        name: _list(value, f"{place}.lists.{name}")
        for name, value in as_mapping(block.get("lists", {}), f"{place}.lists").items()
    }
    for rule, text in as_mapping(block.get("expansion_rules", {}), f"{place}.expansion_rules").items():
        as_text(text, f"{place}.expansion_rules.{rule}")
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
