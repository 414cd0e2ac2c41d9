"""What the rest of an utterance costs from each phone on, so that a search need not keep what has no future.

A loop of all phones without their contexts, any after any, is searched backwards through the utterance, which costs
next to nothing beside the words. What a path has scored and what lies ahead of it together make paths comparable that
are at the beginning and at the end of a phone, or have paid for a pause and have not; the path that wins in the end is
never far behind then, and a search may keep fewer (phoneme look-ahead: Ney and Ortmanns 1999; of a whole utterance:
Austin, Schwartz and Placeway 1991). Nothing lies ahead of the last frame: the scores of whole paths stay what they are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from assistant.recognition.grammar.acoustic_model import AcousticModel
    from assistant.recognition.grammar.network import Network


@dataclass(frozen=True, kw_only=True, eq=False)
class Ahead:
    """Natural logarithms, by frame and phone."""

    transitions: NDArray[np.float32]
    """To stay in each state, and to leave each, with what that changes of what lies ahead; shape (frames, 6, phones).

    A phone that is left has nothing ahead of it: `entry` and `leaving` say what there is.
    """
    entered: NDArray[np.float32]
    """What lies ahead of the frame in a phone's first state, shape (frames, phones)."""
    entry: NDArray[np.float32]
    """The same with the frame itself, comparable to paths up to the frame before; shape (frames, phones)."""
    leaving: NDArray[np.float32]
    """The most of `entry`, less what a pause costs, shape (frames,)."""


class Lookahead:
    """A loop of the phones of an acoustic model."""

    def __init__(self, model: AcousticModel, network: Network, *, pause_penalty: float) -> None:
        """Look ahead in the scores of `network`, in which a pause costs `pause_penalty`."""
        definition = model.definition
        phones = range(len(definition.phones))
        own = network.senones[: network.phone_senones]
        self._columns = np.searchsorted(own, definition.senones[definition.sequence_of[: len(phones)]].T)
        matrices = definition.transitions_of[: len(phones)]
        self._stay = model.stay[matrices].T
        self._leave = model.leave[matrices].T
        self._fillers = np.array([phone for phone in phones if model.is_filler(phone)])
        self._entering = np.zeros(len(phones), dtype=np.float32)
        self._entering[self._fillers] = pause_penalty

    def through(self, scores: NDArray[np.float32]) -> Ahead:
        """What lies ahead of each frame of an utterance, of its scores of shape (frames, columns)."""
        # What lies ahead with the frame itself, and without it.
        rest = scores[:, self._columns]
        ahead = np.zeros_like(rest)
        leaving, best = np.zeros((2, len(rest)), dtype=np.float32)
        stay, leave, last = self._stay, self._leave[:2], self._leave[2]
        for t in range(len(rest) - 1, -1, -1):
            now = rest[t]
            now += ahead[t]
            leaving[t] = entry = (now[0] + self._entering).max()
            before = stay + now
            np.maximum(before[:2], leave + now[1:], out=before[:2])
            np.maximum(before[2], last + entry, out=before[2])
            best[t] = most = before.max()
            if t:
                np.subtract(before, most, out=ahead[t - 1])
        held = np.concatenate([np.zeros_like(ahead[:1]), ahead[:-1]])
        transitions = np.empty((len(rest), 6, rest.shape[2]), dtype=np.float32)
        transitions[:, :3] = stay + (ahead - held)
        transitions[:, 3:5] = leave + (ahead[:, 1:] - held[:, :2])
        transitions[:, 5] = last - held[:, 2]
        entry = rest[:, 0] - best[:, None]
        # One filler leads to whatever another does.
        entry[:, self._fillers] = entry[:, self._fillers].max(axis=1, keepdims=True)
        return Ahead(transitions=transitions, entered=ahead[:, 0], entry=entry, leaving=leaving - best)
