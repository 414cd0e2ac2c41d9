"""Results to score, compare and print."""

from __future__ import annotations

from typing import Any

from assistant.audiotest.results import CaseResult, Run


def result(audio: str = "a.flac", **changes: Any) -> CaseResult:
    """A command for jazz, heard and accepted."""
    fields: dict[str, Any] = {
        "engine": "vosk",
        "condition": "clean",
        "audio": audio,
        "conversation": 0,
        "expected_intent": "music",
        "expected_slots": {"genre": "jazz"},
        "expected_text": "play some jazz",
        "text": "play some jazz",
        "intent": "music",
        "slots": {"genre": "jazz"},
        "outcome": "answered",
        "utterances": 1,
        "accepted": True,
        "word_errors": 0,
        "words": 3,
        "audio_us": 2_000_000,
        "cpu_us": 200_000,
        "recognition_cpu_us": 100_000,
        "latency_us": 800_000,
    }
    return CaseResult(**(fields | changes))


def missed(audio: str = "a.flac", **changes: Any) -> CaseResult:
    """The same, rejected."""
    fields: dict[str, Any] = {
        "intent": None,
        "slots": {},
        "text": "ray sum",
        "accepted": False,
        "outcome": "rejected",
    }
    return result(audio, **(fields | {"word_errors": 3} | changes))


def foreign(audio: str = "a.flac", **changes: Any) -> CaseResult:
    """Speech out of scope, rejected."""
    fields: dict[str, Any] = {
        "expected_intent": None,
        "expected_slots": {},
        "expected_text": "",
        "word_errors": None,
        "words": 0,
    }
    return missed(audio, **(fields | changes))


def run(*results: CaseResult, **changes: Any) -> Run:
    """A run of these results."""
    fields: dict[str, Any] = {
        "corpus": "kitchen",
        "cases": len({(it.audio, it.conversation) for it in results}),
        "seed": 0,
        "endpointing": True,
        "currency": "USD",
        "plan": "home",
        "versions": {"pennyworth": "0"},
        "conditions": tuple(dict.fromkeys(it.condition for it in results)),
        "engines": tuple(dict.fromkeys(it.engine for it in results)),
        "results": results,
    }
    return Run(**(fields | changes))
