"""Slots that take words no list has, told by the words before and after: "play … by …", "the weather in …".

Only for what the model saw and no template says; a name that we do not know is still better repeated than lost.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from intents.values import Span

if TYPE_CHECKING:
    from collections.abc import Container, Iterator, Sequence

# What these begin says where or when, and is no more of the name.
_GOING_ON: Final = frozenset(
    {"in", "at", "to", "and", "or", "while", "during", "all", "through", "over", "tonight"}
)


@dataclass(frozen=True, kw_only=True)
class OpenSlot:
    """Where the words of one slot stand. All phrases and words are normalised."""

    slot: str
    """Name of the slot."""
    after: tuple[str, ...]
    """Phrases that its words may follow."""
    skip: frozenset[str] = frozenset()
    """Words between such a phrase and them."""
    stop: frozenset[str] = frozenset()
    """Words that are after them; so is a list value that fills another slot."""
    never: frozenset[str] = frozenset()
    """Words none of which may be among them."""
    longest: int = 8
    """At most so many words are taken; from 1 on."""
    alone: bool = False
    """Whether a list value right behind them makes them part of something else, as in "some modern rock"."""

    def find(self, words: Sequence[str], taken: Sequence[bool]) -> Span | None:
        """The first place in `words` that is not `taken` already; None if there is none."""
        for start in self._starts(words):
            stop = start
            while (
                stop < len(words)
                and stop - start < self.longest
                and not taken[stop]
                and words[stop] not in self.stop
            ):
                stop += 1
            run = words[start:stop]
            cut = self.alone and stop < len(words) and taken[stop]
            if run and not cut and self.never.isdisjoint(run):
                return Span(start=start, stop=stop, text=" ".join(run))
        return None

    def longer(
        self, words: Sequence[str], known: Sequence[tuple[Span, bool]], fillers: Container[str]
    ) -> Span | None:
        """A name in `words` that some list value is only a part of; None if there is none, or none stands `alone`.

        `known` are the list values in `words`, from left to right, and whether each is a name itself. "Big yellow taxi"
        is no "yellow" and "soul man" no soul; but "modern rock" is rock, which is no name, and "jazz in the kitchen"
        is jazz.
        """
        for start in self._starts(words) if self.alone else ():
            stop = next(
                (place for place in range(start, len(words)) if words[place] in self.stop), len(words)
            )
            inside = [(span, is_name) for span, is_name in known if start <= span.start and span.stop <= stop]
            if not inside or not self.never.isdisjoint(words[start:stop]) or stop - start > self.longest:
                continue
            (first, _), (last, ends_in_name) = inside[0], inside[-1]
            # "Killer queen" is neither the Killers nor Queen, nor both.
            joined = any(
                one.stop == other.start and is_name and follows_name
                for (one, is_name), (other, follows_name) in pairwise(inside)
            )
            ahead = [word for word in words[start : first.start] if word not in fillers]
            behind = words[last.stop : stop]
            if joined or (behind and behind[0] not in _GOING_ON) or (ahead and not behind and ends_in_name):
                return Span(start=start, stop=stop, text=" ".join(words[start:stop]))
        return None

    def _starts(self, words: Sequence[str]) -> Iterator[int]:
        for start in range(len(words)):
            for phrase in self.after:
                cue = phrase.split()
                at = start + len(cue)
                if list(words[start:at]) == cue:
                    while at < len(words) and words[at] in self.skip:
                        at += 1
                    yield at
