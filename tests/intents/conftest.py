"""The bundled language, loaded once."""

from __future__ import annotations

import pytest

from intents.catalogue import Catalogue, load_catalogue
from intents.match import Matcher


@pytest.fixture(scope="session")
def catalogue() -> Catalogue:
    return load_catalogue()


@pytest.fixture(scope="session")
def matcher(catalogue: Catalogue) -> Matcher:
    return Matcher(catalogue)


@pytest.fixture(scope="session")
def literal(catalogue: Catalogue) -> Matcher:
    """Understands by templates and likeness alone."""
    return Matcher(catalogue, model=None)
