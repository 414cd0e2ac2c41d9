"""What two graphs of templates have in common, and which templates of one are needless."""

from __future__ import annotations

import itertools
from collections import deque
from typing import TYPE_CHECKING

from intents.template_graph import START

if TYPE_CHECKING:
    from collections.abc import Mapping

    from intents.template_graph import State, Template, TemplateGraph


def common_sentence(
    one: TemplateGraph, other: TemplateGraph
) -> tuple[tuple[str, ...], Template, Template] | None:
    """A shortest sentence that both graphs have, with a template of each; None when they have none in common.

    The pairs of states that the same words lead to are walked, each once: the time is bounded by the states that
    sentences of the two can share, and those of different intents soon part.
    """
    begin = (START, START)
    came_from: dict[tuple[State, State], tuple[tuple[State, State], str]] = {}
    seen = {begin}
    queue = deque([begin])
    while queue:
        pair = queue.popleft()
        left_ends, right_ends = one.ends(pair[:1]), other.ends(pair[1:])
        if left_ends and right_ends:
            words = []
            at = pair
            while at != begin:
                at, word = came_from[at]
                words.append(word)
            return tuple(reversed(words)), one.templates[min(left_ends)], other.templates[min(right_ends)]
        left, right = one.onward(pair[0]), other.onward(pair[1])
        for word in left.keys() & right.keys():
            for following in itertools.product(left[word], right[word]):
                if following not in seen:
                    seen.add(following)
                    came_from[following] = (pair, word)
                    queue.append(following)
    return None


def needless_templates(graph: TemplateGraph, most: int = 20_000) -> list[Template]:
    """The templates each of whose sentences another template has as well; wildcards, which are no words, are spared.

    The sets of states that the same words lead to are walked until a sentence of the template alone is found. After
    `most` sets nothing is known, and the template is taken to be needed.
    """
    leading: dict[State, int] = {}
    _leading_to(graph, START, leading)
    return [
        template
        for number, template in enumerate(graph.templates)
        if leading[START] >> number & 1 and not _has_sentence_of_its_own(graph, number, leading, most)
    ]


def _has_sentence_of_its_own(
    graph: TemplateGraph, template: int, leading: Mapping[State, int], most: int
) -> bool:
    begin = frozenset([START])
    queue = deque([begin])
    seen = {begin}
    while queue:
        states = queue.popleft()
        if graph.ends(states) == {template}:
            return True
        following: dict[str, set[State]] = {}
        for state in states:
            for word, targets in graph.onward(state).items():
                following.setdefault(word, set()).update(targets)
        for ahead in following.values():
            reached = frozenset(ahead)
            if reached not in seen and any(leading[state] >> template & 1 for state in reached):
                if len(seen) >= most:
                    return True
                seen.add(reached)
                queue.append(reached)
    return False


def _leading_to(graph: TemplateGraph, state: State, known: dict[State, int]) -> int:
    """A number whose bits are the templates that can still be ended from `state`; `known` gains those behind it."""
    # A sentence is a few dozen words long, and so is the deepest call.
    if state not in known:
        found = 0
        for number in graph.ends([state]):
            found |= 1 << number
        for target in itertools.chain.from_iterable(graph.onward(state).values()):
            found |= _leading_to(graph, target, known)
        known[state] = found
    return known[state]
