"""The grammar as a network of triphones: which model follows which, across words too.

Words that leave a node of the word graph together share their first phones (a prefix tree), so that a long list costs
its distinct beginnings, not its values. A phone that borders on another word is there once for each sound that the
border gives it: neighbours that lead to the same senones share one instance. Silence may stand between any two words.

Instances are joined by *links*, which emit nothing: one for each (node, phone before, phone after). Everything that
ends there is maximised once and then fans out, which keeps a junction of many words with many words cheap.
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field
from itertools import accumulate
from typing import TYPE_CHECKING, Any, Final, TypeAlias

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
_NONE: Final = -1

_Column: TypeAlias = "array[int] | array[float] | NDArray[Any]"

MOST_INSTANCES: Final = 3_000_000
"""Instances at most; each takes a quarter of a kilobyte while it is compiled, and machines at home have little."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Network:
    """Arrays over instances (a phone in its place and context, three states) and links between them."""

    phone: NDArray[np.int8]
    """Context-independent phone of each instance, shape (n,)."""
    filler: NDArray[np.bool_]
    """Whether an instance is silence or noise, shape (n,)."""
    begins: NDArray[np.bool_]
    """Whether a word begins with it, shape (n,)."""
    ends: NDArray[np.bool_]
    """Whether a word ends with it, shape (n,)."""
    word: NDArray[np.int32]
    """Arc of the word graph whose word it is in, shape (n,): on one instance of a word's, else `NO_WORD`."""
    states: NDArray[np.int16]
    """Columns of the score matrix of its states, shape (3, n)."""
    senones: NDArray[np.int32]
    """Senone of each such column; those of the context-independent phones come first."""
    phone_senones: int
    """How many columns those are."""
    matrix: NDArray[np.int8]
    """Which transitions it has, shape (n,)."""
    transitions: NDArray[np.float32]
    """Log probabilities of each matrix: to stay in each state, then to leave each; shape (6, matrices)."""
    exit_start: NDArray[np.int32]
    """Where the exits of an instance begin in `exit_link`, shape (n + 1,)."""
    exit_link: NDArray[np.int32]
    """Links reached from instances."""
    entry_start: NDArray[np.int32]
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

    start: array[int] = field(default_factory=lambda: array("i"))
    end: array[int] = field(default_factory=lambda: array("i"))
    phone: array[int] = field(default_factory=lambda: array("b"))
    position: array[int] = field(default_factory=lambda: array("b"))
    word: array[int] = field(default_factory=lambda: array("i"))
    weight: array[float] = field(default_factory=lambda: array("d"))

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
    arcs, nodes = _phone_arcs(graph, pronunciations, pause_penalty)
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
    graph: WordGraph, pronunciations: Mapping[str, Sequence[tuple[int, ...]]], pause_penalty: float
) -> tuple[_Arcs, int]:
    """The phones of every word, beginnings and last phones shared; and the number of nodes.

    Words that leave a node together share a tree of their first phones. The arc of the last phone but one is the
    word's own, and names it; so the last phone, which is there once for each sound that the border gives it, is shared
    by all words that lead to the same node and end alike.
    """
    arcs = _Arcs()
    nodes = graph.nodes
    leaving: dict[int, list[int]] = {}
    for index, start in enumerate(graph.start):
        leaving.setdefault(start, []).append(index)
    tails: dict[tuple[int, int, int], int] = {}
    for root, words in leaving.items():
        children: dict[tuple[int, int], tuple[int, int]] = {}
        # (arc, arc above it or -1, weight of the word) of the arc that names each word.
        own: list[tuple[int, int, float]] = []
        above: dict[int, int] = {}
        for index in words:
            to, weight = graph.end[index], graph.weight[index]
            if index in graph.light:
                # Else it would be heard in the quiet behind a command, where a pause has its price.
                weight += pause_penalty
            for phones in pronunciations.get(graph.words[index], ()):
                if len(phones) == 1:
                    arcs.add(root, to, phones[0], SINGLE, index, weight)
                    continue
                node, parent = root, -1
                for depth, phone in enumerate(phones[:-2]):
                    child = children.get((node, phone))
                    if child is None:
                        arc = arcs.add(node, nodes, phone, INSIDE if depth else BEGIN, NO_WORD, -np.inf)
                        above[arc] = parent
                        child = children[node, phone] = (nodes, arc)
                        nodes += 1
                    node, parent = child
                key = (to, phones[-2], phones[-1])
                tail = tails.get(key)
                if tail is None:
                    tail = tails[key] = nodes
                    nodes += 1
                    arcs.add(tail, to, phones[-1], END, NO_WORD, 0.0)
                position = INSIDE if len(phones) > 2 else BEGIN
                own.append((arcs.add(node, tail, phones[-2], position, index, weight), parent, weight))
        # The best word below a branch lends it its weight at once, so that the beam sees it early.
        for _, parent, weight in own:
            while parent >= 0 and arcs.weight[parent] < weight:
                arcs.weight[parent] = weight
                parent = above[parent]
        best = {arc: arcs.weight[arc] for arc in above}
        for arc, parent in above.items():
            if parent >= 0:
                arcs.weight[arc] -= best[parent]
        for arc, parent, _ in own:
            if parent >= 0:
                arcs.weight[arc] -= best[parent]
    return arcs, nodes


@dataclass(frozen=True, kw_only=True)
class _Sides:
    """The sounds beside a node."""

    phones: tuple[int, ...]
    """Their phones, in order."""
    place: Mapping[int, int]
    """Where each stands there."""


def _sides(masks: array[int]) -> list[_Sides]:
    """Sets of phones, bit by bit in a number, as phones in order; equal ones are one object."""
    known: dict[int, _Sides] = {}
    for mask in set(masks):
        phones = tuple(bit for bit in range(mask.bit_length()) if mask >> bit & 1)
        known[mask] = _Sides(phones=phones, place={phone: i for i, phone in enumerate(phones)})
    return [known[mask] for mask in masks]


def _expand(graph: WordGraph, model: AcousticModel, arcs: _Arcs, nodes: int) -> Network:
    definition = model.definition
    is_filler = [model.is_filler(phone) for phone in range(len(definition.phones))]
    context = [model.silence if filler else phone for phone, filler in enumerate(is_filler)]
    before, after = array("Q", bytes(8 * nodes)), array("Q", bytes(8 * nodes))
    for start, end, phone in zip(arcs.start, arcs.end, arcs.phone, strict=True):
        before[end] |= 1 << context[phone]
        after[start] |= 1 << context[phone]
    before[graph.start_node] |= 1 << model.silence
    for node, shared, _ in graph.skips:
        after[node] |= after[shared]
    for node, shared, _ in reversed(graph.skips):
        before[shared] |= before[node]
    lefts, rights = _sides(before), _sides(after)
    # A link for each sound before and each sound after a node.
    widths = (len(lo.phones) * len(ro.phones) for lo, ro in zip(lefts, rights, strict=True))
    base = array("i", accumulate(widths, initial=0))

    rows: dict[tuple[int, int, int, tuple[int, ...]], tuple[int, ...]] = {}

    def row(phone: int, left: int, position: int, right: tuple[int, ...]) -> tuple[int, ...]:
        """The senone sequence of a phone before each of the phones in `right`."""
        key = (phone, left, position, right)
        found = rows.get(key)
        if found is None:
            triphones = [model.triphone(phone, left, each, position) for each in right]
            found = rows[key] = tuple(definition.sequence_of[triphones].tolist())
        return found

    phone_, position_ = array("b"), array("b")
    word_, sequence_ = array("i"), array("i")
    exit_from, exit_to, entry_from, entry_to = (array("i") for _ in range(4))
    entry_weight = array("f")
    columns = zip(arcs.start, arcs.end, arcs.phone, arcs.position, arcs.word, arcs.weight, strict=True)
    for start, end, phone, position, word, weight in columns:
        as_left = context[phone]
        width, out_width = len(rights[start].phones), len(rights[end].phones)
        into = base[start] + rights[start].place[as_left]
        out = base[end] + lefts[end].place[as_left] * out_width
        if len(phone_) > MOST_INSTANCES:
            raise RecognitionError(
                f"the grammar has over {MOST_INSTANCES:,} sounds in their contexts, too many to search: shorten the "
                "lists of the intent definitions, or take the engine vosk"
            )
        # Sounds before it that lead to the same senones share its instances.
        alike: dict[tuple[int, ...], list[int]] = {}
        for i, left in enumerate(lefts[start].phones):
            alike.setdefault(row(phone, left, position, rights[end].phones), []).append(into + i * width)
        for found, links in alike.items():
            instances: dict[int, int] = {}
            for i, senones in enumerate(found):
                instance = instances.get(senones)
                if instance is None:
                    instance = instances[senones] = len(phone_)
                    phone_.append(phone)
                    position_.append(position)
                    word_.append(word)
                    sequence_.append(senones)
                exit_from.append(instance)
                exit_to.append(out + i)
            for link in links:
                for instance in instances.values():
                    entry_from.append(link)
                    entry_to.append(instance)
                    entry_weight.append(weight)

    # What is no longer needed goes at once: here compiling takes the most memory.
    rows.clear()
    links_ = base[-1]
    exit_start, exit_link = _ordered(len(phone_), exit_from, exit_to)
    del exit_from, exit_to
    entries = _enter_shared(graph, lefts, rights, base, (entry_from, entry_to, entry_weight))
    del entry_from, entry_to, entry_weight
    entry_start, entry_instance, shares = _ordered(links_, *entries)
    del entries
    phones = np.array(phone_, dtype=np.int8)
    positions = np.array(position_, dtype=np.int8)
    filler = np.array(is_filler)[phones]
    needed = definition.senones[np.array(sequence_, dtype=np.int64)]
    own = np.unique(definition.senones[definition.sequence_of[: len(definition.phones)]])
    senones_ = np.concatenate([own, np.setdiff1d(needed, own)]).astype(np.int32)
    column = np.zeros(definition.senone_count, dtype=np.int16)
    column[senones_] = np.arange(len(senones_))
    last_weight = np.full(links_, -np.inf, dtype=np.float32)
    for node, weight in graph.finals.items():
        silence = rights[node].place.get(model.silence)
        if silence is not None:
            width = len(rights[node].phones)
            last_weight[base[node] + silence : base[node + 1] : width] = weight
    first_node = graph.start_node
    first = base[first_node] + lefts[first_node].place[model.silence] * len(rights[first_node].phones)
    return Network(
        phone=phones,
        filler=filler,
        begins=((positions == BEGIN) | (positions == SINGLE)) & ~filler,
        ends=((positions == END) | (positions == SINGLE)) & ~filler,
        word=np.array(word_, dtype=np.int32),
        states=np.ascontiguousarray(column[needed].T),
        senones=senones_,
        phone_senones=len(own),
        matrix=definition.transitions_of[phones].astype(np.int8),
        transitions=np.ascontiguousarray(np.concatenate([model.stay, model.leave], axis=1).T),
        exit_start=exit_start,
        exit_link=exit_link,
        entry_start=entry_start,
        entry_instance=entry_instance,
        entry_weight=shares,
        first_links=np.arange(first, first + len(rights[first_node].phones), dtype=np.int32),
        last_weight=last_weight,
    )


def _enter_shared(
    graph: WordGraph,
    lefts: list[_Sides],
    rights: list[_Sides],
    base: array[int],
    entries: tuple[array[int], array[int], array[float]],
) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.float32]]:
    """The entries (link, instance, weight): the list's own, and those of every place that leads to it."""
    starts, own_targets, own_weights = _ordered(base[-1], *entries)
    # What is added, one stretch after another; of each link the last stretch, and of each stretch the link's one before
    # it. Arrays of their own for each link took most of the memory of compiling.
    more_sources, more_targets, more_weights = array("i"), array("i"), array("f")
    begins, before = array("i", [0]), array("i")
    last = array("i", [_NONE]) * base[-1]

    def entered(link: int) -> tuple[array[int], NDArray[np.float32]]:
        own = slice(starts[link], starts[link + 1])
        instances, shares = array("i", own_targets[own].tobytes()), array("f", own_weights[own].tobytes())
        stretches = []
        number = last[link]
        while number != _NONE:
            stretches.append(slice(begins[number], begins[number + 1]))
            number = before[number]
        for stretch in reversed(stretches):
            instances += more_targets[stretch]
            shares += more_weights[stretch]
        return instances, np.frombuffer(shares, dtype=np.float32)

    for node, shared, share in graph.skips:
        width, far_width = len(rights[node].phones), len(rights[shared].phones)
        for left, i in lefts[node].place.items():
            row = base[node] + i * width
            far_row = base[shared] + lefts[shared].place[left] * far_width
            for right, j in rights[shared].place.items():
                instances, shares = entered(far_row + j)
                if not instances:
                    continue
                link = row + rights[node].place[right]
                more_sources.extend([link] * len(instances))
                more_targets += instances
                more_weights.frombytes((shares + np.float32(share)).tobytes())
                begins.append(len(more_targets))
                before.append(last[link])
                last[link] = len(before) - 1
    return (
        np.concatenate([entries[0], more_sources]),
        np.concatenate([entries[1], more_targets]),
        np.concatenate([entries[2], more_weights]),
    )


def _ordered(groups: int, keys: _Column, *columns: _Column) -> tuple[NDArray[Any], ...]:
    """Offsets of the group of each key below `groups`, and the columns with one group after another."""
    # Arrays of Python's are looked into here, and not copied.
    counts = np.bincount(np.asarray(keys), minlength=groups)
    order = np.argsort(np.asarray(keys), kind="stable")
    starts = np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)
    return starts, *(np.asarray(column)[order] for column in columns)


def _can_end(network: Network) -> bool:
    """Whether a word that leads to an end is in the network."""
    return bool((network.word != NO_WORD).any()) and bool(np.isfinite(network.last_weight).any())
