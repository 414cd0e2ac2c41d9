"""The living device: what is heard is answered aloud, while the microphone, its mode and the reply go their ways."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from assistant.records import Reply
from hardware import earcons
from hardware.gate import Gate
from hardware.indicator import NoIndicator

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable

    from assistant.loop import Listener
    from assistant.pipeline import Pipeline, Receipt
    from hardware.audio import AudioChunk
    from hardware.gate import Button, Mode
    from hardware.indicator import Indicator
    from hardware.speaker import Sound, Speaker
    from hardware.voice import Voice
    from hardware.wakeword import WakeWord


class Live:
    """Listens and speaks, for one stream of sound. Not safe to share between threads."""

    def __init__(
        self,
        *,
        listener: Listener,
        pipeline: Pipeline,
        mode: Mode,
        awake_s: float,
        spoken: Callable[[Reply], object],
        voice: Voice | None = None,
        speaker: Speaker | None = None,
        wake_word: WakeWord | None = None,
        button: Button | None = None,
        indicator: Indicator | None = None,
        with_earcons: bool = True,
    ) -> None:
        """`spoken` is told what became of each reply. Without a voice or a speaker replies are shown only."""
        self._listener = listener
        self._pipeline = pipeline
        self._mode = mode
        self._spoken = spoken
        self._voice = voice
        self._speaker = speaker
        self._indicator = indicator or NoIndicator()
        self._with_earcons = with_earcons
        self._reply: dict[str, Any] | None = None
        """What is known of the reply that is being spoken."""
        self._ready: tuple[str, Sound] | None = None
        """A reply that may be wanted soon, and its sound."""
        self._gate = Gate(
            mode=mode,
            awake_s=awake_s,
            speaking=self._speaking,
            engaged=lambda: listener.hearing or pipeline.in_conversation,
            woken=self._woken,
            wake_word=wake_word,
            button=button,
        )

    def run(self, chunks: Iterable[AudioChunk]) -> Generator[Receipt]:
        """Yield a receipt for every utterance; its reply is being spoken by then."""
        try:
            for receipt in self._listener.listen(
                self._gate.through(chunks), source="microphone", paused=self._prepare
            ):
                self._gate.close()
                self._answer(receipt)
                yield receipt
        finally:
            if self._speaker:
                self._speaker.close()
            self._conclude()

    def _prepare(self, text: str) -> None:
        """Have the sound of the reply ready, should nothing more be said than `text`: the silence is long enough."""
        if self._voice is None or self._speaker is None:
            return
        reply = self._pipeline.foresee(text)
        if reply and (self._ready is None or self._ready[0] != reply):
            self._ready = (reply, self._voice.say(reply))

    def _answer(self, receipt: Receipt) -> None:
        it = receipt.interaction
        # What is said near a microphone that hears everything is mostly not meant for us.
        overheard = self._mode == "always" and it.outcome == "rejected" and not self._pipeline.in_conversation
        if self._voice is None or self._speaker is None or overheard or not it.reply:
            return
        begun = time.monotonic()
        ready, self._ready = self._ready, None
        sound = ready[1] if ready and ready[0] == it.reply else self._voice.say(it.reply)
        said_at = time.monotonic()
        self._speaker.play(sound)
        self._reply = {
            "interaction_id": it.id,
            "voice": self._voice.name,
            "synthesis_us": _us(said_at - begun),
            "length_us": _us(sound.duration_s),
            "said_at": said_at,
            "speech_ended_at": self._listener.last_speech_ended_at,
        }
        self._indicator.show("speaking")

    def _speaking(self) -> bool:
        """Whether a reply is being spoken; called at every chunk, so that its end is noticed."""
        if self._reply is None or self._speaker is None:
            return False
        if self._speaker.busy:
            return True
        self._conclude()
        return False

    def _conclude(self) -> None:
        """Write down what became of the reply."""
        if self._reply is None or self._speaker is None or self._speaker.last is None:
            return
        reply, played, self._reply = self._reply, self._speaker.last, None
        said_at, speech_ended_at = reply.pop("said_at"), reply.pop("speech_ended_at")
        begun_at = played.begun_at
        self._spoken(
            Reply(
                **reply,
                start_us=None if begun_at is None else _us(begun_at - said_at),
                silence_us=(
                    None if begun_at is None or speech_ended_at is None else _us(begun_at - speech_ended_at)
                ),
                stopped=played.stopped,
            )
        )
        self._pipeline.wait_from_now()
        self._indicator.show("idle")

    def _woken(self) -> None:
        self._indicator.show("hearing")
        if self._speaker is None:
            return
        if self._reply is not None:
            self._speaker.stop()
            self._speaker.wait()
            self._conclude()
        if self._with_earcons:
            self._speaker.play(earcons.woken())


def _us(seconds: float) -> int:
    return max(0, round(seconds * 1e6))
