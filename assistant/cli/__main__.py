"""The `pennyworth` command, also as `python -m assistant.cli`."""

import sys

from assistant.cli.exits import INTERRUPTED


def run() -> None:
    """Load the commands and run one. Loading takes a moment, and Ctrl-C within it ends quietly, too."""
    try:
        from assistant.cli.main import run as run_command

        run_command()
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)


if __name__ == "__main__":
    run()
