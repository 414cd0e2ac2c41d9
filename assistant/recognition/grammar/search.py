"""Viterbi search through a network, frame by frame, over the instances that are near the best one.

The beam of partial results is so wide that it hardly loses anything; what it saves is the part of a large grammar that
was never near.
Everything is done for all active instances of a frame at once. Where the whole utterance is known, what lies ahead
(`lookahead`) counts with what a path has scored, and far fewer need to be kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from assistant.recognition.grammar.network import NO_WORD

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from assistant.recognition.grammar.lookahead import Ahead
    from assistant.recognition.grammar.network import Network

BEAM: Final = 140.0
"""Natural logarithm of how much less likely than the best an instance may be and stay."""

MOST_ACTIVE: Final = 3_000
"""Instances that stay at most; a frame's time is bounded by it."""

BEAM_AHEAD: Final = 120.0
MOST_ACTIVE_AHEAD: Final = 1_500
"""The same where what lies ahead is known."""

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


def scores_along(path: Path, scores: NDArray[np.float32], network: Network) -> NDArray[np.float32]:
    """Of scores of shape (frames, columns) those of a path's states, shape (frames,)."""
    columns = np.concatenate([network.states[list(each.states), each.instance] for each in path.segments])
    along: NDArray[np.float32] = scores[np.arange(len(columns)), columns]
    return along


class _Arrivals(NamedTuple):
    """Links that are reached in a frame."""

    links: NDArray[np.int32]
    """Each once."""
    scores: NDArray[np.float32]
    """The best score in each."""
    sources: NDArray[np.integer]
    """Place in the frame before of the instance that it comes from; -1 where the utterance begins."""
    targets: NDArray[np.int32]
    """The link of everything that reached one."""
    places: NDArray[np.intp]
    """Where that came from, likewise."""
    values: NDArray[np.float32]
    """Its score."""


class _Frame(NamedTuple):
    """How the active instances of one frame were reached."""

    instances: NDArray[np.int32]
    before: NDArray[np.int32]
    """Place of the same instance in the frame before; beyond that frame's last where it was not active."""
    moved: NDArray[np.bool_]
    """Shape (3, n): the state was reached from the one before it (for the first: from another instance)."""
    entered: NDArray[np.int32]
    """Where the link through which it was entered stands in `arrivals`."""
    arrivals: _Arrivals
    """Without what came second where no alternatives are wanted."""


_NOTHING_SECOND: Final = (np.empty(0, np.int32), np.empty(0, np.intp), np.empty(0, np.float32))


class Workspace:
    """What every search through a network looks up and scribbles on, so large that it is worth sharing.

    Only what a frame touches is written, and put back before the frame ends: searches may share one, if they take their
    frames in turn. What is broken off within a frame leaves it unfit for another.
    """

    def __init__(self, network: Network) -> None:
        """For `network`."""
        links = len(network.last_weight)
        self.network = network
        self.exits = np.diff(network.exit_start)
        self.entries = np.diff(network.entry_start)
        # The phone of each instance, and the one that is entered by each link, for tables over the phones.
        self.phone = network.phone.astype(np.int8)
        self.phone_behind = np.zeros(links, dtype=np.int8)
        self.phone_behind[np.repeat(np.arange(links, dtype=np.int32), self.entries)] = self.phone[
            network.entry_instance
        ]
        phones = int(network.phone.max()) + 1
        matrices = np.zeros(phones, dtype=np.int16)
        matrices[network.phone] = network.matrix
        self.transitions = np.ascontiguousarray(network.transitions[:, matrices])
        self.nothing_ahead = np.zeros(phones, dtype=np.float32)
        self.link_score = np.full(links, _NEVER, dtype=np.float32)
        self.link_from = np.zeros(links, dtype=np.int32)
        self.entry_score = np.full(network.size, _NEVER, dtype=np.float32)
        self.entry_through = np.zeros(network.size, dtype=np.int32)
        self.mark = np.zeros(max(links, network.size), dtype=np.int32)


class Search:
    """One utterance after another; `advance` takes any number of frames."""

    def __init__(
        self,
        workspace: Workspace,
        *,
        beam: float = BEAM,
        most_active: int = MOST_ACTIVE,
        runners_up: bool = False,
    ) -> None:
        """Search the network of `workspace`; only with `runners_up` it remembers what `alternatives` needs."""
        self._space = workspace
        self._net = workspace.network
        self._runners_up = runners_up
        self._beam = np.float32(beam)
        self._most_active = most_active
        self.reset()

    def reset(self) -> None:
        """Begin another utterance."""
        self._frames: list[_Frame] = []
        self._active = np.empty(0, dtype=np.int32)
        self._scores = np.empty((3, 0), dtype=np.float32)
        self._limit = np.float32(-np.inf)
        self._offset = 0.0

    @property
    def frames(self) -> int:
        """How many frames have been taken."""
        return len(self._frames)

    @property
    def active(self) -> int:
        """How many instances are active."""
        return len(self._active)

    def advance(self, scores: NDArray[np.float32], ahead: Ahead | None = None) -> None:
        """Take the next frames: log-likelihoods of the network's senones, shape (frames, columns).

        What lies `ahead` can be known of a whole utterance only, which is taken at once then, after `reset`.
        """
        if ahead is None:
            for frame in scores:
                self._step(
                    frame,
                    self._space.transitions,
                    self._space.nothing_ahead,
                    self._space.nothing_ahead,
                    np.float32(0),
                )
        else:
            for frame in zip(
                scores, ahead.transitions, ahead.entered, ahead.entry, ahead.leaving, strict=True
            ):
                self._step(*frame)

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
            reached = frame.arrivals
            through = frame.entered[place]
            here = np.flatnonzero(reached.targets == reached.links[through])
            # What is as good as the winner lost, too: two words may sound alike.
            here = here[reached.places[here] != reached.sources[through]]
            lost_by = reached.scores[through] - reached.values[here]
            ways += [
                (float(lost_by[i]), segment.start, int(reached.places[here[i]]), behind)
                for i in np.argsort(lost_by, kind="stable").tolist()
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
        """Scores of leaving each active instance behind the last frame."""
        leaving: NDArray[np.float32] = self._scores[2] + self._space.transitions[5].take(
            self._space.phone.take(self._active)
        )
        return leaving

    def _step(
        self,
        acoustic: NDArray[np.float32],
        transitions: NDArray[np.float32],
        entered: NDArray[np.float32],
        entry: NDArray[np.float32],
        leaving: np.float32,
    ) -> None:
        """Take a frame: its scores, and of `Ahead` what belongs to it."""
        net = self._net
        if self._frames:
            arrivals = self._reach_links(transitions[5], entry, leaving)
        else:
            first = net.first_links
            arrivals = _Arrivals(
                first, np.zeros(len(first), np.float32), np.full(len(first), -1), *_NOTHING_SECOND
            )
        # From the links into the instances behind them.
        links = arrivals.links
        counts = self._space.entries.take(links)
        entries = _ranges(net.entry_start.take(links), counts)
        through = np.arange(len(links)).repeat(counts)
        targets = net.entry_instance.take(entries)
        values = net.entry_weight.take(entries)
        values += arrivals.scores.take(through)
        near = (values + entry.take(self._space.phone.take(targets)) > self._limit).nonzero()[0]
        targets, values = targets.take(near), values.take(near)
        np.maximum.at(self._space.entry_score, targets, values)
        won = (self._space.entry_score.take(targets) == values).nonzero()[0]
        reached = targets.take(won)
        self._space.entry_through[reached] = through.take(near.take(won))

        old = self._active
        instances = np.concatenate([old, self._distinct(reached, but=old)])
        phones = self._space.phone.take(instances)
        # States in rows: each step below runs over memory that lies together.
        steps = transitions.take(phones, axis=1)
        now = np.empty((3, len(instances)), dtype=np.float32)
        now[:, : len(old)] = self._scores
        now[:, len(old) :] = _NEVER
        moved_scores = np.empty_like(now)
        np.add(self._space.entry_score.take(instances), entered.take(phones), out=moved_scores[0])
        np.add(now[:2], steps[3:5], out=moved_scores[1:])
        self._space.entry_score[reached] = _NEVER
        now += steps[:3]
        moved = moved_scores > now
        np.maximum(now, moved_scores, out=now)
        now += acoustic.take(net.states.take(instances, axis=1))
        top = now.max(axis=0)
        best = top.max()
        limit = best - self._beam
        if len(top) > self._most_active:
            nth = len(top) - self._most_active
            limit = max(limit, np.partition(top, nth)[nth])
        kept = (top >= limit).nonzero()[0][: self._most_active].astype(np.int32)
        self._active = instances.take(kept)
        # Relative to the best, so that single precision lasts however long the utterance is.
        self._scores = now.take(kept, axis=1)
        self._scores -= best
        # What enters an instance below what is kept of this frame would not be kept of the next.
        self._limit = limit - best
        self._offset += float(best)
        self._frames.append(
            _Frame(
                self._active,
                kept,
                moved.take(kept, axis=1),
                self._space.entry_through.take(self._active),
                arrivals if self._runners_up else _Arrivals(*arrivals[:3], *_NOTHING_SECOND),
            )
        )

    def _reach_links(
        self, leave: NDArray[np.float32], entry: NDArray[np.float32], most: np.float32
    ) -> _Arrivals:
        """Links that are reached from the active instances, which cost `leave` to be left, by phone."""
        net = self._net
        leaving = leave.take(self._space.phone.take(self._active))
        leaving += self._scores[2]
        places = (leaving > self._limit - most).nonzero()[0]
        sources = self._active.take(places)
        counts = self._space.exits.take(sources)
        targets = net.exit_link.take(_ranges(net.exit_start.take(sources), counts))
        places = places.repeat(counts)
        values = leaving.take(places)
        near = (values + entry.take(self._space.phone_behind.take(targets)) > self._limit).nonzero()[0]
        targets, places, values = targets.take(near), places.take(near), values.take(near)
        np.maximum.at(self._space.link_score, targets, values)
        won = (self._space.link_score.take(targets) == values).nonzero()[0]
        reached = targets.take(won)
        self._space.link_from[reached] = places.take(won)
        links = self._distinct(reached)
        scores = self._space.link_score.take(links)
        self._space.link_score[links] = _NEVER
        return _Arrivals(links, scores, self._space.link_from.take(links), targets, places, values)

    def _distinct(
        self, values: NDArray[np.int32], *, but: NDArray[np.int32] | None = None
    ) -> NDArray[np.int32]:
        """Each value once that is not in `but`, in an order that depends on the values only."""
        numbers = np.arange(len(values), dtype=np.int32)
        self._space.mark[values] = numbers
        if but is not None:
            self._space.mark[but] = -1
        return values.compress(self._space.mark.take(values) == numbers)

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
                place = int(frame.arrivals.sources[frame.entered[place]])
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
    ends = counts.cumsum()
    total = int(ends[-1]) if len(ends) else 0
    ranges: NDArray[np.int64] = (starts - ends + counts).repeat(counts)
    ranges += np.arange(total)
    return ranges
