"""`pennyworth attribution` as a user or another program calls it."""

from __future__ import annotations

import subprocess
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from assistant.economics.attribution.history import NO_TOUCH
from assistant.economics.attribution.models import MODELS
from tests.assistant.test_cli import ORDER, command, document, environment, pennyworth

if TYPE_CHECKING:
    from pathlib import Path

TOUCHES = """\
household,time,kind
a,2026-01-01T08:00Z,music
a,2026-01-02T08:00Z,weather
b,2026-01-01T08:00Z,music
b,2026-01-03T08:00Z,pizza
"""
PURCHASES = """\
id,household,time,value,currency
1,a,2026-01-03T08:00Z,10,EUR
2,b,2026-01-03T08:00Z,0.000001,EUR
3,c,2026-01-03T08:00Z,4,EUR
4,d,2026-01-03T08:00Z,1,EUR
"""


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    (tmp_path / "touches.csv").write_text(TOUCHES)
    (tmp_path / "purchases.csv").write_text(PURCHASES)
    (tmp_path / "households.csv").write_text("household,holdout\na,false\nb,false\nc,true\nd,true\n")
    return ["--touches", "touches.csv", "--purchases", "purchases.csv"]


def test_all_models_on_the_log_as_one_document(tmp_path: Path) -> None:
    db = tmp_path / "a.db"
    pennyworth(tmp_path, "--db", db, "say", "play some jazz")
    pennyworth(tmp_path, "--db", db, *ORDER)
    revenue = document(pennyworth(tmp_path, "--db", db, "pnl", "--json"))["totals"]["revenue"]
    found = document(pennyworth(tmp_path, "--db", db, "attribution", "compare", "--json"))
    assert found["simulated"] is True
    assert str(db) in found["source"]
    assert found["currency"] == "USD"
    assert found["purchases"]["count"] == 1
    assert found["purchases"]["value"] == revenue == "0.999000"
    models = {model["model"]: model for model in found["models"]}
    assert list(models) == list(MODELS)
    for name, model in models.items():
        if name == "incremental":
            assert model["total"] is None
            assert "held out" in model["note"]
        elif name == "downstream":
            assert model["multiple"] == 2.0
        else:
            assert sum(map(Decimal, model["by_kind"].values())) == Decimal(model["total"]) == Decimal(revenue)


def test_tables_of_ones_own_are_not_called_simulated(tmp_path: Path, files: list[str]) -> None:
    found = document(
        pennyworth(tmp_path, "attribution", "compare", *files, "--households", "households.csv", "--json")
    )
    assert found["simulated"] is False
    assert found["source"] == "touches.csv and purchases.csv"
    models = {model["model"]: model for model in found["models"]}
    assert models["last-touch"]["by_kind"] == {
        "music": "0.000000",
        "pizza": "0.000001",
        "weather": "10.000000",
        NO_TOUCH: "5.000000",
    }
    # Twice the mean of 5.0000005 less twice the mean of 2.5.
    assert models["incremental"]["total"] == "5.000001"
    assert Decimal(models["incremental"]["low"]) < 5 < Decimal(models["incremental"]["high"])


@pytest.mark.parametrize("columns", ["80", "50"])
def test_the_tables_fit_the_terminal_and_cut_no_amount(
    tmp_path: Path, files: list[str], columns: str
) -> None:
    run = subprocess.run(
        command("attribution", "compare", *files),
        env=environment(tmp_path) | {"COLUMNS": columns},
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )
    assert run.returncode == 0, run.stderr
    assert max(map(len, run.stdout.splitlines())) <= int(columns)
    assert "…" not in run.stdout
    assert "simulated" not in run.stdout
    for word in (*MODELS, NO_TOUCH, "10.000000", "2.00 times", "takes a holdout"):
        assert word in " ".join(run.stdout.split()), word


def test_options_reach_the_models(tmp_path: Path, files: list[str]) -> None:
    options = ["--window", "1.5", "--half-life", "2", "--worth", "rate", "--confidence", "0.9"]
    found = document(pennyworth(tmp_path, "attribution", "compare", *files, *options, "--json"))
    models = {model["model"]: model for model in found["models"]}
    assert models["linear"]["by_kind"]["music"] == "0.000000"
    assert models["time-decay"]["parameters"] == {"window_days": 1.5, "half_life_days": 2.0}
    assert models["shapley"]["parameters"]["worth"] == "rate"


def test_the_statement_by_a_model_names_it_and_moves_revenue(tmp_path: Path) -> None:
    db = tmp_path / "a.db"
    pennyworth(tmp_path, "--db", db, "say", "play some jazz")
    pennyworth(tmp_path, "--db", db, *ORDER)
    run = pennyworth(tmp_path, "--db", db, "pnl", "--attribution", "first-touch")
    assert run.returncode == 0, run.stderr
    assert "income from orders by first-touch" in " ".join(run.stdout.split())
    found = document(pennyworth(tmp_path, "--db", db, "pnl", "--attribution", "first-touch", "--json"))
    assert found["attribution"] == "first-touch"
    revenue = {row["key"]: row["revenue"] for row in found["rows"]}
    assert revenue == {"music": "0.999000", "pizza": "0.000000"}
    refused = pennyworth(tmp_path, "--db", db, "pnl", "--attribution", "linear", "--plan", "home")
    assert refused.returncode == 2
    assert "does not go with --plan" in refused.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--touches", "touches.csv"], "go together"),
        (["--households", "households.csv"], "go together"),
        (["--touches", "purchases.csv", "--purchases", "touches.csv"], "purchases.csv lacks the column kind"),
        (["--touches", "none.csv", "--purchases", "touches.csv"], "none.csv"),
        (["--window", "0"], "window_days 0.0 cannot be; expected days above 0"),
    ],
)
def test_bad_use_exits_with_two_and_says_why(
    tmp_path: Path, files: list[str], arguments: list[str], message: str
) -> None:
    del files
    run = pennyworth(tmp_path, "attribution", "compare", *arguments)
    assert run.returncode == 2, run.stdout
    assert message in run.stderr
    assert "Traceback" not in run.stderr
