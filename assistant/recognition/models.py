"""Vosk models on disk: where they are looked for, and whether a folder is one."""

from __future__ import annotations

import re
import struct
from typing import TYPE_CHECKING, Final

from assistant.errors import RecognitionError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

SYSTEM_MODELS: Final = "/usr/share/vosk"
"""Where a distribution's packages put models; one of vosk's own places."""

MODEL_LIST: Final = "https://alphacephei.com/vosk/models"
"""Where models are published, for messages."""

_FST_MAGIC: Final = struct.pack("<i", 2125659606)
"""What every OpenFst file begins with."""

_NAME: Final = re.compile(r"vosk-model-(?P<small>small-)?(?P<language>[a-z]+)(?:[-.][A-Za-z0-9._-]*)?")


def find_vosk_model(
    configured: Path | None,
    *,
    environ: Mapping[str, str],
    data_dir: Path,
    home: Path,
    system: Path | None = None,
    language: str = "en",
) -> Path | None:
    """The folder of the model to use, or None where there is none.

    In this order: `configured` (a model, or a folder of models), the environment's VOSK_MODEL_PATH
    (likewise), `data_dir`/models, `home`/.cache/vosk, `system` (default: none), `home`/vosk. In a folder with
    several models of `language` (ISO 639-1) a small one comes first, American English before other English,
    then by name.

    Raises `RecognitionError` when `configured` is given and is no model, since the user asked for it.
    """
    if configured is not None:
        return _configured(configured, home, language)
    named = environ.get("VOSK_MODEL_PATH", "")
    places: list[Path] = []
    if named:
        path = _absolute(named, home)
        if is_model(path):
            return path
        places.append(path)
    places += [data_dir / "models", home / ".cache" / "vosk"]
    if system is not None:
        places.append(system)
    places.append(home / "vosk")
    return next((model for place in places for model in models_in(place, language)), None)


def models_in(folder: Path, language: str) -> Iterator[Path]:
    """The models of `language` in `folder`, the preferred one first; none where there is no such folder."""
    if not folder.is_dir():
        return
    ranked = []
    for path in folder.iterdir():
        match = _NAME.fullmatch(path.name)
        if match and match["language"] == language and is_model(path):
            american = language != "en" or path.name.startswith(
                ("vosk-model-small-en-us", "vosk-model-en-us")
            )
            ranked.append(
                (not (match["small"] and american), not match["small"], not american, path.name, path)
            )
    for *_, path in sorted(ranked):
        yield path


def is_model_name(name: str) -> bool:
    """Whether a model of this name is found again: it says of which language it is."""
    return _NAME.fullmatch(name) is not None


def is_model(folder: Path) -> bool:
    """Whether `folder` looks like a model in either of Vosk's layouts; `check_model` looks closer."""
    return (folder / "am" / "final.mdl").is_file() or (folder / "final.mdl").is_file()


def has_runtime_grammar(model_dir: Path) -> bool:
    """Whether the model takes a grammar when it is opened, rather than having one compiled in."""
    return not (_graph(model_dir) / "HCLG.fst").is_file()


def check_model(model_dir: Path) -> None:
    """Raise `RecognitionError` unless `model_dir` holds what libvosk needs and would miss with a crash.

    Two layouts: the present one with the folders am, conf and graph, and the old one with everything side by
    side. Source: the loader in vosk-api, src/model.cc.
    """
    if not model_dir.is_dir():
        raise RecognitionError(
            f"there is no Vosk model in {model_dir}; unpack one there ({MODEL_LIST}), or correct `vosk_model`"
        )
    present = (model_dir / "am" / "final.mdl").is_file()
    if not is_model(model_dir):
        inner = next((path for path in sorted(model_dir.iterdir()) if is_model(path)), None)
        raise _missing(model_dir, "am/final.mdl", f"did you mean {inner}?" if inner else "")
    _need(model_dir, ["am/final.mdl" if present else "final.mdl"])
    features = ["conf/mfcc.conf", "conf/fbank.conf"] if present else ["mfcc.conf"]
    if not any((model_dir / name).is_file() for name in features):
        raise _missing(model_dir, " or ".join(features))
    graph = "graph/" if present else ""
    if has_runtime_grammar(model_dir):
        _need(model_dir, [f"{graph}HCLr.fst", f"{graph}Gr.fst"])
        _check_magic(model_dir / graph / "HCLr.fst")
        _check_magic(model_dir / graph / "Gr.fst")
        # A list of disambiguation symbols may well be empty.
        _need(model_dir, [f"{graph}disambig_tid.int"], may_be_empty=True)
    else:
        _need(model_dir, [f"{graph}HCLG.fst"])
    _need(model_dir, [f"{graph}phones/word_boundary.int" if present else "word_boundary.int"])
    if present:
        _check_conf(model_dir)
    _check_ivector(model_dir)


def _check_conf(model_dir: Path) -> None:
    _need(model_dir, ["conf/model.conf"])
    path = model_dir / "conf" / "model.conf"
    try:
        conf = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise RecognitionError(f"{path} is not text; unpack the model again") from error
    # Without silence phones the library aborts the process at the first sound.
    if not re.search(r"^\s*--endpoint\.silence-phones=\d", conf, flags=re.MULTILINE):
        raise RecognitionError(
            f"{path} names no --endpoint.silence-phones, and Vosk cannot run without; "
            f"use a published model ({MODEL_LIST})"
        )


def _check_ivector(model_dir: Path) -> None:
    """Speaker adaptation is optional, but not by halves: with final.ie there, the rest is read too."""
    if not (model_dir / "ivector" / "final.ie").is_file():
        return
    names = ("final.dubm", "final.mat", "global_cmvn.stats", "splice.conf")
    _need(model_dir, [f"ivector/{name}" for name in names])
    _need(model_dir, ["ivector/online_cmvn.conf"], may_be_empty=True)


def _need(model_dir: Path, names: list[str], *, may_be_empty: bool = False) -> None:
    for name in names:
        path = model_dir / name
        if not path.is_file():
            raise _missing(model_dir, name)
        if not may_be_empty and not path.stat().st_size:
            raise RecognitionError(f"{path} of the Vosk model is empty; unpack the model again")


def _check_magic(path: Path) -> None:
    """Refuse what is no OpenFst file: libvosk goes on without these graphs and crashes at the first sound."""
    with path.open("rb") as file:
        if file.read(len(_FST_MAGIC)) != _FST_MAGIC:
            raise RecognitionError(f"{path} of the Vosk model is damaged; unpack the model again")


def _missing(model_dir: Path, name: str, hint: str = "") -> RecognitionError:
    return RecognitionError(
        f"the Vosk model in {model_dir} has no {name}; {hint or f'unpack the model again ({MODEL_LIST})'}"
    )


def _graph(model_dir: Path) -> Path:
    return model_dir / "graph" if (model_dir / "am" / "final.mdl").is_file() else model_dir


def _configured(path: Path, home: Path, language: str) -> Path:
    path = _absolute(str(path), home)
    if is_model(path):
        return path
    inner = next(models_in(path, language), None)
    if inner is not None:
        return inner
    found = "does not exist" if not path.exists() else "is not a Vosk model and holds none"
    raise RecognitionError(
        f"`vosk_model` is {path}, which {found} for the language {language!r}; "
        f"unpack a model there ({MODEL_LIST}), or take the setting out to look in the usual places"
    )


def _absolute(name: str, home: Path) -> Path:
    return home / name[2:] if name.startswith("~/") else home.__class__(name)
