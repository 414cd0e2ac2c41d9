"""Scenario and strategy files: read, checked, and laid over each other."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from assistant.config import bundled_names, named_file, nearest, read_toml
from assistant.economics.scenario.figures import KINDS, Figure
from assistant.economics.scenario.keys import KEYS, WILD, find_key
from assistant.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from assistant.economics.scenario.figures import Figures

SCENARIOS: Final = "scenarios"
STRATEGIES: Final = "strategies"

_ABOUT: Final = ("name", "title", "about")
_SCENARIO_KEYS: Final = (*_ABOUT, "year", "currency", "extends", "leaves_out", "strategies", "strategy")
_FIGURE_KEYS: Final = ("value", "unit", "kind", "source", "low", "high")
_HIGHEST: Final = Decimal(10) ** 15
_SUM_TOLERANCE: Final = Fraction(1, 10**9)


class ContradictionError(ConfigError):
    """Strategies that cannot be on together."""


@dataclass(frozen=True, kw_only=True)
class Strategy:
    """A way of earning or saving that can be switched on in any scenario."""

    name: str
    """Of its file."""
    title: str
    """In a few words."""
    about: str
    """What it is and what is assumed of it."""
    figures: Figures
    """What it sets, and (`change.NAME.…`) the factors by which it changes what is there."""


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """A system in a year, with the strategies that are on."""

    name: str
    """Of its file; with what is switched on besides, after a plus."""
    title: str
    """In a few words."""
    about: str
    """What it is, and what its figures do not say."""
    year: int
    """The year it is about."""
    currency: str
    """ISO 4217 code of all its money."""
    own: Figures
    """The figures of the system itself."""
    strategies: tuple[Strategy, ...] = ()
    """Those that are on."""
    usual: tuple[str, ...] = ()
    """Names of those that are on unless something else is said."""
    special: Mapping[str, Figures] = field(default_factory=dict)
    """Figures that a strategy has in this scenario, by strategy."""

    @property
    def figures(self) -> Figures:
        """All figures that hold: the system's own, and over them those of the strategies that are on."""
        merged = dict(self.own)
        for strategy in self.strategies:
            merged |= strategy.figures
        return merged

    def figure(self, name: str) -> Figure:
        """The figure of that key, of the end of a key that only one has, or of `INTENT_share`.

        Raises:
            ConfigError: there is none, or several.
        """
        figures = self.figures
        if name in figures:
            return figures[name]
        if name.endswith("_share") and f"mix.{name.removesuffix('_share')}" in figures:
            return figures[f"mix.{name.removesuffix('_share')}"]
        ends = [key for key in figures if key.endswith(f".{name}")]
        if len(ends) == 1:
            return figures[ends[0]]
        if ends:
            raise ConfigError(
                f"{self.name}: {name!r} could be {', '.join(sorted(ends))}; write the whole key"
            )
        known = find_key(name)
        if known and known.quantity.least is not None:
            raise ConfigError(
                f"{self.name} has no figure {name!r} ({known.meaning[0].lower()}{known.meaning[1:]}); "
                "switch on the strategy that brings it (--with), or put it into a scenario of your own"
            )
        raise ConfigError(
            f"{self.name} has no figure {name!r}{nearest(name, sorted(figures))}; "
            f"`pennyworth scenario show {self.name}` lists them"
        )


def scenario_names() -> list[str]:
    """The bundled scenarios, sorted."""
    return bundled_names(SCENARIOS)


def strategy_names() -> list[str]:
    """The bundled strategies, sorted."""
    return bundled_names(STRATEGIES)


def load_scenario(name_or_path: str, *, with_: Iterable[str] = (), without: Iterable[str] = ()) -> Scenario:
    """A bundled scenario or one from a TOML file, with strategies switched on and off.

    Args:
        name_or_path: May carry strategies: "alexa-2022+subscription".
        with_: Strategies to switch on, by name or path.
        without: Strategies to switch off that are on in the file.

    Raises:
        ConfigError: a file is missing or wrong, a figure lacks what it needs, two strategies contradict each other.
    """
    base, more = _name_and_strategies(name_or_path)
    scenario = _read_scenario(base, ())
    off = list(without)
    for name in off:
        if name not in scenario.usual:
            raise ConfigError(
                f"the strategy {name!r} is not on in {scenario.name}{nearest(name, scenario.usual)}; "
                f"those that are: {', '.join(scenario.usual) or 'none'}"
            )
    kept = [name for name in scenario.usual if name not in off]
    added = [name for name in dict.fromkeys([*more, *with_]) if name not in kept]
    return _switched(scenario, kept, added, off)


def _name_and_strategies(text: str) -> tuple[str, list[str]]:
    """What stands before the plus, and what after it; a file may have one in its path."""
    parts = text.split("+")
    ends = range(len(parts), 0, -1) if _is_path(text) else ()
    end = next((end for end in ends if Path("+".join(parts[:end])).is_file()), 1)
    return "+".join(parts[:end]), parts[end:]


def _switched(scenario: Scenario, kept: list[str], added: list[str], off: list[str]) -> Scenario:
    strategies: list[Strategy] = []
    for name in (*kept, *added):
        strategy = load_strategy(name)
        special = scenario.special.get(strategy.name, {})
        strategies.append(
            replace(
                strategy,
                figures=dict(strategy.figures)
                | {key: replace(each, strategy=strategy.name) for key, each in special.items()},
            )
        )
    # In one order whatever the order of the words, so that the same choice is the same scenario.
    strategies.sort(key=lambda each: each.name)
    setters: dict[str, Strategy] = {}
    for strategy in strategies:
        for key, each in strategy.figures.items():
            other = setters.setdefault(key, strategy)
            if replace(other.figures[key], strategy="") != replace(each, strategy=""):
                raise ContradictionError(
                    f"the strategies {other.name!r} and {strategy.name!r} both set {key}; switch on one of them"
                )
    name = "".join([scenario.name, *(f"+{each}" for each in sorted(added)), *(f"-{each}" for each in off)])
    scenario = replace(scenario, name=name, strategies=tuple(strategies))
    _check_whole(scenario)
    return scenario


def load_strategy(name_or_path: str) -> Strategy:
    """A bundled strategy, or one from a TOML file."""
    path = _path(name_or_path, STRATEGIES, "strategy")
    data = read_toml(path)
    texts = {key: text_in(data, key, path) for key in _ABOUT}
    figures: dict[str, Figure] = {}
    rest = {key: value for key, value in data.items() if key not in _ABOUT}
    for key, each in _figures(rest, path, "", known=_ABOUT):
        # A file says `change.usage`; the figure says whose change it is.
        first, _, end = key.partition(".")
        whole = f"change.{texts['name']}.{end}" if first == "change" else key
        figures[whole] = replace(_figure(whole, each, path, shown=key), strategy=texts["name"])
    return Strategy(**texts, figures=figures)


def _read_scenario(name_or_path: str, seen: tuple[Path, ...]) -> Scenario:
    path = _path(name_or_path, SCENARIOS, "scenario")
    if path.resolve() in seen:
        raise ConfigError(
            f"{path} extends itself, by way of {', '.join(map(str, seen))}; remove one `extends`"
        )
    data = read_toml(path)
    below = None
    if "extends" in data:
        wanted = text_in(data, "extends", path)
        beside = str(path.parent / wanted) if _is_path(wanted) else wanted
        below = _read_scenario(beside, (*seen, path.resolve()))
    left_out = _names(data, "leaves_out", path, ())
    own = dict(below.own) if below else {}
    for key in left_out:
        if key not in own:
            raise ConfigError(
                f"{path}: leaves_out: there is no figure {key!r} to leave out{nearest(key, list(own))}"
            )
        del own[key]
    rest = {key: value for key, value in data.items() if key not in _SCENARIO_KEYS}
    own |= {key: _figure(key, each, path) for key, each in _figures(rest, path, "", known=_SCENARIO_KEYS)}
    # What another way of saying the same replaces.
    for one, other in (
        ("usage.interactions_per_week", "usage.interactions_per_device_day"),
        ("device.parts", "device.margin"),
    ):
        given = [key for key in (one, other) if _at(data, key) is not None]
        if len(given) == 2:
            raise ConfigError(f"{path}: {one} and {other} say the same thing; give one of them")
        if given:
            own.pop(other if given[0] == one else one, None)
    special = {name: dict(figures) for name, figures in (below.special if below else {}).items()}
    for name, tables in _table(data.get("strategy", {}), path, "strategy").items():
        for key, each in _figures(
            _table(tables, path, f"strategy.{name}"), path, f"strategy.{name}.", known=()
        ):
            first, _, end = key.partition(".")
            whole = f"change.{name}.{end}" if first == "change" else key
            special.setdefault(name, {})[whole] = _figure(whole, each, path, shown=f"strategy.{name}.{key}")
    found = Scenario(
        name=text_in(data, "name", path),
        title=text_in(data, "title", path, below.title if below else None),
        about=text_in(data, "about", path, below.about if below else None),
        year=_year(data, path, below.year if below else None),
        currency=text_in(data, "currency", path, below.currency if below else None),
        own=own,
        usual=_names(data, "strategies", path, below.usual if below else ()),
        special=special,
    )
    _check_mix(found, path)
    return found


def _figures(
    table: Mapping[str, Any], path: Path, prefix: str, *, known: tuple[str, ...]
) -> Iterator[tuple[str, dict[str, Any]]]:
    """The tables that are figures, by their dotted keys."""
    for name, inner in table.items():
        key = f"{prefix}{name}"
        if not isinstance(inner, dict):
            raise _unknown(path, key, known)
        if "value" in inner:
            yield name, inner
            continue
        for end, found in _figures(inner, path, f"{key}.", known=known):
            yield f"{name}.{end}", found
        if not inner:
            raise ConfigError(f"{path}: {key} is empty; expected value, unit, kind, source, low and high")


def _figure(key: str, table: Mapping[str, Any], path: Path, *, shown: str | None = None) -> Figure:
    shown = shown or key
    known = find_key(key)
    if known is None:
        raise _unknown(path, shown, ())
    for name in table:
        if name not in _FIGURE_KEYS:
            raise ConfigError(
                f"{path}: {shown}: unknown key {name!r}{nearest(name, _FIGURE_KEYS)}; "
                f"a figure has {', '.join(_FIGURE_KEYS)}"
            )
    kind = text_in(table, "kind", path, where=shown)
    if kind not in KINDS:
        raise ConfigError(
            f"{path}: {shown}.kind is {kind!r}{nearest(kind, KINDS)}; expected one of {', '.join(KINDS)}"
        )
    value = _number(table, "value", path, shown)
    if kind == "assumption":
        for end in ("low", "high"):
            if end not in table:
                raise ConfigError(
                    f"{path}: {shown} is an assumption without {end!r}; say how far it may be off (low and high)"
                )
    low = _number(table, "low", path, shown) if "low" in table else value
    high = _number(table, "high", path, shown) if "high" in table else value
    if not low <= value <= high:
        raise ConfigError(
            f"{path}: {shown}: expected low <= value <= high, and found "
            f"{float(low):g}, {float(value):g}, {float(high):g}"
        )
    quantity = known.quantity
    for bound in (low, high):
        below = quantity.least is not None and bound < quantity.least
        above = quantity.most is not None and bound > quantity.most
        if below or above:
            raise ConfigError(f"{path}: {shown} is {float(bound):g}; expected {quantity.words}")
    return Figure(
        key=key,
        value=value,
        low=low,
        high=high,
        unit=text_in(table, "unit", path, where=shown),
        kind=kind,
        source=text_in(table, "source", path, where=shown),
    )


def _number(table: Mapping[str, Any], name: str, path: Path, where: str) -> Fraction:
    value = table[name]
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise ConfigError(f"{path}: {where}.{name} is {value!r}; expected a number")
    if not Decimal(value).is_finite() or abs(Decimal(value)) > _HIGHEST:
        raise ConfigError(f"{path}: {where}.{name} is {value}; expected a number up to {_HIGHEST}")
    return Fraction(value)


def read_figures(tables: Mapping[str, Any], path: Path, prefix: str) -> Figures:
    """The figures of some tables of a file, by key; ConfigError naming `prefix` and the key of a wrong one."""
    return {
        key: _figure(key, each, path, shown=f"{prefix}{key}")
        for key, each in _figures(_table(tables, path, prefix.rstrip(".")), path, prefix, known=())
    }


def text_in(
    table: Mapping[str, Any], name: str, path: Path, default: str | None = None, *, where: str = ""
) -> str:
    value = table.get(name, default)
    key = f"{where}.{name}" if where else name
    if value is None:
        raise ConfigError(f"{path}: {key} is missing")
    if not isinstance(value, str) or not value.strip():
        raise ConfigError(f"{path}: {key} is {value!r}; expected some words")
    return " ".join(value.split())


def _names(data: Mapping[str, Any], key: str, path: Path, default: tuple[str, ...]) -> tuple[str, ...]:
    names = data.get(key, default)
    if not isinstance(names, list | tuple) or not all(isinstance(each, str) for each in names):
        raise ConfigError(f'{path}: {key}: expected a list of names, like ["voice-shopping"]')
    return tuple(names)


def _year(data: Mapping[str, Any], path: Path, default: int | None) -> int:
    value = data.get("year", default)
    if type(value) is not int or not 1900 <= value <= 2100:
        raise ConfigError(f"{path}: year is {value!r}; expected a year, like 2022")
    return value


def _table(value: Any, path: Path, key: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ConfigError(f"{path}: {key} is {value!r}; expected tables")
    return value


def _at(data: Mapping[str, Any], key: str) -> Any:
    group, _, name = key.partition(".")
    inner = data.get(group)
    return inner.get(name) if isinstance(inner, dict) else None


def _unknown(path: Path, key: str, more: tuple[str, ...]) -> ConfigError:
    parts = key.split(".")
    patterns = [each.pattern for each in KEYS]
    # With the names of this file in place of the stars, so that the nearest is one that could be written.
    spelt = [
        ".".join(
            parts[n] if part == WILD and n < len(parts) else part for n, part in enumerate(each.split("."))
        )
        for each in patterns
    ]
    groups = sorted({pattern.partition(".")[0] for pattern in patterns})
    return ConfigError(
        f"{path}: unknown key {key!r}{nearest(key, [*spelt, *more])}; the groups of figures are {', '.join(groups)}"
    )


def _path(name_or_path: str, folder: str, what: str) -> Path:
    return Path(name_or_path) if _is_path(name_or_path) else named_file(folder, name_or_path, what=what)


def _is_path(name: str) -> bool:
    return "/" in name or name.endswith(".toml")


def _check_mix(scenario: Scenario, path: Path) -> None:
    shares = [each.value for key, each in scenario.own.items() if key.startswith("mix.")]
    if not shares:
        raise ConfigError(f"{path}: there is no mix; expected shares of what people ask for, like mix.music")
    together = sum(shares, Fraction(0))
    if abs(together - 1) > _SUM_TOLERANCE:
        raise ConfigError(
            f"{path}: the shares of the mix come to {float(together):.6g}; expected 1 "
            f"(they are {', '.join(key for key in scenario.own if key.startswith('mix.'))})"
        )


def _check_whole(scenario: Scenario) -> None:
    """What the figures must have together."""
    figures = scenario.figures
    for group in ("orders", "rebates", "affiliates", "fulfilment"):
        for key in figures:
            first, *rest = key.split(".")
            if first == group and f"mix.{rest[0]}" not in figures:
                raise ConfigError(
                    f"{scenario.name}: {key} is about {rest[0]!r}, which is no part of the mix; add mix.{rest[0]}"
                )
    if not {"usage.interactions_per_week", "usage.interactions_per_device_day"} & set(figures):
        raise ConfigError(
            f"{scenario.name}: there is no usage.interactions_per_week; expected it, or "
            "usage.interactions_per_device_day"
        )
