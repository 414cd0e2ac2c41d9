"""The conditions under which a corpus is heard, and recordings as they sound under them."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from assistant.audiotest.effects import change_pace, pad, reverberate, room, telephone
from assistant.audiotest.noise import KINDS, make_noise, mix, noise_of, response_of
from assistant.errors import ConfigError
from hardware.pcm import to_int16

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

LEAD_S: Final = 0.4
"""Quiet before each recording, seconds: a microphone has been open for a while when somebody speaks."""

TAIL_S: Final = 1.2
"""Quiet after it: more than the trailing silence, so that the endpoint comes as it does at a microphone."""


@dataclass(frozen=True, kw_only=True)
class Condition:
    """What is done to every recording before it is heard. Raises `ConfigError` for values that make no sense."""

    noise: str | None = None
    """One of `KINDS`, or the path of a sound file; None adds none."""
    snr_db: float | None = None
    """Speech over noise in dB, -20 to 60; there is one exactly when there is noise."""
    reverb: str | None = None
    """Reverberation time (RT60) in seconds, 0.05 to 5, as text; or the path of an impulse response."""
    rate: float = 1.0
    """Speaking rate, 0.5 to 2; 1 leaves it."""
    level_db: float = 0.0
    """Gain in dB, -60 to 40; what goes over full scale is clipped, as a microphone does."""
    telephone: bool = False
    """Through the telephone network."""

    def __post_init__(self) -> None:
        """Check every value."""
        if (self.noise is None) != (self.snr_db is None):
            raise ConfigError(
                "noise and signal-to-noise ratio go together: --noise white --snr 15, or noise=white,snr=15"
            )
        if self.noise is not None and self.noise not in KINDS and not Path(self.noise).is_file():
            raise ConfigError(f"noise is {self.noise!r}: give {', '.join(KINDS)} or a sound file that exists")
        _within("snr", self.snr_db, -20, 60, "dB")
        _within("rate", self.rate, 0.5, 2, "times as fast")
        _within("level", self.level_db, -60, 40, "dB")
        seconds = self.reverb_s
        if self.reverb is not None and seconds is None and not Path(self.reverb).is_file():
            raise ConfigError(
                f"reverb is {self.reverb!r}: give a reverberation time in seconds or an impulse response that exists"
            )
        _within("reverb", seconds, 0.05, 5, "seconds")

    @property
    def reverb_s(self) -> float | None:
        """The reverberation time; None when there is none, or a file."""
        try:
            return None if self.reverb is None else float(self.reverb)
        except ValueError:
            return None

    @property
    def noise_name(self) -> str:
        """What the noise is called: "clean" when nothing at all is done, else the label without the ratio."""
        return self._label(with_ratio=False)

    @property
    def label(self) -> str:
        """Short name, unique among the conditions of a run: "clean", "white 6 dB", "reverb 0.5 s, pink 12 dB"."""
        return self._label(with_ratio=True)

    def _label(self, *, with_ratio: bool) -> str:
        parts = []
        if self.rate != 1.0:
            parts.append(f"rate {self.rate:g}")
        if self.reverb is not None:
            parts.append(
                f"reverb {Path(self.reverb).stem if self.reverb_s is None else f'{self.reverb_s:g} s'}"
            )
        if self.noise is not None:
            name = self.noise if self.noise in KINDS else Path(self.noise).stem
            parts.append(f"{name} {self.snr_db:g} dB" if with_ratio else name)
        if self.level_db:
            parts.append(f"level {self.level_db:+g} dB")
        if self.telephone:
            parts.append("telephone")
        return ", ".join(parts) or "clean"


def conditions(
    *,
    noises: Iterable[str] = (),
    snrs_db: Iterable[float] = (),
    reverbs: Iterable[str] = (),
    rates: Iterable[float] = (),
    levels_db: Iterable[float] = (),
    phone: bool = False,
    mixed: Iterable[str] = (),
) -> list[Condition]:
    """Clean, then every noise at every ratio, then each of the others alone, then the `mixed` ones as spelt out.

    Raises `ConfigError` for values that make no sense, noise without a ratio or a ratio without noise.
    """
    noises, snrs_db = list(noises), list(snrs_db)
    if bool(noises) != bool(snrs_db):
        raise ConfigError("--noise and --snr go together: --noise white --snr 24,15,6")
    found = [
        Condition(),
        *(Condition(noise=noise, snr_db=snr) for noise in noises for snr in snrs_db),
        *(Condition(reverb=reverb) for reverb in reverbs),
        *(Condition(rate=rate) for rate in rates),
        *(Condition(level_db=level) for level in levels_db),
        *([Condition(telephone=True)] if phone else []),
        *map(parse_condition, mixed),
    ]
    unique: dict[str, Condition] = {}
    for condition in found:
        other = unique.setdefault(condition.label, condition)
        if other != condition:
            raise ConfigError(
                f"two conditions are both called {condition.label!r}; rename one of the files "
                f"{other.noise or other.reverb} and {condition.noise or condition.reverb}"
            )
    return list(unique.values())


def parse_condition(text: str) -> Condition:
    """A condition as spelt in `--condition`: "noise=babble,snr=12,reverb=0.5,rate=1.2,level=-20,telephone"."""
    known = {"noise": "noise", "snr": "snr_db", "reverb": "reverb", "rate": "rate", "level": "level_db"}
    fields: dict[str, str | float | bool] = {}
    for part in filter(None, map(str.strip, text.split(","))):
        key, equals, value = part.partition("=")
        if known.get(key, key) in fields:
            raise ConfigError(f"condition {text!r}: {key} is given twice; give it once")
        if part == "telephone":
            fields["telephone"] = True
        elif key not in known or not equals:
            raise ConfigError(
                f"condition {text!r}: {part!r} is none of {', '.join(f'{name}=…' for name in known)} and telephone"
            )
        elif key in ("noise", "reverb"):
            fields[known[key]] = value
        else:
            try:
                fields[known[key]] = float(value)
            except ValueError:
                raise ConfigError(f"condition {text!r}: {key} is {value!r}; give a number") from None
    return Condition(**fields)  # type: ignore[arg-type]


def check_files(chosen: Iterable[Condition]) -> None:
    """Read every sound file that the conditions need, once.

    Raises:
        AudioFileError: one cannot be read.
        ConfigError: one is silent.
    """
    for condition in chosen:
        if condition.noise is not None and condition.noise not in KINDS:
            noise_of(Path(condition.noise))
        if condition.reverb is not None and condition.reverb_s is None:
            response_of(Path(condition.reverb))


def heard_as(
    samples: NDArray[np.float64], condition: Condition, *, seed: int, recording: str
) -> NDArray[np.int16]:
    """A recording, shape (n,), as it reaches the microphone under `condition`, padded: 16 bit mono.

    What is random depends on `seed`, on the recording's name and on what is done, and on nothing else: not on
    the order of the cases, the number of processes or the engine. Different ratios get the same noise.
    """

    def rng(what: str) -> np.random.Generator:
        digest = hashlib.sha256(f"{seed}\0{recording}\0{what}".encode()).digest()
        return np.random.default_rng(int.from_bytes(digest[:16]))

    samples = change_pace(samples, condition.rate)
    if condition.reverb is not None:
        seconds = condition.reverb_s
        response = response_of(Path(condition.reverb)) if seconds is None else room(seconds, rng("room"))
        samples = reverberate(samples, response)
    sound, spoken = pad(samples, LEAD_S, TAIL_S, rng("quiet"))
    if condition.noise is not None and condition.snr_db is not None:
        noise = make_noise(
            condition.noise, len(sound), rng(Path(condition.noise).name), but=Path(recording).name
        )
        sound = mix(sound, noise, condition.snr_db, spoken=spoken)
    if condition.level_db:
        sound = sound * 10 ** (condition.level_db / 20)
    if condition.telephone:
        sound = telephone(sound)
    return to_int16(sound.astype(np.float32))


def _within(name: str, value: float | None, low: float, high: float, unit: str) -> None:
    if value is not None and not (math.isfinite(value) and low <= value <= high):
        raise ConfigError(f"{name} is {value:g}: give a number from {low:g} to {high:g} {unit}")
