"""Killed at any moment: what was acknowledged is in the log, whole, and the books balance."""

from __future__ import annotations

import os
import random
import re
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import numpy as np
import pytest
import soundfile

from assistant.store.audit import audit
from assistant.store.store import Store
from hardware.audio import SAMPLE_RATE
from tests.tone_model import speak, write_tone_model

if TYPE_CHECKING:
    from pathlib import Path

SENTENCES = (
    "play some jazz",
    "order a large pepperoni pizza",
    "yes",
    "call me a taxi to the airport",
    "yes please",
    "order a pizza",
    "small",
    "ham",
    "cancel",
)
ROUNDS = 12
KILLS = 25
RECEIPT = re.compile(r"^#(\d+) ")


@pytest.fixture(scope="module")
def speaking(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The command line of a real process that hears many commands with the real libvosk, and its sound."""
    folder = tmp_path_factory.mktemp("speaking")
    lexicon = write_tone_model(
        folder / "model", sorted({word for text in SENTENCES for word in text.split()})
    )
    spoken = [speak(text, lexicon, lead_s=0.3, tail_s=1.2) for _ in range(ROUNDS) for text in SENTENCES]
    soundfile.write(folder / "commands.wav", np.concatenate(spoken), SAMPLE_RATE, subtype="PCM_16")
    (folder / "tones.toml").write_text(
        # The voice activity network knows that tones are no speech.
        f'[recognition]\nengine = "vosk"\nvosk_model = "{folder / "model"}"\n[hearing]\nactivity = "energy"\n'
    )
    config = str(folder / "tones.toml")
    return [sys.executable, "-m", "assistant.cli", "--config", config, "hear", str(folder / "commands.wav")]


def run_and_kill(arguments: list[str], environment: dict[str, str], chance: random.Random) -> set[int]:
    """Start the process, kill it at a random moment, and return the numbers that it had acknowledged."""
    process = subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True, env=environment)
    with process:
        assert process.stdout
        lines = []
        if chance.random() < 0.2:
            # While it starts, opens the log, or loads the recogniser.
            time.sleep(chance.uniform(0, 1.5))
        else:
            lines.append(process.stdout.readline())
            time.sleep(chance.uniform(0, 0.6))
        process.kill()
        lines += process.stdout.readlines()
    return {int(found[1]) for line in lines if line.endswith("\n") and (found := RECEIPT.match(line))}


@pytest.mark.parametrize("seed", [1, 2])
def test_killed_at_random_moments(speaking: list[str], tmp_path: Path, seed: int) -> None:
    """25 kills a seed over one log, so that each start also has to live with what the kills before it left."""
    db = tmp_path / "log.db"
    environment = {**os.environ, "PENNYWORTH_DB": str(db), "HOME": str(tmp_path)}
    chance = random.Random(seed)
    acknowledged: set[int] = set()
    for kill in range(KILLS):
        acknowledged |= run_and_kill(speaking, environment, chance)
        with Store.open(db) as store:
            assert audit(store).problems == (), f"after kill {kill}"
            stored = {it.number: it for it in store.interactions()}
            assert acknowledged <= set(stored), f"after kill {kill}"
            # At most the one that was being printed is there without having been acknowledged, a start.
            assert len(stored) - len(acknowledged) <= kill + 1
            booked = store.transactions(it.id for it in stored.values())
            for it in stored.values():
                kinds = [transaction.kind for transaction in booked[it.id]]
                assert kinds[0] == "compute"
                assert ("notification" in kinds) == (it.outcome == "ordered")
                if it.order_id:
                    assert store.order(it.order_id)[1][0].state == "quoted"
    assert len(acknowledged) > KILLS
    # A run that is left alone goes on from there, and gives up what the killed ones had left open.
    finished = subprocess.run(speaking, env=environment, capture_output=True, text=True, check=True)
    assert "commands: earned" in finished.stdout
    with Store.open(db) as store:
        assert audit(store).problems == ()
