"""A tiny voice for Piper: it hums a tone for each sound of a word, and is loaded and run like any other."""

from __future__ import annotations

import json
import string
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from pathlib import Path

RATE: Final = 22_050
SOUND_SAMPLES: Final = 512
"""Samples that one sound lasts at the usual pace."""
_SYMBOLS: Final = (
    "_^$ " + string.ascii_lowercase + ",.?!'" + "".join(map(chr, (0xE6, 0xF0, 0x14B, *range(0x250, 0x2D1))))
)
"""Among them the phonetic alphabet's own letters."""


def make_voice(folder: Path, name: str = "en_US-hum-low") -> Path:
    """Write the voice's two files into `folder`; gives the first of them. Needs the package onnx."""
    from onnx import TensorProto, checker, helper, save

    def floats(label: str, *values: float) -> Any:
        return helper.make_tensor(label, TensorProto.FLOAT, [len(values)] if len(values) > 1 else [], values)

    def whole(label: str, *values: int) -> Any:
        return helper.make_tensor(label, TensorProto.INT64, [len(values)], values)

    node = helper.make_node
    graph = helper.make_graph(
        [
            # The second of the scales is the length, as in the voices that are published.
            node("Gather", ["scales", "one"], ["length"]),
            node("Mul", ["length", "samples"], ["limit"]),
            node("Range", ["zero", "limit", "step"], ["time"]),
            node("Cast", ["input"], ["sounds"], to=TensorProto.FLOAT),
            node("Unsqueeze", ["sounds", "last"], ["column"]),
            node("Mul", ["column", "time"], ["turns"]),
            node("Mul", ["turns", "pitch"], ["phase"]),
            node("Sin", ["phase"], ["wave"]),
            node("Reshape", ["wave", "shape"], ["output"]),
        ],
        "hum",
        [
            helper.make_tensor_value_info("input", TensorProto.INT64, [1, "sounds"]),
            helper.make_tensor_value_info("input_lengths", TensorProto.INT64, [1]),
            helper.make_tensor_value_info("scales", TensorProto.FLOAT, [3]),
        ],
        [helper.make_tensor_value_info("output", TensorProto.FLOAT, [1, 1, 1, "samples"])],
        initializer=[
            helper.make_tensor("one", TensorProto.INT64, [], [1]),
            floats("samples", SOUND_SAMPLES),
            floats("zero", 0),
            floats("step", 1),
            floats("pitch", 0.005),
            whole("last", 2),
            whole("shape", 1, 1, 1, -1),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    checker.check_model(model)
    path = folder / f"{name}.onnx"
    save(model, str(path))
    config = {
        "audio": {"sample_rate": RATE},
        "espeak": {"voice": "en-us"},
        "inference": {"noise_scale": 0.667, "length_scale": 1, "noise_w": 0.8},
        "phoneme_type": "espeak",
        "phoneme_id_map": {symbol: [number] for number, symbol in enumerate(_SYMBOLS)},
        "num_symbols": 256,
        "num_speakers": 1,
        "speaker_id_map": {},
    }
    (folder / f"{name}.onnx.json").write_text(json.dumps(config), encoding="utf-8")
    return path
