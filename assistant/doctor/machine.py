"""The machine itself: what kind it is, its memory, disk, clock, heat, power and permissions.

Each probe reads the system below a `root` folder ("/" but in tests) into plain facts; each check judges such facts.
"""

from __future__ import annotations

import grp
import os
import platform
import shutil
import struct
import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

from assistant.doctor.findings import Finding

if TYPE_CHECKING:
    from collections.abc import Sequence

ASK_S: Final = 5.0
"""Seconds that another program may take to answer."""

_MB: Final = 1 << 20


# ---- system


@dataclass(frozen=True, kw_only=True)
class System:
    """What kind of machine this is."""

    model: str
    """Name of the board; empty where it has none to tell."""
    architecture: str
    """As `uname -m` has it."""
    bits: int
    """Of the running Python: 32 or 64."""
    python: tuple[int, int]
    """Its version."""
    operating_system: str
    """Its name and version, as it calls itself."""


def probe_system(root: Path) -> System:
    """Read what kind of machine this is."""
    try:
        release = platform.freedesktop_os_release()["PRETTY_NAME"]
    except (OSError, KeyError):
        release = platform.system()
    return System(
        model=_text(root / "proc/device-tree/model").strip("\0\n "),
        architecture=platform.machine(),
        bits=8 * struct.calcsize("P"),
        python=(int(platform.python_version_tuple()[0]), int(platform.python_version_tuple()[1])),
        operating_system=release,
    )


def check_system(system: System) -> Finding:
    """64 bits are needed; everything else is told."""
    major, minor = system.python
    machine = system.model or system.architecture
    what = f"{machine}, {system.operating_system}, Python {major}.{minor}, {system.bits} bit"
    facts = {
        "model": system.model,
        "architecture": system.architecture,
        "bits": system.bits,
        "python": f"{major}.{minor}",
        "operating_system": system.operating_system,
    }
    if system.bits < 64:
        return Finding(
            name="system",
            verdict="wrong",
            what=what,
            advice="several libraries have no 32 bit packages: write the 64 bit Raspberry Pi OS onto the card",
            facts=facts,
        )
    return Finding(name="system", verdict="well", what=what, facts=facts)


# ---- memory


@dataclass(frozen=True, kw_only=True)
class Memory:
    """Main memory, bytes."""

    total: int
    available: int


def probe_memory(root: Path) -> Memory:
    """Read /proc/meminfo; OSError where there is none."""
    values = dict(line.split(":") for line in (root / "proc/meminfo").read_text().splitlines() if ":" in line)
    return Memory(
        total=int(values["MemTotal"].split()[0]) * 1024,
        available=int(values["MemAvailable"].split()[0]) * 1024,
    )


def check_memory(memory: Memory) -> Finding:
    """Enough for a recogniser: PocketSphinx and all the rest take about 250 MB, a small Vosk model 200 more."""
    total, available = memory.total // _MB, memory.available // _MB
    what = f"{available} MB of {total} MB are free"
    facts = {"total_mb": total, "available_mb": available}
    if available < 300:
        return Finding(
            name="memory",
            verdict="wrong",
            what=what,
            advice="listening needs 300 MB: end other programs, or use a system without a desktop",
            facts=facts,
        )
    return Finding(name="memory", verdict="well", what=what, facts=facts)


# ---- disk


@dataclass(frozen=True, kw_only=True)
class Disk:
    """Where the log lies."""

    folder: Path
    """The nearest folder of its path that exists."""
    free: int
    """Bytes that we may still use."""
    read_only: bool
    """Whether the file system takes nothing, as that of a worn card does."""


def probe_disk(path: Path) -> Disk:
    """The disk on which a file at `path` lies, or would."""
    folder = next(parent for parent in path.absolute().parents if parent.is_dir())
    return Disk(
        folder=folder,
        free=shutil.disk_usage(folder).free,
        read_only=bool(os.statvfs(folder).f_flag & os.ST_RDONLY),
    )


def check_disk(disk: Disk) -> Finding:
    """A hundred thousand interactions take about 200 MB."""
    free = disk.free // _MB
    what = f"{free} MB are free in {disk.folder}"
    facts = {"folder": str(disk.folder), "free_mb": free, "read_only": disk.read_only}
    if disk.read_only:
        return Finding(
            name="disk",
            verdict="failed",
            what=f"the file system of {disk.folder} is read-only",
            advice="a card that wears out becomes so: look at `dmesg`, save the log, and replace the card",
            facts=facts,
        )
    if free < 1000:
        return Finding(
            name="disk",
            verdict="failed" if free < 20 else "wrong" if free < 200 else "note",
            what=what,
            advice="make room: `sudo apt clean`, `journalctl --vacuum-size=50M`, or a larger card",
            facts=facts,
        )
    return Finding(name="disk", verdict="well", what=what, facts=facts)


def may_write(folder: Path) -> bool:
    """Whether files can be made in a folder, or the folder itself where it is missing."""
    there = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    return there.is_dir() and os.access(there, os.W_OK | os.X_OK)


# ---- clock


@dataclass(frozen=True, kw_only=True)
class Clock:
    """What time it is, and whether that is so."""

    now: datetime
    """By this machine, UTC."""
    not_before: datetime
    """It must be later than this: the program was installed then."""
    newest: datetime | None
    """When the last interaction in the log was; None for an empty log."""
    synchronised: bool | None
    """Whether it is kept right over the network; None where that is not known."""


def probe_synchronised(root: Path) -> bool | None:
    """Whether systemd holds the clock for right; None where it does not say."""
    if (root / "run/systemd/timesync/synchronized").exists():
        return True
    answer = ask("timedatectl", "show", "--property=NTPSynchronized", "--value")
    return {"yes": True, "no": False}.get(answer or "")


def check_clock(clock: Clock) -> Finding:
    """A Raspberry Pi has no clock of its own that goes on without power."""
    facts = {"now": clock.now.isoformat(timespec="seconds"), "synchronised": clock.synchronised}
    advice = "set it: `sudo timedatectl set-ntp true` with a network, or `sudo timedatectl set-time`"
    if clock.now < clock.not_before - timedelta(days=1):
        return Finding(
            name="clock",
            verdict="wrong",
            what=f"it is {clock.now:%Y-%m-%d %H:%M} UTC by this machine, before this program was installed",
            advice=advice,
            facts=facts,
        )
    if clock.newest is not None and clock.newest > clock.now + timedelta(minutes=5):
        return Finding(
            name="clock",
            verdict="wrong",
            what=f"the log has an entry of {clock.newest:%Y-%m-%d %H:%M} UTC, and it is {clock.now:%Y-%m-%d %H:%M}",
            advice=f"the clock was wrong then, or is now; {advice}",
            facts=facts,
        )
    if clock.synchronised is None:
        return Finding(
            name="clock",
            verdict="well",
            what=f"{clock.now:%Y-%m-%d %H:%M} UTC; who keeps it right is not known",
            facts=facts,
        )
    if not clock.synchronised:
        return Finding(
            name="clock",
            verdict="note",
            what=f"{clock.now:%Y-%m-%d %H:%M} UTC, and nothing keeps it right",
            advice=advice,
            facts=facts,
        )
    return Finding(
        name="clock", verdict="well", what=f"{clock.now:%Y-%m-%d %H:%M} UTC, kept right", facts=facts
    )


# ---- heat and power


@dataclass(frozen=True, kw_only=True)
class Heat:
    """How warm the processor is, and what the board has done about it."""

    celsius: float | None
    """None where no sensor tells."""
    throttled: int | None
    """The bits of `vcgencmd get_throttled`; None where there is no such thing."""


UNDER_VOLTAGE: Final = 1 << 0
CAPPED: Final = 1 << 1
THROTTLED: Final = 1 << 2
SOFT_LIMIT: Final = 1 << 3
"""Now; the same shifted by 16: since it was switched on. Source: Raspberry Pi documentation, get_throttled."""
_EVER: Final = 16


def probe_heat(root: Path) -> Heat:
    """Read the hottest sensor that is the processor's, else the hottest there is."""
    sensors: list[tuple[bool, float]] = []
    for zone in sorted((root / "sys/class/thermal").glob("thermal_zone*")):
        kind, value = _text(zone / "type").strip(), _text(zone / "temp").strip()
        if value.lstrip("-").isdigit():
            sensors.append(("cpu" in kind or kind == "x86_pkg_temp", int(value) / 1000))
    return Heat(celsius=max(sensors)[1] if sensors else None, throttled=_throttled(root))


def _throttled(root: Path) -> int | None:
    for text in (
        _text(root / "sys/devices/platform/soc/soc:firmware/get_throttled"),
        (ask("vcgencmd", "get_throttled") or "").removeprefix("throttled="),
    ):
        try:
            return int(text.strip(), 16)
        except ValueError:
            continue
    return None


def check_heat(heat: Heat) -> Finding:
    """A Raspberry Pi slows down from 80 degrees; a laptop's processor bears more, and slows down by itself too."""
    facts = {"celsius": heat.celsius, "throttled": None if heat.throttled is None else hex(heat.throttled)}
    what = "its temperature is not known" if heat.celsius is None else f"{heat.celsius:.0f} °C"
    advice = "give it a heat sink or a fan, and air"
    bits = heat.throttled or 0
    if bits & (CAPPED | THROTTLED | SOFT_LIMIT) or (heat.celsius is not None and heat.celsius >= 80):
        slowed = ", and it is slowed down now" if bits & (CAPPED | THROTTLED | SOFT_LIMIT) else ""
        return Finding(name="heat", verdict="wrong", what=what + slowed, advice=advice, facts=facts)
    if bits & (CAPPED | THROTTLED | SOFT_LIMIT) << _EVER:
        what += "; it has been slowed down since it was switched on"
        return Finding(name="heat", verdict="note", what=what, advice=advice, facts=facts)
    if heat.celsius is None:
        return Finding(name="heat", verdict="skipped", what=what, facts=facts)
    return Finding(name="heat", verdict="well", what=what, facts=facts)


@dataclass(frozen=True, kw_only=True)
class Power:
    """Where the current comes from."""

    throttled: int | None
    """As in `Heat`."""
    mains: bool | None
    """Whether a laptop is plugged in; None for a machine without a battery."""
    battery_percent: int | None
    """Charge; None likewise."""


def probe_power(root: Path) -> Power:
    """Read the supplies, and what the board says of its voltage."""
    mains: list[bool] = []
    charges: list[int] = []
    for supply in sorted((root / "sys/class/power_supply").glob("*")):
        kind, scope = _text(supply / "type").strip(), _text(supply / "scope").strip()
        if kind in ("Mains", "USB"):
            mains.append(_text(supply / "online").strip() == "1")
        # A mouse has a battery as well.
        elif kind == "Battery" and scope != "Device" and _text(supply / "capacity").strip().isdigit():
            charges.append(int(_text(supply / "capacity")))
    return Power(
        throttled=_throttled(root),
        mains=any(mains) if charges else None,
        battery_percent=min(charges) if charges else None,
    )


def check_power(power: Power) -> Finding:
    """Too little voltage makes a Raspberry Pi slow, its sound crackle and its card break."""
    facts = {"mains": power.mains, "battery_percent": power.battery_percent}
    advice = "use the supply made for this board, with its own cable, and fewer devices on its sockets"
    bits = power.throttled or 0
    if power.throttled is not None:
        facts["under_voltage"] = bool(bits & UNDER_VOLTAGE)
    if bits & UNDER_VOLTAGE:
        return Finding(
            name="power", verdict="wrong", what="the voltage is too low now", advice=advice, facts=facts
        )
    if bits & UNDER_VOLTAGE << _EVER:
        return Finding(
            name="power",
            verdict="note",
            what="the voltage has been too low since it was switched on",
            advice=advice,
            facts=facts,
        )
    if power.battery_percent is not None:
        if not power.mains:
            low = power.battery_percent < 20
            return Finding(
                name="power",
                verdict="note" if low else "well",
                what=f"on battery, {power.battery_percent} %",
                advice="plug it in" if low else "",
                facts=facts,
            )
        return Finding(name="power", verdict="well", what="plugged in", facts=facts)
    if power.throttled is None:
        return Finding(name="power", verdict="skipped", what="this machine does not tell", facts=facts)
    return Finding(name="power", verdict="well", what="the voltage is and was as it should be", facts=facts)


# ---- permissions


@dataclass(frozen=True, kw_only=True)
class Node:
    """A device in /dev."""

    path: str
    group: str
    """Whose members may use it."""
    usable: bool
    """Whether we may read and write it."""


@dataclass(frozen=True, kw_only=True)
class Access:
    """Which devices we may use."""

    nodes: tuple[Node, ...]
    groups: frozenset[str]
    """Those that we are in, by name, now."""
    is_root: bool
    wants_pins: bool
    """Whether the configuration has lights or a button."""
    wants_spi: bool
    """Whether it has lights on the SPI bus."""


def probe_access(root: Path, *, wants_pins: bool, wants_spi: bool) -> Access:
    """Look at the devices of sound, pins and SPI."""
    paths = [
        *sorted((root / "dev/snd").glob("pcm*")),
        *sorted((root / "dev").glob("gpiochip*")),
        *sorted((root / "dev").glob("spidev*")),
    ]
    return Access(
        nodes=tuple(
            Node(
                path=f"/{path.relative_to(root)}",
                group=_group(path.stat().st_gid),
                usable=os.access(path, os.R_OK | os.W_OK),
            )
            for path in paths
        ),
        groups=frozenset(_group(number) for number in {os.getgid(), *os.getgroups()}),
        is_root=os.geteuid() == 0,
        wants_pins=wants_pins,
        wants_spi=wants_spi,
    )


def check_access(access: Access) -> Finding:
    """The groups audio, gpio and spi, as far as they matter here."""
    name = "permissions"
    facts = {"groups": sorted(access.groups), "devices": [node.path for node in access.nodes]}
    present = {_kind(node.path) for node in access.nodes}
    if access.wants_pins and "gpiochip" not in present:
        return Finding(
            name=name,
            verdict="wrong",
            what="the configuration has lights or a button, and this machine has no pins",
            advice="take `[indicator]` and `[button]` out of it, or the profile of the board",
            facts=facts,
        )
    if access.wants_spi and "spidev" not in present:
        return Finding(
            name=name,
            verdict="wrong",
            what="the lights are on the SPI bus, which is not switched on",
            advice="`sudo raspi-config nonint do_spi 0`, then restart",
            facts=facts,
        )
    wanted = (
        {"pcm"} | ({"gpiochip"} if access.wants_pins else set()) | ({"spidev"} if access.wants_spi else set())
    )
    relevant = [node for node in access.nodes if _kind(node.path) in wanted]
    refused = [node for node in relevant if not node.usable]
    if refused:
        groups = sorted({node.group for node in refused})
        return Finding(
            name=name,
            verdict="wrong",
            what=f"you may not use {', '.join(node.path for node in refused)}",
            advice=f"`sudo usermod -aG {','.join(groups)} $USER`, then log out and in again",
            facts=facts,
        )
    borrowed = sorted({node.group for node in relevant} - access.groups)
    if borrowed and not access.is_root:
        return Finding(
            name=name,
            verdict="note",
            what="you may use the devices while you are logged in at the screen, and a service may not",
            advice=f"for `pennyworth service`: `sudo usermod -aG {','.join(borrowed)} $USER`, then log in again",
            facts=facts,
        )
    return Finding(
        name=name,
        verdict="well",
        what=f"{len(relevant)} devices may be used" if relevant else "there are no devices that need any",
        facts=facts,
    )


def _kind(path: str) -> str:
    return next(kind for kind in ("pcm", "gpiochip", "spidev") if Path(path).name.startswith(kind))


def _group(number: int) -> str:
    try:
        return grp.getgrgid(number).gr_name
    except KeyError:
        return str(number)


def _text(path: Path) -> str:
    """What a file of the system says; nothing where it does not."""
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""


def ask(*command: str) -> str | None:
    """What another program answers; None where it is not there, fails, or does not answer in time."""
    try:
        done = subprocess.run(  # noqa: S603 — commands of ours
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=ASK_S
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def installed_at(files: Sequence[Path]) -> datetime:
    """When the newest of these files was written, UTC."""
    return datetime.fromtimestamp(max(path.stat().st_mtime for path in files), UTC)
