"""Walking hassil's expression trees: what a template can reach, and whether it can be silent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hassil.expression import (
    Alternative,
    Expression,
    Group,
    ListReference,
    RuleReference,
    Sentence,
    TextChunk,
)
from hassil.intents import TextSlotList

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from hassil.intents import SlotList


def nodes(expression: Expression) -> Iterator[Expression]:
    """`expression` and everything in it, without following rules or lists."""
    yield expression
    if isinstance(expression, Group):
        for item in expression.items:
            yield from nodes(item)


def references(expression: Expression, rules: Mapping[str, Sentence]) -> Iterator[ListReference]:
    """Every list reference of a template, rules followed; `rules` must be free of cycles."""
    for node in nodes(expression):
        if isinstance(node, ListReference):
            yield node
        elif isinstance(node, RuleReference):
            yield from references(rules[node.rule_name].expression, rules)


def most_values(expression: Expression, rules: Mapping[str, Sentence], slot: str) -> int:
    """How often a sentence of the template fills `slot` at most; `rules` must be free of cycles."""
    if isinstance(expression, ListReference):
        return int(expression.slot_name == slot)
    if isinstance(expression, RuleReference):
        return most_values(rules[expression.rule_name].expression, rules, slot)
    if not isinstance(expression, Group):
        return 0
    each = [most_values(item, rules, slot) for item in expression.items]
    return max(each, default=0) if isinstance(expression, Alternative) else sum(each)


def chunks(expression: Expression, rules: Mapping[str, Sentence]) -> Iterator[str]:
    """Every piece of text in a template, rules followed; `rules` must be free of cycles."""
    for node in nodes(expression):
        if isinstance(node, TextChunk):
            yield node.text
        elif isinstance(node, RuleReference):
            yield from chunks(rules[node.rule_name].expression, rules)


def can_be_silent(expression: Expression, rules: Mapping[str, Sentence]) -> bool:
    """Whether the template matches a text without words (a list value is never empty)."""
    if isinstance(expression, TextChunk):
        return not expression.text.strip()
    if isinstance(expression, Alternative):
        return any(can_be_silent(item, rules) for item in expression.items)
    if isinstance(expression, Group):
        return all(can_be_silent(item, rules) for item in expression.items)
    if isinstance(expression, RuleReference):
        return can_be_silent(rules[expression.rule_name].expression, rules)
    return False


def list_expressions(slot_list: SlotList) -> list[Expression]:
    """The text of every value of a list; nothing for ranges and wildcards."""
    return [value.text_in for value in slot_list.values] if isinstance(slot_list, TextSlotList) else []
