"""What the doctor finds."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Verdict: TypeAlias = Literal["well", "note", "wrong", "failed", "skipped"]
"""well; note: works, but could be better; wrong: to be put right; failed: a device or file does not work; skipped:
not examined."""

Mend: TypeAlias = Literal["privacy", "unmute", "service"]
"""What `--fix` can do."""

NOT_SO: Final = 1
DEVICE_FAILED: Final = 3


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing that was examined."""

    name: str
    """Which: a word of small letters, the same every time."""
    verdict: Verdict
    """How it is."""
    what: str
    """What was found, for people."""
    advice: str = ""
    """What to do about it; empty where nothing is to be done."""
    facts: Mapping[str, Any] = field(default_factory=dict)
    """What was measured, for programs: numbers, strings, truth values and lists of them, names with their units."""
    mend: Mend | None = None
    """What `--fix` would do about it."""

    def to_json(self) -> dict[str, Any]:
        """As JSON has it."""
        return {
            "name": self.name,
            "verdict": self.verdict,
            "what": self.what,
            "advice": self.advice or None,
            "facts": dict(self.facts),
            "mendable": self.mend is not None,
        }


def exit_code(findings: Sequence[Finding]) -> int:
    """3 where a device or file failed, else 1 where something is wrong, else 0."""
    verdicts = {finding.verdict for finding in findings}
    return DEVICE_FAILED if "failed" in verdicts else NOT_SO if "wrong" in verdicts else 0
