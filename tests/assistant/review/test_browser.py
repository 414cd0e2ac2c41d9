"""A real browser walks the pages as a person does: looking, by keys alone, at phone width, and with axe-core."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect, sync_playwright

from assistant.store.store import Store
from assistant.store.verdicts import verdicts_on
from tests.assistant.review.browser import chromium, missing
from tests.assistant.review.household import say

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from playwright.sync_api import Browser, Dialog, Page

    from tests.assistant.review.household import Served

pytestmark = pytest.mark.skipif(bool(missing()), reason=missing())

PAGES = (
    "/?time=all",
    "/interactions",
    "/interactions?q=jazz&below=0.9",
    "/interactions/70",
    "/interactions/66",
    "/better?phrases=yes",
    "/what-if?time=all&rebate.pizza=0.1",
    "/privacy",
    "/interactions/999",
)
TABLES = (
    "/log",
    "/log/interactions",
    "/log/interactions?_facet=intent&intent=music",
    "/log/interactions/70",
    "/log?sql=select+*+from+interactions+limit+3",
    "/-/versions",
)
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]
LOOKS: dict[str, dict[str, Any]] = {
    "light": {"color_scheme": "light", "viewport": {"width": 1180, "height": 900}},
    "dark": {"color_scheme": "dark", "viewport": {"width": 1180, "height": 900}},
    "phone": {"color_scheme": "light", "viewport": {"width": 360, "height": 740}},
}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright, playwright.chromium.launch(**chromium()) as opened:
        yield opened


@pytest.fixture
def page(browser: Browser, own_review: Served) -> Iterator[Page]:
    """A page whose every complaint, and every request that goes elsewhere, is a failure."""
    context = browser.new_context(base_url=own_review.url, **LOOKS["light"])
    opened = context.new_page()
    wrong: list[str] = []
    opened.on("pageerror", lambda error: wrong.append(str(error)))
    opened.on(
        "request",
        lambda asked: None if asked.url.startswith((own_review.url, "data:")) else wrong.append(asked.url),
    )
    opened.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
    yield opened
    context.close()
    assert wrong == []


def until(page: Page, holds: str) -> None:
    """Wait until an expression holds; Playwright's own waiting needs `eval`, which the pages forbid."""
    for _ in range(200):
        if page.evaluate(holds):
            return
        page.wait_for_timeout(50)
    raise AssertionError(f"never: {holds}")


@pytest.mark.parametrize(
    ("look", "pages"),
    [
        ("light", PAGES),
        *(
            pytest.param(*each, marks=pytest.mark.slow)
            for each in (
                ("dark", PAGES),
                ("phone", PAGES),
                ("light", TABLES),
                ("dark", TABLES),
                ("phone", TABLES),
            )
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "pages" if value is PAGES else "tables",
)
def test_axe_finds_nothing(browser: Browser, own_review: Served, look: str, pages: Sequence[str]) -> None:
    context = browser.new_context(base_url=own_review.url, **LOOKS[look])
    opened, axe = context.new_page(), Axe()
    for path in pages:
        opened.goto(path)
        if pages is TABLES:
            # Its editor comes when all is loaded.
            opened.wait_for_timeout(100)
        # What is folded is looked at, too.
        opened.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
        found = axe.run(opened, options={"runOnly": RULES})
        assert found.violations_count == 0, f"{path}\n{found.generate_report()}"
    context.close()


def test_nothing_sticks_out_and_dark_is_dark(browser: Browser, own_review: Served) -> None:
    """On the telephone no page is wider than it; in the dark every one has a dark ground and light letters."""
    context = browser.new_context(base_url=own_review.url, **LOOKS["phone"] | {"color_scheme": "dark"})
    opened = context.new_page()
    for path in PAGES:
        opened.goto(path)
        opened.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
        width = opened.evaluate("document.documentElement.scrollWidth")
        assert width <= LOOKS["phone"]["viewport"]["width"], path
        for what, dark in (("backgroundColor", True), ("color", False)):
            found = opened.evaluate(
                f"getComputedStyle(document.body).{what}.match(/\\d+/g).slice(0, 3).map(Number)"
            )
            assert (max(found) < 64) if dark else (min(found) > 192), (path, what, found)
    context.close()


def test_with_keys_alone_from_the_first_page_to_a_verdict(page: Page, own_review: Served) -> None:
    def press(key: str) -> None:
        # A person looks at the page first.
        page.wait_for_load_state()
        page.keyboard.press(key)

    page.goto("/")
    press("2")
    expect(page).to_have_url(f"{own_review.url}/interactions")
    press("/")
    page.keyboard.type("jazz 59")
    press("Enter")
    expect(page.locator(".row")).to_have_count(1)
    press("Escape")
    press("2")
    expect(page.locator(".row")).to_have_count(50)
    press("j")
    press("j")
    press("k")
    first = page.locator(".row .open").first
    expect(first).to_be_focused()
    press("Enter")
    expect(page.locator("h1")).to_contain_text("#")
    number = page.locator("h1 .number").inner_text().lstrip("#")
    press("j")
    expect(page.locator("h1 .number")).to_have_text(f"#{int(number) - 1}")
    press("k")
    expect(page.locator("h1 .number")).to_have_text(f"#{number}")
    press("r")
    expect(page.get_by_role("status")).to_contain_text("Noted: it was understood")
    press("w")
    expect(page.locator("#said")).to_be_focused()
    page.keyboard.type("will it rain")
    press("Tab")
    page.keyboard.type("weather")
    note = page.get_by_role("button", name="Note it")
    for _ in range(20):
        press("Tab")
        if note.evaluate("button => button === document.activeElement"):
            break
    press("Enter")
    expect(page.get_by_role("status")).to_contain_text("misunderstood")
    press("u")
    expect(page).to_have_url(f"{own_review.url}/interactions")
    press("3")
    expect(page.locator("h1")).to_have_text("From review to better")
    press("4")
    expect(page.locator("h1")).to_have_text("What if")
    press("5")
    expect(page.locator("h1")).to_have_text("Privacy")
    press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    with Store.open(own_review.db, mode="read") as store:
        it = store.interaction(number)
        assert it
        right, wrong = verdicts_on(store, it.id)
    assert right.verdict == "right"
    assert wrong.said == "will it rain"
    assert wrong.intent == "weather"


FOCUSABLE = """
() => [...document.querySelectorAll(
    'a[href], button, input:not([type=hidden]), select, textarea, summary, audio[controls], [tabindex="0"]'
)].filter(each => each.checkVisibility() && !each.matches(':disabled') && !each.closest('dialog'))
"""


def tab_to(page: Page, matches: str, most: int = 200) -> None:
    """Press Tab until the focus is on what a selector matches."""
    page.wait_for_load_state()
    for _ in range(most):
        page.keyboard.press("Tab")
        if page.evaluate("selector => document.activeElement?.matches(selector) ?? false", matches):
            return
    raise AssertionError(f"Tab never comes to {matches}")


def test_everything_on_every_page_is_reached_by_tab(page: Page) -> None:
    page.goto("/")
    for key, heading in (
        ("1", "Seven days"),
        ("2", "Interactions"),
        ("3", "From review to better"),
        ("4", "What if"),
        ("5", "Privacy"),
    ):
        page.keyboard.press(key)
        expect(page.locator("h1")).to_have_text(heading)
        page.wait_for_load_state()
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.matches('.skip')")
        wanted = page.evaluate(
            f"window.wanted = ({FOCUSABLE})(); window.seen = new Set(); window.wanted.length"
        )
        for _ in range(3 * wanted):
            page.evaluate("window.seen.add(document.activeElement)")
            page.keyboard.press("Tab")
            if page.evaluate(
                "document.activeElement === document.body || document.activeElement.matches('.skip')"
            ):
                break
        missed = page.evaluate(
            "window.wanted.filter(each => !window.seen.has(each)).map(each => each.outerHTML)"
        )
        assert missed == [], heading
        page.evaluate("document.activeElement.blur()")


def test_forms_and_tables_are_used_by_keys_alone(page: Page, own_review: Served) -> None:
    page.goto("/what-if?time=all")
    tab_to(page, "[name='rebate.pizza']")
    page.keyboard.type("0.5")
    page.keyboard.press("Enter")
    expect(page.get_by_text("What if: home, changed")).to_be_visible()
    page.goto("/interactions/66")
    tab_to(page, "#wrong ~ * summary, .life ~ details summary")
    page.keyboard.press("Enter")
    tab_to(page, "[name=reason]")
    page.keyboard.type("by keys")
    tab_to(page, "button")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("refunded in the books")
    page.goto("/interactions/1")
    tab_to(page, "details:has(.bad) summary")
    page.keyboard.press("Enter")
    tab_to(page, "button.bad")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("Forgotten")
    page.wait_for_load_state()
    page.keyboard.press("6")
    expect(page).to_have_url(f"{own_review.url}/log")
    tab_to(page, "a[href='/log/verdicts']")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("verdicts")
    tab_to(page, "summary")
    page.keyboard.press("Enter")
    tab_to(page, "a[href='/']")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("Seven days")


def test_sound_plays_by_the_space_bar_and_is_shown(page: Page) -> None:
    page.goto("/interactions/70")
    expect(page.locator("#wave text")).to_have_text(["play", "some", "jazz"])
    page.keyboard.press("Space")
    until(page, "document.getElementById('audio').currentTime > 0.3")
    assert float(page.locator("#playhead").get_attribute("x1") or 0) > 0
    page.keyboard.press("Space")
    until(page, "document.getElementById('audio').paused")


def test_a_correction_by_the_form_is_noted(page: Page, own_review: Served) -> None:
    page.goto("/interactions/69")
    page.locator("#wrong summary").click()
    page.get_by_label("What was really said").fill("order two small pizzas")
    page.get_by_label("What it was about").select_option("pizza")
    shown = page.locator("fieldset:visible")
    expect(shown).to_have_count(1)
    shown.get_by_label("size").fill("small")
    page.get_by_role("button", name="Note it").click()
    expect(page.get_by_role("status")).to_contain_text("misunderstood")
    with Store.open(own_review.db, mode="read") as store:
        it = store.interaction("69")
        assert it
        noted = verdicts_on(store, it.id)[-1]
    assert (noted.said, noted.intent, noted.slots) == ("order two small pizzas", "pizza", {"size": "small"})


def test_what_is_said_now_appears_without_a_reload(page: Page, own_review: Served) -> None:
    page.goto("/interactions")
    page.evaluate("window.same = true")
    with Store.open(own_review.db) as store:
        it = say(store, 70, transcript="what time is it")
    expect(page.locator(f"[data-number='{it.number}']")).to_contain_text("what time is it", timeout=15_000)
    expect(page.locator(".row").first).to_contain_text("what time is it")
    assert page.evaluate("window.same") is True


def test_a_spoken_script_is_text_to_a_browser(page: Page) -> None:
    dialogs: list[str] = []

    def seen(dialog: Dialog) -> None:
        dialogs.append(dialog.message)
        dialog.dismiss()

    page.on("dialog", seen)
    for path in ("/interactions/69", "/interactions?q=owned", "/log/interactions/69"):
        page.goto(path)
        expect(page.get_by_text("alert('owned')").first).to_be_visible()
    assert dialogs == []
