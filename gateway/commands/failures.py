"""What went wrong, told in one line each, and the exit code: the one place where errors meet the command line."""

import os
import sys
from collections.abc import Callable

import click

from gateway.commands.conflict import ChangedMeanwhileError
from gateway.commands.output import printable
from gateway.domain.errors import GatewayError, InvalidError

DONE = 0
FAILED = 1
WRONG_USAGE = 2
WAITED_IN_VAIN = 3
INTERRUPTED = 130  # 128 + SIGINT, as shells have it


class WrongSettingsError(Exception):
    """Settings that can't be used; `fields` names each by its path."""

    def __init__(self, fields: dict[str, str]) -> None:
        """Name each wrong setting and what would be right."""
        super().__init__("; ".join(f"{path}: {text}" for path, text in fields.items()))
        self.fields = fields


class WrongUsageError(Exception):
    """Something that the command needs was not given; the message says how to give it."""


def guarded(command: Callable[[], int | None]) -> int:
    """Run a command and return its exit code; whatever goes wrong is told on standard error, without a traceback."""
    try:
        code = command() or DONE
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever read us has seen enough. Python flushes once more at exit: let that go nowhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)
        code = WRONG_USAGE
    except Exception as error:
        if sys.flags.dev_mode:
            raise
        code = _exit_code(error)
        for line in _lines(error):
            tell(line)
    except KeyboardInterrupt:
        code = INTERRUPTED
    return code


def tell(line: str) -> None:
    """Say one line on standard error; what would move the cursor is shown, not done: texts come from other people."""
    click.echo(f"gateway: {printable(line)}", err=True)


def _exit_code(error: Exception) -> int:
    match error:
        case click.exceptions.Exit():
            return error.exit_code
        case click.exceptions.Abort():
            return INTERRUPTED
        case click.UsageError() | WrongSettingsError() | WrongUsageError():
            return WRONG_USAGE
    return FAILED


def _lines(error: Exception) -> list[str]:
    """Return what is told of an error: one line, or one for each wrong field."""
    match error:
        case click.exceptions.Exit() | click.exceptions.Abort():
            lines = []
        case WrongSettingsError() | InvalidError():
            lines = [f"{path}: {text}" for path, text in error.fields.items()]
        case ChangedMeanwhileError():
            lines = [str(error), *error.differences]
        case click.UsageError():
            where = error.ctx.command_path if error.ctx else "gateway"
            lines = [f"{error.format_message()} (see: {where} --help)"]
        case click.ClickException():
            lines = [error.format_message()]
        case GatewayError() | WrongUsageError():
            lines = [str(error)]
        case OSError():
            lines = [": ".join(str(part) for part in (error.filename, error.strerror or error) if part)]
        case _:
            lines = [f"this is a bug: {error!r}; `python -X dev -m gateway ...` shows where"]
    return [" ".join(line.split()) for line in lines]
