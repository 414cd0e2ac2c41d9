"""Definitions: the bundled ones hold together, foreign ones load, broken ones say what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from intents.catalogue import load_catalogue
from intents.errors import DefinitionError
from intents.match import Matcher
from intents.results import IntentMatch
from intents.sample import sample_phrases

if TYPE_CHECKING:
    from pathlib import Path

FOREIGN = """
language: en
intents:
  orderTea:
    data:
      - sentences: ["[<order>] [a] ([{size}];[{leaf}]) tea [with <more>]"]
expansion_rules:
  order: "(brew|i'd like|get me)"
  more: "({milk}|{sugar}|{milk} and {sugar})"
lists:
  size: {values: [tiny, huge]}
  leaf: {values: [green, black]}
  milk: {values: [milk, a drop of milk]}
  sugar: {values: [sugar, "[a spoon of] honey"]}
"""


def _write(folder: Path, **texts: str) -> list[Path]:
    paths = []
    for name, text in texts.items():
        path = folder / f"{name}.yaml"
        path.write_text(text, encoding="utf-8")
        paths.append(path)
    return paths


def test_the_bundled_intents_and_what_they_need() -> None:
    catalogue = load_catalogue()
    kinds = {name: intent.kind for name, intent in catalogue.intents.items()}
    assert {name for name, kind in kinds.items() if kind == "dialogue"} == {
        *(
            "cancel",
            "choices",
            "confirm",
            "correct",
            "deny",
            "duration",
            "price",
            "repeat",
            "status",
            "unclear",
        ),
    }
    assert {name for name, kind in kinds.items() if kind == "commerce"} == {"pizza", "ride"}
    assert {name for name, kind in kinds.items() if kind == "trivial"} == {
        *("alarm", "information", "light", "music", "time", "timer", "traffic", "weather"),
    }
    assert catalogue.intents["pizza"].required == ("size", "topping")
    assert catalogue.intents["ride"].required == ("destination",)
    assert catalogue.intents["music"].slots == {"action", "artist", "song", "genre", "playlist", "level"}
    assert catalogue.intents["pizza"].slots == {
        "size",
        "topping",
        "quantity",
        "crust",
        "delivery",
        "address",
        "elsewhere",
        "halves",
        "time",
        "day",
        "usual",
        "budget",
    }
    assert catalogue.intents["ride"].slots == {
        "origin",
        "destination",
        "time",
        "day",
        "clock",
        "class",
        "passengers",
        "number",
        "budget",
    }
    for name, intent in catalogue.intents.items():
        assert set(intent.required) <= set(intent.answers) <= intent.slots
        assert intent.source == f"{name}.yaml"
        for slot in intent.answers:
            assert (name, slot) in catalogue.answers


def test_the_version_names_the_texts(tmp_path: Path) -> None:
    assert load_catalogue().version == load_catalogue().version
    assert len(load_catalogue().version) == 12
    one = load_catalogue(files=_write(tmp_path, tea=FOREIGN)).version
    assert one != load_catalogue(files=_write(tmp_path, tea=FOREIGN + "# changed\n")).version


def test_a_foreign_command_language_loads_and_matches(tmp_path: Path) -> None:
    catalogue = load_catalogue(files=_write(tmp_path, tea=FOREIGN))
    assert catalogue.language == "en"
    assert catalogue.intents["orderTea"].kind == "trivial"
    assert catalogue.intents["orderTea"].required == ()
    matcher = Matcher(catalogue)
    match = matcher.match("I would like a green tiny tea with a drop of milk and honey")
    assert isinstance(match, IntentMatch)
    assert match.slots == {"size": "tiny", "leaf": "green", "milk": "a drop of milk", "sugar": "honey"}
    for phrase in sample_phrases(catalogue, limit_per_intent=100, seed=0):
        assert isinstance(matcher.match(phrase), IntentMatch), phrase


def test_extra_files_extend_the_lists(tmp_path: Path) -> None:
    extra = _write(tmp_path, mine="language: en\nlists: {place: {values: [the lighthouse]}}\n")
    match = Matcher(load_catalogue(extra=extra)).match("call me a taxi to the lighthouse")
    assert isinstance(match, IntentMatch)
    assert match.slots == {"destination": "the lighthouse"}


def test_extra_files_add_sentences_to_intents_and_nothing_else(tmp_path: Path) -> None:
    text = """
    language: en
    intents:
      pizza: {data: [{sentences: ["{word} me a {size} one"], lists: {word: {values: [bake]}}}]}
      music: {data: [{slots: {action: stop}, sentences: ["silence now"]}]}
    """
    matcher = Matcher(load_catalogue(extra=_write(tmp_path, a=text, b=_one("ahoy"), c=_one("hi"))))
    for said, intent in (
        ("silence now", "music"),
        ("bake me a large one", "pizza"),
        ("ahoy", "greet"),
        ("hi", "greet"),
    ):
        match = matcher.match(said)
        assert isinstance(match, IntentMatch)
        assert (match.intent, match.step) == (intent, "exact")
    kinds = {name: each.kind for name, each in load_catalogue(extra=_write(tmp_path, a=text)).intents.items()}
    assert (kinds["pizza"], kinds["music"]) == ("commerce", "trivial")
    for intent in ("music", "pizza", "time"):
        mine = _one("ahoy", "pennyworth: {kind: trivial}").replace("greet", intent)
        with pytest.raises(
            DefinitionError, match=rf"a\.yaml: pennyworth: {intent}\.yaml says what the intent '{intent}' is"
        ):
            load_catalogue(extra=_write(tmp_path, a=mine))
    with pytest.raises(DefinitionError, match=r"a\.yaml: intents\.music\.data\[1\]\.sentences\[0\]"):
        load_catalogue(
            extra=_write(
                tmp_path,
                a="{language: en, intents: {music: {data: [{sentences: [a]}, {sentences: ['{x}']}]}}}",
            )
        )


def test_contractions_may_be_written_in_pieces(tmp_path: Path) -> None:
    text = 'language: en\nintents: {ask: {data: [{sentences: ["what[\'s| is] up"]}]}}\n'
    matcher = Matcher(load_catalogue(files=_write(tmp_path, ask=text)))
    for said in ("what's up", "whats up", "what is up"):
        assert isinstance(matcher.match(said), IntentMatch), said


def _one(sentence: str = "hello", rest: str = "") -> str:
    return f"language: en\nintents: {{greet: {{data: [{{sentences: ['{sentence}']}}]}}}}\n{rest}"


def _open(keys: str, kind: str = "trivial") -> str:
    extra = f"lists: {{name: {{values: [bob]}}}}\npennyworth: {{kind: {kind}, open: {{name: {keys}}}}}\n"
    return _one("hello {name}", extra)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("language: [", ["bad.yaml", "not valid YAML"]),
        ("- a\n- b\n", ["bad.yaml", "expected keys and values"]),
        ("", ["bad.yaml", "found nothing"]),
        ("intents: {}\n", ["bad.yaml: language", "language: en"]),
        ("language: en\n", ["no intents"]),
        (_one(rest="intnets: {}\n"), ["unknown key 'intnets'", "did you mean 'intents'"]),
        (
            _one("hello {nam}", "lists: {name: {values: [bob]}}\n"),
            ["sentences[0]", "no list {nam}", "'name'"],
        ),
        (_one("<helo>", "expansion_rules: {hello: hi}\n"), ["sentences[0]", "no rule <helo>", "'hello'"]),
        (_one("hello (you"), ["sentences[0]", "does not parse", "brackets"]),
        (_one("hello {}"), ["sentences[0]", "does not parse"]),
        (_one("[hello]"), ["matches silence"]),
        (_one("<a>", "expansion_rules: {a: x <b>, b: y <a>}\n"), ["refers to itself", "a > b > a"]),
        (
            _one(rest="pennyworth: {kid: commerce}\n"),
            ["pennyworth", "unknown key 'kid'", "did you mean 'kind'"],
        ),
        (_one(rest="pennyworth: {kind: comerce}\n"), ["pennyworth.kind", "did you mean 'commerce'"]),
        (_one(rest="pennyworth: {required: [name]}\n"), ["no sentence has the slot 'name'"]),
        (_one(rest="pennyworth: {answers: {name: [x]}}\n"), ["answers.name", "no sentence has that slot"]),
        (
            _one(rest="pennyworth: {open: {name: {after: [by]}}}\n"),
            ["open", "no sentence has the slot 'name'"],
        ),
        (_open("{}"), ["open.name.after", "give the phrases"]),
        (_open("{after: [by], untill: [now]}"), ["open.name", "unknown key 'untill'", "stop"]),
        (_open("{after: [by], longest: 0}"), ["open.name.longest", "found 0", "from 1 on"]),
        (_open("{after: [by], alone: 1}"), ["open.name.alone", "true or false"]),
        (_open("{after: [by], stop: [on]}"), ["open.name.stop[0]", "quotes"]),
        (_open("{after: [by]}", kind="commerce"), ["open", "an order takes no words that no list has"]),
        (_one(rest="lists: {vote: {values: [yes]}}\n"), ["lists.vote.values[0]", "quotes"]),
        (_one(rest="lists: {vote: {values: []}}\n"), ["lists.vote.values", "empty"]),
        (_one(rest="lists: {vote: {}}\n"), ["exactly one of values, range and wildcard"]),
        (_one(rest="lists: {n: {range: {from: 5, to: 1}}}\n"), ["lists.n.range", "no numbers"]),
        (_one(rest="lists: {n: {values: [{in: a, out: true}]}}\n"), ["values[0].out", "quotes"]),
        (
            "language: en\nintents: {greet: {data: [{sentence: [a]}]}}\n",
            ["data[0]", "did you mean 'sentences'"],
        ),
        ("language: en\nintents: {greet: {data: [{sentences: [yes]}]}}\n", ["sentences[0]", "quotes"]),
        ("language: en\nintents: {greet: {data: []}}\n", ["greet.data", "empty"]),
        (
            "language: en\nintents: {greet: {data: [{metadata: {ask: 1}, sentences: [a]}]}}\n",
            ["data[0].metadata.ask", "found 1", "true or false"],
        ),
    ],
)
def test_a_broken_definition_says_where_and_what_to_do(tmp_path: Path, text: str, parts: list[str]) -> None:
    with pytest.raises(DefinitionError) as caught:
        load_catalogue(files=_write(tmp_path, bad=text))
    for part in parts:
        assert part in str(caught.value)


def test_two_files_with_the_same_intent_are_both_named(tmp_path: Path) -> None:
    with pytest.raises(DefinitionError, match=r"two\.yaml: intents\.greet: .*one\.yaml defines it too"):
        load_catalogue(files=_write(tmp_path, one=_one(), two=_one()))


def test_files_of_two_languages_do_not_mix(tmp_path: Path) -> None:
    german = _one("hallo").replace("greet", "hallo").replace(": en", ": de")
    with pytest.raises(DefinitionError, match="several languages"):
        load_catalogue(files=_write(tmp_path, one=_one(), two=german))


def test_metadata_of_two_intents_in_one_file_is_refused(tmp_path: Path) -> None:
    text = "language: en\npennyworth: {kind: commerce}\nintents:\n"
    text += "".join(f"  {name}: {{data: [{{sentences: [{name}]}}]}}\n" for name in ("one", "two"))
    with pytest.raises(DefinitionError, match="the file has 2"):
        load_catalogue(files=_write(tmp_path, both=text))


@pytest.mark.parametrize("language", ["tlh", "", "..", "en/lists"])
def test_an_unknown_language_lists_those_there_are(language: str) -> None:
    with pytest.raises(DefinitionError, match="the languages are en"):
        load_catalogue(language)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(DefinitionError, match=r"missing\.yaml: cannot be read"):
        load_catalogue(files=[tmp_path / "missing.yaml"])
    latin = tmp_path / "latin.yaml"
    latin.write_bytes(b"language: \xe9")
    with pytest.raises(DefinitionError, match=r"latin\.yaml: is not UTF-8"):
        load_catalogue(files=[latin])
    with pytest.raises(DefinitionError, match="no definition files"):
        load_catalogue(files=[])


@pytest.mark.parametrize(
    ("intent", "message"),
    [
        (
            "pizza",
            r"a\.yaml: intents\.pizza\.data\[\d+\]\.requires_context\.after: pizza is commerce, and only a trivial",
        ),
        ("repeat", r"repeat is dialogue, and only a trivial intent is followed up; take it out"),
        ("music", r"requires_context\.after: 'weather' is another intent; .* write music"),
    ],
)
def test_only_a_trivial_command_is_followed_up_and_by_its_own_intent(
    tmp_path: Path, intent: str, message: str
) -> None:
    after = "weather" if intent == "music" else intent
    text = f"""
    language: en
    intents:
      {intent}: {{data: [{{requires_context: {{after: {after}}}, sentences: ["and another one"]}}]}}
    """
    with pytest.raises(DefinitionError, match=message):
        load_catalogue(extra=_write(tmp_path, a=text))
