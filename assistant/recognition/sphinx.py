"""Recognition by PocketSphinx: its English acoustic model comes in its wheel, so it works with no download.

It decodes whole utterances (the mean of the cepstra is taken over all of it), under a trigram of the intents'
phrases.
"""

from __future__ import annotations

import logging
import re
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from assistant.errors import RecognitionError
from assistant.recognition.language_model import language_files
from assistant.recognition.samples import pcm
from assistant.records import Transcript, Word
from hardware.audio import SAMPLE_RATE

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from hardware.audio import AudioChunk

logger = logging.getLogger(__name__)

NOISE_DB: Final = -46.0
"""Level of the noise laid under an utterance, against its loud parts: digital silence ruins the log spectrum."""

FAINTEST: Final = 1.0
"""Standard deviation, of 32768, below which that noise does not go."""

MARGIN_S: Final = 0.1
"""Noise put before and after, so that the decoder has some silence to begin and end with."""

SHORTEST_S: Final = 0.1
"""An utterance below this holds no word; too few frames upset the front end."""

FRAMES_A_SECOND: Final = 100
"""The acoustic model's frame rate."""

ALTERNATIVES: Final = 3
"""Other hypotheses at most."""

_LOOKED_AT: Final = 50
"""N-best entries looked at for those: most differ in pauses and pronunciations only."""

_VARIANT: Final = re.compile(r"\(\d+\)$")


class SphinxRecogniser:
    """One utterance after another through PocketSphinx; see `assistant.recognition.protocol.Recogniser`.

    Every utterance is forced onto the phrases' words, foreign speech too: the matcher must reject what is no
    command. The same samples give the same transcript, whatever was heard before.
    """

    def __init__(self, phrases: Sequence[str], *, cache_dir: Path | None) -> None:
        """Open the decoder for `phrases` (lower case, separated by spaces; a repeated one weighs more).

        The n-gram is kept in `cache_dir`; with None it is built each time. Phrases with a word outside the
        bundled dictionary are left out, and one message of level INFO names the words: names have other
        spellings beside, and `intents check` finds those that have none. Raises `RecognitionError` when
        nothing is left.
        """
        if not any(phrase.split() for phrase in phrases):
            raise RecognitionError(
                "PocketSphinx was given no phrases to listen for; check that the intent definitions hold at least "
                "one sentence"
            )
        pocketsphinx = _library()
        version = _version()
        self._name = f"pocketsphinx {version} en-us"
        if cache_dir is not None:
            self._decoder = _open(pocketsphinx, phrases, cache_dir, version)
        else:
            # The decoder reads the files when it is made and not after.
            with tempfile.TemporaryDirectory(prefix="pennyworth-") as folder:
                self._decoder = _open(pocketsphinx, phrases, Path(folder), version)
        self._chunks: list[NDArray[np.int16]] = []
        self._partial = ""
        self._partial_of = 0

    @property
    def engine(self) -> str:
        """Short name of the engine."""
        return "pocketsphinx"

    @property
    def model(self) -> str:
        """Name and version of engine and model, for the log."""
        return self._name

    def accept(self, chunk: AudioChunk) -> None:
        """Keep the next chunk; raises `RecognitionError` for samples that are not mono 16-bit."""
        # A copy, since a device may use its buffer again.
        self._chunks.append(pcm(chunk).copy())

    def partial(self) -> str:
        """What has been understood so far. It decodes all of it again, so ask a few times a second at most."""
        length = sum(len(chunk) for chunk in self._chunks)
        if length != self._partial_of:
            self._partial_of = length
            self._partial = self._text() if self._decode() else ""
        return self._partial

    def finish(self) -> Transcript:
        """End the utterance; the next chunk begins a new one."""
        try:
            if not self._decode():
                return Transcript(text="", engine=self.engine, model=self.model)
            text = self._text()
            length_s = sum(len(chunk) for chunk in self._chunks) / SAMPLE_RATE
            words = self._words(length_s) if text else ()
            others = self._alternatives(text) if text else ()
        finally:
            self._chunks = []
            self._partial = ""
            self._partial_of = 0
        return Transcript(text=text, words=words, alternatives=others, engine=self.engine, model=self.model)

    def _decode(self) -> bool:
        """Run the decoder over what there is; False when that is too little to hold a word."""
        if sum(len(chunk) for chunk in self._chunks) < SHORTEST_S * SAMPLE_RATE:
            return False
        samples = on_noise(np.concatenate(self._chunks))
        # A fresh front end: else it goes on with the noise that it estimated in the utterance before.
        self._decoder.reinit_feat()
        self._decoder.start_utt()
        try:
            self._decoder.process_raw(samples.tobytes(), full_utt=True)
        finally:
            self._decoder.end_utt()
        return True

    def _text(self) -> str:
        hypothesis = self._decoder.hyp()
        return "" if hypothesis is None else _plain(hypothesis.hypstr.split())

    def _words(self, length_s: float) -> tuple[Word, ...]:
        return tuple(
            Word(
                text=_VARIANT.sub("", segment.word),
                start_s=_time(segment.start_frame, length_s),
                # The last frame still belongs to the word.
                end_s=_time(segment.end_frame + 1, length_s),
                confidence=min(1.0, max(0.0, float(segment.prob))),
            )
            for segment in self._decoder.seg()
            if not _filler(segment.word)
        )

    def _alternatives(self, best: str) -> tuple[str, ...]:
        found: dict[str, None] = {}
        for _, entry in zip(range(_LOOKED_AT), self._decoder.nbest(), strict=False):
            text = _plain(entry.hypstr.split()) if entry is not None and entry.hypstr else ""
            if text and text != best:
                found[text] = None
            if len(found) == ALTERNATIVES:
                break
        return tuple(found)


def on_noise(samples: NDArray[np.int16]) -> NDArray[np.int16]:
    """The samples, shape (n,), with faint white noise over them and `MARGIN_S` of it on either side.

    The margin is as loud as the utterance's own background, so that a noisy recording gets no step at its
    ends. The noise is the same for the same length, so that a decode can be repeated.
    """
    margin = round(MARGIN_S * SAMPLE_RATE)
    quiet, loud = loudness(samples)
    level = max(FAINTEST, loud * 10 ** (NOISE_DB / 20))
    noise = np.random.default_rng(0).standard_normal(len(samples) + 2 * margin)
    noise[margin : margin + len(samples)] *= level
    noise[:margin] *= max(level, quiet)
    noise[margin + len(samples) :] *= max(level, quiet)
    noise[margin : margin + len(samples)] += samples
    heard: NDArray[np.int16] = np.clip(np.rint(noise), -32768, 32767).astype(np.int16)
    return heard


def loudness(samples: NDArray[np.int16]) -> tuple[float, float]:
    """Root mean square, of 32768, of the quiet and of the loud tenth of the 25 ms frames; 0 below one frame."""
    frame = SAMPLE_RATE // 40
    count = len(samples) // frame
    if not count:
        return 0.0, 0.0
    frames = samples[: count * frame].astype(np.float64).reshape(count, frame)
    power = np.sort(np.mean(frames**2, axis=1))
    # A mean over the loud ones, not a quantile: a short word in a long silence still counts.
    tenth = max(1, count // 10)
    return float(np.sqrt(power[:tenth].mean())), float(np.sqrt(power[-tenth:].mean()))


def _library() -> Any:
    """The pocketsphinx package, imported late: a machine that listens with Vosk need not have it."""
    try:
        import pocketsphinx
    except (ImportError, OSError) as error:
        raise RecognitionError(
            f"PocketSphinx cannot be loaded ({error}); reinstall it with `pip install pocketsphinx`, or use Vosk"
        ) from error
    return pocketsphinx


def _version() -> str:
    from importlib.metadata import version

    return version("pocketsphinx")


def _open(pocketsphinx: Any, phrases: Sequence[str], folder: Path, version: str) -> Any:
    files = language_files(
        phrases,
        folder,
        bundled_dictionary=Path(pocketsphinx.get_model_path("en-us/cmudict-en-us.dict")),
        version=version,
    )
    if files.unknown:
        logger.info(
            "PocketSphinx's dictionary does not hold these words; sentences with them are not heard: %s",
            ", ".join(files.unknown),
        )
    try:
        return pocketsphinx.Decoder(
            hmm=pocketsphinx.get_model_path("en-us/en-us"),
            lm=str(files.arpa),
            dict=str(files.dictionary),
            samprate=float(SAMPLE_RATE),
            loglevel="FATAL",
        )
    except (RuntimeError, ValueError) as error:
        raise RecognitionError(
            f"PocketSphinx does not open its English model ({error}); reinstall it with `pip install pocketsphinx`"
        ) from error


def _filler(word: str) -> bool:
    return word.startswith(("<", "[", "++"))


def _plain(words: Iterable[str]) -> str:
    return " ".join(_VARIANT.sub("", word) for word in words if not _filler(word))


def _time(frame: int, length_s: float) -> float:
    """Seconds in the utterance as it was given, without the margin."""
    return round(min(length_s, max(0.0, frame / FRAMES_A_SECOND - MARGIN_S)), 3)
