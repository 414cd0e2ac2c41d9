"""What is wrong with definitions that do hold together: found by walking their word graphs, not by trying sentences."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from hassil.expression import ListReference, RuleReference
from hassil.intents import Intent, IntentData, Intents, TextSlotList
from rapidfuzz.distance import Levenshtein

from intents.comparison import common_sentence, needless_templates
from intents.template_graph import START, TemplateGraph
from intents.walk import list_expressions, nodes, references

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from hassil.expression import Sentence
    from hassil.intents import TextSlotValue

    from intents.catalogue import Catalogue
    from intents.template_graph import State

Pronounce: TypeAlias = "Callable[[str], Sequence[Sequence[str]]]"
"""Word to its pronunciations, each a sequence of phones; none for a word that is not known."""

Kind: TypeAlias = Literal["two intents", "unreachable", "sound alike", "unheard", "missing slot", "unused"]

ALIKE = 0.2
"""Values sound alike when no more than this share of their phones differ: one in five."""
# Spellings of one value that are compared; a value is written in a few ways, a time in thousands.
_MOST_SPELLINGS = 64


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing to mend."""

    kind: Kind
    """What sort of thing."""
    where: str
    """Which intents, template, list or rule."""
    what: str
    """What is wrong, with an example, and what to do."""


def lint(catalogue: Catalogue, pronounce: Pronounce | None = None) -> list[Finding]:
    """All findings, by kind; without `pronounce` how values sound is not looked at.

    - two intents: a sentence belongs to both; the shortest is shown.
    - unreachable: each sentence of a template is also one of another template of its intent.
    - sound alike: two values of a list that differ in at most `ALIKE` of their phones, and mean different things.
    - unheard: no spelling of a value is made of words whose pronunciation is known.
    - missing slot: a required slot that its answers cannot fill.
    - unused: a list or rule that nothing refers to.
    """
    found: list[Finding] = []
    # Templates that count in one conversation only go before all others there, so each sort is compared by itself.
    for context in _contexts(catalogue):
        graphs = {
            name: TemplateGraph(catalogue.commands, [name], spoken=False, where=partial(_requires, context))
            for name in catalogue.intents
        }
        found += [*_two_intents(graphs), *_unreachable(graphs)]
    found += [*_missing_slots(catalogue), *_unused(catalogue)]
    if pronounce is not None:
        found += _sounds(catalogue, pronounce)
    return found


def _contexts(catalogue: Catalogue) -> list[dict[str, Any]]:
    """What blocks of templates require of the conversation; nothing first."""
    contexts: list[dict[str, Any]] = [{}]
    for intent in catalogue.commands.intents.values():
        for data in intent.data:
            if data.requires_context not in contexts:
                contexts.append(data.requires_context)
    return contexts


def _requires(context: dict[str, Any], data: IntentData) -> bool:
    return data.requires_context == context


def _two_intents(graphs: Mapping[str, TemplateGraph]) -> Iterator[Finding]:
    for one, other in itertools.combinations(graphs, 2):
        common = common_sentence(graphs[one], graphs[other])
        if common:
            words, left, right = common
            yield Finding(
                kind="two intents",
                where=f"{one}, {other}",
                what=f"{' '.join(words)!r} is a sentence of both: {left.text!r} and {right.text!r}; narrow one of them",
            )


def _unreachable(graphs: Mapping[str, TemplateGraph]) -> Iterator[Finding]:
    for graph in graphs.values():
        for template in needless_templates(graph):
            yield Finding(
                kind="unreachable",
                where=f"{template.intent}.data[{template.block}].sentences[{template.sentence}]",
                what=f"each sentence of {template.text!r} is also one of another template; remove it",
            )


def _missing_slots(catalogue: Catalogue) -> Iterator[Finding]:
    for name, definition in catalogue.intents.items():
        for slot in definition.required:
            answers = catalogue.answers[name, slot]
            filled = {
                reference.slot_name
                for data in answers.intents[name].data
                for sentence in data.sentences
                for reference in references(sentence.expression, answers.expansion_rules)
            }
            if slot not in filled:
                yield Finding(
                    kind="missing slot",
                    where=f"{name}.{slot}",
                    what=f"it is required, and no answer has it; put {{...:{slot}}} into one",
                )


def _unused(catalogue: Catalogue) -> Iterator[Finding]:
    commands = catalogue.commands
    sentences: list[Sentence] = []
    used: set[tuple[str, str]] = set()
    for intents in (commands, *catalogue.answers.values()):
        for intent in intents.intents.values():
            for data in intent.data:
                sentences += data.sentences
                sentences += data.expansion_rules.values()
    expressions = [sentence.expression for sentence in sentences]
    for expression in expressions:
        for node in nodes(expression):
            reference: tuple[str, str] | None = None
            if isinstance(node, RuleReference):
                reference = ("rule", node.rule_name)
            elif isinstance(node, ListReference):
                reference = ("list", node.list_name)
            if reference is None or reference in used:
                continue
            used.add(reference)
            sort, name = reference
            if sort == "rule" and name in commands.expansion_rules:
                expressions.append(commands.expansion_rules[name].expression)
            elif sort == "list" and name in commands.slot_lists:
                expressions += list_expressions(commands.slot_lists[name])
    for sort, names in (("list", commands.slot_lists), ("rule", commands.expansion_rules)):
        for name in names:
            if (sort, name) not in used:
                yield Finding(kind="unused", where=f"{sort} {name}", what="nothing refers to it; remove it")


def _sounds(catalogue: Catalogue, pronounce: Pronounce) -> Iterator[Finding]:
    for name, slot_list in catalogue.commands.slot_lists.items():
        if not isinstance(slot_list, TextSlotList):
            continue
        meant = catalogue.alike.get(name, frozenset())
        sounds: list[tuple[str, str, tuple[str, ...]]] = []
        for value in slot_list.values:
            if (value.metadata or {}).get("resolve"):
                continue
            spellings = _spellings(catalogue, name, value)
            spoken = [(" ".join(words), sound) for words in spellings for sound in _sound(words, pronounce)]
            output = " ".join(spellings[0]) if value.value_out is None else str(value.value_out)
            if not spoken:
                yield Finding(
                    kind="unheard",
                    where=f"list {name}",
                    what=f"no pronunciation is known for {' '.join(spellings[0])!r}; add a spelling in known words",
                )
            sounds += [(output, text, sound) for text, sound in spoken]
        yield from _alike(name, sounds, meant)


def _alike(
    name: str, sounds: Sequence[tuple[str, str, tuple[str, ...]]], meant: frozenset[frozenset[str]]
) -> Iterator[Finding]:
    reported = set()
    for (output, text, sound), (other_output, other_text, other) in itertools.combinations(sounds, 2):
        pair = frozenset([output, other_output])
        if output == other_output or pair in meant or pair in reported:
            continue
        longest = max(len(sound), len(other))
        allowed = int(ALIKE * longest)
        if Levenshtein.distance(sound, other, score_cutoff=allowed) <= allowed:
            reported.add(pair)
            yield Finding(
                kind="sound alike",
                where=f"list {name}",
                what=(
                    f"{text!r} ({output}) and {other_text!r} ({other_output}) sound alike; take one out, or accept it: "
                    f"metadata: {{alike: [[{output}, {other_output}]]}}"
                ),
            )


def _spellings(catalogue: Catalogue, name: str, value: TextSlotValue) -> list[tuple[str, ...]]:
    """The sentences of one list value, spoken; at most `_MOST_SPELLINGS`."""
    only = Intents(
        language=catalogue.language,
        intents={name: Intent(name=name, data=[IntentData(sentence_texts=["{value}"])])},
        slot_lists={"value": TextSlotList(name="value", values=[value])},
        expansion_rules=catalogue.commands.expansion_rules,
    )
    graph = TemplateGraph(only, [name], spoken=True)
    ways: list[tuple[tuple[str, ...], State]] = [((), START)]
    spellings = []
    for words, state in ways:
        if graph.ends([state]):
            spellings.append(words)
        if len(spellings) >= _MOST_SPELLINGS:
            break
        ways += [
            ((*words, word), target) for word, targets in graph.onward(state).items() for target in targets
        ]
    return spellings


def _sound(words: Iterable[str], pronounce: Pronounce) -> Iterator[tuple[str, ...]]:
    """The phones of `words`; every way to pronounce each word, none if one is not known."""
    for ways in itertools.islice(itertools.product(*map(pronounce, words)), _MOST_SPELLINGS):
        yield tuple(itertools.chain.from_iterable(ways))
