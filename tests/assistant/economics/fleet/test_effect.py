"""Attribution where the truth is known: the models as on the whole fleet, and the holdout as good as it says."""

from __future__ import annotations

import json
from dataclasses import replace
from math import comb
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest

from assistant.cli.main import command
from assistant.economics.attribution import journeys
from assistant.economics.attribution.history import NO_TOUCH
from assistant.economics.attribution.models import Parameters, compare
from assistant.economics.attribution.tables import Table, make_history
from assistant.economics.fleet.behaviour import load_behaviour
from assistant.economics.fleet.effect import Claim, claims, read_history
from assistant.economics.fleet.engines import on_duckdb
from assistant.economics.fleet.metrics import bought, touches
from assistant.economics.fleet.simulate import simulate
from assistant.errors import FleetError
from assistant.money import Money
from assistant.reports.fleet_claims import claims_parts, claims_sentence
from tests.assistant.economics.fleet.fleets import busy, fleet

if TYPE_CHECKING:
    from pathlib import Path

    from assistant.economics.attribution.models import Comparison
    from assistant.economics.fleet.lake import Lake


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    return simulate(fleet(behaviour=busy()), tmp_path_factory.mktemp("fleet") / "lake", workers=1)


def on_the_whole(lake: Lake, parameters: Parameters) -> Comparison:
    """The models of `pennyworth attribution compare`, on tables of the whole fleet."""
    with on_duckdb(lake) as engine:
        said = engine.arrow(touches(engine.tables).mutate(time=touches(engine.tables)["at"])).to_pydict()
        sold = engine.arrow(bought(engine.tables)).to_pydict()
        everyone = engine.arrow(engine.tables.devices.select("household", "holdout").distinct())
    count = len(said["at"])
    by_order = {order: f"t{n}" for n, order in enumerate(said["made"]) if order}
    said_table = pa.table(
        {
            "household": said["household"],
            "time": said["at"],
            "kind": said["kind"],
            "id": [f"t{n}" for n in range(count)],
        }
    )
    sold_table = pa.table(
        {
            "id": sold["id"],
            "household": sold["household"],
            "time": sold["at"],
            "value_micros": sold["value_micros"],
            "currency": sold["currency"],
            "refund_of": pa.array(sold["refund_of"], pa.string()),
            "touch": pa.array([by_order.get(each) for each in sold["id"]], pa.string()),
        }
    )
    history = make_history(
        Table(data=said_table, name="touches"),
        Table(data=sold_table, name="purchases"),
        Table(data=everyone, name="households"),
        source="fleet",
        simulated=True,
    )
    return compare(history, parameters)


@pytest.mark.parametrize(
    "parameters", [Parameters(), Parameters(window_days=2.0, half_life_days=1.5, confidence=0.8)]
)
def test_part_by_part_the_models_come_to_what_they_do_on_the_whole(
    lake: Lake, parameters: Parameters
) -> None:
    found, whole = claims(lake, parameters), on_the_whole(lake, parameters)
    assert len(found.models) == len(whole.models) == 10
    for claim in found.models:
        model = whole.of(claim.model)
        assert model is not None
        if claim.model == "incremental":
            assert (claim.estimate, claim.low, claim.high) == (model.total, model.low, model.high)
        else:
            assert claim.by_kind == {
                kind: amount for kind, amount in model.by_kind.items() if kind != NO_TOUCH
            }
    assert found.bought == whole.sales.total
    assert found.touches == whole.touches


def test_neither_workers_nor_engine_matter(lake: Lake) -> None:
    found = claims(lake, Parameters())
    assert claims(lake, Parameters(), workers=2) == found
    assert claims(lake, Parameters(), "sqlite") == found


def test_the_truth_stands_beside(lake: Lake) -> None:
    found = claims(lake, Parameters())
    truth = json.loads((lake.path / "truth.json").read_text())
    assert str(found.truth) == truth["effect"]
    assert {kind: str(amount) for kind, amount in found.truth_by_kind.items()} == truth["by_kind"]
    assert (found.treated, found.held_out) == (truth["treated"], truth["held_out"])
    downstream, direct = found.of("downstream"), found.of("direct")
    assert downstream is not None
    assert direct is not None
    assert (downstream.ratio_to(found.truth) or 0) > (direct.ratio_to(found.truth) or 0) > 1
    for part in claims_parts(found):
        assert part


def test_downstream_impact_claims_many_times_the_truth(tmp_path: Path) -> None:
    lake = simulate(
        fleet(households=4000, weeks=4, block_households=4000, behaviour=load_behaviour("household")),
        tmp_path / "lake",
        workers=1,
    )
    found = claims(lake, Parameters())
    downstream = found.of("downstream")
    assert downstream is not None
    assert (downstream.ratio_to(found.truth) or 0) > 50
    assert found.covered


def test_misplaced_is_the_distance_between_shares() -> None:
    def money(micros: int) -> Money:
        return Money(currency="USD", micros=micros)

    truth = {"pizza": money(300), "ride": money(100)}
    for by_kind, expected in (
        ({"pizza": money(600), "ride": money(200), "music": money(0)}, 0.0),
        ({"pizza": money(0), "ride": money(0), "music": money(7)}, 1.0),
        ({"pizza": money(100), "ride": money(100)}, 0.25),
        ({"music": money(0)}, None),
    ):
        claim = Claim(
            model="linear", estimate=money(sum(each.micros for each in by_kind.values())), by_kind=by_kind
        )
        assert claim.misplaced(truth) == expected
    assert Claim(model="linear", estimate=money(1)).ratio_to(money(0)) is None


def test_without_a_holdout_no_model_can_tell(tmp_path: Path) -> None:
    lake = simulate(fleet(behaviour=replace(busy(), held_out=0.0)), tmp_path / "lake", workers=1)
    found = claims(lake, Parameters())
    assert found.of("incremental") is None
    assert found.covered is None
    assert "no model can tell" in claims_sentence(found)


def test_where_nothing_was_bought_there_is_nothing_to_credit(tmp_path: Path) -> None:
    behaviour = busy()
    goods = {name: replace(good, a_week=0.0) for name, good in behaviour.buying.goods.items()}
    behaviour = replace(behaviour, buying=replace(behaviour.buying, goods=goods))
    lake = simulate(fleet(behaviour=behaviour), tmp_path / "lake", workers=1)
    with pytest.raises(FleetError, match="nothing was bought"):
        claims(lake, Parameters())


def test_the_command_answers(lake: Lake, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["fleet", "attribution", str(lake.path), "--workers", "1"]
    command.main([*arguments, "--json"], prog_name="pennyworth", standalone_mode=False)
    document: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert document["simulated"] is True
    assert [model["model"] for model in document["models"]][-1] == "incremental"
    assert document["truth"] == json.loads((lake.path / "truth.json").read_text())["effect"]
    for model in document["models"]:
        assert float(model["estimate"]) / float(document["truth"]) == pytest.approx(
            model["ratio_to_truth"], rel=1e-5
        )
    command.main(arguments, prog_name="pennyworth", standalone_mode=False)
    out = capsys.readouterr().out
    assert "downstream impact claims" in out
    assert "simulated" in out


def test_one_household_held_out_leaves_the_other_models(tmp_path: Path) -> None:
    """Of one alone there is no variance, so no interval; nothing else needs it."""
    lake = next(
        lake
        for seed in range(40)
        for lake in [
            simulate(fleet(households=12, weeks=1, seed=seed, behaviour=busy()), tmp_path / f"{seed}")
        ]
        if (lake.truth or {})["held_out"] == 1
    )
    found = claims(lake, Parameters())
    assert found.of("incremental") is None
    assert len(found.models) == 9
    assert (found.treated, found.held_out) == (11, 1)
    assert claims_sentence(found).endswith("Too few were held out, so no model can tell.")


def test_touches_of_those_held_out_are_none(lake: Lake) -> None:
    history = read_history(
        lake, ["alarm", "light", "music", "none", "pizza", "ride", "time", "timer", "weather"], "USD"
    )
    assert history.made_by is not None
    made = history.made_by[history.made_by >= 0]
    assert len(made) > 100
    assert (history.touch_us[made] == history.us[history.made_by >= 0]).all()
    assert (history.touch_household[made] == history.household[history.made_by >= 0]).all()


def test_journeys_are_the_same_where_household_and_time_do_not_fit_one_number(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    with on_duckdb(lake) as engine:
        kinds = sorted(engine.arrow(touches(engine.tables).select("kind").distinct())["kind"].to_pylist())
    history = read_history(lake, kinds, "USD")
    plain = journeys.before_purchases(history, 3 * journeys.DAY_US)
    monkeypatch.setattr(journeys, "_LIMIT", 0)
    packed = journeys.before_purchases(history, 3 * journeys.DAY_US)
    assert (plain.start == packed.start).all()
    assert (plain.stop == packed.stop).all()
    assert plain.length.max() > 10


def quiet() -> Any:
    """The bundled behaviour with little talk, which no interval depends on."""
    behaviour = load_behaviour("household")
    return replace(behaviour, talk=replace(behaviour.talk, a_week=0.2), held_out=0.3)


def covered(folder: Path, seeds: range, households: int, confidence: float) -> int:
    """For how many seeds the interval holds the truth."""
    found = 0
    for seed in seeds:
        lake = simulate(
            fleet(households=households, weeks=4, seed=seed, behaviour=quiet(), block_households=1 << 15),
            folder / str(seed),
            workers=1,
        )
        found += bool(claims(lake, Parameters(confidence=confidence)).covered)
    return found


def at_least(successes: int, trials: int, chance: float) -> float:
    """Probability of `successes` or fewer where each trial succeeds with `chance`."""
    return sum(comb(trials, n) * chance**n * (1 - chance) ** (trials - n) for n in range(successes + 1))


def test_the_holdout_covers_the_truth_on_a_few_seeds(tmp_path: Path) -> None:
    # Of ten intervals at 99 %, three misses would come by chance once in 9,000 times.
    assert covered(tmp_path, range(10), 600, 0.99) >= 8


@pytest.mark.slow
@pytest.mark.parametrize("confidence", [0.8, 0.95])
def test_the_holdout_covers_the_truth_as_often_as_it_says(tmp_path: Path, confidence: float) -> None:
    """Over 200 seeds: neither seldom enough nor often enough for chance to be less than one in a thousand."""
    seeds = range(200)
    found = covered(tmp_path, seeds, 1500, confidence)
    assert at_least(found, len(seeds), confidence) > 0.001
    assert 1 - at_least(found - 1, len(seeds), confidence) > 0.001
