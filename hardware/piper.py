"""Text to speech by Piper: neural voices that sound like people, and take a fast machine to answer at once."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any, Final

import numpy as np

from hardware.speaker import Sound
from hardware.voice import VoiceError, check_pace, without_lead

USUAL_WPM: Final = 165
"""The pace at which Piper's voices speak by themselves, about."""


class PiperVoice:
    """A voice in two files, NAME.onnx and NAME.onnx.json, as they are published for Piper."""

    def __init__(self, model: Path, *, words_a_minute: int = USUAL_WPM) -> None:
        """Load the voice in the file `model`, which takes a second or two; its pace, 80 to 450.

        Raises VoiceError if the package or a file is missing, or the voice is damaged; ValueError for another pace.
        """
        check_pace(words_a_minute)
        for path in (model, Path(f"{model}.json")):
            if not path.is_file():
                raise VoiceError(
                    f"there is no {path}; a voice for Piper is two files, NAME.onnx and NAME.onnx.json"
                )
        try:
            piper = importlib.import_module("piper")
        except (ImportError, OSError) as error:
            raise VoiceError(
                f"Piper is not installed ({error}); add it with `pip install 'pennyworth[piper]'`, "
                'or set `engine` under [voice] to "espeak"'
            ) from error
        try:
            self._voice: Any = piper.PiperVoice.load(str(model))
        except Exception as error:
            raise VoiceError(
                f"{model} is no voice that Piper can load: {error}; fetch both its files anew"
            ) from error
        config = self._voice.config
        self._how = piper.SynthesisConfig(length_scale=config.length_scale * USUAL_WPM / words_a_minute)
        self._rate = int(config.sample_rate)
        self._name = f"piper {model.stem}"
        # The first time takes longer, and nobody waits for it yet.
        self.say("okay")

    @property
    def name(self) -> str:
        """Engine and voice, for the log."""
        return self._name

    def say(self, text: str) -> Sound:
        """The text as sound."""
        # A zero byte is refused, and double brackets would be taken for phonemes.
        plain = text.translate(_PLAIN)
        pieces = [chunk.audio_int16_array for chunk in self._voice.synthesize(plain, self._how)]
        samples = np.concatenate(pieces) if pieces else np.zeros(0, np.int16)
        return Sound(samples=without_lead(samples.astype(np.int16)), rate=self._rate)


_PLAIN: Final = str.maketrans({"\0": " ", "[": "(", "]": ")"})


def find_voice(name: str, language: str, folder: Path) -> Path | None:
    """The file of a voice: `name` is a path, or a name in `folder`; empty takes the first in there of the language."""
    if name.endswith(".onnx"):
        return Path(name).expanduser()
    if name:
        path = folder / f"{name}.onnx"
        return path if path.is_file() else None
    return next(iter(sorted(folder.glob(f"{language}[_-]*.onnx"))), None)
