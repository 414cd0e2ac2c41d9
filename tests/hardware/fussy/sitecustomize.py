"""On the path of a process that records: real PortAudio refuses 16 kHz and mono, as raw devices do.

No virtual device imitates that.
"""

from typing import Any

import sounddevice


class Fussy(sounddevice.RawInputStream):  # type: ignore[misc]
    """Takes what the device likes best, and nothing else."""

    def __init__(self, **options: Any) -> None:
        """Refuse as PortAudio does."""
        if options["samplerate"] == 16000:
            raise sounddevice.PortAudioError("Error opening RawInputStream", -9997)
        if options["channels"] == 1:
            raise sounddevice.PortAudioError("Error opening RawInputStream", -9998)
        super().__init__(**options)


sounddevice.RawInputStream = Fussy
