"""A simulated fleet: the same again from its seed, priced by the ledger, and nothing but its truth between the arms."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.economics.fleet.behaviour import load_behaviour
from assistant.economics.fleet.columns import KEYS, SCHEMAS, TIME_OF
from assistant.economics.fleet.engines import OnLog, on_lake
from assistant.economics.fleet.lake import Lake, week_of
from assistant.economics.fleet.simulate import simulate
from assistant.errors import ConfigError, FleetError, LedgerError
from assistant.ledger.plan_file import load_plan
from assistant.ledger.rules import book_interaction, book_order_event
from assistant.money import Money
from assistant.records import LIFE, Interaction, Order, OrderEvent, stamp
from assistant.reports.fleet import fleet_profit
from assistant.reports.profit import Terms, make_profit
from assistant.resources import configs_dir
from assistant.store.store import Store
from tests.assistant.economics.fleet.fleets import busy, fleet, rows

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    return simulate(fleet(behaviour=busy()), tmp_path_factory.mktemp("fleet") / "lake", workers=1)


def contents(folder: Path) -> dict[str, str]:
    return {
        str(file.relative_to(folder)): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted(folder.rglob("*"))
        if file.is_file() and file.name != ".lock"
    }


def test_the_same_seed_makes_the_same_bytes_whoever_works(tmp_path: Path) -> None:
    simulate(fleet(), tmp_path / "one", workers=1)
    simulate(fleet(), tmp_path / "two", workers=2)
    other = simulate(fleet(seed=8), tmp_path / "other", workers=1)
    assert contents(tmp_path / "one") == contents(tmp_path / "two")
    assert rows(other, "interactions") != rows(Lake.open(tmp_path / "one"), "interactions")


def test_more_households_leave_the_others_as_they_were(tmp_path: Path) -> None:
    few = contents(simulate(fleet(households=200), tmp_path / "few", workers=1).path)
    many = contents(simulate(fleet(households=300), tmp_path / "many", workers=1).path)
    parquet = {name: digest for name, digest in few.items() if name.endswith(".parquet")}
    assert parquet
    assert parquet.items() <= many.items()


def test_rows_grow_with_households_and_weeks(tmp_path: Path) -> None:
    small = simulate(fleet(households=400, weeks=1), tmp_path / "a", workers=1)
    wide = simulate(fleet(households=1600, weeks=1, seed=9), tmp_path / "b", workers=1)
    assert 3 < wide.rows("interactions") / small.rows("interactions") < 5
    assert len({file.parent for file in small.files("interactions")}) == 1
    long = simulate(fleet(households=100, weeks=5), tmp_path / "c", workers=1)
    assert len({file.parent for file in long.files("interactions")}) == 5


def test_every_table_has_its_columns_its_keys_and_its_week(lake: Lake) -> None:
    for table, schema in SCHEMAS.items():
        found = rows(lake, table)
        assert found
        assert lake.rows(table) == len(found)
        keys = Counter(tuple(row[name] for name in KEYS[table]) for row in found)
        assert max(keys.values()) == 1
        assert list(found[0]) == schema.names
        if table in TIME_OF:
            for file in lake.files(table):
                assert file.parent.name.startswith("week=2026-W")
    for row in rows(lake, "interactions"):
        assert week_of(row["at"]) in {"2026-W02", "2026-W03"}
        assert row["quarter"] == int(row["at"].timestamp()) // 900


def test_the_log_is_the_devices(lake: Lake, tmp_path: Path) -> None:
    """The columns of the three tables of the log are all there, but for the number that each database gives, and for
    what a question made likely, which is for the review of one device."""
    with Store.open(tmp_path / "log.db") as store:
        for table in ("interactions", "orders", "order_events"):
            (_, *names) = [row["name"] for row in store.rows(f"PRAGMA table_info({table})")]
            assert set(names) - {"expected"} <= set(rows(lake, table)[0])


def test_those_held_out_have_no_device_and_buy_all_the_same(lake: Lake) -> None:
    devices = rows(lake, "devices")
    held_out = {row["household"] for row in devices if row["holdout"]}
    assert 0 < len(held_out) < len(devices) / 2
    for row in devices:
        assert (row["device"] is None) == row["holdout"]
    for table in ("interactions", "orders", "order_events", "postings"):
        assert not held_out & {row["household"] for row in rows(lake, table)}
    assert held_out <= {row["household"] for row in rows(lake, "purchases")}


def test_every_transaction_balances(lake: Lake) -> None:
    sums: Counter[str] = Counter()
    for row in rows(lake, "postings"):
        sums[row["transaction_id"]] += row["amount_micros"]
    assert sums
    assert not any(sums.values())


def test_orders_live_as_orders_may(lake: Lake) -> None:
    lives = defaultdict(list)
    for row in rows(lake, "order_events"):
        lives[row["order_id"]].append(row)
    seen = set()
    for life in lives.values():
        # Confirmed and placed are one moment.
        life.sort(
            key=lambda row: (
                row["at"],
                ["confirmed", "placed"].index(row["state"]) if row["state"] in {"confirmed", "placed"} else 0,
            )
        )
        before = None
        for row in life:
            assert row["state"] in LIFE[before]
            before = row["state"]
        seen.add(tuple(row["state"] for row in life))
    begun = ("quoted", "confirmed", "placed", "completed")
    for life_ in (
        ("quoted", "cancelled"),
        begun,
        (*begun, "settled"),
        (*begun, "refunded"),
        (*begun, "charged_back"),
        (*begun, "settled", "refunded"),
        (*begun, "settled", "charged_back"),
    ):
        assert life_ in seen


def replayed(lake: Lake, store: Store, plan_name: str) -> None:
    """Every row of the lake written to a device's log one by one, booked by the ledger's own rules."""
    plan = load_plan(plan_name)
    orders = {}
    for row in rows(lake, "orders"):
        orders[row["id"]] = Order.from_row({**row, "quoted_at": stamp(row["quoted_at"])})
    by_turn: dict[str, list[OrderEvent]] = defaultdict(list)
    later: list[OrderEvent] = []
    first = {order.interaction_id: order for order in orders.values()}
    for row in rows(lake, "order_events"):
        event = OrderEvent.from_row({**row, "at": stamp(row["at"])})
        (
            later
            if event.state in {"completed", "settled", "refunded", "charged_back"}
            else by_turn[event.interaction_id]
        ).append(event)
    lives: dict[str, list[OrderEvent]] = defaultdict(list)
    for row in sorted(rows(lake, "interactions"), key=lambda row: row["at"]):
        it = Interaction.from_row({**row, "number": 0, "at": stamp(row["at"])})
        booked = [*book_interaction(it, plan)]
        events = sorted(
            by_turn[it.id],
            key=lambda event: ["quoted", "confirmed", "placed", "cancelled"].index(event.state),
        )
        for event in events:
            booked += book_order_event(orders[event.order_id], event, lives[event.order_id])
            lives[event.order_id].append(event)
        store.append(it, orders=[first[it.id]] if it.id in first else [], events=events, transactions=booked)
    for event in sorted(later, key=lambda event: event.at):
        transactions = book_order_event(orders[event.order_id], event, lives[event.order_id])
        lives[event.order_id].append(event)
        store.step_order(event.order_id, lambda *_, e=event, t=transactions: (e, t))


@pytest.mark.parametrize("plan", ["maker", "home"])
def test_the_ledgers_rules_one_by_one_come_to_the_same_statement(plan: str, tmp_path: Path) -> None:
    small = simulate(
        fleet(households=10, behaviour=busy(), plan=load_plan(plan)), tmp_path / "lake", workers=1
    )
    with Store.open(tmp_path / "log.db") as store:
        replayed(small, store, plan)
    terms = Terms(plan=load_plan(plan))
    with Store.open(tmp_path / "log.db", mode="read") as store:
        for by in ("intent", "day", "device", "outcome"):
            oracle = make_profit(store, by, terms)
            with on_lake(small) as engine:
                found = fleet_profit(engine, by, terms, lambda _: terms.plan)
            assert found.statement.to_json() == oracle.statement.to_json()
            assert found.sold == oracle.sold
            on_log = fleet_profit(OnLog(store), by, terms, lambda _: terms.plan)
            assert on_log == found
        books: Counter[str] = Counter()
        for row in store.rows("SELECT account, sum(amount_micros) AS micros FROM postings GROUP BY account"):
            books[row["account"]] = row["micros"]
    for row in rows(small, "interactions"):
        books["Expenses:Compute:Listening"] -= row["listening_micros"]
        books["Expenses:Compute:Recognition"] -= row["recognition_micros"]
        books["Expenses:Compute:Understanding"] -= row["understanding_micros"]
        books["Income:Advertising"] += row["advertising_micros"]
        books["Assets:Machine:AccumulatedDepreciation"] += row["wear_micros"]
    for row in rows(small, "postings"):
        books[row["account"]] -= row["amount_micros"]
    left = {name for name, micros in books.items() if micros}
    # The other sides of what interactions book, which a lake does not keep.
    assert left <= {
        "Liabilities:Payable:Electricity",
        "Liabilities:Payable:Cloud",
        "Assets:Receivable:Advertising",
    }


def test_a_device_that_causes_nothing_has_no_effect(tmp_path: Path) -> None:
    behaviour = busy()
    goods = {name: replace(good, caused=0.0) for name, good in behaviour.buying.goods.items()}
    behaviour = replace(behaviour, buying=replace(behaviour.buying, goods=goods))
    truth = simulate(fleet(behaviour=behaviour), tmp_path / "lake", workers=1).truth
    assert truth is not None
    assert truth["effect"] == "0.000000"
    assert truth["bought_anyway_by_voice"] > 0


def test_the_truth_is_what_was_bought_without_repeats_of_what_would_have_been_bought_anyway(
    tmp_path: Path,
) -> None:
    """Where nothing would have been bought anyway, all that was bought is caused, and what was given back is not."""
    behaviour = busy(by_voice=0.0)
    goods = {name: replace(good, a_week=1e-9, caused=2e9) for name, good in behaviour.buying.goods.items()}
    behaviour = replace(behaviour, buying=replace(behaviour.buying, goods=goods))
    lake = simulate(fleet(behaviour=behaviour), tmp_path / "lake", workers=1)
    totals = {row["id"]: row["total_micros"] for row in rows(lake, "orders")}
    bought = sum(row["value_micros"] for row in rows(lake, "purchases"))
    for row in rows(lake, "order_events"):
        bought += {"placed": 1, "refunded": -1, "charged_back": -1}.get(row["state"], 0) * totals[
            row["order_id"]
        ]
    truth = lake.truth
    assert truth is not None
    assert truth["effect"] == str(Money(currency="USD", micros=bought))
    assert bought > 0


def test_use_wears_off(tmp_path: Path) -> None:
    behaviour = load_behaviour("household")
    behaviour = replace(behaviour, habit=replace(behaviour.habit, half_life_weeks=1.0, floor=0.1, spread=0.0))
    lake = simulate(fleet(households=500, weeks=4, behaviour=behaviour), tmp_path / "lake", workers=1)
    weeks = Counter(week_of(row["at"]) for row in rows(lake, "interactions"))
    counts = [count for _, count in sorted(weeks.items())]
    assert counts == sorted(counts, reverse=True)
    assert counts[1] / counts[0] == pytest.approx(0.55, abs=0.05)


@settings(max_examples=6, deadline=None)
@given(
    households=st.integers(1, 60),
    weeks=st.integers(1, 3),
    seed=st.integers(0, 2**80),
    block=st.integers(1, 50),
    held_out=st.sampled_from([0.0, 0.3, 1.0]),
)
def test_any_fleet_is_whole(
    tmp_path_factory: pytest.TempPathFactory,
    households: int,
    weeks: int,
    seed: int,
    block: int,
    held_out: float,
) -> None:
    simulation = fleet(
        households=households,
        weeks=weeks,
        seed=seed,
        block_households=block,
        behaviour=replace(busy(), held_out=held_out),
    )
    lake = simulate(simulation, tmp_path_factory.mktemp("any") / "lake", workers=1)
    devices = rows(lake, "devices")
    assert len(devices) == households
    assert len({row["household"] for row in devices}) == households
    ids = [row["id"] for table in ("interactions", "orders", "purchases") for row in rows(lake, table)]
    assert len(ids) == len(set(ids))
    if held_out == 1.0:
        assert not lake.files("interactions")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"households": 0}, "households 0 cannot be"),
        ({"weeks": 0}, "weeks 0 cannot be"),
        ({"seed": -1}, "seed -1 cannot be"),
        ({"start": date(2026, 1, 6)}, "a Monday"),
        ({"block_households": 0}, "block_households 0 cannot be"),
    ],
)
def test_what_cannot_be_simulated_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(FleetError, match=message):
        fleet(**changes)


def test_a_plan_of_two_currencies_is_refused() -> None:
    with pytest.raises(LedgerError, match="one currency"):
        fleet(plan=load_plan("cloud"))


def test_a_folder_with_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(FleetError, match="other things in it"):
        simulate(fleet(), tmp_path, workers=1)
    assert [file.name for file in tmp_path.iterdir()] == ["notes.txt"]
    lake = simulate(fleet(weeks=1), tmp_path / "lake", workers=1)
    with pytest.raises(FleetError, match=r"another fleet \(other seed\)"):
        simulate(fleet(weeks=1, seed=3), lake.path, workers=1)
    assert simulate(fleet(weeks=1), lake.path, workers=1) == lake


def test_a_file_that_was_cut_short_is_named(tmp_path: Path) -> None:
    lake = simulate(fleet(weeks=1), tmp_path / "lake", workers=1)
    file = lake.files("postings")[0]
    file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(FleetError, match="not as it was written"):
        Lake.open(lake.path)
    file.unlink()
    with pytest.raises(FleetError, match="is missing"):
        Lake.open(lake.path)


def test_behaviour_files_are_checked(tmp_path: Path) -> None:
    source = (configs_dir() / "fleet" / "household.toml").read_text(encoding="utf-8")
    for old, new, message in (
        ("music = 0.46", "music = 0.5", "sum to 1.04; expected 1"),
        ("total = 13.98", "total = 0.00", "is no price"),
        ("total = 13.98", "total = 13.9800001", "is no price"),
        ("held_out = 0.10", "held_out = 1.5", "held_out"),
        ("a_week = 20", "a_week = nan", "talk.a_week"),
        ("a_week = 20", "a_week = inf", "expected a number"),
        ("timer = 0.10", "pizza = 0.10", "pizza is bought"),
        ("refunded = 0.02", "refunded = 0.999", "more is given back than was bought"),
        ("spread = 0.6", "spraed = 0.6", "did you mean 'habit.spread'"),
    ):
        assert old in source
        path = tmp_path / "mine.toml"
        path.write_text(source.replace(old, new, 1))
        with pytest.raises(ConfigError, match=message):
            load_behaviour(str(path))
    with pytest.raises(ConfigError, match="there is no behaviour of households 'hosehold'"):
        load_behaviour("hosehold")
