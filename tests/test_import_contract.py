"""The import contract holds, and it bites: a planted violation is found."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


def lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env={"PYTHONPATH": str(folder), "PATH": str(Path(sys.executable).parent)},
    )


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    for package in ("assistant", "intents", "hardware"):
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def test_the_contract_holds(copy: Path) -> None:
    run = lint_imports(copy)
    assert run.returncode == 0, run.stdout + run.stderr


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("assistant/money.py", "import assistant.config"),
        ("assistant/ledger/rules.py", "import assistant.store.store"),
        ("intents/match.py", "import hardware.audio"),
        ("intents/match.py", "import assistant.money"),
        ("hardware/audio.py", "import assistant.records"),
        ("assistant/recognition/protocol.py", "import assistant.pipeline"),
    ],
)
def test_an_import_upwards_is_found(copy: Path, module: str, line: str) -> None:
    with (copy / module).open("a") as file:
        file.write(f"\n{line}\n")
    run = lint_imports(copy)
    assert run.returncode == 1, run.stdout + run.stderr
    assert "BROKEN" in run.stdout


def test_a_module_without_a_place_in_the_layers_is_found(copy: Path) -> None:
    (copy / "assistant" / "stray.py").write_text("")
    assert lint_imports(copy).returncode == 1
