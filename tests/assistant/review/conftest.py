"""One review for the tests that do not change its log, and one for each that does."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from tests.assistant.review.household import Served, served, write_household

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="session")
def household(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The log that is copied."""
    path = tmp_path_factory.mktemp("household") / "log.db"
    write_household(path)
    return path


def copied(household: Path, folder: Path) -> Path:
    shutil.copy(household, folder / "log.db")
    shutil.copytree(household.with_name("log-audio"), folder / "log-audio")
    return folder / "log.db"


@pytest.fixture(scope="module")
def review(household: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A review to look at."""
    with served(copied(household, tmp_path_factory.mktemp("review"))) as running:
        yield running


@pytest.fixture(scope="module")
def own_review(household: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A review to change; its tests touch different interactions."""
    with served(copied(household, tmp_path_factory.mktemp("changed"))) as running:
        yield running
