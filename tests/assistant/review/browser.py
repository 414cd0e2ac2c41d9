"""Debian's Chromium, driven by Playwright."""

from __future__ import annotations

import os
import shutil
from typing import Any


def missing() -> str:
    """Why there can be no browser here; empty: there can."""
    return "" if shutil.which("chromium") else "no chromium (sudo apt install chromium)"


def chromium() -> dict[str, Any]:
    """How to start it."""
    # In a container, and as root, there is no sandbox to be had; the pages are our own.
    sandbox = [] if os.geteuid() else ["--no-sandbox"]
    return {
        "executable_path": shutil.which("chromium"),
        "args": [
            *sandbox,
            "--disable-dev-shm-usage",
            "--autoplay-policy=no-user-gesture-required",
            "--mute-audio",
        ],
    }
