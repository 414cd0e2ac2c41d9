"""Recognition by Vosk: streaming, under a grammar made of the intents' phrases.

libvosk ends the process (segmentation fault, abort) on several arguments instead of raising an error, so
everything is checked before it reaches the library: the model folder, the grammar, the samples.
"""

from __future__ import annotations

import json
import logging
import re
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from assistant.errors import RecognitionError
from assistant.recognition.models import check_model, has_runtime_grammar
from assistant.recognition.samples import pcm
from assistant.records import Alternative, Transcript, Word
from hardware.audio import SAMPLE_RATE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from hardware.audio import AudioChunk

logger = logging.getLogger(__name__)

UNKNOWN: Final = "[unk]"
"""Vosk's word for speech that is none of the grammar's words."""

ALTERNATIVES: Final = 3
"""Other hypotheses at most."""

_LOOKED_AT: Final = 10
"""N-best entries asked for, for those: many differ only in how often foreign sound is marked."""

SILENT: Final = -1
"""Log level at which libvosk writes nothing to standard error."""


class VoskRecogniser:
    """One utterance after another through libvosk; see `assistant.recognition.protocol.Recogniser`.

    The grammar keeps `[unk]` beside the phrases, so that foreign speech is not forced onto known words. A
    transcript's text keeps the `[unk]` marks: "order [unk] pizza" is not a command, and whoever matches the
    text sees that. Its `words` leave them out. The grammar is a bigram, not the list of phrases: "order
    music" may come out of "order pizza" and "play music", so the text is to be matched as a whole.

    A model with a static graph (`HCLG.fst`) knows no grammar at run time; it hears its whole vocabulary.
    """

    def __init__(self, model_dir: Path, phrases: Sequence[str]) -> None:
        """Load the model in `model_dir` and compile a grammar of `phrases` (lower case, separated by spaces).

        Phrases with a word outside the model's vocabulary are left out, and one warning names the words.
        Raises `RecognitionError` for a folder that is no model, a model that does not load, or no phrase that
        can be heard.
        """
        if not any(phrase.split() for phrase in phrases):
            raise RecognitionError(
                "Vosk was given no phrases to listen for; "
                "check that the intent definitions hold at least one sentence"
            )
        check_model(model_dir)
        vosk = _library()
        vosk.SetLogLevel(SILENT)
        # Keep the model here: the recogniser holds it by reference count only in the library.
        self._model = _made(vosk.Model, model_dir, str(model_dir))
        self._recogniser = self._open(vosk, model_dir, phrases)
        self._recogniser.SetWords(True)
        self._recogniser.SetMaxAlternatives(_LOOKED_AT)
        self._name = f"vosk {_version()} {model_dir.name}"
        self._samples_before = 0
        self._samples = 0
        self._results: list[dict[str, Any]] = []

    def _open(self, vosk: Any, model_dir: Path, phrases: Sequence[str]) -> Any:
        if not has_runtime_grammar(model_dir):
            logger.warning(
                "the Vosk model %s has a static graph: it hears all its words, not just the intents' sentences",
                model_dir.name,
            )
            return _made(vosk.KaldiRecognizer, model_dir, self._model, SAMPLE_RATE)
        known = _within_vocabulary(self._model, phrases, model_dir)
        # libvosk's reader of JSON does not decode \u escapes, so words of other alphabets go in as they are.
        grammar = json.dumps([*known, UNKNOWN], ensure_ascii=False)
        return _made(vosk.KaldiRecognizer, model_dir, self._model, SAMPLE_RATE, grammar)

    @property
    def engine(self) -> str:
        """Short name of the engine."""
        return "vosk"

    @property
    def model(self) -> str:
        """Name and version of engine and model, for the log."""
        return self._name

    @property
    def works_ahead(self) -> bool:
        """Decoding keeps up with the speaker."""
        return True

    def accept(self, chunk: AudioChunk) -> None:
        """Take the next chunk; raises `RecognitionError` for samples that are not mono 16-bit."""
        data = pcm(chunk)
        if not data.size:
            return
        self._samples += data.size
        # The library may declare an endpoint of its own at a pause; the utterance is ours to end, so go on.
        if self._recogniser.AcceptWaveform(data.tobytes()):
            self._results.append(json.loads(self._recogniser.Result()))

    def partial(self) -> str:
        """What has been understood so far, `[unk]` marks included."""
        if not self._samples:
            return ""
        running = json.loads(self._recogniser.PartialResult()).get("partial", "")
        return _joined([*(result["alternatives"][0]["text"] for result in self._results), running])

    def finish(self) -> Transcript:
        """End the utterance; the next chunk begins a new one."""
        if not self._samples:
            return Transcript(text="", engine=self.engine, model=self.model)
        results = [*self._results, json.loads(self._recogniser.FinalResult())]
        # The library counts time from the first sample it was ever given, across utterances.
        origin_s = self._samples_before / SAMPLE_RATE
        length_s = self._samples / SAMPLE_RATE
        self._recogniser.Reset()
        self._samples_before += self._samples
        self._samples = 0
        self._results = []
        nbest = [result["alternatives"] for result in results]
        return Transcript(
            text=_joined(entries[0]["text"] for entries in nbest),
            words=tuple(
                _word(item, origin_s, length_s)
                for entries in nbest
                for item in entries[0].get("result", ())
                if item["word"] not in ("", UNKNOWN)
            ),
            alternatives=_alternatives(
                [[(entry["text"], float(entry["confidence"])) for entry in entries] for entries in nbest]
            ),
            engine=self.engine,
            model=self.model,
        )


def _library() -> Any:
    """The vosk package, imported late: it takes a while, and its library may be missing."""
    try:
        import vosk
    except (ImportError, OSError) as error:
        raise RecognitionError(
            f"Vosk cannot be loaded ({error}); "
            "reinstall it with `pip install vosk`, or set the engine to pocketsphinx"
        ) from error
    return vosk


def _version() -> str:
    from importlib.metadata import version

    return version("vosk")


def _made(make: Callable[..., Any], model_dir: Path, *arguments: object) -> Any:
    """Call one of vosk's constructors, turning its failure into a `RecognitionError`."""
    try:
        return make(*arguments)
    except Exception as error:
        # vosk raises the bare Exception; anything more specific is a fault of ours and passes.
        if type(error) is not Exception:
            raise
        raise RecognitionError(
            f"Vosk cannot use the model in {model_dir}; a file in it is damaged or of another version: "
            "unpack the model again"
        ) from error


def _within_vocabulary(model: Any, phrases: Sequence[str], model_dir: Path) -> list[str]:
    words = {word for phrase in phrases for word in phrase.split()}
    # "[unk]" in a phrase would let any speech take that word's place.
    unknown = {word for word in words if word == UNKNOWN or model.vosk_model_find_word(word) < 0}
    if unknown:
        logger.warning(
            "the Vosk model %s does not know these words; sentences with them are not heard: %s",
            model_dir.name,
            ", ".join(sorted(unknown)),
        )
    known = dict.fromkeys(
        " ".join(phrase.split())
        for phrase in phrases
        if phrase.split() and unknown.isdisjoint(phrase.split())
    )
    # An empty grammar makes the library crash.
    if not known:
        raise RecognitionError(
            f"the Vosk model in {model_dir} knows none of the {len(phrases)} phrases whole; "
            "is it a model of the language that the intents are written in?"
        )
    return list(known)


def _joined(texts: Iterable[str]) -> str:
    return " ".join(word for text in texts for word in text.split())


def _word(item: dict[str, Any], origin_s: float, length_s: float) -> Word:
    start_s, end_s = (float(np.clip(item[key] - origin_s, 0.0, length_s)) for key in ("start", "end"))
    # With alternatives the library gives no confidences of words; under a grammar they say nothing anyway.
    return Word(text=item["word"], start_s=round(start_s, 3), end_s=round(end_s, 3))


def _alternatives(nbest: Sequence[Sequence[tuple[str, float]]]) -> tuple[Alternative, ...]:
    """Other readings of the utterance, best first: of one piece between pauses at a time, the others at their best.

    The library's "confidence" of a reading is the logarithm of its likelihood, not a probability.
    """
    best = [readings[0][0] for readings in nbest]
    known = {_collapsed(_joined(best))}
    found: list[Alternative] = []
    for place, readings in enumerate(nbest):
        for text, score in readings[1:]:
            whole = _joined([*best[:place], text, *best[place + 1 :]])
            if _collapsed(whole) not in known:
                known.add(_collapsed(whole))
                found.append(Alternative(text=whole, behind=round(readings[0][1] - score, 2)))
    return tuple(sorted(found, key=lambda each: each.behind or 0.0)[:ALTERNATIVES])


def _collapsed(text: str) -> str:
    """The text with one mark for any number of them: how often foreign sound is marked is chance."""
    return re.sub(r"\[unk\](?: \[unk\])+", UNKNOWN, text)
