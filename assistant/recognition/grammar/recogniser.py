"""The recogniser that works with no download: exact search under the grammar of the intents."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

import numpy as np
from threadpoolctl import ThreadpoolController

from assistant.recognition.grammar.acoustic_model import SenoneScorer, bundled_model, load_acoustic_model
from assistant.recognition.grammar.adaptation import with_adaptation
from assistant.recognition.grammar.background import Background, background_network
from assistant.recognition.grammar.front_end import (
    FRAME_SHIFT,
    FRAMES_A_SECOND,
    GrowingUtterance,
    cepstra,
    frame_energy,
    loud,
    power_spectrum,
    speech_span,
    spoken,
    with_differences,
    without_noise,
)
from assistant.recognition.grammar.lookahead import Lookahead
from assistant.recognition.grammar.network import PAUSE_PENALTY
from assistant.recognition.grammar.noise import compensated, speech_mixture
from assistant.recognition.grammar.rejection import (
    Standing,
    behind,
    confidence,
    fit,
    fluency,
    lead,
    uncovered,
    undoubted,
)
from assistant.recognition.grammar.search import BEAM_AHEAD, MOST_ACTIVE_AHEAD, Search, Workspace
from assistant.recognition.grammar.vocal_tract import warped_power
from assistant.recognition.samples import pcm
from assistant.records import Alternative, Transcript, Word
from hardware.audio import SAMPLE_RATE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from assistant.recognition.grammar.acoustic_model import AcousticModel
    from assistant.recognition.grammar.adaptation import Adaptation
    from assistant.recognition.grammar.background import Everyday
    from assistant.recognition.grammar.compiled import Grammar
    from assistant.recognition.grammar.network import Network
    from assistant.recognition.grammar.rejection import Fit
    from assistant.recognition.grammar.search import Path
    from hardware.audio import AudioChunk

logger = logging.getLogger(__name__)

STREAM_WEIGHTS: Final = (0.6, 1.0, 1.0)
"""Weights of cepstra, first and second differences: the cepstra suffer most from noise and channel."""

ALTERNATIVES: Final = 3
"""Other hypotheses at most."""

BESIDE_PENALTY: Final = np.float32(3.0)
"""Taken off the log-likelihood of everything but silence and noise in each frame beside the speech: voices in the
background are no words, and a grammar has words for everything. A weak word of the speaker outweighs it."""

SHORTEST_S: Final = 0.1
"""An utterance below this holds no word."""

FIRST_PARTIAL_S: Final = 0.3
"""Sound before which no partial is made: the mean of the cepstra is not known yet."""


class GrammarRecogniser:
    """One utterance after another; see `assistant.recognition.protocol.Recogniser`.

    Speech that the grammar does not hold gives an empty text, with what it was nearest to among the alternatives. The
    same samples give the same transcript, whatever was heard before.
    """

    def __init__(
        self, grammar: Grammar, adaptation: Adaptation | None = None, *, background: Network | None = None
    ) -> None:
        """Listen for `grammar`, with the model as it is or adapted; raises `RecognitionError` for a broken model.

        `background` is `background_network()` where somebody has it already.
        """
        place = bundled_model()
        model = load_acoustic_model(place.folder)
        self._grammar = grammar
        self._network = grammar.network
        self._background = Background(self._network, background or background_network())
        self.front_end = FrontEnd(model, self._background.senones, adaptation)
        # Columns of the scores that belong to words.
        silent = self._network.states[:, self._network.filler]
        self._words = np.setdiff1d(np.arange(len(self._background.senones)), silent)
        self._lookahead = Lookahead(model, self._network, pause_penalty=PAUSE_PENALTY)
        self._workspace = Workspace(self._network)
        self._search = Search(
            self._workspace, beam=BEAM_AHEAD, most_active=MOST_ACTIVE_AHEAD, runners_up=True
        )
        self._name = f"pocketsphinx {place.version} en-us" + (
            f", adapted {adaptation.name}" if adaptation else ""
        )
        self._chunks: list[NDArray[np.int16]] = []
        self._growing: tuple[GrowingUtterance, Search] | None = None
        self._partial = ""
        self._loud = np.zeros(0, dtype=np.bool_)

    @property
    def engine(self) -> str:
        """Short name of the engine."""
        return "pocketsphinx"

    @property
    def model(self) -> str:
        """Name and version of engine and model, for the log."""
        return self._name

    @property
    def network(self) -> Network:
        """The compiled grammar."""
        return self._network

    @property
    def works_ahead(self) -> bool:
        """The search wants the whole utterance: its level of noise and its mean."""
        return False

    def accept(self, chunk: AudioChunk) -> None:
        """Keep the next chunk; raises `RecognitionError` for samples that are not mono 16-bit."""
        # A copy, since a device may use its buffer again.
        self._chunks.append(pcm(chunk).copy())

    def partial(self) -> str:
        """What has been understood so far: one front end, and every frame is searched once as it comes."""
        samples = self._samples()
        if len(samples) < FIRST_PARTIAL_S * SAMPLE_RATE:
            return ""
        if self._growing is None:
            self._growing = GrowingUtterance(), Search(self._workspace)
        growing, search = self._growing
        scores = self.front_end.next_scores(growing, samples)
        if len(scores):
            search.advance(scores)
            path = search.best(final=False)
            self._partial = self.text(path) if path else ""
        return self._partial

    def finish(self) -> Transcript:
        """End the utterance; the next chunk begins a new one."""
        samples = self._samples()
        self._chunks = []
        self._growing = None
        self._partial = ""
        try:
            return self._transcript(samples)
        finally:
            # What it was searched by is some MB.
            self._search.reset()

    def _transcript(self, samples: NDArray[np.int16]) -> Transcript:
        nothing = Transcript(text="", engine=self.engine, model=self.model)
        if len(samples) < SHORTEST_S * SAMPLE_RATE:
            return nothing
        start, end = speech_span(samples)
        path, scores = self.search(samples[start:end])
        if path is None or not path.words:
            return nothing
        text = self.text(path)
        alternatives = self.alternatives()
        fitted = self.fit(path, scores, alternatives)
        if fitted.foreign:
            logger.debug("turned down %r: %s", text, fitted)
            nearest = (Alternative(text=text, behind=0.0), *alternatives[: ALTERNATIVES - 1])
            return Transcript(text="", alternatives=nearest, engine=self.engine, model=self.model)
        length_s = len(samples) / SAMPLE_RATE
        begun = start // FRAME_SHIFT
        words = tuple(
            Word(
                text=self._grammar.words[word.arc],
                start_s=min(length_s, (begun + word.start) / FRAMES_A_SECOND),
                end_s=min(length_s, (begun + word.end) / FRAMES_A_SECOND),
                confidence=round(confidence(value), 3),
            )
            for word, value in zip(path.words, fitted.words, strict=True)
        )
        return Transcript(
            text=text,
            words=words,
            alternatives=alternatives,
            doubtful=fitted.doubtful,
            unfinished=self._unfinished(path),
            engine=self.engine,
            model=self.model,
        )

    def search(self, samples: NDArray[np.int16]) -> tuple[Path | None, NDArray[np.float32]]:
        """The best path for speech, shape (n,), rejection aside, and the scores that it was searched in."""
        spectrum = power_spectrum(samples)
        scores = self.front_end.hear(spectrum)
        energy = frame_energy(spectrum)
        self._loud = loud(energy)
        beside = np.flatnonzero(~spoken(energy))
        scores[np.ix_(beside, self._words)] -= BESIDE_PENALTY
        self._search.reset()
        self._search.advance(scores, self._lookahead.through(scores))
        return self._search.best(final=True), scores

    def everyday(self, scores: NDArray[np.float32]) -> Everyday:
        """The best path through everyday words, in the scores that `search` gave."""
        return self._background.best(scores)

    def fit(self, path: Path, scores: NDArray[np.float32], alternatives: Sequence[Alternative]) -> Fit:
        """How well `path`, which holds a word, fits the sound, by what `search` and `alternatives` gave.

        Everyday words are searched where they can decide something: they take a good part of the time of an utterance.
        """
        found = undoubted(path, scores, self._network, self.standing(path, alternatives))
        if found is None:
            everyday = self.everyday(scores)
            standing = self.standing(path, alternatives, everyday)
            found = fit(path, scores, everyday.along, self._network, standing)
        return found

    def standing(
        self, path: Path, alternatives: Sequence[Alternative], everyday: Everyday | None = None
    ) -> Standing:
        """Where `path` stands in the last sound that was searched; as a command does where no `everyday` was."""
        ahead, left = lead(self.text(path), alternatives), uncovered(path, self._loud, self._network)
        if everyday is None:
            return Standing(lead=ahead, uncovered=left)
        return Standing(
            lead=ahead,
            uncovered=left,
            behind=behind(path, everyday),
            fluency=fluency(everyday, self._loud),
        )

    def _unfinished(self, path: Path) -> float:
        """How much better than `path` the best one of other words is that breaks off within a sentence; logarithm."""
        broken_off = self._search.best(final=False)
        # With the same words it has but begun another, which every breath and click does.
        if broken_off is None or self.text(broken_off) == self.text(path):
            return 0.0
        return round(max(0.0, broken_off.score - path.score), 2)

    def alternatives(self) -> tuple[Alternative, ...]:
        """What else the last sound that was searched may have been, `ALTERNATIVES` at most, likeliest first."""
        return tuple(
            Alternative(text=self.text(path), behind=round(behind, 2))
            for path, behind in self._search.alternatives(ALTERNATIVES, self.text)
        )

    def _samples(self) -> NDArray[np.int16]:
        if len(self._chunks) > 1:
            self._chunks = [np.concatenate(self._chunks)]
        return self._chunks[0] if self._chunks else np.empty(0, dtype=np.int16)

    def text(self, path: Path) -> str:
        """The words of a path."""
        return " ".join(self._grammar.words[word.arc] for word in path.words)


class FrontEnd:
    """From samples to the scores of senones, on one core.

    The matrices are small: threads of a BLAS would mostly wait for each other, and on a busy machine for good.
    """

    def __init__(
        self,
        model: AcousticModel,
        senones: NDArray[np.int32],
        adaptation: Adaptation | None = None,
    ) -> None:
        """Score `senones`, in their order."""
        self._threads = ThreadpoolController()
        self._scorer = SenoneScorer(with_adaptation(model, adaptation), senones)
        self._mixture = speech_mixture(model)

    def hear(self, spectrum: NDArray[np.float64]) -> NDArray[np.float32]:
        """The power of a whole utterance, shape (frames, 257), to log-likelihoods, shape (frames, senones).

        They are the mean of two front ends: noise removed, and noise compensated.
        """
        with self._threads.limit(limits=1, user_api="blas"):
            return self._scorer.score(*self.features(spectrum), stream_weights=STREAM_WEIGHTS)

    def features(self, spectrum: NDArray[np.float64]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """What the two front ends make of the same, each of shape (frames, streams, 13)."""
        mel = warped_power(spectrum, self._mixture)
        coefficients = cepstra(without_noise(mel))
        mean = coefficients.mean(axis=0)
        return (
            with_differences(coefficients - mean),
            with_differences(compensated(mel, mean, self._mixture)),
        )

    def next_scores(self, growing: GrowingUtterance, samples: NDArray[np.int16]) -> NDArray[np.float32]:
        """Scores of the frames that are new in an utterance that is still growing, by the first front end alone."""
        with self._threads.limit(limits=1, user_api="blas"):
            return self._scorer.score(growing.features(samples), stream_weights=STREAM_WEIGHTS)
