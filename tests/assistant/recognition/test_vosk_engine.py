"""The real libvosk on the model of tones."""

from __future__ import annotations

import json
import logging
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from assistant.errors import RecognitionError
from assistant.recognition.vosk_engine import VoskRecogniser
from hardware.audio import SAMPLE_RATE
from tests.assistant.recognition.conftest import PHRASES, WORDS
from tests.assistant.recognition.hearing import hear, play
from tests.tone_model import HUM, tone_lexicon, write_tone_model

if TYPE_CHECKING:
    from tests.assistant.recognition.conftest import ToneModel

FRAME_S = 0.03


def test_partials_appear_word_by_word(vosk: VoskRecogniser, tone: ToneModel) -> None:
    partials = play(vosk, tone.say("play some jazz music"))
    vosk.finish()
    # Half a word may be taken for another one; the whole word stands.
    order = [
        partials.index(text) for text in ("", "play", "play some", "play some jazz", "play some jazz music")
    ]
    assert order == sorted(order)


def test_word_times_are_those_of_the_utterance(vosk: VoskRecogniser, tone: ToneModel) -> None:
    # Three tones of 0.15 s make a word, 0.06 s part two; once more, as the library counts on across utterances.
    for _ in range(2):
        transcript = hear(vosk, tone.say("order a large pepperoni pizza", lead_s=0.4))
        for index, word in enumerate(transcript.words):
            start_s = 0.4 + index * 0.51
            assert word.start_s == pytest.approx(start_s, abs=2 * FRAME_S)
            assert word.end_s == pytest.approx(start_s + 0.45, abs=2 * FRAME_S)


def test_a_pause_inside_does_not_end_the_utterance(vosk: VoskRecogniser, tone: ToneModel) -> None:
    pause_s = 2.0
    before = tone.say("play some jazz music", tail_s=pause_s)
    sound = np.concatenate([before, tone.say("yes", lead_s=0.0)])
    partials = play(vosk, sound)
    transcript = vosk.finish()
    assert transcript.text == partials[-1] == "play some jazz music yes"
    assert transcript.words[-1].start_s == pytest.approx(len(before) / SAMPLE_RATE, abs=2 * FRAME_S)


def test_an_endpoint_at_the_very_end_loses_nothing(vosk: VoskRecogniser, tone: ToneModel) -> None:
    for _ in range(2):
        play(vosk, tone.say("yes", tail_s=2.0))
        transcript = vosk.finish()
        assert transcript.text == "yes"
        assert transcript.words[0].start_s == pytest.approx(0.3, abs=2 * FRAME_S)


def test_alternatives_are_other_readings_best_first(vosk: VoskRecogniser, tone: ToneModel) -> None:
    """Faint under noise, foreign sound could be at either end."""
    sound = tone.say("order a large pepperoni pizza").astype(float) * 0.05
    noise = np.random.default_rng(0).normal(0, 300, len(sound))
    transcript = hear(vosk, (sound + noise).astype(np.int16))
    assert transcript.text == "order a large pepperoni pizza"
    assert 1 <= len(transcript.alternatives) <= 3
    texts = [each.text for each in transcript.alternatives]
    assert len({transcript.text, *texts}) == len(texts) + 1
    assert all("large pepperoni" in text for text in texts)
    behind = [each.behind for each in transcript.alternatives if each.behind is not None]
    assert 0 <= behind[0] <= behind[-1]
    assert behind == sorted(behind)
    assert len(behind) == len(texts)


def test_alternatives_that_differ_in_marks_only_are_none(vosk: VoskRecogniser, tone: ToneModel) -> None:
    transcript = hear(vosk, tone.say(f"play some {HUM} music"))
    assert transcript.text == "play some [unk] music"
    assert "play some [unk] [unk] music" not in {each.text for each in transcript.alternatives}


def test_silence_and_nothing_are_empty_transcripts(vosk: VoskRecogniser) -> None:
    for sound in (
        np.zeros(10, np.int16),
        np.zeros(SAMPLE_RATE, np.int16),
        np.zeros(8 * SAMPLE_RATE, np.int16),
    ):
        transcript = hear(vosk, sound)
        assert (transcript.text, transcript.words, transcript.alternatives) == ("", (), ())
    assert vosk.finish().text == ""


def test_foreign_sound_is_marked_unknown_and_is_no_command(vosk: VoskRecogniser, tone: ToneModel) -> None:
    assert hear(vosk, tone.say(HUM)).text == "[unk]"
    mixed = hear(vosk, tone.say(f"{HUM} yes"))
    assert mixed.text == "[unk] yes"
    assert [word.text for word in mixed.words] == ["yes"]


def test_the_grammar_leaves_out_the_rest_of_the_vocabulary(tone: ToneModel) -> None:
    narrow = VoskRecogniser(tone.folder, ["order a pizza", "yes"])
    assert hear(narrow, tone.say("order a pizza")).text == "order a pizza"
    heard = hear(narrow, tone.say("play some jazz music")).text
    assert not set(heard.split()) & {"play", "some", "jazz", "music"}
    assert "[unk]" in heard


def test_spaces_and_repetitions_in_phrases_do_not_matter(tone: ToneModel) -> None:
    recogniser = VoskRecogniser(tone.folder, ["  order a\tpizza ", "order a pizza", "", "yes"])
    assert hear(recogniser, tone.say("order a pizza")).text == "order a pizza"


@pytest.mark.parametrize("phrases", [(), ("",), (" ", "\t")])
def test_no_phrases_are_refused_before_the_library_sees_them(
    tone: ToneModel, phrases: tuple[str, ...]
) -> None:
    with pytest.raises(RecognitionError, match="no phrases to listen for; check that the intent definitions"):
        VoskRecogniser(tone.folder, phrases)


def test_words_outside_the_vocabulary_are_named_once(
    tone: ToneModel, caplog: pytest.LogCaptureFixture
) -> None:
    phrases = ["order a calzone", "call a zeppelin", "order [unk]", "order a pizza"]
    with caplog.at_level(logging.WARNING):
        recogniser = VoskRecogniser(tone.folder, phrases)
    (record,) = caplog.records
    assert record.getMessage().endswith("not heard: [unk], calzone, zeppelin")
    assert hear(recogniser, tone.say("order a pizza")).text == "order a pizza"
    assert "call" not in hear(recogniser, tone.say("call")).text


def test_a_model_of_another_language_is_refused(tone: ToneModel) -> None:
    with pytest.raises(RecognitionError, match="knows none of the 2 phrases"):
        VoskRecogniser(tone.folder, ["재즈 틀어줘", "네"])


def test_words_of_another_alphabet_are_heard(tmp_path: Path) -> None:
    phrase = "재즈 틀어줘"
    lexicon = write_tone_model(tmp_path / "vosk-model-small-ko-tones", phrase.split())
    recogniser = VoskRecogniser(tmp_path / "vosk-model-small-ko-tones", [phrase])
    from tests.tone_model import speak

    assert hear(recogniser, speak(phrase, lexicon)).text == phrase


def test_a_static_model_hears_its_whole_vocabulary(
    static_tone: ToneModel, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        recogniser = VoskRecogniser(static_tone.folder, ["yes"])
    (record,) = caplog.records
    assert "static graph" in record.getMessage()
    assert hear(recogniser, static_tone.say("order a large pizza")).text == "order a large pizza"
    assert hear(recogniser, static_tone.say(HUM)).text == "[unk]"


def test_a_large_vocabulary(tmp_path: Path) -> None:
    words = [f"word{number}" for number in range(252)]
    lexicon = write_tone_model(tmp_path, words)
    recogniser = VoskRecogniser(tmp_path, [" ".join(words[index : index + 3]) for index in range(250)])
    from tests.tone_model import speak

    for index in (0, 100, 249):
        text = " ".join(words[index : index + 3])
        assert hear(recogniser, speak(text, lexicon)).text == text


def test_the_model_of_tones_is_the_same_every_time(tone: ToneModel, tmp_path: Path) -> None:
    assert write_tone_model(tmp_path, WORDS) == tone.lexicon == tone_lexicon(WORDS)
    for path in sorted(tone.folder.rglob("*.*")):
        assert (tmp_path / path.relative_to(tone.folder)).read_bytes() == path.read_bytes()


# A damaged model may end the process, so it is opened in another one.

OPEN = """
import json, sys
from pathlib import Path
from assistant.errors import RecognitionError
from assistant.recognition.vosk_engine import VoskRecogniser
for folder in sys.argv[2:]:
    try:
        VoskRecogniser(Path(folder), json.loads(sys.argv[1]))
        print("opened", flush=True)
    except RecognitionError as error:
        print(error, flush=True)
"""


def opened(folders: list[Path]) -> list[str]:
    """What opening each folder says, from a process of its own."""
    root = Path(__file__).parents[3]
    command = [sys.executable, "-c", OPEN, json.dumps(PHRASES), *map(str, folders)]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, f"ended with {done.returncode} after {done.stdout}{done.stderr}"
    return done.stdout.splitlines()


def copies(model: ToneModel, into: Path) -> dict[str, Path]:
    """A copy of the model for each of its files, named after it."""
    names = sorted(
        path.relative_to(model.folder).as_posix() for path in model.folder.rglob("*.*") if path.is_file()
    )
    made = {name: into / str(index) for index, name in enumerate(names)}
    for folder in made.values():
        shutil.copytree(model.folder, folder)
    return made


@pytest.mark.parametrize("kind", ["tone", "static_tone"])
def test_every_missing_file_is_an_error_and_no_crash(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    made = copies(request.getfixturevalue(kind), tmp_path)
    for name, folder in made.items():
        (folder / name).unlink()
    for name, said in zip(made, opened(list(made.values())), strict=True):
        # Published models may keep their words inside the graph, so words.txt is missed by the library only.
        expected = "cannot use the model" if name == "graph/words.txt" else "has no "
        assert expected in said, name
        assert "unpack the model again" in said, name


@pytest.mark.parametrize("kind", ["tone", "static_tone"])
def test_every_file_of_rubbish_is_an_error_and_no_crash(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    made = copies(request.getfixturevalue(kind), tmp_path)
    # Words that are none leave the static model mute, not broken.
    made = {
        name: folder for name, folder in made.items() if (kind, name) != ("static_tone", "graph/words.txt")
    }
    for name, folder in made.items():
        (folder / name).write_bytes(b"\x00rubbish\n" * 9)
    assert "opened" not in opened(list(made.values()))


def test_empty_files_are_errors_and_no_crash(tone: ToneModel, tmp_path: Path) -> None:
    made = copies(tone, tmp_path)
    for name, folder in made.items():
        (folder / name).write_bytes(b"")
    results = dict(zip(made, opened(list(made.values())), strict=True))
    # A list of no disambiguation symbols is a list.
    assert results.pop("graph/disambig_tid.int") == "opened"
    assert "opened" not in results.values()
