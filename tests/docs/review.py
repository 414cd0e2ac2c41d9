"""Photograph every page of the review, light, dark and at phone width, into docs/images/review: `make docs` runs it."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from html import unescape
from pathlib import Path
from typing import Final

from playwright.sync_api import sync_playwright

from assistant.resources import household_dir
from tests.assistant.review.browser import chromium
from tests.assistant.review.household import ROOT, served, token_of

FOLDER: Final = ROOT / "docs" / "images" / "review"
PAGES: Final = {
    "today": "/?time=all",
    "interactions": "/interactions",
    "interaction": "/interactions/2",
    "better": "/better?phrases=yes",
    "what-if": "/what-if?time=all&rebate.pizza=0.15&energy=0.60",
    "privacy": "/privacy",
}
"""Name to address."""
CORRECTED: Final = (
    (44, "spin me some folk music", {"slot.action": "play", "slot.genre": "folk"}),
    (45, "carry on with the music", {"slot.action": "resume"}),
)
"""What was said instead, in a story: number, words and slots."""
LOOKS: Final = {
    "light": {"color_scheme": "light", "viewport": {"width": 1180, "height": 900}},
    "dark": {"color_scheme": "dark", "viewport": {"width": 1180, "height": 900}},
    "phone": {"color_scheme": "light", "viewport": {"width": 390, "height": 844}},
}


def main() -> None:
    """Hear the bundled week with its sound kept, review a little of it, and photograph the pages."""
    with tempfile.TemporaryDirectory() as name:
        db = Path(name) / "pennyworth.db"
        hear_the_week(db)
        FOLDER.mkdir(parents=True, exist_ok=True)
        with served(db) as running:
            with running.client() as client:
                token = token_of(client.get("/interactions/1").text)
                for number in range(1, 13):
                    page = client.get(f"/interactions/{number}").text
                    said = unescape(page.split('name="said" value="')[1].split('"')[0])
                    form = {"csrftoken": token, "verdict": "right", "said": said}
                    client.post(f"/interactions/{number}/verdict", data=form)
                for number, said, slots in CORRECTED:
                    wrong = {"csrftoken": token, "verdict": "wrong", "said": said, "intent": "music"}
                    client.post(f"/interactions/{number}/verdict", data={**wrong, **slots})
            with sync_playwright() as playwright, playwright.chromium.launch(**chromium()) as browser:
                for look, options in LOOKS.items():
                    page_ = browser.new_context(**options).new_page()  # type: ignore[arg-type]
                    for page_name, path in PAGES.items():
                        page_.goto(running.url + path)
                        page_.wait_for_timeout(300)
                        page_.screenshot(path=FOLDER / f"{page_name}-{look}.png")


def hear_the_week(db: Path) -> None:
    """The bundled recordings, each day's in one conversation, with the configuration that keeps sound."""
    config = db.with_name("keep.toml")
    config.write_text('zone = "UTC"\n[privacy]\nkeep_audio = true\n[recognition]\nengine = "pocketsphinx"\n')
    lines = [json.loads(line) for line in (household_dir() / "cases.jsonl").read_text().splitlines()]
    files = [str(household_dir() / line["audio"]) for line in lines]
    command = [
        sys.executable,
        "-m",
        "assistant.cli",
        "--config",
        str(config),
        "--db",
        str(db),
        "hear",
        *files,
    ]
    subprocess.run(command, check=True, capture_output=True, cwd=ROOT)


if __name__ == "__main__":
    if shutil.which("chromium") is None:
        sys.exit("install chromium first: sudo apt install chromium")
    main()
