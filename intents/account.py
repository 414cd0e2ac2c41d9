"""An explanation put as decisions, in the order in which they were taken, each with its score and its reason."""

from __future__ import annotations

from difflib import SequenceMatcher
from typing import TYPE_CHECKING

from intents.explanation import Decision, Origin
from intents.results import IntentMatch
from intents.slots import taken_by

if TYPE_CHECKING:
    from collections.abc import Iterator

    from intents.exact import Reading
    from intents.explanation import Explanation, How, ModelView, Outcome
    from intents.results import NoMatch


def decisions(explanation: Explanation) -> list[Decision]:
    """Every step's decision; steps after the one that decided are not taken and do not appear."""
    return list(_decisions(explanation))


def from_template(text: str, match: IntentMatch) -> list[Origin]:
    """Where the slots of a `match` by template come from, by itself or once the normalised `text` was repaired."""
    repaired = {ours: heard for heard, ours in repairs(text, match.sentence)}
    origins = []
    for slot, value in match.slots.items():
        words = str(value).split()
        heard = " ".join(repaired.get(word, word) for word in words)
        changed = [(repaired[word], word) for word in words if word in repaired]
        ways = {taken_by(*pair) for pair in changed}
        how: How = "sound" if "sound" in ways else "spelling" if ways else "template"
        origins.append(Origin(slot=slot, value=value, how=how, heard=heard if changed else ""))
    return origins


def repairs(text: str, sentence: str) -> list[tuple[str, str]]:
    """What was heard in `text` and what it was taken for in `sentence`, word by word where as many stand there."""
    heard, ours = text.split(), sentence.split()
    found = []
    for tag, a, b, c, d in SequenceMatcher(None, heard, ours, autojunk=False).get_opcodes():
        if tag == "replace" and b - a == d - c:
            found += list(zip(heard[a:b], ours[c:d], strict=True))
        elif tag != "equal":
            found.append((" ".join(heard[a:b]), " ".join(ours[c:d])))
    return found


def _decisions(it: Explanation) -> Iterator[Decision]:
    if it.note:
        yield Decision(step="text", outcome="rejected", why=it.note)
        return
    if it.exact:
        yield _exact(it.exact, it.result)
        return
    yield Decision(step="exact", outcome="rejected", why="no template says this word for word")
    if it.model is None:
        if it.fuzzy is not None:
            yield _of(it.fuzzy, step="likeness", why=it.likeness)
        return
    by_model = _by_model(it, it.model)
    yield next(by_model)
    if it.fuzzy is not None:
        yield _likeness(it.fuzzy, it)
    if not isinstance(it.result, IntentMatch) or it.result.step == "model":
        yield from by_model


def _likeness(fuzzy: IntentMatch | NoMatch, it: Explanation) -> Decision:
    result = it.result
    if not (isinstance(fuzzy, IntentMatch) and isinstance(result, IntentMatch) and result.step == "fuzzy"):
        return _of(fuzzy, step="likeness", why=it.likeness)
    doubted = (
        "; the model does not see that, so it is asked about" if fuzzy.certain and not result.certain else ""
    )
    return _of(result, step="likeness", why=it.likeness + doubted)


def _exact(found: tuple[Reading, ...], result: IntentMatch | NoMatch) -> Decision:
    best = found[0]
    others = ", ".join(reading.intent for reading in found[1:])
    why = f"{best.literal} characters are the template's own, {best.wildcards} slots take any words"
    step = "answer" if isinstance(result, IntentMatch) and result.step == "answer" else "exact"
    return _of(result, step=step, why=f"{why}; before {others}" if others else why)


def _by_model(it: Explanation, model: ModelView) -> Iterator[Decision]:
    belief = model.belief
    intent, score = belief.best, belief.score
    if not model.known:
        why = "the likeliest is no intent of this catalogue"
        yield Decision(step="model", outcome="rejected", intent=intent, score=score, why=why)
        return
    limits = f"asks from {belief.ask}, accepts from {belief.accept}"
    if model.denial:
        limits += f", asks only from {belief.accept} as “{model.denial}” may deny it"
    ask = belief.accept if model.denial else belief.ask
    sure = score >= belief.accept
    outcome: Outcome = "rejected" if score < ask else "accepted" if sure else "asked"
    yield Decision(step="model", outcome=outcome, intent=intent, score=score, why=limits)
    if outcome == "rejected":
        return
    if not model.other and isinstance(it.result, IntentMatch):
        found = ", ".join(f"{slot} {value}" for slot, value in it.result.slots.items())
        why = f"looked for in the text: {found or 'none'}"
        yield Decision(step="slots", outcome=outcome, intent=intent, score=score, why=why)
    if model.other:
        why = f"“{model.other}” makes it about something else"
        yield Decision(step="unless", outcome="rejected", intent=intent, why=why)
        return
    if evidence := model.evidence:
        why = (
            f"ordering verb: {evidence.verb or 'none'}; thing ordered: {evidence.thing or 'none'}; "
            f"in this order: {'yes' if evidence.in_order else 'no'}; may deny it: {evidence.denial or 'nothing'}; "
            f"makes it a question: {evidence.question or 'nothing'}; "
            f"names what can be had: {'yes' if evidence.named else 'no'}"
        )
        yield Decision(
            step="evidence", outcome="accepted" if evidence.suffices else "asked", intent=intent, why=why
        )
    certain = sure and (model.evidence is None or model.evidence.suffices)
    if isinstance(it.fuzzy, IntentMatch):
        certain = False
        why = f"likeness takes it for {it.fuzzy.intent}"
        yield Decision(step="rival", outcome="asked", intent=intent, why=why)
    if it.in_dialogue and not certain:
        yield Decision(
            step="dialogue",
            outcome="rejected",
            intent=intent,
            why="a question is open, and this is not certain",
        )
    elif it.marked_up:
        yield Decision(
            step="signs", outcome="asked", intent=intent, why="signs of code or markup are not said"
        )


def _of(result: IntentMatch | NoMatch, *, step: str, why: str, score: float | None = None) -> Decision:
    score = result.score if score is None else score
    if isinstance(result, IntentMatch):
        taken: Outcome = "accepted" if result.certain else "asked"
        return Decision(step=step, outcome=taken, intent=result.intent, score=score, why=why)
    refused: Outcome = "ambiguous" if result.reason == "ambiguous" else "rejected"
    return Decision(step=step, outcome=refused, intent=result.runner_up, score=score or None, why=why)
