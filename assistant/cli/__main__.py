"""`python -m assistant.cli`."""

from assistant.cli.main import run

run()
