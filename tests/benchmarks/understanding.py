"""Measure the model of understanding by cross-validation on the corpora it is trained on: FOLDER with their JSON lines.

Writes the figures into docs/understanding.md, between its marks, and says whether training gave the shipped file again.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

from threadpoolctl import threadpool_limits

from intents.cases import read_cases
from intents.evaluation import f1_by_label, mean
from intents.model import NONE, load_model
from intents.training.thresholds import ORDERS
from intents.training.train import FOLDS, LABELS, train_model

if TYPE_CHECKING:
    from collections.abc import Sequence

    from intents.training.train import Held

ROOT: Final = Path(__file__).resolve().parents[2]
PAGE: Final = ROOT / "docs" / "understanding.md"
SHIPPED: Final = ROOT / "intents" / "models" / "en.npz"
BEGIN: Final = "<!-- figures: made by python -m tests.benchmarks.understanding -->"
END: Final = "<!-- end of figures -->"


def main(folder: Path) -> None:
    """Train anew, compare, and write the page."""
    sources = {path.stem: read_cases(path) for path in sorted(folder.glob("*.jsonl"))}
    with tempfile.TemporaryDirectory() as name, threadpool_limits(1):
        path = Path(name) / "en.npz"
        held = train_model("en", sources, path, progress=_progress)
        same = path.read_bytes() == SHIPPED.read_bytes()
    write(held)
    sys.stdout.write(f"training gave {'the shipped file, byte for byte' if same else 'another file'}\n")


def write(held: Sequence[Held]) -> None:
    """Put the figures of `held` between the marks of the page."""
    text = PAGE.read_text(encoding="utf-8")
    before, after = text.split(BEGIN)[0], text.split(END)[1]
    PAGE.write_text(f"{before}{BEGIN}\n\n{render(held)}\n\n{END}{after}", encoding="utf-8")


def render(held: Sequence[Held]) -> str:
    """The figures as a table in Markdown."""
    thresholds = _thresholds()
    labels = [label for label in LABELS if label != NONE]
    by_label = " | ".join(f"F1 {label}" for label in labels)
    lines = [
        (
            f"The model alone, {FOLDS}-fold cross-validation: each sentence is judged by a model that has not seen it. "
            "Main leaves\nout the sentences marked hard. Orders are those that the probability alone would accept."
        ),
        "",
        f"| corpus | sentences | macro-F1, main | with the hard ones | {by_label} | orders among none |",
        f"|---|{'---|' * (len(labels) + 4)}",
    ]
    for source in sorted({each.source for each in held}):
        some = [each for each in held if each.source == source]
        decided = [_decide(each, thresholds) for each in some]
        truth = [each.case.label for each in some]
        easy = [i for i, each in enumerate(some) if not each.case.hard]
        main_f1 = f1_by_label([truth[i] for i in easy], [decided[i][0] for i in easy])
        all_f1 = f1_by_label(truth, [label for label, _ in decided])
        none = truth.count(NONE)
        wrong = sum(
            label in ORDERS and accepted
            for case, (label, accepted) in zip(truth, decided, strict=True)
            if case == NONE
        )
        each_f1 = " | ".join(f"{main_f1[label]:.3f}" if label in main_f1 else "" for label in labels)
        cells = [source, f"{len(some):,}", f"{mean(main_f1):.3f}", f"{mean(all_f1):.3f}", each_f1]
        lines.append(f"| {' | '.join(cells)} | {wrong} of {none:,} |")
    asks = ", ".join(f"{label} {ask:.2f} and {accept:.3f}" for label, (ask, accept) in thresholds.items())
    lines += [
        "",
        f"Probabilities from which it asks and accepts: {asks}. The file has {SHIPPED.stat().st_size:,} bytes.",
    ]
    return "\n".join(lines)


def _progress(step: str) -> None:
    sys.stderr.write(f"{step}\n")


def _thresholds() -> dict[str, tuple[float, float]]:
    model = load_model("en")
    if model is None:
        raise FileNotFoundError(SHIPPED)
    return model.header.thresholds


def _decide(held: Held, thresholds: dict[str, tuple[float, float]]) -> tuple[str, bool]:
    best = int(held.probabilities[:-1].argmax())
    score, label = float(held.probabilities[best]), LABELS[best]
    ask, accept = thresholds[label]
    return (label if score >= ask else NONE), score >= accept


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python -m tests.benchmarks.understanding FOLDER")
    main(Path(sys.argv[1]))
