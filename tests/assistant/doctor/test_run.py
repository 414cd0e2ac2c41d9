"""The doctor gets to the end whatever is ill: every probe fails in every way, one by one."""

from __future__ import annotations

import dataclasses
import re
import threading
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from assistant.doctor import run
from assistant.doctor.engines import Decoded, Model, check_decoded, check_model
from assistant.doctor.findings import Finding, exit_code
from assistant.doctor.machine import Disk, Heat, Memory, Power
from assistant.doctor.run import Probes, examine
from assistant.doctor.sound import Part, Recording, check_devices, check_part, check_recording
from assistant.errors import ConfigError, RecognitionError
from assistant.store.health import LogHealth
from hardware.errors import HardwareError
from hardware.level import Level
from hardware.portaudio import InputDevice
from hardware.soundcheck import OutputDevice, SoundDevices
from intents.errors import DefinitionError
from tests.assistant.doctor.test_machine import ACCESS, CLOCK, NOW, SYSTEM

if TYPE_CHECKING:
    from collections.abc import Callable

MB = 1 << 20
LEVEL = Level(peak_dbfs=-12, level_dbfs=-20, floor_dbfs=-60, clipped=0, zeros=0.01)
RECORDING = Recording(seconds=3, lost_frames=0, level=LEVEL)
MICROPHONE = InputDevice(number=1, name="USB", host_api="ALSA", channels=1, rate=48000, is_default=True)
DEVICES = SoundDevices(
    library="PortAudio V19",
    inputs=(MICROPHONE,),
    outputs=(OutputDevice(number=0, name="jack", is_default=True),),
    rates=(44100, 48000),
)
LOG = LogHealth(
    path=Path("/log.db"), exists=True, problem="", interactions=3, size=9, newest=NOW, open_to_others=False
)
DECODED = Decoded(
    model="x", text="play", intent="music", expected="music", audio_s=2, cpu_s=0.4, latency_s=0.1
)


def healthy() -> Probes:
    """A machine on which all is well."""
    return Probes(
        config=lambda: "in order",
        folders=list,
        system=lambda: SYSTEM,
        memory=lambda: Memory(total=4000 * MB, available=3000 * MB),
        disk=lambda: Disk(folder=Path("/"), free=5000 * MB, read_only=False),
        clock=lambda: CLOCK,
        heat=lambda: Heat(celsius=50, throttled=0),
        power=lambda: Power(throttled=0, mains=None, battery_percent=None),
        access=lambda: ACCESS,
        log=lambda: LOG,
        model=lambda: Model(engine="auto", folder=Path("/models/vosk-model-small-en-us-0.15")),
        decoded=lambda: DECODED,
        devices=lambda: DEVICES,
        recording=lambda: RECORDING,
        playback=lambda: "3.0 s were played",
        muted=lambda: False,
        voice=lambda: Part(what="espeak-ng en-us", problem="", needed=False),
        wake_word=lambda: Part(what="okay nabu", problem="", needed=True),
        service=lambda: Finding(name="service", verdict="well", what="runs"),
    )


NAMES = {
    "access": "permissions",
    "muted": "button",
    "decoded": "recognition",
    "recording": "microphone",
    "wake_word": "wake word",
}
"""Findings that are not called as their probe is."""
DEVICE = {"devices", "recording", "playback", "decoded", "log", "disk"}
"""Probes without whose success there is no listening."""


def test_all_is_well() -> None:
    findings = list(examine(healthy()))
    assert {finding.verdict for finding in findings} == {"well"}
    assert exit_code(findings) == 0
    names = [finding.name for finding in findings]
    assert len(names) == len(set(names)) == len(dataclasses.fields(Probes))


@pytest.mark.parametrize(
    "error", [OSError("nothing there"), ValueError("odd"), HardwareError("gone; plug it in")]
)
@pytest.mark.parametrize("probe", [field.name for field in dataclasses.fields(Probes)])
def test_each_probe_may_fail_and_the_others_go_on(probe: str, error: Exception) -> None:
    def fails() -> Any:
        raise error

    findings = list(examine(dataclasses.replace(healthy(), **{probe: fails})))
    ill = {finding.name: finding for finding in findings if finding.verdict in ("wrong", "failed")}
    name = NAMES.get(probe, probe)
    assert set(ill) == {name}
    assert str(error).partition("; ")[0] in ill[name].what
    assert ill[name].advice
    assert exit_code(findings) == (3 if probe in DEVICE else 1)
    skipped = {finding.name for finding in findings if finding.verdict == "skipped"}
    assert skipped == {"devices": {"microphone", "playback"}, "recording": {"playback"}}.get(probe, set())


@pytest.mark.parametrize("probe", [field.name for field in dataclasses.fields(Probes)])
def test_each_probe_may_hang_and_the_others_go_on(probe: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "_examined", _impatient(run._examined))  # noqa: SLF001
    released = threading.Event()
    hangs: Any = released.wait
    findings = list(examine(dataclasses.replace(healthy(), **{probe: hangs})))
    released.set()
    ill = [finding for finding in findings if finding.verdict in ("wrong", "failed")]
    assert [finding.name for finding in ill] == [NAMES.get(probe, probe)]
    assert "no answer within" in ill[0].what
    assert exit_code(findings) == 3


def _impatient(examined: Callable[..., Finding]) -> Callable[..., Finding]:
    def wrapped(*arguments: Any, **options: Any) -> Finding:
        return examined(*arguments, **{**options, "limit_s": 0.1})

    return wrapped


@pytest.mark.parametrize(
    ("error", "verdict"),
    [
        (ConfigError("unknown key"), "wrong"),
        (DefinitionError("unknown list"), "wrong"),
        (RecognitionError("no model"), "failed"),
    ],
)
def test_bad_input_is_to_be_put_right_and_is_no_broken_device(error: Exception, verdict: str) -> None:
    def fails() -> Any:
        raise error

    findings = list(examine(dataclasses.replace(healthy(), decoded=fails)))
    assert [each.verdict for each in findings if each.verdict != "well"] == [verdict]


def test_what_is_not_wanted_is_not_examined() -> None:
    little = dataclasses.replace(
        healthy(),
        recording=None,
        playback=None,
        decoded=None,
        muted=None,
        voice=None,
        wake_word=None,
        service=None,
    )
    findings = {finding.name: finding.verdict for finding in examine(little)}
    assert [name for name, verdict in findings.items() if verdict == "skipped"] == [
        *("microphone", "playback", "recognition")
    ]
    assert not {"button", "voice", "wake word", "service"} & set(findings)
    silent = Recording(seconds=3, lost_frames=0, level=dataclasses.replace(LEVEL, zeros=1))
    muted = {f.name: f for f in examine(dataclasses.replace(healthy(), recording=lambda: silent))}
    assert (muted["microphone"].mend, muted["playback"].verdict) == ("unmute", "skipped")


def level(**changes: float) -> Finding:
    return check_recording(dataclasses.replace(RECORDING, level=dataclasses.replace(LEVEL, **changes)))


def log(**changes: Any) -> Finding:
    return run.check_log(dataclasses.replace(LOG, **changes))


def decoded(**changes: Any) -> Finding:
    return check_decoded(dataclasses.replace(DECODED, **changes))


@pytest.mark.parametrize(
    ("finding", "verdict", "words"),
    [
        (level(), "well", "noise floor -60"),
        (level(zeros=1), "wrong", "nothing but zeros"),
        (level(clipped=0.02), "wrong", "2.0 % of it is clipped"),
        (level(peak_dbfs=-55), "note", "turn the recording level up"),
        (level(floor_dbfs=-35), "note", "noisy"),
        (check_recording(dataclasses.replace(RECORDING, lost_frames=80)), "note", "80 samples were lost"),
        (check_devices(DEVICES), "well", "default 'USB', takes 44100, 48000 Hz"),
        (check_devices(dataclasses.replace(DEVICES, rates=())), "well", "takes only 48000 Hz"),
        (check_devices(dataclasses.replace(DEVICES, inputs=())), "failed", "arecord"),
        (check_devices(dataclasses.replace(DEVICES, outputs=())), "note", "loudspeaker"),
        (log(), "well", "3 interactions"),
        (log(exists=False), "well", "first command"),
        (log(problem="it is read-only; choose another --db"), "failed", "choose another --db"),
        (log(open_to_others=True), "note", "other users"),
        (run.check_folders(["/a", "/b"]), "wrong", "chown -R $USER /a /b"),
        (check_part("voice", Part(what="", problem="no voice; add it", needed=False)), "note", "add it"),
        (check_part("voice", Part(what="", problem="no voice; add it", needed=True)), "wrong", "add it"),
        (run.check_button(True), "note", "press the button"),
        (check_model(Model(engine="auto", folder=None)), "note", "models fetch"),
        (check_model(Model(engine="vosk", folder=None)), "wrong", "models fetch"),
        (check_model(Model(engine="pocketsphinx", folder=None)), "well", "none needed"),
        (decoded(), "well", "real-time factor 0.20"),
        (decoded(cpu_s=1.5), "note", "hardly faster"),
        (decoded(cpu_s=2.5), "wrong", "slower than speech"),
        (decoded(intent=None, text=""), "wrong", "not understood"),
    ],
)
def test_sound_and_recognition_are_judged(finding: Finding, verdict: str, words: str) -> None:
    assert (finding.verdict, words in f"{finding.what} {finding.advice}") == (verdict, True), finding
    assert bool(finding.advice) == (finding.verdict in ("note", "wrong", "failed")), finding


def test_a_clock_behind_the_log_is_seen() -> None:
    late = dataclasses.replace(CLOCK, newest=NOW + timedelta(hours=1))
    findings = list(examine(dataclasses.replace(healthy(), clock=lambda: late)))
    assert [each.name for each in findings if each.verdict == "wrong"] == ["clock"]


def test_every_finding_is_documented() -> None:
    page = (Path(__file__).parents[3] / "docs" / "doctor.md").read_text()
    assert re.findall(r"^\| `([a-z ]+)` \|", page, flags=re.MULTILINE) == [
        finding.name for finding in examine(healthy())
    ]
