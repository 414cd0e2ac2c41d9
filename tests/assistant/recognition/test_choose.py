"""Which engine is opened, and what is said about it."""

from __future__ import annotations

import logging
import shutil
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from assistant.errors import RecognitionError
from assistant.recognition.choose import FILE, open_recogniser
from assistant.recognition.grammar.acoustic_model import bundled_model, load_acoustic_model
from assistant.recognition.grammar.adaptation import Adaptation, model_version, save_adaptation
from assistant.recognition.grammar.front_end import power_spectrum
from assistant.recognition.grammar.recogniser import GrammarRecogniser
from intents.word_graph import graph_of_phrases
from tests.assistant.recognition.hearing import hear, household, read

if TYPE_CHECKING:
    from assistant.recognition.choose import Engine
    from assistant.recognition.protocol import Recogniser
    from tests.assistant.recognition.conftest import ToneModel


def opened(engine: Engine, root: Path, **changes: Any) -> Recogniser:
    """Open an engine on a machine whose folders are all below `root`."""
    arguments: dict[str, Any] = {
        "phrases": lambda: ["yes", "no"],
        "graph": partial(graph_of_phrases, ["yes", "no"]),
        "key": "yes no",
        "vosk_model": None,
        "cache_dir": root / "cache",
        "data_dir": root / "data",
        "environ": {},
        "home": root / "home",
        "system": None,
    }
    return open_recogniser(engine, **(arguments | changes))


@pytest.fixture
def machine(tmp_path: Path, tone: ToneModel) -> Path:
    """A machine with a model in its data folder."""
    shutil.copytree(tone.folder, tmp_path / "data" / "models" / tone.folder.name)
    return tmp_path


def test_a_fresh_machine_listens_with_pocketsphinx_and_says_so_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        assert opened("auto", tmp_path).engine == "pocketsphinx"
    (record,) = caplog.records
    # Shown without being asked for, in one line.
    assert record.levelno == logging.WARNING
    assert "no Vosk model was found" in record.getMessage()
    assert "`pennyworth models fetch`" in record.getMessage()
    assert "\n" not in record.getMessage()


def test_a_model_in_the_data_folder_is_used_without_a_word(
    machine: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        assert opened("auto", machine).engine == "vosk"
    assert not caplog.records


@pytest.mark.parametrize("engine", ["auto", "vosk"])
def test_a_configured_model_is_used(engine: Engine, tmp_path: Path, tone: ToneModel) -> None:
    recogniser = opened(engine, tmp_path, vosk_model=tone.folder)
    assert recogniser.engine == "vosk"
    assert recogniser.model.endswith(tone.folder.name)


def test_an_adaptation_is_used_where_it_is_there_wanted_and_sound(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "data" / FILE
    plain = opened("pocketsphinx", tmp_path)
    model = load_acoustic_model(bundled_model().folder)
    made = Adaptation(
        means=(model.means + 0.1).astype(np.float32), recordings=20, made="", version=model_version()
    )
    save_adaptation(made, file)
    adapted = opened("pocketsphinx", tmp_path)
    assert adapted.model == f"{plain.model}, adapted {made.name}"
    assert opened("pocketsphinx", tmp_path, adapted=False).model == plain.model
    speech = [read(path) for path, _ in household(("yes", "no"))]
    assert isinstance(plain, GrammarRecogniser)
    assert isinstance(adapted, GrammarRecogniser)
    spectrum = power_spectrum(speech[0])
    assert not np.allclose(adapted.front_end.hear(spectrum), plain.front_end.hear(spectrum), atol=0.1)
    assert not caplog.records
    file.write_bytes(file.read_bytes()[:1000])
    damaged = opened("pocketsphinx", tmp_path)
    assert damaged.model == plain.model
    assert [hear(damaged, it) for it in speech] == [hear(plain, it) for it in speech]
    assert len(caplog.records) == 1


def test_pocketsphinx_is_opened_on_demand_whatever_models_there_are(machine: Path) -> None:
    assert opened("pocketsphinx", machine, vosk_model=machine / "none").engine == "pocketsphinx"


def test_a_found_model_that_does_not_load_is_passed_over(
    machine: Path, caplog: pytest.LogCaptureFixture
) -> None:
    next(machine.rglob("HCLr.fst")).unlink()
    with caplog.at_level(logging.INFO):
        assert opened("auto", machine).engine == "pocketsphinx"
    (record,) = caplog.records
    assert "HCLr.fst" in record.getMessage()
    with pytest.raises(RecognitionError, match=r"HCLr\.fst"):
        opened("vosk", machine)


def test_a_model_that_would_end_the_process_is_passed_over(
    machine: Path, caplog: pytest.LogCaptureFixture
) -> None:
    graph = next(machine.rglob("HCLr.fst"))
    graph.write_bytes(graph.read_bytes()[: graph.stat().st_size // 2])
    with caplog.at_level(logging.INFO):
        assert opened("auto", machine).engine == "pocketsphinx"
    (record,) = caplog.records
    assert "Vosk could not be used: Vosk cannot use the model" in record.getMessage()
    with pytest.raises(RecognitionError, match="Vosk cannot use the model"):
        opened("vosk", machine)


def test_a_configured_model_that_does_not_load_is_an_error(machine: Path) -> None:
    path = next(machine.rglob("HCLr.fst"))
    path.unlink()
    with pytest.raises(RecognitionError, match=r"HCLr\.fst"):
        opened("auto", machine, vosk_model=path.parents[1])
    with pytest.raises(RecognitionError, match=r"does not exist"):
        opened("auto", machine, vosk_model=machine / "none")


def test_vosk_without_a_model_is_an_error_that_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(
        RecognitionError, match=r"no Vosk model .*'en'.*`pennyworth models fetch en` .*data/models, or set"
    ):
        opened("vosk", tmp_path)


@pytest.mark.parametrize("engine", ["auto", "pocketsphinx"])
def test_another_language_needs_a_model_of_it(engine: Engine, machine: Path) -> None:
    with pytest.raises(
        RecognitionError, match=r"model of English only, not of 'ko'; `pennyworth models fetch ko`"
    ):
        opened(engine, machine, language="ko")


@pytest.mark.parametrize("engine", ["auto", "vosk", "pocketsphinx"])
def test_no_phrases_are_an_error_with_every_engine(engine: Engine, machine: Path) -> None:
    with pytest.raises(RecognitionError, match=r"no phrases to listen for"):
        opened(engine, machine, phrases=list, graph=partial(graph_of_phrases, []), key="")


def test_neither_library_is_loaded_before_it_is_wanted() -> None:
    program = (
        "import sys, assistant.recognition.choose\nprint(sorted({'vosk', 'pocketsphinx'} & set(sys.modules)))"
    )
    root = Path(__file__).parents[3]
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=root, capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"
