"""Templates out of labelled sentences: what was not understood is, and nothing else is understood otherwise."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from assistant.reports.phrases import definitions_text
from intents.catalogue import load_catalogue
from intents.induction import Labelled, induce
from intents.lint import lint
from intents.match import Matcher
from intents.results import IntentMatch
from tests.intents.sentences import UNDERSTOOD

if TYPE_CHECKING:
    from pathlib import Path

    from intents.catalogue import Catalogue
    from intents.induction import Induction

NOW = datetime(2026, 1, 5, 18, 30, tzinfo=UTC)


def labelled(text: str, intent: str, **slots: str | int) -> Labelled:
    return Labelled(id=text, text=text, intent=intent, slots=slots, now=NOW)


def made(catalogue: Catalogue, matcher: Matcher, *sentences: Labelled) -> Induction:
    return induce(catalogue, matcher, sentences)


@pytest.mark.parametrize(
    ("sentence", "template", "fixed"),
    [
        (
            labelled("Spin me up some jazz!", "music", action="play", genre="jazz"),
            "spin me up some {genre}",
            {"action": "play"},
        ),
        (
            labelled(
                "please get us a large pie with ham and pineapple",
                "pizza", size="large", topping="ham, pineapple",
            ),
            "get us a {size} pie with {topping} and {topping}",
            {},
        ),
        (
            labelled(
                "get me a car from home to the airport at seven tomorrow morning will you",
                "ride", origin="home", destination="airport", time="2026-01-06T07:00",
            ),
            "get me a car from {place:origin} to {place:destination} {moment:time} will you",
            {},
        ),
        # As a person writes it who corrects it: in the words that were said.
        (
            labelled(
                "get me a car to the airport at seven tomorrow will you",
                "ride", destination="The airport", time="at seven tomorrow",
            ),
            "get me a car to {place:destination} {moment:time} will you",
            {},
        ),
        # No list has the song; it was said, and stays.
        (
            labelled("play moonlit harbour at my place", "music", action="play", song="Moonlit Harbour"),
            "play moonlit harbour at my place",
            {"action": "play", "song": "Moonlit Harbour"},
        ),
        # Of values alone, any value would be a command.
        (labelled("jazz", "music", action="play", genre="jazz"), "jazz", {"action": "play", "genre": "jazz"}),
    ],
)  # fmt: skip
def test_values_of_lists_become_their_slots(
    catalogue: Catalogue, matcher: Matcher, sentence: Labelled, template: str, fixed: dict[str, Any]
) -> None:
    (only,) = made(catalogue, matcher, sentence).templates
    assert (only.template, dict(only.slots), only.intent) == (template, fixed, sentence.intent)


@pytest.mark.parametrize(
    ("sentence", "why"),
    [
        (labelled("bake us a large pepperoni pie", "pizza", size="large"), "needs an ordering verb"),
        (labelled("pineapple on a large pizza is a dream", "pizza", size="large"), "needs an ordering verb"),
        (labelled("do not get us a large pie", "pizza", size="large"), "“not” may deny the order"),
        (labelled("get us a pizza cutter thing", "pizza"), "“pizza cutter” makes it about something else"),
        (labelled("get us a huge pie", "pizza", size="huge"), "no list has size “huge” as it was said"),
        (labelled("yep go ahead then", "confirm"), "decides over orders"),
        (labelled("turn it up", "music", action="volume_down"), "a template says it already"),
        (labelled("order a large pizza", "music", action="play"), "a template says it already, and means pizza"),
        (labelled("bananas", "nonsense"), "no intent 'nonsense'"),
        (labelled("please", "music"), "no words but such as may stand anywhere"),
        (labelled("", "music"), "no words"),
        (labelled("word " * 100, "music"), "longer than any command"),
        (labelled("spin that thing", "music", genre="jazz and more"), "was not said, and no list"),
        (labelled("car me to the airport then", "ride", destination="airport"), "needs an ordering verb"),
        (labelled("get a car to the airport soon", "ride", time="2026-03-03T11:00"), "no list has time"),
    ],
)  # fmt: skip
def test_what_is_left_out_says_why(
    catalogue: Catalogue, matcher: Matcher, sentence: Labelled, why: str
) -> None:
    found = made(catalogue, matcher, sentence)
    assert found.templates == ()
    assert why in found.left_out[0].why


def test_what_is_understood_word_for_word_is_known(catalogue: Catalogue, matcher: Matcher) -> None:
    found = made(
        catalogue,
        matcher,
        *(labelled(text, intent, **slots) for intent, text, slots in UNDERSTOOD[:40]),
    )
    assert (len(found.known), found.templates, found.left_out) == (40, (), ())


def test_siblings_are_one_template_and_contradictions_none(catalogue: Catalogue, matcher: Matcher) -> None:
    found = made(
        catalogue,
        matcher,
        labelled("spin me up some jazz", "music", action="play", genre="jazz"),
        labelled("spin me up some rock", "music", action="play", genre="rock"),
        labelled("dim the noise", "music", action="volume_down"),
        labelled("dim the noise", "light"),
    )
    assert [(each.template, len(each.ids)) for each in found.templates] == [("spin me up some {genre}", 2)]
    assert ["two ways" in each.why for each in found.left_out] == [True, True]


def test_the_same_time_on_two_days_is_no_contradiction(catalogue: Catalogue, matcher: Matcher) -> None:
    text = "get me a car to the airport at seven tomorrow will you"
    days = [
        Labelled(
            id=str(day), text=text, intent="ride", now=NOW.replace(day=day),
            slots={"destination": "airport", "time": f"2026-01-0{day + 1}T{hour}:00"},
        )
        for day, hour in ((5, "07"), (7, "07"))
    ]  # fmt: skip
    found = made(catalogue, matcher, *days)
    assert [len(each.ids) for each in found.templates] == [2], found.left_out


@pytest.mark.parametrize(
    ("every", "mended"), [(12, False), pytest.param(1, True, marks=pytest.mark.slow)], ids=["some", "all"]
)
def test_the_file_has_nothing_to_mend_and_all_else_means_what_it_meant(
    catalogue: Catalogue, matcher: Matcher, tmp_path: Path, every: int, mended: bool
) -> None:
    sentences = [
        labelled("spin me up some jazz", "music", action="play", genre="jazz"),
        labelled("spin me up something", "music", action="play"),
        labelled("spin me up some tango", "music", action="play", genre="tango"),
        labelled("get us a large pie with ham", "pizza", size="large", topping="ham"),
        labelled("no", "music", action="stop"),
        labelled("on with the jazz", "music", action="play", genre="jazz"),
        labelled(
            "get me a car to the airport at seven tomorrow will you",
            "ride", destination="airport", time="2026-01-06T07:00",
        ),
        labelled("will my washing get wet in paris", "weather", place="paris"),
    ]  # fmt: skip
    found = made(catalogue, matcher, *sentences)
    assert found.templates
    path = tmp_path / "reviewed.yaml"
    path.write_text(definitions_text("en", found.templates))
    assert yaml.safe_load(path.read_text())["language"] == "en"
    extended = load_catalogue(extra=[path])
    assert not mended or lint(extended) == []
    new = Matcher(extended)
    left = {each.sentence.id for each in found.left_out}
    for each in sentences:
        if each.id not in left:
            match = new.match(each.text, now=NOW)
            assert isinstance(match, IntentMatch), each.text
            assert (match.intent, dict(match.slots)) == (each.intent, each.slots)
            assert (match.step, match.certain) == ("exact", True)
    for _, text, _ in UNDERSTOOD[::every]:
        assert new.match(text, now=NOW) == matcher.match(text, now=NOW)
    # A second time there is nothing to add.
    again = induce(extended, new, sentences)
    assert again.templates == ()
    assert {each.id for each in again.known} == {each.id for each in sentences} - left
