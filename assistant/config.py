"""Configuration: TOML files, validated strictly, frozen, and passed down. There is no global configuration.

Every default stands in the bundled `configs/pennyworth.toml`; profiles and then the user's own file lie over it.
"""

from __future__ import annotations

import dataclasses
import tomllib
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar, get_args, get_origin, get_type_hints

import msgspec
from rapidfuzz import process

from assistant.errors import ConfigError
from assistant.resources import configs_dir

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

T = TypeVar("T")

Share = Annotated[float, msgspec.Meta(ge=0, le=1)]
Pin = Annotated[int, msgspec.Meta(ge=0, le=27)]
Name = Annotated[str, msgspec.Meta(min_length=1)]


@dataclass(frozen=True, kw_only=True)
class RecognitionConfig:
    """Which engine listens."""

    engine: Literal["auto", "vosk", "pocketsphinx"]
    """auto takes Vosk where a model is present, else PocketSphinx."""
    vosk_model: str
    """Folder of a Vosk model; empty searches the usual places."""
    adapted: bool
    """Whether PocketSphinx's model is taken as `pennyworth adapt` adapted it, where it did."""


@dataclass(frozen=True, kw_only=True)
class HearingConfig:
    """How utterances are cut out of the sound."""

    activity: Literal["silero", "energy"]
    """Voice activity by the Silero network, or by loudness alone."""
    endpoint: Literal["words", "silence"]
    """What ends an utterance at the microphone: silence as long as the words before it ask for, or always as long."""
    closed_silence_s: Annotated[float, msgspec.Meta(ge=0.1, le=5)]
    """Silence that ends a whole command that nothing can change any more, seconds."""
    open_silence_s: Annotated[float, msgspec.Meta(ge=0.1, le=5)]
    """Silence that ends a whole command that may go on and mean something else, seconds."""
    unfinished_silence_s: Annotated[float, msgspec.Meta(ge=0.3, le=5)]
    """Silence that ends anything else, seconds."""
    trailing_silence_s: Annotated[float, msgspec.Meta(ge=0.3, le=5)]
    """Silence that ends an utterance in a file, and at the microphone by silence alone, seconds."""
    max_utterance_s: Annotated[float, msgspec.Meta(ge=2, le=60)]
    """Hard limit on an utterance, seconds."""
    mode: Literal["always", "wake", "push"]
    """What is heard: everything, what follows the wake word, or what follows a key."""
    wake_word: Literal["", "okay nabu", "hey jarvis", "hey mycroft", "alexa"]
    """The wake word; in every mode it stops a reply. Empty for none."""
    awake_s: Annotated[float, msgspec.Meta(ge=1, le=60)]
    """Seconds after the wake word or the key in which a command must begin."""


@dataclass(frozen=True, kw_only=True)
class VoiceConfig:
    """How replies are spoken."""

    engine: Literal["auto", "piper", "espeak", "none"]
    """auto speaks if a voice is installed, by Piper where one of its voices is."""
    name: str
    """Voice of the engine, for Piper also the path of its .onnx file; empty takes one of the language."""
    words_a_minute: Annotated[int, msgspec.Meta(ge=80, le=450)]
    """Pace."""
    device: str | Annotated[int, msgspec.Meta(ge=0)]
    """Loudspeaker by name (or part of it) or number; empty takes the system's default."""
    earcons: bool
    """Whether a short sound says that the wake word or the key was heard."""


@dataclass(frozen=True, kw_only=True)
class MicrophoneConfig:
    """Which microphone."""

    device: str | Annotated[int, msgspec.Meta(ge=0)]
    """Name (or part of it) or number; empty takes the system's default."""


@dataclass(frozen=True, kw_only=True)
class IndicatorConfig:
    """Which lights show what it is doing."""

    kind: Literal["none", "leds", "apa102"]
    """Plain LEDs on pins, or a chain of APA102 ones on the first SPI bus, as on the ReSpeaker boards."""
    pins: dict[Literal["idle", "hearing", "thinking", "speaking", "error", "muted"], Pin]
    """Of plain LEDs: the pin that shows a state, by its BCM number; states may share one."""
    pixels: Annotated[int, msgspec.Meta(ge=1, le=64)]
    """How many APA102 LEDs are in the chain."""
    brightness: Annotated[float, msgspec.Meta(gt=0, le=1)]
    """Of APA102 LEDs."""


@dataclass(frozen=True, kw_only=True)
class ButtonConfig:
    """Which push buttons there are."""

    mute: Annotated[int, msgspec.Meta(ge=-1, le=27)]
    """BCM number of the pin whose button switches the microphone off and on; -1 for none."""
    talk: Annotated[int, msgspec.Meta(ge=-1, le=27)]
    """BCM number of the pin whose button is pressed to be heard, and stops a reply; -1 for none."""
    pull: Literal["up", "down"]
    """Which way the pins are pulled while nobody presses."""


@dataclass(frozen=True, kw_only=True)
class IntentsConfig:
    """Definitions beside the bundled ones."""

    files: tuple[str, ...]
    """Files, or folders of them, that add intents and list values."""


@dataclass(frozen=True, kw_only=True)
class UnderstandingConfig:
    """When a sentence counts as a command."""

    accept: Share
    """Likeness in [0, 1] from which a near sentence is taken for ours."""
    ask: Share
    """Likeness in [0, 1] from which it is asked about; below it is none of ours."""


@dataclass(frozen=True, kw_only=True)
class DialogueConfig:
    """How long a question stays open."""

    timeout_s: Annotated[float, msgspec.Meta(gt=0, le=300)]
    """Seconds after which an unanswered question orders nothing."""
    max_misunderstood: Annotated[int, msgspec.Meta(ge=1)]
    """So many answers in a row that are not understood end the conversation."""
    same_order_s: Annotated[float, msgspec.Meta(ge=0, le=86400)]
    """The same order within so many seconds asks once more; 0 never does."""
    withdrawal_s: Annotated[float, msgspec.Meta(ge=0, le=86400)]
    """A no within so many seconds after an order was placed calls it off; 0 never does."""
    orders_per_day: Annotated[int, msgspec.Meta(ge=0)]
    """Orders that this device places in a local day; 0 for any number."""
    amount_per_day: Decimal
    """What they may come to, in the currency of the plan; 0 for any amount."""
    pin_file: str
    """Where the PIN's hash is kept; empty takes `pin` in the user's configuration folder, if it is there."""
    pin_attempts: Annotated[int, msgspec.Meta(ge=1, le=10)]
    """So many wrong PINs cancel the order."""
    replies: str
    """A file with wordings of your own; empty for none."""


@dataclass(frozen=True, kw_only=True)
class PrivacyConfig:
    """What is kept of what was said."""

    keep_audio: bool
    """Keep the sound of each utterance beside the log."""
    audio_days: Annotated[int, msgspec.Meta(ge=1, le=3650)]
    """Kept sound is deleted after so many days."""


@dataclass(frozen=True, kw_only=True)
class BooksConfig:
    """How it is booked."""

    plan: Name
    """Pricing plan: the name of a bundled one, or the path of a TOML file."""


@dataclass(frozen=True, kw_only=True)
class Config:
    """Everything a user may set."""

    language: Name
    """Of the definitions, the replies and the recogniser: an ISO 639-1 code."""
    zone: str
    """Time zone of the IANA database; empty takes the system's."""
    device: Name
    """What this machine is called in the log."""
    recognition: RecognitionConfig
    hearing: HearingConfig
    voice: VoiceConfig
    microphone: MicrophoneConfig
    indicator: IndicatorConfig
    button: ButtonConfig
    intents: IntentsConfig
    understanding: UnderstandingConfig
    dialogue: DialogueConfig
    privacy: PrivacyConfig
    books: BooksConfig


def load_config(
    *, user_file: Path | None = None, profiles: Sequence[str] = (), language: str | None = None
) -> Config:
    """The bundled defaults, under each of `profiles` (bundled names), under `user_file`, under `language`.

    Raises:
        ConfigError: a file is missing, is not TOML, has an unknown key or a value of the wrong type.
    """
    default_file = configs_dir() / "pennyworth.toml"
    layers = [(default_file, read_toml(default_file))]
    for profile in profiles:
        profile_file = named_file("profiles", profile, what="profile")
        layers.append((profile_file, read_toml(profile_file)))
    if user_file is not None:
        layers.append((user_file, read_toml(user_file)))
    merged: dict[str, Any] = {}
    for path, layer in layers:
        # Checked file by file, so that the message names the file that is wrong.
        reject_unknown_keys(layer, Config, path)
        merged = _overlay(merged, layer)
        config = convert(merged, Config, path)
    return config if language is None else dataclasses.replace(config, language=language)


def named_file(folder: str, name: str, *, what: str) -> Path:
    """The bundled file `folder/name.toml`; ConfigError naming the nearest and all the names there are."""
    names = bundled_names(folder)
    if name not in names:
        raise ConfigError(f"there is no {what} {name!r}{nearest(name, names)}; there are: {', '.join(names)}")
    return configs_dir() / folder / f"{name}.toml"


def bundled_names(folder: str) -> list[str]:
    """The names of the bundled TOML files of a folder, sorted."""
    return sorted(path.stem for path in (configs_dir() / folder).glob("*.toml"))


def read_toml(path: Path) -> dict[str, Any]:
    """The tables of a TOML file, numbers with a point as exact decimals.

    Raises:
        ConfigError: it cannot be read, or is not TOML.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise ConfigError(f"{path} is not UTF-8 text, so it is no configuration file") from None
    except OSError as error:
        raise ConfigError(f"cannot read the configuration file {path}: {error.strerror}") from None
    try:
        return tomllib.loads(text, parse_float=Decimal)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path} is not valid TOML: {error}") from None


def load_strict(path: Path, kind: type[T]) -> T:
    """A TOML file as the dataclass `kind`; ConfigError on unknown or missing keys and on wrong values."""
    data = read_toml(path)
    reject_unknown_keys(data, kind, path)
    return convert(data, kind, path)


def convert(data: Mapping[str, Any], kind: type[T], path: Path) -> T:
    """`data` as the dataclass `kind`; ConfigError naming `path`, the key and what was expected."""
    try:
        return msgspec.convert(data, kind)
    except msgspec.ValidationError as error:
        raise ConfigError(f"{path}: {_readable(str(error))}") from None


def reject_unknown_keys(data: Mapping[str, Any], kind: type, path: Path, prefix: str = "") -> None:
    """Raise ConfigError for the first key of `data` that the dataclass `kind` does not have."""
    hints = get_type_hints(kind)
    for key, value in data.items():
        if key not in hints:
            known = [prefix + name for name in hints]
            raise ConfigError(
                f"{path}: unknown key {prefix + key!r}{nearest(prefix + key, known)}; "
                f"known {'here' if prefix else 'at the top'}: {', '.join(hints)}"
            )
        inner = next((kind for kind in get_args(hints[key]) if dataclasses.is_dataclass(kind)), hints[key])
        if isinstance(value, list):
            value = dict(enumerate(value))
        elif not isinstance(value, dict):
            continue
        elif (
            isinstance(inner, type) and dataclasses.is_dataclass(inner) and get_origin(hints[key]) is not dict
        ):
            reject_unknown_keys(value, inner, path, f"{prefix}{key}.")
            continue
        for name, table in value.items():
            if isinstance(table, dict) and isinstance(inner, type) and dataclasses.is_dataclass(inner):
                reject_unknown_keys(table, inner, path, f"{prefix}{key}.{name}.")


def nearest(name: str, known: Sequence[str]) -> str:
    nearest = process.extractOne(name, known, score_cutoff=55)
    return f" (did you mean {nearest[0]!r}?)" if nearest else ""


def _readable(message: str) -> str:
    what, _, where = message.partition(" - at `$")
    return f"{where.strip('.`')}: {what}" if where.strip(".`") else what


def _overlay(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(below)
    for key, value in above.items():
        under = merged.get(key)
        merged[key] = _overlay(under, value) if isinstance(under, dict) and isinstance(value, dict) else value
    return merged
