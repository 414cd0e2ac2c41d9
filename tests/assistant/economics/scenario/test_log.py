"""One implementation of the rules: a device's log comes to the same in its books and as quantities."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest

from assistant.cli.main import command
from assistant.economics.scenario.log import log_volume
from assistant.ledger.plan_file import load_plan
from assistant.ledger.volume import price_volume
from assistant.store.journal import journal
from assistant.store.store import Store
from tests.assistant.examples import NOW
from tests.assistant.random_log import fill

if TYPE_CHECKING:
    from pathlib import Path

    from assistant.ledger.plan import PricingPlan


def booked(store: Store) -> dict[str, int]:
    """Income and expenses of the books by account, millionths, positive."""
    sums: Counter[str] = Counter()
    for transaction in journal(store):
        for posting in transaction.postings:
            if posting.account.startswith("Income:"):
                sums[posting.account] -= posting.amount.micros
            elif posting.account.startswith("Expenses:"):
                sums[posting.account] += posting.amount.micros
    return {account: micros for account, micros in sums.items() if micros}


def as_quantities(store: Store, plan: PricingPlan) -> dict[str, int]:
    priced = price_volume(log_volume(store, plan), plan, on=NOW.date())
    return {item.account: item.amount.micros for item in priced if item.amount}


@pytest.mark.parametrize("seed", range(4))
def test_a_random_log_at_the_prices_of_a_cloud_comes_to_the_same_to_the_millionth(
    tmp_path: Path, seed: int
) -> None:
    plan = load_plan("maker")
    with Store.open(tmp_path / "log.db") as store:
        fill(store, seed=seed, conversations=150, plans=[plan])
        books = booked(store)
        assert as_quantities(store, plan) == books
    assert {"Income:Rebates:Pizza", "Income:Advertising", "Expenses:Compute:Recognition"} <= set(books)
    assert any(account.startswith("Expenses:Chargebacks:") for account in books)


def test_what_was_said_through_the_pipeline_comes_to_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    config, db = tmp_path / "maker.toml", tmp_path / "log.db"
    config.write_text('[books]\nplan = "maker"\n', encoding="utf-8")

    def run(*arguments: str) -> None:
        given = ["--config", str(config), "--db", str(db), *arguments]
        command.main(given, prog_name="pennyworth", standalone_mode=False)
        capsys.readouterr()

    run(
        "say",
        "play some jazz",
        "what's the weather",
        "order a large pepperoni pizza",
        "yes",
        "gibberish at large",
    )
    run("say", "call me a taxi to the airport", "yes", "order a small ham pizza", "no")
    plan = load_plan("maker")
    with Store.open(db) as store:
        pizza = next(order for order, _ in store.orders() if order.intent == "pizza")
    run("ledger", "settle", pizza.id)
    run("ledger", "refund", pizza.id, "--reason", "it came cold")
    with Store.open(db) as store:
        assert as_quantities(store, plan) == booked(store)


def test_what_a_machine_does_differs_by_the_rounding_of_the_books_alone(tmp_path: Path) -> None:
    """The books round each interaction up to the millionth; quantities are summed first."""
    plan = load_plan("home")
    with Store.open(tmp_path / "log.db") as store:
        fill(store, seed=1, conversations=100, plans=[plan])
        books, priced = booked(store), as_quantities(store, plan)
        (interactions,) = next(store.stream("SELECT count(*) FROM interactions"))

    def compute(sums: dict[str, int]) -> int:
        return sum(micros for account, micros in sums.items() if account.startswith("Expenses:Compute:"))

    assert 0 < compute(books) - compute(priced) < interactions
    for sums in (books, priced):
        for stage in ("Listening", "Recognition", "Understanding"):
            sums.pop(f"Expenses:Compute:{stage}", None)
    assert priced == books
