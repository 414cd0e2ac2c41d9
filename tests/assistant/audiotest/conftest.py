"""A corpus in the language of tones, and the command that hears it with the real libvosk."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest
import soundfile

from hardware.audio import SAMPLE_RATE
from tests.tone_model import HUM, speak, write_tone_model

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT: Final = Path(__file__).parents[3]

JAZZ: Final[dict[str, Any]] = {
    "text": "play some jazz",
    "intent": "music",
    "slots": {"action": "play", "genre": "jazz"},
}
PIZZA: Final[dict[str, Any]] = {
    "text": "order a large pepperoni pizza",
    "intent": "pizza",
    "slots": {"size": "large", "topping": "pepperoni"},
}
YES: Final[dict[str, Any]] = {"text": "yes", "intent": "pizza", "slots": {}, "outcome": "ordered"}
FOREIGN: Final[dict[str, Any]] = {"text": HUM, "intent": None, "slots": {}}

LANGUAGE: Final = {
    "music": """
language: en
pennyworth: {kind: trivial}
intents:
  music:
    data:
      - slots: {action: play}
        sentences: ["play some {genre}"]
      - slots: {action: volume_up}
        sentences: ["turn it up"]
lists:
  genre: {values: [jazz, blues]}
""",
    "pizza": """
language: en
pennyworth: {kind: commerce}
intents:
  pizza:
    data:
      - sentences: ["order a {size} {topping} pizza"]
lists:
  size: {values: [large]}
  topping: {values: [pepperoni]}
""",
    "confirm": """
language: en
pennyworth: {kind: dialogue}
intents:
  confirm:
    data:
      - sentences: ["yes"]
""",
    "timer": """
language: en
pennyworth: {kind: trivial}
intents:
  timer:
    data:
      - slots: {action: set}
        sentences: ["wake me {duration}"]
lists:
  duration:
    metadata: {resolve: duration}
    values: [in ten minutes]
""",
    "alarm": """
language: en
pennyworth: {kind: trivial}
intents:
  alarm:
    data:
      - slots: {action: set}
        sentences: ["wake me {time}"]
lists:
  time:
    metadata: {resolve: time}
    values: [at seven, tonight at one]
""",
    "deny": """
language: en
pennyworth: {kind: dialogue}
intents:
  deny:
    data:
      - sentences: ["no thanks"]
""",
}
"""Few sentences, all of them in the recogniser's grammar, whatever becomes of the bundled language."""

SPOKEN: Final = (
    JAZZ,
    PIZZA,
    YES,
    FOREIGN,
    {"text": "turn it up"},
    {"text": "play some blues"},
    {"text": "no"},
    {"text": "wake me tonight at one"},
    {"text": "wake me in ten minutes"},
)


@dataclass(frozen=True, kw_only=True)
class Bench:
    """A place to run audio tests in."""

    folder: Path
    """With the model, the configuration and the corpora."""
    corpus: Path
    """Nine cases, all understood."""

    def command(self, *arguments: str | Path) -> list[str]:
        """The command line of a run with the model of tones."""
        start = [
            sys.executable,
            "-m",
            "assistant.cli",
            "--config",
            str(self.folder / "tones.toml"),
            "audio-test",
        ]
        # Before the arguments, so that those may bring another language, or none.
        language = [] if "--bundled" in arguments or "--intents" in arguments else self.language
        return [*start, *language, *(str(each) for each in arguments if each != "--bundled")]

    @property
    def language(self) -> list[str]:
        """The options that bring `LANGUAGE`."""
        return [part for name in LANGUAGE for part in ("--intents", str(self.folder / f"{name}.yaml"))]

    def environment(self) -> dict[str, str]:
        """Without what the user of this machine has."""
        return {**os.environ, "HOME": str(self.folder), "PYTHONPATH": str(ROOT), "COLUMNS": "140"}

    def run(self, *arguments: str | Path, code: int = 0) -> subprocess.CompletedProcess[str]:
        """Run it to the end and check how it ended."""
        done = subprocess.run(
            self.command(*arguments),
            env=self.environment(),
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done

    def write(self, name: str, cases: Sequence[dict[str, Any]]) -> Path:
        """A corpus of cases; `said` overrides what is really spoken."""
        folder = self.folder / name
        folder.mkdir()
        lexicon = write_tone_model(self.folder / "model", words())
        lines = []
        for number, case in enumerate(cases):
            fields = dict(case)
            text = fields.pop("said", fields["text"])
            sound = speak(text, lexicon, lead_s=0.1, tail_s=0.1)
            soundfile.write(folder / f"{number}.flac", sound, SAMPLE_RATE)
            if fields["text"] == HUM:
                del fields["text"]
            lines.append(json.dumps({"audio": f"{number}.flac", **fields}))
        (folder / "cases.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
        return folder


def words() -> list[str]:
    """Every word that the tests speak."""
    return sorted({word for case in SPOKEN for word in str(case["text"]).split()} - {HUM})


@pytest.fixture(scope="session")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    """The model of tones as the configured engine, and a corpus that it understands."""
    folder = tmp_path_factory.mktemp("bench")
    write_tone_model(folder / "model", words())
    (folder / "tones.toml").write_text(
        # The voice activity network knows that tones are no speech.
        f'[recognition]\nengine = "vosk"\nvosk_model = "{folder / "model"}"\n[hearing]\nactivity = "energy"\n'
    )
    for name, text in LANGUAGE.items():
        (folder / f"{name}.yaml").write_text(text)
    made = Bench(folder=folder, corpus=folder / "corpus")
    made.write(
        "corpus",
        [
            JAZZ,
            {**PIZZA, "conversation": "one"},
            {**YES, "conversation": "one"},
            FOREIGN,
            PIZZA,
            JAZZ,
            {"text": "turn it up", "intent": "music", "slots": {"action": "volume_up"}},
            FOREIGN,
            JAZZ,
        ],
    )
    return made
