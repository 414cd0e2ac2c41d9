"""A spoken PIN: heard in any usual way, kept as a salted hash only, and never written down."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Final

from hassil.numbers import get_rbnf_engine

from assistant.errors import ConfigError
from assistant.files import write_whole
from intents.normalise import clean, too_long

if TYPE_CHECKING:
    from pathlib import Path

    from assistant.records import Heard

SHORTEST: Final = 4
LONGEST: Final = 12
"""Digits of a PIN."""

REDACTED: Final = "***"
"""Stands in the log for words that may hold a PIN."""

# RFC 7914; 16 MiB and some 50 ms on a laptop: slow to guess, and quick enough after a question.
_SCRYPT: Final = {"n": 2**14, "r": 8, "p": 1}

# What people say of digits beyond the numbers themselves, by language.
_ALSO: Final = {"en": {"oh": "0", "o": "0", "nil": "0"}}
_TIMES: Final = {"en": {"double": 2, "triple": 3}}
_ZEROS: Final = {"en": {"hundred": "00", "thousand": "000"}}
_AROUND: Final = {
    "en": frozenset(
        {"my", "the", "pin", "code", "number", "is", "it", "its", "it's", "that's", "please", "um", "uh"}
    )
}


@dataclass(frozen=True, kw_only=True)
class Pin:
    """What is kept of a PIN."""

    salt: bytes
    """16 random bytes."""
    digest: bytes
    """scrypt of the digits with that salt."""

    @classmethod
    def of(cls, digits: str) -> Pin:
        """A new PIN; ConfigError unless it is 4 to 12 digits."""
        if not (digits.isascii() and digits.isdigit() and SHORTEST <= len(digits) <= LONGEST):
            raise ConfigError(
                f"a PIN is {SHORTEST} to {LONGEST} digits, such as those of a date; give it in digits"
            )
        salt = secrets.token_bytes(16)
        return cls(salt=salt, digest=_hash(digits, salt))

    def fits(self, digits: str) -> bool:
        """Whether these are the digits; takes the same time either way."""
        return hmac.compare_digest(_hash(digits, self.salt), self.digest)


@dataclass(frozen=True, kw_only=True)
class SpokenPin:
    """Digits were said where a PIN was asked for. Which ones is already forgotten."""

    right: bool
    """Whether they were the PIN."""


def write_pin(pin: Pin, path: Path) -> None:
    """Keep `pin` at `path`, readable by its owner only; whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, f"scrypt {pin.salt.hex()} {pin.digest.hex()}\n".encode("ascii"), private=True)


def read_pin(path: Path) -> Pin:
    """The PIN that is kept at `path`.

    Raises:
        ConfigError: it cannot be read or is damaged; orders without a PIN are never the answer to that.
    """
    advice = "set it anew with `pennyworth pin set`, or end it with `pennyworth pin remove`"
    try:
        kind, salt, digest = path.read_text(encoding="ascii").split()
        pin = Pin(salt=bytes.fromhex(salt), digest=bytes.fromhex(digest))
    except OSError as error:
        raise ConfigError(f"the PIN in {path} cannot be read ({error.strerror}); {advice}") from None
    except ValueError:
        raise ConfigError(f"the PIN in {path} is damaged; {advice}") from None
    if kind != "scrypt" or len(pin.salt) != 16 or len(pin.digest) != 64:
        raise ConfigError(f"the PIN in {path} is damaged; {advice}")
    return pin


def spoken_digits(text: str, language: str) -> str:
    """The digits of a text that says nothing else: "one two three four", "twelve thirty four", "12 34"; else empty."""
    if too_long(text):
        return ""
    words = clean(text).split()
    around = _AROUND.get(language, frozenset())
    while words and words[0] in around:
        del words[0]
    while words and words[-1] in around:
        del words[-1]
    return _digits(words, language) if words else ""


def may_hold_pin(text: str, language: str) -> bool:
    """Whether so many digits stand in a row in `text` that it could be a PIN that came at the wrong moment."""
    words = clean(text[:10_000]).split()
    runs = [0]
    for word in words:
        digits = _digits([word], language) or ("0" if word in _TIMES.get(language, {}) else "")
        runs = [*runs[:-1], runs[-1] + len(digits)] if digits else [*runs, 0]
    return max(runs) >= SHORTEST


def redacted(heard: Heard) -> Heard:
    """`heard` with its words, all its hypotheses included, left out."""
    return replace(heard, transcript=replace(heard.transcript, text=REDACTED, words=(), alternatives=()))


def pin_phrases(language: str) -> list[str]:
    """Phrases of digits and numbers, for a recogniser that must know them when a PIN is expected."""
    spoken = [words for words, number in _numbers(language).items() if len(number) <= 2]
    digits = [words for words, number in _numbers(language).items() if len(number) == 1]
    digits += list(_ALSO.get(language, {}))
    fours = [
        " ".join(digits[(first + step * place) % len(digits)] for place in range(4))
        for first in range(len(digits))
        for step in range(len(digits))
    ]
    pairs = [f"{one} {spoken[(place * 7 + 3) % len(spoken)]}" for place, one in enumerate(spoken)]
    return [*fours, *pairs]


def pin_words(language: str) -> list[str]:
    """What the digits of a PIN are said in, piece by piece: "four", "twenty two", "double one"."""
    spoken = [words for words, number in _numbers(language).items() if len(number) <= 2]
    digits = [words for words, number in _numbers(language).items() if len(number) == 1]
    repeated = [f"{times} {digit}" for times in _TIMES.get(language, {}) for digit in digits]
    return [*spoken, *_ALSO.get(language, {}), *repeated]


def _digits(words: list[str], language: str) -> str:
    """The digits that `words` spell from the first to the last; empty when some word spells none."""
    numbers, also = _numbers(language), _ALSO.get(language, {})
    found = ""
    times = 1
    place = 0
    while place < len(words):
        word = words[place]
        if word in _TIMES.get(language, {}) and times == 1:
            times = _TIMES[language][word]
            place += 1
            continue
        taken = next((n for n in (3, 2, 1) if " ".join(words[place : place + n]) in numbers), 0)
        if word.isascii() and word.isdigit():
            digits, taken = word, 1
        elif taken:
            digits = numbers[" ".join(words[place : place + taken])]
        elif word in also:
            digits, taken = also[word], 1
        elif found and word in _ZEROS.get(language, {}) and place == len(words) - 1:
            digits, taken = _ZEROS[language][word], 1
        else:
            return ""
        found += digits * times
        times = 1
        place += taken
    return found if times == 1 else ""


@cache
def _numbers(language: str) -> dict[str, str]:
    """0 to 99 as the language spells them, to digits."""
    try:
        engine = get_rbnf_engine(language)
    except ValueError:
        return {}
    return {clean(engine.format_number(number).text): str(number) for number in range(100)}


def _hash(digits: str, salt: bytes) -> bytes:
    return hashlib.scrypt(digits.encode("ascii"), salt=salt, **_SCRYPT)
