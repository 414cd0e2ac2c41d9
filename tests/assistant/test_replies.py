"""Every reply that the code says exists and is given what it names; a language file that is wrong says where."""

from __future__ import annotations

import ast
from datetime import datetime, timedelta
from pathlib import Path

import pytest

import assistant
from assistant.errors import ConfigError
from assistant.money import Money
from assistant.partners.board import load_partners
from assistant.replies import load_replies, placeholders
from intents.catalogue import load_catalogue
from intents.sample import sample_sentences
from tests.assistant.examples import NOW

REPLIES = load_replies("en")
PACKAGE = Path(assistant.__file__).parent


def _calls() -> list[tuple[str, list[ast.expr], set[str], bool]]:
    """(place, keys, values, whether more values come by **) of every `say` of a reply, not of a voice."""
    found = []
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr == "say"
                and not ast.unparse(node.func.value).endswith("voice")
                and not any(isinstance(key, ast.Starred) for key in node.args)
            ):
                names = {keyword.arg for keyword in node.keywords if keyword.arg}
                found.append(
                    (f"{path.name}:{node.lineno}", node.args, names, len(names) < len(node.keywords))
                )
    return found


def _literals(key: ast.expr) -> list[str]:
    if isinstance(key, ast.Constant) and isinstance(key.value, str):
        return [key.value]
    if isinstance(key, ast.IfExp):
        return [*_literals(key.body), *_literals(key.orelse)]
    return []


def test_every_reply_that_the_code_names_exists_and_is_given_its_values() -> None:
    calls = _calls()
    assert len(calls) > 40
    for place, keys, values, more in calls:
        for key in (literal for expression in keys for literal in _literals(expression)):
            assert key in REPLIES.templates, f"{place} says {key}"
            missing = placeholders(REPLIES.templates[key]) - values
            assert more or not missing, f"{place} says {key} without {missing}"


def test_amounts_and_times_are_written_as_the_language_does() -> None:
    assert REPLIES.money(Money.of("36.97", "USD")) == "$36.97"
    now = datetime(2026, 1, 5, 12, 0)  # noqa: DTZ001 - local times
    assert REPLIES.time(datetime(2026, 1, 5, 18, 30), now) == "at 6:30 PM"  # noqa: DTZ001
    assert REPLIES.time(datetime(2026, 1, 6, 8, 0), now) == "tomorrow at 8:00 AM"  # noqa: DTZ001
    assert REPLIES.time(datetime(2026, 1, 9, 8, 0), now) == "on Friday at 8:00 AM"  # noqa: DTZ001
    assert REPLIES.ago(timedelta(seconds=40)) == "1 minute ago"
    assert REPLIES.ago(timedelta(seconds=-5)) == REPLIES.ago(timedelta()) == "just now"
    assert REPLIES.names(["ham"]) == "ham"
    assert REPLIES.names(["ham", "olive", "onion"]) == "ham, olive and onion"


def own(folder: Path, text: str) -> Path:
    path = folder / "own.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_file_of_ones_own_needs_only_what_differs(tmp_path: Path) -> None:
    replies = load_replies("en", own=own(tmp_path, '[pizza]\nordered = "Done: {description}"\n'))
    assert replies.say("pizza.ordered", description="a pizza", timing="") == "Done: a pizza"
    assert replies.say("dialogue.done") == REPLIES.say("dialogue.done")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[pizza]\nodered = "x"\n', r"own.toml: unknown reply 'pizza.odered' \(did you mean 'pizza.ordered'"),
        ('[piza]\nordered = "x"\n', r"unknown reply 'piza.ordered'"),
        ('[pizza]\nordered = "{price}"\n', r"pizza.ordered names \{price\}.*\{description\}, \{timing\}"),
        ('[pizza]\nordered = "{"\n', r"pizza.ordered is no template"),
        ('[pizza]\nordered = "{0}"\n', r"pizza.ordered is no template"),
        ('[pizza]\nordered = "{description.__class__}"\n', r"pizza.ordered is no template"),
        ("[pizza]\nordered = 3\n", r"pizza.ordered is no template but 3"),
        ('ordered = "x"\n', r"stands in no group"),
    ],
)
def test_a_wrong_reply_is_named(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        load_replies("en", own=own(tmp_path, text))


def test_every_reply_whose_key_is_put_together_exists() -> None:
    catalogue, partners = load_catalogue("en"), load_partners("USD")
    for intent in partners.sellers:
        for part in ("ordered", "offer", *catalogue.intents[intent].required):
            assert f"{intent}.{part}" in REPLIES.templates
    for intent, informer in partners.informers.items():
        sentences = sample_sentences(catalogue, intent, limit=60, seed=0, now=NOW)
        assert sentences
        for sentence in sentences:
            # "Done." is said where there are no words for what was done.
            reply = informer.answer(sentence.slots, NOW, REPLIES)
            assert reply
            assert reply != REPLIES.say("dialogue.done"), sentence
