"""The copy of a compiled grammar on disk changes nothing but the time."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
from dataclasses import fields
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
import pytest

from assistant.errors import RecognitionError
from assistant.recognition.grammar.compiled import Grammar, compile_apart, open_background, open_grammar
from assistant.recognition.grammar.network import Network
from intents.kept import KEPT
from intents.word_graph import graph_of_phrases

if TYPE_CHECKING:
    from intents.word_graph import WordGraph

ROOT: Final = Path(__file__).parents[4]
PHRASES = ("play some jazz", "play some blues", "no")


def graph() -> WordGraph:
    return graph_of_phrases(PHRASES)


def never() -> WordGraph:
    raise AssertionError("compiled although it was kept")


def same(one: Grammar, other: Grammar) -> bool:
    return one.words == other.words and all(
        np.array_equal(getattr(one.network, field.name), getattr(other.network, field.name))
        and np.asarray(getattr(one.network, field.name)).dtype
        == np.asarray(getattr(other.network, field.name)).dtype
        for field in fields(Network)
    )


def test_what_is_read_back_is_what_was_compiled(tmp_path: Path) -> None:
    first = open_grammar(graph, key="a", cache_dir=tmp_path / "new")
    assert same(open_grammar(never, key="a", cache_dir=tmp_path / "new"), first)
    assert same(open_grammar(graph, key="a", cache_dir=None), first)
    assert [path.suffix for path in (tmp_path / "new").iterdir()] == [".npz"]


def test_another_process_compiles_the_same(tmp_path: Path) -> None:
    compile_apart(partial(graph_of_phrases, PHRASES), key="a", cache_dir=tmp_path)
    assert {path.name.partition("-")[0] for path in tmp_path.iterdir()} == {"grammar", "background"}
    assert same(
        open_grammar(never, key="a", cache_dir=tmp_path), open_grammar(graph, key="a", cache_dir=None)
    )
    kept = {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    compile_apart(never, key="a", cache_dir=tmp_path)
    assert open_background(tmp_path).size
    assert {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()} == kept


def test_what_another_process_cannot_compile_is_said_by_this_one(tmp_path: Path) -> None:
    compile_apart(partial(graph_of_phrases, []), key="a", cache_dir=tmp_path)
    with pytest.raises(RecognitionError, match="no phrases to listen for"):
        open_grammar(partial(graph_of_phrases, []), key="a", cache_dir=tmp_path)


def test_what_does_not_pickle_is_left_to_this_process(tmp_path: Path) -> None:
    compile_apart(lambda: graph(), key="a", cache_dir=tmp_path)
    assert list(tmp_path.iterdir()) == []
    assert open_grammar(lambda: graph(), key="a", cache_dir=tmp_path).words


def test_another_key_is_another_grammar(tmp_path: Path) -> None:
    open_grammar(graph, key="a", cache_dir=tmp_path)
    assert open_grammar(lambda: graph_of_phrases(["yes"]), key="b", cache_dir=tmp_path).words == ("yes",)


def test_another_program_compiles_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    open_grammar(graph, key="a", cache_dir=tmp_path)
    monkeypatch.setattr("assistant.recognition.grammar.compiled._program", lambda: "another")
    with pytest.raises(AssertionError, match="compiled although"):
        open_grammar(never, key="a", cache_dir=tmp_path)


@pytest.mark.parametrize("damage", ["empty", "cut short", "one byte", "text", "another archive"])
def test_a_damaged_copy_is_noticed_and_made_anew(
    damage: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    first = open_grammar(graph, key="a", cache_dir=tmp_path)
    (path,) = tmp_path.glob("*.npz")
    data = bytearray(path.read_bytes())
    if damage == "one byte":
        # In the middle of the numbers of the largest array.
        data[len(data) // 2] ^= 255
    elif damage == "another archive":
        np.savez(path, senones=np.arange(3))
        data = bytearray(path.read_bytes())
    else:
        data = bytearray({"empty": b"", "cut short": data[: len(data) // 2], "text": b"no archive"}[damage])
    path.write_bytes(data)
    assert same(open_grammar(graph, key="a", cache_dir=tmp_path), first)
    assert f"{path} is damaged" in caplog.text
    assert same(open_grammar(never, key="a", cache_dir=tmp_path), first)


KILLED: Final = """
import io, os, signal, sys
from pathlib import Path
import numpy as np
from assistant.recognition.grammar import compiled
from intents.word_graph import graph_of_phrases

def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)

def half(file, **arrays):
    whole = io.BytesIO()
    savez(whole, **arrays)
    file.write(whole.getvalue()[: len(whole.getvalue()) // 2])
    file.flush()
    die()

savez = np.savez
if sys.argv[1] == "half written":
    np.savez = half
else:
    Path.replace = die
compiled.open_grammar(lambda: graph_of_phrases(sys.argv[3:]), key="a", cache_dir=Path(sys.argv[2]))
"""


@pytest.mark.parametrize("when", ["half written", "not renamed yet"])
def test_killed_while_it_is_kept_there_is_no_copy_and_the_next_start_makes_one(
    when: str, tmp_path: Path
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", KILLED, when, str(tmp_path), *PHRASES], cwd=ROOT, check=False, timeout=120
    )
    assert done.returncode == -signal.SIGKILL
    (left,) = tmp_path.iterdir()
    assert left.suffix != ".npz"
    assert left.stat().st_size > 0
    first = open_grammar(graph, key="a", cache_dir=tmp_path)
    assert [path.suffix for path in tmp_path.iterdir()] == [".npz"]
    assert same(open_grammar(never, key="a", cache_dir=tmp_path), first)


def test_what_another_process_is_writing_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / f"grammar-0.{os.getppid()}").touch()
    open_grammar(graph, key="a", cache_dir=tmp_path)
    assert len(list(tmp_path.iterdir())) == 2


def test_old_copies_go(tmp_path: Path) -> None:
    for number in range(KEPT + 2):
        open_grammar(graph, key=str(number), cache_dir=tmp_path)
        for path in tmp_path.glob("*.npz"):
            status = path.stat()
            os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns - 10**9))
    assert len(list(tmp_path.iterdir())) == KEPT
    open_grammar(never, key=str(KEPT + 1), cache_dir=tmp_path)


def test_a_folder_that_cannot_be_written_to_costs_time_only(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").touch()
    with caplog.at_level(logging.DEBUG):
        # Nor is anything compiled that could not be kept.
        compile_apart(never, key="a", cache_dir=tmp_path / "file" / "below")
    assert "not compiled by a process of its own: " in caplog.text
    assert "compiled although it was kept" not in caplog.text
    assert open_grammar(graph, key="a", cache_dir=tmp_path / "file" / "below").words
    assert "cannot keep" in caplog.text
