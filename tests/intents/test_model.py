"""The model: what is read, what is refused, and that its explanation adds up."""

from __future__ import annotations

import io
import math
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from intents.errors import ModelError
from intents.features import Classes, context_features, without_address, word_features
from intents.model import FORMAT, Header, Model, load_model, read_model, write_model

SHIPPED = Path(__file__).resolve().parents[2] / "intents" / "models" / "en.npz"


@pytest.fixture(scope="module")
def model() -> Model:
    found = load_model("en")
    assert found is not None
    return found


def test_the_bundled_model_is_small_and_names_its_sources(model: Model) -> None:
    assert SHIPPED.stat().st_size <= 1_000_000
    assert "CC BY 4.0" in model.header.attribution
    assert "CC BY 3.0" in model.header.attribution
    assert sum(model.header.trained_on.values()) > 10_000
    assert load_model("xx") is None


def test_probabilities_add_up_and_are_the_same_again(model: Model) -> None:
    for text in ("order a pizza", "", "zzz", "a " * 50, "play something by nobody in particular"):
        belief = model.believe(text)
        assert math.isclose(sum(belief.probabilities.values()), 1.0, rel_tol=1e-9)
        assert belief == model.believe(text)
        assert 0 < belief.ask <= belief.accept <= 1


def test_the_weights_of_all_features_are_the_log_odds_but_for_a_constant(model: Model) -> None:
    """For texts that keep the same hidden units active the constant is the bias; so take one text in two halves."""
    text = "order a large pepperoni pizza"
    weights = model.explain(text, "pizza", limit=10_000)
    assert len({weight.feature for weight in weights}) == len(weights)
    assert weights == sorted(weights, key=lambda weight: (-abs(weight.weight), weight.feature))
    probabilities = model.believe(text).probabilities
    odds = math.log(probabilities["pizza"] / probabilities["none"])
    assert (sum(weight.weight for weight in weights) > 0) == (odds > 0)


def test_the_name_of_the_assistant_says_nothing() -> None:
    assert without_address("hey siri play jazz") == "play jazz"
    assert without_address("play jazz alexa") == "play jazz"
    assert without_address("alexa") == "alexa"
    assert without_address("play google") == "play"


def test_features_are_words_pieces_neighbours_and_classes() -> None:
    assert word_features("hi") == ["hi", "#<hi", "#hi>", "#<hi>"]
    classes = Classes({"city": ["new york", "york"], "sky": ["rain"]})
    found = context_features(["rain", "in", "new", "york"], classes)
    assert {"^_rain", "rain_in", "york_$", "rain~new", "rain~~york", "%sky", "in_%city", "%city_$"} <= set(
        found
    )
    assert "%city&%sky" in found
    assert classes.find(["new", "york"]) == [(0, 2, "city"), (1, 2, "city")]
    assert classes.find(["york", "new"]) == [(0, 1, "city")]


def test_a_written_model_is_read_again_to_eight_bits(tmp_path: Path) -> None:
    header = Header(
        format=FORMAT,
        language="en",
        labels=("tea", "none"),
        finer=(1, 3),
        thresholds={"tea": (0.5, 0.9)},
        fixed={},
        evidence={},
        denial={},
        questions={},
        classes={},
        trained_on={"mine": 2},
        attribution="mine",
    )
    rng = np.random.default_rng(0)
    parts = {
        "inner": rng.standard_normal((2, 3)).astype(np.float32),
        "idf": np.ones(2, np.float32),
        "inner_bias": np.zeros(3, np.float32),
        "outer": rng.standard_normal((3, 4)).astype(np.float32),
        "outer_bias": np.zeros(4, np.float32),
    }
    write_model(tmp_path / "a.npz", header=header, features=["tea", "cup"], **parts)
    write_model(tmp_path / "b.npz", header=header, features=["tea", "cup"], **parts)
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()
    with (tmp_path / "a.npz").open("rb") as file:
        again = read_model(file, "a")
    exact = Model(header=header, features=["tea", "cup"], **parts)
    # By hand: one feature of length one, and "none" is the sum of three finer labels.
    shares = np.exp(np.maximum(parts["inner"][0], 0) @ parts["outer"])
    assert exact.believe("tea").score == pytest.approx(shares[0] / shares.sum(), rel=1e-5)
    for text in ("tea", "cup of tea", "coffee"):
        ours, theirs = again.believe(text).score, exact.believe(text).score
        assert ours == pytest.approx(theirs, abs=0.01)


@pytest.mark.parametrize("spoiled", [b"", b"nonsense", SHIPPED.read_bytes()[:5000]])
def test_a_broken_file_is_named(spoiled: bytes) -> None:
    with pytest.raises(ModelError, match=r"my\.npz: is no model"):
        read_model(io.BytesIO(spoiled), "my.npz")


def shipped() -> dict[str, Any]:
    with np.load(SHIPPED) as arrays:
        return dict(arrays)


def read_of(parts: dict[str, Any], **changes: Any) -> Model:
    """Of a file with these arrays and this changed in its header."""
    header = msgspec.json.decode(parts["header"].tobytes(), type=Header)
    changed = msgspec.json.encode(msgspec.structs.replace(header, **changes))
    file = io.BytesIO()
    np.savez(file, **{**parts, "header": np.frombuffer(changed, np.uint8)})
    file.seek(0)
    return read_model(file, "my.npz")


def test_what_was_not_touched_is_read() -> None:
    assert read_of(shipped()).believe("play some jazz").best == "music"


@pytest.mark.parametrize(
    "changes",
    [
        {"format": 9},
        {"finer": ()},
        {"finer": (0, 1, 1, 1, 1)},
        {"labels": ("none", "music", "weather", "pizza", "ride")},
        {"labels": ()},
        {"thresholds": {}},
        {"thresholds": dict.fromkeys(("music", "weather", "pizza", "ride"), (0.9, 0.5))},
    ],
)
def test_a_file_of_another_format_or_with_another_header_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ModelError, match=r"my\.npz: format .*; expected format"):
        read_of(shipped(), **changes)


@pytest.mark.parametrize("key", ["inner", "scale", "idf", "inner_bias", "outer", "outer_bias"])
@pytest.mark.parametrize("damage", ["short", "flat", "infinite"])
def test_an_array_of_another_shape_or_without_numbers_is_named(key: str, damage: str) -> None:
    parts = shipped()
    if damage == "short":
        parts[key] = parts[key][:-1]
    elif damage == "flat":
        parts[key] = parts[key].flat[0]
    else:
        parts[key] = np.full(parts[key].shape, np.inf, np.float32)
    with pytest.raises(ModelError, match=r"my\.npz: .*has shape"):
        read_of(parts)


def test_an_array_alone_is_no_model() -> None:
    file = io.BytesIO()
    np.save(file, np.zeros(3))
    file.seek(0)
    with pytest.raises(ModelError, match=r"my\.npz: is no model"):
        read_model(file, "my.npz")
