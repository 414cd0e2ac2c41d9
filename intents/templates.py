"""One sentence template: does it parse, and is everything it refers to there?"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from hassil.expression import ListReference, RuleReference, Sentence
from hassil.parse_expression import parse_sentence
from hassil.parser import ParseError
from hassil.util import is_template

from intents.errors import DefinitionError
from intents.normalise import normalise
from intents.walk import can_be_silent, nodes, references

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


@dataclass(frozen=True, kw_only=True)
class Scope:
    """The lists and rules that a template may refer to."""

    lists: Mapping[str, Any]
    """List name to its definition, as in the file."""
    rules: Mapping[str, str]
    """Rule name to its template."""

    def with_local(self, lists: Mapping[str, Any], rules: Mapping[str, str]) -> Scope:
        """This scope with a block's own lists and rules, which come first."""
        return Scope(lists={**self.lists, **lists}, rules={**self.rules, **rules})


def parse(template: str, place: str) -> Sentence:
    """`template` parsed. Raises `DefinitionError` naming `place`."""
    try:
        return _parsed(template)
    except (ParseError, ValueError, AssertionError) as error:
        # hassil asserts on empty brackets.
        raise DefinitionError(
            f"{place}: the template {template!r} does not parse: {error}; check its brackets"
        ) from error
    except RecursionError as error:
        raise DefinitionError(
            f"{place}: the template is nested too deeply; move parts of it into rules"
        ) from error


@lru_cache(maxsize=4096)
def _parsed(template: str) -> Sentence:
    # Rules are parsed for each template that follows them; checking only reads the trees.
    return parse_sentence(template, keep_text=True)


def check_lists(lists: Mapping[str, Any], scope: Scope) -> None:
    """Check the values of `lists`, whose rules are those of `scope`. Raises `DefinitionError`."""
    for name, body in lists.items():
        for i, value in enumerate(body.get("values", [])):
            text = value if isinstance(value, str) else value["in"]
            place = f"lists.{name}.values[{i}]"
            if not is_template(text):
                if not normalise(text):
                    raise DefinitionError(
                        f"{place}: {text!r} has no word in it; write the words as they are spoken"
                    )
                continue
            _check_references(parse(text, place), scope, place)
            if any(isinstance(node, ListReference) for node in nodes(parse(text, place).expression)):
                raise DefinitionError(
                    f"{place}: {text!r} refers to a list; a value may hold words and rules only"
                )


def check_rules(scope: Scope, places: Mapping[str, str]) -> None:
    """Check the rules of `scope` at `places` (rule to file). Raises `DefinitionError`."""
    for name, file in places.items():
        place = f"{file}: expansion_rules.{name}"
        _check_references(parse(scope.rules[name], place), scope, place)
        _check_cycle(name, scope, place)


def check_template(template: str, scope: Scope, place: str) -> dict[str, str]:
    """The slots of a sentence and the list of each. Raises `DefinitionError`; the scope's rules are checked before."""
    sentence = parse(template, place)
    _check_references(sentence, scope, place)
    rules = {name: parse(body, f"expansion_rules.{name}") for name, body in scope.rules.items()}
    if can_be_silent(sentence.expression, rules):
        raise DefinitionError(
            f"{place}: the template {template!r} matches silence; make at least one word of it not optional"
        )
    return {
        reference.slot_name: reference.list_name
        for reference in references(sentence.expression, rules)
        if not reference.is_capture
    }


def _check_references(sentence: Sentence, scope: Scope, place: str) -> None:
    for node in nodes(sentence.expression):
        if isinstance(node, RuleReference) and node.rule_name not in scope.rules:
            raise DefinitionError(
                f"{place}: there is no rule <{node.rule_name}>{_nearest(node.rule_name, scope.rules)}"
            )
        if isinstance(node, ListReference):
            if node.is_inline_range:
                raise DefinitionError(
                    f"{place}: the range {{{node.list_name}}} has no name; define it under `lists:`"
                )
            if node.list_name not in scope.lists:
                raise DefinitionError(
                    f"{place}: there is no list {{{node.list_name}}}{_nearest(node.list_name, scope.lists)}"
                )


def _check_cycle(name: str, scope: Scope, place: str, path: tuple[str, ...] = ()) -> None:
    if name in path:
        raise DefinitionError(
            f"{place}: the rule refers to itself: {' > '.join((*path, name))}; break the circle"
        )
    for node in nodes(parse(scope.rules[name], place).expression):
        if isinstance(node, RuleReference) and node.rule_name in scope.rules:
            _check_cycle(node.rule_name, scope, place, (*path, name))


def _nearest(word: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(word, list(known), n=1)
    return f" (did you mean {near[0]!r}?)" if near else "; define it, or correct the name"
