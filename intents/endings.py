"""Whether a sentence that has been begun may go on in a way that matters: what tells an end from a pause."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from intents.normalise import clean

if TYPE_CHECKING:
    from intents.word_graph import WordGraph


class Endings:
    """Looks sentences up in a graph of words; put together once."""

    def __init__(self, graph: WordGraph) -> None:
        """Index `graph`."""
        self._start = graph.start_node
        self._arcs: dict[int, list[tuple[str, int]]] = defaultdict(list)
        for start, end, word in zip(graph.start, graph.end, graph.words, strict=True):
            self._arcs[start].append((word, end))
        self._lists: dict[int, list[int]] = defaultdict(list)
        for start, end, _ in graph.skips:
            self._lists[start].append(end)
        # The nodes of lists are numbered behind those of the templates.
        self._first_of_lists = min((end for _, end, _ in graph.skips), default=graph.nodes)
        self._before_list = self._nodes_before_lists()

    def may_add(self, text: str) -> bool:
        """Whether a longer sentence begins with `text` and says more: the value of a list, or a longer one.

        "What's the weather" may add a city; "stop the music" may add "now", which says nothing more. Also true when no
        sentence begins so, since then nothing is known.
        """
        nodes = self._reached({self._start})
        for word in clean(text).split():
            nodes = self._reached({end for node in nodes for said, end in self._arcs[node] if said == word})
        return not nodes or any(
            node in self._before_list or (node >= self._first_of_lists and self._arcs[node]) for node in nodes
        )

    def _reached(self, nodes: set[int]) -> set[int]:
        """These nodes, and those of the lists that may begin there."""
        stack = list(nodes)
        while stack:
            for node in self._lists.get(stack.pop(), ()):
                if node not in nodes:
                    nodes.add(node)
                    stack.append(node)
        return nodes

    def _nodes_before_lists(self) -> set[int]:
        """Nodes from which a list can be reached."""
        back: dict[int, list[int]] = defaultdict(list)
        for start, arcs in self._arcs.items():
            for _, end in arcs:
                back[end].append(start)
        found = set(self._lists)
        stack = list(found)
        while stack:
            for node in back[stack.pop()]:
                if node not in found:
                    found.add(node)
                    stack.append(node)
        return found
