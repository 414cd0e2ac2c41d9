"""Every locked dependency has a wheel for the Raspberry Pi, so that nothing is compiled on it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[1]

GLIBC = {"3.11": 36, "3.13": 41}
"""Of the Raspberry Pi OS that has this Python: Bookworm and Trixie."""

WITHOUT_WHEEL = {"srt"}
"""Pure Python, packed as source only; see the Makefile."""


def wanted(lock: Path, python: str) -> dict[str, str]:
    """Of each locked package that a 64 bit Raspberry Pi installs, its line with its hashes and without its marker."""
    environment = {
        "implementation_name": "cpython",
        "platform_machine": "aarch64",
        "platform_python_implementation": "CPython",
        "platform_system": "Linux",
        "python_full_version": f"{python}.2",
        "python_version": python,
        "sys_platform": "linux",
    }
    lines = {}
    for block in re.findall(r"^[a-z0-9].*(?:\n    --hash.*)*", lock.read_text(), flags=re.MULTILINE):
        head, *hashes = block.replace(" \\\n", "\n").splitlines()
        requirement = Requirement(head)
        if requirement.marker is None or requirement.marker.evaluate(environment):
            lines[requirement.name] = " ".join([f"{requirement.name}{requirement.specifier}", *hashes])
    return lines


def test_the_lock_has_what_the_pins_need_on_a_raspberry_pi_and_not_elsewhere() -> None:
    old, new = (wanted(ROOT / "requirements.lock", python) for python in GLIBC)
    assert {"gpiozero", "lgpio"} <= set(old)
    assert {"gpiozero", "adafruit-lgpio"} <= set(new)
    assert not {"lgpio"} & set(new)
    # No other package of the lock goes by the kind of machine.
    assert set(old) ^ set(new) <= {"lgpio", "adafruit-lgpio"}


@pytest.mark.slow
@pytest.mark.parametrize("python", GLIBC)
def test_every_dependency_has_a_wheel_for_the_raspberry_pi(python: str, tmp_path: Path) -> None:
    lines = wanted(ROOT / "requirements.lock", python)
    assert set(lines) >= WITHOUT_WHEEL
    requirements = tmp_path / "requirements.txt"
    requirements.write_text("\n".join(line for name, line in lines.items() if name not in WITHOUT_WHEEL))
    report = tmp_path / "report.json"
    # All that this glibc can load, newest first.
    platforms = [f"--platform=manylinux_2_{minor}_aarch64" for minor in range(GLIBC[python], 16, -1)]
    done = subprocess.run(
        [
            *(
                sys.executable,
                "-m",
                "pip",
                "install",
                "--quiet",
                "--dry-run",
                "--no-deps",
                "--require-hashes",
            ),
            *("--only-binary=:all:", f"--target={tmp_path / 'target'}", f"--report={report}"),
            *(f"--python-version={python}", "--implementation=cp", *platforms),
            *("--platform=manylinux2014_aarch64", "--retries=1", "--timeout=20", "-r", requirements),
        ],
        env={**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=900,
    )
    if done.returncode and re.search(r"NewConnectionError|ConnectTimeout|NameResolutionError", done.stderr):
        pytest.skip("the package index cannot be reached")
    assert done.returncode == 0, done.stderr
    found = {
        item["metadata"]["name"].lower().replace("_", "-")
        for item in json.loads(report.read_text())["install"]
    }
    assert found == set(lines) - WITHOUT_WHEEL
