"""The wheel holds everything that the program reads, and runs where there is no checkout."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from a copy of what git tracks or would track, so that nothing left lying about can get in."""
    source, out = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    for name in listed:
        if (ROOT / name).is_file():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, source / name)
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(out)],
        cwd=source,
        check=True,
        capture_output=True,
    )
    (built,) = out.glob("pennyworth-*-py3-none-any.whl")
    return built


def test_the_wheel_holds_definitions_configuration_and_the_household(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    for path in (ROOT / "configs").rglob("*.toml"):
        assert f"assistant/_data/{path.relative_to(ROOT)}" in names
    for path in (ROOT / "intents" / "definitions").rglob("*.yaml"):
        assert str(path.relative_to(ROOT)) in names
    assert {"intents/models/en.npz", "intents/models/ATTRIBUTION.md"} <= names
    for path in (ROOT / "tests" / "audio" / "household").iterdir():
        assert f"assistant/_data/household/{path.name}" in names
    assert {name.split("/")[0] for name in names if "dist-info" not in name} == {
        "assistant",
        "intents",
        "hardware",
    }


def test_the_wheel_runs_outside_the_checkout(wheel: Path, tmp_path: Path) -> None:
    """Unpacked in front of everything else on the path, so that no file of the checkout can stand in."""
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "site")
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "PYTHONPATH": str(tmp_path / "site")}

    def python(*arguments: str) -> str:
        return subprocess.run(
            [sys.executable, *arguments],
            cwd=tmp_path,
            env=environment,
            check=True,
            capture_output=True,
            text=True,
        ).stdout

    where = python(
        "-c", "import assistant, assistant.resources as r; print(assistant.__file__, r.configs_dir())"
    )
    assert all(part.startswith(str(tmp_path / "site")) for part in where.split())
    case = json.loads((ROOT / "tests/audio/household/cases.jsonl").read_text().splitlines()[1])
    recording = (
        python("-c", "import assistant.resources as r; print(r.household_dir())").strip()
        + "/"
        + case["audio"]
    )
    heard = json.loads(python("-m", "assistant.cli", "hear", recording, "--json"))
    assert [it["intent"] for it in heard["interactions"]] == [case["intent"]]
    assert "ordered" in python("-m", "assistant.cli", "say", "order a large pepperoni pizza", "yes")
    assert "Income statement" in python("-m", "assistant.cli", "pnl")


@pytest.mark.slow
def test_the_wheel_installs_with_its_locked_dependencies(wheel: Path, tmp_path: Path) -> None:
    """What `pipx install` does: an environment of its own, dependencies by hash, the command on the path."""
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "venv"], check=True)
    pip: list[str | Path] = [tmp_path / "venv/bin/python", "-m", "pip", "install", "--quiet"]
    for lock in ("requirements-build.lock", "requirements.lock"):
        subprocess.run([*pip, "--no-build-isolation", "--require-hashes", "-r", ROOT / lock], check=True)
    subprocess.run([*pip, "--no-deps", wheel], check=True)
    run = subprocess.run(
        [tmp_path / "venv/bin/pennyworth", "demo"],
        cwd=tmp_path,
        env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert "Income statement" in run.stdout


def test_the_locks_name_versions_and_hashes_and_no_addresses() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    for lock in (*ROOT.glob("requirements*.lock"), *(ROOT / ".ci").glob("*.lock")):
        text = lock.read_text()
        assert "://" not in text, lock
        for requirement in re.findall(r"^[a-z0-9].*(?:\n    .*)*", text, flags=re.MULTILINE):
            assert re.match(r"\S+==\S+", requirement), requirement
            assert "--hash=sha256:" in requirement, requirement
    locked = set(
        re.findall(r"^([a-z0-9._-]+)==", (ROOT / "requirements.lock").read_text(), flags=re.MULTILINE)
    )
    direct = {re.split(r"[><=]", name)[0] for name in project["project"]["dependencies"]}
    assert direct <= locked


def test_the_top_level_is_as_agreed() -> None:
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert {name.split("/")[0] for name in tracked.splitlines()} <= {
        *("assistant", "intents", "hardware", "tests", "configs", "docs", "pyproject.toml"),
        *("README.md", "LICENSE", "CHANGELOG.md", "Makefile", ".ci", ".gitignore"),
        *("requirements.lock", "requirements-dev.lock", "requirements-build.lock"),
    }
