"""Configuration is strict, and its errors name the file, the key and the nearest known one."""

from pathlib import Path

import pytest

from assistant.config import bundled_names, load_config
from assistant.errors import ConfigError
from assistant.ledger.plan_file import load_plan
from assistant.partners.board import load_partners
from assistant.resources import configs_dir
from hardware.indicator import IndicatorSettings


def write(folder: Path, text: str) -> Path:
    path = folder / "mine.toml"
    path.write_text(text)
    return path


def test_the_bundled_configuration_holds_every_key() -> None:
    assert load_config().language == "en"


def test_a_users_file_needs_only_what_differs(tmp_path: Path) -> None:
    config = load_config(user_file=write(tmp_path, "[hearing]\ntrailing_silence_s = 1\n"))
    assert config.hearing.trailing_silence_s == 1.0
    assert config.hearing.max_utterance_s == load_config().hearing.max_utterance_s


@pytest.mark.parametrize("profile", bundled_names("profiles"))
def test_every_profile_loads(profile: str) -> None:
    assert load_config(profiles=[profile]).books.plan in bundled_names("pricing")


def test_the_users_file_lies_over_the_profile(tmp_path: Path) -> None:
    config = load_config(profiles=["laptop"], user_file=write(tmp_path, '[books]\nplan = "other"\n'))
    assert config.books.plan == "other"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("lnaguage = 'en'", r"mine\.toml: unknown key 'lnaguage' \(did you mean 'language'\?\)"),
        ("[recogniton]\nengine = 'vosk'", r"'recogniton' \(did you mean 'recognition'\?\)"),
        ("[recognition]\nengin = 'vosk'", r"'recognition\.engin' \(did you mean 'recognition\.engine'\?\)"),
        (
            "[recognition]\nengine = 'whisper'",
            r"mine\.toml: recognition\.engine: Invalid enum value 'whisper'",
        ),
        (
            "[hearing]\ntrailing_silence_s = 'long'",
            r"hearing\.trailing_silence_s: Expected `float`, got `str`",
        ),
        ("[hearing]\ntrailing_silence_s = 0", r"hearing\.trailing_silence_s: Expected `float` >= 0.3"),
        ("language = 3", r"language: Expected `str`, got `int`"),
        ("books = 'home'", r"books: Expected `object`, got `str`"),
        ("this is not toml", r"mine\.toml is not valid TOML"),
    ],
)
def test_a_wrong_file_is_named_with_the_key(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        load_config(user_file=write(tmp_path, text))


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nowhere\.toml: No such file"):
        load_config(user_file=tmp_path / "nowhere.toml")
    with pytest.raises(ConfigError, match="directory"):
        load_config(user_file=tmp_path)
    (tmp_path / "latin.toml").write_bytes(b"language = '\xe9\xe8'")
    with pytest.raises(ConfigError, match="not UTF-8"):
        load_config(user_file=tmp_path / "latin.toml")


def test_an_unknown_profile_names_the_nearest() -> None:
    with pytest.raises(ConfigError, match=r"no profile 'lapptop' \(did you mean 'laptop'\?\)"):
        load_config(profiles=["lapptop"])


def test_profiles_lie_over_each_other() -> None:
    config = load_config(profiles=["raspberry-pi-zero-2-w", "respeaker-2-mic"])
    assert (config.recognition.engine, config.hearing.activity) == ("pocketsphinx", "energy")
    assert (config.indicator.kind, config.indicator.pixels, config.button.mute) == ("apa102", 3, 17)
    IndicatorSettings(kind=config.indicator.kind, pins=config.indicator.pins, pixels=config.indicator.pixels)


@pytest.mark.parametrize("name", bundled_names("pricing"))
def test_every_bundled_plan_is_sound_and_names_its_sources(name: str) -> None:
    plan = load_plan(name)
    assert plan.name == name
    assert set(plan.rebates) <= set(load_partners(plan.currency).sellers)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("share = 0.05", "share = 1.5", r"rebates\.pizza\.share is 1\.5; a share is at most 1"),
        ("share = 0.05", "share = -0.05", r"rebates\.pizza\.share is -0\.05; expected a number from 0"),
        ("notification = 0.0075", "notification = 0.00000001", r"finer than a millionth"),
        ("life_years = 4", "life_years = 0", r"machine\.life_years is 0; expected more than 0"),
        ("share = 0.05", "shrae = 0.05", r"'rebates\.pizza\.shrae' \(did you mean 'rebates\.pizza\.share'"),
        ("price = 90.00", "", r"machine: Object missing required field `price`"),
        ('currency = "USD"', 'currency = "dollars"', r"currency: Expected `str` matching regex"),
    ],
)
def test_a_plan_that_makes_no_sense_is_refused(tmp_path: Path, old: str, new: str, message: str) -> None:
    text = (configs_dir() / "pricing" / "home.toml").read_text()
    assert old in text
    with pytest.raises(ConfigError, match=message):
        load_plan(str(write(tmp_path, text.replace(old, new, 1))))


def test_an_unknown_plan_names_the_nearest() -> None:
    with pytest.raises(ConfigError, match=r"no pricing plan 'hom' \(did you mean 'home'\?\)"):
        load_plan("hom")
