"""A simulation that is killed leaves nothing half, is not read as if it were whole, and goes on when repeated."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from assistant.economics.fleet.lake import Lake, committed
from assistant.economics.fleet.simulate import simulate
from assistant.errors import FleetError
from tests.assistant.economics.fleet.fleets import fleet
from tests.assistant.economics.fleet.test_simulate import contents

PROGRAM = """
from pathlib import Path
import sys
from assistant.economics.fleet.simulate import simulate
from tests.assistant.economics.fleet.fleets import fleet
if __name__ == "__main__":
    simulate(fleet(households=2400), Path(sys.argv[1]), workers=int(sys.argv[2]))
"""


@pytest.mark.parametrize("workers", [1, 2])
def test_killed_half_way_and_repeated(tmp_path: Path, workers: int) -> None:
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    out = tmp_path / "lake"
    kills = 0
    for parts in (1, 6):
        process = subprocess.Popen(
            [sys.executable, str(program), str(out), str(workers)], env={"PYTHONPATH": "."}
        )
        while len(committed(out)) < parts and process.poll() is None:
            time.sleep(0.005)
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
        working = (
            [Path("/proc") / child for child in children.read_text().split()] if children.exists() else []
        )
        process.kill()
        process.wait()
        # Nobody goes on for a program that is gone.
        patience = time.monotonic() + 60
        while any(child.exists() for child in working) and time.monotonic() < patience:
            time.sleep(0.05)
        assert not [child for child in working if child.exists()]
        if len(committed(out)) < 24:
            kills += 1
            with pytest.raises(FleetError, match="was not finished"):
                Lake.open(out)
    assert kills
    lake = simulate(fleet(households=2400), out, workers=1)
    assert not [file for file in out.rglob("*.tmp") if not file.name.startswith(".block")]
    whole = simulate(fleet(households=2400), tmp_path / "whole", workers=1)
    here, there = contents(out), contents(tmp_path / "whole")
    assert {name: here[name] for name in there} == there
    assert lake.parts == whole.parts
