"""Readers of the Sphinx-3 files that an acoustic model of PocketSphinx is made of.

The formats are those that `s3file.c`, `bin_mdef.c` and `ptm_mgau.c` of pocketsphinx 5 read. Files are checked as
they are read: a torn or foreign one gives a `RecognitionError` that names it.
"""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from assistant.errors import RecognitionError

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

_BYTE_ORDER: Final = struct.pack("<I", 0x11223344)

LOG_BASE: Final = 1.0001
"""Base of the library's logarithms."""

LOG_SHIFT: Final = 10
"""Senone scores and mixture weights are logarithms shifted right by so many bits."""

LOG_UNIT: Final = math.log(LOG_BASE) * (1 << LOG_SHIFT)
"""Natural logarithm of one unit of the library's senone scores."""

WORD_POSITIONS: Final = 4
"""Places of a phone in its word that make it another triphone."""

_ENTRY: Final = np.dtype([("ssid", "<i4"), ("tmat", "<i4"), ("position", "u1"), ("context", "u1", 3)])


@dataclass(frozen=True, kw_only=True, eq=False)
class ModelDefinition:
    """Which senones each phone has in each context."""

    phones: tuple[str, ...]
    """Names of the context-independent phones; those that begin with "+" and SIL are fillers."""
    senones: NDArray[np.int32]
    """Senone sequences, shape (sequences, states)."""
    sequence_of: NDArray[np.int32]
    """Senone sequence of each phone; the context-independent ones come first."""
    transitions_of: NDArray[np.int32]
    """Transition matrix of each phone."""
    triphones: NDArray[np.int32]
    """Index of the triphone, -1 for none, shape (phones, phones, phones, 4): phone, left, right, word position."""
    senone_count: int
    """Number of senones."""
    base_of: NDArray[np.int32]
    """Context-independent phone of each senone, which is its codebook."""


def read_definition(path: Path) -> ModelDefinition:
    """The binary `mdef`."""
    data = _bytes(path)
    try:
        if data[:4] != b"BMDF":
            raise _broken(path, "it does not begin as a binary model definition")
        (length,) = struct.unpack_from("<i", data, 8)
        at = 12 + length
        counts = struct.unpack_from("<10i", data, at)
        phone_count, total, states, _, senone_count, _, _, _, tree_nodes, _ = counts
        at += 40
        begun = at
        names = []
        for _ in range(phone_count):
            end = data.index(b"\0", at)
            names.append(data[at:end].decode("ascii"))
            at = end + 1
        at = begun + ((at - begun + 3) & ~3) + 8 * tree_nodes
        entries = np.frombuffer(data, _ENTRY, total, at)
        at += _ENTRY.itemsize * total
        (size,) = struct.unpack_from("<i", data, at)
        senones = np.frombuffer(data, "<u2", size, at + 4).reshape(-1, states).astype(np.int32)
    except (ValueError, struct.error, UnicodeDecodeError) as error:
        raise _broken(path, error) from error
    sequence_of = entries["ssid"].astype(np.int32)
    context = entries["context"]
    phone_of = np.arange(total, dtype=np.int32)
    phone_of[phone_count:] = context[phone_count:, 0]
    base_of = np.zeros(senone_count, dtype=np.int32)
    base_of[senones[sequence_of].ravel()] = np.repeat(phone_of, states)
    place = (*context[phone_count:].T, entries["position"][phone_count:])
    triphones = np.full((phone_count, phone_count, phone_count, WORD_POSITIONS), -1, dtype=np.int32)
    try:
        triphones[place] = np.arange(phone_count, total)
    except IndexError as error:
        raise _broken(path, error) from error
    return ModelDefinition(
        phones=tuple(names),
        senones=senones,
        sequence_of=sequence_of,
        transitions_of=entries["tmat"].astype(np.int32),
        triphones=triphones,
        senone_count=senone_count,
        base_of=base_of,
    )


def read_gaussians(path: Path) -> NDArray[np.float64]:
    """`means` or `variances`: shape (codebooks, streams, densities, dimensions)."""
    data, at = _body(path)
    try:
        codebooks, streams, densities = struct.unpack_from("<3i", data, at)
        lengths = struct.unpack_from(f"<{streams}i", data, at + 12)
        at += 12 + 4 * streams
        (size,) = struct.unpack_from("<i", data, at)
        if len(set(lengths)) != 1:
            raise _broken(path, f"its streams have {lengths} dimensions, expected as many in each")
        values = np.frombuffer(data, "<f4", size, at + 4).astype(np.float64)
        return values.reshape(codebooks, streams, densities, lengths[0])
    except (ValueError, struct.error) as error:
        raise _broken(path, error) from error


def read_transitions(path: Path) -> NDArray[np.float64]:
    """`transition_matrices` as probabilities: shape (matrices, states, states + 1)."""
    data, at = _body(path)
    try:
        matrices, rows, columns, size = struct.unpack_from("<4i", data, at)
        values = np.frombuffer(data, "<f4", size, at + 16).astype(np.float64)
        values = values.reshape(matrices, rows, columns)
    except (ValueError, struct.error) as error:
        raise _broken(path, error) from error
    return np.asarray(values / values.sum(axis=2, keepdims=True))


def read_mixture_weights(path: Path, *, streams: int, densities: int) -> NDArray[np.float32]:
    """`sendump` as natural logarithms: shape (streams, densities, senones)."""
    data = _bytes(path)
    try:
        header: dict[str, int] = {}
        at = 0
        while True:
            (length,) = struct.unpack_from("<i", data, at)
            at += 4
            if length == 0:
                break
            fields = data[at : at + length - 1].decode("latin-1").split()
            at += length
            if len(fields) == 2 and fields[0].endswith(("count", "bits")):
                header[fields[0]] = int(fields[1])
        clusters = header.get("cluster_count", 0)
        if not clusters:
            rows, columns = struct.unpack_from("<2i", data, at)
            quantised = np.frombuffer(data, "u1", streams * rows * columns, at + 8)
            return quantised.reshape(streams, rows, columns) * np.float32(-LOG_UNIT)
        # Four bits a weight: fifteen clusters and one entry that says "nothing".
        clusters += clusters == 15
        codebook = np.frombuffer(data, "u1", clusters, at)
        senones = header["model_count"]
        step = (senones + 1) // 2
        packed = np.frombuffer(data, "u1", streams * densities * step, at + clusters)
        packed = packed.reshape(streams, densities, step)
        codes = np.stack([packed & 15, packed >> 4], axis=-1).reshape(streams, densities, 2 * step)
        return codebook[codes[..., :senones]] * np.float32(-LOG_UNIT)
    except (ValueError, KeyError, IndexError, struct.error) as error:
        raise _broken(path, error) from error


def read_parameters(path: Path) -> dict[str, str]:
    """`feat.params`: the name of each option, without its dash, to its value."""
    words = _bytes(path).decode("utf-8", errors="replace").split()
    return {name.lstrip("-"): value for name, value in zip(words[::2], words[1::2], strict=False)}


def _body(path: Path) -> tuple[bytes, int]:
    """The bytes of a Sphinx-3 file, and where its numbers begin."""
    data = _bytes(path)
    end = data.find(b"endhdr\n")
    if end < 0 or data[end + 7 : end + 11] != _BYTE_ORDER:
        raise _broken(path, "it has no header of a little-endian Sphinx-3 file")
    return data, end + 11


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise _broken(path, error) from error


def _broken(path: Path, error: Exception | str) -> RecognitionError:
    return RecognitionError(
        f"{path} cannot be read as part of PocketSphinx's acoustic model ({error}); "
        "reinstall it with `pip install --force-reinstall pocketsphinx`"
    )
