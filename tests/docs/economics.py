"""Make the generated parts of docs/economics.md and docs/scenarios.md from the scenarios: `make docs`.

Every figure on the pages is what the code comes to when they are made; the same seed draws the same.
"""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from assistant.economics.scenario.calibrate import calibrate
from assistant.economics.scenario.files import load_scenario, load_strategy, scenario_names, strategy_names
from assistant.economics.scenario.groups import nets
from assistant.economics.scenario.keys import KEYS
from assistant.economics.scenario.remedies import remedies
from assistant.economics.scenario.solve import solve
from assistant.economics.scenario.statement import make_statement
from assistant.economics.scenario.targets import Target
from assistant.economics.scenario.timeline import load_timeline, run_timeline
from assistant.ledger import accounts
from assistant.reports.scenario.amounts import large_text, number_text, percent_text, solved_text
from tests.docs.accounting import page_with

if TYPE_CHECKING:
    from collections.abc import Mapping

    from assistant.economics.scenario.calibrate import Calibration
    from assistant.economics.scenario.remedies import Remedy
    from assistant.economics.scenario.solve import Solution
    from assistant.economics.scenario.statement import Line, ScenarioStatement
    from assistant.economics.scenario.timeline import TimelineYear

FOLDER: Final = Path(__file__).resolve().parents[2] / "docs"
ECONOMICS: Final = FOLDER / "economics.md"
SCENARIOS: Final = FOLDER / "scenarios.md"
ALEXA: Final = "alexa-2022"


def main() -> None:
    """Write the pages anew."""
    for path, parts in ((ECONOMICS, economics()), (SCENARIOS, scenarios())):
        path.write_text(page_with(path.read_text(encoding="utf-8"), parts), encoding="utf-8")


# ---- what is looked at, each once


@cache
def year(name: str) -> ScenarioStatement:
    """The statement of a scenario."""
    return make_statement(load_scenario(name))


@cache
def remedy(name: str) -> dict[str, Remedy]:
    """Every strategy by itself, by name."""
    return {each.strategy.name: each for each in remedies(name)}


@cache
def calibration() -> Calibration:
    """The ten billion, taken apart."""
    return calibrate(load_scenario(ALEXA))


@cache
def timeline() -> tuple[TimelineYear, ...]:
    """The years of Alexa."""
    return run_timeline(load_timeline("alexa"))


def needed(name: str, figure: str, target: str = "break-even") -> Solution:
    """What a figure would have to be."""
    return solve(load_scenario(name), figure, Target.parse(target))


def amount(statement: ScenarioStatement, account: str) -> float:
    """The year's line of an account, currency units; nothing where there is none."""
    return next((float(line.value.units) for line in statement.lines if line.account == account), 0.0)


def group(statement: ScenarioStatement, name: str) -> float:
    """What a group of lines earns less what it costs."""
    return float(nets({line.account: line.value.units for line in statement.lines})[name])  # type: ignore[index]


def of(line: Line) -> str:
    """An amount with its band."""
    value, low, high = (large_text(each.units) for each in (line.value, line.low, line.high))
    return f"{value} ({low} to {high})"


def loss_of(line: Line) -> str:
    """A loss with its band, as an amount above nothing."""
    value, low, high = (large_text(-each.units) for each in (line.value, line.high, line.low))
    return f"{value} ({low} to {high})"


def adds(each: Remedy) -> str:
    """What a remedy adds, with its band."""
    return f"{large_text(each.gain)} ({large_text(each.low)} to {large_text(each.high)})"


def would_be(solution: Solution) -> str:
    """What a figure would have to be, in words."""
    now = f"it is {number_text(solution.figure.value)}"
    if solution.value is None:
        beyond = f"; it would take {solved_text(solution.beyond)}" if solution.beyond is not None else ""
        return f"no value is enough{beyond} ({now})"
    return f"{solved_text(solution.value)} ({now}; {percent_text(solution.possible)} of the draws have such a value)"


# ---- docs/economics.md


def economics() -> dict[str, str]:
    """The generated parts of the page, in its order."""
    return {
        "where did it go": where(),
        "what would have had to be true": true(),
        "would any remedy have worked": worked(),
        "claims": claims(),
        "the loss taken apart": console("calibrate", ALEXA),
        "every strategy": console("compare", ALEXA, "--strategies"),
        "the years": console("timeline", "alexa"),
        "what is fact": facts(),
    }


@dataclass(frozen=True, kw_only=True)
class Claim:
    """One claim of the article, and what the software shows of it."""

    said: str
    """What was said, in November 2022."""
    found: str
    """What our scenarios give."""
    rests: str
    """Which of it is fact, which assumption."""
    command: str
    """To see it."""


def claims() -> str:
    """The table of claims."""
    lines = [
        "| said | what the scenarios give (US dollars) | fact or assumption | see it |",
        "|---|---|---|---|",
    ]
    lines += [f"| {each.said} | {each.found} | {each.rests} | `{each.command}` |" for each in _claims()]
    return "\n".join(lines) + "\n"


def _claims() -> list[Claim]:
    alexa, found = year(ALEXA), remedy(ALEXA)
    parts = calibration()
    last, devices = timeline()[-1], alexa.scenario.figures["usage.devices"].value
    requests = alexa.requests
    sold = sum(requests[intent] for intent in alexa.orders)
    trivial = alexa.interactions - sold
    use = float(alexa.revenue.value.units) - amount(alexa, accounts.DEVICE_SALES)
    serving = group(alexa, "compute") + group(alexa, "overhead")
    asked, placed, kept = alexa.orders["shopping"]
    pizza, ride = (amount(alexa, accounts.rebate_income(intent)) for intent in ("pizza", "ride"))
    skills = load_scenario(f"{ALEXA}+paid-skills").figures
    target, actual = (skills[f"reported.skill_{each}"].value for each in ("target", "revenue"))
    google, siri = year("google-assistant-2022"), year("siri-iphone-2022")
    homepod, mini, astro = (year(each) for each in ("homepod-2018", "homepod-mini-2022", "astro-2022"))
    halo, audio, shrink, stop = (found[each] for each in ("halo", "audio-adverts", "cut-headcount", "stop"))
    small = [each for each in found.values() if abs(each.gain) < 0.02 * abs(float(alexa.margin.value.units))]
    best = max(each.enough for each in found.values())
    claimed = _halo_as_claimed()
    burn = ", ".join(
        f"{each.year}: {large_text(-each.statement.margin.value.units)}" for each in timeline()[4:]
    )
    unit = float(alexa.scenario.figures["device.margin"].value)
    users = {
        name: large_text(load_scenario(name).figures["reported.users_us"].value)
        for name in ("google-assistant-2022", "siri-iphone-2022", ALEXA)
    }
    return [
        Claim(
            said="About 10 billion lost in 2022; 3 billion in a quarter of Worldwide Digital, most of it Alexa, twice any other division",
            found=f"a loss of {loss_of(alexa.margin)}: {_share(parts.modelled.cost.units, parts.loss.value)} of what was "
            f"reported. {large_text(parts.unexplained.cost.units)} are not explained by what is modelled: the reported "
            "loss is of all devices (Kindle, Fire TV, Ring), the quarter with Prime Video",
            rests="the loss is an estimate, use and the margin of a device are reported, people and devices in use assumed",
            command="scenario calibrate alexa-2022",
        ),
        Claim(
            said="About 10,000 jobs cut, Alexa hit hardest",
            found=f"with 30 % of its people gone, {adds(shrink)} less is lost in the year, severance paid",
            rests="how many of them were Alexa's is assumed",
            command="scenario run alexa-2022 --with cut-headcount",
        ),
        Claim(
            said="It is asked for music, alarms, weather, traffic and information",
            found=f"{100 * trivial / alexa.interactions:.2f} % of what is said asks for nothing to buy and earns nothing; "
            f"the cloud alone costs {large_text(-group(alexa, 'compute'))}",
            rests="that most is trivial is reported; the mix is assumed",
            command="scenario show alexa-2022",
        ),
        Claim(
            said="“Ten years old”, and copied by Google and Apple",
            found="launched in 2014, so eight years old",
            rests="fact",
            command="scenario timeline alexa",
        ),
        Claim(
            said="No continuing stream of revenue",
            found=f"from 2014 to 2022 use has earned {large_text(last.cumulative_continuing.units)}, and all of it has "
            f"cost {large_text(last.cumulative_cost.units)}: "
            f"{_share(last.cumulative_continuing.units, last.cumulative_cost.units)}",
            rests="two losses are published; the years between are assumed",
            command="scenario timeline alexa",
        ),
        Claim(
            said="Nearly every attempt to make money failed",
            found=f"{len(small)} of {len(found)} strategies change the loss by less than 2 %; with the best of them the "
            f"year is without a loss in {percent_text(best)} of the draws",
            rests="what each would bring is assumed",
            command="scenario compare alexa-2022 --strategies",
        ),
        Claim(
            said="A long runway; a crisis meeting and a freeze on hiring in 2019; interest fades in 2020; a new chief executive",
            found=f"reckoned loss by year: {burn}",
            rests="the events are reported; the loss of 2018 (5 billion) is reported and that of 2022 estimated",
            command="scenario timeline alexa",
        ),
        Claim(
            said="A best-seller, mostly sold at cost",
            found=f"{number_text(unit)} on each of {large_text(alexa.scenario.figures['device.units'].value)} devices: "
            f"{large_text(group(alexa, 'devices'))}, {_share(group(alexa, 'devices'), alexa.margin.value.units)} of the loss",
            rests="the margin is reported, the number an estimate",
            command="scenario run alexa-2022 --with device-at-cost",
        ),
        Claim(
            said="“We want to make money when people use our devices, not when they buy them”",
            found=f"a device in use earns {use / float(devices):.2f} a year, and its cloud and upkeep cost "
            f"{-serving / float(devices):.2f}: each year of use makes the loss larger",
            rests="devices in use and upkeep are assumed",
            command="scenario run alexa-2022",
        ),
        Claim(
            said="No adverts after use",
            found=f"off unless switched on; then they add {adds(audio)}. Every interaction would need "
            f"{float(alexa.scenario.figures['reported.loss'].value) / alexa.interactions / 0.018:.1f} adverts to earn the "
            "reported loss",
            rests="the price is reported, places and sold share are assumed",
            command="scenario run alexa-2022 --with audio-adverts",
        ),
        Claim(
            said="Few people buy unseen, without pictures or reviews",
            found=f"of {large_text(asked)} requests {large_text(placed)} are ordered and {large_text(kept)} kept: "
            f"{large_text(amount(alexa, accounts.affiliate_income('shopping')))} of commission",
            rests="2 % of owners had bought, 90 % not again: reported; the funnel is assumed",
            command="scenario run alexa-2022",
        ),
        Claim(
            said="A billion interactions a week by the fourth year",
            found=f"{large_text(alexa.interactions)} a year; at the list price of Amazon Lex "
            f"{large_text(amount(alexa, accounts.RECOGNITION))}, {_share(amount(alexa, accounts.RECOGNITION), parts.loss.value)} "
            "of ten billion: the cloud is not where it went",
            rests="fact times fact; what the cloud costs its owner is not public and lower",
            command="scenario run alexa-2022",
        ),
        Claim(
            said="Pizza and rides by voice, a rebate on each",
            found=f"pizza {large_text(pizza)}, rides {large_text(ride)}. What the share of pizza in all that is "
            f"said would have to be to break even: {would_be(needed(ALEXA, 'pizza_share'))}; the rebate: "
            f"{would_be(needed(ALEXA, 'rebates.pizza.share'))}",
            rests="assumed: neither rebates nor orders were published",
            command="scenario solve alexa-2022 --for pizza_share",
        ),
        Claim(
            said="By 2020 the team stopped setting targets for sales",
            found=f"skills brought {large_text(actual)} in ten months of 2019, {_share(actual, target)} of the target of "
            f"{large_text(target)}; our strategy of paid skills adds {adds(found['paid-skills'])} a year",
            rests="target and result are reported, our strategy is assumed",
            command="scenario run alexa-2022 --with paid-skills",
        ),
        Claim(
            said="A halo: users would spend more; its contribution fell short",
            found=f"had owners' 10 % of more spending (before and after) been caused by the device, it would add "
            f"{large_text(claimed)}; at the 2 % that we assume {adds(halo)}. What the lift would have to be to break even: "
            f"{would_be(needed(f'{ALEXA}+halo', 'halo.lift'))}",
            rests="the 10 % is a survey and not causal; margin and causal lift are assumed",
            command="scenario solve alexa-2022+halo --for halo.lift",
        ),
        Claim(
            said="“Conviction” with a smaller team",
            found=f"continue: {large_text(alexa.margin.value.units)}; shrink: {large_text(shrink.margin)}; stop: "
            f"{large_text(stop.margin)} in the year of stopping, and nothing of it again",
            rests="people and severance are assumed",
            command="scenario compare alexa-2022 alexa-2022+cut-headcount alexa-2022+stop",
        ),
        Claim(
            said="Astro, a robot at 1,000 dollars",
            found=f"{of(astro.margin)}: a device that earns something, and too few of them for its people",
            rests="the price (999) is reported, all else assumed",
            command="scenario run astro-2022",
        ),
        Claim(
            said="Users in the United States: Google 81.5, Siri 77.6, Alexa 71.6 million",
            found=", ".join(f"{name}: {count}" for name, count in users.items()),
            rests="estimates, shown as such and not reckoned with but for the halo of Siri",
            command="scenario show google-assistant-2022",
        ),
        Claim(
            said="Google: the same problem; adverts on screens and partnerships did not work; servers cost money",
            found=f"margin {of(google.margin)}; screens earn {large_text(amount(google, accounts.DISPLAY))}, partners "
            f"{large_text(amount(google, accounts.rebate_income('pizza')) + amount(google, accounts.rebate_income('ride')))}, "
            f"servers cost {large_text(-group(google, 'compute'))}",
            rests="the cost of a query is an estimate; use and people are assumed",
            command="scenario run google-assistant-2022",
        ),
        Claim(
            said="A war of costs between Google and Amazon",
            found=f"a price 30 % lower: {adds(found['price-war'])} for Alexa, "
            f"{adds(remedy('google-assistant-2022')['price-war'])} for Google",
            rests="assumed",
            command="scenario run alexa-2022 --with price-war",
        ),
        Claim(
            said="Apple: a HomePod at 350 dollars for profit, ended in 2021; the mini at 99",
            found=f"HomePod {of(homepod.margin)}; mini {of(mini.margin)}. The first earns "
            f"{number_text(_unit(homepod))} on each, the second {number_text(_unit(mini))}",
            rests="prices and parts of the HomePod are published, numbers sold and people assumed",
            command="scenario compare homepod-2018 homepod-mini-2022",
        ),
        Claim(
            said="Siri as a loss leader for the iPhone",
            found=f"costs {large_text(siri.cost.value.units)} and is worth {large_text(amount(siri, accounts.HALO))} in "
            f"telephones; what the share of such spending that it causes would have to be for it to pay: "
            f"{would_be(needed('siri-iphone-2022', 'halo.lift'))}. Adverts would add "
            f"{adds(remedy('siri-iphone-2022')['audio-adverts'])}",
            rests="assumed: nothing of it is published but the number of users",
            command="scenario solve siri-iphone-2022 --for halo.lift",
        ),
    ]


def _share(part: object, whole: object) -> str:
    return f"{100 * float(part) / float(whole):.1f} %"  # type: ignore[arg-type]


def _unit(statement: ScenarioStatement) -> float:
    figures = statement.scenario.figures
    return float(figures["device.price"].value - figures["device.parts"].value)


def _halo_as_claimed() -> float:
    figures = load_scenario(f"{ALEXA}+halo").figures
    households, spending, margin = (
        figures[f"halo.{each}"].value for each in ("households", "spending", "margin")
    )
    return float(households * spending * margin * figures["halo.lift"].high)


def where() -> str:
    """The first answer."""
    alexa, found = year(ALEXA), calibration()
    by_name = {str(part.group): part for part in found.parts}
    explained = sorted(found.parts, key=lambda part: -part.cost.micros)
    _hold(
        explained[0].group == "people" and found.unexplained.low > 0,
        "people come first, and something is unexplained",
    )
    compute, people, units = found.levers
    if compute.value is None or people.value is None or units.value is None:
        raise ValueError("one thing alone does not explain the loss any more: write the page anew")
    return (
        f"**Into people, and into what was not published.** Of the {large_text(found.loss.value)} our figures explain "
        f"{large_text(found.modelled.cost.units)}: people {_share(by_name['people'].cost.units, found.loss.value)} of the "
        f"reported loss, the cloud {_share(by_name['compute'].cost.units, found.loss.value)}, devices sold below their parts "
        f"{_share(by_name['devices'].cost.units, found.loss.value)}, upkeep "
        f"{_share(by_name['overhead'].cost.units, found.loss.value)}. Orders give "
        f"{_share(-by_name['orders'].cost.units, found.loss.value)} back. The rest, "
        f"{large_text(found.unexplained.cost.units)} ({large_text(found.unexplained.low)} to "
        f"{large_text(found.unexplained.high)}), is not explained, and we do not invent a figure for it: the reported loss "
        "is that of all devices.\n\n"
        f"A loss of {large_text(found.loss.value)} is {float(found.loss.value) / found.interactions:.3f} dollars on each of "
        f"{large_text(alexa.interactions)} interactions. If one thing alone had to explain it, an interaction would have to "
        f"cost {solved_text(compute.value)} in the cloud ({solved_text(compute.times or 0)} times the list price), or there "
        f"would have to be {solved_text(people.value)} people, or every device would have to be sold "
        f"{solved_text(-units.value)} dollars below its parts.\n"
    )


def _hold(condition: bool, what: str) -> None:
    """Words on the page that no figure makes have to be true of the figures."""
    if not condition:
        raise ValueError(f"the page says that {what}; the scenarios do not any more: write it anew")


def true() -> str:
    """The second answer."""
    rows = [
        ("share of pizza in all that is said", ALEXA, "pizza_share"),
        ("rebate on a pizza, of its total", ALEXA, "rebates.pizza.share"),
        ("margin of a device, dollars", ALEXA, "device.margin"),
        ("people", ALEXA, "people.headcount"),
        (
            "share of devices whose household pays 19.99 a month",
            f"{ALEXA}+subscription",
            "subscription.share",
        ),
        ("the same for Alexa+ in 2025", "alexa-plus-2025", "subscription.share"),
        ("price of a thousand spoken adverts, dollars", f"{ALEXA}+audio-adverts", "advertising.per_thousand"),
        ("share of spending that the device causes", f"{ALEXA}+halo", "halo.lift"),
        ("commission on what is bought by voice", ALEXA, "affiliates.shopping.share"),
    ]
    lines = [
        "| to break even, alone | it is | it would have to be | times | such a value exists in |",
        "|---|---:|---:|---:|---:|",
    ]
    for words, name, figure in rows:
        found = needed(name, figure)
        if found.value is not None:
            needs, times = solved_text(found.value), solved_text(found.times) if found.times else ""
        else:
            needs = f"none; {solved_text(found.beyond)} would be" if found.beyond is not None else "none"
            times = solved_text(found.times) if found.times else ""
        lines.append(
            f"| {words} | {number_text(found.figure.value)} | {needs} | {times} | {percent_text(found.possible)} of the draws |"
        )
    return "\n".join(lines) + "\n"


def worked() -> str:
    """The third answer."""
    found = sorted(remedy(ALEXA).values(), key=lambda each: -each.gain)
    alexa = year(ALEXA)
    by_name = {each.strategy.name: each for each in found}
    lost = -float(alexa.margin.value.units)
    _hold(all(each.enough < 0.5 for each in found), "no strategy by itself is enough")
    _hold(
        all(
            by_name[name].gain < lost / 50
            for name in (
                "partner-rebates",
                "voice-shopping",
                "audio-adverts",
                "display-adverts",
                "paid-skills",
            )
        ),
        "rebates, shopping, adverts and skills each bring less than a fiftieth",
    )
    _hold(by_name["local-recognition"].gain < lost / 50, "the cloud is a small cost")
    best = [each for each in found if each.strategy.name != "stop"][:3]
    all_on = [
        each.strategy.name
        for each in found
        if each.gain > 0 and not each.usual and each.strategy.name not in {"stop", "device-at-cost"}
    ]
    together = year("+".join([ALEXA, *all_on]))
    outcome = (
        f"still loses {loss_of(together.margin)}"
        if together.margin.value.micros < 0
        else f"comes to {of(together.margin)}"
    )
    return (
        f"**None by itself.** The loss is {loss_of(alexa.margin)}. The strategies that help most are "
        + ", ".join(f"{each.strategy.title.lower()} (adds {adds(each)})" for each in best)
        + f"; after the best of them the year is without a loss in {percent_text(max(each.enough for each in best))} of the "
        "draws. Rebates, shopping, adverts and skills each bring less than a fiftieth of what is lost, because nearly "
        "everything that is said sells nothing, and cutting the cloud saves a cost that was small from the beginning.\n\n"
        f"With all that help switched on at once ({', '.join(all_on)}) the year {outcome}, and is without a loss in "
        f"{percent_text(together.likely_profit)} of the draws: as if the effects did not stand in each other's way.\n"
    )


def facts() -> str:
    """What was published, and how much of each scenario was not."""
    lines = [
        "| scenario | facts | assumptions | loss, or profit | 5 % | 95 % | an interaction |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    for name in scenario_names():
        statement = year(name)
        figures = statement.scenario.figures.values()
        published = sum(each.is_fact for each in figures)
        margin, currency = statement.margin, statement.scenario.currency
        lines.append(
            f"| `{name}` | {published} | {len(figures) - published} | {large_text(margin.value.units)} {currency} | "
            f"{large_text(margin.low.units)} | {large_text(margin.high.units)} | {float(margin.each_micros) / 1e6:.4f} |"
        )
    return "\n".join(lines) + "\n"


def console(*arguments: str) -> str:
    """What a command prints, 100 columns wide."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("PENNYWORTH")}
    done = subprocess.run(
        [sys.executable, "-m", "assistant.cli", "scenario", *arguments],
        capture_output=True,
        text=True,
        check=True,
        env={**env, "COLUMNS": "100", "LANG": "C.UTF-8"},
    )
    printed = "\n".join(line.rstrip() for line in done.stdout.rstrip().splitlines())
    return f"```console\n$ pennyworth scenario {' '.join(arguments)}\n{printed}\n```\n"


# ---- docs/scenarios.md


def scenarios() -> dict[str, str]:
    """The generated parts of the page, in its order."""
    return {
        "systems": _systems(),
        "strategies": _strategies(),
        "keys": _keys(),
        "a year": console("run", "pennyworth-home"),
    }


def _systems() -> str:
    lines = ["| scenario | year | what it is |", "|---|---:|---|"]
    for name in scenario_names():
        each = load_scenario(name)
        lines.append(f"| `{name}` | {each.year} | {each.title}. {each.about} |")
    return "\n".join(lines) + "\n"


def _strategies() -> str:
    lines = ["| strategy | what it is | its own figures |", "|---|---|---|"]
    for name in strategy_names():
        each = load_strategy(name)
        own = ", ".join(f"`{key}` {number_text(figure.value)}" for key, figure in each.figures.items())
        lines.append(f"| `{name}` | {each.title}. {each.about} | {own} |")
    return "\n".join(lines) + "\n"


def _keys() -> str:
    lines = ["| figure | what it is | expected |", "|---|---|---|"]
    lines += [
        f"| `{each.pattern.replace('*', 'NAME')}` | {each.meaning} | {each.quantity.words} |" for each in KEYS
    ]
    return "\n".join(lines) + "\n"


def marks(parts: Mapping[str, str]) -> str:
    """Places for `parts` in a new page."""
    return "\n\n".join(f"<!-- generated: {name} -->\n<!-- end -->" for name in parts)


if __name__ == "__main__":
    main()
