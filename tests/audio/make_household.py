"""Make the bundled recordings: one household's week of commands, spoken by synthetic voices.

    python tests/audio/make_household.py

writes `household/*.flac` (16 kHz, mono, int16) and `household/cases.jsonl` beside this file, the same bytes
every time. It needs flite and espeak-ng (`apt-get install flite espeak-ng`). To change the week, change
`WEEK` and run it; the recordings are committed, so nothing else needs the synthesisers.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tempfile
import zlib
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

import numpy as np
import soundfile
import soxr

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

HOUSEHOLD: Final = Path(__file__).parent / "household"
SAMPLE_RATE: Final = 16_000
FULL_SCALE: Final = 32_768
LEAD_S: Final = 0.25
"""Room tone before and after the speech, in seconds."""
ROOM_TONE: Final = 9.0
"""Standard deviation of the room tone, of `FULL_SCALE`; digital silence is not what a microphone hears."""
SPEECH_FLOOR: Final = 0.003
"""Speech is from the first to the last sample above this share of the peak; the rest is cut off."""
MONDAY: Final = datetime(2026, 1, 5, tzinfo=UTC)
DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

Outcome: TypeAlias = Literal["answered", "asked", "ordered", "cancelled", "rejected"]


@dataclass(frozen=True, kw_only=True)
class Voice:
    """One member of the household."""

    engine: Literal["flite", "espeak-ng"]
    """The program that speaks."""
    name: str
    """Its name for the voice."""
    peak_db: float
    """How loud this person comes over: the peak in dB of full scale."""

    @property
    def short_name(self) -> str:
        """The name without its language: "f2" of "en-us+f2"."""
        return self.name.rpartition("+")[2]

    def __str__(self) -> str:
        return f"{self.engine} {self.name}"


@dataclass(frozen=True, kw_only=True)
class Line:
    """One thing said, and what should come of it."""

    at: str
    """Day and time of the week, UTC: "mon 07:31" or "mon 18:40:12"."""
    voice: Voice
    """Who says it."""
    text: str
    """What is said."""
    intent: str | None = None
    """What it belongs to; None when it is no command of ours."""
    slots: Mapping[str, str | int] = field(default_factory=dict)
    """What this very sentence says."""
    outcome: Outcome
    """What should come of it."""
    conversation: str | None = None
    """Ties the turns of one conversation together."""
    over: tuple[tuple[Voice, str], ...] = ()
    """What others say at the same moment, as loud."""

    @property
    def time(self) -> datetime:
        """The moment it is said."""
        day, _, clock = self.at.partition(" ")
        hours, minutes, seconds = (*map(int, clock.split(":")), 0)[:3]
        return MONDAY + timedelta(days=DAYS.index(day), hours=hours, minutes=minutes, seconds=seconds)

    @property
    def file_name(self) -> str:
        """Readable name of the recording: when, who, what."""
        what = re.sub(r"[^a-z0-9]+", "-", self.text.replace("'", ""))
        return f"{self.at[:3]}-{self.time:%H%M}-{self.voice.short_name}-{what}.flac"


SLT: Final = Voice(engine="flite", name="slt", peak_db=-8.0)
RMS: Final = Voice(engine="flite", name="rms", peak_db=-7.0)
AWB: Final = Voice(engine="flite", name="awb", peak_db=-9.5)
KAL: Final = Voice(engine="flite", name="kal16", peak_db=-6.5)
F2: Final = Voice(engine="espeak-ng", name="en-us+f2", peak_db=-11.0)
KLATT: Final = Voice(engine="espeak-ng", name="en-us+klatt2", peak_db=-9.0)


def music(at: str, voice: Voice, text: str, **slots: str) -> Line:
    """Say something to the player."""
    return Line(at=at, voice=voice, text=text, intent="music", slots=slots, outcome="answered")


def weather(at: str, voice: Voice, text: str, **slots: str) -> Line:
    """Ask about the weather."""
    return Line(at=at, voice=voice, text=text, intent="weather", slots=slots, outcome="answered")


def ask(at: str, voice: Voice, text: str, intent: str, **slots: str | int) -> Line:
    """Ask for something that is answered at once."""
    return Line(at=at, voice=voice, text=text, intent=intent, slots=slots, outcome="answered")


def other(at: str, voice: Voice, text: str, over: tuple[tuple[Voice, str], ...] = ()) -> Line:
    """Say what no intent of ours covers."""
    return Line(at=at, voice=voice, text=text, outcome="rejected", over=over)


def turn(conversation: str, at: str, voice: Voice, text: str, outcome: Outcome, **slots: str | int) -> Line:
    """Take one turn of an order; the conversation's name begins with its intent."""
    intent = conversation.partition("-")[0]
    return Line(
        at=at, voice=voice, text=text, intent=intent, slots=slots, outcome=outcome, conversation=conversation
    )


WEEK: Final = (
    weather("mon 07:12", RMS, "what's the weather like today", day="today"),
    music("mon 07:31", AWB, "play some jazz", action="play", genre="jazz"),
    music("mon 07:33", SLT, "turn it down", action="volume_down"),
    ask("mon 07:50", AWB, "what time is it", "time", what="time"),
    music("mon 08:05", SLT, "stop the music", action="stop"),
    music("mon 20:15", KLATT, "play something by the beatles", action="play", artist="the beatles"),
    weather("tue 07:08", RMS, "will it rain tomorrow", day="tomorrow"),
    music("tue 16:40", F2, "play my party playlist", action="play", playlist="party"),
    music("tue 16:44", F2, "next song", action="next"),
    ask("tue 17:55", SLT, "set a timer for ten minutes", "timer", action="set", duration=600),
    turn("pizza-tue", "tue 18:30:05", RMS, "order a pizza", "asked"),
    turn("pizza-tue", "tue 18:30:12", RMS, "large", "asked", size="large"),
    turn("pizza-tue", "tue 18:30:19", RMS, "pepperoni", "asked", topping="pepperoni"),
    turn("pizza-tue", "tue 18:30:29", RMS, "yes please", "ordered"),
    weather("wed 06:55", AWB, "what's the weather in london", place="london"),
    music("wed 07:20", SLT, "play some classical music", action="play", genre="classical"),
    music("wed 07:41", AWB, "pause the music", action="pause"),
    turn("ride-wed", "wed 08:10", AWB, "call me a taxi to the airport", "asked", destination="airport"),
    turn("ride-wed", "wed 08:10:09", AWB, "yes go ahead", "ordered"),
    ask("wed 21:30", SLT, "turn off the kitchen lights", "light", action="off", room="kitchen"),
    weather("thu 07:10", SLT, "do i need an umbrella today", day="today"),
    ask("thu 08:05", RMS, "how's the traffic", "traffic"),
    music("thu 17:25", KAL, "play fleetwood mac", action="play", artist="fleetwood mac"),
    music("thu 17:27", KAL, "turn it up", action="volume_up"),
    music("thu 17:31", KAL, "skip this song", action="next"),
    other("thu 19:05", F2, "tell me a joke"),
    weather("thu 21:40", RMS, "what will the weather be on friday", day="friday"),
    music("fri 16:10", RMS, "can you play some pop music", action="play", genre="pop"),
    turn(
        "pizza-fri",
        "fri 18:45",
        SLT,
        "order two medium mushroom pizzas",
        "asked",
        quantity=2,
        size="medium",
        topping="mushroom",
    ),
    turn("pizza-fri", "fri 18:45:10", SLT, "yes", "ordered"),
    other(
        "fri 19:30",
        AWB,
        "has anybody seen my glasses",
        over=((KAL, "who wants another slice"), (SLT, "please close that window")),
    ),
    ask("fri 19:41", SLT, "what's the capital of france", "information", what="capital", country="france"),
    music("fri 20:02", RMS, "put on some blues", action="play", genre="blues"),
    weather("sat 08:30", RMS, "what's the weather like this weekend", day="this weekend"),
    music("sat 10:15", KAL, "play queen", action="play", artist="queen"),
    music("sat 10:19", SLT, "go back a song", action="previous"),
    turn(
        "pizza-sat",
        "sat 12:20",
        KLATT,
        "order a small hawaiian pizza",
        "asked",
        size="small",
        topping="hawaiian",
    ),
    turn("pizza-sat", "sat 12:20:09", KLATT, "cancel that", "cancelled"),
    weather("sat 15:05", SLT, "is it going to snow tomorrow", day="tomorrow"),
    turn("ride-sat", "sat 19:10", KAL, "get me a ride", "asked"),
    turn("ride-sat", "sat 19:10:07", KAL, "to the train station", "asked", destination="train station"),
    turn("ride-sat", "sat 19:10:16", KAL, "yes", "ordered"),
    weather("sun 08:45", KLATT, "what's the weather in paris tomorrow", place="paris", day="tomorrow"),
    music("sun 09:10", AWB, "play some folk music", action="play", genre="folk"),
    music("sun 11:20", SLT, "resume the music", action="resume"),
    other("sun 13:00", RMS, "add milk to the shopping list"),
    weather("sun 18:15", F2, "what's the temperature outside"),
    weather("sun 21:30", SLT, "what's the forecast for monday", day="monday"),
    ask(
        "sun 22:10",
        RMS,
        "wake me up at seven tomorrow morning",
        "alarm",
        action="set",
        time="2026-01-12T07:00",
    ),
)


def synthesise(voice: Voice, text: str) -> NDArray[np.float64]:
    """Speak `text`: 16 kHz mono, peak 1, nothing before and after the speech."""
    with tempfile.TemporaryDirectory() as folder:
        wav = Path(folder) / "speech.wav"
        command = {
            "flite": ["flite", "-voice", voice.name, "-t", text, "-o", str(wav)],
            "espeak-ng": ["espeak-ng", "-v", voice.name, "-w", str(wav), text],
        }[voice.engine]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        samples, rate = soundfile.read(wav)
    samples = soxr.resample(samples, rate, SAMPLE_RATE)
    samples /= np.abs(samples).max()
    loud = np.flatnonzero(np.abs(samples) > SPEECH_FLOOR)
    return np.asarray(samples[loud[0] : loud[-1] + 1], dtype=np.float64)


def record(line: Line) -> NDArray[np.int16]:
    """Return what the microphone hears: the speech at the speaker's level, in a quiet room."""
    voices = [synthesise(line.voice, line.text), *(synthesise(*said) for said in line.over)]
    lead = int(LEAD_S * SAMPLE_RATE)
    room = np.random.default_rng(zlib.crc32(line.file_name.encode()))
    heard = np.zeros(max(map(len, voices)) + 2 * lead)
    for speech in voices:
        heard[lead : lead + len(speech)] += speech
    heard *= 10 ** (line.voice.peak_db / 20) * FULL_SCALE / np.abs(heard).max()
    heard += room.normal(0, ROOM_TONE, len(heard))
    return np.round(heard).clip(-FULL_SCALE, FULL_SCALE - 1).astype(np.int16)


def cases() -> Iterator[dict[str, Any]]:
    """Give the lines of `cases.jsonl`, in the order of the week."""
    for line in WEEK:
        yield {
            "audio": line.file_name,
            "text": line.text,
            "intent": line.intent,
            "slots": dict(line.slots),
            **({"conversation": line.conversation} if line.conversation else {}),
            "at": line.time.isoformat(),
            "outcome": line.outcome,
            "voice": str(line.voice),
        }


def main() -> None:
    """Write the recordings and their cases; recordings that are no longer in the week go."""
    missing = sorted({line.voice.engine for line in WEEK if not shutil.which(line.voice.engine)})
    if missing:
        sys.exit(f"cannot speak without {' and '.join(missing)}: apt-get install {' '.join(missing)}")
    HOUSEHOLD.mkdir(exist_ok=True)
    for old in HOUSEHOLD.glob("*.flac"):
        old.unlink()
    for line in WEEK:
        path = HOUSEHOLD / line.file_name
        soundfile.write(path, record(line), SAMPLE_RATE, subtype="PCM_16", compression_level=1.0)
    text = "".join(json.dumps(case) + "\n" for case in cases())
    (HOUSEHOLD / "cases.jsonl").write_text(text, encoding="utf-8")
    size = sum(path.stat().st_size for path in HOUSEHOLD.glob("*.flac"))
    print(f"{len(WEEK)} recordings, {size / 1e6:.2f} MB, in {HOUSEHOLD}")


if __name__ == "__main__":
    main()
