"""The bundled model, and what the library itself makes of a recording with it."""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pytest

from assistant.recognition.grammar.acoustic_model import AcousticModel, bundled_model, load_acoustic_model
from tests.assistant.recognition.hearing import household, read

if TYPE_CHECKING:
    from numpy.typing import NDArray


@pytest.fixture(scope="session")
def model() -> AcousticModel:
    """PocketSphinx's English."""
    return load_acoustic_model(bundled_model().folder)


@pytest.fixture(scope="session")
def jazz() -> NDArray[np.int16]:
    """A recording of "play some jazz"."""
    recordings = household(("play some jazz",))
    if not recordings:
        pytest.skip("the household's recordings are not here")
    return read(recordings[0][0])


@dataclass(frozen=True, kw_only=True)
class Oracle:
    """The library's own figures."""

    cepstra: NDArray[np.float64]
    """Shape (frames, 13)."""
    scores: NDArray[np.float64]
    """Natural logarithms against the best senone of the frame, shape (frames, senones)."""


@pytest.fixture(scope="session")
def oracle(jazz: NDArray[np.int16], tmp_path_factory: pytest.TempPathFactory) -> Oracle:
    """What libpocketsphinx writes to its logs when it decodes `jazz`."""
    import pocketsphinx

    folder = tmp_path_factory.mktemp("oracle")
    grammar = folder / "one.jsgf"
    grammar.write_text("#JSGF V1.0;\ngrammar one;\npublic <one> = play some jazz;\n")
    place = bundled_model()
    decoder = pocketsphinx.Decoder(
        hmm=str(place.folder),
        jsgf=str(grammar),
        dict=str(place.dictionary),
        samprate=16000.0,
        loglevel="FATAL",
        compallsen=True,
        mfclogdir=str(folder),
        senlogdir=str(folder),
    )
    decoder.start_utt()
    decoder.process_raw(jazz.tobytes(), full_utt=True)
    decoder.end_utt()
    (cepstra,) = folder.glob("*.mfc")
    (senones,) = folder.glob("*.sen")
    data = senones.read_bytes()
    at = data.index(b"endhdr\n") + 11
    rows = []
    while at < len(data):
        (count,) = struct.unpack_from("<h", data, at)
        rows.append(np.frombuffer(data, "<i2", count, at + 2))
        at += 2 + 2 * count
    # Costs in units of the shifted logarithm, 0 for the best.
    return Oracle(
        cepstra=np.frombuffer(cepstra.read_bytes(), ">f4", offset=4).reshape(-1, 13).astype(np.float64),
        scores=-np.array(rows) * math.log(1.0001) * 1024,
    )
