"""A tiny but real Vosk model whose language is pure tones, and its speech.

The model needs no training: a hand-made network reads the energy of a few mel bands and says which tone
sounds. libvosk loads it as it loads any model, so partials, endpoints, word times, grammars and errors can be
tested without a download. It shows nothing about accuracy.

    mel filter bank (40 bins) → pick the tones' bins, less `QUIET` → ReLU → logits of silence, tones, noise →
    log-softmax

Every word is a sequence of three tones out of seven. The eighth, spoken as `HUM`, is in no word: it is heard
as [unk]. Source of the formats: Kaldi's nnet3 text form and OpenFst's binary "vector" form, as libvosk 0.3.45
reads them.
"""

from __future__ import annotations

import itertools
import math
import struct
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

ToneLexicon: TypeAlias = Mapping[str, tuple[int, ...]]
"""From a word to the numbers of its tones."""

RATE: Final = 16_000
"""Samples a second."""
HUM: Final = "<hum>"
"""What `speak` takes for a sound that is in no word."""
UNKNOWN: Final = "[unk]"
"""The word that the model hears in it."""
MOST_WORDS: Final = 252
"""Words a lexicon can hold; above 100, leave at least 60 ms between spoken words."""

MEL_BINS: Final = 40
LOWEST_HZ: Final = 20.0
TONE_BINS: Final = (6, 9, 12, 15, 18, 21, 24, 27)
"""The mel bin that each tone is centred on: three apart, so that none leaks into another."""
TONES: Final = len(TONE_BINS)

QUIET: Final = 18.0
"""Log mel energy below which a band counts as quiet; a tone at amplitude 0.3 reaches about 27."""
SILENCE_LOGIT: Final = 2.0
"""A tone wins over silence when its band exceeds `QUIET` by more."""
NOISE_PENALTY: Final = 2.0
"""How far noise stays behind the right tone, in nats a frame."""

STATES: Final = 2
"""Emitting states of a phone, hence at least two decoder frames (60 ms) each."""
LN2: Final = math.log(2.0)

_FST_MAGIC: Final = 2125659606
_SILENCE, _NOISE = "SIL", "SPN_S"


def _phones() -> list[tuple[str, int, str]]:
    """Name, column of the network's output, and place in a word, of every phone; ids count from 1."""
    phones = [(_SILENCE, 0, "nonword"), (_NOISE, TONES + 1, "singleton")]
    places = (("B", "begin"), ("I", "internal"), ("E", "end"), ("S", "singleton"))
    phones += [(f"T{tone}_{mark}", 1 + tone, place) for tone in range(TONES) for mark, place in places]
    return phones


PHONES: Final = _phones()
PHONE_ID: Final = {name: number for number, (name, _, _) in enumerate(PHONES, start=1)}


def write_tone_model(folder: Path, words: Sequence[str], *, static: bool = False) -> ToneLexicon:
    """Write a model of `words` into `folder`, and return how they sound.

    With `static` the graph is compiled in (HCLG.fst), and the model takes no grammar at run time. The same
    words give the same bytes. Raises ValueError for too many words, repeated ones, or one with a space.
    """
    lexicon = tone_lexicon(words)
    number = {"<eps>": 0, UNKNOWN: 1} | {word: index for index, word in enumerate(words, start=2)}
    spoken = {1: [_NOISE]} | {number[word]: _spelling(code) for word, code in lexicon.items()}
    files = {
        "am/final.mdl": _acoustic_model(),
        "conf/fbank.conf": _options(
            sample_frequency=RATE,
            num_mel_bins=MEL_BINS,
            low_freq=LOWEST_HZ,
            dither=0,
            preemphasis_coefficient=0,
            use_energy="false",
            window_type="blackman",
        ),
        "conf/model.conf": _options(
            min_active=200,
            max_active=3000,
            beam=20.0,
            lattice_beam=8.0,
            acoustic_scale=1.0,
            frame_subsampling_factor=3,
            **{
                "endpoint.silence_phones": PHONE_ID[_SILENCE],
                "endpoint.rule2.min_trailing_silence": 0.5,
                "endpoint.rule3.min_trailing_silence": 0.75,
                "endpoint.rule4.min_trailing_silence": 1.0,
            },
        ),
        "graph/words.txt": "".join(f"{word} {index}\n" for word, index in number.items()),
        "graph/phones/word_boundary.int": "".join(
            f"{index} {place}\n" for index, (_, _, place) in enumerate(PHONES, start=1)
        ),
    }
    # [unk] costs two nats more than a word, so that a word that fits is preferred.
    cost = {word: math.log(len(spoken)) + (2.0 if word == 1 else 0.0) for word in spoken}
    graphs: dict[str, bytes] = {}
    if static:
        graphs["graph/HCLG.fst"] = _word_loop(spoken, cost).to_bytes()
    else:
        grammar = _Fst()
        only = grammar.state(final=0.0)
        for word, weight in cost.items():
            grammar.arc(only, word, word, weight, only)
        # Composed at run time: the one has to be sorted by its outputs, the other by its inputs.
        graphs["graph/HCLr.fst"] = _word_loop(spoken, dict.fromkeys(spoken, 0.0)).to_bytes(sort_by=1)
        graphs["graph/Gr.fst"] = grammar.to_bytes(sort_by=0)
        # One id that never occurs: there is nothing to disambiguate.
        files["graph/disambig_tid.int"] = "1000000\n"
    for name, data in (*((name, text.encode()) for name, text in files.items()), *graphs.items()):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return lexicon


def tone_lexicon(words: Sequence[str]) -> ToneLexicon:
    """Three tones for each word, no tone twice in a row, the last tone in none."""
    codes = [code for code in itertools.product(range(TONES - 1), repeat=3) if code[0] != code[1] != code[2]]
    if len(words) > len(codes):
        raise ValueError(f"{len(words)} words; the tone language has room for {len(codes)}")
    if len(set(words)) < len(words) or not all(word.split() == [word] for word in words):
        raise ValueError("the words of a tone language are distinct, without spaces, and not empty")
    stride = 101  # Prime to the number of codes, so that it visits each once.
    return {word: codes[index * stride % len(codes)] for index, word in enumerate(words)}


def speak(
    text: str,
    lexicon: ToneLexicon,
    *,
    lead_s: float = 0.3,
    tail_s: float = 0.3,
    amplitude: float = 0.3,
    tone_s: float = 0.15,
    gap_s: float = 0.06,
) -> NDArray[np.int16]:
    """The sound of `text`, shape (n,), int16 at `RATE`: words of the lexicon and `HUM`, `gap_s` after each.

    `lead_s` and `tail_s` are digital silence around it; `amplitude` is in (0, 1]. Raises KeyError for other
    words.
    """
    sounds = [np.zeros(round(lead_s * RATE))]
    for word in text.split():
        code = (TONES - 1, TONES - 1) if word == HUM else lexicon[word]
        sounds += [_tone(tone, tone_s, amplitude) for tone in code]
        sounds.append(np.zeros(round(gap_s * RATE)))
    sounds.append(np.zeros(round(tail_s * RATE)))
    return np.rint(32767 * np.concatenate(sounds)).astype(np.int16)


def _tone(tone: int, length_s: float, amplitude: float) -> NDArray[np.float64]:
    at = np.arange(round(length_s * RATE))
    # 15 ms up and down: a click would sound in every band.
    envelope = np.minimum(1.0, np.minimum(at, len(at) - at) / (0.015 * RATE))
    return np.asarray(amplitude * envelope * np.sin(2 * np.pi * _centre_hz(TONE_BINS[tone]) * at / RATE))


def _centre_hz(mel_bin: int) -> float:
    """Centre of one of Kaldi's mel bins."""
    lowest, highest = (1127.0 * math.log(1.0 + hz / 700.0) for hz in (LOWEST_HZ, RATE / 2))
    mel = lowest + (mel_bin + 1) * (highest - lowest) / (MEL_BINS + 1)
    return 700.0 * (math.exp(mel / 1127.0) - 1.0)


def _spelling(code: tuple[int, ...]) -> list[str]:
    places = ["B", *"I" * (len(code) - 2), "E"]
    return [f"T{tone}_{place}" for tone, place in zip(code, places, strict=True)]


def _options(**values: object) -> str:
    return "".join(f"--{name.replace('_', '-')}={value}\n" for name, value in values.items())


# Kaldi's text form. Spaces before line ends matter: its reader takes one after every token.


def _acoustic_model() -> str:
    return _transition_model() + _network()


def _transition_model() -> str:
    lines = ["<TransitionModel> ", "<Topology> ", "<TopologyEntry> ", "<ForPhones> "]
    lines += [" ".join(str(number) for number in PHONE_ID.values()), "</ForPhones> "]
    lines += [
        f"<State> {state} <PdfClass> {state} <Transition> {state} 0.5 <Transition> {state + 1} 0.5 </State> "
        for state in range(STATES)
    ]
    lines += [f"<State> {STATES} </State> ", "</TopologyEntry> ", "</Topology> "]
    # Sorted, as the reader looks them up by bisection.
    triples = [
        f"{number} {state} {column} "
        for number, (_, column, _) in enumerate(PHONES, start=1)
        for state in range(STATES)
    ]
    lines += [f"<Triples> {len(triples)} ", *triples, "</Triples> "]
    # Transitions count from 1; without the idle entry for 0 libvosk aborts.
    lines += [
        "<LogProbs> ",
        _vector([0.0] + [-LN2] * (2 * len(triples))),
        "</LogProbs> ",
        "</TransitionModel> ",
        "",
    ]
    return "\n".join(lines)


def _network() -> str:
    outputs = TONES + 2
    pick = np.zeros((TONES, MEL_BINS))
    pick[range(TONES), TONE_BINS] = 1.0
    score = np.vstack([np.zeros(TONES), np.eye(TONES), np.ones(TONES)])
    layers = {
        "pick": _affine(pick, np.full(TONES, -QUIET)),
        "relu": _nonlinearity("RectifiedLinearComponent", TONES),
        "score": _affine(score, np.array([SILENCE_LOGIT, *[0.0] * TONES, -NOISE_PENALTY])),
        "logsoftmax": _nonlinearity("LogSoftmaxComponent", outputs),
    }
    lines = ["<Nnet3> ", f"input-node name=input dim={MEL_BINS}"]
    before = "input"
    for name in layers:
        lines.append(f"component-node name={name} component={name} input={before}")
        before = name
    lines += [f"output-node name=output input={before} objective=linear", ""]
    lines.append(f"<NumComponents> {len(layers)} ")
    lines += [f"<ComponentName> {name} {layer}" for name, layer in layers.items()]
    lines += ["</Nnet3> <LeftContext> 0 <RightContext> 0 <Priors>  [ ]", ""]
    return "\n".join(lines)


def _affine(weights: NDArray[np.float64], bias: NDArray[np.float64]) -> str:
    rows = "\n".join("  " + " ".join(f"{value:g}" for value in row) for row in weights)
    return f"<FixedAffineComponent> <LinearParams>  [\n{rows} ]\n<BiasParams> {_vector(bias)}\n</FixedAffineComponent> "


def _nonlinearity(kind: str, dim: int) -> str:
    return (
        f"<{kind}> <Dim> {dim} <ValueAvg>  [ ]\n<DerivAvg>  [ ]\n"
        f"<Count> 0 <NumDimsSelfRepaired> 0 <NumDimsProcessed> 0 </{kind}> "
    )


def _vector(values: Sequence[float] | NDArray[np.float64]) -> str:
    return " [ " + " ".join(f"{value:.6g}" for value in values) + " ]"


# Graphs.


class _Fst:
    """A weighted finite-state transducer, written as OpenFst writes its `vector` type."""

    def __init__(self) -> None:
        self.arcs: list[list[tuple[int, int, float, int]]] = []
        self.final: list[float] = []

    def state(self, final: float = math.inf) -> int:
        """Add a state; the first one is the start. Infinity: not a final one."""
        self.arcs.append([])
        self.final.append(final)
        return len(self.arcs) - 1

    def arc(self, source: int, ilabel: int, olabel: int, weight: float, target: int) -> None:
        """Add an arc; label 0 is nothing."""
        self.arcs[source].append((ilabel, olabel, weight, target))

    def phone(self, source: int, phone: str, olabel: int, weight: float) -> int:
        """Add a phone's states, as Kaldi's alignment wants them: forward, then a loop where that leads."""
        for state in range(STATES):
            loop = ((PHONE_ID[phone] - 1) * STATES + state) * 2 + 1
            target = self.state()
            self.arc(source, loop + 1, olabel, LN2 + weight, target)
            self.arc(target, loop, 0, LN2, target)
            source, olabel, weight = target, 0, 0.0
        return source

    def to_bytes(self, *, sort_by: int | None = None) -> bytes:
        """The file, with each state's arcs sorted by input (0) or output (1) label on demand."""
        count = sum(map(len, self.arcs))
        parts = [struct.pack("<i", _FST_MAGIC), _counted(b"vector"), _counted(b"standard")]
        parts.append(struct.pack("<iiQqqq", 2, 0, 3, 0, len(self.arcs), count))
        for arcs, final in zip(self.arcs, self.final, strict=True):
            parts.append(struct.pack("<fq", final, len(arcs)))
            ordered = arcs if sort_by is None else sorted(arcs, key=lambda arc: arc[sort_by])
            parts += [struct.pack("<iifi", *arc) for arc in ordered]
        return b"".join(parts)


def _counted(text: bytes) -> bytes:
    return struct.pack("<i", len(text)) + text


def _word_loop(spoken: Mapping[int, Sequence[str]], cost: Mapping[int, float]) -> _Fst:
    """Any sequence of words, with or without silence before, between and after them."""
    fst = _Fst()
    start, loop, pause = fst.state(), fst.state(final=0.0), fst.state()
    fst.arc(start, 0, 0, LN2, loop)
    fst.arc(start, 0, 0, LN2, pause)
    fst.arc(fst.phone(pause, _SILENCE, 0, 0.0), 0, 0, 0.0, loop)
    for word, phones in spoken.items():
        state, olabel, weight = loop, word, cost[word]
        for phone in phones:
            state = fst.phone(state, phone, olabel, weight)
            olabel, weight = 0, 0.0
        fst.arc(state, 0, 0, LN2, loop)
        fst.arc(state, 0, 0, LN2, pause)
    return fst
