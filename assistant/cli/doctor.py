"""`pennyworth doctor`: is this machine fit to listen, and if not, what is to be done?"""

from __future__ import annotations

import json
import time
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click
import numpy as np
import platformdirs
from rich.live import Live
from rich.text import Text

import assistant
from assistant.audiotest.cases import load_cases
from assistant.cli.conversation import limits, own_replies, pin
from assistant.cli.device import indicator_settings, mute_file, open_voice
from assistant.cli.hear import with_engine
from assistant.cli.models import used_model
from assistant.cli.options import Settings, cache_dir, console, global_options, json_option
from assistant.cli.service import mend_service, service_finding, unit_path
from assistant.cli.session import read_catalogue
from assistant.config import load_config
from assistant.doctor.engines import Decoded, Model, decode
from assistant.doctor.findings import exit_code
from assistant.doctor.machine import (
    Clock,
    installed_at,
    may_write,
    probe_access,
    probe_disk,
    probe_heat,
    probe_memory,
    probe_power,
    probe_synchronised,
    probe_system,
)
from assistant.doctor.mend import make_private, unmute
from assistant.doctor.run import Probes, examine
from assistant.doctor.sound import Part, Recording
from assistant.errors import ConfigError, StoreError
from assistant.ledger.plan_file import load_plan
from assistant.replies import load_replies
from assistant.resources import household_dir
from assistant.store.health import log_health
from assistant.zone import time_zone
from hardware.audio import SAMPLE_RATE, AudioChunk
from hardware.gpio import NO_PIN
from hardware.level import SILENCE_DBFS, measure
from hardware.microphone import MicrophoneSettings, microphone_chunks
from hardware.pcm import FULL_SCALE
from hardware.soundcheck import play, sound_devices
from hardware.voice import VoiceError
from hardware.wakeword import MicroWakeWord, WakeWordError

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Iterator

    from numpy.typing import NDArray
    from rich.console import Console

    from assistant.doctor.findings import Finding, Verdict

_ROOT: Final = Path("/")
_SETTLE_S: Final = 0.3
"""Seconds at the beginning of a recording that are not judged: devices click when they are opened."""
_STYLES: Final[dict[Verdict, str]] = {
    "well": "green",
    "note": "yellow",
    "wrong": "bold red",
    "failed": "bold red",
    "skipped": "dim",
}


@click.command(name="doctor")
@click.option(
    "--profile",
    "profiles",
    multiple=True,
    help="Examine for the settings of `listen --profile` (may be repeated).",
)
@click.option(
    "--engine",
    type=click.Choice(["auto", "vosk", "pocketsphinx"]),
    help="Try this recogniser (default: as configured).",
)
@click.option(
    "--seconds",
    type=click.FloatRange(0, 60),
    default=3.0,
    show_default=True,
    help="How long to record; 0 leaves the microphone and the loudspeaker alone.",
)
@click.option("--play/--no-play", "plays", default=True, help="Play back what was recorded (default: do).")
@click.option("--fix", is_flag=True, help="Put right what can safely be put right, and look again.")
@json_option
@global_options
@click.pass_obj
def command(
    settings: Settings,
    /,
    profiles: tuple[str, ...],
    engine: str | None,
    seconds: float,
    plays: bool,
    fix: bool,
    as_json: bool,
) -> int:
    """Examine this machine: sound, recognition, log, clock, heat, power, permissions; and say what to do.

    It never hangs, whatever does. Speak while it records to see your level. Exits with 1 where something is to be put
    right, and with 3 where a device or a file does not work.
    """
    out = console()
    out.quiet = as_json
    patient = _Patient(
        settings, profiles=profiles, engine=engine, seconds=seconds, plays=plays, shows=not as_json
    )
    found = _examined(patient, out)
    mended: list[str] = []
    ill = [finding for finding in found.values() if finding.mend]
    if fix and ill:
        mended = list(patient.mend(ill))
        for line in mended:
            out.print(f"mended: {line}", markup=False, soft_wrap=True)
        again = {finding.name for finding in ill}
        # What could not be played before it was mended.
        found |= _examined(patient, out, only=again | ({"playback"} if "microphone" in again else set()))
    findings = list(found.values())
    if as_json:
        document = {
            "ok": exit_code(findings) == 0,
            "software": assistant.__version__,
            "findings": [finding.to_json() for finding in findings],
            "mended": mended,
        }
        click.echo(json.dumps(document, indent=2))
    else:
        out.print(_sum(findings), soft_wrap=True)
    return exit_code(findings)


class _Patient:
    """This machine under these settings: the probes that read it, and what puts it right."""

    def __init__(
        self,
        settings: Settings,
        *,
        profiles: tuple[str, ...],
        engine: str | None,
        seconds: float,
        plays: bool,
        shows: bool,
    ) -> None:
        self._settings = settings
        self._seconds = seconds
        self._plays = plays
        self._shows = shows
        self._recorded: NDArray[np.int16] = np.zeros(0, np.int16)
        self._complaint: ConfigError | None = None
        try:
            config = settings.load(profiles)
        except ConfigError as error:
            # The rest is examined as if there were none.
            self._complaint = error
            config = load_config()
        self._config = with_engine(config, engine)

    def probes(self) -> Probes:
        """How it is read."""
        config, log = self._config, self._settings.db_path
        wants_spi = config.indicator.kind == "apa102"
        wants_pins = config.indicator.kind != "none" or {config.button.mute, config.button.talk} != {NO_PIN}
        records = self._seconds > 0
        return Probes(
            config=self._read_config,
            folders=self._refused,
            system=lambda: probe_system(_ROOT),
            memory=lambda: probe_memory(_ROOT),
            disk=lambda: probe_disk(log),
            clock=self._clock,
            heat=lambda: probe_heat(_ROOT),
            power=lambda: probe_power(_ROOT),
            access=lambda: probe_access(_ROOT, wants_pins=wants_pins, wants_spi=wants_spi),
            log=lambda: log_health(log),
            model=lambda: Model(engine=config.recognition.engine, folder=used_model(config)),
            decoded=self._decode if config.language == "en" else None,
            devices=sound_devices,
            recording=self._record if records else None,
            playback=self._play if records and self._plays else None,
            muted=mute_file().exists if config.button.mute != NO_PIN else None,
            voice=self._voice if config.voice.engine != "none" else None,
            wake_word=self._wake_word if config.hearing.wake_word else None,
            service=service_finding if unit_path().exists() else None,
        )

    def mend(self, findings: Iterable[Finding]) -> Iterator[str]:
        """Put right what these findings name; what was done about each."""
        mends: dict[str, Callable[[], str]] = {
            "privacy": lambda: make_private(self._settings.db_path),
            "unmute": unmute,
            "service": mend_service,
        }
        for name in dict.fromkeys(finding.mend for finding in findings if finding.mend):
            try:
                yield mends[name]()
            except OSError as error:
                yield f"{name} could not be mended: {error}"

    def _refused(self) -> list[str]:
        folders = [
            self._settings.db_path.absolute().parent,
            cache_dir(),
            platformdirs.user_config_path("pennyworth"),
        ]
        return [str(folder) for folder in folders if not may_write(folder)]

    def _read_config(self) -> str:
        """Read all that the configuration names, as a start would."""
        if self._complaint:
            raise self._complaint
        config = self._config
        plan = load_plan(config.books.plan)
        time_zone(config.zone)
        load_replies(config.language, own=own_replies(config))
        limits(config, plan.currency)
        pin(config)
        indicator_settings(config.indicator)
        catalogue = read_catalogue(config)
        return f"in order; {len(catalogue.intents)} intents, plan {plan.name}, device {config.device!r}"

    def _clock(self) -> Clock:
        newest = None
        try:
            newest = log_health(self._settings.db_path).newest
        except (StoreError, OSError):
            # The log's own finding says so.
            newest = None
        return Clock(
            now=datetime.now(UTC),
            not_before=installed_at([Path(assistant.__file__)]),
            newest=newest,
            synchronised=probe_synchronised(_ROOT),
        )

    def _record(self) -> Recording:
        device = self._config.microphone.device
        chunks: list[NDArray[np.int16]] = []
        heard, lost = 0.0, 0
        with (
            microphone_chunks(MicrophoneSettings(device=None if device == "" else device)) as stream,
            _meter(self._seconds, shows=self._shows) as show,
        ):
            for chunk in stream:
                heard = chunk.end_s
                if chunk.start_s >= _SETTLE_S:
                    chunks.append(chunk.samples)
                    lost += chunk.lost_frames
                show(heard, chunk.samples)
                if heard >= self._seconds + _SETTLE_S:
                    break
        self._recorded = np.concatenate(chunks)
        return Recording(seconds=heard - _SETTLE_S, lost_frames=lost, level=measure(self._recorded))

    def _play(self) -> str:
        begun = time.monotonic()
        device = self._config.voice.device
        play(self._recorded, None if device == "" else device)
        return f"{len(self._recorded) / SAMPLE_RATE:.1f} s were played in {time.monotonic() - begun:.1f} s"

    def _voice(self) -> Part:
        needed = self._config.voice.engine != "auto"
        try:
            voice = open_voice(self._config)
            sound = voice.say("hello")
        except VoiceError as error:
            return Part(what="", problem=str(error), needed=needed)
        return Part(what=f"{voice.name} says hello in {sound.duration_s:.1f} s", problem="", needed=needed)

    def _wake_word(self) -> Part:
        phrase, needed = self._config.hearing.wake_word, self._config.hearing.mode == "wake"
        try:
            MicroWakeWord(phrase).hear(AudioChunk(samples=np.zeros(SAMPLE_RATE, np.int16), start_s=0.0))
        except WakeWordError as error:
            return Part(what="", problem=str(error), needed=needed)
        return Part(what=f"“{phrase}” is listened for", problem="", needed=needed)

    def _decode(self) -> Decoded:
        case = next(case for case in load_cases(household_dir()) if case.intent and not case.conversation)
        options = ["--engine", self._config.recognition.engine]
        if self._settings.config and not self._complaint:
            options += ["--config", str(self._settings.config)]
        return decode(household_dir() / case.audio, expected=str(case.intent), options=options)


@contextmanager
def _meter(seconds: float, *, shows: bool) -> Iterator[Callable[[float, NDArray[np.int16]], None]]:
    """What shows the level of each chunk while it is recorded, where there is a terminal to show it on."""
    out = console(stderr=True)
    if not shows or not out.is_terminal:
        yield lambda _at_s, _samples: None
        return
    with Live(console=out, transient=True, refresh_per_second=10) as live:

        def show(at_s: float, samples: NDArray[np.int16]) -> None:
            if len(samples):
                loudest = float(np.max(np.abs(samples.astype(np.int32)))) / FULL_SCALE
                dbfs = max(SILENCE_DBFS, 20 * float(np.log10(max(loudest, 1e-9))))
                bar = "█" * round(max(0.0, (dbfs + 60) / 60) * 30)
                left = max(0.0, seconds - at_s)
                live.update(Text(f"  speak: {bar:<30} {dbfs:4.0f} dBFS, {left:.0f} s"))

        yield show


def _examined(patient: _Patient, out: Console, *, only: Container[str] | None = None) -> dict[str, Finding]:
    """Examine everything (or those findings `only`), and show each finding as soon as it is there."""
    found = {}
    for finding in examine(patient.probes(), only=only):
        found[finding.name] = finding
        out.print(_line(finding), soft_wrap=True)
    return found


def _line(finding: Finding) -> Text:
    text = Text(f"{finding.verdict:<8}", style=_STYLES[finding.verdict])
    text.append(f"{finding.name:<12} ", style="bold")
    text.append(finding.what, style="not bold default")
    if finding.advice:
        text.append(f"\n{'':21}{finding.advice}", style="not bold italic default")
    return text


def _sum(findings: list[Finding]) -> str:
    bad = [finding.name for finding in findings if finding.verdict in ("wrong", "failed")]
    notes = sum(finding.verdict == "note" for finding in findings)
    noted = f"{notes} {'note' if notes == 1 else 'notes'}"
    if bad:
        return f"\nTo be put right: {', '.join(bad)}; {noted}."
    return f"\nThis machine is fit to listen; {noted}."
