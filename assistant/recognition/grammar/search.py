"""Viterbi search through a network, frame by frame, over the instances that are near the best one.

A beam so wide that it loses nothing in practice; what it saves is the part of a large grammar that was never near.
Everything is done for all active instances of a frame at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from assistant.recognition.grammar.network import NO_WORD

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from assistant.recognition.grammar.network import Network

BEAM: Final = 140.0
"""Natural logarithm of how much less likely than the best an instance may be and stay."""

MOST_ACTIVE: Final = 3_000
"""Instances that stay at most; a frame's time is bounded by it."""

RUNNER_UP: Final = 40.0
"""Natural logarithm of how much less likely than the best path another hypothesis may be."""

_LOOKED_AT: Final = 40
"""Deviations from the best path that are followed, the likeliest first: most say the same words with other pauses."""

_NEVER: Final = np.float32(-1e30)


@dataclass(frozen=True, kw_only=True)
class Segment:
    """One phone of the best path."""

    instance: int
    """Index in the network."""
    start: int
    """Its first frame."""
    end: int
    """The frame after its last."""
    states: tuple[int, ...]
    """State at each of its frames."""


@dataclass(frozen=True, kw_only=True)
class HeardWord:
    """One word of the best path."""

    arc: int
    """Arc of the word graph."""
    start: int
    """Its first frame."""
    end: int
    """The frame after its last."""


@dataclass(frozen=True, kw_only=True)
class Path:
    """The best way through the network for the frames so far."""

    segments: tuple[Segment, ...]
    """Phones from the first frame to the last, in order."""
    words: tuple[HeardWord, ...]
    """Words that are complete, in order."""
    score: float
    """Natural logarithm: acoustic scores, transitions and weights."""


@dataclass(frozen=True, kw_only=True, eq=False)
class _Frame:
    """How the active instances of one frame were reached."""

    instances: NDArray[np.int32]
    before: NDArray[np.int32]
    """Place of the same instance in the frame before; beyond that frame's last where it was not active."""
    entered_from: NDArray[np.int32]
    """Place in the frame before of the instance that was left for it; -1 where the utterance begins."""
    moved: NDArray[np.bool_]
    """Shape (3, n): the state was reached from the one before it (for the first: from another instance)."""
    entered_by: NDArray[np.int32]
    """Link through which it was entered."""
    lost: tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.float32]]
    """What came second in a link: the link, the place in the frame before, and by how much it lost; empty arrays where
    no alternatives are wanted."""


_NONE_LOST: Final = (np.empty(0, np.int32), np.empty(0, np.int32), np.empty(0, np.float32))


class Search:
    """One utterance after another; `advance` takes any number of frames."""

    def __init__(
        self,
        network: Network,
        *,
        beam: float = BEAM,
        most_active: int = MOST_ACTIVE,
        runners_up: bool = False,
    ) -> None:
        """Search `network`; only with `runners_up` it remembers what `alternatives` needs."""
        self._net = network
        self._runners_up = runners_up
        self._beam = np.float32(beam)
        self._most_active = most_active
        links = len(network.last_weight)
        # Work space over the whole network; only what a frame touches is written, and put back after it.
        self._link_score = np.full(links, _NEVER, dtype=np.float32)
        self._link_from = np.zeros(links, dtype=np.int32)
        self._entry_score = np.full(network.size, _NEVER, dtype=np.float32)
        self._entry_from = np.zeros(network.size, dtype=np.int32)
        self._entry_by = np.zeros(network.size, dtype=np.int32)
        self._active_now = np.zeros(network.size, dtype=np.bool_)
        self._mark = np.zeros(max(links, network.size), dtype=np.int32)
        self.reset()

    def reset(self) -> None:
        """Begin another utterance."""
        self._frames: list[_Frame] = []
        self._active = np.empty(0, dtype=np.int32)
        self._scores = np.empty((3, 0), dtype=np.float32)
        self._limit = -self._beam
        self._offset = 0.0

    @property
    def frames(self) -> int:
        """How many frames have been taken."""
        return len(self._frames)

    @property
    def active(self) -> int:
        """How many instances are active."""
        return len(self._active)

    def advance(self, scores: NDArray[np.float32]) -> None:
        """Take the next frames: log-likelihoods of the network's senones, shape (frames, columns)."""
        for frame in scores:
            self._step(frame)

    def best(self, *, final: bool) -> Path | None:
        """The best path; with `final` only one that ends a sentence. None where there is none."""
        if not self._frames:
            return None
        if final:
            ends = self._ends()
            return self._path(ends[0], left=True) if ends else None
        state, place = divmod(int(self._scores.argmax()), len(self._active))
        score = float(self._scores[state, place]) + self._offset
        return self._path((score, place, state), left=False)

    def alternatives(self, count: int, said: Callable[[Path], str]) -> list[tuple[Path, float]]:
        """Up to `count` paths of another text that end a sentence, best first, and how far each is behind the best.

        Each leaves the best path once, at a border where something else came second, and keeps the times of what
        follows, as in a lattice of words: what differs in two places far apart is not found. Natural logarithms.
        """
        ends = self._ends() if self._frames else []
        if not ends or not self._runners_up:
            return []
        best = self._path(ends[0], left=True)
        known = {said(best)}
        # How far behind, the frame that follows, the place in the frame before it, and what of the best path follows.
        ways = [(ends[0][0] - score, len(self._frames), place, 0) for score, place, _ in ends[1:]]
        for behind, segment in enumerate(reversed(best.segments), start=1):
            if not segment.start:
                break
            frame = self._frames[segment.start]
            place = int(np.flatnonzero(frame.instances == segment.instance)[0])
            links, places, lost_by = frame.lost
            here = np.flatnonzero(links == frame.entered_by[place])
            ways += [
                (float(lost_by[i]), segment.start, int(places[i]), behind)
                for i in here[np.argsort(lost_by[here], kind="stable")]
            ]
        found: list[tuple[Path, float]] = []
        for lost, start, place, behind in sorted(ways)[:_LOOKED_AT]:
            if lost > RUNNER_UP or len(found) == count:
                break
            segments = self._segments(start, place, 2, best)
            segments += best.segments[len(best.segments) - behind :]
            path = Path(
                segments=tuple(segments), words=self._words(segments, left=True), score=best.score - lost
            )
            if path.words and said(path) not in known:
                known.add(said(path))
                found.append((path, lost))
        return found

    def _ends(self) -> list[tuple[float, int, int]]:
        """Where a sentence may end, best first: its score, its place in the last frame, its state."""
        net = self._net
        counts = net.exit_start[self._active + 1] - net.exit_start[self._active]
        links = net.exit_link[_ranges(net.exit_start[self._active], counts)]
        places = np.repeat(np.arange(len(counts)), counts)
        totals = self._leaving()[places] + net.last_weight[links]
        order = np.argsort(-totals, kind="stable")
        order = order[totals[order] >= (_NEVER / 2 if len(totals) else 0)]
        return [(float(totals[i]) + self._offset, int(places[i]), 2) for i in order[:_LOOKED_AT].tolist()]

    def _leaving(self) -> NDArray[np.float32]:
        """Scores of leaving each active instance."""
        transitions = self._net.transitions[5].take(self._net.matrix.take(self._active))
        leaving: NDArray[np.float32] = self._scores[2] + transitions
        return leaving

    def _step(self, acoustic: NDArray[np.float32]) -> None:
        net = self._net
        links, link_scores, sources, lost = self._reach_links()
        # From the links into the instances behind them.
        counts = net.entry_start[links + 1] - net.entry_start[links]
        entries = _ranges(net.entry_start[links], counts)
        values = np.repeat(link_scores, counts) + net.entry_weight[entries]
        near = np.flatnonzero(values > self._limit)
        values = values[near]
        targets = net.entry_instance[entries[near]]
        np.maximum.at(self._entry_score, targets, values)
        won = np.flatnonzero(self._entry_score[targets] == values)
        reached = targets[won]
        through = np.repeat(np.arange(len(links), dtype=np.int32), counts)[near[won]]
        self._entry_from[reached] = sources[through]
        self._entry_by[reached] = links[through]

        old = self._active
        self._active_now[old] = True
        fresh = self._distinct(reached)
        fresh = fresh[~self._active_now[fresh]]
        self._active_now[old] = False
        instances = np.concatenate([old, fresh])
        # States in rows: each step below runs over memory that lies together.
        transitions = net.transitions.take(net.matrix.take(instances), axis=1)
        now = np.full((3, len(instances)), _NEVER, dtype=np.float32)
        now[:, : len(old)] = self._scores
        moved_scores = np.empty_like(now)
        self._entry_score.take(instances, out=moved_scores[0])
        np.add(now[:2], transitions[3:5], out=moved_scores[1:])
        self._entry_score[targets] = _NEVER
        now += transitions[:3]
        moved = moved_scores > now
        np.maximum(now, moved_scores, out=now)
        now += acoustic.take(net.states.take(instances, axis=1))
        top = np.maximum(np.maximum(now[0], now[1]), now[2])
        best = top.max()
        limit = best - self._beam
        if len(top) > self._most_active:
            nth = len(top) - self._most_active
            limit = max(limit, np.partition(top, nth)[nth])
        kept = np.flatnonzero(top >= limit)[: self._most_active].astype(np.int32)
        self._active = instances[kept]
        # Relative to the best, so that single precision lasts however long the utterance is.
        self._scores = now.take(kept, axis=1) - best
        # What enters an instance below what is kept of this frame would not be kept of the next.
        self._limit = limit - best
        self._offset += float(best)
        self._frames.append(
            _Frame(
                instances=self._active,
                before=kept,
                entered_from=self._entry_from.take(self._active),
                moved=moved.take(kept, axis=1),
                entered_by=self._entry_by.take(self._active),
                lost=lost,
            )
        )

    def _reach_links(
        self,
    ) -> tuple[
        NDArray[np.int32],
        NDArray[np.float32],
        NDArray[np.int32],
        tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.float32]],
    ]:
        """Links that are entered, the best score in each, the place of the instance it comes from, and what lost."""
        net = self._net
        if not self._frames:
            first = net.first_links
            return first, np.zeros(len(first), np.float32), np.full(len(first), -1, np.int32), _NONE_LOST
        leaving = self._leaving()
        places = np.flatnonzero(leaving > self._limit).astype(np.int32)
        sources = self._active[places]
        counts = net.exit_start[sources + 1] - net.exit_start[sources]
        targets = net.exit_link[_ranges(net.exit_start[sources], counts)]
        values = np.repeat(leaving[places], counts)
        np.maximum.at(self._link_score, targets, values)
        won = np.flatnonzero(self._link_score[targets] == values)
        from_ = np.repeat(places, counts)
        self._link_from[targets[won]] = from_[won]
        links = self._distinct(targets[won])
        lost = _NONE_LOST
        if self._runners_up:
            lost_by = self._link_score[targets] - values
            # What is as good as the winner lost, too: two words may sound alike.
            kept = np.flatnonzero((lost_by <= RUNNER_UP) & (self._link_from[targets] != from_))
            lost = targets[kept], from_[kept], lost_by[kept]
        found = self._link_score[links]
        self._link_score[links] = _NEVER
        return links, found, self._link_from[links], lost

    def _distinct(self, values: NDArray[np.int32]) -> NDArray[np.int32]:
        """Each value once, in an order that depends on the values only."""
        numbers = np.arange(len(values), dtype=np.int32)
        self._mark[values] = numbers
        distinct: NDArray[np.int32] = values[self._mark[values] == numbers]
        return distinct

    def _path(self, end: tuple[float, int, int], *, left: bool) -> Path:
        score, place, state = end
        segments = self._segments(len(self._frames), place, state)
        return Path(segments=tuple(segments), words=self._words(segments, left=left), score=score)

    def _segments(self, end: int, place: int, state: int, best: Path | None = None) -> list[Segment]:
        """The phones that lead to a state of a place in the frame before `end`.

        As soon as that is a state of the `best` path, the rest is known.
        """
        segments: list[Segment] = []
        states: list[int] = []
        known = list(best.segments) if best else []
        for t in range(end - 1, -1, -1):
            frame = self._frames[t]
            while known and known[-1].start > t:
                known.pop()
            if known and t < known[-1].end:
                same = known[-1]
                at = t - same.start
                if same.states[at] == state and same.instance == frame.instances[place]:
                    whole = (*same.states[: at + 1], *reversed(states))
                    joined = Segment(instance=same.instance, start=same.start, end=end, states=whole)
                    return [*known[:-1], joined, *reversed(segments)]
            states.append(state)
            if not frame.moved[state, place]:
                place = int(frame.before[place])
            elif state:
                state -= 1
                place = int(frame.before[place])
            else:
                segments.append(
                    Segment(
                        instance=int(frame.instances[place]), start=t, end=end, states=tuple(reversed(states))
                    )
                )
                end, states, state = t, [], 2
                place = int(frame.entered_from[place])
        segments.reverse()
        return segments

    def _words(self, segments: list[Segment], *, left: bool) -> tuple[HeardWord, ...]:
        net = self._net
        words: list[HeardWord] = []
        begun, arc = 0, NO_WORD
        for position, segment in enumerate(segments):
            instance = segment.instance
            if net.begins[instance]:
                begun = segment.start
            arc = max(arc, int(net.word[instance]))
            # The last instance has spoken its word only if the path leaves it.
            if net.ends[instance] and (left or position + 1 < len(segments)):
                words.append(HeardWord(arc=arc, start=begun, end=segment.end))
                arc = NO_WORD
        return tuple(words)


def _ranges(starts: NDArray[np.int32], counts: NDArray[np.int32]) -> NDArray[np.int64]:
    """The numbers of all ranges [start, start + count), one after another."""
    ends = np.cumsum(counts)
    total = int(ends[-1]) if len(ends) else 0
    return np.repeat(starts - (ends - counts), counts) + np.arange(total)
