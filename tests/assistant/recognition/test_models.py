"""Finding a Vosk model, and telling what is one."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from assistant.errors import RecognitionError
from assistant.recognition.models import check_model, find_vosk_model, has_runtime_grammar, models_in

if TYPE_CHECKING:
    from pathlib import Path

    from tests.assistant.recognition.conftest import ToneModel

PLACES = ("data/models", "home/.cache/vosk", "system", "home/vosk")
"""In the order in which they are searched."""


def model(folder: Path) -> Path:
    """What is taken for a model at first sight."""
    (folder / "am").mkdir(parents=True)
    (folder / "am" / "final.mdl").write_bytes(b"model")
    return folder


def find(root: Path, configured: Path | None = None, language: str = "en", **environ: str) -> Path | None:
    """Search below `root`."""
    return find_vosk_model(
        configured,
        environ=environ,
        data_dir=root / "data",
        home=root / "home",
        system=root / "system",
        language=language,
    )


def test_nothing_is_found_where_there_is_nothing(tmp_path: Path) -> None:
    assert find(tmp_path) is None


def test_the_places_are_searched_in_order(tmp_path: Path) -> None:
    made = [model(tmp_path / place / "vosk-model-small-en-us-0.15") for place in PLACES]
    for path in made:
        assert find(tmp_path) == path
        shutil.rmtree(path)
    assert find(tmp_path) is None


def test_the_environment_comes_before_the_places(tmp_path: Path) -> None:
    model(tmp_path / "data/models/vosk-model-small-en-us-0.15")
    mine = model(tmp_path / "mine/vosk-model-small-en-us-0.15")
    assert find(tmp_path, VOSK_MODEL_PATH=str(mine)) == mine
    assert find(tmp_path, VOSK_MODEL_PATH=str(mine.parent)) == mine
    # Like the vosk package itself, go on when it leads nowhere.
    assert (
        find(tmp_path, VOSK_MODEL_PATH=str(tmp_path / "none"))
        == tmp_path / "data/models/vosk-model-small-en-us-0.15"
    )


def test_the_configuration_comes_first(tmp_path: Path) -> None:
    other = model(tmp_path / "other/vosk-model-small-en-us-0.15")
    mine = model(tmp_path / "home/any-name")
    assert find(tmp_path, mine, VOSK_MODEL_PATH=str(other)) == mine
    assert find(tmp_path, other.parent) == other


def test_a_tilde_is_the_home_that_was_given(tmp_path: Path) -> None:
    from pathlib import Path as AnyPath

    mine = model(tmp_path / "home/models/mine")
    assert find(tmp_path, AnyPath("~/models/mine")) == mine
    assert find(tmp_path, VOSK_MODEL_PATH="~/models/mine") == mine


def test_a_configured_path_without_a_model_is_an_error(tmp_path: Path) -> None:
    model(tmp_path / "data/models/vosk-model-small-en-us-0.15")
    with pytest.raises(
        RecognitionError, match=r"`vosk_model` is .*none, which does not exist .*; unpack a model there"
    ):
        find(tmp_path, tmp_path / "none")
    with pytest.raises(RecognitionError, match=r"holds none for the language 'ko'"):
        find(tmp_path, tmp_path / "data/models", language="ko")


def test_the_preferred_model_of_a_folder(tmp_path: Path) -> None:
    names = [
        "vosk-model-small-en-us-0.15",
        "vosk-model-small-en-in-0.4",
        "vosk-model-en-us-0.22",
        "vosk-model-en-in-0.5",
        "vosk-model-small-ko-0.22",
        "something-else",
    ]
    for name in names:
        model(tmp_path / name)
    (tmp_path / "vosk-model-small-en-us-0.01").mkdir()
    (tmp_path / "vosk-model-small-en-us-0.15.zip").write_bytes(b"zip")
    assert [path.name for path in models_in(tmp_path, "en")] == names[:4]
    assert [path.name for path in models_in(tmp_path, "ko")] == ["vosk-model-small-ko-0.22"]
    assert list(models_in(tmp_path, "e")) == list(models_in(tmp_path / "none", "en")) == []


def test_both_kinds_of_graph_are_models(tone: ToneModel, static_tone: ToneModel) -> None:
    check_model(tone.folder)
    check_model(static_tone.folder)
    assert has_runtime_grammar(tone.folder)
    assert not has_runtime_grammar(static_tone.folder)


def test_the_old_layout_is_a_model(tone: ToneModel, tmp_path: Path) -> None:
    # Its loader knows no filter banks, so that the tones cannot be heard with it.
    names = {
        "am/final.mdl": "final.mdl",
        "conf/fbank.conf": "mfcc.conf",
        "graph/HCLr.fst": "HCLr.fst",
        "graph/Gr.fst": "Gr.fst",
        "graph/disambig_tid.int": "disambig_tid.int",
        "graph/words.txt": "words.txt",
        "graph/phones/word_boundary.int": "word_boundary.int",
    }
    for new, old in names.items():
        shutil.copy(tone.folder / new, tmp_path / old)
    check_model(tmp_path)
    assert has_runtime_grammar(tmp_path)
    (tmp_path / "HCLr.fst").unlink()
    with pytest.raises(RecognitionError, match=r"has no HCLr\.fst"):
        check_model(tmp_path)


def test_the_folder_around_a_model_is_not_one(tone: ToneModel, tmp_path: Path) -> None:
    with pytest.raises(RecognitionError, match=f"no am/final.mdl; did you mean {tone.folder}"):
        check_model(tone.folder.parent)
    with pytest.raises(RecognitionError, match=r"there is no Vosk model in"):
        check_model(tmp_path / "none")


def test_a_model_without_silence_phones_is_refused(tone: ToneModel, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    shutil.copytree(tone.folder, folder)
    conf = folder / "conf" / "model.conf"
    lines = conf.read_text(encoding="utf-8").splitlines()
    conf.write_text("\n".join(line for line in lines if "silence-phones" not in line), encoding="utf-8")
    with pytest.raises(RecognitionError, match=r"names no --endpoint.silence-phones"):
        check_model(folder)


@pytest.mark.parametrize(
    "name", ["final.dubm", "final.mat", "global_cmvn.stats", "splice.conf", "online_cmvn.conf"]
)
def test_half_a_speaker_adaptation_is_refused(tone: ToneModel, tmp_path: Path, name: str) -> None:
    folder = tmp_path / "model"
    shutil.copytree(tone.folder, folder)
    (folder / "ivector").mkdir()
    for file in (
        "final.ie",
        "final.dubm",
        "final.mat",
        "global_cmvn.stats",
        "splice.conf",
        "online_cmvn.conf",
    ):
        (folder / "ivector" / file).write_bytes(b"something")
    check_model(folder)
    (folder / "ivector" / name).unlink()
    with pytest.raises(RecognitionError, match=f"has no ivector/{name}"):
        check_model(folder)
