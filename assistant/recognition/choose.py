"""Which engine listens: the one asked for, or the better one that can be had."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from assistant.errors import RecognitionError
from assistant.recognition.models import SYSTEM_MODELS, check_model, find_vosk_model
from assistant.recognition.trial import PASSED, try_model

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from assistant.recognition.protocol import Recogniser
    from intents.word_graph import WordGraph

logger = logging.getLogger(__name__)

FILE: Final = "adaptation-en-us.npz"
"""Where `pennyworth adapt` keeps what it learnt of a speaker, in the data folder."""

Engine: TypeAlias = Literal["auto", "vosk", "pocketsphinx"]
"""What the configuration may ask for."""


def open_recogniser(
    engine: Engine,
    *,
    phrases: Callable[[], Sequence[str]],
    graph: Callable[[], WordGraph],
    key: str,
    vosk_model: Path | None,
    cache_dir: Path | None,
    data_dir: Path,
    adapted: bool = True,
    language: str = "en",
    environ: Mapping[str, str] | None = None,
    home: Path | None = None,
    system: Path | None = Path(SYSTEM_MODELS),
) -> Recogniser:
    """Open `engine` for a `language` (ISO 639-1).

    Vosk listens for `phrases`; PocketSphinx's acoustic model is searched under the whole `graph`, which is kept in
    `cache_dir` under `key`, the name of all that it depends on. Each is called only where it is needed, `graph` in a
    process of its own where there is a `cache_dir`, so that it must pickle. "auto" is Vosk where a model of the
    language is found (see `find_vosk_model`) and loads, else PocketSphinx. With `adapted` its model is that of the
    speaker, where `data_dir` holds one. `vosk_model` is a model's folder, or one that holds models; `environ` and
    `home` default to the process's own.

    Raises `RecognitionError`, saying what to do, when the engine asked for cannot be had.
    """
    model_dir = None
    if engine != "pocketsphinx":
        model_dir = find_vosk_model(
            vosk_model,
            environ=os.environ if environ is None else environ,
            data_dir=data_dir,
            home=Path.home() if home is None else home,
            system=system,
            language=language,
        )
    if engine == "vosk":
        if model_dir is None:
            raise RecognitionError(
                f"no Vosk model for the language {language!r} was found; `pennyworth models fetch {language}` "
                f"brings one into {data_dir / 'models'}, or set `vosk_model` to the folder of yours"
            )
        return _vosk(model_dir, phrases(), data_dir)
    if engine == "pocketsphinx":
        return _sphinx(graph, key, cache_dir, language, data_dir / FILE if adapted else None)
    if model_dir is None:
        reason = "no Vosk model was found"
    else:
        try:
            return _vosk(model_dir, phrases(), data_dir)
        except RecognitionError as error:
            # A model that was named in the configuration is wanted, not just welcome.
            if vosk_model is not None:
                raise
            reason = f"Vosk could not be used: {error}"
    recogniser = _sphinx(graph, key, cache_dir, language, data_dir / FILE if adapted else None)
    logger.warning(
        "listening with PocketSphinx, as %s; to be understood better, run `pennyworth models fetch` once, "
        "or set `engine` to pocketsphinx and hear of this no more",
        reason,
    )
    return recogniser


# Each engine is imported when it is wanted: both take a while to load, and either may be missing.


def _vosk(model_dir: Path, phrases: Sequence[str], data_dir: Path) -> Recogniser:
    from assistant.recognition.vosk_engine import VoskRecogniser

    check_model(model_dir)
    # In a process of its own, and once: a damaged graph ends the process that loads it.
    try_model(model_dir, passed=data_dir / "models" / PASSED)
    return VoskRecogniser(model_dir, phrases)


def _sphinx(
    graph: Callable[[], WordGraph], key: str, cache_dir: Path | None, language: str, adaptation: Path | None
) -> Recogniser:
    if language != "en":
        raise RecognitionError(
            f"PocketSphinx brings a model of English only, not of {language!r}; "
            f"`pennyworth models fetch {language}` brings a Vosk model of that language if there is one, "
            "or set `vosk_model` to the folder of yours"
        )
    from assistant.recognition.grammar.adaptation import read_adaptation
    from assistant.recognition.grammar.compiled import compile_apart, open_background, open_grammar
    from assistant.recognition.grammar.recogniser import GrammarRecogniser

    if cache_dir is not None:
        compile_apart(graph, key=key, cache_dir=cache_dir)
    return GrammarRecogniser(
        open_grammar(graph, key=key, cache_dir=cache_dir),
        read_adaptation(adaptation) if adaptation else None,
        background=open_background(cache_dir),
    )
