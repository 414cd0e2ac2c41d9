"""The model's files say to us what they say to the library."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest

from assistant.errors import RecognitionError
from assistant.recognition.grammar.acoustic_model import (
    BEGIN,
    END,
    INSIDE,
    SINGLE,
    SenoneScorer,
    bundled_model,
    load_acoustic_model,
)
from assistant.recognition.grammar.front_end import with_differences
from assistant.recognition.grammar.model_files import read_definition

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from assistant.recognition.grammar.acoustic_model import AcousticModel
    from tests.assistant.recognition.grammar.conftest import Oracle


def naive_scores(
    model: AcousticModel, features: NDArray[np.float32], *, best: int, reach: float
) -> NDArray[np.float64]:
    """Senone scores by the book: the `best` densities of each codebook, none over `reach` nats below the best."""
    scores = np.zeros((len(features), model.definition.senone_count))
    for stream in range(3):
        x = features[:, stream, None, None, :].astype(np.float64)
        mean, variance = model.means[None, :, stream], model.variances[None, :, stream]
        logs = -0.5 * ((x - mean) ** 2 / variance + np.log(2 * math.pi * variance)).sum(axis=-1)
        worst = np.sort(logs, axis=-1)[..., -best, None]
        top = logs.max(axis=(1, 2), keepdims=True)
        logs = np.where(logs >= worst, np.maximum(logs, top - reach), -np.inf)
        for book in range(len(model.definition.phones)):
            own = np.flatnonzero(model.definition.base_of == book)
            weights = np.exp(model.weights[stream][:, own].astype(np.float64))
            # Against the frame's best, or nothing of a far codebook would be left of the exponential.
            highest = logs[:, book].max(axis=-1, keepdims=True)
            scores[:, own] += np.log(np.exp(logs[:, book] - highest) @ weights) + highest
    return scores


def test_senone_scores_are_the_librarys_within_rounding(model: AcousticModel, oracle: Oracle) -> None:
    # The library takes four densities a codebook and cuts off at 96 of its units.
    features = with_differences(oracle.cepstra - oracle.cepstra.mean(axis=0))
    unit = math.log(1.0001) * 1024
    ours = naive_scores(model, features, best=4, reach=96 * unit)
    ours -= ours.max(axis=1, keepdims=True)
    error = np.abs(ours - oracle.scores)
    # Integer logarithms, added up by a table, over three streams: about a unit.
    assert np.median(error) < unit
    assert error.mean() < 1.5 * unit
    assert np.mean(ours.argmax(axis=1) == oracle.scores.argmax(axis=1)) > 0.9


def test_the_scorer_does_what_the_book_says(model: AcousticModel, oracle: Oracle) -> None:
    features = with_differences(oracle.cepstra - oracle.cepstra.mean(axis=0))[::20]
    senones = np.random.default_rng(0).permutation(model.definition.senone_count)[:700]
    expected = naive_scores(model, features, best=128, reach=np.inf)[:, senones]
    assert np.allclose(SenoneScorer(model, senones).score(features), expected, atol=0.02)


def test_streams_are_weighted(model: AcousticModel, oracle: Oracle) -> None:
    features = with_differences(oracle.cepstra)[:5]
    scorer = SenoneScorer(model, [0, 3000])
    parts = [scorer.score(features, stream_weights=np.eye(3)[i].tolist()) for i in range(3)]
    weighted = scorer.score(features, stream_weights=(0.6, 1.0, 0.5))
    assert np.allclose(weighted, 0.6 * parts[0] + parts[1] + 0.5 * parts[2], atol=1e-3)


def test_several_front_ends_count_with_their_mean(model: AcousticModel, oracle: Oracle) -> None:
    features = with_differences(oracle.cepstra - oracle.cepstra.mean(axis=0))[::20]
    others = 1.5 * features
    scorer = SenoneScorer(model, np.arange(0, model.definition.senone_count, 7))
    weights = (0.6, 1.0, 1.0)
    each = [scorer.score(one, stream_weights=weights) for one in (features, others)]
    together = scorer.score(features, others, stream_weights=weights)
    assert np.allclose(together, (each[0] + each[1]) / 2, atol=1e-3)
    assert np.abs(each[0] - each[1]).mean() > 1


def test_no_frames_have_no_scores(model: AcousticModel) -> None:
    nothing = np.empty((0, 3, 13), dtype=np.float32)
    assert SenoneScorer(model, [0, 3000]).score(nothing, nothing).shape == (0, 2)


def test_triphones_back_off_to_what_the_model_has(model: AcousticModel) -> None:
    definition = model.definition
    known = np.argwhere(definition.triphones >= 0)
    phone, left, right, position = known[len(known) // 2].tolist()
    found = model.triphone(phone, left, right, position)
    assert found == definition.triphones[phone, left, right, position] >= len(definition.phones)
    # The model's triphones are those of its dictionary's words; every other question still has an answer of that phone.
    for position in (INSIDE, BEGIN, END, SINGLE):
        found = model.triphone(model.phone("ZH"), model.phone("ZH"), model.phone("ZH"), position)
        bases = definition.base_of[definition.senones[definition.sequence_of[found]]]
        assert {definition.phones[base] for base in bases} == {"ZH"}


def test_noise_beside_a_phone_counts_as_silence(model: AcousticModel) -> None:
    b, noise, ah = model.phone("B"), model.phone("+NSN+"), model.phone("AH")
    assert model.triphone(b, noise, ah, BEGIN) == model.triphone(b, model.silence, ah, BEGIN)
    assert model.triphone(noise, b, ah, SINGLE) == noise


def test_an_unknown_phone_is_a_key_error(model: AcousticModel) -> None:
    with pytest.raises(KeyError, match="XX"):
        model.phone("XX")


def test_every_triphone_has_its_place_in_the_table(model: AcousticModel) -> None:
    definition = model.definition
    places = definition.triphones[definition.triphones >= 0]
    assert sorted(places.tolist()) == list(range(len(definition.phones), len(definition.sequence_of)))
    bases = definition.base_of[definition.senones[definition.sequence_of[definition.triphones]]]
    phones, *_ = np.nonzero(definition.triphones >= 0)
    assert (bases[definition.triphones >= 0] == phones[:, None]).all()


def test_a_neighbour_that_is_no_phone_is_a_damaged_model(tmp_path: Path) -> None:
    for whole in bundled_model().folder.iterdir():
        if whole.name != "mdef":
            (tmp_path / whole.name).symlink_to(whole)
    data = bytearray((bundled_model().folder / "mdef").read_bytes())
    # Behind the phones, the tree and the entries of the phones themselves: position and context close each entry.
    definition = read_definition(bundled_model().folder / "mdef")
    last = data.rindex(definition.senones.astype("<u2").tobytes()) - 4
    data[last - 1] = 200
    (tmp_path / "mdef").write_bytes(data)
    with pytest.raises(RecognitionError, match=r"mdef.*reinstall it"):
        load_acoustic_model(tmp_path)


@pytest.mark.parametrize(
    "name", ["mdef", "means", "variances", "sendump", "transition_matrices", "feat.params"]
)
@pytest.mark.parametrize("damage", ["cut", "foreign", "missing"])
def test_a_damaged_model_is_named(name: str, damage: str, tmp_path: Path) -> None:
    for whole in bundled_model().folder.iterdir():
        if whole.name != name:
            (tmp_path / whole.name).symlink_to(whole)
    path = tmp_path / name
    if damage != "missing":
        data = (bundled_model().folder / name).read_bytes()
        path.write_bytes(data[: len(data) // 2] if damage == "cut" else b"\x07\x00\x00\x00no such thing" * 9)
    with pytest.raises(RecognitionError, match=rf"{name}.*reinstall it"):
        load_acoustic_model(tmp_path)
