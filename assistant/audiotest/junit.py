"""A run as a JUnit XML report, as continuous integration servers read it: a suite a condition, a test a case."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final
from xml.etree.ElementTree import Element, SubElement, indent, tostring

if TYPE_CHECKING:
    from collections.abc import Sequence

    from assistant.audiotest.results import CaseResult, Run
    from assistant.audiotest.score import Score

_NOT_XML: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML 1.0 has no way to hold."""


def to_junit(run: Run, scores: Sequence[Score]) -> bytes:
    """The report, UTF-8. Times are processor time; a case that could not be heard is an error, not a failure."""
    root = Element("testsuites", name=_xml(f"pennyworth audio-test {run.corpus}"))
    total = {"tests": 0, "failures": 0, "errors": 0}
    seconds = 0.0
    for score in scores:
        results = run.of(score.engine, score.condition)
        counts = {
            "tests": len(results),
            "failures": sum(not it.right and not it.error for it in results),
            "errors": sum(bool(it.error) for it in results),
        }
        took = sum(it.cpu_us for it in results) / 1e6
        suite = SubElement(
            root,
            "testsuite",
            {name: str(count) for name, count in counts.items()},
            name=_xml(f"{score.engine}, {score.condition}"),
            skipped="0",
            time=f"{took:.3f}",
        )
        _properties(suite, score)
        for it in results:
            _case(suite, it, run.corpus)
        total = {name: total[name] + counts[name] for name in total}
        seconds += took
    for name, count in total.items():
        root.set(name, str(count))
    root.set("time", f"{seconds:.3f}")
    indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{tostring(root, encoding="unicode")}\n'.encode()


def expected(it: CaseResult) -> str:
    """What a case should have come to, in words."""
    return said(it.expected_intent, it.expected_slots)


def understood(it: CaseResult) -> str:
    """What it came to, in words."""
    if it.error:
        return it.error
    if not it.utterances:
        return "not heard as speech"
    return said(it.intent, it.slots) + (f" ({it.outcome})" if it.outcome else "")


def said(intent: str | None, slots: dict[str, str | int]) -> str:
    """An intent with its slots: "pizza size=large topping=ham"."""
    return " ".join([intent or "none", *(f"{name}={value}" for name, value in sorted(slots.items()))])


def _properties(suite: Element, score: Score) -> None:
    properties = SubElement(suite, "properties")
    for name in ("command_acceptance", "intent_accuracy", "slot_f1", "wer", "false_accepts", "false_orders"):
        value = getattr(score, name)
        if value is not None:
            SubElement(
                properties,
                "property",
                name=name,
                value=f"{value:.4f}" if isinstance(value, float) else str(value),
            )


def _case(suite: Element, it: CaseResult, corpus: str) -> None:
    case = SubElement(
        suite,
        "testcase",
        name=_xml(it.audio),
        classname=_xml(f"{corpus}.{it.engine}.{it.condition}".replace(" ", "_")),
        time=f"{it.cpu_us / 1e6:.3f}",
    )
    if it.right:
        return
    kind = "error" if it.error else "failure"
    message = it.error or f"expected {expected(it)}; understood {understood(it)}"
    found = SubElement(case, kind, message=_xml(message), type="unheard" if it.error else "misunderstood")
    found.text = _xml(
        f"said:       {it.expected_text or '(not known)'}\nrecognised: {it.text or '(nothing)'}"
    )


def _xml(text: str) -> str:
    return _NOT_XML.sub("�", text)
