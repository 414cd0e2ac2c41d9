"""Scenario files: what is refused, how the message says so, and that the bundled ones keep to the facts."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import TYPE_CHECKING

import pytest

from assistant.economics.scenario.files import (
    load_scenario,
    load_strategy,
    scenario_names,
    strategy_names,
)
from assistant.economics.scenario.keys import KEYS
from assistant.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

SYSTEMS = {
    *("alexa-2018", "alexa-2022", "alexa-plus-2025", "google-assistant-2022", "siri-iphone-2022"),
    *("homepod-2018", "homepod-mini-2022", "astro-2022", "pennyworth-home", "korean-speaker-2022"),
}
WAYS = {
    *("device-at-cost", "device-at-margin", "partner-rebates", "voice-shopping", "audio-adverts"),
    *(
        "display-adverts",
        "subscription",
        "paid-skills",
        "halo",
        "cut-headcount",
        "local-recognition",
        "price-war",
        "stop",
    ),
}


def figure(value: str = "1", kind: str = "assumption", **more: str) -> str:
    lines = {
        "value": value,
        "low": value,
        "high": value,
        "unit": '"x"',
        "kind": f'"{kind}"',
        "source": '"why"',
    }
    return "".join(f"{key} = {text}\n" for key, text in (lines | more).items() if text)


HEAD = 'name = "mine"\ntitle = "Mine"\nabout = "a test"\nyear = 2022\ncurrency = "USD"\nstrategies = []\n'
BASE = (
    HEAD
    + "[usage.interactions_per_week]\n"
    + figure("1000")
    + "[mix.music]\n"
    + figure("0.75")
    + "[mix.pizza]\n"
    + figure("0.25")
)


def write(folder: Path, text: str, name: str = "mine.toml") -> str:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_the_systems_and_strategies_are_there() -> None:
    assert set(scenario_names()) == SYSTEMS
    assert set(strategy_names()) == WAYS


@pytest.mark.parametrize("name", sorted(SYSTEMS))
def test_every_figure_of_a_bundled_scenario_says_what_it_is(name: str) -> None:
    for each in load_scenario(name).figures.values():
        assert each.meaning
        assert each.unit
        assert len(each.source) > 8, each.key
        assert each.low <= each.value <= each.high
        # Only the table of facts may be called a fact: each names who said so, or what was measured.
        if each.is_fact:
            assert re.search(
                r"20\d\d|Amazon Lex|affiliate guides|press|docs/|leaves the device|Uber", each.source
            ), each


@pytest.mark.parametrize("name", sorted(SYSTEMS))
@pytest.mark.parametrize("strategy", sorted(WAYS))
def test_any_strategy_can_be_switched_on_in_any_system(name: str, strategy: str) -> None:
    scenario = load_scenario(name, with_=[strategy])
    assert strategy in {each.name for each in scenario.strategies}
    # Whatever it sets holds.
    assert set(load_strategy(strategy).figures) <= set(scenario.figures)


def test_the_mix_of_every_system_is_an_assumption_but_for_what_was_published() -> None:
    for name in SYSTEMS:
        mix = [each for each in load_scenario(name).own.values() if each.key.startswith("mix.")]
        assert sum(each.value for each in mix) == 1
        assert sum(not each.is_fact for each in mix) >= len(mix) - 2, name


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (BASE.replace("mix.music", "mixx.music"), r"unknown key 'mixx.music' \(did you mean 'mix.music'\?\)"),
        (BASE.replace("interactions_per_week", "interactions_per_weak"), r"did you mean 'usage.interactions_per_week'"),
        (BASE + "[device.price]\n" + figure("x"), "is not valid TOML"),
        (BASE + "[device.price]\n" + figure('"5"'), r"device.price.value is '5'; expected a number"),
        (BASE + "[device.price]\n" + figure("-5"), r"device.price is -5; expected a number of 0 or more"),
        (BASE + "[device.price]\n" + figure("5", low="6"), "expected low <= value <= high"),
        (BASE + "[device.price]\n" + figure("5", kind="asumption"), r"did you mean 'assumption'"),
        (BASE + "[device.price]\n" + figure("5", low=""), "is an assumption without 'low'"),
        (BASE + "[device.price]\n" + figure("5", source=""), "device.price.source is missing"),
        (BASE + "[device.price]\n" + figure("5", sauce='"x"'), r"unknown key 'sauce' \(did you mean 'source'\?\)"),
        (BASE + "[compute]\nlocal_share = 0.5\n", "unknown key 'compute.local_share'"),
        (BASE + "[compute.local_share]\n" + figure("1.5"), "expected a share from 0 to 1"),
        (BASE + "[orders.sushi.placed]\n" + figure("0.5"), "add mix.sushi"),
        (BASE + "[device.parts]\n" + figure() + "[device.margin]\n" + figure(), "say the same thing"),
        (BASE.replace("0.75", "0.5"), "the shares of the mix come to 0.75; expected 1"),
        (BASE.replace("2022", '"2022"'), "expected a year"),
        (BASE.replace('currency = "USD"', ""), "currency is missing"),
        (BASE.replace("[]", '["subscribtion"]'), r"there is no strategy 'subscribtion' \(did you mean 'subscription'"),
    ],
)  # fmt: skip
def test_a_wrong_file_is_refused_by_key(tmp_path: Path, text: str, message: str) -> None:
    if "not valid TOML" in message:
        text = text.replace("value = x", "value = ")
    with pytest.raises(ConfigError, match=message):
        load_scenario(write(tmp_path, text))


def test_a_scenario_extends_another_and_leaves_out_what_it_does_not_have(tmp_path: Path) -> None:
    write(tmp_path, BASE, "below.toml")
    text = 'name = "above"\nextends = "./below.toml"\n'
    more = "[mix.music]\n" + figure("0.5") + "[mix.pizza]\n" + figure("0.5")
    above = load_scenario(write(tmp_path, text + more))
    assert (above.name, above.year) == ("above", 2022)
    assert above.own["mix.music"].value == Fraction(1, 2)
    with pytest.raises(ConfigError, match="there is no figure 'mix.musik' to leave out"):
        load_scenario(write(tmp_path, text + 'leaves_out = ["mix.musik"]\n'))
    write(tmp_path, 'name = "below"\nextends = "./mine.toml"\n', "below.toml")
    with pytest.raises(ConfigError, match="extends itself"):
        load_scenario(write(tmp_path, text))


def test_another_way_of_saying_the_same_replaces_the_first(tmp_path: Path) -> None:
    write(tmp_path, BASE + "[device.parts]\n" + figure("3"), "below.toml")
    text = 'name = "above"\nextends = "./below.toml"\n[device.margin]\n' + figure("2")
    assert "device.parts" not in load_scenario(write(tmp_path, text)).figures


def test_strategies_that_contradict_each_other_are_named() -> None:
    with pytest.raises(
        ConfigError, match="'device-at-cost' and 'device-at-margin' both set device.margin_share"
    ):
        load_scenario("alexa-2022", with_=["device-at-cost", "device-at-margin"])
    with pytest.raises(ConfigError, match="is not on in alexa-2022"):
        load_scenario("alexa-2022", without=["subscription"])


def test_the_same_choice_is_the_same_scenario_whatever_the_order_of_words() -> None:
    one = load_scenario("alexa-2022+subscription", with_=["halo"], without=["voice-shopping"])
    other = load_scenario("alexa-2022+halo+subscription", without=["voice-shopping"])
    assert one == other
    assert one.name == "alexa-2022+halo+subscription-voice-shopping"


def test_a_strategy_of_ones_own_by_its_path(tmp_path: Path) -> None:
    path = write(
        tmp_path, 'name = "tip"\ntitle = "Tips"\nabout = "x"\n[change.usage]\n' + figure("2"), "tip.toml"
    )
    scenario = load_scenario("alexa-2022", with_=[path])
    assert scenario.figures["change.tip.usage"].value == 2


def test_a_figure_is_found_by_its_key_its_end_or_as_a_share() -> None:
    scenario = load_scenario("alexa-2022")
    assert scenario.figure("mix.pizza") is scenario.figure("pizza_share")
    assert scenario.figure("headcount").key == "people.headcount"
    for name, message in (
        ("placed", "could be orders.pizza.placed, orders.ride.placed"),
        ("headcont", r"did you mean 'people.headcount'"),
        ("subscription.share", "switch on the strategy that brings it"),
    ):
        with pytest.raises(ConfigError, match=message):
            scenario.figure(name)


def test_no_two_keys_mean_the_same() -> None:
    assert len({each.pattern for each in KEYS}) == len(KEYS)
