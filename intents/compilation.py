"""Checked definitions compiled by hassil, every text in them normalised as hypotheses are."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import TYPE_CHECKING

from hassil.expression import Expression, TextChunk
from hassil.intents import Intents, TextSlotList

from intents.automaton import Scope
from intents.normalise import normalise
from intents.walk import list_expressions, nodes, references

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from hassil.expression import Sentence
    from hassil.intents import SlotList, TextSlotValue

    from intents.check import Definitions
    from intents.results import SlotValue


def compile_commands(definitions: Definitions) -> Intents:
    """All intents of `definitions`, ready to be recognised in normalised text."""
    intents = Intents.from_dict(dict(definitions.merged))
    _normalise_all(intents.slot_lists, intents.expansion_rules.values())
    for intent in intents.intents.values():
        for data in intent.data:
            _normalise_all(data.slot_lists, [*data.expansion_rules.values(), *data.sentences])
    return intents


def compile_templates(
    intent: str, templates: Sequence[str], commands: Intents, *, slots: Mapping[str, SlotValue] | None = None
) -> Intents:
    """One intent of these templates, whose lists and rules are those of `commands`; `slots` are filled anyway."""
    block = {"sentences": list(templates), "slots": dict(slots or {})}
    compiled = Intents.from_dict({"language": commands.language, "intents": {intent: {"data": [block]}}})
    compiled.slot_lists = commands.slot_lists
    compiled.expansion_rules = commands.expansion_rules
    compiled.skip_words = commands.skip_words
    compiled.settings = commands.settings
    _normalise_all({}, compiled.intents[intent].data[0].sentences)
    return compiled


def compile_answers(definitions: Definitions, commands: Intents) -> dict[tuple[str, str], Intents]:
    """(intent, slot) to the answers to a question for that slot; lists and rules are those of `commands`."""
    return {
        (intent, slot): compile_templates(intent, templates, commands)
        for intent, metadata in definitions.metadata.items()
        for slot, templates in metadata.answers.items()
    }


def by_themselves(commands: Intents, intent: str) -> Intents:
    """`commands` with that intent alone, and without what only follows up on a command that was carried out."""
    whole = commands.intents[intent]
    kept = [data for data in whole.data if "after" not in data.requires_context]
    return replace(commands, intents={intent: replace(whole, data=kept)})


def slots_of(name: str, definitions: Definitions, commands: Intents) -> frozenset[str]:
    """Every slot that the templates of an intent, or the answers to its questions, can fill."""
    slots = set(definitions.metadata[name].answers)
    for data in commands.intents[name].data:
        slots |= set(data.slots)
        rules = {**commands.expansion_rules, **data.expansion_rules}
        for sentence in data.sentences:
            slots |= {reference.slot_name for reference in references(sentence.expression, rules)}
    return frozenset(slots)


def choices_of(name: str, commands: Intents) -> dict[str, tuple[str, ...]]:
    """Slot to the values of the lists that fill it; none of times, numbers and wildcards."""
    choices: dict[str, dict[str, None]] = {}
    for data in commands.intents[name].data:
        scope = Scope.of(commands, data)
        for sentence in data.sentences:
            for reference in references(sentence.expression, scope.rules):
                slot_list = scope.lists[reference.list_name]
                if isinstance(slot_list, TextSlotList):
                    values = [str(value.value_out) for value in slot_list.values if not _is_open(value)]
                    choices.setdefault(reference.slot_name, {}).update(dict.fromkeys(values))
    return {slot: tuple(values) for slot, values in choices.items() if values}


def times_of(name: str, commands: Intents) -> dict[str, str]:
    """Slot to what its words are (`intents.times.Resolve`), for the slots whose values are worked out."""
    times: dict[str, str] = {}
    for data in commands.intents[name].data:
        scope = Scope.of(commands, data)
        for sentence in data.sentences:
            for reference in references(sentence.expression, scope.rules):
                slot_list = scope.lists[reference.list_name]
                if isinstance(slot_list, TextSlotList):
                    for value in slot_list.values:
                        if what := (value.metadata or {}).get("resolve"):
                            times[reference.slot_name] = str(what)
    return times


def _is_open(value: TextSlotValue) -> bool:
    """Whether the value is worked out, or is whatever words of a template were said."""
    return bool((value.metadata or {}).get("resolve")) or value.value_out is None


def _normalise_all(lists: Mapping[str, SlotList], sentences: Iterable[Sentence]) -> None:
    for sentence in sentences:
        _normalise(sentence.expression)
    for slot_list in lists.values():
        for expression in list_expressions(slot_list):
            _normalise(expression)


def _normalise(expression: Expression) -> None:
    # In place: hassil matches against `text`; `original_text` keeps the spoken form, which sampling reads.
    for node in nodes(expression):
        if isinstance(node, TextChunk):
            # A word stands in hundreds of templates, each of which has cut it out anew.
            node.text = sys.intern(_spaced(node.text, normalise(node.text)))
            node.original_text = sys.intern(node.original_text)


def _spaced(before: str, after: str) -> str:
    """`after` with the outer spaces of `before`, which part it from its neighbours in the template."""
    if not after:
        return " " if before else ""
    return f"{' ' if before[0].isspace() or _is_tail(before) else ''}{after}{' ' if before[-1].isspace() else ''}"


def _is_tail(chunk: str) -> bool:
    """Whether a chunk is the tail of a contraction ("'s"), which becomes a word of its own."""
    return chunk.startswith(("'", "\u2019"))
