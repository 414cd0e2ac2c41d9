"""`pennyworth`: the commands, and what becomes of errors."""

from __future__ import annotations

import logging
import os
import sys
from importlib import import_module
from typing import Any, Final

import click

import assistant
from assistant.cli.exits import BAD_INPUT, DEVICE_FAILED, INTERRUPTED
from assistant.cli.options import Settings, global_options
from assistant.errors import PennyworthError
from assistant.interrupts import install
from hardware.errors import HardwareError
from intents.errors import IntentsError

_COMMANDS: Final = {
    "demo": "assistant.cli.demo",
    "listen": "assistant.cli.listen",
    "hear": "assistant.cli.hear",
    "say": "assistant.cli.say",
    "log": "assistant.cli.log",
    "pnl": "assistant.cli.pnl",
    "ledger": "assistant.cli.ledger",
    "attribution": "assistant.cli.attribution",
    "scenario": "assistant.cli.scenario",
    "fleet": "assistant.cli.fleet",
    "intents": "assistant.cli.intents",
    "audio-test": "assistant.cli.audio_test",
    "adapt": "assistant.cli.adapt",
    "pin": "assistant.cli.pin",
    "models": "assistant.cli.models",
    "review": "assistant.cli.review",
    "forget": "assistant.cli.forget",
    "takeout": "assistant.cli.takeout",
    "doctor": "assistant.cli.doctor",
    "service": "assistant.cli.service",
}


class _Commands(click.Group):
    """Imports a command only when it is called for: a recogniser is a heavy thing to load for `pnl`."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in _COMMANDS:
            return None
        command: click.Command = import_module(_COMMANDS[cmd_name]).command
        return command


@click.group(
    cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.version_option(assistant.__version__, "--version", prog_name="pennyworth")
@global_options
@click.pass_context
def command(ctx: click.Context, /) -> None:
    """A voice assistant that runs on your own machine and keeps the books.

    Try: pennyworth say "order a large pepperoni pizza" "yes"
    """
    ctx.ensure_object(Settings)


def run(arguments: list[str] | None = None) -> int:
    """Run the command line and exit: 0 well, 1 not so, 2 bad use or input, 3 a device or file failed."""
    install()
    try:
        result: Any = command.main(arguments, prog_name="pennyworth", standalone_mode=False)
        sys.exit(result if isinstance(result, int) else 0)
    except click.exceptions.Exit as leaving:
        sys.exit(leaving.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (KeyboardInterrupt, click.Abort):
        sys.exit(INTERRUPTED)
    except PennyworthError as error:
        _complain(error)
        sys.exit(error.exit_code)
    except HardwareError as error:
        _complain(error)
        sys.exit(DEVICE_FAILED)
    except IntentsError as error:
        _complain(error)
        sys.exit(BAD_INPUT)
    except BrokenPipeError:
        # The reader of our output has seen enough; say nothing, not even at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except OSError as error:
        _complain(error)
        sys.exit(DEVICE_FAILED)


def _complain(error: Exception) -> None:
    logging.getLogger(__name__).debug("ended by an error", exc_info=error)
    click.echo(f"pennyworth: {error}", err=True)
