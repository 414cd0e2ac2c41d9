"""What reaches the ears in each mode, and what does not while a reply is spoken."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pytest

from hardware.audio import SAMPLE_RATE, AudioChunk
from hardware.gate import Button, Gate

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from hardware.gate import Mode

CHUNK = 512
STEP_S = CHUNK / SAMPLE_RATE


@dataclass(kw_only=True)
class Scene:
    """A gate, what goes on behind it, and the number of the chunk at which things happen."""

    mode: Mode
    speaking: range = range(0)
    engaged: range = range(0)
    said: dict[int, int] = field(default_factory=dict)
    """Chunk at which the wake word is noticed, and how many samples were said behind it by then."""
    pressed: set[int] = field(default_factory=set)
    closed: set[int] = field(default_factory=set)
    now: int = -1
    woken: list[int] = field(default_factory=list)

    def reset(self) -> None:
        """Nothing is remembered here."""

    def hear(self, chunk: AudioChunk) -> NDArray[np.int16] | None:
        """The wake word."""
        behind = self.said.get(self.now)
        return None if behind is None else chunk.samples[-behind:]

    def heard(self, chunks: int) -> list[AudioChunk]:
        """What the gate lets through of so many chunks, each of which holds its number."""
        button = Button()
        gate = Gate(
            mode=self.mode,
            awake_s=10 * STEP_S,
            speaking=lambda: self.now in self.speaking,
            engaged=lambda: self.now in self.engaged,
            woken=lambda: self.woken.append(self.now),
            wake_word=self,
            button=button,
        )

        def stream() -> Iterator[AudioChunk]:
            for number in range(chunks):
                self.now = number
                if number in self.pressed:
                    button.press()
                if number in self.closed:
                    gate.close()
                samples = np.full(CHUNK, number, np.int16)
                yield AudioChunk(samples=samples, start_s=number * STEP_S)

        return list(gate.through(stream()))


def numbers(chunks: list[AudioChunk]) -> list[int]:
    return [int(chunk.samples[0]) for chunk in chunks if len(chunk.samples)]


def test_everything_is_heard_but_a_reply_and_its_echo() -> None:
    heard = Scene(mode="always", speaking=range(10, 20)).heard(40)
    # 0.15 s of echo are not quite five chunks.
    assert numbers(heard) == [*range(10), *range(24, 40)]


def test_the_wake_word_over_a_reply_stops_it_in_every_mode() -> None:
    modes: tuple[Mode, ...] = ("always", "wake", "push")
    for mode in modes:
        scene = Scene(mode=mode, speaking=range(10, 15), said={14: 100})
        heard = scene.heard(20)
        assert scene.woken == [14]
        before = [*range(10)] if mode == "always" else []
        assert numbers(heard) == [*before, 14, 15, 16, 17, 18, 19]
        assert [len(chunk.samples) for chunk in heard if len(chunk.samples)][len(before)] == 100


def test_what_follows_the_wake_word_is_heard_until_it_was_answered() -> None:
    scene = Scene(mode="wake", said={5: 300}, engaged=range(8, 30), closed={30})
    heard = scene.heard(60)
    assert numbers(heard) == [5, *range(6, 30)]
    first = next(chunk for chunk in heard if len(chunk.samples))
    assert len(first.samples) == 300
    assert first.end_s == pytest.approx(6 * STEP_S)


def test_it_falls_asleep_when_nothing_follows_the_wake_word() -> None:
    assert numbers(Scene(mode="wake", said={5: 300}).heard(60)) == [*range(5, 16)]


def test_the_key_lets_in_what_was_said_as_it_was_pressed() -> None:
    scene = Scene(mode="push", pressed={20}, said={10: 300})
    heard = numbers(scene.heard(60))
    # 0.3 s from before it.
    assert heard == [*range(11, 31)]
    assert scene.woken == [20]


def test_a_question_is_answered_without_the_wake_word() -> None:
    assert numbers(Scene(mode="wake", engaged=range(10, 20)).heard(30)) == [*range(10, 20)]


def test_time_goes_on_while_nothing_is_heard() -> None:
    heard = Scene(mode="wake").heard(round(10 / STEP_S))
    assert numbers(heard) == []
    assert len(heard) > 10
    assert heard[-1].end_s > 9
    # Far enough apart to part what was before from what follows.
    assert all(later.start_s - earlier.end_s > 0.5 for earlier, later in pairwise(heard))
