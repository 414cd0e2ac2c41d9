"""Make the generated parts of docs/accounting.md from a real run: `make docs`.

The recordings are heard by the real engine, and every figure on the page is what the commands printed. What cannot be
the same in two runs (processor time, and with it the last digits of what it costs; times; ids) is masked when the page
is checked, see `masked`; everything else must be as the page has it.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from assistant.audiotest.cases import load_cases
from assistant.ledger.accounts import bundled_chart
from assistant.resources import household_dir

if TYPE_CHECKING:
    from collections.abc import Callable

PAGE: Final = Path(__file__).resolve().parents[2] / "docs" / "accounting.md"
WIDTH: Final = "100"
CONVERSATION: Final = "pizza-tue"
"""The bundled conversation that is followed."""


def main() -> None:
    """Write the page anew."""
    PAGE.write_text(page_with(PAGE.read_text(encoding="utf-8"), parts()), encoding="utf-8")


def page_with(page: str, generated: dict[str, str]) -> str:
    """`page` with what stands between its markers replaced; ValueError when they do not fit."""
    found = re.findall(r"^<!-- generated: (.+) -->$", page, flags=re.MULTILINE)
    if found != list(generated):
        raise ValueError(f"the page has the parts {found}, and {list(generated)} were made")
    for name, text in generated.items():
        pattern = rf"(<!-- generated: {re.escape(name)} -->\n).*?(<!-- end -->)"
        page = re.sub(pattern, lambda m, text=text: f"{m[1]}{text}{m[2]}", page, flags=re.DOTALL)  # type: ignore[misc]
    return page


def parts() -> dict[str, str]:
    """The generated parts by name, in the order of the page."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "maker.toml").write_text('[books]\nplan = "maker"\n', encoding="utf-8")
        return {**_followed(folder), **_given_back(folder)}


def _followed(folder: Path) -> dict[str, str]:
    """One order heard, completed and settled under the plan "home"."""
    run = _runner(folder, "home.db")
    files = [case.audio for case in load_cases(household_dir()) if case.conversation == CONVERSATION]
    heard = run("hear", *files)
    (order,) = json.loads(run("ledger", "orders", "--json"))["orders"]
    last = len(files)
    receipt = run("log", "show", str(last))
    settled = run("ledger", "settle", order["id"])
    shown = json.loads(run("log", "show", str(last), "--json"))
    exported = run("ledger", "export", "--format", "beancount")
    return {
        "what was heard": _block(f"pennyworth hear {' '.join(files)}", heard),
        "the receipt": _block(f"pennyworth log show {last}", receipt),
        "settled": _block("pennyworth ledger settle ORDER", settled),
        "every posting": _postings(shown),
        "balances": _block("pennyworth ledger balances", run("ledger", "balances")),
        "check": _block("pennyworth ledger check", run("ledger", "check")),
        "beancount": _block("pennyworth ledger export --format beancount", _accrual(exported)),
    }


def _given_back(folder: Path) -> dict[str, str]:
    """Another order, under the plan "maker": settled, and then refunded."""
    run = _runner(folder, "maker.db", "--config", "maker.toml")
    run("say", "order a small ham pizza", "yes")
    (order,) = json.loads(run("ledger", "orders", "--json"))["orders"]
    run("ledger", "settle", order["id"])
    run("ledger", "refund", order["id"], "--reason", "it came cold")
    shown = json.loads(run("log", "show", "2", "--json"))
    return {
        "given back": _postings(shown),
        "balances of the maker": _block("pennyworth ledger balances", run("ledger", "balances")),
        "accounts": _chart(),
    }


def _runner(folder: Path, db: str, *options: str) -> Callable[..., str]:
    env = {
        **{
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("PENNYWORTH", "XDG_DATA"))
        },
        "COLUMNS": WIDTH,
        "LANG": "C.UTF-8",
        "XDG_CONFIG_HOME": str(folder / "config"),
        "XDG_DATA_HOME": str(folder / "data"),
    }
    (folder / db).unlink(missing_ok=True)

    def run(*arguments: str) -> str:
        files = [str(household_dir() / each) if each.endswith(".flac") else each for each in arguments]
        done = subprocess.run(
            [sys.executable, "-m", "assistant.cli", "--db", db, *options, *files],
            capture_output=True,
            text=True,
            check=False,
            cwd=folder,
            env=env,
        )
        if done.returncode:
            raise RuntimeError(f"{' '.join(arguments)}: {done.stderr}")
        return "\n".join(line.rstrip() for line in done.stdout.rstrip().splitlines()) + "\n"

    return run


def _block(command: str, output: str) -> str:
    return f"```console\n$ {command}\n{output}```\n"


def _postings(shown: dict[str, Any]) -> str:
    """Every posting of an interaction, as a table."""
    lines = ["| booked | account | amount | rate | source of the rate |", "|---|---|---:|---|---|"]
    for transaction in shown["transactions"]:
        for number, posting in enumerate(transaction["postings"]):
            kind, rate = (transaction["kind"], transaction["description"]) if number == 0 else ("", "")
            amount = f"{posting['amount']} {posting['currency']}"
            lines.append(f"| {kind} | `{posting['account']}` | {amount} | {rate} | {posting['source']} |")
    return "\n".join(lines) + "\n"


def _accrual(exported: str) -> str:
    """The transaction of the accrual and the assertions at the end."""
    transactions = exported.split("\n\n")
    accrual = next(part for part in transactions if '"accrual"' in part)
    return f"…\n{accrual}\n…\n{transactions[-1]}"


def _chart() -> str:
    lines = ["| account | brought about by | what it is for |", "|---|---|---|"]
    article = {"interaction": "an interaction", "order": "an order", "period": "a period"}
    lines += [
        f"| `{each.name}` | {article[each.booked]} | {each.purpose} |" for each in bundled_chart().accounts
    ]
    return "\n".join(lines) + "\n"


# Lines whose amounts are measured: an amount that rounds to nothing has no line at all.
_MEASURED: Final = re.compile(r"Expenses:Compute:|AccumulatedDepreciation|Payable:Electricity")
# What changes with the engine and the sentences it knows, and says nothing about the books.
_ENGINE: Final = re.compile(r"^(alternatives|versions|decided by|engine|audio) ")

_MASKS: Final = (
    (r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}", "ID"),
    (r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d:\d\d(\.\d+)?Z?)?", "TIME"),
    (r"\b(Mon|Tue|Wed|Thu|Fri|Sat|Sun) \d\d:\d\d\b", "TIME"),
    # Processor time and use, latencies, and the last digits of what they cost.
    (r"\d+\.\d{3} s of (processor|a machine)", r"MEASURED s of \1"),
    (r"\d+\.\d ms", "MEASURED ms"),
    (r"(cost \d+\.\d{4})\d\d", r"\1.."),
    (r"\d+ postings", "POSTINGS"),
    (r"[0-9a-f]{64}", "HASH"),
    # Where a line is folded depends on how long the figures in it are.
    (r"\s+", " "),
    # How an answer is worded is no matter of the books.
    (r"\bdone .*? earned\b", "done REPLY earned"),
    (r"\breply .*? latency\b", "reply REPLY latency"),
)


def masked(text: str) -> str:
    """`text` without what is another in every run."""
    lines = (line for line in text.splitlines() if not _MEASURED.search(line) and not _ENGINE.match(line))
    text = "\n".join(lines)
    for pattern, instead in _MASKS:
        text = re.sub(pattern, instead, text)
    return text


if __name__ == "__main__":
    main()
