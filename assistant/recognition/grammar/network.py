"""The grammar as a network of triphones: which model follows which, across words too.

Words that leave a node of the word graph together share their first phones (a prefix tree), so that a long list costs
its distinct beginnings, not its values. A phone that borders on another word is there once for each sound that the
border gives it: neighbours that lead to the same senones share one instance. Silence may stand between any two words.

Instances are joined by *links*, which emit nothing: one for each (node, phone before, phone after). Everything that
ends there is maximised once and then fans out, which keeps a junction of many words with many words cheap.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from assistant.errors import RecognitionError
from assistant.recognition.grammar.acoustic_model import BEGIN, END, INSIDE, SINGLE

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from assistant.recognition.grammar.acoustic_model import AcousticModel
    from intents.word_graph import WordGraph

PAUSE_PENALTY: Final = -60.0
"""Log weight of silence or noise between two words."""

FILLERS: Final = ("SIL", "+NSN+")
"""What may stand between words."""

NO_WORD: Final = -1

MOST_INSTANCES: Final = 3_000_000
"""Instances at most; half a kilobyte each while it is compiled, and a machine at home must not run out of memory."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Network:
    """Arrays over instances (a phone in its place and context, three states) and links between them."""

    phone: NDArray[np.int32]
    """Context-independent phone of each instance, shape (n,)."""
    filler: NDArray[np.bool_]
    """Whether an instance is silence or noise, shape (n,)."""
    begins: NDArray[np.bool_]
    """Whether a word begins with it, shape (n,)."""
    word: NDArray[np.int32]
    """Arc of the word graph whose word ends with it, or `NO_WORD`, shape (n,)."""
    states: NDArray[np.int32]
    """Columns of the score matrix of its states, shape (n, 3)."""
    senones: NDArray[np.int32]
    """Senone of each such column; those of the context-independent phones come first."""
    phone_senones: int
    """How many columns those are."""
    transitions: NDArray[np.float32]
    """Log probabilities: to stay in each state, then to leave each; shape (n, 6)."""
    exit_start: NDArray[np.int64]
    """Where the exits of an instance begin in `exit_link`, shape (n + 1,)."""
    exit_link: NDArray[np.int32]
    """Links reached from instances."""
    entry_start: NDArray[np.int64]
    """Where the entries of a link begin, shape (links + 1,)."""
    entry_instance: NDArray[np.int32]
    """Instances reached from links."""
    entry_weight: NDArray[np.float32]
    """Log weight of each entry."""
    first_links: NDArray[np.int32]
    """Links that an utterance begins in."""
    last_weight: NDArray[np.float32]
    """Log weight of ending an utterance in a link, shape (links,); minus infinity where it cannot end."""

    @property
    def size(self) -> int:
        """Number of instances."""
        return len(self.phone)

    @property
    def bytes(self) -> int:
        """Memory of its arrays."""
        return sum(value.nbytes for value in vars(self).values() if isinstance(value, np.ndarray))


@dataclass(kw_only=True)
class _Arcs:
    """Phones between nodes, as growing columns."""

    start: list[int]
    end: list[int]
    phone: list[int]
    position: list[int]
    word: list[int]
    weight: list[float]

    def add(self, start: int, end: int, phone: int, position: int, word: int, weight: float) -> int:
        self.start.append(start)
        self.end.append(end)
        self.phone.append(phone)
        self.position.append(position)
        self.word.append(word)
        self.weight.append(weight)
        return len(self.start) - 1


def compile_network(
    graph: WordGraph,
    model: AcousticModel,
    pronunciations: Mapping[str, Sequence[tuple[int, ...]]],
    *,
    fillers: Iterable[str] = FILLERS,
    pause_penalty: float = PAUSE_PENALTY,
) -> Network:
    """Join the pronunciations (phones as indices, by word) of a word graph into a network.

    Words without a pronunciation are left out. Raises `RecognitionError` when no sentence is left.
    """
    arcs, nodes = _phone_arcs(graph, pronunciations)
    # No pause where a list begins: it would be one more than the pause before it.
    junctions = sorted({graph.start_node, *graph.end})
    for node in junctions:
        for filler in fillers:
            arcs.add(node, node, model.phone(filler), SINGLE, NO_WORD, pause_penalty)
    network = _expand(graph, model, arcs, nodes)
    if not _can_end(network):
        raise RecognitionError(
            "the grammar holds no sentence whose words all have a pronunciation; "
            "check that the intent definitions hold at least one sentence"
        )
    return network


def _phone_arcs(
    graph: WordGraph, pronunciations: Mapping[str, Sequence[tuple[int, ...]]]
) -> tuple[_Arcs, int]:
    """The phones of every word, beginnings shared among the words that leave a node; and the number of nodes."""
    arcs = _Arcs(start=[], end=[], phone=[], position=[], word=[], weight=[])
    nodes = graph.nodes
    leaving: dict[int, list[int]] = {}
    for index, start in enumerate(graph.start):
        leaving.setdefault(start, []).append(index)
    for root, words in leaving.items():
        children: dict[tuple[int, int], tuple[int, int]] = {}
        # (arc, arc above it or -1, weight of the word) of every word's last phone.
        ends: list[tuple[int, int, float]] = []
        above: dict[int, int] = {}
        for index in words:
            for phones in pronunciations.get(graph.words[index], ()):
                node, parent = root, -1
                for depth, phone in enumerate(phones[:-1]):
                    child = children.get((node, phone))
                    if child is None:
                        arc = arcs.add(node, nodes, phone, INSIDE if depth else BEGIN, NO_WORD, -np.inf)
                        above[arc] = parent
                        child = children[node, phone] = (nodes, arc)
                        nodes += 1
                    node, parent = child
                position = END if len(phones) > 1 else SINGLE
                arc = arcs.add(node, graph.end[index], phones[-1], position, index, graph.weight[index])
                ends.append((arc, parent, graph.weight[index]))
        # The best word below a branch lends it its weight at once, so that the beam sees it early.
        for _, parent, weight in ends:
            while parent >= 0 and arcs.weight[parent] < weight:
                arcs.weight[parent] = weight
                parent = above[parent]
        best = {arc: arcs.weight[arc] for arc in above}
        for arc, parent in above.items():
            if parent >= 0:
                arcs.weight[arc] -= best[parent]
        for arc, parent, _ in ends:
            if parent >= 0:
                arcs.weight[arc] -= best[parent]
    return arcs, nodes


def _expand(graph: WordGraph, model: AcousticModel, arcs: _Arcs, nodes: int) -> Network:
    definition = model.definition
    context = [model.silence if model.is_filler(p) else p for p in range(len(definition.phones))]
    before: list[set[int]] = [set() for _ in range(nodes)]
    after: list[set[int]] = [set() for _ in range(nodes)]
    for start, end, phone in zip(arcs.start, arcs.end, arcs.phone, strict=True):
        before[end].add(context[phone])
        after[start].add(context[phone])
    before[graph.start_node].add(model.silence)
    for node, shared, _ in graph.skips:
        after[node] |= after[shared]
    for node, shared, _ in reversed(graph.skips):
        before[shared] |= before[node]
    lefts = [sorted(phones) for phones in before]
    rights = [sorted(phones) for phones in after]
    left_at = [{phone: i for i, phone in enumerate(phones)} for phones in lefts]
    right_at = [{phone: i for i, phone in enumerate(phones)} for phones in rights]
    base = np.concatenate([[0], np.cumsum([len(lo) * len(ro) for lo, ro in zip(lefts, rights, strict=True)])])
    bases = base.tolist()

    sequences: dict[tuple[int, int, int, int], int] = {}
    sequence_of = definition.sequence_of.tolist()

    def sequence(phone: int, left: int, right: int, position: int) -> int:
        key = (phone, left, right, position)
        found = sequences.get(key)
        if found is None:
            found = sequences[key] = sequence_of[model.triphone(phone, left, right, position)]
        return found

    phone_: list[int] = []
    begins: list[bool] = []
    word_: list[int] = []
    sequence_: list[int] = []
    exit_from: list[int] = []
    exit_to: list[int] = []
    entry_from: list[int] = []
    entry_to: list[int] = []
    entry_weight: list[float] = []
    columns = zip(arcs.start, arcs.end, arcs.phone, arcs.position, arcs.word, arcs.weight, strict=True)
    for start, end, phone, position, word, weight in columns:
        as_left = context[phone]
        out = bases[end] + left_at[end][as_left] * len(rights[end])
        if model.is_filler(phone):
            rows = {(sequence_of[phone],) * len(rights[end]): lefts[start]}
        else:
            rows = {}
            for left in lefts[start]:
                row = tuple(sequence(phone, left, right, position) for right in rights[end])
                rows.setdefault(row, []).append(left)
        into, width = right_at[start][as_left], len(rights[start])
        if len(phone_) > MOST_INSTANCES:
            raise RecognitionError(
                f"the grammar has over {MOST_INSTANCES:,} sounds in their contexts, too many to search: shorten the "
                "lists of the intent definitions, or take the engine vosk or pocketsphinx"
            )
        for row, row_lefts in rows.items():
            instances: dict[int, int] = {}
            for i, found in enumerate(row):
                instance = instances.get(found)
                if instance is None:
                    instance = instances[found] = len(phone_)
                    phone_.append(phone)
                    begins.append(position in (BEGIN, SINGLE))
                    word_.append(word)
                    sequence_.append(found)
                exit_from.append(instance)
                exit_to.append(out + i)
            for left in row_lefts:
                link = bases[start] + left_at[start][left] * width + into
                for instance in instances.values():
                    entry_from.append(link)
                    entry_to.append(instance)
                    entry_weight.append(weight)

    _enter_shared(graph, lefts, rights, bases, (entry_from, entry_to, entry_weight))
    links = bases[-1]
    phones = np.array(phone_, dtype=np.int32)
    needed = definition.senones[np.array(sequence_, dtype=np.int64)]
    own = np.unique(definition.senones[definition.sequence_of[: len(definition.phones)]])
    senones = np.concatenate([own, np.setdiff1d(needed, own)]).astype(np.int32)
    column = np.zeros(definition.senone_count, dtype=np.int32)
    column[senones] = np.arange(len(senones), dtype=np.int32)
    matrices = definition.transitions_of[phones]
    last_weight = np.full(links, -np.inf, dtype=np.float32)
    for node, weight in graph.finals.items():
        if model.silence in right_at[node]:
            for i in range(len(lefts[node])):
                last_weight[bases[node] + i * len(rights[node]) + right_at[node][model.silence]] = weight
    exit_start, exit_order = _grouped(exit_from, len(phones))
    entry_start, entry_order = _grouped(entry_from, links)
    first = bases[graph.start_node] + left_at[graph.start_node][model.silence] * len(rights[graph.start_node])
    return Network(
        phone=phones,
        filler=np.array([model.is_filler(p) for p in range(len(definition.phones))])[phones],
        begins=np.array(begins, dtype=np.bool_),
        word=np.array(word_, dtype=np.int32),
        states=column[needed],
        senones=senones,
        phone_senones=len(own),
        transitions=np.concatenate([model.stay[matrices], model.leave[matrices]], axis=1),
        exit_start=exit_start,
        exit_link=np.array(exit_to, dtype=np.int32)[exit_order],
        entry_start=entry_start,
        entry_instance=np.array(entry_to, dtype=np.int32)[entry_order],
        entry_weight=np.array(entry_weight, dtype=np.float32)[entry_order],
        first_links=np.arange(first, first + len(rights[graph.start_node]), dtype=np.int32),
        last_weight=last_weight,
    )


def _enter_shared(
    graph: WordGraph,
    lefts: list[list[int]],
    rights: list[list[int]],
    bases: list[int],
    entries: tuple[list[int], list[int], list[float]],
) -> None:
    """Let every place that leads to a shared list enter its instances, as if it had a copy of its own."""
    sources, targets, weights = entries
    behind: dict[int, list[tuple[int, float]]] = {}
    for link, instance, weight in zip(sources, targets, weights, strict=True):
        behind.setdefault(link, []).append((instance, weight))
    for node, shared, share in graph.skips:
        for left in lefts[node]:
            for right in rights[shared]:
                own = bases[node] + lefts[node].index(left) * len(rights[node]) + rights[node].index(right)
                far = (
                    bases[shared]
                    + lefts[shared].index(left) * len(rights[shared])
                    + rights[shared].index(right)
                )
                for instance, weight in tuple(behind.get(far, ())):
                    sources.append(own)
                    targets.append(instance)
                    weights.append(share + weight)
                    behind.setdefault(own, []).append((instance, share + weight))


def _grouped(keys: list[int], groups: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Offsets of each key's group, and the order that puts the groups one after another."""
    array = np.array(keys, dtype=np.int64)
    counts = np.bincount(array, minlength=groups)
    return np.concatenate([[0], np.cumsum(counts)]).astype(np.int64), np.argsort(array, kind="stable")


def _can_end(network: Network) -> bool:
    """Whether a word that leads to an end is in the network."""
    return bool((network.word != NO_WORD).any()) and bool(np.isfinite(network.last_weight).any())
