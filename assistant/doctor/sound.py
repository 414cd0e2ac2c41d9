"""Judging sound: the devices, a recording, and whether it can be played back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from assistant.doctor.findings import Finding

if TYPE_CHECKING:
    from hardware.level import Level
    from hardware.soundcheck import SoundDevices


@dataclass(frozen=True, kw_only=True)
class Recording:
    """What a recording of the configured microphone came to."""

    seconds: float
    """Its length."""
    lost_frames: int
    """Samples that the device dropped."""
    level: Level


def check_devices(devices: SoundDevices) -> Finding:
    """There must be something to hear with."""
    facts = {
        "library": devices.library,
        "default_takes_hz": list(devices.rates),
        "inputs": [
            {
                "index": device.number,
                "name": device.name,
                "host_api": device.host_api,
                "channels": device.channels,
                "rate_hz": device.rate,
                "default": device.is_default,
            }
            for device in devices.inputs
        ],
        "outputs": [
            {"index": device.number, "name": device.name, "default": device.is_default}
            for device in devices.outputs
        ],
    }
    if not devices.inputs:
        return Finding(
            name="devices",
            verdict="failed",
            what="there is no microphone",
            advice="plug one in, or start the sound server; `arecord -l` shows what the system knows",
            facts=facts,
        )
    default = next((device for device in devices.inputs if device.is_default), None)
    taken = ", ".join(f"{rate:g}" for rate in devices.rates) or f"only {default.rate:g}" if default else ""
    named = f"default {default.name!r}, takes {taken} Hz" if default else "none is the default"
    what = f"{len(devices.inputs)} to hear ({named}), {len(devices.outputs)} to play"
    if not devices.outputs:
        return Finding(
            name="devices",
            verdict="note",
            what=what,
            advice="without a loudspeaker replies can only be read",
            facts=facts,
        )
    return Finding(
        name="devices", verdict="well", what=f"{what}; {devices.library.partition(',')[0]}", facts=facts
    )


def check_recording(recording: Recording) -> Finding:
    """Neither mute, nor clipped, nor faint, nor noisy, nor with gaps. The thresholds are rules of thumb."""
    level = recording.level
    facts = {
        "seconds": round(recording.seconds, 2),
        "peak_dbfs": round(level.peak_dbfs, 1),
        "level_dbfs": round(level.level_dbfs, 1),
        "floor_dbfs": round(level.floor_dbfs, 1),
        "clipped_share": round(level.clipped, 5),
        "lost_frames": recording.lost_frames,
    }
    what = (
        f"level {level.level_dbfs:.0f} dBFS, noise floor {level.floor_dbfs:.0f}, peak {level.peak_dbfs:.0f}"
    )
    if level.zeros == 1:
        return Finding(
            name="microphone",
            verdict="wrong",
            what="it gives nothing but zeros",
            advice="it is muted, by a switch on it or by the mixer: `alsamixer` (F4), or `pennyworth doctor --fix`",
            facts=facts,
            mend="unmute",
        )
    if level.clipped > 0.001:
        return Finding(
            name="microphone",
            verdict="wrong",
            what=f"{what}; {100 * level.clipped:.1f} % of it is clipped",
            advice="turn the recording level down in `alsamixer` (F4) until the peak stays below -3, or move away",
            facts=facts,
        )
    if recording.lost_frames:
        return Finding(
            name="microphone",
            verdict="note",
            what=f"{what}; {recording.lost_frames} samples were lost",
            advice="the machine is busy, or the USB socket shared: end other programs, or use another socket",
            facts=facts,
        )
    if level.peak_dbfs < -50:
        return Finding(
            name="microphone",
            verdict="note",
            what=f"{what}: hardly anything was heard",
            advice="if you did speak, turn the recording level up in `alsamixer` (F4), or speak from nearer",
            facts=facts,
        )
    if level.floor_dbfs > -40:
        return Finding(
            name="microphone",
            verdict="note",
            what=f"{what}: it is noisy",
            advice="keep quiet while this is measured; else turn off what hums, or move the microphone away from it",
            facts=facts,
        )
    return Finding(name="microphone", verdict="well", what=what, facts=facts)


@dataclass(frozen=True, kw_only=True)
class Part:
    """A part that is installed on its own: the voice, or the wake word."""

    what: str
    """What it is, for people; empty where it does not work."""
    problem: str
    """Why it does not work, and what to do; empty where it does."""
    needed: bool
    """Whether the configuration cannot do without."""


def check_part(name: str, part: Part) -> Finding:
    """It works, or it must, or it might."""
    if not part.problem:
        return Finding(name=name, verdict="well", what=part.what)
    what, _, advice = part.problem.partition("; ")
    return Finding(name=name, verdict="wrong" if part.needed else "note", what=what, advice=advice)
