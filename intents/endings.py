"""Whether what may still be said changes what a sentence means: what tells an end from a pause."""

from __future__ import annotations

from typing import TYPE_CHECKING

from intents.normalise import clean
from intents.results import IntentMatch
from intents.template_graph import REMEMBERED, START, TemplateGraph

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from hassil.intents import Intents

    from intents.catalogue import Catalogue
    from intents.results import Expected, NoMatch
    from intents.template_graph import Onward, Template


class Endings:
    """Looks sentences up in the templates of a catalogue, as they are spoken. Put together once."""

    def __init__(self, catalogue: Catalogue) -> None:
        """Index `catalogue`; the answers to a question when it is first asked."""
        self._catalogue = catalogue
        self._skipped = frozenset(catalogue.commands.skip_words)
        self._commands = TemplateGraph(
            catalogue.commands, catalogue.commands.intents, spoken=True, remembered=REMEMBERED
        )
        self._answers: dict[tuple[str, str], TemplateGraph] = {}
        # What every sentence begins with takes the longest to work out, and nobody should wait for that.
        self._commands.step([START], "")

    def may_change(
        self,
        text: str,
        meaning: IntentMatch,
        *,
        expected: Expected | None = None,
        match: Callable[[str], IntentMatch | NoMatch],
    ) -> bool:
        """Whether a sentence begins with `text`, which means `meaning`, and means something else.

        `expected` is what the question that is open makes likely, and `match` understands a text where the conversation
        stands. "What's the weather" may gain a city and "stop" another thing to be stopped; "turn it up" may go on
        with "a little", and "play some jazz" with "please", which change nothing. Three things are not waited for:

        - what is said about the conversation, where there is none;
        - more than was asked: who was asked for a size and has said one has answered, though a topping may follow (but
          who has named one topping may name another);
        - what seldom follows the value of a slot that is said last (`last` in the definitions).

        Also true when no sentence begins so, since then nothing is known.
        """
        known = False
        for commands, graph in self._graphs(expected):
            ways = list(self._onward(graph, text))
            last = {template for template, onward in ways if onward.behind in self._last(template)}
            for template, onward in ways:
                if not _counts(commands, template, expected) or self._is_idle_talk(template, expected):
                    continue
                known = True
                said_last = template in last and template.intent == meaning.intent
                if self._changes(text, meaning, onward, expected, match, said_last=said_last):
                    return True
        return not known

    def _changes(
        self,
        text: str,
        meaning: IntentMatch,
        onward: Onward,
        expected: Expected | None,
        match: Callable[[str], IntentMatch | NoMatch],
        *,
        said_last: bool,
    ) -> bool:
        """Whether the sentences of a template that go on from here mean something else than `meaning`."""
        if expected and expected.slot and self._answers_it(meaning, expected.slot):
            # What follows an answer is more of it or a correction; another command would have begun otherwise.
            return expected.slot in onward.slots
        if onward.slots and not said_last:
            return True
        if onward.words is None:
            return False
        longer = match(f"{text} {' '.join(onward.words)}")
        return not (
            isinstance(longer, IntentMatch)
            and (longer.intent, longer.slots) == (meaning.intent, meaning.slots)
        )

    def _graphs(self, expected: Expected | None) -> Iterator[tuple[Intents, TemplateGraph]]:
        yield self._catalogue.commands, self._commands
        if expected and expected.slot:
            asked = expected.intent, expected.slot
            answers = self._catalogue.answers.get(asked)
            if answers:
                if asked not in self._answers:
                    self._answers[asked] = TemplateGraph(
                        answers, answers.intents, spoken=True, remembered=REMEMBERED
                    )
                yield answers, self._answers[asked]

    def _onward(self, graph: TemplateGraph, text: str) -> Iterator[tuple[Template, Onward]]:
        """The ways on behind `text`, each with the template that it belongs to."""
        states = frozenset([START])
        for word in clean(text).split():
            following = graph.step(states, word)
            # A template may hold such a word itself.
            states = following | states if word in self._skipped else following
        for state in states - {START}:
            yield graph.template_of(state), graph.ahead(state)

    def _answers_it(self, meaning: IntentMatch, slot: str) -> bool:
        """Whether `meaning` is the answer to a question for `slot`, and no command of its own."""
        is_answer = meaning.step == "answer" or self._catalogue.intents[meaning.intent].kind == "dialogue"
        return is_answer and slot in meaning.slots

    def _last(self, template: Template) -> tuple[str, ...]:
        return self._catalogue.intents[template.intent].last

    def _is_idle_talk(self, template: Template, expected: Expected | None) -> bool:
        return (expected is None or expected.answered) and self._catalogue.intents[
            template.intent
        ].kind == "dialogue"


def _counts(commands: Intents, template: Template, expected: Expected | None) -> bool:
    """Whether a template counts where the conversation stands."""
    context = expected.context if expected else {}
    requires: Mapping[str, object] = commands.intents[template.intent].data[template.block].requires_context
    return all(name in context and value in (None, context[name]) for name, value in requires.items())
