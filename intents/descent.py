"""Random descent through hassil's expression trees: phrases of a template without enumerating them."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, TypeAlias

from hassil.expression import (
    Alternative,
    Expression,
    Group,
    ListReference,
    Permutation,
    RuleReference,
    Sentence,
    TextChunk,
)
from hassil.intents import RangeSlotList, TextSlotList
from hassil.numbers import get_rbnf_engine

if TYPE_CHECKING:
    import random
    from collections.abc import Iterator, Mapping

    from hassil.intents import Intents, SlotList

    from intents.results import SlotValue

SLOT_MARK = "\x00"
"""Stands for a slot in a skeleton; no normalised text holds it."""
# Evenly spread over a range of numbers, enough to hear every number word.
_MOST_NUMBERS = 200

# A choice that can be made: a branch of an alternative, or a value of a list in a slot.
_Choice: TypeAlias = tuple[object, ...]


@dataclass(frozen=True, kw_only=True)
class Unresolved:
    """A value in words that are yet to be worked out, relative to some now."""

    what: str
    """What the words are (`intents.times.Resolve`)."""
    text: str
    """The words."""


@dataclass(frozen=True, kw_only=True)
class Phrase:
    """One way down a template."""

    text: str
    """Words, with spaces to be folded; `SLOT_MARK` for each slot that was left open."""
    lists: tuple[str, ...] = ()
    """Names of the lists of the open slots, in the order of the text."""
    slots: tuple[tuple[str, SlotValue | Unresolved], ...] = ()
    """Slot and value of each list value in the text, in its order, then of the slots that the template fixes."""


class Descent:
    """Draws phrases of one intent of a compiled language."""

    def __init__(
        self, intents: Intents, intent: str, *, rng: random.Random, spoken: bool, open_slots: bool = False
    ) -> None:
        """`spoken` takes the text as written, else as normalised; `open_slots` leaves `SLOT_MARK`s for values."""
        self._rng = rng
        self._wanted: set[_Choice] = set()
        self._templates: list[tuple[_Tree, Expression]] = []
        for data in intents.intents[intent].data:
            tree = _Tree(
                lists={**intents.slot_lists, **data.slot_lists},
                rules={**intents.expansion_rules, **data.expansion_rules},
                language=intents.language,
                fixed=data.slots,
                spoken=spoken,
                open_slots=open_slots,
            )
            self._templates += [
                (tree, sentence.expression) for sentence in data.sentences if tree.count(sentence.expression)
            ]
        self._weights = [tree.weight(expression) for tree, expression in self._templates]

    def cover(self) -> Iterator[Phrase]:
        """Phrases that together take every template, every branch and every list value at least once.

        What is not to be covered in a phrase is left plain: no optional words, and of alternatives the first.
        """
        for tree, expression in self._templates:
            self._wanted |= tree.choices(expression)
        for tree, expression in self._templates:
            yield self._phrase(tree, expression, plain=True)
            while not self._wanted.isdisjoint(tree.choices(expression)):
                yield self._phrase(tree, expression, plain=True)

    def draw(self) -> Phrase | None:
        """One random phrase, templates weighted by how much they can say; None without templates.

        Of alternatives the first is likeliest (the chance falls with the rank, as with words by Zipf's law), and
        what is optional is left out half of the time: definitions name first what is said most.
        """
        if not self._templates:
            return None
        tree, expression = self._rng.choices(self._templates, self._weights)[0]
        return self._phrase(tree, expression, plain=False)

    def _phrase(self, tree: _Tree, expression: Expression, *, plain: bool) -> Phrase:
        lists: list[str] = []
        texts: list[str] = []
        slots: list[tuple[str, SlotValue | Unresolved]] = []
        self._walk(tree, expression, plain, lists, texts, slots)
        filled = {slot for slot, _ in slots}
        slots += [(slot, value) for slot, value in tree.fixed.items() if slot not in filled]
        return Phrase(text="".join(texts), lists=tuple(lists), slots=tuple(slots))

    def _walk(
        self,
        tree: _Tree,
        node: Expression,
        plain: bool,
        lists: list[str],
        texts: list[str],
        slots: list[tuple[str, SlotValue | Unresolved]],
    ) -> None:
        if isinstance(node, TextChunk):
            texts.append(tree.text(node))
        elif isinstance(node, RuleReference):
            self._walk(tree, tree.rules[node.rule_name].expression, plain, lists, texts, slots)
        elif isinstance(node, ListReference):
            if tree.open_slots:
                lists.append(node.list_name)
                texts.append(f" {SLOT_MARK} ")
            else:
                value = self._pick(tree, node, plain)
                begin = len(texts)
                self._walk(tree, value, plain, lists, texts, slots)
                slots.append((node.slot_name, tree.output(node, value, "".join(texts[begin:]))))
        elif isinstance(node, Alternative):
            self._walk(tree, self._pick(tree, node, plain), plain, lists, texts, slots)
        elif isinstance(node, Group):
            items = node.items
            if isinstance(node, Permutation):
                items = list(items)
                self._rng.shuffle(items)
            for item in items:
                self._walk(tree, item, plain, lists, texts, slots)

    def _pick(self, tree: _Tree, node: Alternative | ListReference, plain: bool) -> Expression:
        branches = tree.branches(node)
        if plain and self._wanted and not self._wanted.isdisjoint(tree.choices(node)):
            choice, expression = next(
                branch
                for branch in branches
                if branch[0] in self._wanted or not self._wanted.isdisjoint(tree.choices(branch[1]))
            )
            self._wanted.discard(choice)
        elif plain:
            # The empty branch of what is optional is the last.
            optional = isinstance(node, Alternative) and node.is_optional
            choice, expression = branches[-1 if optional else 0]
            if isinstance(node, ListReference):
                choice, expression = self._rng.choice(branches)
        else:
            choice, expression = self._rng.choices(branches, cum_weights=tree.cumulative_weights(node))[0]
        return expression


class _Tree:
    """What one block of templates can reach; answers are remembered by node, which the catalogue keeps alive."""

    def __init__(
        self,
        *,
        lists: Mapping[str, SlotList],
        rules: Mapping[str, Sentence],
        language: str,
        fixed: Mapping[str, SlotValue],
        spoken: bool,
        open_slots: bool,
    ) -> None:
        self.rules = rules
        self.fixed = fixed
        self.open_slots = open_slots
        self._lists = lists
        self._language = language
        self._spoken = spoken
        self._counts: dict[int, int] = {}
        self._choices: dict[int, frozenset[_Choice]] = {}
        self._branches: dict[int, list[tuple[_Choice, Expression]]] = {}
        self._cumulative: dict[int, list[float]] = {}
        self._number_of: dict[int, SlotValue] = {}

    def text(self, chunk: TextChunk) -> str:
        return chunk.original_text if self._spoken else chunk.text

    def output(self, node: ListReference, value: Expression, text: str) -> SlotValue | Unresolved:
        """What a list value that was said as `text` means."""
        slot_list = self._lists[node.list_name]
        if isinstance(slot_list, TextSlotList):
            found = next(each for each in slot_list.values if each.text_in is value)
            words = " ".join(text.split())
            if resolve := (found.metadata or {}).get("resolve"):
                return Unresolved(what=resolve, text=words)
            return words if found.value_out is None else found.value_out
        return self._number_of[id(value)]

    def branches(self, node: Alternative | ListReference) -> list[tuple[_Choice, Expression]]:
        """The ways on from `node` that lead to words, each with the name of its choice."""
        known = self._branches.get(id(node))
        if known is None:
            named: list[tuple[_Choice, Expression]]
            if isinstance(node, ListReference):
                named = [
                    ((node.list_name, node.slot_name, i), value)
                    for i, value in enumerate(self._values(node.list_name))
                ]
            else:
                named = [((id(node), i), item) for i, item in enumerate(node.items)]
            known = self._branches[id(node)] = [branch for branch in named if self.count(branch[1])]
        return known

    def count(self, node: Expression) -> int:
        """How many phrases `node` has, 0 if it cannot do without a wildcard."""
        known = self._counts.get(id(node))
        if known is None:
            known = self._counts[id(node)] = self._count(node)
        return known

    def weight(self, node: Expression) -> float:
        """How often to go down `node` beside its neighbours; logarithmic, for a long list must leave room."""
        return 1.0 + math.log(self.count(node))

    def cumulative_weights(self, node: Alternative | ListReference) -> list[float]:
        """How often to take each branch of `node`, summed up from the first to the last."""
        known = self._cumulative.get(id(node))
        if known is None:
            weights = [self.weight(expression) for _, expression in self.branches(node)]
            if isinstance(node, Alternative):
                weights = [weight / rank for rank, weight in enumerate(weights, start=1)]
                if node.is_optional and len(weights) > 1:
                    weights[-1] = sum(weights[:-1])
            known = self._cumulative[id(node)] = list(itertools.accumulate(weights))
        return known

    def choices(self, node: Expression) -> frozenset[_Choice]:
        """Every choice that can be made in or below `node`."""
        known = self._choices.get(id(node))
        if known is None:
            known = self._choices[id(node)] = frozenset(self._iterate_choices(node))
        return known

    def _count(self, node: Expression) -> int:
        if isinstance(node, RuleReference):
            return self.count(self.rules[node.rule_name].expression)
        if isinstance(node, ListReference):
            return sum(self.count(value) for value in self._values(node.list_name))
        if isinstance(node, Alternative):
            return sum(self.count(item) for item in node.items)
        if isinstance(node, Group):
            orders = math.factorial(len(node.items)) if isinstance(node, Permutation) else 1
            return orders * math.prod(self.count(item) for item in node.items)
        return 1

    def _iterate_choices(self, node: Expression) -> Iterator[_Choice]:
        if isinstance(node, RuleReference):
            yield from self.choices(self.rules[node.rule_name].expression)
        elif isinstance(node, Alternative) or (isinstance(node, ListReference) and not self.open_slots):
            for choice, branch in self.branches(node):
                yield choice
                yield from self.choices(branch)
        elif isinstance(node, Group):
            for item in node.items:
                yield from self.choices(item)

    def _values(self, name: str) -> list[Expression]:
        slot_list = self._lists[name]
        if isinstance(slot_list, TextSlotList):
            return [value.text_in for value in slot_list.values]
        if isinstance(slot_list, RangeSlotList):
            return self._numbers[name]
        return []

    @cached_property
    def _numbers(self) -> dict[str, list[Expression]]:
        # Made once, since nodes are known by identity.
        made = {
            name: number_words(slot_list, self._language)
            for name, slot_list in self._lists.items()
            if isinstance(slot_list, RangeSlotList)
        }
        for numbers in made.values():
            self._number_of |= {id(expression): number for number, expression in numbers}
        return {name: [expression for _, expression in numbers] for name, numbers in made.items()}


def number_words(numbers: RangeSlotList, language: str) -> list[tuple[SlotValue, Expression]]:
    """The numbers of a range with their words, evenly thinned out where there are very many."""
    every = [int(number) if float(number).is_integer() else str(number) for number in numbers.get_numbers()]
    chosen = every[:: -(-len(every) // _MOST_NUMBERS)]
    if not numbers.words:
        return [(number, TextChunk(text=str(number))) for number in chosen]
    engine = get_rbnf_engine(numbers.words_language or language)
    return [
        (number, TextChunk(text=engine.format_number(number).text.replace("-", " "))) for number in chosen
    ]
