"""The living device from sound to sound: real recogniser, voice and loudspeaker; the microphone alone is a file."""

from __future__ import annotations

import dataclasses
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pytest

from assistant.audiotest.cases import load_cases
from assistant.cli.session import open_session
from assistant.clock import SystemClock
from assistant.config import load_config
from assistant.live import Live
from assistant.records import Heard, Transcript
from assistant.resources import household_dir
from assistant.store.audit import audit
from hardware.audio import SAMPLE_RATE, AudioChunk
from hardware.audiofile import read_chunks
from hardware.speaker import Speaker
from hardware.voice import EspeakVoice
from tests.assistant.sounds import hiss, recorded, with_pauses
from tests.hardware.virtual_microphone import missing_parts, virtual_microphone

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from assistant.audiotest.cases import Case
    from assistant.cli.session import Session
    from assistant.config import Config
    from assistant.recognition.protocol import Recogniser
    from assistant.records import Interaction, Reply
    from hardware.speaker import Sound

pytestmark = pytest.mark.skipif(bool(missing_parts()), reason=f"no virtual loudspeaker: {missing_parts()}")
pytest.importorskip("espeakng_loader", reason="needs the extra `voice`")

CHUNK = 512
BOUND_S = 30.0


class OverheardVoice:
    """A voice that tells what it was asked to say, and how much was in the log by then."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._voice = EspeakVoice("en-us", words_a_minute=450)
        self.said: list[tuple[str, int]] = []
        self.sounds: dict[str, Sound] = {}

    @property
    def name(self) -> str:
        return self._voice.name

    def say(self, text: str) -> Sound:
        self.said.append((text, len(self._session.store.interactions())))
        self.sounds[text] = self._voice.say(text)
        return self.sounds[text]


class Device(NamedTuple):
    """All of `listen` but its microphone."""

    session: Session
    live: Live
    voice: OverheardVoice
    speaker: Speaker

    def hears(self, *sounds: NDArray[np.int16]) -> list[tuple[Interaction, Reply | None]]:
        """Say one thing after the other, each once the reply to the one before has ended: the log."""
        answered = 0

        def microphone() -> Iterator[AudioChunk]:
            begun, position = time.monotonic(), 0

            def spoken(samples: NDArray[np.int16]) -> Iterator[AudioChunk]:
                nonlocal position
                for at in range(0, len(samples), CHUNK):
                    piece = samples[at : at + CHUNK]
                    start_s = position / SAMPLE_RATE
                    position += len(piece)
                    due = begun + position / SAMPLE_RATE
                    time.sleep(max(0.0, due - time.monotonic()))
                    yield AudioChunk(samples=piece, start_s=start_s, arrived_at=due)

            yield from spoken(hiss(1.0))
            for number, sound in enumerate(sounds, start=1):
                yield from spoken(sound)
                deadline = time.monotonic() + BOUND_S
                while answered < number or self.speaker.busy:
                    assert time.monotonic() < deadline, "no answer, or no end of it"
                    yield from spoken(hiss(0.1))
                yield from spoken(hiss(0.5))

        for _ in self.live.run(microphone()):
            answered += 1
        store = self.session.store
        return [(it, store.reply(it.id)) for it in store.interactions()]


@pytest.fixture(scope="module")
def config() -> Config:
    config = load_config()
    return dataclasses.replace(
        config, recognition=dataclasses.replace(config.recognition, engine="pocketsphinx")
    )


@pytest.fixture(scope="module")
def recogniser(config: Config, tmp_path_factory: pytest.TempPathFactory) -> Recogniser:
    db = tmp_path_factory.mktemp("live") / "log.db"
    with open_session(config, db=db, clock=SystemClock(), quiet=True) as session:
        return session.recogniser()


@pytest.fixture
def device(
    config: Config, recogniser: Recogniser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Device]:
    # Not below pytest's folder: a socket's path must be short.
    with tempfile.TemporaryDirectory(prefix="live") as folder, virtual_microphone(Path(folder)) as room:
        room.loudspeaker()
        for name, value in room.env.items():
            monkeypatch.setenv(name, value)
        with open_session(config, db=tmp_path / "log.db", clock=SystemClock(), quiet=True) as session:
            voice, speaker = OverheardVoice(session), Speaker()
            live = Live(
                listener=session.listener(recogniser, patience=session.patience()),
                pipeline=session.pipeline,
                mode="always",
                awake_s=6.0,
                spoken=session.store.append_reply,
                voice=voice,
                speaker=speaker,
            )
            yield Device(session, live, voice, speaker)
            assert audit(session.store).problems == ()


def sound_of(case: Case) -> NDArray[np.int16]:
    return np.concatenate([chunk.samples for chunk in read_chunks(household_dir() / case.audio)])


def test_a_reply_is_spoken_into_memory_before_it_is_decided_and_then_played(device: Device) -> None:
    ((it, reply),) = device.hears(recorded("play-some-jazz"))
    assert (it.intent, it.outcome) == ("music", "answered")
    # Once, when nothing was in the log yet.
    assert device.voice.said == [(it.reply, 0)]
    assert reply is not None
    assert not reply.stopped
    assert reply.length_us == round(device.voice.sounds[it.reply].duration_s * 1e6)
    assert reply.start_us is not None
    assert reply.silence_us is not None
    assert reply.silence_us > it.effort.endpoint_us > 0


@pytest.mark.slow
def test_a_whole_conversation_orders_once(device: Device) -> None:
    cases = [case for case in load_cases(household_dir()) if case.conversation == "pizza-tue"]
    heard = device.hears(*(sound_of(case) for case in cases))
    assert [it.outcome for it, _ in heard] == [case.outcome for case in cases]
    assert [said for said in device.voice.said if said[0] == heard[said[1]][0].reply] == [
        (it.reply, number) for number, (it, _) in enumerate(heard)
    ]
    assert all(reply is not None and not reply.stopped for _, reply in heard)
    (order,) = {it.order_id for it, _ in heard if it.order_id}
    states = [event.state for event in device.session.store.order(order)[1]]
    assert states.count("placed") == 1


@pytest.mark.slow
def test_a_yes_that_goes_on_after_a_pause_was_foreseen_and_orders_nothing(device: Device) -> None:
    typed = Transcript(text="order a medium ham pizza", engine="typed")
    order = device.session.pipeline.handle(Heard(transcript=typed, source="typed")).order
    assert order is not None
    placed = device.session.pipeline.foresee("yes")
    heard = device.hears(with_pauses(["yes", "no wait"], 0.4))
    device.session.pipeline.hang_up()
    assert placed in [text for text, _ in device.voice.said]
    assert placed not in [it.reply for it, _ in heard]
    assert {event.state for event in device.session.store.order(order.id)[1]} == {"quoted", "cancelled"}
