"""Probes read a system that is made of files; checks judge what they read."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from assistant.doctor import machine
from assistant.doctor.machine import (
    Access,
    Clock,
    Disk,
    Heat,
    Memory,
    Node,
    Power,
    System,
    check_access,
    check_clock,
    check_disk,
    check_heat,
    check_memory,
    check_power,
    check_system,
    probe_access,
    probe_disk,
    probe_heat,
    probe_memory,
    probe_power,
    probe_synchronised,
    probe_system,
)

if TYPE_CHECKING:
    from assistant.doctor.findings import Finding

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A system without anything, on which no other program answers."""
    monkeypatch.setattr(machine, "ask", lambda *_: None)
    return tmp_path


def put(root: Path, **files: str) -> None:
    """Files of a system, with / as __ in their names."""
    for name, text in files.items():
        path = root / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def test_a_raspberry_pi_is_read(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(
        root,
        proc__meminfo="MemTotal:        3884360 kB\nMemFree: 1 kB\nMemAvailable:    3221424 kB\n",
        sys__class__thermal__thermal_zone0__type="cpu-thermal\n",
        sys__class__thermal__thermal_zone0__temp="48312\n",
        sys__class__thermal__thermal_zone1__type="battery\n",
        sys__class__thermal__thermal_zone1__temp="90000\n",
        run__systemd__timesync__synchronized="",
    )
    put(root, **{"proc__device-tree__model": "Raspberry Pi 4 Model B Rev 1.4\0"})
    monkeypatch.setattr(
        machine, "ask", lambda *command: "throttled=0x50005" if "vcgencmd" in command else None
    )
    assert probe_system(root).model == "Raspberry Pi 4 Model B Rev 1.4"
    assert probe_memory(root) == Memory(total=3884360 * 1024, available=3221424 * 1024)
    assert probe_heat(root) == Heat(celsius=48.312, throttled=0x50005)
    assert probe_power(root) == Power(throttled=0x50005, mains=None, battery_percent=None)
    assert probe_synchronised(root) is True
    put(root, **{"sys__devices__platform__soc__soc:firmware__get_throttled": "4\n"})
    assert probe_heat(root).throttled == 4


def test_a_laptop_is_read(root: Path) -> None:
    put(
        root,
        sys__class__power_supply__AC__type="Mains\n",
        sys__class__power_supply__AC__online="0\n",
        sys__class__power_supply__BAT0__type="Battery\n",
        sys__class__power_supply__BAT0__capacity="17\n",
        sys__class__power_supply__mouse__type="Battery\n",
        sys__class__power_supply__mouse__scope="Device\n",
        sys__class__power_supply__mouse__capacity="3\n",
        sys__class__thermal__thermal_zone0__type="acpitz\n",
        sys__class__thermal__thermal_zone0__temp="61000\n",
    )
    assert probe_power(root) == Power(throttled=None, mains=False, battery_percent=17)
    assert probe_heat(root) == Heat(celsius=61.0, throttled=None)


def test_a_machine_that_tells_nothing_is_read(root: Path) -> None:
    assert probe_heat(root) == Heat(celsius=None, throttled=None)
    assert probe_power(root) == Power(throttled=None, mains=None, battery_percent=None)
    assert probe_synchronised(root) is None
    assert probe_system(root).model == ""
    assert probe_access(root, wants_pins=True, wants_spi=True).nodes == ()
    with pytest.raises(OSError, match="meminfo"):
        probe_memory(root)


def test_devices_and_their_groups_are_read(root: Path) -> None:
    put(root, dev__snd__pcmC1D0c="", dev__gpiochip0="", dev__null="")
    put(root, **{"dev__spidev0.0": ""})
    access = probe_access(root, wants_pins=False, wants_spi=False)
    assert [node.path for node in access.nodes] == ["/dev/snd/pcmC1D0c", "/dev/gpiochip0", "/dev/spidev0.0"]
    assert all(node.usable for node in access.nodes)
    assert {node.group for node in access.nodes} <= access.groups


def test_the_disk_of_a_log_that_is_not_there_yet(tmp_path: Path) -> None:
    disk = probe_disk(tmp_path / "a" / "b" / "log.db")
    assert disk.folder == tmp_path
    assert (disk.free > 0, disk.read_only) == (True, False)


SYSTEM = System(model="", architecture="aarch64", bits=64, python=(3, 11), operating_system="Debian")
ACCESS = Access(
    nodes=(
        Node(path="/dev/snd/pcmC1D0c", group="audio", usable=True),
        Node(path="/dev/gpiochip0", group="gpio", usable=True),
        Node(path="/dev/spidev0.0", group="spi", usable=True),
    ),
    groups=frozenset({"audio", "gpio", "spi"}),
    is_root=False,
    wants_pins=True,
    wants_spi=True,
)
CLOCK = Clock(now=NOW, not_before=NOW - timedelta(days=9), newest=NOW, synchronised=True)
MB = 1 << 20


def access(**changes: Any) -> Finding:
    return check_access(dataclasses.replace(ACCESS, **changes))


def refused(path: str) -> tuple[Node, ...]:
    return tuple(dataclasses.replace(node, usable=node.path != path) for node in ACCESS.nodes)


@pytest.mark.parametrize(
    ("finding", "verdict", "words"),
    [
        (check_system(SYSTEM), "well", "aarch64, Debian, Python 3.11, 64 bit"),
        (check_system(dataclasses.replace(SYSTEM, bits=32)), "wrong", "64 bit Raspberry Pi OS"),
        (check_memory(Memory(total=4000 * MB, available=3000 * MB)), "well", "3000 MB of 4000 MB"),
        (check_memory(Memory(total=426 * MB, available=120 * MB)), "wrong", "end other programs"),
        (check_disk(Disk(folder=Path("/x"), free=5000 * MB, read_only=False)), "well", "5000 MB"),
        (check_disk(Disk(folder=Path("/x"), free=900 * MB, read_only=False)), "note", "make room"),
        (check_disk(Disk(folder=Path("/x"), free=100 * MB, read_only=False)), "wrong", "make room"),
        (check_disk(Disk(folder=Path("/x"), free=5 * MB, read_only=False)), "failed", "make room"),
        (check_disk(Disk(folder=Path("/x"), free=5000 * MB, read_only=True)), "failed", "replace the card"),
        (check_clock(CLOCK), "well", "kept right"),
        (check_clock(dataclasses.replace(CLOCK, synchronised=None)), "well", "not known"),
        (check_clock(dataclasses.replace(CLOCK, synchronised=False)), "note", "set-ntp"),
        (check_clock(dataclasses.replace(CLOCK, now=datetime(1970, 1, 1, tzinfo=UTC))), "wrong", "before"),
        (check_clock(dataclasses.replace(CLOCK, newest=NOW + timedelta(days=1))), "wrong", "2026-11-25"),
        (check_heat(Heat(celsius=50, throttled=0)), "well", "50 °C"),
        (check_heat(Heat(celsius=None, throttled=None)), "skipped", "not known"),
        (check_heat(Heat(celsius=81, throttled=None)), "wrong", "heat sink"),
        (check_heat(Heat(celsius=70, throttled=0x4)), "wrong", "slowed down now"),
        (check_heat(Heat(celsius=60, throttled=0x80000)), "note", "since it was switched on"),
        (check_heat(Heat(celsius=60, throttled=0x50001)), "note", "since it was switched on"),
        (check_power(Power(throttled=0x0, mains=None, battery_percent=None)), "well", "as it should be"),
        (check_power(Power(throttled=0x1, mains=None, battery_percent=None)), "wrong", "supply"),
        (check_power(Power(throttled=0x10000, mains=None, battery_percent=None)), "note", "supply"),
        (check_power(Power(throttled=None, mains=None, battery_percent=None)), "skipped", "not tell"),
        (check_power(Power(throttled=None, mains=True, battery_percent=3)), "well", "plugged in"),
        (check_power(Power(throttled=None, mains=False, battery_percent=60)), "well", "60 %"),
        (check_power(Power(throttled=None, mains=False, battery_percent=6)), "note", "plug it in"),
        (access(), "well", "3 devices"),
        (access(nodes=(), wants_pins=False, wants_spi=False), "well", "no devices"),
        (access(nodes=ACCESS.nodes[:1]), "wrong", "no pins"),
        (access(nodes=ACCESS.nodes[:2]), "wrong", "do_spi 0"),
        (access(nodes=refused("/dev/snd/pcmC1D0c")), "wrong", "usermod -aG audio "),
        (access(nodes=refused("/dev/gpiochip0")), "wrong", "usermod -aG gpio "),
        (access(nodes=refused("/dev/gpiochip0"), wants_pins=False), "well", "2 devices"),
        (access(groups=frozenset({"gpio", "spi"})), "note", "usermod -aG audio "),
        (access(groups=frozenset(), is_root=True), "well", "3 devices"),
    ],
)
def test_what_is_read_is_judged(finding: Finding, verdict: str, words: str) -> None:
    assert (finding.verdict, words in f"{finding.what} {finding.advice}") == (verdict, True), finding
    # Whatever is not as it should be comes with something to do.
    assert bool(finding.advice) == (finding.verdict in ("note", "wrong", "failed")), finding


def test_another_program_that_hangs_or_fails_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "ASK_S", 0.2)
    assert machine.ask("sleep", "60") is None
    assert machine.ask("false") is None
    assert machine.ask("no-such-program-anywhere") is None
    assert machine.ask("echo", "yes") == "yes"
