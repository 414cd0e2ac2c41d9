"""A process that listens to the microphone: PortAudio reads its environment once, when it is loaded.

Prints one JSON object a line: {"chunk": [start_s, samples, lost_frames]} with the samples in hexadecimal, and
at the end {"error": message} or {"closed": true}. Arguments: settings as JSON, then optional tricks.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

from hardware.errors import MicrophoneError
from hardware.microphone import MicrophoneSettings, list_devices, microphone_chunks, refresh_devices


def say(**what: Any) -> None:
    """Print one line."""
    print(json.dumps(what), flush=True)


def refuse_16_khz() -> None:
    """Let real PortAudio refuse 16 kHz and mono, as raw devices do that no virtual one imitates."""
    import sounddevice

    class Fussy(sounddevice.RawInputStream):  # type: ignore[misc]
        def __init__(self, **options: Any) -> None:
            if options["samplerate"] == 16000:
                raise sounddevice.PortAudioError("Error opening RawInputStream", -9997)
            if options["channels"] == 1:
                raise sounddevice.PortAudioError("Error opening RawInputStream", -9998)
            super().__init__(**options)

    sounddevice.RawInputStream = Fussy


def listen(settings: MicrophoneSettings, *, seconds: float, late_s: float) -> None:
    """Print chunks for some seconds of sound; read the second one `late_s` seconds late."""
    heard = 0
    with microphone_chunks(settings) as chunks:
        for chunk in chunks:
            data = chunk.samples.tobytes().hex()
            say(chunk=[chunk.start_s, data, chunk.lost_frames])
            heard += len(chunk.samples)
            if heard >= seconds * 16000:
                break
            if late_s:
                time.sleep(late_s)
                late_s = 0
    say(closed=True)


def main() -> None:
    """Do what the arguments say."""
    options = json.loads(sys.argv[1])
    settings = MicrophoneSettings(**options.get("settings", {}))
    if options.get("refuse_16_khz"):
        refuse_16_khz()
    if options.get("devices"):
        say(devices=[str(device) for device in list_devices()])
    for _ in range(options.get("times", 1)):
        try:
            listen(settings, seconds=options.get("seconds", 1e9), late_s=options.get("late_s", 0))
        except MicrophoneError as error:
            say(error=str(error))
        except KeyboardInterrupt:
            say(interrupted=True)
        if options.get("reopen"):
            sys.stdin.readline()
            refresh_devices()


if __name__ == "__main__":
    main()
