"""When an utterance ends, by what was said: real voices, the real recogniser, and pauses of a known length."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pytest

from assistant.cli.session import open_session
from assistant.clock import SimulatedClock
from assistant.config import load_config
from assistant.loop import BROKEN_OFF, Patience
from assistant.records import Alternative, Heard, Transcript
from hardware.audio import SAMPLE_RATE, AudioChunk
from intents.endings import Endings
from tests.assistant.recognition.hearing import HOUSEHOLD, read
from tests.assistant.sounds import hiss, recorded, with_pauses

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from assistant.cli.session import Session
    from assistant.loop import Listener
    from assistant.pipeline import Ending
    from assistant.recognition.protocol import Recogniser
    from assistant.records import Interaction

pytest.importorskip("espeakng_loader", reason="needs the extra `voice`")


class Ears(NamedTuple):
    """A session with what it listens by."""

    session: Session
    listener: Listener
    clock: SimulatedClock
    recogniser: Recogniser

    def hear(self, samples: NDArray[np.int16]) -> list[Interaction]:
        chunks = (
            AudioChunk(samples=samples[at : at + 512], start_s=at / SAMPLE_RATE)
            for at in range(0, len(samples), 512)
        )
        return self.session.take(self.listener.listen(chunks, source="file", passes=self.clock.advance))


@pytest.fixture(scope="module")
def ears(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ears]:
    config = load_config()
    recognition = dataclasses.replace(config.recognition, engine="pocketsphinx")
    clock = SimulatedClock(datetime(2026, 3, 2, 12, tzinfo=UTC))
    with open_session(
        dataclasses.replace(config, recognition=recognition),
        db=tmp_path_factory.mktemp("patience") / "log.db",
        clock=clock,
        quiet=True,
    ) as session:
        recogniser = session.recogniser()
        listener = session.listener(recogniser, patience=session.patience())
        yield Ears(session, listener, clock, recogniser)


@pytest.mark.parametrize(
    "parts",
    [
        ["what's the weather", "in paris tomorrow"],
        ["order a large", "pepperoni pizza"],
        ["order a pizza", "with mushrooms"],
        ["set a timer", "for ten minutes"],
        ["call me a taxi", "to the airport"],
        ["play", "some jazz"],
    ],
    ids=" … ".join,
)
def test_a_pause_within_a_command_does_not_split_it(ears: Ears, parts: list[str]) -> None:
    heard = ears.hear(with_pauses(parts, 0.4))
    assert len(heard) == 1, [it.transcript for it in heard]
    ears.session.pipeline.hang_up()


def test_a_whole_command_is_over_soon_and_another_one_later(ears: Ears) -> None:
    (closed,) = ears.hear(np.concatenate([hiss(1), recorded("stop-the-music"), hiss(2)]))
    (open_,) = ears.hear(np.concatenate([hiss(1), recorded("what-time-is-it"), hiss(2)]))
    assert (closed.transcript, open_.transcript) == ("stop the music", "what time is it")
    assert 150_000 < closed.effort.endpoint_us < 330_000
    assert 350_000 < open_.effort.endpoint_us < 550_000


def test_what_follows_a_whole_command_is_a_command_of_its_own(ears: Ears) -> None:
    parts = [hiss(1), recorded("stop-the-music"), hiss(0.6), recorded("what-time-is-it"), hiss(2)]
    heard = ears.hear(np.concatenate(parts))
    assert [it.transcript for it in heard] == ["stop the music", "what time is it"]


def test_speech_that_breaks_off_is_told_from_a_command_that_it_sounds_like(ears: Ears) -> None:
    sound = recorded("turn-off-the-kitchen-lights")

    def heard(samples: NDArray[np.int16]) -> Transcript:
        ears.recogniser.accept(AudioChunk(samples=np.concatenate([samples, hiss(0.2)]), start_s=0))
        return ears.recogniser.finish()

    whole = heard(sound)
    broken_off = heard(sound[: round(whole.words[2].end_s * SAMPLE_RATE)])
    # The end is missing, and the nearest command is another one.
    assert whole.text.startswith("turn off the ")
    assert broken_off.text
    assert not whole.text.startswith(broken_off.text)
    assert whole.unfinished < BROKEN_OFF < broken_off.unfinished


@pytest.mark.parametrize("rest", ["but make it large", "no wait", "don't"])
def test_a_yes_that_goes_on_after_a_pause_orders_nothing(ears: Ears, rest: str) -> None:
    pipeline, store = ears.session.pipeline, ears.session.store
    order = pipeline.handle(
        Heard(transcript=Transcript(text="order a medium ham pizza", engine="typed"), source="typed")
    ).order
    assert order is not None
    heard = ears.hear(with_pauses(["yes", rest], 0.4))
    assert [it.outcome for it in heard] != ["ordered"]
    pipeline.hang_up()
    assert all(event.state in ("quoted", "cancelled") for event in store.order(order.id)[1])


def test_a_lone_yes_orders(ears: Ears) -> None:
    pipeline = ears.session.pipeline
    pipeline.handle(
        Heard(transcript=Transcript(text="order a medium ham pizza", engine="typed"), source="typed")
    )
    (heard,) = ears.hear(with_pauses(["yes"], 0.4))
    assert heard.outcome == "ordered"
    assert heard.effort.endpoint_us > 400_000


def test_what_made_no_command_is_listened_to_again_when_the_last_sound_is_there(ears: Ears) -> None:
    pipeline = ears.session.pipeline
    pipeline.handle(
        Heard(transcript=Transcript(text="order a medium ham pizza", engine="typed"), source="typed")
    )
    # Its last sound is so soft that the pause begins within it: by what is there then it is "yen".
    sound = np.concatenate([hiss(0.5), read(HOUSEHOLD / "fri-1845-slt-yes.flac"), hiss(1.5)])
    (heard,) = ears.hear(sound)
    assert (heard.transcript, heard.outcome) == ("yes", "ordered")
    assert heard.effort.endpoint_us < 700_000


def test_patience_by_what_was_said() -> None:
    endings: dict[str, Ending] = {"stop the music": "closed", "what time is it": "open"}
    patience = Patience(
        ending=lambda text: endings.get(text, "unfinished"), closed_s=0.2, open_s=0.4, unfinished_s=0.9
    )
    for text, seconds in (
        ("stop the music", 0.2),
        ("what time is it", 0.4),
        ("order a", 0.9),
        ("", 0.9),
    ):
        assert patience.after(Transcript(text=text, engine="pocketsphinx")) == seconds
    # Of what only looks whole, and is likelier the beginning of something else.
    misheard = Transcript(text="stop the music", engine="pocketsphinx", unfinished=40.0)
    assert patience.after(misheard) == 0.9
    # What may go on is nearly as likely.
    doubted = Transcript(
        text="stop the music",
        engine="pocketsphinx",
        alternatives=(Alternative(text="what time is it", behind=4.0),),
    )
    assert patience.after(doubted) == 0.4


def test_nobody_is_hurried_while_saying_a_pin(ears: Ears) -> None:
    pipeline, endings = ears.session.pipeline, Endings(ears.session.catalogue)
    assert pipeline.ending("stop the music", endings) == "closed"
    assert pipeline.ending("one two three four", endings) == "unfinished"
    assert pipeline.ending("order a", endings) == "unfinished"
