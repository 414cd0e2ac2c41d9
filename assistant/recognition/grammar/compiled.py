"""A compiled grammar, and its copy on disk: compiling a household's language takes seconds, reading it back a blink."""

from __future__ import annotations

import hashlib
import logging
import os
import pickle
import subprocess
import sys
import zipfile
from contextlib import suppress
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

import intents
from assistant.errors import RecognitionError
from assistant.recognition.grammar.acoustic_model import bundled_model, load_acoustic_model
from assistant.recognition.grammar.background import background_network
from assistant.recognition.grammar.lexicon import pronunciations
from assistant.recognition.grammar.network import Network, compile_network

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from intents.word_graph import WordGraph

logger = logging.getLogger(__name__)

KEPT: Final = 4
"""Grammars kept on disk at most, the newest, and loops of everyday words: a household's takes some 20 MB."""

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
    return _kept(lambda: compile_grammar(graph()), _GRAMMAR, key, cache_dir)


def open_background(cache_dir: Path | None) -> Network:
    """The loop of everyday words, from `cache_dir` likewise."""
    return _kept(lambda: Grammar(network=background_network(), words=()), _BACKGROUND, "", cache_dir).network


def compile_apart(graph: Callable[[], WordGraph], *, key: str, cache_dir: Path) -> None:
    """Have both in `cache_dir` by a process of its own, where they are not there yet.

    Compiling takes twice the memory of what comes of it, and Python gives back only a part of that. `graph` must be
    something that pickles. Whatever fails there is left to `open_grammar`, which says why.
    """
    if all(_place(cache_dir, *each).exists() for each in ((_GRAMMAR, key), (_BACKGROUND, ""))):
        return
    subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-P", "-c", _APART],
        input=pickle.dumps((graph, key, cache_dir)),
        capture_output=True,
        check=False,
    )


_APART: Final = f"""
import pickle, sys
from {__name__} import open_background, open_grammar
graph, key, cache_dir = pickle.load(sys.stdin.buffer)
open_grammar(graph, key=key, cache_dir=cache_dir)
open_background(cache_dir)
"""


def _place(cache_dir: Path, name: str, key: str) -> Path:
    digest = hashlib.sha256(f"{key}\0{bundled_model().version}\0{_program()}".encode()).hexdigest()[:16]
    return cache_dir / f"{name}-{digest}.npz"


def _kept(make: Callable[[], Grammar], name: str, key: str, cache_dir: Path | None) -> Grammar:
    if cache_dir is None:
        return make()
    path = _place(cache_dir, name, key)
    found = _read(path)
    if found is None:
        found = make()
        _write(found, path)
    return found


def _read(path: Path) -> Grammar | None:
    """The grammar in a file; None where it is not there, cut short or damaged: an archive knows its checksums."""
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            values = {name: arrays[name] for name in arrays.files}
        words, word_of = values.pop(_WORDS).tolist(), values.pop(_WORD_OF).tolist()
        single = {name: value.item() for name, value in values.items() if value.ndim == 0}
        network = Network(**{**values, **single})
        return Grammar(network=network, words=tuple(words[i] for i in word_of))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile) as error:
        logger.warning("%s is damaged (%s); it is made anew", path, error)
        return None


def _write(grammar: Grammar, path: Path) -> None:
    """Keep a grammar: written aside and renamed, so that nobody reads half a file."""
    words, word_of = np.unique(np.array(grammar.words), return_inverse=True)
    arrays: dict[str, NDArray[Any]] = {_WORDS: words, _WORD_OF: word_of.astype(np.int32)}
    arrays |= {field.name: np.asarray(getattr(grammar.network, field.name)) for field in fields(Network)}
    aside = path.with_suffix(f".{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with aside.open("wb") as file:
            np.savez(file, allow_pickle=False, **arrays)
        aside.replace(path)
        name = path.name.partition("-")[0]
        kept = sorted(path.parent.glob(f"{name}-*.npz"), key=lambda each: each.stat().st_mtime_ns)
        for old in (*kept[:-KEPT], *_left_behind(path.parent, name)):
            old.unlink(missing_ok=True)
    except OSError as error:
        logger.warning("cannot keep %s (%s); starting will take longer each time", path, error.strerror)
    finally:
        with suppress(OSError):
            aside.unlink(missing_ok=True)


def _left_behind(folder: Path, name: str) -> Iterator[Path]:
    """What processes were writing when they were killed: the number of each is in the name."""
    for path in folder.glob(f"{name}-*.*"):
        number = path.suffix.removeprefix(".")
        if number.isdecimal():
            try:
                os.kill(int(number), 0)
            except ProcessLookupError:
                yield path
            except OSError:
                # It lives, and is somebody else's.
                continue


@cache
def _program() -> str:
    """Changes whenever the code does that makes a grammar: no number that somebody forgets to raise."""
    digest = hashlib.sha256()
    for package in (Path(__file__).parent, Path(intents.__file__).parent):
        for source in sorted((*package.glob("*.py"), *package.glob("background.json"))):
            digest.update(source.read_bytes())
    return digest.hexdigest()
