"""The example of docs/attribution.md: a street of households whose every purchase is known to be caused or not.

`python -m tests.assistant.economics.attribution.example` writes its tables and the page's figures again.
"""

from __future__ import annotations

import csv
import os
import random
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from assistant.money import Money

ROOT: Final = Path(__file__).resolve().parents[4]
PAGE: Final = ROOT / "docs" / "attribution.md"
FOLDER: Final = Path("docs/examples/attribution")
FILES: Final = {name: FOLDER / f"{name}.csv" for name in ("touches", "purchases", "households")}
COMMAND: Final = ["pennyworth", "attribution", "compare"]
OPTIONS: Final = [(f"--{name}", str(path)) for name, path in FILES.items()]

_HOUSEHOLDS: Final = 240
_DAYS: Final = 28
_START: Final = datetime(2026, 3, 2, 7, tzinfo=UTC)


def tables() -> tuple[dict[str, list[dict[str, Any]]], Money]:
    """Touches, purchases and households as rows, and what the device truly caused.

    Everyone buys now and then. Half of the households, drawn by lot, get the device: they ask for music and the
    weather, order half of what they would have bought anyway by voice, and buy a little more because they can.
    """
    # Not numpy: what it draws from a seed may change with its version.
    dice = random.Random(2022)
    touches: list[dict[str, Any]] = []
    purchases: list[dict[str, Any]] = []
    households: list[dict[str, Any]] = []
    held_out = set(dice.sample(range(_HOUSEHOLDS), _HOUSEHOLDS // 2))
    caused = 0

    def times(mean: float) -> int:
        """How often in the four weeks: on average so often, on at most one day in two."""
        return sum(dice.random() < mean / (_DAYS / 2) for _ in range(_DAYS // 2))

    def moment(day: float) -> str:
        return (_START + timedelta(days=day)).isoformat(timespec="seconds")

    def touch(household: str, day: float, kind: str) -> str:
        name = f"t{len(touches) + 1}"
        touches.append({"id": name, "household": household, "time": moment(day), "kind": kind})
        return name

    def buy(household: str, day: float, *, by_voice: bool) -> int:
        cents = dice.randrange(900, 3_200)
        made_by = touch(household, day, dice.choice(["pizza", "pizza", "ride"])) if by_voice else ""
        purchases.append(
            {
                "id": f"p{len(purchases) + 1}",
                "household": household,
                "time": moment(day + 0.002),
                "value": f"{cents // 100}.{cents % 100:02}",
                "currency": "USD",
                "touch": made_by,
            }
        )
        return cents

    for n in range(_HOUSEHOLDS):
        household, has_device = f"h{n + 1:02}", n not in held_out
        households.append({"household": household, "holdout": str(not has_device).lower()})
        if has_device:
            for kind, often in (("music", 4), ("weather", 2)):
                for _ in range(times(often)):
                    touch(household, dice.random() * _DAYS, kind)
        for _ in range(times(2)):
            buy(household, dice.random() * _DAYS, by_voice=has_device and dice.random() < 0.5)
        if has_device:
            for _ in range(times(0.5)):
                caused += buy(household, dice.random() * _DAYS, by_voice=True)
    rows = {"touches": touches, "purchases": purchases, "households": households}
    return rows, Money(currency="USD", micros=caused * 10_000)


def write(folder: Path) -> None:
    """The three tables as CSV."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, rows in tables()[0].items():
        with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, rows[0], lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)


def compared() -> str:
    """What the command prints at 80 columns, with the blanks at the ends of its lines taken off."""
    run = subprocess.run(
        [
            sys.executable,
            "-m",
            "assistant.cli",
            *COMMAND[1:],
            *(part for option in OPTIONS for part in option),
        ],
        env=os.environ | {"COLUMNS": "80", "NO_COLOR": "1", "TERM": "dumb"},
        check=True,
        capture_output=True,
        text=True,
        cwd=ROOT,
    )
    return "\n".join(line.rstrip() for line in run.stdout.strip().splitlines())


def figures() -> str:
    """The generated part of the page."""
    caused = tables()[1]
    called = " \\\n      ".join([" ".join(COMMAND), *map(" ".join, OPTIONS)])
    return (
        f"```\n$ {called}\n{compared()}\n```\n\n"
        f"What the device truly caused in this example: **{caused} USD**.\n"
    )


def page_with(text: str, generated: str) -> str:
    """The page with its generated part replaced."""
    return re.sub(
        r"(?<=<!-- figures -->\n).*?(?=<!-- end of figures -->)", lambda _: generated, text, flags=re.DOTALL
    )


if __name__ == "__main__":
    write(ROOT / FOLDER)
    PAGE.write_text(page_with(PAGE.read_text(encoding="utf-8"), figures()), encoding="utf-8")
