"""One examination after another, none of which can hang or end the others."""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeVar

from assistant.doctor.engines import check_decoded, check_model
from assistant.doctor.findings import Finding
from assistant.doctor.machine import (
    check_access,
    check_clock,
    check_disk,
    check_heat,
    check_memory,
    check_power,
    check_system,
)
from assistant.doctor.sound import check_devices, check_part, check_recording
from assistant.errors import ConfigError, PennyworthError
from hardware.errors import HardwareError
from intents.errors import IntentsError

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterator, Mapping, Sequence

    from assistant.doctor.engines import Decoded, Model
    from assistant.doctor.findings import Verdict
    from assistant.doctor.machine import Access, Clock, Disk, Heat, Memory, Power, System
    from assistant.doctor.sound import Part, Recording
    from assistant.store.health import LogHealth
    from hardware.soundcheck import SoundDevices

logger = logging.getLogger(__name__)

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Probes:
    """How the machine is read: each returns facts, or raises. Tests put others in their places."""

    config: Callable[[], str]
    """Reads everything that the configuration names; where it comes from."""
    folders: Callable[[], Sequence[str]]
    """Those of ours that cannot be written to, or could not be made."""
    system: Callable[[], System]
    memory: Callable[[], Memory]
    disk: Callable[[], Disk]
    clock: Callable[[], Clock]
    heat: Callable[[], Heat]
    power: Callable[[], Power]
    access: Callable[[], Access]
    log: Callable[[], LogHealth]
    model: Callable[[], Model]
    decoded: Callable[[], Decoded] | None
    """None where there is no bundled sentence of the language, or none is wanted."""
    devices: Callable[[], SoundDevices]
    recording: Callable[[], Recording] | None
    """None where nothing is to be recorded."""
    playback: Callable[[], str] | None
    """Plays what was recorded; what was played. None where nothing is to be played."""
    muted: Callable[[], bool] | None
    """Whether the microphone is switched off by its button; None where there is no button."""
    voice: Callable[[], Part] | None
    """Says something to itself. None where replies are not to be spoken."""
    wake_word: Callable[[], Part] | None
    """Opens the wake word. None where none is configured."""
    service: Callable[[], Finding] | None
    """Whether what is installed fits; None where nothing is installed."""


LIMIT_S: Final = 30.0
"""Seconds that a probe may take that bounds itself no further."""
_LONG_S: Final = 400.0
"""The same for one that runs a process of its own with a limit of its own."""


class ProbeHungError(Exception):
    """A probe that did not come back."""


def examine(probes: Probes, *, only: Container[str] | None = None) -> Iterator[Finding]:
    """Everything in order (or those findings `only`), each finding as soon as it is there."""
    found: dict[str, Finding] = {}
    for name, step in _steps(probes).items():
        if only is None or name in only:
            finding = step(found)
            if finding is not None:
                found[name] = finding
                yield finding


def _steps(probes: Probes) -> dict[str, Callable[[Mapping[str, Finding]], Finding | None]]:
    """How each finding is come by, given those before it; None where there is nothing to examine."""
    return {
        "system": lambda _: _examined("system", probes.system, check_system),
        "config": lambda _: _examined("config", probes.config, lambda what: _well("config", what)),
        "folders": lambda _: _examined("folders", probes.folders, check_folders),
        "log": lambda _: _examined("log", probes.log, check_log, unless="failed"),
        "disk": lambda _: _examined("disk", probes.disk, check_disk, unless="failed"),
        "memory": lambda _: _examined("memory", probes.memory, check_memory),
        "clock": lambda _: _examined("clock", probes.clock, check_clock),
        "heat": lambda _: _examined("heat", probes.heat, check_heat),
        "power": lambda _: _examined("power", probes.power, check_power),
        "permissions": lambda _: _examined("permissions", probes.access, check_access),
        "devices": lambda _: _examined("devices", probes.devices, check_devices, unless="failed"),
        "button": lambda _: None if probes.muted is None else _examined("button", probes.muted, check_button),
        "microphone": lambda found: _microphone(probes, found),
        "playback": lambda found: _playback(probes, found),
        "model": lambda _: _examined("model", probes.model, check_model),
        "recognition": lambda _: _recognition(probes),
        "voice": lambda _: _part("voice", probes.voice),
        "wake word": lambda _: _part("wake word", probes.wake_word),
        "service": lambda _: (
            None if probes.service is None else _examined("service", probes.service, lambda finding: finding)
        ),
    }


def _microphone(probes: Probes, found: Mapping[str, Finding]) -> Finding:
    devices = found.get("devices")
    if devices is not None and devices.verdict == "failed":
        return _skipped("microphone", "without a sound device")
    if probes.recording is None:
        return _skipped("microphone", "nothing was recorded")
    return _examined("microphone", probes.recording, check_recording, unless="failed", limit_s=_LONG_S)


def _playback(probes: Probes, found: Mapping[str, Finding]) -> Finding:
    microphone = found.get("microphone")
    if microphone is None or microphone.verdict in ("failed", "skipped") or microphone.mend == "unmute":
        return _skipped("playback", "there is no recording")
    if probes.playback is None:
        return _skipped("playback", "nothing was to be played")

    def judge(what: str) -> Finding:
        return Finding(
            name="playback",
            verdict="well",
            what=f"{what}; did you hear it? If not, choose the loudspeaker in `alsamixer`, and turn it up",
        )

    return _examined("playback", probes.playback, judge, unless="failed", limit_s=_LONG_S)


def _part(name: str, probe: Callable[[], Part] | None) -> Finding | None:
    return None if probe is None else _examined(name, probe, lambda part: check_part(name, part))


def _recognition(probes: Probes) -> Finding:
    if probes.decoded is None:
        return _skipped("recognition", "no bundled sentence was tried")
    return _examined("recognition", probes.decoded, check_decoded, unless="failed", limit_s=_LONG_S)


def _well(name: str, what: str) -> Finding:
    return Finding(name=name, verdict="well", what=what)


def _skipped(name: str, what: str) -> Finding:
    return Finding(name=name, verdict="skipped", what=what)


def check_button(muted: bool) -> Finding:
    """Who has switched the microphone off may have forgotten it."""
    if muted:
        return Finding(
            name="button",
            verdict="note",
            what="the microphone is switched off by its button",
            advice="press the button to be heard",
        )
    return Finding(name="button", verdict="well", what="the microphone is not switched off by it")


def check_folders(refused: Sequence[str]) -> Finding:
    """Data, cache and configuration need a place each; those that are missing are made when they are needed."""
    facts = {"refused": list(refused)}
    if refused:
        return Finding(
            name="folders",
            verdict="wrong",
            what=f"{', '.join(refused)} cannot be written to",
            advice=f"`sudo chown -R $USER {' '.join(refused)}`",
            facts=facts,
        )
    return Finding(name="folders", verdict="well", what="ours can be written to", facts=facts)


def check_log(log: LogHealth) -> Finding:
    """It must take what is written, and be nobody else's business."""
    facts = {
        "path": str(log.path),
        "exists": log.exists,
        "interactions": log.interactions,
        "size_mb": round(log.size / 1e6, 1),
    }
    if log.problem:
        what, _, advice = log.problem.partition("; ")
        return Finding(name="log", verdict="failed", what=what, advice=advice, facts=facts)
    if not log.exists:
        return Finding(
            name="log", verdict="well", what=f"{log.path} is begun by the first command", facts=facts
        )
    what = f"{log.path}: {log.interactions} interactions, {log.size / 1e6:.1f} MB"
    if log.open_to_others:
        return Finding(
            name="log",
            verdict="note",
            what=f"{what}; other users of this machine can read it",
            advice="`pennyworth doctor --fix` makes it yours alone",
            facts=facts,
            mend="privacy",
        )
    return Finding(name="log", verdict="well", what=what, facts=facts)


def _examined(
    name: str,
    probe: Callable[[], T],
    check: Callable[[T], Finding],
    *,
    unless: Verdict = "wrong",
    limit_s: float = LIMIT_S,
) -> Finding:
    """Probe and judge; `unless` it works, that is the verdict."""
    try:
        return check(within(limit_s, probe))
    except ProbeHungError:
        return Finding(
            name=name,
            verdict="failed",
            what=f"no answer within {limit_s:.0f} s",
            advice="a device or a network disk hangs: restart the machine, and look at `dmesg`",
        )
    except (PennyworthError, HardwareError, IntentsError) as error:
        # Its message says what to do behind a semicolon.
        what, _, advice = str(error).partition("; ")
        bad_input = isinstance(error, ConfigError | IntentsError)
        return Finding(name=name, verdict="wrong" if bad_input else unless, what=what, advice=advice)
    except Exception as error:
        logger.debug("the examination of %s failed", name, exc_info=error)
        return Finding(
            name=name,
            verdict=unless,
            what=f"this could not be examined ({type(error).__name__}: {error})",
            advice="`pennyworth -vv doctor` says more",
        )


def within(seconds: float, action: Callable[[], T]) -> T:
    """The result of an action, or its error; ProbeHungError, and the thread left behind, when it takes longer."""
    results: list[T] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            results.append(action())
        except BaseException as error:  # noqa: BLE001 — raised again by the caller's thread
            errors.append(error)

    thread = threading.Thread(target=run, name="probe", daemon=True)
    thread.start()
    thread.join(seconds)
    if thread.is_alive():
        raise ProbeHungError
    if errors:
        raise errors[0]
    return results[0]
