"""A process that listens to the microphone: PortAudio reads its environment once, when it is loaded.

Prints one JSON object a line: {"chunk": [start_s, samples, lost_frames]} with the samples in hexadecimal,
{"news": kind, "at": seconds}, and at the end {"error": message} or {"closed": true}.
Its argument is JSON: settings and tricks.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

from hardware.errors import MicrophoneError
from hardware.microphone import MicrophoneSettings, lasting_chunks, list_devices, microphone_chunks


def say(**what: Any) -> None:
    """Print one line."""
    print(json.dumps(what), flush=True)


def listen(settings: MicrophoneSettings, *, seconds: float, late_s: float, lasting: bool) -> None:
    """Print chunks for some seconds of sound; read the second one `late_s` seconds late."""
    heard = 0
    opened = (
        lasting_chunks(settings, lambda news: say(news=news.kind, at=time.monotonic()))
        if lasting
        else microphone_chunks(settings)
    )
    with opened as chunks:
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
    if options.get("devices"):
        say(devices=[str(device) for device in list_devices()])
    for _ in range(options.get("times", 1)):
        try:
            listen(
                settings,
                seconds=options.get("seconds", 1e9),
                late_s=options.get("late_s", 0),
                lasting=options.get("lasting", False),
            )
        except MicrophoneError as error:
            say(error=str(error))
        except KeyboardInterrupt:
            say(interrupted=True)
        if options.get("reopen"):
            sys.stdin.readline()


if __name__ == "__main__":
    main()
