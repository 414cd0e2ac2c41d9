"""What can be put right without asking: nothing is deleted, nothing is fetched, and all can be undone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assistant.doctor.machine import ask

if TYPE_CHECKING:
    from pathlib import Path


def make_private(log: Path) -> str:
    """Let the owner alone read the log, and what SQLite keeps beside it; what was done. Raises OSError."""
    files = [log, *(log.with_name(f"{log.name}-{suffix}") for suffix in ("wal", "shm"))]
    for file in files:
        if file.exists():
            file.chmod(file.stat().st_mode & ~0o077)
    return f"{log} can be read by you alone"


def unmute() -> str:
    """Switch the default microphone on in PulseAudio or PipeWire; what was done."""
    if ask("pactl", "set-source-mute", "@DEFAULT_SOURCE@", "0") is not None:
        return "the default microphone is switched on"
    if ask("wpctl", "set-mute", "@DEFAULT_AUDIO_SOURCE@", "0") is not None:
        return "the default microphone is switched on"
    return "no sound server took the order: use `alsamixer` (F4), or the switch on the microphone"
