"""Measure understanding by nested cross-validation on the corpora the model is trained on: FOLDER of JSON lines.

Trains some thirty models, so it takes ten minutes or more. Writes the figures into docs/understanding.md, between its
marks, and says whether training gave the shipped file again.
"""

from __future__ import annotations

import sys
import tempfile
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from threadpoolctl import threadpool_limits

from intents.cases import read_cases
from intents.evaluation import upper_bound
from intents.model import NONE, load_model
from intents.training.train import FOLDS, LABELS, read_examples, train_part
from intents.training.validation import PARTS, cross_validate, transfer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from intents.training.validation import Interval, Judged

ROOT: Final = Path(__file__).resolve().parents[2]
PAGE: Final = ROOT / "docs" / "understanding.md"
SHIPPED: Final = ROOT / "intents" / "models" / "en.npz"
BEGIN: Final = "<!-- figures: made by python -m tests.benchmarks.understanding -->"
END: Final = "<!-- end of figures -->"
NOISE: Final = 0.15
# A file is judged by a model that was trained without it and without the others of its origin.
TRANSFERS: Final = (("slurp_devel", "slurp"), ("clinc_train", "clinc"))


def main(folder: Path) -> None:
    """Cross-validate, train anew, compare, and write the page."""
    sources = {path.stem: read_cases(path) for path in sorted(folder.glob("*.jsonl"))}
    with tempfile.TemporaryDirectory() as name, threadpool_limits(1):
        examples = read_examples("en", sources)
        path = Path(name) / "en.npz"
        train_part(examples, np.arange(len(examples.cases)), path, progress=_progress)
        same = path.read_bytes() == SHIPPED.read_bytes()
        _progress(f"training gave {'the shipped file, byte for byte' if same else 'another file'}")
        judged = cross_validate(examples, asr_noise=NOISE, progress=_progress)
        moved = {
            source: transfer(examples, left_out=origin, judged=source, asr_noise=NOISE)
            for source, origin in TRANSFERS
            if source in sources
        }
    write(judged, moved)


def write(judged: Mapping[str, Judged], moved: Mapping[str, Judged]) -> None:
    """Put the figures between the marks of the page."""
    text = PAGE.read_text(encoding="utf-8")
    before, after = text.split(BEGIN)[0], text.split(END)[1]
    PAGE.write_text(f"{before}{BEGIN}\n\n{render(judged, moved)}\n\n{END}{after}", encoding="utf-8")


def render(judged: Mapping[str, Judged], moved: Mapping[str, Judged]) -> str:
    """The figures as tables in Markdown."""
    labels = [label for label in LABELS if label != NONE]
    by_label = " | ".join(f"F1 {label}" for label in labels)
    lines = [
        _fill(
            f"Nested cross-validation in {PARTS} parts over the folder of the corpora: each sentence is understood, by "
            "the whole way from templates to evidence, with a model that was trained without it and without any that "
            f"is nearly the same, and whose thresholds were chosen in {FOLDS} parts of what it was trained on. Main "
            f"leaves out the sentences marked hard. With noise, {100 * NOISE:.0f} % of the words go wrong. In brackets "
            "95 % intervals (bootstrap over groups of alike sentences)."
        ),
        "",
        f"| corpus | sentences | macro-F1, main | with the hard ones | main, with noise | {by_label} |",
        f"|---|{'---|' * (len(labels) + 4)}",
    ]
    lines += [_row(source, some) for source, some in sorted(judged.items())]
    lines += [
        "",
        "The same by a model that has seen no sentence of that origin (SLURP and its parent corpus, or CLINC150):",
        "",
        f"| corpus | sentences | macro-F1, main | with the hard ones | main, with noise | {by_label} |",
        f"|---|{'---|' * (len(labels) + 4)}",
    ]
    lines += [_row(source, some) for source, some in sorted(moved.items())]
    lines += ["", _orders(judged), "", _thresholds()]
    return "\n".join(lines)


def _row(source: str, some: Judged) -> str:
    f1 = some.f1()
    cells = [
        source,
        f"{len(some.labels):,}",
        _interval(some.macro_f1(hard=False)),
        _interval(some.macro_f1(hard=True)),
        _interval(some.macro_f1(hard=False, noisy=True)),
        *(f"{f1[label]:.3f}" if label in f1 else "" for label in LABELS if label != NONE),
    ]
    return f"| {' | '.join(cells)} |"


def _interval(figure: Interval) -> str:
    return f"{figure.value:.3f} [{figure.low:.3f}, {figure.high:.3f}]"


def _orders(judged: Mapping[str, Judged]) -> str:
    counts = {source: some.false_orders() for source, some in sorted(judged.items())}
    each = ", ".join(f"{wrong} of {of:,} in {source}" for source, (wrong, of) in counts.items())
    wrong, of = (sum(column) for column in zip(*counts.values(), strict=True))
    bound = upper_bound(wrong, of)
    return _fill(
        f'Sentences labelled "none" that were accepted as orders, without asking: {each}; together {wrong} of {of:,}, '
        f"with 95 % confidence fewer than 1 in {int(1 / bound):,}."
    )


def _thresholds() -> str:
    model = load_model("en")
    if model is None:
        raise FileNotFoundError(SHIPPED)
    thresholds = model.header.thresholds
    asks = ", ".join(f"{label} {ask:.2f} and {accept:.3f}" for label, (ask, accept) in thresholds.items())
    size = SHIPPED.stat().st_size
    return _fill(
        f"The shipped model asks and accepts from these probabilities: {asks}. Its file has {size:,} bytes."
    )


def _fill(text: str) -> str:
    return textwrap.fill(text, 120, break_long_words=False, break_on_hyphens=False)


def _progress(step: str) -> None:
    sys.stderr.write(f"{step}\n")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python -m tests.benchmarks.understanding FOLDER")
    main(Path(sys.argv[1]))
