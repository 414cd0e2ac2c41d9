"""A compiled grammar, and its copy on disk: compiling a household's language takes seconds, reading it back a blink."""

from __future__ import annotations

import logging
import pickle
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, ClassVar, Final

import numpy as np

import intents
from assistant.errors import RecognitionError
from assistant.recognition.grammar.acoustic_model import bundled_model, load_acoustic_model
from assistant.recognition.grammar.background import background_network
from assistant.recognition.grammar.lexicon import pronunciations
from assistant.recognition.grammar.network import Network, compile_network
from intents.kept import digest_of, kept_as, place

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from intents.word_graph import WordGraph

logger = logging.getLogger(__name__)

_GRAMMAR: Final = "grammar"
_BACKGROUND: Final = "background"
_WORDS: Final = "words"
_WORD_OF: Final = "word_of"


@dataclass(frozen=True, kw_only=True, eq=False)
class Grammar:
    """What a recogniser listens for."""

    network: Network
    """What is searched."""
    words: tuple[str, ...]
    """The word of each arc that `network.word` names."""


def compile_grammar(graph: WordGraph) -> Grammar:
    """The grammar of a graph of words, with the pronunciations of the bundled dictionary and guesses for the rest.

    Raises `RecognitionError` for a graph without sentences, one too large, or a model that is broken.
    """
    if not graph.words:
        raise RecognitionError(
            "the recogniser was given no phrases to listen for; check that the intent definitions hold at least "
            "one sentence"
        )
    place = bundled_model()
    model = load_acoustic_model(place.folder)
    known = pronunciations(set(graph.words), place.dictionary)
    index = {name: i for i, name in enumerate(model.definition.phones)}
    phones = {
        word: [tuple(index[phone] for phone in variant) for variant in variants]
        for word, variants in known.items()
    }
    return Grammar(network=compile_network(graph, model, phones), words=tuple(graph.words))


def open_grammar(graph: Callable[[], WordGraph], *, key: str, cache_dir: Path | None) -> Grammar:
    """The grammar that `key` names, from `cache_dir` where it is there and whole, else compiled and put there.

    `key` stands for everything that `graph` depends on but the program itself. A folder that cannot be written to costs
    time at the next start, no more. Raises `RecognitionError` as `compile_grammar` does.
    """
    return kept_as(_FORM, cache_dir, _GRAMMAR, _key(key), lambda: compile_grammar(graph()))


def open_background(cache_dir: Path | None) -> Network:
    """The loop of everyday words, from `cache_dir` likewise."""
    made = kept_as(
        _FORM, cache_dir, _BACKGROUND, _key(""), lambda: Grammar(network=background_network(), words=())
    )
    return made.network


def compile_apart(graph: Callable[[], WordGraph], *, key: str, cache_dir: Path) -> None:
    """Have both in `cache_dir` by a process of its own, where they are not there yet.

    Compiling takes twice the memory of what comes of it, and Python gives back only a part of that. `graph` must be
    something that pickles. Whatever fails there is left to `open_grammar`, which says why.
    """
    both = [place(_FORM, cache_dir, _GRAMMAR, _key(key)), place(_FORM, cache_dir, _BACKGROUND, _key(""))]
    try:
        if all(path.exists() for path in both):
            return
        # What could not be kept would be compiled twice.
        cache_dir.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=cache_dir):
            pass
        done = subprocess.run(  # noqa: S603 - our own interpreter
            [sys.executable, "-P", "-c", _APART],
            input=pickle.dumps((graph, key, cache_dir)),
            capture_output=True,
            check=False,
            timeout=PATIENCE_S,
        )
        failure = done.stderr.decode(errors="replace").strip() if done.returncode else ""
    except (OSError, pickle.PicklingError, AttributeError, TypeError, subprocess.TimeoutExpired) as error:
        failure = str(error)
    if failure:
        logger.debug("not compiled by a process of its own: %s", failure)


PATIENCE_S: Final = 900.0
"""Seconds in which the language of a household is compiled on any board; it takes four on a laptop."""

_APART: Final = f"""
import pickle, sys
from {__name__} import open_background, open_grammar
graph, key, cache_dir = pickle.load(sys.stdin.buffer)
open_grammar(graph, key=key, cache_dir=cache_dir)
open_background(cache_dir)
"""


class _Arrays:
    """A grammar as an archive of NumPy's, which knows its checksums."""

    suffix: ClassVar = ".npz"
    broken: ClassVar[tuple[type[Exception], ...]] = (
        ValueError,
        KeyError,
        TypeError,
        EOFError,
        zipfile.BadZipFile,
    )

    def read(self, file: IO[bytes]) -> Grammar:
        with np.load(file, allow_pickle=False) as arrays:
            values = {name: arrays[name] for name in arrays.files}
        words, word_of = values.pop(_WORDS).tolist(), values.pop(_WORD_OF).tolist()
        single = {name: value.item() for name, value in values.items() if value.ndim == 0}
        network = Network(**{**values, **single})
        return Grammar(network=network, words=tuple(words[i] for i in word_of))

    def write(self, made: Grammar, file: IO[bytes]) -> None:
        words, word_of = np.unique(np.array(made.words), return_inverse=True)
        arrays: dict[str, NDArray[Any]] = {_WORDS: words, _WORD_OF: word_of.astype(np.int32)}
        arrays |= {field.name: np.asarray(getattr(made.network, field.name)) for field in fields(Network)}
        np.savez(file, allow_pickle=False, **arrays)


_FORM: Final = _Arrays()


def _key(key: str) -> str:
    return f"{key}\0{bundled_model().version}\0{_program()}"


@cache
def _program() -> str:
    packages = (Path(__file__).parent, Path(intents.__file__).parent)
    return digest_of(
        source for each in packages for source in (*each.glob("*.py"), *each.glob("background.json"))
    )
