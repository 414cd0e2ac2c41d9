"""Text to speech without a network: eSpeak NG from its wheel."""

from __future__ import annotations

import ctypes
import difflib
import importlib
from typing import TYPE_CHECKING, Any, Final, Protocol

import numpy as np

from hardware.errors import HardwareError
from hardware.speaker import Sound

if TYPE_CHECKING:
    from numpy.typing import NDArray


class VoiceError(HardwareError):
    """A voice that is not installed or not known."""


class Voice(Protocol):
    """Says texts. Not safe to share between threads."""

    @property
    def name(self) -> str:
        """Engine and voice, for the log."""
        ...

    def say(self, text: str) -> Sound:
        """The text as sound; nothing but silence when there is nothing to say."""
        ...


_AUDIO_OUTPUT_SYNCHRONOUS: Final = 2
"""Samples are given to the callback before `espeak_Synth` returns; by a thread of its own that takes 20 ms at least."""
_DONT_EXIT: Final = 0x8000
_CHARS_UTF8: Final = 1
_POS_CHARACTER: Final = 1
_RATE: Final = 1
_SLOWEST_WPM: Final = 80
_FASTEST_WPM: Final = 450

_AUDIBLE: Final = 30
"""Samples up to this, of 32,768, are silence."""

_SynthCallback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p)


class _VoiceEntry(ctypes.Structure):
    """`espeak_VOICE` of speak_lib.h, as far as it is read here."""

    _fields_ = (
        ("name", ctypes.c_char_p),
        ("languages", ctypes.c_char_p),
        ("identifier", ctypes.c_char_p),
        ("gender", ctypes.c_ubyte),
        ("age", ctypes.c_ubyte),
        ("variant", ctypes.c_ubyte),
        ("xx1", ctypes.c_ubyte),
        ("score", ctypes.c_int),
        ("spare", ctypes.c_void_p),
    )


class EspeakVoice:
    """eSpeak NG: small, quick and clear in a hundred languages, and it sounds like a machine."""

    def __init__(self, voice: str = "en-us", *, words_a_minute: int = 165) -> None:
        """Load the library and choose a voice, such as "en-us", "de" or "en-us+f3", and its pace, 80 to 450.

        Raises VoiceError if the package is missing or there is no such voice; ValueError for another pace.
        """
        check_pace(words_a_minute)
        self._library, self._rate = _loaded()
        self._data = bytearray()
        self._callback = _SynthCallback(self._collect)
        self._voice = voice
        self._words_a_minute = words_a_minute
        self._select()

    @property
    def name(self) -> str:
        """Engine and voice, for the log."""
        return f"espeak-ng {self._voice}"

    def say(self, text: str) -> Sound:
        """The text as sound."""
        self._select()
        self._data.clear()
        # A zero byte would end the text for the library.
        encoded = text.replace("\0", " ").encode()
        self._library.espeak_Synth(
            encoded, ctypes.c_size_t(len(encoded) + 1), 0, _POS_CHARACTER, 0, _CHARS_UTF8, None, None
        )
        return Sound(samples=without_lead(np.frombuffer(bytes(self._data), np.int16)), rate=self._rate)

    def _select(self) -> None:
        # The library has one state for the whole process: another voice may have been used in between.
        self._library.espeak_SetSynthCallback(self._callback)
        if self._library.espeak_SetVoiceByName(self._voice.encode()):
            known = self._languages()
            near = difflib.get_close_matches(self._voice, known, n=3) or known[:3]
            raise VoiceError(
                f"eSpeak NG has no voice {self._voice!r}; name a language, such as {', '.join(near)}, "
                "with a variant behind it if you like: en-us+f3"
            )
        self._library.espeak_SetParameter(_RATE, self._words_a_minute, 0)

    def _languages(self) -> list[str]:
        self._library.espeak_ListVoices.restype = ctypes.POINTER(ctypes.POINTER(_VoiceEntry))
        entries = self._library.espeak_ListVoices(None)
        found = []
        for entry in entries:
            if not entry:
                break
            # The first byte is a priority.
            found.append(entry.contents.languages[1:].decode())
        return sorted(set(found))

    def _collect(self, samples: Any, count: int, _events: Any) -> int:
        if samples and count > 0:
            self._data += ctypes.string_at(samples, 2 * count)
        return 0


def check_pace(words_a_minute: int) -> None:
    """Refuse a pace at which nobody could follow: ValueError."""
    if not _SLOWEST_WPM <= words_a_minute <= _FASTEST_WPM:
        raise ValueError(f"words_a_minute is {words_a_minute}: give from {_SLOWEST_WPM} to {_FASTEST_WPM}")


def without_lead(samples: NDArray[np.int16]) -> NDArray[np.int16]:
    """Speech, shape (n,), without the silence that it begins with: up to 50 ms, for which the listener would wait."""
    audible = np.flatnonzero(np.abs(samples.astype(np.int32)) > _AUDIBLE)
    return samples[audible[0] :] if len(audible) else samples


def _loaded() -> tuple[Any, int]:
    """The library, ready, and its sample rate; it is initialised once for the process."""
    if not _state:
        try:
            loader = importlib.import_module("espeakng_loader")
            library = ctypes.CDLL(loader.get_library_path())
        except (ImportError, OSError) as error:
            raise VoiceError(
                f"replies cannot be spoken ({error}); add the voice with `pip install 'pennyworth[voice]'`, "
                "or be content with text: --quiet"
            ) from error
        rate = library.espeak_Initialize(
            _AUDIO_OUTPUT_SYNCHRONOUS, 0, loader.get_data_path().encode(), _DONT_EXIT
        )
        if rate <= 0:
            raise VoiceError(
                "eSpeak NG does not find its data; install it anew: `pip install --force-reinstall espeakng-loader`"
            )
        _state.append((library, rate))
    return _state[0]


_state: list[tuple[Any, int]] = []
